-- dump_partitioned_table_definition: exact to the tab, and what it writes makes the same set again (contract 8.8).
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA d;
SET TimeZone = 'UTC';
\pset format unaligned
\pset tuples_only on

CREATE TABLE d.t (at timestamptz NOT NULL, v int, "w x" int) PARTITION BY RANGE (at);
SELECT partman.create_parent('d.t', 'at', '1 week', p_start_partition := '2099-01-05', p_constraint_cols := '{v,"w x"}', p_premake := 7,
    p_automatic_maintenance := 'off', p_jobmon := false, p_date_trunc_interval := 'week');
UPDATE partman.part_config SET maintenance_role = 'O''Brien', retention = '5 weeks', retention_schema = 'old', maintenance_order = 3,
    optimize_constraint = 11, retention_keep_index = false, retention_keep_table = false, infinite_time_partitions = true,
    inherit_privileges = true, constraint_valid = false, ignore_default_data = false, retention_keep_publication = true,
    detach_before_drop = true, sub_partition_set_full = true WHERE parent_table = 'd.t';
SELECT partman.dump_partitioned_table_definition('d.t');
-- tabs, and nothing at the ends of lines
SELECT count(*) FILTER (WHERE line ~ '^\t\w+ (:=|=) \S.*[^ ]$'), count(*) FILTER (WHERE line !~ '^\t'), count(*) FILTER (WHERE line ~ '\s$')
FROM regexp_split_to_table(partman.dump_partitioned_table_definition('d.t'), '\n') AS line;

-- without a template, without a default, nullable key, id set, every NULL
CREATE TABLE d.plain (id bigint) PARTITION BY RANGE (id);
SELECT partman.create_parent('d.plain', 'id', '10', p_template_table := 'false', p_default_table := false, p_control_not_null := false);
UPDATE partman.part_config SET maintenance_role = NULL, inherit_privileges = NULL, detach_before_drop = NULL WHERE parent_table = 'd.plain';
SELECT partman.dump_partitioned_table_definition(p_parent_table := 'd.plain', p_ignore_template_table := true);
SELECT (partman.dump_partitioned_table_definition('d.t', true) = replace(partman.dump_partitioned_table_definition('d.t'),
    'p_template_table := ''partman.template_d_t''', 'p_template_table := NULL'));

-- the same set again: its row is equal
CREATE TEMPORARY TABLE before AS SELECT * FROM partman.part_config WHERE parent_table = 'd.plain';
SELECT partman.dump_partitioned_table_definition('d.plain') AS script \gset
DROP TABLE d.plain;
SELECT partman.config_cleanup('d.plain');
CREATE TABLE d.plain (id bigint) PARTITION BY RANGE (id);
:script
UPDATE partman.part_config SET template_table = NULL WHERE parent_table = 'd.plain';  -- NULL makes one
SELECT count(*) FROM (SELECT * FROM before INTERSECT SELECT * FROM partman.part_config) AS same;
SELECT count(*) FROM partman.show_partitions('d.plain', p_include_default := true);

-- names that need quotes; who may look
SELECT partman.dump_partitioned_table_definition('d.none');
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE d."Up Per" (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('d.Up Per', 'id', '10');
SELECT split_part(partman.dump_partitioned_table_definition('d.Up Per'), E'\n', 2);
DROP TABLE d."Up Per";
SELECT partman.dump_partitioned_table_definition('d.Up Per');
CREATE ROLE regress_d;
GRANT USAGE ON SCHEMA partman TO regress_d;
GRANT SELECT ON ALL TABLES IN SCHEMA partman TO regress_d;
SET ROLE regress_d;
SELECT partman.dump_partitioned_table_definition('d.t');
RESET ROLE;
DROP SCHEMA d CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP ROLE regress_d;

-- a schema that needs quotes
CREATE SCHEMA "My Part";
CREATE EXTENSION pg_strata SCHEMA "My Part";
CREATE TABLE public.u (id int NOT NULL) PARTITION BY RANGE (id);
SELECT "My Part".create_parent('public.u', 'id', '10');
SELECT line FROM regexp_split_to_table("My Part".dump_partitioned_table_definition('public.u'), '\n') AS line WHERE line ~ 'SELECT|UPDATE|template';
DROP TABLE public.u CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA "My Part" CASCADE;
