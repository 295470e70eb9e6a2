-- partition_gap_fill, config_cleanup, stop_sub_partition, check_subpart_sameconfig, run_analyze (contract 8.3, 8.6, 8.7, 4.8).
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA u;
CREATE ROLE regress_u_owner;
SET TimeZone = 'UTC';
\pset format unaligned
CREATE FUNCTION u.children(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(partition_tablename, ' ' ORDER BY n)
    FROM partman.show_partitions(parent) WITH ORDINALITY AS p(partition_schemaname, partition_tablename, n)
$$;

-- gap fill: between the lowest and the highest only, and once
CREATE TABLE u.id (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('u.id', 'id', '10', p_premake := 1, p_start_partition := '40');
SELECT partman.create_partition_id('u.id', '{0,100,110}');
SELECT partman.partition_gap_fill('u.id');
SELECT u.children('u.id');
SELECT partman.partition_gap_fill(p_parent_table := 'u.id');
-- bounds off the grid: a narrower child closes the gap
DROP TABLE u.id_p20, u.id_p30;
CREATE TABLE u.odd PARTITION OF u.id FOR VALUES FROM (20) TO (27);
SELECT partman.partition_gap_fill('u.id');
SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname IN ('odd', 'id_p27', 'id_p30') ORDER BY 1;
-- rows in the default that belong in a gap: an error before anything is created
CREATE TABLE u.day (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('u.day', 'at', '1 day', p_premake := 1, p_start_partition := '2099-03-05');
SELECT partman.create_partition_time('u.day', '{2099-03-01}');
INSERT INTO u.day VALUES ('2099-03-03 12:00');
SELECT partman.partition_gap_fill('u.day');
\echo :LAST_ERROR_SQLSTATE
SELECT u.children('u.day');
DELETE FROM u.day;
SELECT partman.partition_gap_fill('u.day');
SELECT u.children('u.day');
SELECT partman.partition_gap_fill('u.none');
\echo :LAST_ERROR_SQLSTATE

-- run_analyze
SET client_min_messages = notice;
CALL partman.run_analyze();
SELECT relname, reltuples >= 0 AS analyzed FROM pg_class WHERE oid IN ('u.id'::regclass, 'u.day'::regclass) ORDER BY 1;
CALL partman.run_analyze(p_skip_locked := true, p_quiet := true, p_parent_table := 'u.day');
CALL partman.run_analyze(p_parent_table := 'u.none');
-- a set whose table is gone, or that one may not touch, costs a warning
CREATE TABLE u.gone (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('u.gone', 'id', '10');
DROP TABLE u.gone;
CALL partman.run_analyze(p_skip_locked := true);
CREATE ROLE regress_u;
GRANT USAGE ON SCHEMA partman TO regress_u;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_u;
ALTER TABLE u.id OWNER TO regress_u_owner;
SET ROLE regress_u;
CALL partman.run_analyze(p_parent_table := 'u.id');
SELECT partman.partition_gap_fill('u.id');
SELECT partman.config_cleanup('u.id');
SELECT partman.stop_sub_partition('u.id');
RESET ROLE;
BEGIN;
CALL partman.run_analyze();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
ALTER TABLE u.id OWNER TO CURRENT_USER;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';

-- config_cleanup: forgets, and leaves the tables
SELECT partman.config_cleanup('u.none');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_interval, sub_partition_type)
VALUES ('u.day', 'id', '10', 'range');
SELECT partman.config_cleanup('u.day', p_config_table := false, p_config_sub_table := false, p_template_table := false);
SELECT partman.config_cleanup('u.day', p_config_table := false);
SELECT partman.config_cleanup('u.day', p_config_sub_table := true);
SELECT parent_table, template_table FROM partman.part_config ORDER BY 1;
SELECT count(*) FROM pg_inherits WHERE inhparent = 'u.day'::regclass;
SELECT to_regclass('partman.template_u_day');
-- a template that another set uses stays; one whose set has no table any more goes; none is none
CREATE TABLE u.other (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('u.other', 'id', '10', p_template_table := 'partman.template_u_id');
SELECT partman.config_cleanup('u.id');
SELECT partman.config_cleanup('u.gone');
UPDATE partman.part_config SET template_table = NULL WHERE parent_table = 'u.other';
SELECT partman.config_cleanup('u.other');
SELECT to_regclass('partman.template_u_id'), to_regclass('partman.template_u_gone'), count(*) FROM partman.part_config;
-- a row that names a stranger's table makes nobody drop it
CREATE TABLE u.valuable (id int);
CREATE TABLE u.bait (id int NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE u.bait OWNER TO regress_u;
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, template_table)
VALUES ('u.bait', 'id', '10', 'range', 'u.valuable');
GRANT USAGE ON SCHEMA u TO regress_u;
SELECT partman.config_cleanup('u.bait');
SELECT to_regclass('u.valuable');
DELETE FROM partman.part_config;

-- stop_sub_partition: true whether or not there was anything
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type) VALUES ('u.day', 'at', '1 day', 'range');
INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_interval, sub_partition_type) VALUES ('u.day', 'id', '10', 'range');
SELECT partman.stop_sub_partition('u.day'), partman.stop_sub_partition('u.day', p_jobmon := false), partman.stop_sub_partition('u.none');
SELECT count(*) FROM partman.part_config_sub;

-- check_subpart_sameconfig: one row per different configuration among the children
SELECT * FROM partman.check_subpart_sameconfig('u.day');
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type)
VALUES ('u.day_p20990301', 'id', '10', 'range'), ('u.day_p20990302', 'id', '10', 'range'), ('u.day_p20990303', 'id', '10', 'range');
CREATE FUNCTION u.f(timestamptz) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_interval, sub_partition_type, sub_constraint_cols, sub_time_encoder, sub_maintenance_role)
VALUES ('u.day_p20990301', 'id', '1 day', 'range', '{a}', NULL, 'me'), ('u.day_p20990302', 'id', '1 day', 'range', '{a}', 'u.f', 'me');
SELECT count(*) FROM partman.check_subpart_sameconfig('u.day');
INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_interval, sub_partition_type, sub_premake, sub_maintenance_role)
VALUES ('u.day_p20990303', 'id', '10', 'range', 9, 'me');
\x
SELECT * FROM partman.check_subpart_sameconfig('u.day') ORDER BY sub_premake;
\x
SELECT count(*) FROM partman.check_subpart_sameconfig('u.id');

DROP TABLE u.id, u.day;
SET client_min_messages = warning;
DROP SCHEMA u CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP ROLE regress_u, regress_u_owner;
