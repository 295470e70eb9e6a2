-- Rows of due partitions that are in the default: the procedure takes them along when it makes the partition.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA heal;
CREATE TABLE heal.t (id bigint NOT NULL, k bigint NOT NULL, v text, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
SELECT partman.create_parent('heal.t', 'k', '10', p_premake := 2, p_start_partition := '0');
CREATE VIEW heal.rows AS SELECT tableoid::regclass AS part, count(*), min(k), max(k) FROM heal.t GROUP BY 1 ORDER BY 3;
CREATE VIEW heal.plan AS SELECT step, action, partition_table, lower_bound, lock_mode, estimated_rows, reason, statement
    FROM partman.plan_maintenance('heal.t') ORDER BY step;
INSERT INTO heal.t SELECT g, g FROM generate_series(0, 19) g;
INSERT INTO heal.t SELECT g, 30 + g % 10 FROM generate_series(1, 15) g; -- no partition yet
TABLE heal.plan;

-- the function says what is in the way: it would keep readers out to the end of the caller's transaction
\set VERBOSITY terse
SELECT partman.run_maintenance('heal.t');
\set VERBOSITY default
TABLE heal.rows;

CALL partman.run_maintenance_proc();
TABLE heal.rows;
TABLE heal.plan;
SELECT action, outcome, partition_table, estimated_rows FROM partman.maintenance_action WHERE parent_table = 'heal.t' AND outcome = 'done' ORDER BY action;

-- no more than the policy says, over all partitions of a run; 0 is never
UPDATE partman.part_policy SET heal_max_rows = 20;
INSERT INTO heal.t SELECT g, 29 FROM generate_series(1, 1) g;
INSERT INTO heal.t SELECT g, 40 + g % 20 FROM generate_series(1, 42) g;
TABLE heal.plan;
CALL partman.run_maintenance_proc();
TABLE heal.rows;
UPDATE partman.part_policy SET heal_max_rows = 21;
TABLE heal.plan;
UPDATE partman.part_policy SET heal_max_rows = 42;
TABLE heal.plan;
UPDATE partman.part_policy SET heal_max_rows = 0;
TABLE heal.plan;
UPDATE partman.part_policy SET heal_max_rows = 42;
CALL partman.run_maintenance_proc();
TABLE heal.rows;
SELECT count(*) FROM ONLY heal.t_default;
SELECT severity, code FROM partman.check_partitions('heal.t');

-- nor more than can be expected to move in time: 20 rows in a millisecond while nothing better is known
UPDATE partman.part_policy SET heal_max_rows = 10000, heal_max_time = 1;
INSERT INTO heal.t SELECT g, 65 FROM generate_series(1, 21) g;
TABLE heal.plan;
UPDATE partman.part_policy SET heal_max_time = 2;
TABLE heal.plan;
-- what earlier moves took tells better; those of few rows tell nothing
INSERT INTO partman.maintenance_run SELECT (pg_catalog.jsonb_populate_record(r, '{"id": "00000000-0000-7000-8000-000000000001"}')).* FROM partman.maintenance_run r LIMIT 1;
INSERT INTO partman.maintenance_action (run, ordinal, parent_table, action, outcome, estimated_rows, duration_ms, started_at)
VALUES ('00000000-0000-7000-8000-000000000001', 1, 'heal.t', 'move', 'done', 1000, 100, now() - interval '1 day'),
       ('00000000-0000-7000-8000-000000000001', 2, 'heal.t', 'move', 'done', 999, 1, now()),
       ('00000000-0000-7000-8000-000000000001', 3, 'heal.other', 'move', 'done', 1000, 1, now());
TABLE heal.plan;
UPDATE partman.part_policy SET heal_max_time = 3;
TABLE heal.plan;
UPDATE partman.part_policy SET heal_max_time = NULL;
CALL partman.run_maintenance_proc();
TABLE heal.rows;

-- policy
\set VERBOSITY terse
UPDATE partman.part_policy SET heal_max_rows = -1;
\set VERBOSITY default

-- provisioning moves, cleanup does not
INSERT INTO heal.t SELECT g, 80 FROM generate_series(1, 3) g;
INSERT INTO heal.t VALUES (1, 79);
CALL partman.run_cleanup('heal.t');
TABLE heal.plan;
CALL partman.run_provisioning('heal.t');
TABLE heal.rows;

DROP SCHEMA heal CASCADE;
DROP EXTENSION pg_strata CASCADE;
DROP SCHEMA partman CASCADE;
