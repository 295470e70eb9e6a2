-- run_provisioning, run_cleanup, run_all: parts of a run for schedulers that look at exit codes. Years and ids, so that
-- only the turn of a year could differ. Prints what differs.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
CREATE SCHEMA o;
ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0; -- rows in the default stay in the way
CREATE FUNCTION t.year(n int) RETURNS date LANGUAGE sql AS $$ SELECT (date_trunc('year', now()) + n * interval '1 year')::date $$;
-- years of a set, counted from this one
CREATE FUNCTION t.years(tab text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg((extract(year FROM b[1]::date) - extract(year FROM now()))::text, ' ' ORDER BY b[1]::date) FROM pg_inherits i
   JOIN pg_class c ON c.oid = i.inhrelid, regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']*)') b WHERE i.inhparent = tab::regclass AND b IS NOT NULL $$;
CREATE FUNCTION t.make(name text, first int, last int, conf text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE o.%I (at date NOT NULL) PARTITION BY RANGE (at)', name);
    FOR n IN first .. last LOOP
        EXECUTE format('CREATE TABLE o.%I PARTITION OF o.%I FOR VALUES FROM (%L) TO (%L)', name || n, name, t.year(n), t.year(n + 1));
    END LOOP;
    PERFORM partman.create_parent('o.' || name, 'at', '1 year', p_premake := 1, p_start_partition := t.year(last)::text, p_default_table := false);
    EXECUTE format('UPDATE partman.part_config SET infinite_time_partitions = true, %s WHERE parent_table = %L', conf, 'o.' || name);
END $$;
CREATE FUNCTION t.ran(parent text) RETURNS boolean LANGUAGE sql AS $$ SELECT maintenance_last_run IS NOT NULL FROM partman.part_config WHERE parent_table = parent $$;

-- Each part does its own and nothing else
SELECT t.make('both', -4, 1, 'premake = 3, retention = ''2 years'', retention_keep_table = false');
SELECT t.make('kept', -4, 1, 'premake = 3, retention = ''2 years'', automatic_maintenance = ''off''');
SELECT t.is((SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM partman.plan_maintenance()), 'create detach drop', 'a plan of both');
CALL partman.run_provisioning();
SELECT t.ok(t.years('o.both') LIKE '-4 -3 -2 -1 0 1 2 3%', 'provisioning creates and retires nothing: ' || t.years('o.both'));
SELECT t.is((SELECT string_agg(DISTINCT action, ' ' ORDER BY action) FROM partman.plan_maintenance()), 'detach drop', 'what is left of the plan');
SELECT t.ok(t.ran('o.both'), 'the run is recorded');
SELECT t.is(t.years('o.kept'), '-4 -3 -2 -1 0 1', 'a set without automatic maintenance is left alone');
CALL partman.run_cleanup();
SELECT t.ok(t.years('o.both') LIKE '-2 -1 0 1 2 3%', 'cleanup retires: ' || t.years('o.both'));
SELECT t.is(to_regclass('o."both-3"'), NULL, 'and drops');
SELECT t.is((SELECT count(*) FROM partman.plan_maintenance()), 0::bigint, 'nothing is left of the plan');
UPDATE partman.part_config SET premake = 5 WHERE parent_table = 'o.both';
CALL partman.run_cleanup();
SELECT t.ok(t.years('o.both') NOT LIKE '% 5%', 'cleanup creates nothing: ' || t.years('o.both'));
CALL partman.run_provisioning('o.both');
SELECT t.ok(t.years('o.both') LIKE '-2 -1 0 1 2 3 4 5%', 'one by name');
-- a lower premake takes no future partition back, by no call
CREATE TEMP TABLE were AS SELECT t.years('o.both') AS years;
UPDATE partman.part_config SET premake = 1 WHERE parent_table = 'o.both';
CALL partman.run_provisioning();
CALL partman.run_cleanup();
CALL partman.run_all();
CALL partman.run_maintenance_proc();
SELECT t.is(t.years('o.both'), years, 'premake lowered') FROM were;
-- by name also those without automatic maintenance
CALL partman.run_cleanup('o.kept');
SELECT t.is(t.years('o.kept'), '-2 -1 0 1', 'by name');
SELECT t.ok(to_regclass('o."kept-3"') IS NOT NULL, 'detached, and kept');
CALL partman.run_all('o.kept');
SELECT t.ok(t.years('o.kept') LIKE '-2 -1 0 1 2 3%', 'all by name');

-- Everything old: cleanup alone leaves one, as nothing new was made; both in turn leave none of them
SELECT t.make('old', -9, -6, 'premake = 1, retention = ''2 years'', retention_keep_table = false');
DO $$ DECLARE n int; BEGIN FOR n IN -5 .. 2 LOOP EXECUTE format('DROP TABLE IF EXISTS o.%I', 'old_p' || to_char(t.year(n), 'YYYYMMDD')); END LOOP; END $$;
SELECT t.is(t.years('o.old'), '-9 -8 -7 -6', 'only old ones');
CALL partman.run_cleanup('o.old');
SELECT t.is(t.years('o.old'), '-6', 'the last one stays');
CALL partman.run_all('o.old');
SELECT t.ok(t.years('o.old') LIKE '%0 1%' AND t.years('o.old') NOT LIKE '-6%', 'until there are new ones: ' || t.years('o.old'));

-- A set that fails: all others are worked on, then the call raises, strict or not
SELECT t.make('ahead', -4, 1, 'premake = 3, retention = ''2 years'', retention_keep_table = false');
SELECT t.make('bad', -4, 1, 'premake = 3, retention = ''2 years'', retention_keep_table = false, maintenance_order = 1');
CREATE TABLE o.bad_default PARTITION OF o.bad DEFAULT;
INSERT INTO o.bad SELECT t.year(2) + 5;
SET client_min_messages = error;
\set VERBOSITY terse
CALL partman.run_provisioning();
SELECT t.is(:'LAST_ERROR_SQLSTATE', '55000', 'provisioning raises');
SELECT t.is(:'LAST_ERROR_MESSAGE', 'provisioning failed for "o.bad"', 'and names the set');
SELECT t.ok(t.years('o.ahead') LIKE '-4 % 2 3%', 'others were worked on');
SELECT t.is(t.ran('o.bad'), false, 'its last run is NULL');
CALL partman.run_cleanup();
SELECT t.ok(t.years('o.bad') LIKE '-2 -1 0 1%', 'cleanup of that set has nothing to fail at: ' || t.years('o.bad'));
SELECT t.is(t.ran('o.bad'), false, 'which does not hide that provisioning failed');
SET pg_strata.strict_maintenance = off;
CALL partman.run_provisioning();
SELECT t.is(:'LAST_ERROR_MESSAGE', 'provisioning failed for "o.bad"', 'whatever strict_maintenance says');
CALL partman.run_all();
SELECT t.is(:'LAST_ERROR_MESSAGE', 'provisioning failed for "o.bad"', 'run_all');
SELECT t.is(t.ran('o.bad'), false, 'its last run is NULL, though cleanup came after');
UPDATE partman.part_config SET retention = '1 year' WHERE parent_table IN ('o.bad', 'o.ahead');
CALL partman.run_all();
SELECT t.ok(t.years(x) LIKE '-1 0 1%', x || ' was cleaned up although provisioning failed') FROM unnest('{o.bad,o.ahead}'::text[]) x;
CALL partman.run_provisioning('o.ahead');
CALL partman.run_all('o.ahead');
CALL partman.run_provisioning('o.bad');
SELECT t.is(:'LAST_ERROR_MESSAGE', 'provisioning failed for "o.bad"', 'by name');
RESET pg_strata.strict_maintenance;

-- The last error is the one of the call before; a table that is gone fails its set, and only it
DROP TABLE o.bad;
CALL partman.run_cleanup();
SELECT t.is(:'LAST_ERROR_MESSAGE', 'cleanup failed for "o.bad"', 'a table that is gone');
DELETE FROM partman.part_config WHERE parent_table = 'o.bad';

-- Names that are no set, calls that cannot commit
CALL partman.run_provisioning('o.nowhere');
SELECT t.is(:'LAST_ERROR_SQLSTATE', '42P01', 'not managed');
CALL partman.run_cleanup('');
SELECT t.is(:'LAST_ERROR_SQLSTATE', '42P01', 'no name');
CALL partman.run_all('o.nowhere');
SELECT t.is(:'LAST_ERROR_SQLSTATE', '42P01', 'run_all');
UPDATE partman.part_config SET undo_in_progress = true WHERE parent_table = 'o.ahead';
CALL partman.run_all('o.ahead');
SELECT t.is(:'LAST_ERROR_SQLSTATE', '55000', 'being undone');
CALL partman.run_all();
SELECT t.is((SELECT count(*) FROM partman.part_config WHERE maintenance_last_run IS NULL), 0::bigint, 'left alone where all are asked for');
SELECT t.throws(format('CALL partman.%s()', p), '2D000') FROM unnest('{run_provisioning,run_cleanup,run_all}'::text[]) p;
BEGIN;
CALL partman.run_all();
ROLLBACK;
SELECT t.is(:'LAST_ERROR_SQLSTATE', '2D000', 'in a transaction block');
CREATE ROLE regress_strata_calls;
GRANT USAGE ON SCHEMA partman, o TO regress_strata_calls;
GRANT ALL ON ALL TABLES IN SCHEMA partman, o TO regress_strata_calls;
UPDATE partman.part_config SET premake = 9, undo_in_progress = false;
SET ROLE regress_strata_calls;
CALL partman.run_all();
RESET ROLE;
SELECT t.ok(:'LAST_ERROR_MESSAGE' LIKE 'provisioning failed for %"o.both"%', 'owners only');
SELECT t.ok(t.years('o.both') NOT LIKE '% 9%', 'and nothing was done');
DROP OWNED BY regress_strata_calls;
DROP ROLE regress_strata_calls;
DROP SCHEMA o CASCADE;
\set leftovers CASCADE
\i :srcdir/assert_done.psql
