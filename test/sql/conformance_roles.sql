-- A plain role with rights on part_config and part_config_sub and on nothing else of the extension does everything with
-- its own tables; owners change; and no role leaves a trace.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE ROLE conf_plain;
CREATE ROLE conf_owner;
CREATE ROLE conf_other;
CREATE SCHEMA r;
-- CREATE for templates
GRANT USAGE, CREATE ON SCHEMA partman TO conf_plain;
GRANT USAGE, CREATE ON SCHEMA r TO conf_plain;
GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_config_sub TO conf_plain;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partman TO conf_plain;
GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA partman TO conf_plain;
SELECT t.ok(NOT has_table_privilege('conf_plain', 'partman.' || n, 'SELECT'), n) FROM unnest('{part_policy,part_pending_drop}'::text[]) n;
SET LOCAL ROLE conf_plain;
CREATE TABLE r.k (id int, k timestamptz NOT NULL, v int) PARTITION BY RANGE (k);
CREATE TABLE r.i (id int NOT NULL, v int) PARTITION BY RANGE (id);
CREATE TABLE r.s (a int NOT NULL, k date NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE r.out (id int, v int);
SELECT t.ok(partman.create_partition('r.k', 'k', '1 day', p_template_table := 'false', p_start_partition := (now() - interval '9 days')::text), 'time'),
       t.ok(partman.create_parent('r.i', 'id', '10', p_template_table := 'false'), 'id'), t.ok(partman.create_parent('r.s', 'a', '10', p_template_table := 'false', p_premake := 1), 'above'),
       t.ok(partman.create_sub_partition('r.s', 'k', '1 month', p_declarative_check := 'yes', p_premake := 1), 'below');
SELECT t.is(t.owner('r', 'k' || t.day(now())), 'conf_plain', 'owner of a child'), t.is(t.owner('r', 'k_default'), 'conf_plain', 'owner of the default');
INSERT INTO r.k SELECT n, now() + n * interval '1 day' FROM unnest('{-10,-9,-8,-7,-6,-5,-4,-3,-2,-1,0,1,2,3,4,12}'::int[]) n;
INSERT INTO r.i SELECT generate_series(1, 25);
INSERT INTO r.i VALUES (95);
INSERT INTO r.s VALUES (3, now()), (3, now() - interval '1 year');
SELECT t.lives('SELECT partman.run_maintenance()', 'maintenance'), t.lives('SELECT partman.run_maintenance(''r.i'')', 'by name'), t.lives('SELECT partman.run_maintenance(''r.k'', true)', 'with analyze');
SELECT t.is(t.last('r.i'), 'i_p60', 'premade'), t.ok((SELECT bool_and(maintenance_last_run IS NOT NULL) FROM partman.part_config), 'all ran');
SELECT t.is((SELECT count(*) FROM partman.check_default()), 3::bigint, 'check_default');
SELECT t.is(partman.partition_data_id('r.i', 10), 1::bigint, 'data of ids'), t.is(partman.partition_data_time('r.k', 10), 2::bigint, 'data of times');
SELECT t.is(partman.partition_gap_fill('r.i'), 2, 'gaps'), t.ok(partman.create_partition_id('r.i', '{200}'), 'asked for');
SELECT t.ok((SELECT count(*) > 0 FROM partman.show_partitions('r.k', 'DESC', true)), 'show'), t.is((partman.show_partition_name('r.i', '5')).partition_table, 'i_p0', 'name'), t.is((partman.show_partition_info('r.i_p0')).child_end_id, 10::bigint, 'info'), t.lives('SELECT count(*) FROM partman.plan_maintenance()', 'plan'),
       t.lives('SELECT partman.dump_partitioned_table_definition(''r.k'')', 'dump');
UPDATE partman.part_config SET retention = '5 days', retention_keep_table = false, detach_before_drop = true, constraint_cols = '{v}', optimize_constraint = 1 WHERE parent_table = 'r.k';
SELECT t.lives('SELECT partman.run_maintenance(''r.k'')', 'retention with a detach'), t.is(t.first('r.k'), 'k' || t.day(now() - interval '5 days'), 'retired'), t.is(partman.drop_partition_time('r.k', '4 days', true), 1, 'on demand'), t.is(partman.drop_partition_id('r.i', 90), 0, 'ids');
SELECT t.lives('SELECT partman.apply_constraints(''r.k'')', 'constraints'), t.lives('SELECT partman.apply_privileges(''r'', ''k'', ''r'', ''k_default'')', 'privileges'), t.lives('SELECT partman.reapply_privileges(''r.k'')', 'privileges again');
SELECT t.is((SELECT concat_ws(' ', partitions_undone, rows_undone) FROM partman.undo_partition('r.i', 'r.out', 100, p_keep_table := false)), (SELECT concat_ws(' ', count(*), 26) FROM pg_inherits WHERE inhparent = 'r.i'::regclass), 'undo');
SELECT t.is((SELECT count(*) FROM partman.part_config WHERE parent_table = 'r.i'), 0::bigint, 'forgotten');
SELECT t.ok(partman.stop_sub_partition('r.s'), 'stop'), t.lives('SELECT partman.config_cleanup(''r.k'')', 'cleanup');
-- and may do nothing with tables of others
RESET ROLE;
CREATE TABLE r.foreign (id int NOT NULL) PARTITION BY RANGE (id);
SET LOCAL ROLE conf_plain;
SELECT t.throws('SELECT partman.create_parent(''r.foreign'', ''id'', ''10'', p_template_table := ''false'')', '42501', 'a table of another'), t.throws('SELECT * FROM partman.part_policy', '42501', 'the policy'), t.throws('DELETE FROM partman.part_pending_drop', '42501', 'the promises');
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type) VALUES ('r.foreign', 'id', '10', 'range');
SELECT t.throws('SELECT partman.run_maintenance(''r.foreign'')', '42501', 'nor by writing the configuration');
DELETE FROM partman.part_config WHERE parent_table = 'r.foreign';
RESET ROLE;
SELECT t.is((SELECT count(*) FROM partman.part_policy WHERE parent_table = 'r.foreign'), 0::bigint, 'no policy was written for it');

-- ownership and grants that change under a set (6.5): children follow when asked
CREATE TABLE r.o (id int NOT NULL) PARTITION BY RANGE (id);
GRANT SELECT, INSERT ON r.o TO conf_plain;
GRANT ALL ON r.o TO conf_other;
SELECT partman.create_parent('r.o', 'id', '10');
SELECT t.ok(NOT has_table_privilege('conf_plain', 'r.o_p0', 'SELECT'), 'no grants on children');
UPDATE partman.part_config SET inherit_privileges = true WHERE parent_table = 'r.o';
SELECT partman.reapply_privileges('r.o');
SELECT t.ok(has_table_privilege('conf_plain', 'r.' || n, 'SELECT') AND has_table_privilege('conf_plain', 'r.' || n, 'INSERT') AND NOT has_table_privilege('conf_plain', 'r.' || n, 'UPDATE') AND has_table_privilege('conf_other', 'r.' || n, 'TRUNCATE'), 'grants of ' || n) FROM unnest('{o_p0,o_p40,o_default}'::text[]) n;
INSERT INTO r.o SELECT generate_series(1, 15);
SELECT partman.run_maintenance();
SELECT t.ok(has_table_privilege('conf_plain', 'r.o_p50', 'INSERT'), 'of a new one');
REVOKE INSERT ON r.o FROM conf_plain;
REVOKE ALL ON r.o FROM conf_other;
GRANT SELECT ON r.o TO PUBLIC;
ALTER TABLE r.o OWNER TO conf_owner;
INSERT INTO r.o SELECT generate_series(16, 25);
SELECT t.lives('SELECT partman.run_maintenance(''r.o'')', 'after a change of owner');
SELECT t.is(t.last('r.o'), 'o_p60', 'grown'), t.is(t.owner('r', 'o_p60'), 'conf_owner', 'owner of the new one'), t.is(t.owner('r', 'o_p0'), current_user::text, 'the old one keeps its own'), t.ok(NOT has_table_privilege('conf_other', 'r.o_p60', 'INSERT'), 'grants of the new one'), t.ok(has_table_privilege('conf_other', 'r.o_p0', 'INSERT'), 'and of the old one');
SELECT partman.reapply_privileges('r.o');
SELECT t.is(t.owner('r', n), 'conf_owner', 'owner of ' || n), t.ok(NOT has_table_privilege('conf_plain', 'r.' || n, 'INSERT') AND has_table_privilege('conf_plain', 'r.' || n, 'SELECT'), 'grants of ' || n) FROM unnest('{o_p0,o_p50,o_default}'::text[]) n;
-- not only premade: retired, moved, undone while the children still belong to the former owner
CREATE TABLE r.p (id int NOT NULL, v int) PARTITION BY RANGE (id);
CREATE TABLE r.p_out (id int, v int);
SELECT partman.create_parent('r.p', 'id', '10');
INSERT INTO r.p SELECT generate_series(1, 33);
ALTER TABLE r.p OWNER TO conf_owner;
INSERT INTO r.p VALUES (95);
SELECT t.lives('SELECT partman.run_maintenance(''r.p'')', 'grow'), t.is(t.last('r.p'), 'p_p70', 'grown');
SELECT t.lives('SELECT partman.partition_data_id(''r.p'', 10)', 'drain'), t.rows('r', 'p_p90', 1);
UPDATE partman.part_config SET retention = '50', retention_keep_table = false WHERE parent_table = 'r.p';
SELECT t.lives('SELECT partman.run_maintenance(''r.p'')', 'retire'), t.is(t.first('r.p'), 'p_p40', 'retired');
SELECT t.lives('SELECT partman.undo_partition(''r.p'', ''r.p_out'', 100, p_keep_table := false)', 'undo'), t.rows('r', 'p_out', 1);
-- roles go without a trace
DROP OWNED BY conf_plain CASCADE;
DROP TABLE r.p_out, r.foreign;
DROP TABLE r.o, r.p CASCADE;
REVOKE ALL ON partman.part_config, partman.part_config_sub FROM conf_plain;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA partman FROM conf_plain;
REVOKE ALL ON ALL PROCEDURES IN SCHEMA partman FROM conf_plain;
REVOKE ALL ON SCHEMA partman, r FROM conf_plain;
SELECT t.is((SELECT string_agg(pg_describe_object(classid, objid, objsubid), ', ') FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND refobjid IN ('conf_other'::regrole, 'conf_owner'::regrole, 'conf_plain'::regrole)), NULL, 'what still refers to the roles');
SELECT t.lives('DROP ROLE ' || n, 'drop ' || n) FROM unnest('{conf_other,conf_owner,conf_plain}'::text[]) n;
ROLLBACK;
\set least 68
\i :srcdir/assert_done.psql
