/*
 * Looking at sets. None of these changes anything or locks out anybody.
 */

CREATE FUNCTION @extschema@.show_partitions(
    p_parent_table text,
    p_order text DEFAULT 'ASC',
    p_include_default boolean DEFAULT false)
RETURNS TABLE (partition_schemaname text, partition_tablename text)
AS 'MODULE_PATHNAME', 'strata_show_partitions' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.show_partitions(text, text, boolean) IS
    'Lists the children of a set in the order of their bounds (ASC or DESC), on request with the default partition.';

CREATE FUNCTION @extschema@.show_partition_name(
    p_parent_table text,
    p_value text,
    OUT partition_schema text,
    OUT partition_table text,
    OUT suffix_timestamp timestamptz,
    OUT suffix_id bigint,
    OUT table_exists boolean)
RETURNS record AS 'MODULE_PATHNAME', 'strata_show_partition_name' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.show_partition_name(text, text) IS
    'Names the child a value belongs to, with its lower bound, and says whether it exists.';

CREATE FUNCTION @extschema@.show_partition_info(
    p_child_table text,
    p_partition_interval text DEFAULT NULL,
    p_parent_table text DEFAULT NULL,
    p_table_exists boolean DEFAULT true,
    OUT child_start_time timestamptz,
    OUT child_end_time timestamptz,
    OUT child_start_id bigint,
    OUT child_end_id bigint,
    OUT suffix text)
RETURNS record AS 'MODULE_PATHNAME', 'strata_show_partition_info' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.show_partition_info(text, text, text, boolean) IS
    'Gives the bounds of a child (start inclusive, end exclusive), as times or ids, and the suffix of its name.';

CREATE FUNCTION @extschema@.calculate_time_partition_info(
    p_time_interval interval,
    p_start_time timestamptz,
    p_date_trunc_interval text DEFAULT NULL,
    OUT base_timestamp timestamptz,
    OUT datetime_string text)
RETURNS record AS 'MODULE_PATHNAME', 'strata_calculate_time_partition_info' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.calculate_time_partition_info(interval, timestamptz, text) IS
    'Truncates a time to the grid of an interval, in the session''s time zone, and gives the to_char format of the child names.';

CREATE FUNCTION @extschema@.check_control_type(
    p_parent_schema text,
    p_parent_tablename text,
    p_control text)
RETURNS TABLE (general_type text, exact_type text)
AS 'MODULE_PATHNAME', 'strata_check_control_type' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.check_control_type(text, text, text) IS
    'Gives the class (time, id, text, uuid, or NULL for types that cannot be a control column) and the type of a column; no row when there is no such column.';

CREATE FUNCTION @extschema@.dump_partitioned_table_definition(
    p_parent_table text,
    p_ignore_template_table boolean DEFAULT false)
RETURNS text AS 'MODULE_PATHNAME', 'strata_dump_partitioned_table_definition' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.dump_partitioned_table_definition(text, boolean) IS
    'Writes the statements that would configure the set anew.';
