-- What CREATE EXTENSION makes: in any schema, with the members, signatures and columns that callers of pg_partman 5.5
-- know. The lists below are the contract's, typed in: only what differs from them is printed.
SET client_min_messages = warning;
CREATE SCHEMA "My Part";
CREATE EXTENSION pg_strata SCHEMA "My Part";

SELECT e.extversion, n.nspname, e.extrelocatable FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_strata';
ALTER EXTENSION pg_strata SET SCHEMA public;

-- members by kind; everything is in the schema that was named
CREATE VIEW members AS
SELECT i.type, i.schema, i.name FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) i
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_strata')
  AND NOT EXISTS ( -- newer servers count the types that come with a relation or a type: rows and arrays
      SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
      WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typcategory = 'A' OR c.relkind <> 'c'));
SELECT type, count(*) FROM members GROUP BY type ORDER BY type;
SELECT type, name FROM members WHERE type NOT IN ('function', 'procedure') ORDER BY type, name;
SELECT * FROM members WHERE schema <> '"My Part"';

-- functions and procedures: contract 3.1, with volatility and kind, and what only pg_strata has
SET search_path = "My Part";
CREATE TEMP TABLE expected (signature text, volatility "char", kind "char");
INSERT INTO expected VALUES
    ($$apply_cluster(p_parent_schema text, p_parent_tablename text, p_child_schema text, p_child_tablename text) -> void$$, 'v', 'f'),
    ($$apply_constraints(p_parent_table text, p_child_table text DEFAULT NULL::text, p_analyze boolean DEFAULT false, p_job_id bigint DEFAULT NULL::bigint) -> void$$, 'v', 'f'),
    ($$apply_privileges(p_parent_schema text, p_parent_tablename text, p_child_schema text, p_child_tablename text, p_job_id bigint DEFAULT NULL::bigint) -> void$$, 'v', 'f'),
    ($$assert_partitions(p_parent_table text DEFAULT NULL::text, p_min_severity text DEFAULT 'error'::text) -> void$$, 'v', 'f'),
    ($$autovacuum_off(p_parent_schema text, p_parent_tablename text, p_source_schema text DEFAULT NULL::text, p_source_tablename text DEFAULT NULL::text) -> boolean$$, 'v', 'f'),
    ($$autovacuum_reset(p_parent_schema text, p_parent_tablename text, p_source_schema text DEFAULT NULL::text, p_source_tablename text DEFAULT NULL::text) -> boolean$$, 'v', 'f'),
    ($$calculate_time_partition_info(p_time_interval interval, p_start_time timestamptz, p_date_trunc_interval text DEFAULT NULL::text, OUT base_timestamp timestamptz, OUT datetime_string text) -> record$$, 's', 'f'),
    ($$check_automatic_maintenance_value(p_automatic_maintenance text) -> boolean$$, 'i', 'f'),
    ($$check_control_type(p_parent_schema text, p_parent_tablename text, p_control text) -> TABLE(general_type text, exact_type text)$$, 's', 'f'),
    ($$check_default(p_exact_count boolean DEFAULT true, p_ignore_infinity boolean DEFAULT false) -> SETOF check_default_table$$, 's', 'f'),
    ($$check_epoch_type(p_type text) -> boolean$$, 'i', 'f'),
    ($$check_name_length(p_object_name text, p_suffix text DEFAULT NULL::text, p_table_partition boolean DEFAULT false) -> text$$, 'i', 'f'),
    ($$check_partition_type(p_type text) -> boolean$$, 'i', 'f'),
    ($$check_partitions(p_parent_table text DEFAULT NULL::text) -> TABLE(parent_table text, severity text, code text, partition_table text, detail text, fix text)$$, 'v', 'f'),
    ($$check_subpart_sameconfig(p_parent_table text) -> TABLE(sub_control text, sub_partition_interval text, sub_partition_type text, sub_premake integer, sub_automatic_maintenance text, sub_template_table text, sub_retention text, sub_retention_schema text, sub_retention_keep_index boolean, sub_retention_keep_table boolean, sub_epoch text, sub_constraint_cols text[], sub_optimize_constraint integer, sub_infinite_time_partitions boolean, sub_jobmon boolean, sub_inherit_privileges boolean, sub_constraint_valid boolean, sub_date_trunc_interval text, sub_ignore_default_data boolean, sub_default_table boolean, sub_maintenance_order integer, sub_retention_keep_publication boolean, sub_control_not_null boolean, sub_detach_before_drop boolean, sub_maintenance_role text)$$, 's', 'f'),
    ($$check_subpartition_limits(p_parent_table text, p_type text, OUT sub_min text, OUT sub_max text) -> record$$, 'v', 'f'),
    ($$config_cleanup(p_parent_table text, p_config_table boolean DEFAULT true, p_config_sub_table boolean DEFAULT true, p_template_table boolean DEFAULT true) -> void$$, 'v', 'f'),
    ($$create_monthly_partitions(p_table text, p_months integer) -> integer$$, 'v', 'f'),
    ($$create_parent(p_parent_table text, p_control text, p_interval text, p_type text DEFAULT 'range'::text, p_epoch text DEFAULT 'none'::text, p_premake integer DEFAULT 4, p_start_partition text DEFAULT NULL::text, p_default_table boolean DEFAULT true, p_automatic_maintenance text DEFAULT 'on'::text, p_constraint_cols text[] DEFAULT NULL::text[], p_template_table text DEFAULT NULL::text, p_jobmon boolean DEFAULT true, p_date_trunc_interval text DEFAULT NULL::text, p_control_not_null boolean DEFAULT true, p_time_encoder text DEFAULT NULL::text, p_time_decoder text DEFAULT NULL::text, p_offset_id bigint DEFAULT 0) -> boolean$$, 'v', 'f'),
    ($$create_partition(p_parent_table text, p_control text, p_interval text, p_type text DEFAULT 'range'::text, p_epoch text DEFAULT 'none'::text, p_premake integer DEFAULT 4, p_start_partition text DEFAULT NULL::text, p_default_table boolean DEFAULT true, p_automatic_maintenance text DEFAULT 'on'::text, p_constraint_cols text[] DEFAULT NULL::text[], p_template_table text DEFAULT NULL::text, p_jobmon boolean DEFAULT true, p_date_trunc_interval text DEFAULT NULL::text, p_control_not_null boolean DEFAULT true, p_time_encoder text DEFAULT NULL::text, p_time_decoder text DEFAULT NULL::text, p_offset_id bigint DEFAULT 0) -> boolean$$, 'v', 'f'),
    ($$create_partition_id(p_parent_table text, p_partition_ids bigint[], p_start_partition text DEFAULT NULL::text) -> boolean$$, 'v', 'f'),
    ($$create_partition_time(p_parent_table text, p_partition_times timestamptz[], p_start_partition text DEFAULT NULL::text) -> boolean$$, 'v', 'f'),
    ($$create_sub_parent(p_top_parent text, p_control text, p_interval text, p_type text DEFAULT 'range'::text, p_default_table boolean DEFAULT true, p_declarative_check text DEFAULT NULL::text, p_constraint_cols text[] DEFAULT NULL::text[], p_premake integer DEFAULT 4, p_start_partition text DEFAULT NULL::text, p_epoch text DEFAULT 'none'::text, p_jobmon boolean DEFAULT true, p_date_trunc_interval text DEFAULT NULL::text, p_control_not_null boolean DEFAULT true, p_time_encoder text DEFAULT NULL::text, p_time_decoder text DEFAULT NULL::text) -> boolean$$, 'v', 'f'),
    ($$create_sub_partition(p_top_parent text, p_control text, p_interval text, p_type text DEFAULT 'range'::text, p_default_table boolean DEFAULT true, p_declarative_check text DEFAULT NULL::text, p_constraint_cols text[] DEFAULT NULL::text[], p_premake integer DEFAULT 4, p_start_partition text DEFAULT NULL::text, p_epoch text DEFAULT 'none'::text, p_jobmon boolean DEFAULT true, p_date_trunc_interval text DEFAULT NULL::text, p_control_not_null boolean DEFAULT true, p_time_encoder text DEFAULT NULL::text, p_time_decoder text DEFAULT NULL::text) -> boolean$$, 'v', 'f'),
    ($$drop_constraints(p_parent_table text, p_child_table text, p_debug boolean DEFAULT false) -> void$$, 'v', 'f'),
    ($$drop_old_partitions(p_table text, p_months integer) -> integer$$, 'v', 'f'),
    ($$drop_partition_id(p_parent_table text, p_retention bigint DEFAULT NULL::bigint, p_keep_table boolean DEFAULT NULL::boolean, p_keep_index boolean DEFAULT NULL::boolean, p_retention_schema text DEFAULT NULL::text) -> integer$$, 'v', 'f'),
    ($$drop_partition_time(p_parent_table text, p_retention interval DEFAULT NULL::interval, p_keep_table boolean DEFAULT NULL::boolean, p_keep_index boolean DEFAULT NULL::boolean, p_retention_schema text DEFAULT NULL::text, p_reference_timestamp timestamptz DEFAULT CURRENT_TIMESTAMP) -> integer$$, 'v', 'f'),
    ($$dump_partitioned_table_definition(p_parent_table text, p_ignore_template_table boolean DEFAULT false) -> text$$, 's', 'f'),
    ($$inherit_parent_properties(p_parent_schema text, p_parent_tablename text, p_child_tablename text, p_child_schema text DEFAULT NULL::text) -> void$$, 'v', 'f'),
    ($$inherit_replica_identity(p_parent_schemaname text, p_parent_tablename text, p_child_tablename text) -> void$$, 'v', 'f'),
    ($$inherit_template_properties(p_parent_table text, p_child_schema text, p_child_tablename text) -> boolean$$, 'v', 'f'),
    ($$partition_data_async(p_parent_table text, p_loop_count integer DEFAULT NULL::integer, p_interval text DEFAULT NULL::text, p_lock_wait integer DEFAULT 0, p_lock_wait_tries integer DEFAULT 10, p_wait integer DEFAULT 1, p_order text DEFAULT 'ASC'::text, p_ignored_columns text[] DEFAULT NULL::text[], p_quiet boolean DEFAULT false)$$, 'v', 'p'),
    ($$partition_data_id(p_parent_table text, p_batch_count integer DEFAULT 1, p_batch_interval bigint DEFAULT NULL::bigint, p_lock_wait numeric DEFAULT 0, p_order text DEFAULT 'ASC'::text, p_analyze boolean DEFAULT true, p_source_table text DEFAULT NULL::text, p_ignored_columns text[] DEFAULT NULL::text[], p_override_system_value boolean DEFAULT false) -> bigint$$, 'v', 'f'),
    ($$partition_data_proc(p_parent_table text, p_loop_count integer DEFAULT NULL::integer, p_interval text DEFAULT NULL::text, p_lock_wait integer DEFAULT 0, p_lock_wait_tries integer DEFAULT 10, p_wait integer DEFAULT 1, p_order text DEFAULT 'ASC'::text, p_source_table text DEFAULT NULL::text, p_ignored_columns text[] DEFAULT NULL::text[], p_quiet boolean DEFAULT false, p_ignore_infinity boolean DEFAULT false)$$, 'v', 'p'),
    ($$partition_data_time(p_parent_table text, p_batch_count integer DEFAULT 1, p_batch_interval interval DEFAULT NULL::interval, p_lock_wait numeric DEFAULT 0, p_order text DEFAULT 'ASC'::text, p_analyze boolean DEFAULT true, p_source_table text DEFAULT NULL::text, p_ignored_columns text[] DEFAULT NULL::text[], p_override_system_value boolean DEFAULT false, p_ignore_infinity boolean DEFAULT false) -> bigint$$, 'v', 'f'),
    ($$partition_gap_fill(p_parent_table text) -> integer$$, 'v', 'f'),
    ($$partman_safe_obj_name(p_object_name text) -> text$$, 'v', 'f'),
    ($$reapply_constraints_proc(p_parent_table text, p_drop_constraints boolean DEFAULT false, p_apply_constraints boolean DEFAULT false, p_analyze boolean DEFAULT true, p_wait integer DEFAULT 0, p_dryrun boolean DEFAULT false)$$, 'v', 'p'),
    ($$reapply_privileges(p_parent_table text) -> void$$, 'v', 'f'),
    ($$run_all(p_parent_table text DEFAULT NULL::text)$$, 'v', 'p'),
    ($$run_analyze(p_skip_locked boolean DEFAULT false, p_quiet boolean DEFAULT false, p_parent_table text DEFAULT NULL::text)$$, 'v', 'p'),
    ($$run_cleanup(p_parent_table text DEFAULT NULL::text)$$, 'v', 'p'),
    ($$run_maintenance(p_parent_table text DEFAULT NULL::text, p_analyze boolean DEFAULT false, p_jobmon boolean DEFAULT true) -> void$$, 'v', 'f'),
    ($$run_maintenance_proc(p_wait integer DEFAULT 0, p_analyze boolean DEFAULT false, p_jobmon boolean DEFAULT true)$$, 'v', 'p'),
    ($$run_provisioning(p_parent_table text DEFAULT NULL::text)$$, 'v', 'p'),
    ($$schedule_maintenance(p_schedule text, p_job_name text DEFAULT 'partman-maintenance'::text) -> bigint$$, 'v', 'f'),
    ($$set_partition_interval(p_parent_table text, p_interval text) -> void$$, 'v', 'f'),
    ($$show_partition_info(p_child_table text, p_partition_interval text DEFAULT NULL::text, p_parent_table text DEFAULT NULL::text, p_table_exists boolean DEFAULT true, OUT child_start_time timestamptz, OUT child_end_time timestamptz, OUT child_start_id bigint, OUT child_end_id bigint, OUT suffix text) -> record$$, 's', 'f'),
    ($$show_partition_name(p_parent_table text, p_value text, OUT partition_schema text, OUT partition_table text, OUT suffix_timestamp timestamptz, OUT suffix_id bigint, OUT table_exists boolean) -> record$$, 's', 'f'),
    ($$show_partitions(p_parent_table text, p_order text DEFAULT 'ASC'::text, p_include_default boolean DEFAULT false) -> TABLE(partition_schemaname text, partition_tablename text)$$, 's', 'f'),
    ($$stop_sub_partition(p_parent_table text, p_jobmon boolean DEFAULT true) -> boolean$$, 'v', 'f'),
    ($$undo_partition(p_parent_table text, p_target_table text, p_loop_count integer DEFAULT 1, p_batch_interval text DEFAULT NULL::text, p_keep_table boolean DEFAULT true, p_lock_wait numeric DEFAULT 0, p_ignored_columns text[] DEFAULT NULL::text[], p_drop_cascade boolean DEFAULT false, OUT partitions_undone integer, OUT rows_undone bigint) -> record$$, 'v', 'f'),
    ($$undo_partition_proc(p_parent_table text, p_target_table text DEFAULT NULL::text, p_loop_count integer DEFAULT NULL::integer, p_interval text DEFAULT NULL::text, p_keep_table boolean DEFAULT true, p_lock_wait integer DEFAULT 0, p_lock_wait_tries integer DEFAULT 10, p_wait integer DEFAULT 1, p_ignored_columns text[] DEFAULT NULL::text[], p_drop_cascade boolean DEFAULT false, p_quiet boolean DEFAULT false)$$, 'v', 'p'),
    ($$unschedule_maintenance(p_job_name text DEFAULT 'partman-maintenance'::text) -> boolean$$, 'v', 'f'),
    ($$uuid7_time_decoder(uuidv7 text) -> timestamptz$$, 'v', 'f'),
    ($$uuid7_time_encoder(ts timestamptz) -> uuid$$, 'v', 'f');
CREATE TEMP VIEW actual AS
SELECT p.proname || '(' || regexp_replace(replace(pg_get_function_arguments(p.oid), 'timestamp with time zone', 'timestamptz'), '\mIN p_', 'p_', 'g') || ')'
       || coalesce(' -> ' || replace(pg_get_function_result(p.oid), 'timestamp with time zone', 'timestamptz'), '') AS signature,
       p.provolatile AS volatility, p.prokind AS kind, p.*
FROM pg_proc p WHERE p.pronamespace = '"My Part"'::regnamespace;
SELECT count(*) FILTER (WHERE kind = 'f') AS functions, count(*) FILTER (WHERE kind = 'p') AS procedures FROM expected;
\t on
\pset format unaligned
SELECT 'missing' AS what, * FROM (TABLE expected EXCEPT SELECT signature, volatility, kind FROM actual) AS d ORDER BY 2;
SELECT 'new' AS what, * FROM (SELECT signature, volatility, kind FROM actual EXCEPT TABLE expected) AS d ORDER BY 2;
SELECT signature FROM actual WHERE prosecdef OR proisstrict OR proparallel <> 'u' OR proacl IS NOT NULL ORDER BY 1;

-- configuration tables: contract 2.1 and 2.2
CREATE TEMP TABLE expected_columns (tab text, n int, name text, type text, nullable text, def text);
INSERT INTO expected_columns VALUES
    ('part_config', 1, 'parent_table', 'text', 'not null', NULL),
    ('part_config', 2, 'control', 'text', 'not null', NULL),
    ('part_config', 3, 'time_encoder', 'text', 'null', NULL),
    ('part_config', 4, 'time_decoder', 'text', 'null', NULL),
    ('part_config', 5, 'partition_interval', 'text', 'not null', NULL),
    ('part_config', 6, 'partition_type', 'text', 'not null', NULL),
    ('part_config', 7, 'premake', 'integer', 'not null', $$4$$),
    ('part_config', 8, 'automatic_maintenance', 'text', 'not null', $$'on'::text$$),
    ('part_config', 9, 'template_table', 'text', 'null', NULL),
    ('part_config', 10, 'retention', 'text', 'null', NULL),
    ('part_config', 11, 'retention_schema', 'text', 'null', NULL),
    ('part_config', 12, 'retention_keep_index', 'boolean', 'not null', $$true$$),
    ('part_config', 13, 'retention_keep_table', 'boolean', 'not null', $$true$$),
    ('part_config', 14, 'epoch', 'text', 'not null', $$'none'::text$$),
    ('part_config', 15, 'constraint_cols', 'text[]', 'null', NULL),
    ('part_config', 16, 'optimize_constraint', 'integer', 'not null', $$30$$),
    ('part_config', 17, 'infinite_time_partitions', 'boolean', 'not null', $$false$$),
    ('part_config', 18, 'datetime_string', 'text', 'null', NULL),
    ('part_config', 19, 'jobmon', 'boolean', 'not null', $$true$$),
    ('part_config', 20, 'sub_partition_set_full', 'boolean', 'not null', $$false$$),
    ('part_config', 21, 'undo_in_progress', 'boolean', 'not null', $$false$$),
    ('part_config', 22, 'inherit_privileges', 'boolean', 'null', $$false$$),
    ('part_config', 23, 'constraint_valid', 'boolean', 'not null', $$true$$),
    ('part_config', 24, 'ignore_default_data', 'boolean', 'not null', $$true$$),
    ('part_config', 25, 'date_trunc_interval', 'text', 'null', NULL),
    ('part_config', 26, 'maintenance_order', 'integer', 'null', NULL),
    ('part_config', 27, 'retention_keep_publication', 'boolean', 'not null', $$false$$),
    ('part_config', 28, 'maintenance_last_run', 'timestamptz', 'null', NULL),
    ('part_config', 29, 'detach_before_drop', 'boolean', 'null', $$false$$),
    ('part_config', 30, 'maintenance_role', 'text', 'null', $$CURRENT_USER$$),
    ('part_config', 31, 'async_partitioning_in_progress', 'text', 'null', NULL),
    ('part_config_sub', 1, 'sub_parent', 'text', 'not null', NULL),
    ('part_config_sub', 2, 'sub_control', 'text', 'not null', NULL),
    ('part_config_sub', 3, 'sub_time_encoder', 'text', 'null', NULL),
    ('part_config_sub', 4, 'sub_time_decoder', 'text', 'null', NULL),
    ('part_config_sub', 5, 'sub_partition_interval', 'text', 'not null', NULL),
    ('part_config_sub', 6, 'sub_partition_type', 'text', 'not null', NULL),
    ('part_config_sub', 7, 'sub_premake', 'integer', 'not null', $$4$$),
    ('part_config_sub', 8, 'sub_automatic_maintenance', 'text', 'not null', $$'on'::text$$),
    ('part_config_sub', 9, 'sub_template_table', 'text', 'null', NULL),
    ('part_config_sub', 10, 'sub_retention', 'text', 'null', NULL),
    ('part_config_sub', 11, 'sub_retention_schema', 'text', 'null', NULL),
    ('part_config_sub', 12, 'sub_retention_keep_index', 'boolean', 'not null', $$true$$),
    ('part_config_sub', 13, 'sub_retention_keep_table', 'boolean', 'not null', $$true$$),
    ('part_config_sub', 14, 'sub_epoch', 'text', 'not null', $$'none'::text$$),
    ('part_config_sub', 15, 'sub_constraint_cols', 'text[]', 'null', NULL),
    ('part_config_sub', 16, 'sub_optimize_constraint', 'integer', 'not null', $$30$$),
    ('part_config_sub', 17, 'sub_infinite_time_partitions', 'boolean', 'not null', $$false$$),
    ('part_config_sub', 18, 'sub_jobmon', 'boolean', 'not null', $$true$$),
    ('part_config_sub', 19, 'sub_inherit_privileges', 'boolean', 'null', $$false$$),
    ('part_config_sub', 20, 'sub_constraint_valid', 'boolean', 'not null', $$true$$),
    ('part_config_sub', 21, 'sub_ignore_default_data', 'boolean', 'not null', $$true$$),
    ('part_config_sub', 22, 'sub_default_table', 'boolean', 'null', $$true$$),
    ('part_config_sub', 23, 'sub_date_trunc_interval', 'text', 'null', NULL),
    ('part_config_sub', 24, 'sub_maintenance_order', 'integer', 'null', NULL),
    ('part_config_sub', 25, 'sub_retention_keep_publication', 'boolean', 'not null', $$false$$),
    ('part_config_sub', 26, 'sub_control_not_null', 'boolean', 'null', $$true$$),
    ('part_config_sub', 27, 'sub_detach_before_drop', 'boolean', 'null', $$false$$),
    ('part_config_sub', 28, 'sub_maintenance_role', 'text', 'null', $$CURRENT_USER$$);
CREATE TEMP VIEW actual_columns AS
SELECT c.relname::text, a.attnum::int, a.attname::text,
       replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz'),
       CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relname IN ('part_config', 'part_config_sub') AND c.relnamespace = '"My Part"'::regnamespace;
SELECT tab, count(*) FROM expected_columns GROUP BY tab ORDER BY tab;
SELECT 'missing' AS what, * FROM (TABLE expected_columns EXCEPT TABLE actual_columns) AS d ORDER BY 2, 3;
SELECT 'new' AS what, * FROM (TABLE actual_columns EXCEPT TABLE expected_columns) AS d ORDER BY 2, 3;
\t off
\pset format aligned
RESET search_path;

-- constraints and indexes by name, as callers catch them; since 18, NOT NULLs are constraints, too
SELECT conrelid::regclass AS tab, conname, contype, condeferrable, condeferred, confupdtype, confdeltype
FROM pg_constraint WHERE conrelid IN ('"My Part".part_config'::regclass, '"My Part".part_config_sub'::regclass) AND contype <> 'n'
ORDER BY 1, 2;
SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_class c
WHERE c.relnamespace = '"My Part"'::regnamespace AND c.relkind = 'i' AND c.relname LIKE 'part\_config%' ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '"My Part".table_privs'::regclass AND attnum > 0 ORDER BY attnum;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '"My Part".check_default_table'::regclass AND attnum > 0 ORDER BY attnum;
-- every configuration table is dumped with all its rows
SELECT c.relname, x.condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS x(tab, condition)
JOIN pg_class c ON c.oid = x.tab WHERE e.extname = 'pg_strata' ORDER BY 1;

-- used from that schema: no search_path, as one migration's transaction does it; DROP EXTENSION leaves the tables
DROP VIEW members;
DROP EXTENSION pg_strata;
SELECT count(*) FROM pg_class WHERE relnamespace = '"My Part"'::regnamespace;
BEGIN;
CREATE EXTENSION IF NOT EXISTS pg_strata WITH SCHEMA "My Part";
CREATE SCHEMA s;
CREATE TABLE s.t (id int NOT NULL, v text) PARTITION BY RANGE (id);
SELECT "My Part".create_parent(p_parent_table => 's.t', p_control => 'id', p_interval => '10');
UPDATE "My Part".part_config SET premake = 5 WHERE parent_table = 's.t';
SELECT "My Part".run_maintenance('s.t');
COMMIT;
SELECT parent_table, control, partition_interval, premake, template_table FROM "My Part".part_config;
SELECT count(*) FROM "My Part".show_partitions('s.t', p_include_default := true);
DROP EXTENSION pg_strata;
SELECT count(*) FROM pg_inherits WHERE inhparent = 's.t'::regclass;
DROP SCHEMA s CASCADE;
DROP SCHEMA "My Part" CASCADE;

-- into a schema of its own making is refused like any other missing schema; a second copy too
CREATE EXTENSION pg_strata SCHEMA nowhere;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_strata SCHEMA public;
SELECT 'partman.part_config'::regclass;
DROP EXTENSION pg_strata;

-- a plain role that may create in the database installs it, uses it, passes it on and drops it
DO $$ BEGIN EXECUTE format('CREATE ROLE regress_strata_ext; GRANT CREATE ON DATABASE %I TO regress_strata_ext', current_database()); END $$;
CREATE ROLE regress_strata_friend;
SET ROLE regress_strata_ext;
CREATE SCHEMA ext;
CREATE EXTENSION pg_strata SCHEMA ext;
CREATE TABLE ext.t (at date NOT NULL) PARTITION BY RANGE (at);
SELECT ext.create_parent('ext.t', 'at', '1 mon');
UPDATE ext.part_config SET retention = '1 year', retention_keep_table = false;
CALL ext.run_maintenance_proc();
SELECT maintenance_last_run IS NOT NULL AS ran FROM ext.part_config;
GRANT SELECT ON ext.part_config TO regress_strata_friend;
DROP EXTENSION pg_strata;
DROP SCHEMA ext CASCADE;
RESET ROLE;
DROP OWNED BY regress_strata_ext, regress_strata_friend;
DROP ROLE regress_strata_ext, regress_strata_friend;
DROP SCHEMA partman;
