-- What runs of maintenance leave in maintenance_run and maintenance_action.
\getenv srcdir PG_ABS_SRCDIR
\set s history
\i :srcdir/setup.psql
\set VERBOSITY terse
SET timezone = 'UTC';
ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0; -- rows in the default stay in the way
-- A set of ids: three partitions ahead of the highest id, everything below is kept until retention says otherwise.
CREATE TABLE history.ids (id bigint NOT NULL, note text) PARTITION BY RANGE (id);
SELECT partman.create_parent('history.ids', 'id', '10', p_premake := 3, p_start_partition := '0');
CREATE VIEW history.runs AS
SELECT caller, parent_table, role = current_user AS as_me, pid = pg_backend_pid() AS my_session,
       backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS same_start,
       started_at BETWEEN now() - interval '1 hour' AND clock_timestamp() AS started,
       finished_at >= started_at AS finished, outcome, sets, busy, failed, deferred
FROM partman.maintenance_run ORDER BY started_at;
CREATE VIEW history.actions AS
SELECT a.parent_table, action, partition_table, lower_bound, upper_bound, estimated_rows, bytes, reason, a.outcome, tries,
       lock_wait_ms < 1000 AS waited, duration_ms < 100000 AS took, sqlstate, message, hint, blocked_by
FROM partman.maintenance_action a JOIN partman.maintenance_run r ON r.id = a.run ORDER BY r.started_at, a.ordinal;

-- A run that finds nothing to do: one row, no action.
SELECT partman.run_maintenance();
CALL partman.run_maintenance_proc();
\x on
SELECT * FROM history.runs;
\x off
SELECT count(*) FROM partman.maintenance_action;

-- Creations and retirements, with what is lost by them.
TRUNCATE partman.maintenance_run CASCADE;
INSERT INTO history.ids SELECT i, 'x' FROM generate_series(0, 39) i;
ANALYZE history.ids;
UPDATE partman.part_config SET premake = 2, retention = '10', retention_keep_table = false;
CALL partman.run_maintenance_proc();
SELECT caller, outcome, sets, busy, failed, deferred FROM history.runs;
SELECT action, partition_table, lower_bound, upper_bound, estimated_rows, bytes, outcome, tries, waited, took FROM history.actions;
SELECT DISTINCT action, reason, sqlstate, message, hint, blocked_by FROM history.actions ORDER BY 1, 2;

-- The same in a function: one step.
TRUNCATE partman.maintenance_run CASCADE;
INSERT INTO history.ids SELECT i, 'x' FROM generate_series(50, 54) i;
SELECT partman.run_maintenance('history.ids');
SELECT caller, parent_table, outcome, sets, busy FROM history.runs;
SELECT action, partition_table, estimated_rows, bytes, outcome FROM history.actions;

-- In the caller's transaction: gone with it.
TRUNCATE partman.maintenance_run CASCADE;
BEGIN;
INSERT INTO history.ids SELECT i, 'x' FROM generate_series(60, 64) i;
SELECT partman.run_maintenance();
SELECT count(*) FROM partman.maintenance_run;
ROLLBACK;
SELECT count(*) FROM partman.maintenance_run;

-- Rows in the default that stand in the way, in one set of two; the other is maintained.
CREATE TABLE history.more (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('history.more', 'id', '10', p_premake := 1, p_start_partition := '0');
INSERT INTO history.more VALUES (5), (15), (25);
UPDATE partman.part_config SET premake = 4;
\set VERBOSITY default
CALL partman.run_maintenance_proc();
\set VERBOSITY terse
SELECT caller, outcome, sets, busy, failed, deferred FROM history.runs;
SELECT parent_table, action, partition_table, lower_bound, reason, outcome, sqlstate, message, hint FROM history.actions;
-- When it last went well is kept.
SELECT c.parent_table, c.maintenance_last_run IS NULL AS failed, p.last_success IS NOT NULL AS kept
FROM partman.part_config c JOIN partman.part_policy p USING (parent_table) ORDER BY 1;
-- A function over all sets says the same; one that names the set raises, and takes its row back.
TRUNCATE partman.maintenance_run CASCADE;
SELECT partman.run_maintenance();
SELECT partman.run_maintenance('history.more');
SELECT caller, parent_table, outcome, sets, busy, failed FROM history.runs;
SELECT parent_table, action, outcome, sqlstate FROM history.actions;
-- Unless that is asked not to be an error.
SET pg_strata.strict_maintenance = off;
SELECT partman.run_maintenance('history.more');
RESET pg_strata.strict_maintenance;
SELECT caller, parent_table, outcome, sets, busy, failed FROM history.runs;

-- A set that cannot be loaded at all.
TRUNCATE partman.maintenance_run CASCADE;
DELETE FROM partman.part_config WHERE parent_table = 'history.more';
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('history.gone', 'id', 'range', '10');
CALL partman.run_maintenance_proc();
SELECT caller, outcome, sets, busy, failed FROM history.runs;
SELECT parent_table, action, partition_table, outcome, sqlstate, message, hint FROM history.actions;
DELETE FROM partman.part_config WHERE parent_table = 'history.gone';

-- An action that fails: the one that was under way is named.
TRUNCATE partman.maintenance_run CASCADE;
CREATE VIEW history.looks AS SELECT * FROM history.ids_p40;
UPDATE partman.part_config SET retention = '0';
CALL partman.run_maintenance_proc();
SELECT action, partition_table, outcome, sqlstate, message FROM history.actions;
DROP VIEW history.looks;

-- What ended without a word is found out by the next run.
TRUNCATE partman.maintenance_run CASCADE;
UPDATE partman.part_config SET retention = NULL, premake = 1;
INSERT INTO partman.maintenance_run (caller, pid, backend_start, role, started_at, outcome)
VALUES ('procedure', pg_backend_pid(), now() - interval '9 days', 'somebody', now() - interval '1 minute', 'running');
INSERT INTO partman.maintenance_action (run, ordinal, parent_table, action, outcome, started_at)
SELECT id, 1, 'history.ids', 'create', 'running', now() FROM partman.maintenance_run;
SELECT role = 'somebody' AS dead, caller, outcome, duration FROM partman.maintenance_history ORDER BY started_at;
SELECT partman.run_maintenance();
SELECT role = 'somebody' AS dead, outcome FROM partman.maintenance_run ORDER BY started_at;
CALL partman.run_maintenance_proc();
SELECT role = 'somebody' AS dead, outcome FROM partman.maintenance_run ORDER BY started_at;
SELECT outcome FROM partman.maintenance_action;

-- History ends after a while.
TRUNCATE partman.maintenance_run CASCADE;
SHOW pg_strata.history_retention;
INSERT INTO partman.maintenance_run (caller, pid, backend_start, role, started_at, outcome)
SELECT 'procedure', 1, now(), days, now() - make_interval(days => days), 'finished' FROM unnest(ARRAY[10, 89, 91, 400]) days;
INSERT INTO partman.maintenance_action (run, ordinal, parent_table, action, outcome, started_at)
SELECT id, 1, 'history.ids', 'create', 'done', started_at FROM partman.maintenance_run;
CALL partman.run_maintenance_proc();
SELECT role FROM partman.maintenance_run WHERE role <> current_user ORDER BY started_at;
SELECT count(*) FROM partman.maintenance_action;
SET pg_strata.history_retention = 20;
SELECT partman.run_maintenance();
SELECT role FROM partman.maintenance_run WHERE role <> current_user ORDER BY started_at;
SET pg_strata.history_retention = -1;
SET pg_strata.history_retention = 0;
INSERT INTO partman.maintenance_run (caller, pid, backend_start, role, started_at, outcome)
SELECT 'procedure', 1, now(), '5000', now() - interval '5000 days', 'finished';
CALL partman.run_maintenance_proc();
SELECT role FROM partman.maintenance_run WHERE role <> current_user ORDER BY started_at;
RESET pg_strata.history_retention;
SET ROLE pg_monitor;
SET pg_strata.history_retention = 1;
RESET ROLE;

-- Nothing of it is dumped.
SELECT c.relname, c.oid = ANY (e.extconfig) AS dumped
FROM pg_extension e, pg_class c WHERE extname = 'pg_strata' AND c.relname ~ '^(part_config|maintenance_run|maintenance_action)$' ORDER BY 1;
DROP SCHEMA history CASCADE;
DROP SCHEMA partman CASCADE;
