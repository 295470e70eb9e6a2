-- part_policy.retention_max_drop: how much one run retires. retention_grace: how long a detached partition waits for its
-- drop. Calls by hand know neither.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA l;

-- A daily set with children from 12 days ago to 2 days ahead and a row in each, of which retention drops what is older
-- than 6 days: -12 to -7.
CREATE PROCEDURE l.make(name text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (at timestamptz NOT NULL) PARTITION BY RANGE (at)', name);
    PERFORM partman.create_parent(name, 'at', '1 day', p_premake := 2, p_template_table := 'false', p_start_partition := (current_date - 12)::text);
    EXECUTE format('INSERT INTO %s SELECT current_date + d FROM generate_series(-12, 1) AS d', name);
    UPDATE partman.part_config SET premake = 1, retention = '6 days', retention_keep_table = false WHERE parent_table = name;
END $$;
-- Days of the oldest child, and of the tables that stand alone.
CREATE FUNCTION l.oldest(parent text) RETURNS int LANGUAGE sql AS $$
    SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD') - current_date)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent::regclass AND c.relname ~ '_p\d{8}$'
$$;
CREATE FUNCTION l.alone(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg((to_date(right(relname, 8), 'YYYYMMDD') - current_date)::text, ' ' ORDER BY relname) FROM pg_class
    WHERE relkind = 'r' AND NOT relispartition AND relname ~ ('^' || split_part(parent, '.', 2) || '_p\d{8}$')
$$;
CREATE FUNCTION l.plan(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(action || ' ' || to_date(right(partition_table, 8), 'YYYYMMDD') - current_date, ', ' ORDER BY step)
    FROM partman.plan_maintenance(parent)
$$;
CREATE FUNCTION l.findings(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT code, ' ' ORDER BY code) FROM partman.check_partitions(parent)
    WHERE code IN ('retention_overdue', 'drop_overdue', 'orphan_partition')
$$;
CREATE FUNCTION l.pending(parent text) RETURNS bigint LANGUAGE sql AS
    'SELECT count(*) FROM partman.part_pending_drop WHERE parent_table = parent';

-- what may be written there
CALL l.make('l.a');
SELECT t.throws('UPDATE partman.part_policy SET retention_max_drop = ' || x, '23514') FROM unnest('{0,-1}'::int[]) AS x;
SELECT t.throws('UPDATE partman.part_policy SET retention_grace = ' || x, y)
FROM (VALUES ('''-1 second''', '23514'), ('NULL', '23502')) AS v(x, y);
SELECT t.is((SELECT (retention_max_drop, retention_grace)::text FROM partman.part_policy WHERE parent_table = 'l.a'), '(,"@ 0")', 'no limit, no grace');
SELECT t.is((SELECT count(*) FROM partman.plan_maintenance('l.a')), 12::bigint, 'six to detach, six to drop');

-- the limit, in the function
UPDATE partman.part_policy SET retention_max_drop = 4 WHERE parent_table = 'l.a';
SELECT t.is(l.plan('l.a'), 'detach -12, drop -12, detach -11, drop -11, detach -10, drop -10, detach -9, drop -9', 'plan: the oldest four');
SET client_min_messages = notice;
SELECT partman.run_maintenance('l.a');
SET client_min_messages = warning;
SELECT t.is(l.oldest('l.a'), -8, 'run: the oldest four');
-- What it was not allowed to take is no finding, unless nothing ever runs.
SELECT t.is(l.findings('l.a'), NULL, 'left over by the limit');
UPDATE partman.part_config SET maintenance_last_run = now() - interval '300 days' WHERE parent_table = 'l.a';
SELECT t.is(l.findings('l.a'), 'retention_overdue', 'not run for long');
SELECT partman.run_maintenance('l.a');
SELECT t.is(l.oldest('l.a'), -6, 'the rest');
SELECT t.is(l.plan('l.a'), NULL, 'nothing is left');
SELECT t.is(l.alone('l.a'), NULL, 'all dropped');
SELECT partman.drop_partition_time('l.a', '2 days');
SELECT t.is(l.oldest('l.a'), -2, 'by hand: no limit');
-- in the procedures, in sets that keep tables, and by number
CALL l.make('l.b');
UPDATE partman.part_config SET retention_keep_table = true WHERE parent_table = 'l.b';
UPDATE partman.part_policy SET retention_max_drop = 1, retention_grace = '1 year' WHERE parent_table = 'l.b';
SELECT t.is(l.plan('l.b'), 'detach -12', 'a kept table has no grace');
SET client_min_messages = notice;
CALL partman.run_maintenance_proc();
CALL partman.run_cleanup('l.b');
CALL partman.run_provisioning('l.b');
SET client_min_messages = warning;
SELECT t.is(l.alone('l.b'), '-12 -11', 'one for each run that retires');
SELECT t.is(l.pending('l.b'), 0::bigint, 'nothing is promised');
DELETE FROM partman.part_config WHERE parent_table = 'l.b';
CREATE TABLE l.ids (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('l.ids', 'id', '10', p_premake := 1, p_template_table := 'false', p_start_partition := '0');
INSERT INTO l.ids VALUES (1);
CALL partman.run_maintenance_proc();
SELECT partman.create_partition_id('l.ids', '{20,30,40,50}');
INSERT INTO l.ids VALUES (55);
UPDATE partman.part_config SET retention = '10', retention_keep_table = false WHERE parent_table = 'l.ids';
UPDATE partman.part_policy SET retention_max_drop = 1, retention_grace = '1 day' WHERE parent_table = 'l.ids';
CALL partman.run_maintenance_proc();
SELECT t.is((SELECT string_agg(child_table, ' ') FROM partman.part_pending_drop WHERE parent_table = 'l.ids'), 'ids_p0', 'ids: one is detached and waits');
UPDATE partman.part_pending_drop SET detached_at = detached_at - interval '2 days' WHERE parent_table = 'l.ids';
CALL partman.run_maintenance_proc();
SELECT t.is((SELECT string_agg(child_table, ' ') FROM partman.part_pending_drop WHERE parent_table = 'l.ids'), 'ids_p10', 'ids: it is dropped, the next one waits');
SELECT t.is(to_regclass('l.ids_p0'), NULL, 'ids: dropped');

-- the grace, in the procedure: detached, then nothing until it has passed
CALL l.make('l.c');
UPDATE partman.part_policy SET retention_max_drop = 2, retention_grace = '3 days' WHERE parent_table = 'l.c';
SELECT t.is(l.plan('l.c'), 'detach -12, detach -11', 'plan: no drop yet');
CALL partman.run_maintenance_proc();
SELECT t.is(l.alone('l.c'), '-12 -11', 'detached, not dropped');
SELECT t.is(l.pending('l.c'), 2::bigint, 'promised');
UPDATE partman.part_policy SET retention_max_drop = NULL WHERE parent_table = 'l.c';
CALL partman.run_maintenance_proc();
SELECT t.is(l.alone('l.c'), '-12 -11 -10 -9 -8 -7', 'detached, not dropped');
SELECT t.is(l.plan('l.c'), NULL, 'plan: no drop yet');
SELECT t.is(l.findings('l.c'), NULL, 'waiting is no finding');
-- as if it were later: the set's last run, too, was before the end of the grace
UPDATE partman.part_pending_drop SET detached_at = now() - interval '3 days' + interval '1 minute' WHERE parent_table = 'l.c';
SELECT t.is(l.plan('l.c'), NULL, 'a minute before its end');
UPDATE partman.part_config SET maintenance_last_run = now() - interval '1 hour' WHERE parent_table = 'l.c';
UPDATE partman.part_pending_drop SET detached_at = now() - interval '3 days 1 minute'
WHERE parent_table = 'l.c' AND child_table <= 'c_p' || to_char(current_date - 9, 'YYYYMMDD');
SELECT t.is((SELECT count(*) FROM partman.plan_maintenance('l.c') WHERE action = 'drop'), 4::bigint, 'due');
SELECT t.is(l.findings('l.c'), NULL, 'due since the last run: the next one will do it');
UPDATE partman.part_pending_drop SET detached_at = detached_at - interval '2 days' WHERE parent_table = 'l.c' AND detached_at <= now() - interval '3 days';
SELECT t.is(l.findings('l.c'), 'drop_overdue', 'was due before the last run');
-- the limit counts those as well
UPDATE partman.part_policy SET retention_max_drop = 3 WHERE parent_table = 'l.c';
SELECT t.is((SELECT count(*) FROM partman.plan_maintenance('l.c')), 3::bigint, 'three of four');
CALL partman.run_cleanup('l.c');
SELECT t.is(l.pending('l.c'), 3::bigint, 'three of six are dropped');
CALL partman.run_maintenance_proc();
SELECT t.is(l.alone('l.c'), '-8 -7', 'and the fourth');
SELECT t.is(l.findings('l.c'), NULL, 'clear');
-- what earlier runs left and what this one retires are dropped within one limit; what is only detached has its own
CALL l.make('l.g');
UPDATE partman.part_policy SET retention_max_drop = 2, retention_grace = '3 days' WHERE parent_table = 'l.g';
CALL partman.run_maintenance_proc();
SELECT t.is(l.plan('l.g'), 'detach -10, detach -9', 'two wait, two more to detach');
UPDATE partman.part_policy SET retention_grace = '0' WHERE parent_table = 'l.g';
SELECT t.is(l.plan('l.g'), 'drop -12, drop -11', 'two are dropped, no more are retired');
UPDATE partman.part_policy SET retention_max_drop = 3 WHERE parent_table = 'l.g';
SELECT t.is(l.plan('l.g'), 'drop -12, drop -11, detach -10, drop -10', 'one more of three');
UPDATE partman.part_policy SET retention_max_drop = 1 WHERE parent_table = 'l.g';
SELECT t.is(l.plan('l.g'), 'drop -12', 'not even all that wait');
UPDATE partman.part_policy SET retention_max_drop = 3 WHERE parent_table = 'l.g';
CALL partman.run_maintenance_proc();
SELECT t.is(l.alone('l.g'), NULL, 'three are dropped');
SELECT t.is(l.oldest('l.g'), -9, 'one of them was retired');
DELETE FROM partman.part_config WHERE parent_table = 'l.g';
-- a grace that is taken away ends at once, one that is raised counts for what waits
UPDATE partman.part_policy SET retention_grace = '100 years' WHERE parent_table = 'l.c';
UPDATE partman.part_pending_drop SET detached_at = now() - interval '90 years' WHERE parent_table = 'l.c';
SELECT t.is(l.plan('l.c'), NULL, 'raised');
UPDATE partman.part_policy SET retention_grace = '0' WHERE parent_table = 'l.c';
SELECT t.is(l.plan('l.c'), 'drop -8, drop -7', 'taken away');
-- a retention that is raised keeps them, as ever
UPDATE partman.part_policy SET retention_grace = '1 day' WHERE parent_table = 'l.c';
UPDATE partman.part_config SET retention = '7 days' WHERE parent_table = 'l.c';
SET client_min_messages = error; -- a notice names days
CALL partman.run_maintenance_proc();
SET client_min_messages = warning;
SELECT t.is(l.pending('l.c'), 0::bigint, 'no promise under another retention');
SELECT t.is(l.alone('l.c'), '-8 -7', 'they stay');
SELECT t.is(l.plan('l.c'), NULL, 'for good');

-- in the function: what it would drop in one step is detached, too
CALL l.make('l.d');
UPDATE partman.part_policy SET retention_grace = '1 mon' WHERE parent_table = 'l.d';
SELECT partman.run_maintenance('l.d');
SELECT t.is(l.alone('l.d'), '-12 -11 -10 -9 -8 -7', 'function: detached');
SELECT t.is(l.pending('l.d'), 6::bigint, 'function: promised');
SELECT partman.run_maintenance('l.d');
SELECT t.is(l.pending('l.d'), 6::bigint, 'function: not yet');
UPDATE partman.part_pending_drop SET detached_at = now() - interval '1 mon' WHERE parent_table = 'l.d';
SELECT partman.run_maintenance('l.d');
SELECT t.is(l.alone('l.d'), NULL, 'function: dropped');
-- by hand, without grace, however the partitions go
SELECT partman.drop_partition_time('l.d', '4 days');
SELECT t.is(l.oldest('l.d'), -4, 'by hand');
UPDATE partman.part_config SET detach_before_drop = true WHERE parent_table = 'l.d';
SELECT partman.drop_partition_time('l.d', '3 days');
SELECT t.is(l.oldest('l.d'), -3, 'by hand, detached before');
SELECT t.is(l.alone('l.d'), NULL, 'by hand: dropped');
SELECT t.is(l.pending('l.d'), 0::bigint, 'by hand: nothing is promised');
-- however the session writes intervals; a set restored without a row has neither
CALL l.make('l.e');
UPDATE partman.part_policy SET retention_grace = '1 day 02:00' WHERE parent_table = 'l.e';
SET IntervalStyle = sql_standard;
SELECT partman.run_maintenance('l.e');
SELECT t.is(l.pending('l.e'), 6::bigint, 'sql_standard: promised');
UPDATE partman.part_pending_drop SET detached_at = now() - interval '1 day 02:00' WHERE parent_table = 'l.e';
SET IntervalStyle = iso_8601;
CALL partman.run_cleanup('l.e');
SELECT t.is(l.alone('l.e'), NULL, 'iso_8601: dropped');
RESET IntervalStyle;
CALL l.make('l.f');
DELETE FROM partman.part_policy WHERE parent_table = 'l.f';
SELECT partman.run_maintenance('l.f');
SELECT t.is(l.oldest('l.f'), -6, 'no row, no limit');
SELECT t.is(l.alone('l.f'), NULL, 'no row, no grace');
\i :srcdir/assert_done.psql
