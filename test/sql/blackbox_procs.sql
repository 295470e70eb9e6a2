-- The procedures, outside transactions: batches, limits, the working table of partition_data_async between calls, notices.
-- Assertions print only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA k;
CREATE TABLE k.today AS SELECT date_trunc('day', now()) AS midnight;
CREATE FUNCTION k.day(d int) RETURNS text LANGUAGE sql AS $$ SELECT to_char(midnight + d * interval '1 day', 'YYYYMMDD') FROM k.today $$;
CREATE FUNCTION k.hour(d int, h int) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT midnight + d * interval '1 day' + h * interval '1 hour' FROM k.today
$$;
CREATE FUNCTION k.rows(prefix text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(n::text, ' ' ORDER BY relname COLLATE "C"), '') FROM (SELECT relname, t.n(oid::regclass::text) AS n
        FROM pg_class WHERE relkind = 'r' AND relname ~ ('^' || prefix)) c WHERE n > 0
$$;

-- partition_data_proc: all of the default, in the notices of the batches
CREATE SEQUENCE k.ids;
CREATE TABLE k.d (id int NOT NULL DEFAULT nextval('k.ids'), at timestamptz NOT NULL, v text, g int GENERATED ALWAYS AS (length(v)) STORED)
    PARTITION BY RANGE (at);
SELECT t.is(partman.create_parent('k.d', 'at', '1 day', p_premake := 1), true, 'd');
INSERT INTO k.d (at, v) SELECT k.hour(d, h), 'v' FROM generate_series(10, 13) d, generate_series(0, 23) h;
SET client_min_messages = notice;
CALL partman.partition_data_proc('k.d', p_ignored_columns := '{g}', p_wait := 0, p_loop_count := 1);
SELECT t.is(t.n('k.d_p' || k.day(10)) || ' ' || t.n('k.d_default'), '24 72', 'one batch');
CALL partman.partition_data_proc('k.d', 2, '1 day', 0, 10, 0, 'DESC', NULL, '{g}', true);
SELECT t.is(t.n('k.d_p' || k.day(13)) || ' ' || t.n('k.d_p' || k.day(12)) || ' ' || t.n('k.d_default'), '24 24 24', 'two from the end, by position');
CALL partman.partition_data_proc('k.d', p_wait := 0, p_ignored_columns := '{g}');
SELECT t.is(t.n('k.d_default') || ' ' || (SELECT count(DISTINCT id) || ' ' || sum(g) FROM k.d), '0 96 96', 'all');
CALL partman.partition_data_proc('k.d', p_wait := 0);
SET client_min_messages = warning;
SELECT t.throws($$CALL partman.partition_data_proc('k.d')$$, '2D000');
-- the errors, as a client sees them
\set VERBOSITY sqlstate
CALL partman.partition_data_proc('k.nothing');
CALL partman.partition_data_proc('k.d', p_source_table := 'k.nothing');
CALL partman.partition_data_proc('k.d', p_order := 'desc', p_wait := 0, p_source_table := 'k.d_default');
CALL partman.partition_data_proc('k.d', p_interval := '1 hour');
CALL partman.partition_data_proc('k.d', p_interval := '2 days');
CALL partman.undo_partition_proc('k.nothing', 'k.d');
CALL partman.undo_partition_proc('k.d');
CALL partman.undo_partition_proc('k.d', 'k.nothing');
CALL partman.reapply_constraints_proc('k.nothing', true, true);
BEGIN;
CALL partman.partition_data_proc('k.d');
ROLLBACK;
BEGIN;
CALL partman.partition_data_async('k.d', p_interval := '1 hour');
ROLLBACK;
BEGIN;
CALL partman.undo_partition_proc('k.d', 'k.d2');
ROLLBACK;
BEGIN;
CALL partman.reapply_constraints_proc('k.d');
ROLLBACK;
BEGIN;
CALL partman.run_maintenance_proc();
ROLLBACK;
BEGIN;
CALL partman.run_analyze();
ROLLBACK;
\set VERBOSITY default
-- from a source, in batches of six hours, twice four of them
CREATE TABLE k.source AS SELECT k.hour(d, h) AS at, 's' AS v, 77 AS g FROM generate_series(20, 21) d, generate_series(0, 23) h;
SET client_min_messages = notice;
CALL partman.partition_data_proc(p_parent_table := 'k.d', p_interval := '6 hours', p_wait := 0, p_source_table := 'k.source', p_ignored_columns := '{g}',
    p_loop_count := 3);
CALL partman.partition_data_proc(p_parent_table := 'k.d', p_interval := '6 hours', p_wait := 0, p_source_table := 'k.source', p_ignored_columns := '{g}',
    p_order := 'DESC');
SET client_min_messages = warning;
SELECT t.is(t.n('k.source') || ' ' || t.n('k.d_p' || k.day(20)) || ' ' || t.n('k.d_p' || k.day(21)), '0 24 24', 'from a source');
SELECT t.is((SELECT sum(g) FROM k.d WHERE v = 's'), 48, 'generated anew');
-- undo_partition_proc: 4 days of 24 rows, 2 of 24, 3 + 2 empty partitions, the default
CREATE TABLE k.undone (id int, at timestamptz, v text);
SET client_min_messages = notice;
CALL partman.undo_partition_proc('k.d', 'k.undone', 1, p_wait := 0, p_keep_table := false);
CALL partman.undo_partition_proc('k.d', 'k.undone', 2, '12 hours', false, 0, 10, 0, NULL, false, true);
SET client_min_messages = warning;
SELECT t.is((SELECT count(*) FROM k.undone), 24 + 13 + 11, 'two batches of 12 hours: 13 and 11 rows');
SET client_min_messages = notice;
CALL partman.undo_partition_proc(p_parent_table := 'k.d', p_target_table := 'k.undone', p_interval := '18 hours', p_keep_table := false, p_wait := 0);
SET client_min_messages = warning;
SELECT t.is(t.kids('k.d') || (SELECT count(*) FROM k.undone) || (SELECT count(*) FROM partman.part_config), '1440', 'undone');
SELECT t.ok(NOT t.has('partman.template_k_d') AND NOT t.has('k.d_default'), 'template and default dropped');
DROP SCHEMA k CASCADE;

-- partition_data_async over each key that it knows
CREATE SCHEMA k;
CREATE TABLE k.today AS SELECT date_trunc('day', now()) AS midnight;
CREATE FUNCTION k.day(d int) RETURNS text LANGUAGE sql AS $$ SELECT to_char(midnight + d * interval '1 day', 'YYYYMMDD') FROM k.today $$;
CREATE FUNCTION k.hour(d int, h int) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT midnight + d * interval '1 day' + h * interval '1 hour' FROM k.today
$$;
CREATE FUNCTION k.state(name text) RETURNS text LANGUAGE sql AS $$
    SELECT 'default ' || t.n('k.' || name || '_default') || ', stored ' || CASE WHEN t.has('k.partman_tmp_storage_' || name) THEN
        t.n('k.partman_tmp_storage_' || name)::text ELSE 'none' END || ', there ' || CASE WHEN t.has('k.' || name || '_p' || k.day(10)) THEN
        t.n('k.' || name || '_p' || k.day(10))::text ELSE 'none' END || CASE WHEN c.async_partitioning_in_progress IS NULL THEN ''
        ELSE ', in progress' END FROM partman.part_config c WHERE parent_table = 'k.' || name
$$;
CREATE TABLE k.tz (id int, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE k.ts (id int, at timestamp NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE k.ep (id int, at bigint NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE k.ms (id int, at bigint NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE k.uu (id int, at uuid NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(partman.create_parent('k.tz', 'at', '1 day', p_premake := 1), true, 'tz');
SELECT t.is(partman.create_parent('k.ts', 'at', '1 day', p_premake := 1), true, 'ts');
SELECT t.is(partman.create_parent('k.ep', 'at', '1 day', p_premake := 1, p_epoch := 'seconds'), true, 'ep');
SELECT t.is(partman.create_parent('k.ms', 'at', '1 day', p_premake := 1, p_epoch := 'milliseconds'), true, 'ms');
SELECT t.is(partman.create_parent('k.uu', 'at', '1 day', p_premake := 1, p_time_encoder := 'partman.uuid7_time_encoder',
    p_time_decoder := 'partman.uuid7_time_decoder'), true, 'uu');
-- two days, one row an hour
INSERT INTO k.tz SELECT h, k.hour(10, h) FROM generate_series(0, 47) h;
INSERT INTO k.ts SELECT id, at FROM k.tz;
INSERT INTO k.ep SELECT id, extract(epoch FROM at) FROM k.tz;
INSERT INTO k.ms SELECT id, extract(epoch FROM at) * 1000 FROM k.tz;
INSERT INTO k.uu SELECT id, partman.uuid7_time_encoder(at) FROM k.tz;
-- for each: 3 batches out; the 4th; maintenance stays away; in again; the second day; nothing left
\set batch '''6 hours'''
CALL partman.partition_data_async('k.tz', 3, :batch); CALL partman.partition_data_async('k.ts', 3, :batch); CALL partman.partition_data_async('k.ep', 3, :batch);
CALL partman.partition_data_async('k.ms', 3, :batch); CALL partman.partition_data_async('k.uu', 3, :batch);
SELECT t.is(k.state(n), 'default 30, stored 18, there none, in progress', n || ' after 3') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
SELECT t.is((SELECT async_partitioning_in_progress::timestamptz FROM partman.part_config WHERE parent_table = 'k.tz'), k.hour(10, 0), 'lower bound');
SELECT t.is((SELECT count(*) FROM k.tz), 30, 'not seen through the parent');
SELECT t.is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM k.partman_tmp_storage_tz), (SELECT string_agg(s::text, ' ') FROM
    generate_series(0, 17) s), 'exactly the moved rows');
SELECT t.is((SELECT relkind::text || relpersistence::text FROM pg_class WHERE oid = 'k.partman_tmp_storage_tz'::regclass), 'rp', 'a real table');
SELECT t.ok(t.has('k.partman_tmp_storage_tz_pkey'), 'with its keys');
CALL partman.partition_data_async('k.tz', 1, :batch); CALL partman.partition_data_async('k.ts', 1, :batch); CALL partman.partition_data_async('k.ep', 1, :batch);
CALL partman.partition_data_async('k.ms', 1, :batch); CALL partman.partition_data_async('k.uu', 1, :batch);
SELECT t.is(k.state(n), 'default 24, stored 24, there none, in progress', n || ' after 4') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
SET client_min_messages = error;
SELECT partman.run_maintenance();
SET client_min_messages = warning;
SELECT t.is(k.state(n), 'default 24, stored 24, there none, in progress', n || ' left alone') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
CALL partman.partition_data_async('k.tz', 1, :batch); CALL partman.partition_data_async('k.ts', 1, :batch); CALL partman.partition_data_async('k.ep', 1, :batch);
CALL partman.partition_data_async('k.ms', 1, :batch); CALL partman.partition_data_async('k.uu', 1, :batch);
SELECT t.is(k.state(n), 'default 24, stored 18, there 6, in progress', n || ' after 5') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
CALL partman.partition_data_async('k.tz', 3, :batch); CALL partman.partition_data_async('k.ts', 3, :batch); CALL partman.partition_data_async('k.ep', 3, :batch);
CALL partman.partition_data_async('k.ms', 3, :batch); CALL partman.partition_data_async('k.uu', 3, :batch);
SELECT t.is(k.state(n), 'default 24, stored none, there 24', n || ' after 8') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
CALL partman.partition_data_async('k.tz', p_interval := :batch); CALL partman.partition_data_async('k.ts', p_interval := '5 hours');
CALL partman.partition_data_async('k.ep', p_interval := '23 hours'); CALL partman.partition_data_async('k.ms', p_interval := '1 hour', p_quiet := true);
CALL partman.partition_data_async(p_parent_table := 'k.uu', p_interval := '1 hour', p_order := 'ASC', p_wait := 0, p_lock_wait := 1, p_lock_wait_tries := 3);
SELECT t.is(k.state(n), 'default 0, stored none, there 24', n || ' at the end') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
SELECT t.is(t.n('k.' || n || '_p' || k.day(11)), 24, n || ' second day') FROM unnest('{tz,ts,ep,ms,uu}'::text[]) n;
SET client_min_messages = notice;
CALL partman.partition_data_async('k.tz', p_interval := :batch);
SET client_min_messages = warning;
SELECT partman.run_maintenance();
SELECT t.is(count(*), 5, 'maintained again') FROM partman.part_config WHERE maintenance_last_run > now() - interval '1 minute';
\set VERBOSITY sqlstate
CALL partman.partition_data_async('k.nothing', p_interval := '1 hour');
CALL partman.partition_data_async('k.tz', p_interval := '1 day');
CALL partman.partition_data_async('k.tz', p_interval := '2 days');
CALL partman.partition_data_async('k.tz', p_interval := '1 hour', p_order := 'DESC');
CALL partman.partition_data_async('k.tz');
CREATE TABLE k.i (id int NOT NULL) PARTITION BY RANGE (id);
SELECT t.is(partman.create_parent('k.i', 'id', '10'), true, 'i');
CALL partman.partition_data_async('k.i', p_interval := '1');
CREATE TABLE k.partman_tmp_storage_tz (LIKE k.tz);
CALL partman.partition_data_async('k.tz', p_interval := '1 hour');
DROP TABLE k.partman_tmp_storage_tz;
CREATE TABLE k.nd (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(partman.create_parent('k.nd', 'at', '1 day', p_default_table := false), true, 'nd');
CALL partman.partition_data_async('k.nd', p_interval := '1 hour');
\set VERBOSITY default
-- everything at once
CREATE TABLE k.da (id int, at date NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(partman.create_parent('k.da', 'at', '1 month', p_premake := 1), true, 'da');
INSERT INTO k.da SELECT h, now() + interval '300 days' + h * interval '1 day' FROM generate_series(0, 99) h;
CALL partman.partition_data_async('k.da', p_interval := '7 days');
SELECT t.is(t.n('k.da_default') || ' ' || (SELECT count(DISTINCT id) FROM k.da), '0 100', 'dates');
-- partition_data_proc over encoded keys and dates, and its rows stay in the working table never
INSERT INTO k.uu SELECT h, partman.uuid7_time_encoder(k.hour(50, h)) FROM generate_series(0, 71) h;
CALL partman.partition_data_proc('k.uu', p_wait := 0);
SELECT t.is(t.n('k.uu_default') || ' ' || t.n('k.uu_p' || k.day(52)), '0 24', 'encoded keys');

-- run_analyze
SET client_min_messages = notice;
CALL partman.run_analyze(p_parent_table := 'k.da');
CALL partman.run_analyze(p_quiet := true, p_skip_locked := true);
CALL partman.run_analyze(false, true);
SET client_min_messages = warning;
SELECT t.is((SELECT reltuples FROM pg_class WHERE oid = 'k.da'::regclass), 100, 'analyzed');

-- reapply_constraints_proc: from the oldest up to the one optimize_constraint places below the highest with rows
CREATE TABLE k.c (id int NOT NULL, a int, "B b" text) PARTITION BY RANGE (id);
SELECT t.is(partman.create_parent('k.c', 'id', '10', p_constraint_cols := '{a,"B b"}', p_premake := 8), true, 'c');
INSERT INTO k.c SELECT s, s * 2, 'x' || s FROM generate_series(0, 65) s;
UPDATE partman.part_config SET optimize_constraint = 4 WHERE parent_table = 'k.c';
CREATE FUNCTION k.constrained() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(DISTINCT conrelid::regclass::text, ' '), '') || ' ' || count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr\_%'
$$;
SET client_min_messages = notice;
CALL partman.reapply_constraints_proc('k.c', p_apply_constraints := true, p_dryrun := true);
CALL partman.reapply_constraints_proc('k.c', p_drop_constraints := true, p_apply_constraints := true, p_dryrun := true, p_analyze := false);
SET client_min_messages = warning;
SELECT t.is(k.constrained(), ' 0', 'dry run');
CALL partman.reapply_constraints_proc('k.c', p_apply_constraints := true);
SELECT t.is(k.constrained(), 'k.c_p0 k.c_p10 k.c_p20 6', 'applied');
SELECT t.is(string_agg(conname || ' ' || pg_get_constraintdef(oid), '; ' ORDER BY conname COLLATE "C"),
    'partmanconstr_c_p10_B b CHECK ((("B b" >= ''x10''::text) AND ("B b" <= ''x19''::text))); partmanconstr_c_p10_a CHECK (((a >= 20) AND (a <= 38)))', 'as text')
    FROM pg_constraint WHERE conrelid = 'k.c_p10'::regclass AND contype = 'c';
CALL partman.reapply_constraints_proc('k.c', true);
SELECT t.is(k.constrained(), ' 0', 'dropped');
UPDATE partman.part_config SET optimize_constraint = 0 WHERE parent_table = 'k.c';
CALL partman.reapply_constraints_proc('k.c', true, true, p_analyze := false, p_wait := 0);
SELECT t.is(k.constrained(), 'k.c_p0 k.c_p10 k.c_p20 k.c_p30 k.c_p40 k.c_p50 k.c_p60 14', 'all');
UPDATE partman.part_config SET optimize_constraint = 30, constraint_valid = false WHERE parent_table = 'k.c';
CALL partman.reapply_constraints_proc('k.c', true);
SELECT t.is(k.constrained(), 'k.c_p0 k.c_p10 k.c_p20 k.c_p30 k.c_p40 k.c_p50 k.c_p60 14', 'too few partitions: nothing');
DROP SCHEMA k CASCADE;
\set leftovers CASCADE
\i :srcdir/assert_done.psql
