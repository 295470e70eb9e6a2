/*
 * Drift check: what differs from the configuration, the plan and the parent.
 */

CREATE FUNCTION @extschema@.check_partitions(p_parent_table text DEFAULT NULL)
RETURNS TABLE (
    parent_table text,
    severity text,
    code text,
    partition_table text,
    detail text,
    fix text)
AS 'MODULE_PATHNAME', 'strata_check_partitions' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.check_partitions(text) IS
    'What is wrong with one set or with all: a stable code each, and where one is known the SQL that clears it; no row for a healthy set. Reads catalogs and file sizes, and changes nothing.';

CREATE FUNCTION @extschema@.assert_partitions(
    p_parent_table text DEFAULT NULL,
    p_min_severity text DEFAULT 'error')
RETURNS void AS 'MODULE_PATHNAME', 'strata_assert_partitions' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.assert_partitions(text, text) IS
    'Raises an error (SQLSTATE 55000) with what check_partitions finds of this severity (info, warning, error) or a worse one: the exit code for cron and CI.';
