/*
 * Members of the API that are not built yet. All share one symbol, which
 * raises feature_not_supported (0A000) with the name of the function called.
 */

CREATE FUNCTION @extschema@.create_sub_partition(
    p_top_parent text,
    p_control text,
    p_interval text,
    p_type text DEFAULT 'range',
    p_default_table boolean DEFAULT true,
    p_declarative_check text DEFAULT NULL,
    p_constraint_cols text[] DEFAULT NULL,
    p_premake integer DEFAULT 4,
    p_start_partition text DEFAULT NULL,
    p_epoch text DEFAULT 'none',
    p_jobmon boolean DEFAULT true,
    p_date_trunc_interval text DEFAULT NULL,
    p_control_not_null boolean DEFAULT true,
    p_time_encoder text DEFAULT NULL,
    p_time_decoder text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_sub_partition(text, text, text, text, boolean, text, text[], integer, text, text, boolean, text, boolean, text, text) IS
    'Not built yet (0A000): makes every present and future child of a set a partition set itself.';

CREATE FUNCTION @extschema@.create_sub_parent(
    p_top_parent text,
    p_control text,
    p_interval text,
    p_type text DEFAULT 'range',
    p_default_table boolean DEFAULT true,
    p_declarative_check text DEFAULT NULL,
    p_constraint_cols text[] DEFAULT NULL,
    p_premake integer DEFAULT 4,
    p_start_partition text DEFAULT NULL,
    p_epoch text DEFAULT 'none',
    p_jobmon boolean DEFAULT true,
    p_date_trunc_interval text DEFAULT NULL,
    p_control_not_null boolean DEFAULT true,
    p_time_encoder text DEFAULT NULL,
    p_time_decoder text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_sub_parent(text, text, text, text, boolean, text, text[], integer, text, text, boolean, text, boolean, text, text) IS
    'Not built yet (0A000): the same as create_sub_partition, under its older name.';

CREATE FUNCTION @extschema@.stop_sub_partition(
    p_parent_table text,
    p_jobmon boolean DEFAULT true)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.stop_sub_partition(text, boolean) IS
    'Not built yet (0A000): forgets the sub-configuration of a parent, so that future children stay plain.';

CREATE FUNCTION @extschema@.check_subpart_sameconfig(p_parent_table text)
RETURNS TABLE (
    sub_control text,
    sub_partition_interval text,
    sub_partition_type text,
    sub_premake integer,
    sub_automatic_maintenance text,
    sub_template_table text,
    sub_retention text,
    sub_retention_schema text,
    sub_retention_keep_index boolean,
    sub_retention_keep_table boolean,
    sub_epoch text,
    sub_constraint_cols text[],
    sub_optimize_constraint integer,
    sub_infinite_time_partitions boolean,
    sub_jobmon boolean,
    sub_inherit_privileges boolean,
    sub_constraint_valid boolean,
    sub_date_trunc_interval text,
    sub_ignore_default_data boolean,
    sub_default_table boolean,
    sub_maintenance_order integer,
    sub_retention_keep_publication boolean,
    sub_control_not_null boolean,
    sub_detach_before_drop boolean,
    sub_maintenance_role text)
AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.check_subpart_sameconfig(text) IS
    'Not built yet (0A000): lists the distinct sub-configurations among the children of a parent; more than one row is a contradiction.';

CREATE FUNCTION @extschema@.check_subpartition_limits(
    p_parent_table text,
    p_type text,
    OUT sub_min text,
    OUT sub_max text)
RETURNS record AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.check_subpartition_limits(text, text) IS
    'Not built yet (0A000): gives the bounds, as text, that a sub-set must stay within.';

CREATE FUNCTION @extschema@.partition_gap_fill(p_parent_table text)
RETURNS integer AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.partition_gap_fill(text) IS
    'Not built yet (0A000): creates the children missing between the lowest and the highest, and returns how many.';

CREATE FUNCTION @extschema@.dump_partitioned_table_definition(
    p_parent_table text,
    p_ignore_template_table boolean DEFAULT false)
RETURNS text AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C STABLE;

COMMENT ON FUNCTION @extschema@.dump_partitioned_table_definition(text, boolean) IS
    'Not built yet (0A000): writes the statements that would configure the set anew.';

CREATE FUNCTION @extschema@.config_cleanup(
    p_parent_table text,
    p_config_table boolean DEFAULT true,
    p_config_sub_table boolean DEFAULT true,
    p_template_table boolean DEFAULT true)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.config_cleanup(text, boolean, boolean, boolean) IS
    'Not built yet (0A000): forgets a set and drops its template table, leaving parent, children and data alone.';

CREATE FUNCTION @extschema@.undo_partition(
    p_parent_table text,
    p_target_table text,
    p_loop_count integer DEFAULT 1,
    p_batch_interval text DEFAULT NULL,
    p_keep_table boolean DEFAULT true,
    p_lock_wait numeric DEFAULT 0,
    p_ignored_columns text[] DEFAULT NULL,
    p_drop_cascade boolean DEFAULT false,
    OUT partitions_undone integer,
    OUT rows_undone bigint)
RETURNS record AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.undo_partition(text, text, integer, text, boolean, numeric, text[], boolean) IS
    'Not built yet (0A000): moves the rows of the children to a plain table and takes the set apart.';

CREATE PROCEDURE @extschema@.undo_partition_proc(
    p_parent_table text,
    p_target_table text DEFAULT NULL,
    p_loop_count integer DEFAULT NULL,
    p_interval text DEFAULT NULL,
    p_keep_table boolean DEFAULT true,
    p_lock_wait integer DEFAULT 0,
    p_lock_wait_tries integer DEFAULT 10,
    p_wait integer DEFAULT 1,
    p_ignored_columns text[] DEFAULT NULL,
    p_drop_cascade boolean DEFAULT false,
    p_quiet boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.undo_partition_proc(text, text, integer, text, boolean, integer, integer, integer, text[], boolean, boolean) IS
    'Not built yet (0A000): undoes a set batch by batch, committing after each.';

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
AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.partition_data_async(text, integer, text, integer, integer, integer, text, text[], boolean) IS
    'Not built yet (0A000): empties the default partition in batches smaller than a child, committing after each.';

CREATE FUNCTION @extschema@.apply_constraints(
    p_parent_table text,
    p_child_table text DEFAULT NULL,
    p_analyze boolean DEFAULT false,
    p_job_id bigint DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.apply_constraints(text, text, boolean, bigint) IS
    'Not built yet (0A000): adds min/max CHECK constraints on constraint_cols to an old child.';

CREATE FUNCTION @extschema@.drop_constraints(
    p_parent_table text,
    p_child_table text,
    p_debug boolean DEFAULT false)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.drop_constraints(text, text, boolean) IS
    'Not built yet (0A000): drops the constraints that apply_constraints added to a child.';

CREATE PROCEDURE @extschema@.reapply_constraints_proc(
    p_parent_table text,
    p_drop_constraints boolean DEFAULT false,
    p_apply_constraints boolean DEFAULT false,
    p_analyze boolean DEFAULT true,
    p_wait integer DEFAULT 0,
    p_dryrun boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.reapply_constraints_proc(text, boolean, boolean, boolean, integer, boolean) IS
    'Not built yet (0A000): drops and adds anew the extra constraints of all old children, committing after each.';

CREATE FUNCTION @extschema@.apply_privileges(
    p_parent_schema text,
    p_parent_tablename text,
    p_child_schema text,
    p_child_tablename text,
    p_job_id bigint DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.apply_privileges(text, text, text, text, bigint) IS
    'Not built yet (0A000): copies owner and grants of the parent to one child.';

CREATE FUNCTION @extschema@.reapply_privileges(p_parent_table text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.reapply_privileges(text) IS
    'Not built yet (0A000): copies owner and grants of the parent to all its children.';

CREATE FUNCTION @extschema@.inherit_parent_properties(
    p_parent_schema text,
    p_parent_tablename text,
    p_child_tablename text,
    p_child_schema text DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.inherit_parent_properties(text, text, text, text) IS
    'Not built yet (0A000): copies the properties a new child takes from its parent.';

CREATE FUNCTION @extschema@.inherit_template_properties(
    p_parent_table text,
    p_child_schema text,
    p_child_tablename text)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.inherit_template_properties(text, text, text) IS
    'Not built yet (0A000): copies the properties a new child takes from the template table of its set.';

CREATE FUNCTION @extschema@.inherit_replica_identity(
    p_parent_schemaname text,
    p_parent_tablename text,
    p_child_tablename text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.inherit_replica_identity(text, text, text) IS
    'Not built yet (0A000): gives a child the replica identity of its parent.';

CREATE FUNCTION @extschema@.apply_cluster(
    p_parent_schema text,
    p_parent_tablename text,
    p_child_schema text,
    p_child_tablename text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.apply_cluster(text, text, text, text) IS
    'Not built yet (0A000): copies the CLUSTER setting of one table to another.';

CREATE FUNCTION @extschema@.autovacuum_off(
    p_parent_schema text,
    p_parent_tablename text,
    p_source_schema text DEFAULT NULL,
    p_source_tablename text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.autovacuum_off(text, text, text, text) IS
    'Not built yet (0A000): turns autovacuum off for the tables of a set.';

CREATE FUNCTION @extschema@.autovacuum_reset(
    p_parent_schema text,
    p_parent_tablename text,
    p_source_schema text DEFAULT NULL,
    p_source_tablename text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.autovacuum_reset(text, text, text, text) IS
    'Not built yet (0A000): gives the tables of a set the server''s autovacuum setting back.';

CREATE PROCEDURE @extschema@.run_analyze(
    p_skip_locked boolean DEFAULT false,
    p_quiet boolean DEFAULT false,
    p_parent_table text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'strata_not_built' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.run_analyze(boolean, boolean, text) IS
    'Not built yet (0A000): analyzes one managed parent or all of them, committing after each.';

