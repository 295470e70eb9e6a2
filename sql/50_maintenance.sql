/*
 * The regular run: premake, retire, and the plan of both.
 */

CREATE FUNCTION @extschema@.run_maintenance(
    p_parent_table text DEFAULT NULL,
    p_analyze boolean DEFAULT false,
    p_jobmon boolean DEFAULT true)
RETURNS void AS 'MODULE_PATHNAME', 'strata_run_maintenance' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.run_maintenance(text, boolean, boolean) IS
    'Creates due children and applies retention, for one set or for all with automatic_maintenance on; its locks last until the caller''s transaction ends.';

CREATE PROCEDURE @extschema@.run_maintenance_proc(
    p_wait integer DEFAULT 0,
    p_analyze boolean DEFAULT false,
    p_jobmon boolean DEFAULT true)
AS 'MODULE_PATHNAME', 'strata_run_maintenance_proc' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.run_maintenance_proc(integer, boolean, boolean) IS
    'Maintains all sets with automatic_maintenance on, committing after each action and pausing p_wait seconds between sets; not inside a transaction block.';

CREATE FUNCTION @extschema@.plan_maintenance(p_parent_table text DEFAULT NULL)
RETURNS TABLE (
    parent_table text,
    step integer,
    action text,
    partition_table text,
    lower_bound text,
    upper_bound text,
    lock_mode text,
    estimated_rows bigint,
    bytes bigint,
    reason text,
    statement text)
AS 'MODULE_PATHNAME', 'strata_plan_maintenance' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.plan_maintenance(text) IS
    'Shows what run_maintenance would do now, step by step with locks, rows, bytes and reason, and does none of it.';

CREATE FUNCTION @extschema@.drop_partition_time(
    p_parent_table text,
    p_retention interval DEFAULT NULL,
    p_keep_table boolean DEFAULT NULL,
    p_keep_index boolean DEFAULT NULL,
    p_retention_schema text DEFAULT NULL,
    p_reference_timestamp timestamptz DEFAULT CURRENT_TIMESTAMP)
RETURNS integer AS 'MODULE_PATHNAME', 'strata_drop_partition_time' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.drop_partition_time(text, interval, boolean, boolean, text, timestamptz) IS
    'Detaches or drops the children of a time set that end before p_reference_timestamp minus the retention, under ACCESS EXCLUSIVE on the parent; returns how many.';

CREATE FUNCTION @extschema@.drop_partition_id(
    p_parent_table text,
    p_retention bigint DEFAULT NULL,
    p_keep_table boolean DEFAULT NULL,
    p_keep_index boolean DEFAULT NULL,
    p_retention_schema text DEFAULT NULL)
RETURNS integer AS 'MODULE_PATHNAME', 'strata_drop_partition_id' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.drop_partition_id(text, bigint, boolean, boolean, text) IS
    'Detaches or drops the children of an id set that end before the highest id minus the retention, under ACCESS EXCLUSIVE on the parent; returns how many.';

CREATE PROCEDURE @extschema@.run_analyze(
    p_skip_locked boolean DEFAULT false,
    p_quiet boolean DEFAULT false,
    p_parent_table text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'strata_run_analyze' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.run_analyze(boolean, boolean, text) IS
    'Runs ANALYZE on the parent of every set, or of one, committing after each; not inside a transaction block.';
