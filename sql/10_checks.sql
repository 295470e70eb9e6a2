/*
 * Value checks of the two configuration tables. SQL-standard bodies are parsed
 * here, once: neither the search_path nor the order of a restore can change
 * what they mean. NULL gives NULL, which a CHECK accepts.
 */

CREATE FUNCTION @extschema@.check_automatic_maintenance_value(p_automatic_maintenance text)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN p_automatic_maintenance OPERATOR(pg_catalog.=) ANY (ARRAY['on', 'off']);

COMMENT ON FUNCTION @extschema@.check_automatic_maintenance_value(text) IS
    'True for the legal values of automatic_maintenance (on, off), false for any other, NULL for NULL.';

CREATE FUNCTION @extschema@.check_epoch_type(p_type text)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN p_type OPERATOR(pg_catalog.=) ANY (ARRAY['none', 'seconds', 'milliseconds', 'microseconds', 'nanoseconds']);

COMMENT ON FUNCTION @extschema@.check_epoch_type(text) IS
    'True for the legal values of epoch (none, seconds, milliseconds, microseconds, nanoseconds), false for any other, NULL for NULL.';

CREATE FUNCTION @extschema@.check_partition_type(p_type text)
RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN p_type OPERATOR(pg_catalog.=) ANY (ARRAY['range', 'list']);

COMMENT ON FUNCTION @extschema@.check_partition_type(text) IS
    'True for the legal values of partition_type (range, list), false for any other, NULL for NULL.';

CREATE FUNCTION @extschema@.part_config_check()
RETURNS trigger AS 'MODULE_PATHNAME', 'strata_part_config_check' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.part_config_check() IS
    'Trigger function of part_config and part_config_sub: refuses rows whose columns contradict each other, looking at the row alone.';

