/*
 * The default partition: what is in it, and moving it out.
 */

CREATE FUNCTION @extschema@.check_default(
    p_exact_count boolean DEFAULT true,
    p_ignore_infinity boolean DEFAULT false)
RETURNS SETOF @extschema@.check_default_table
AS 'MODULE_PATHNAME', 'strata_check_default' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.check_default(boolean, boolean) IS
    'Lists the default partitions that hold rows, with their count, or with 1 for any number when p_exact_count is false (cheaper).';

CREATE FUNCTION @extschema@.partition_data_time(
    p_parent_table text,
    p_batch_count integer DEFAULT 1,
    p_batch_interval interval DEFAULT NULL,
    p_lock_wait numeric DEFAULT 0,
    p_order text DEFAULT 'ASC',
    p_analyze boolean DEFAULT true,
    p_source_table text DEFAULT NULL,
    p_ignored_columns text[] DEFAULT NULL,
    p_override_system_value boolean DEFAULT false,
    p_ignore_infinity boolean DEFAULT false)
RETURNS bigint AS 'MODULE_PATHNAME', 'strata_partition_data_time' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.partition_data_time(text, integer, interval, numeric, text, boolean, text, text[], boolean, boolean) IS
    'Moves rows from the default partition, or a source table, into the children of a time set and returns how many; p_lock_wait is in seconds, and the switch holds ACCESS EXCLUSIVE on the parent.';

CREATE FUNCTION @extschema@.partition_data_id(
    p_parent_table text,
    p_batch_count integer DEFAULT 1,
    p_batch_interval bigint DEFAULT NULL,
    p_lock_wait numeric DEFAULT 0,
    p_order text DEFAULT 'ASC',
    p_analyze boolean DEFAULT true,
    p_source_table text DEFAULT NULL,
    p_ignored_columns text[] DEFAULT NULL,
    p_override_system_value boolean DEFAULT false)
RETURNS bigint AS 'MODULE_PATHNAME', 'strata_partition_data_id' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.partition_data_id(text, integer, bigint, numeric, text, boolean, text, text[], boolean) IS
    'Moves rows from the default partition, or a source table, into the children of an id set and returns how many; p_lock_wait is in seconds, and the switch holds ACCESS EXCLUSIVE on the parent.';

CREATE PROCEDURE @extschema@.partition_data_proc(
    p_parent_table text,
    p_loop_count integer DEFAULT NULL,
    p_interval text DEFAULT NULL,
    p_lock_wait integer DEFAULT 0,
    p_lock_wait_tries integer DEFAULT 10,
    p_wait integer DEFAULT 1,
    p_order text DEFAULT 'ASC',
    p_source_table text DEFAULT NULL,
    p_ignored_columns text[] DEFAULT NULL,
    p_quiet boolean DEFAULT false,
    p_ignore_infinity boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'strata_partition_data_proc' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.partition_data_proc(text, integer, text, integer, integer, integer, text, text, text[], boolean, boolean) IS
    'Moves rows into the children batch by batch, committing after each and pausing p_wait seconds; not inside a transaction block.';

CREATE PROCEDURE @extschema@.partition_data_async(
    p_parent_table text,
    p_loop_count integer DEFAULT NULL,
    p_interval text DEFAULT NULL,
    p_lock_wait integer DEFAULT 0,
    p_lock_wait_tries integer DEFAULT 10,
    p_wait integer DEFAULT 1,
    p_order text DEFAULT 'ASC',
    p_ignored_columns text[] DEFAULT NULL,
    p_quiet boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'strata_partition_data_async' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.partition_data_async(text, integer, text, integer, integer, integer, text, text[], boolean) IS
    'Empties the default partition of a time set in committed batches of p_interval, smaller than a child, through the working table partman_tmp_storage_<parent>; not inside a transaction block.';

CREATE FUNCTION @extschema@.capture_changes()
RETURNS trigger AS 'MODULE_PATHNAME', 'strata_capture_changes' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.capture_changes() IS
    'Trigger that notes the keys of changed rows while a procedure copies a table in the background; made and dropped by that procedure.';
