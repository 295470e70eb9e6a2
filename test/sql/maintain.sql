-- run_maintenance, run_maintenance_proc and plan_maintenance: premake, selection and order of sets, failures, and that the
-- plan is what happens. Days are told as distances from today, so the output is the same on any day.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0; -- rows in the default stay in the way
CREATE SCHEMA m;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
\pset format unaligned

CREATE VIEW m.parts AS
SELECT i.inhparent::regclass::text AS parent, c.oid, c.oid::regclass::text AS child, b[1] AS lo, b[2] AS hi
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?([^'')]*)''?\) TO \(''?([^'')]*)') AS b
WHERE b IS NOT NULL AND c.relkind = 'r';
-- Children of a set by day: distance from today, and width where it is not one day.
CREATE FUNCTION m.days(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(d || CASE WHEN w <> 1 THEN '/' || w ELSE '' END, ' ' ORDER BY d)
    FROM (SELECT lo::date - current_date AS d, hi::date - lo::date AS w FROM m.parts WHERE m.parts.parent = days.parent) AS p
$$;
CREATE FUNCTION m.ids(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(lo || CASE WHEN hi::bigint - lo::bigint <> 10 THEN '/' || hi::bigint - lo::bigint ELSE '' END, ' ' ORDER BY lo::bigint)
    FROM m.parts WHERE m.parts.parent = ids.parent
$$;
-- "ok" when the children follow each other without hole or overlap from first to last.
CREATE FUNCTION m.whole(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(child, ' '), 'ok') FROM (
        SELECT child, lo::timestamptz <> lag(hi::timestamptz) OVER (ORDER BY lo::timestamptz) AS wrong
        FROM m.parts WHERE m.parts.parent = whole.parent) AS p WHERE wrong
$$;
CREATE FUNCTION m.ran(parent text) RETURNS boolean LANGUAGE sql AS $$
    SELECT maintenance_last_run IS NOT NULL FROM partman.part_config WHERE parent_table = parent
$$;
-- A bound as text: instants in the session's zone.
CREATE FUNCTION m.end(bound text) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN bound ~ ':' THEN bound::timestamptz::text ELSE bound END $$;
-- The plan, and what a run then changes in the catalogs: "as planned", or both.
CREATE FUNCTION m.planned(parent text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan text; done text; again text; before text; after text;
BEGIN
    CREATE TEMP TABLE was ON COMMIT DROP AS SELECT * FROM m.parts;
    SELECT md5(string_agg(oid::text || relname || relispartition, ' ' ORDER BY oid)) INTO before FROM pg_class;
    SELECT string_agg(format('%s %s %s %s', action, partition_table, m.end(lower_bound), m.end(upper_bound)), E'\n' ORDER BY partition_table) INTO plan
    FROM partman.plan_maintenance(parent);
    SELECT md5(string_agg(oid::text || relname || relispartition, ' ' ORDER BY oid)) INTO after FROM pg_class;
    IF before <> after THEN RETURN 'the plan changed something'; END IF;
    PERFORM partman.run_maintenance(parent);
    SELECT string_agg(format('%s %s %s %s', what, child, m.end(lo), m.end(hi)), E'\n' ORDER BY child) INTO done FROM (
        SELECT 'create' AS what, * FROM (TABLE m.parts EXCEPT TABLE was) AS n
        UNION ALL SELECT 'detach', * FROM (TABLE was EXCEPT TABLE m.parts) AS o) AS d;
    SELECT string_agg(concat_ws(' ', action, partition_table, reason), E'\n') INTO again FROM partman.plan_maintenance(parent);
    DROP TABLE was;
    IF again IS NOT NULL THEN RETURN 'there is more: ' || again; END IF;
    RETURN CASE WHEN plan IS NOT DISTINCT FROM done THEN concat('as planned: ', (SELECT count(*) FROM regexp_split_to_table(plan, E'\n')))
        ELSE concat(E'plan\n', plan, E'\nrun\n', done) END;
END $$;

-- Data driven: an empty set stays as it is, then premake counts from the highest child that holds a row
CREATE TABLE m.data (at timestamptz NOT NULL, v int) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.data', 'at', '1 day', p_premake := 2);
SELECT m.days('m.data'), m.planned('m.data'), m.ran('m.data');
INSERT INTO m.data VALUES (now() - interval '2 days');
SELECT m.planned('m.data'), m.days('m.data');
INSERT INTO m.data VALUES (now() + interval '1 day');
SELECT action, partition_table = 'm.data_p' || to_char(current_date + 3, 'YYYYMMDD') AS named, lower_bound::timestamptz = current_date + 3 AS lower,
       upper_bound::timestamptz = current_date + 4 AS upper, lock_mode, estimated_rows, bytes, regexp_replace(reason, 'of .*', 'of ...') AS reason,
       regexp_replace(statement, '\d{8}|\d{4}-\d\d-\d\d', '...', 'g') AS statement
FROM partman.plan_maintenance('m.data');
SELECT m.planned('m.data'), m.days('m.data');
UPDATE partman.part_config SET premake = 5 WHERE parent_table = 'm.data';
SELECT m.planned('m.data'), m.days('m.data');
-- rows in the default count only on request; they must lie beyond what is created
INSERT INTO m.data VALUES (now() + interval '9 days');
SELECT m.planned('m.data');
UPDATE partman.part_config SET ignore_default_data = false, premake = 1 WHERE parent_table = 'm.data';
\set VERBOSITY sqlstate
SELECT partman.run_maintenance('m.data');
\set VERBOSITY default
DELETE FROM ONLY m.data_default;
SELECT m.planned('m.data'), m.days('m.data');

-- Infinite: relative to now, without any row; past the middle of the day one more
CREATE TABLE m.inf (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.inf', 'at', '1 day', p_premake := 1);
UPDATE partman.part_config SET infinite_time_partitions = true, premake = 3 WHERE parent_table = 'm.inf';
SELECT m.planned('m.inf') = 'as planned: ' || 2 + (now()::time > '12:00')::int;
SELECT m.days('m.inf') IN ('-1 0 1 2 3', '-1 0 1 2 3 4'), m.whole('m.inf');
-- a hole ahead is closed, one behind is not
DO $$ BEGIN EXECUTE format('DROP TABLE m.inf_p%s, m.inf_p%s', to_char(current_date - 1, 'YYYYMMDD'), to_char(current_date + 2, 'YYYYMMDD')); END $$;
SELECT m.planned('m.inf');
SELECT m.days('m.inf') IN ('0 1 2 3', '0 1 2 3 4');
-- timestamp and date keys
CREATE TABLE m.inf2 (at timestamp NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE m.inf3 (at date NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent(t, 'at', '1 day', p_premake := 1) FROM unnest('{m.inf2,m.inf3}'::text[]) AS t;
UPDATE partman.part_config SET infinite_time_partitions = true, premake = 3 WHERE parent_table IN ('m.inf2', 'm.inf3');
SELECT t, m.planned(t) = 'as planned: ' || 2 + (now()::time > '12:00')::int, m.whole(t) FROM unnest('{m.inf2,m.inf3}'::text[]) AS t;
CREATE TABLE m.hours (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.hours', 'at', '1 hour', p_premake := 1);
UPDATE partman.part_config SET infinite_time_partitions = true, premake = 48 WHERE parent_table = 'm.hours';
SELECT m.planned('m.hours') ~ '^as planned: 4[678]$', m.whole('m.hours');

-- Integers: contract 4.5; infinite has no effect
CREATE TABLE m.id (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.id', 'id', '10', p_premake := 2);
UPDATE partman.part_config SET infinite_time_partitions = true WHERE parent_table = 'm.id';
SELECT m.planned('m.id'), m.ids('m.id');
INSERT INTO m.id VALUES (5);
SELECT m.planned('m.id'), m.ids('m.id');
INSERT INTO m.id VALUES (29);
SELECT m.planned('m.id'), m.ids('m.id');
INSERT INTO m.id VALUES (107);
SELECT m.planned('m.id');
UPDATE partman.part_config SET ignore_default_data = false WHERE parent_table = 'm.id';
SELECT parent_table, step, action, partition_table, lower_bound, upper_bound, lock_mode, reason, statement FROM partman.plan_maintenance('m.id');
SELECT partman.run_maintenance('m.id');
SELECT m.ids('m.id'), m.ran('m.id');
-- the call the message names cures it
SELECT partman.partition_data_id('m.id', 1000);
SELECT m.planned('m.id'), m.ids('m.id');
SELECT tableoid::regclass, id FROM m.id ORDER BY id;
-- offset grids go on as they began
CREATE TABLE m.shift (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.shift', 'id', '10', p_premake := 2, p_offset_id := 5);
INSERT INTO m.shift VALUES (31);
SELECT m.planned('m.shift'), m.ids('m.shift');
-- the end of the key's type: a warning, not a failure
CREATE TABLE m.small (id smallint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.small', 'id', '1000', p_premake := 1, p_start_partition := '30000');
INSERT INTO m.small VALUES (31500);
SELECT partman.run_maintenance('m.small');
SELECT lo, hi FROM m.parts WHERE parent = 'm.small' ORDER BY 1;

-- Which sets, in which order: automatic ones, not those being undone
CREATE FUNCTION m.reset() RETURNS void LANGUAGE sql AS $$ UPDATE partman.part_config SET maintenance_last_run = NULL $$;
UPDATE partman.part_config SET automatic_maintenance = 'off';
UPDATE partman.part_config SET automatic_maintenance = 'on', premake = 20, maintenance_order = CASE parent_table WHEN 'm.shift' THEN 1 WHEN 'm.data' THEN 2 END
WHERE parent_table IN ('m.data', 'm.shift', 'm.id', 'm.inf2');
UPDATE partman.part_config SET undo_in_progress = true WHERE parent_table = 'm.inf2';
SELECT DISTINCT ON (parent_table) parent_table, n FROM (SELECT parent_table, row_number() OVER () AS n FROM partman.plan_maintenance()) AS p ORDER BY parent_table, n;
SELECT m.reset();
SELECT partman.run_maintenance();
SELECT parent_table FROM partman.part_config WHERE maintenance_last_run IS NOT NULL ORDER BY maintenance_last_run;
SELECT m.reset();
UPDATE partman.part_config SET premake = 21 WHERE automatic_maintenance = 'on';
CALL partman.run_maintenance_proc();
SELECT parent_table FROM partman.part_config WHERE maintenance_last_run IS NOT NULL ORDER BY maintenance_last_run;
SELECT count(*) FROM partman.plan_maintenance();
-- by name also with automatic_maintenance off; never while it is undone
SELECT m.reset();
SELECT partman.run_maintenance('m.inf3'), partman.run_maintenance('m.inf2');
SELECT parent_table FROM partman.part_config WHERE maintenance_last_run IS NOT NULL;
UPDATE partman.part_config SET undo_in_progress = false;
-- an unfinished partition_data_async
UPDATE partman.part_config SET async_partitioning_in_progress = 'x' WHERE parent_table = 'm.inf2';
SELECT partman.run_maintenance('m.inf2');
SELECT m.ran('m.inf2');
UPDATE partman.part_config SET async_partitioning_in_progress = NULL;

-- Failures: the others go on; warning and NULL in the function over all; then an error in the procedure
TRUNCATE partman.part_config CASCADE;
CREATE TABLE m.good1 (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE m.good2 (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE m.bad (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent(t, 'id', '10', p_premake := 1) FROM unnest('{m.good1,m.bad,m.good2}'::text[]) AS t;
INSERT INTO m.good1 VALUES (15);
INSERT INTO m.good2 VALUES (15);
INSERT INTO m.bad VALUES (15), (25);
UPDATE partman.part_config SET maintenance_last_run = '2001-01-01';
SELECT partman.run_maintenance();
SELECT parent_table, maintenance_last_run IS NULL AS failed, maintenance_last_run > '2001-01-02' AS ran, m.ids(parent_table) FROM partman.part_config ORDER BY 1;
INSERT INTO m.good1 VALUES (25);
UPDATE partman.part_config SET maintenance_last_run = '2001-01-01';
CALL partman.run_maintenance_proc();
\echo :LAST_ERROR_SQLSTATE
SELECT parent_table, maintenance_last_run IS NULL AS failed, maintenance_last_run > '2001-01-02' AS ran, m.ids(parent_table) FROM partman.part_config ORDER BY 1;
-- a set named raises, and its row is as it was
UPDATE partman.part_config SET maintenance_last_run = '2001-01-01';
SELECT partman.run_maintenance('m.bad');
SELECT maintenance_last_run = '2001-01-01' FROM partman.part_config WHERE parent_table = 'm.bad';
SELECT partman.run_maintenance('m.unknown');
-- strict_maintenance off: as in pg_partman
SHOW pg_strata.strict_maintenance;
SET pg_strata.strict_maintenance = off;
SELECT partman.run_maintenance('m.bad');
SELECT maintenance_last_run IS NULL FROM partman.part_config WHERE parent_table = 'm.bad';
SELECT partman.run_maintenance('m.unknown');
CALL partman.run_maintenance_proc();
RESET pg_strata.strict_maintenance;
-- no lock is left by a run that failed
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
-- no commit from inside a transaction
BEGIN;
CALL partman.run_maintenance_proc();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CREATE FUNCTION m.call() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL partman.run_maintenance_proc(); END $$;
SELECT m.call();
\echo :LAST_ERROR_SQLSTATE
-- statistics of what was created
SELECT relname, reltuples FROM pg_class WHERE oid = 'm.good1'::regclass;
INSERT INTO m.good1 VALUES (35);
SELECT partman.run_maintenance('m.good1', p_analyze := true);
SELECT relname, reltuples FROM pg_class WHERE oid = 'm.good1'::regclass;

-- A renamed parent is found, its row repaired, its sub-rows follow; a dropped one fails alone
CREATE TABLE m.name1 (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.name1', 'id', '10', p_premake := 1);
INSERT INTO m.name1 VALUES (15);
CREATE SCHEMA m2;
ALTER TABLE m.name1 RENAME TO name2;
ALTER TABLE m.name2 SET SCHEMA m2;
SET client_min_messages = notice;
SELECT partman.run_maintenance('m.name1');
SET client_min_messages = warning;
SELECT c.parent_table, p.parent_oid = 'm2.name2'::regclass AS known, m.ids('m2.name2') FROM partman.part_config c JOIN partman.part_policy p USING (parent_table)
WHERE parent_table LIKE '%name%';
DROP TABLE m.bad;
UPDATE partman.part_config SET maintenance_last_run = NULL;
SELECT partman.run_maintenance();
SELECT parent_table FROM partman.part_config WHERE maintenance_last_run IS NULL;
SELECT parent_table, action, reason, statement FROM partman.plan_maintenance() WHERE action = 'error';
CALL partman.run_maintenance_proc();
DELETE FROM partman.part_config WHERE parent_table = 'm.bad';
-- another table that has taken the old name is not the set that had it
CREATE TABLE m.old_id (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.old_id', 'id', '10', p_premake := 1);
ALTER TABLE m.old_id RENAME TO new_id;
CREATE TABLE m.old_id (id int NOT NULL);
SELECT partman.run_maintenance('m.old_id');
DELETE FROM partman.part_config WHERE parent_table = 'm.old_id';

-- A configuration row without policy gets the zone in which its bounds fit; none fits: refused with a hint
CREATE TABLE m.restored (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SET TimeZone = 'Asia/Tokyo';
SELECT partman.create_parent('m.restored', 'at', '1 day', p_premake := 1);
INSERT INTO m.restored VALUES (now() + interval '1 day');
TRUNCATE partman.part_policy;
SET TimeZone = 'UTC';
SELECT partman.run_maintenance('m.restored');
SELECT count(*) FROM partman.part_policy;
SET TimeZone = 'Asia/Tokyo';
SELECT m.planned('m.restored') ~ '^as planned: [12]$';
SELECT time_zone, parent_oid = 'm.restored'::regclass AS known FROM partman.part_policy;
SET TimeZone = 'UTC';
INSERT INTO m.restored VALUES (now() + interval '2 days');
SELECT m.planned('m.restored') ~ '^as planned: [12]$', m.whole('m.restored');
SELECT count(*) FROM m.parts WHERE parent = 'm.restored' AND lo::timestamptz AT TIME ZONE 'Asia/Tokyo' <> date_trunc('day', lo::timestamptz AT TIME ZONE 'Asia/Tokyo');
-- a row written by hand, for a table never seen before
CREATE TABLE m.hand (at timestamptz NOT NULL) PARTITION BY RANGE (at);
DO $$ BEGIN EXECUTE format('CREATE TABLE m.hand_first PARTITION OF m.hand FOR VALUES FROM (%L) TO (%L)', current_date, current_date + 1); END $$;
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, premake, infinite_time_partitions)
VALUES ('m.hand', 'at', '1 day', 'range', 2, true);
SELECT m.planned('m.hand') ~ '^as planned: [23]$', m.days('m.hand') IN ('0 1 2', '0 1 2 3');

-- Interval changed on a live set, daily to monthly and back: no hole, no overlap, no row lost, every name once
CREATE TABLE m.live (at timestamptz NOT NULL, n int) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.live', 'at', '1 day', p_premake := 3);
INSERT INTO m.live SELECT now() + make_interval(days => d), d FROM generate_series(-3, 3) AS d;
UPDATE partman.part_config SET partition_interval = '1 month', infinite_time_partitions = true WHERE parent_table = 'm.live';
SELECT m.planned('m.live') ~ '^as planned: [3-5]$', m.whole('m.live');
SELECT count(DISTINCT child) = count(*) AS named, max(hi::timestamptz) > now() + interval '3 months' AS far
FROM m.parts WHERE parent = 'm.live' AND hi::date - lo::date > 1;
UPDATE partman.part_config SET partition_interval = '1 day', premake = 200 WHERE parent_table = 'm.live';
SELECT m.planned('m.live') ~ '^as planned: ', m.whole('m.live'), (SELECT count(*) FROM m.live) AS rows, (SELECT count(*) FROM m.live_default) AS strays;
SELECT max(hi::timestamptz) > now() + interval '199 days' AS far, count(DISTINCT child) = count(*) AS named FROM m.parts WHERE parent = 'm.live';
-- daily to hourly: the name pattern follows the interval
CREATE TABLE m.finer (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.finer', 'at', '1 day', p_premake := 1);
UPDATE partman.part_config SET partition_interval = '1 hour', infinite_time_partitions = true, premake = 80 WHERE parent_table = 'm.finer';
SELECT m.planned('m.finer') ~ '^as planned: ', m.whole('m.finer');
SELECT bool_and(child ~ '_p\d{8}_\d{6}$') AS named, count(*) > 24 AS enough FROM m.parts WHERE parent = 'm.finer' AND hi::timestamptz - lo::timestamptz < interval '1 day';

-- Rows that are gone but not vacuumed: the file of their partition does not hide that the one in use is below a gap
CREATE TABLE m.dead (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.dead', 'id', '10', p_premake := 1);
SELECT partman.create_partition_id('m.dead', '{30,40,50}');
INSERT INTO m.dead VALUES (5), (30);
DELETE FROM m.dead WHERE id = 30;
UPDATE partman.part_config SET premake = 2 WHERE parent_table = 'm.dead';
SELECT m.planned('m.dead'), m.ids('m.dead');

-- A row of a later time in a partition wider than the interval: premake counts from the end of that partition
CREATE TABLE m.wide (at date NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.wide', 'at', '7 days', p_premake := 1, p_start_partition := current_date::text);
DO $$ BEGIN EXECUTE (SELECT string_agg('DROP TABLE ' || child, ';') FROM m.parts WHERE parent = 'm.wide' AND lo::date > current_date); END $$;
INSERT INTO m.wide VALUES (current_date + 6);
UPDATE partman.part_config SET partition_interval = '3 days', infinite_time_partitions = true, premake = 2 WHERE parent_table = 'm.wide';
SELECT m.planned('m.wide'), m.days('m.wide');
UPDATE partman.part_config SET premake = 3 WHERE parent_table = 'm.wide';
SELECT m.planned('m.wide'), m.days('m.wide');

-- The same where all partitions lie after now
CREATE TABLE m.later (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('m.later', 'at', '1 day', p_premake := 1, p_start_partition := (current_date + 5)::text);
INSERT INTO m.later VALUES (current_date + 5);
DELETE FROM m.later;
UPDATE partman.part_config SET infinite_time_partitions = true WHERE parent_table = 'm.later';
SELECT m.planned('m.later') ~ '^as planned: [1-9]', m.days('m.later') ~ '^0 1 ';

DROP SCHEMA m, m2 CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
