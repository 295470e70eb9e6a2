-- The procedures, each called by a plain role with the rights that docs/operations.md names: USAGE, two tables, and
-- membership in the owner, who has no rights on our schema. What they make is the owner's; without the membership, or one
-- of the tables, each refuses and changes nothing. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE ROLE regress_strata_maint;
CREATE ROLE regress_strata_app;
CREATE ROLE regress_strata_stranger;
CREATE ROLE regress_strata_reader;
CREATE ROLE regress_strata_hushed NOINHERIT;
GRANT USAGE ON SCHEMA partman TO regress_strata_maint, regress_strata_stranger, regress_strata_hushed, regress_strata_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_config_sub
    TO regress_strata_maint, regress_strata_stranger, regress_strata_hushed;
GRANT SELECT ON partman.part_config, partman.part_config_sub TO regress_strata_reader;
GRANT regress_strata_app TO regress_strata_maint, regress_strata_hushed, regress_strata_reader;
CREATE SCHEMA p AUTHORIZATION regress_strata_app;
GRANT USAGE ON SCHEMA p TO PUBLIC;
-- made, filled, with a default that holds two partitions' rows
CREATE FUNCTION p.day(n int) RETURNS timestamptz LANGUAGE sql AS $$ SELECT (current_date + n)::timestamptz $$;
SET ROLE regress_strata_app;
CREATE TABLE p.t (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE p.i (id int NOT NULL, v int) PARTITION BY RANGE (id);
CREATE TABLE p.source (LIKE p.i);
CREATE TABLE p.t_out (LIKE p.t);
CREATE TABLE p.i_out (LIKE p.i);
SET ROLE regress_strata_maint;
SELECT t.is(partman.create_parent('p.t', 'at', '1 day', p_premake := 2, p_template_table := 'false', p_start_partition := p.day(-3)::text,
        p_constraint_cols := '{id}'), true, 'a set of times'),
    t.is(partman.create_parent('p.i', 'id', '10', p_premake := 1, p_template_table := 'false', p_start_partition := '0'), true, 'a set of numbers');
RESET ROLE;
INSERT INTO p.t SELECT d, p.day(d) + h * interval '1 hour' FROM unnest('{-3,-2,-1,0,5,6,7}'::int[]) d, generate_series(0, 18, 6) h;
INSERT INTO p.i SELECT i FROM unnest('{1,2,55,56,65,75}'::int[]) i;
INSERT INTO p.source SELECT i FROM unnest('{3,85,95,96}'::int[]) i;
UPDATE partman.part_config SET optimize_constraint = 2 WHERE parent_table = 'p.t';

-- All that a refused call could have changed (autovacuum looks after other schemas): relations with their owners, partitions, rows, settings, constraints.
CREATE FUNCTION p.all() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat_ws('|', (SELECT string_agg(concat_ws(' ', oid, relname, relowner, relfilenode, relchecks, relispartition, reltuples), ',' ORDER BY oid) FROM pg_class WHERE relnamespace = 'p'::regnamespace),
        (SELECT string_agg(tableoid || ':' || ctid || ' ' || id, ',' ORDER BY tableoid, ctid) FROM p.t), (SELECT string_agg(tableoid || ':' || ctid || ' ' || id, ',' ORDER BY tableoid, ctid) FROM p.i),
        (SELECT string_agg(id::text, ',' ORDER BY ctid) FROM p.source), (SELECT string_agg(c::text, ',' ORDER BY parent_table) FROM partman.part_config c),
        (SELECT string_agg(c::text, ',' ORDER BY parent_table) FROM partman.part_policy c)))
$$;
SELECT p.all() AS was \gset
-- Who does not inherit the owner's rights, who is no member, who may only read the configuration: an error, by SQLSTATE,
-- or a warning from those that go on.
\set VERBOSITY sqlstate
\set ECHO all
SET ROLE regress_strata_stranger;
CALL partman.partition_data_proc('p.i', p_wait := 0);
CALL partman.partition_data_proc('p.i', p_source_table := 'p.source', p_wait := 0);
CALL partman.partition_data_async('p.t', NULL, '6 hours');
CALL partman.undo_partition_proc('p.i', 'p.i_out', p_wait := 0);
CALL partman.reapply_constraints_proc('p.t', p_drop_constraints := true, p_apply_constraints := true);
CALL partman.run_analyze(p_parent_table := 'p.i');
SET ROLE regress_strata_hushed;
CALL partman.partition_data_proc('p.i', p_wait := 0);
CALL partman.partition_data_proc('p.i', p_source_table := 'p.source', p_wait := 0);
CALL partman.partition_data_async('p.t', NULL, '6 hours');
CALL partman.undo_partition_proc('p.i', 'p.i_out', p_wait := 0);
CALL partman.reapply_constraints_proc('p.t', p_drop_constraints := true, p_apply_constraints := true);
CALL partman.run_analyze(p_parent_table := 'p.i');
SET ROLE regress_strata_reader;
CALL partman.partition_data_async('p.t', NULL, '6 hours');
CALL partman.undo_partition_proc('p.i', 'p.i_out', p_wait := 0);
RESET ROLE;
\set ECHO none
\set VERBOSITY default
SELECT t.is(p.all(), :'was', 'nothing has changed');
-- what needs no right to write it works without
SET ROLE regress_strata_reader;
SET client_min_messages = error;
CALL partman.partition_data_proc('p.i', 1, p_wait := 0);
CALL partman.run_analyze(p_parent_table := 'p.i', p_quiet := true);
SELECT t.is(t.n('p.i_p50'), 2, 'moved by a reader of the configuration');
RESET ROLE;
-- a run tells of every set; the flag of the last run is what it changes
SET ROLE regress_strata_stranger;
SELECT t.throws('SELECT partman.run_maintenance(''p.i'')', '42501');
\set VERBOSITY sqlstate
\set ECHO all
CALL partman.run_maintenance_proc();
\set ECHO none
\set VERBOSITY default
RESET ROLE;
SELECT t.is((SELECT count(*) FROM partman.part_config WHERE maintenance_last_run IS NOT NULL), 0, 'none was maintained');

-- the maintainer
SET ROLE regress_strata_maint;
CALL partman.partition_data_proc('p.i', 1, p_wait := 0, p_order := 'DESC', p_quiet := true);
SELECT t.is(t.kids('p.i'), 'i_p0 i_p10 i_p20 i_p30 i_p40 i_p50 i_p70', 'one batch, from above');
CALL partman.partition_data_proc('p.i', p_wait := 0);
SELECT t.is(t.n('p.i_default') || ' ' || t.n('p.i_p60'), '0 1', 'and the rest');
CALL partman.partition_data_proc('p.i', p_source_table := 'p.source', p_wait := 0);
SELECT t.is(t.n('p.source') || ' ' || t.n('p.i_p0') || ' ' || t.n('p.i_p80') || ' ' || t.n('p.i_p90'), '0 3 1 2', 'from a source');
CALL partman.partition_data_async('p.t', 3, '12 hours');
SELECT t.is(t.owner('p', 'partman_tmp_storage_t'), 'regress_strata_app', 'owner of the working table');
CALL partman.partition_data_async('p.t', p_interval := '12 hours');
SELECT t.is(t.n('p.t_default'), 0, 'all moved in small batches');
SELECT t.rows('p', 't' || t.day(p.day(d)), 4) FROM unnest('{5,6,7}'::int[]) d;
CALL partman.run_maintenance_proc();
SELECT t.is(t.kids('p.i'), 'i_p0 i_p10 i_p100 i_p20 i_p30 i_p40 i_p50 i_p60 i_p70 i_p80 i_p90', 'grown'), t.is(t.last('p.t'), 't' || t.day(p.day(9)), 'grown'),
    t.is((SELECT count(*) FROM partman.part_config WHERE maintenance_last_run IS NOT NULL), 2, 'all were maintained');
CALL partman.reapply_constraints_proc('p.t', p_drop_constraints := true, p_apply_constraints := true);
SELECT t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%' AND conrelid = ('p.t' || t.day(p.day(-3)))::regclass), 1, 'constraint');
CALL partman.reapply_constraints_proc('p.t', p_drop_constraints := true);
SELECT t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%'), 0, 'no constraint');
CALL partman.run_analyze(p_quiet := true);
CALL partman.run_analyze(p_skip_locked := true, p_quiet := true);
SELECT t.is((SELECT string_agg(reltuples::text, ' ' ORDER BY relname) FROM pg_class WHERE oid IN ('p.t'::regclass, 'p.i'::regclass)), '10 28', 'analyzed');
SELECT t.is((SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relnamespace = 'p'::regnamespace AND relkind IN ('r', 'p')), 'regress_strata_app', 'all the owner''s');
-- two of retention: one dropped at once, one detached before
UPDATE partman.part_config SET retention = '2 days', retention_keep_table = false, detach_before_drop = true WHERE parent_table = 'p.t';
CALL partman.run_maintenance_proc(p_wait := 0, p_analyze := true);
SELECT t.is(t.first('p.t'), 't' || t.day(p.day(-2)), 'retired'), t.hasnt('p', 't' || t.day(p.day(-3)));
CALL partman.undo_partition_proc('p.i', 'p.i_out', 2, p_wait := 0, p_keep_table := false, p_quiet := true);
SELECT t.is((SELECT undo_in_progress FROM partman.part_config WHERE parent_table = 'p.i'), true, 'half undone');
CALL partman.undo_partition_proc('p.i', 'p.i_out', p_wait := 0, p_keep_table := false);
CALL partman.undo_partition_proc('p.t', 'p.t_out', p_interval := '6 hours', p_wait := 0, p_keep_table := true);
SELECT t.is(t.n('p.i_out') || ' ' || t.n('p.t_out'), '10 24', 'undone'), t.is((SELECT count(*) FROM partman.part_config), 0, 'forgotten');
SELECT t.is((SELECT count(*) FROM pg_inherits), 0 + (SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relnamespace <> 'p'::regnamespace), 'no partition is left');
-- the kept ones are plain tables of the owner
SELECT t.ok(count(*) = 11 AND bool_and(relowner = 'regress_strata_app'::regrole AND NOT relispartition), 'kept: ' || count(*)) FROM pg_class WHERE relnamespace = 'p'::regnamespace AND relname LIKE 't\_%' AND relname <> 't_out';
SET client_min_messages = warning;
-- no session lock is left by any of them
SELECT t.is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), 0, 'no lock is left');
RESET ROLE;

DROP SCHEMA p CASCADE;
REVOKE ALL ON SCHEMA partman FROM regress_strata_maint, regress_strata_stranger, regress_strata_hushed, regress_strata_reader;
REVOKE ALL ON partman.part_config, partman.part_config_sub FROM regress_strata_maint, regress_strata_stranger, regress_strata_hushed, regress_strata_reader;
DROP ROLE regress_strata_maint, regress_strata_stranger, regress_strata_hushed, regress_strata_reader, regress_strata_app;
\i :srcdir/assert_done.psql
