-- partition_status, partitions, maintenance_jobs, explain_pruning.
\getenv srcdir PG_ABS_SRCDIR
\set s status
\i :srcdir/setup.psql
\set VERBOSITY terse
SET timezone = 'UTC';
ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0; -- rows in the default stay in the way
SET datestyle = 'ISO';
SELECT date_trunc('day', now()) AS today \gset
-- Bounds relative to today: the tests print days from it.
CREATE FUNCTION status.day(t timestamptz) RETURNS int LANGUAGE sql AS $$ SELECT extract(day FROM t - date_trunc('day', now()))::int $$;
-- Drops partitions of a set that begin within these days.
CREATE FUNCTION status.drop_days(wanted text, low int, high int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE p record;
BEGIN
    FOR p IN SELECT * FROM partman.partitions WHERE parent_table = wanted AND status.day(lower_time) BETWEEN low AND high LOOP
        EXECUTE format('DROP TABLE %I.%I', p.partition_schema, p.partition_table);
    END LOOP;
END $$;
CREATE TABLE status.times (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);
CREATE INDEX ON status.times (at);
SELECT partman.create_parent('status.times', 'at', '1 day', p_premake := 3);
UPDATE partman.part_config SET retention = '2 days' WHERE parent_table = 'status.times';
CREATE TABLE status.ids (id numeric NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('status.ids', 'id', '10', p_premake := 2, p_start_partition := '0');
UPDATE partman.part_config SET retention = '25' WHERE parent_table = 'status.ids';
CREATE TABLE status.lists (id int NOT NULL) PARTITION BY LIST (id);
SELECT partman.create_parent('status.lists', 'id', '1', 'list', p_premake := 2, p_start_partition := '5', p_default_table := false);
CREATE TABLE status.dates (d date NOT NULL) PARTITION BY RANGE (d);
SELECT partman.create_parent('status.dates', 'd', '1 month', p_premake := 1, p_start_partition := to_char(now() - interval '40 days', 'YYYY-MM-01'));

-- What the catalogs say.
SELECT parent_table, partitions, status.day(first_bound::timestamptz) AS first, status.day(last_bound::timestamptz) AS last,
       status.day(covered_until) AS covered, runway = covered_until - now() AS runway, default_table, rows_in_default,
       default_bytes, total_bytes > 0 AS has_bytes, retention, status.day(next_retirement) AS next, problem
FROM partman.partition_status WHERE parent_table = 'status.times';
SELECT parent_table, partitions, first_bound, last_bound, covered_until, runway, default_table, rows_in_default, default_bytes,
       total_bytes, retention, next_retirement, next_retirement_id, deferred_runs, deferred_reason, schedule, problem
FROM partman.partition_status WHERE parent_table IN ('status.ids', 'status.lists') ORDER BY 1;
SELECT covered_until > now() AS ahead, covered_until = last_bound::date::timestamptz AS to_the_end, next_retirement, partitions > 2 AS many
FROM partman.partition_status WHERE parent_table = 'status.dates';
-- Nothing was maintained yet; then it is, and then one fails.
SELECT parent_table, last_run, last_success, last_error, last_error_at FROM partman.partition_status ORDER BY 1;
CALL partman.run_maintenance_proc();
SELECT parent_table, last_run = last_success AS ran, last_error, last_error_at FROM partman.partition_status ORDER BY 1;
CREATE TEMP TABLE before AS SELECT last_success FROM partman.partition_status WHERE parent_table = 'status.ids';
INSERT INTO status.ids VALUES (25), (45);
CALL partman.run_maintenance_proc();
SELECT parent_table, last_run > last_success AS failed_since, last_success = (TABLE before) AS as_before, last_error,
       last_error_at = last_run AS now
FROM partman.partition_status WHERE parent_table = 'status.ids';
-- Rows in the default, as the statistics tell without reading it.
SELECT rows_in_default IS NULL OR rows_in_default > 0 AS maybe, default_bytes FROM partman.partition_status WHERE parent_table = 'status.ids';
ANALYZE status.ids;
SELECT rows_in_default BETWEEN 1 AND 2 AS about_one, default_bytes FROM partman.partition_status WHERE parent_table = 'status.ids';
SELECT partman.partition_data_id('status.ids', 100);
CALL partman.run_maintenance_proc();
SELECT last_run = last_success AS well, last_error IS NOT NULL AS told, last_success > last_error_at AS over, rows_in_default, default_bytes
FROM partman.partition_status WHERE parent_table = 'status.ids';
-- A gap ends what is covered, and what is over.
SELECT status.drop_days('status.times', 1, 1);
SELECT status.day(covered_until), runway < interval '1 day' AS short FROM partman.partition_status WHERE parent_table = 'status.times';
SELECT status.drop_days('status.times', 0, 99);
SELECT status.day(covered_until), runway <= interval '0' AS over FROM partman.partition_status WHERE parent_table = 'status.times';
-- To the end of times.
CREATE TABLE status.rest PARTITION OF status.times FOR VALUES FROM (:'today') TO (MAXVALUE);
SELECT last_bound, covered_until, runway FROM partman.partition_status WHERE parent_table = 'status.times';
-- Only one partition: retention never takes it.
SELECT status.drop_days('status.times', -99, -2);
SELECT partitions, status.day(next_retirement) AS next FROM partman.partition_status WHERE parent_table = 'status.times';
DROP TABLE status.rest;
SELECT partitions, next_retirement FROM partman.partition_status WHERE parent_table = 'status.times';

-- The partitions, typed.
INSERT INTO status.ids VALUES (1), (2);
ANALYZE status.ids;
SELECT partition_schema, partition_table, lower_bound, upper_bound, lower_time, lower_id, upper_id, is_default, estimated_rows,
       bytes, index_bytes, owner = current_user AS mine
FROM partman.partitions WHERE parent_table = 'status.ids';
SELECT partition_table, lower_bound, upper_bound, lower_id, upper_id, is_default, estimated_rows FROM partman.partitions WHERE parent_table = 'status.lists';
SELECT status.day(lower_time) AS lower, status.day(upper_time) AS upper, lower_id, lower_bound::timestamptz = lower_time AS same, is_default, index_bytes
FROM partman.partitions WHERE parent_table = 'status.times';
SELECT count(*) = 0 AS agree FROM (
    SELECT parent_table, partition_schema, partition_table FROM partman.partitions
    EXCEPT SELECT c.parent_table, p.partition_schemaname, p.partition_tablename
    FROM partman.part_config c, partman.show_partitions(c.parent_table, 'ASC', true) p) d;
SELECT count(*) = 0 AS same_sizes FROM partman.partitions
WHERE bytes <> pg_relation_size(format('%I.%I', partition_schema, partition_table))
   OR index_bytes <> coalesce((SELECT sum(pg_relation_size(indexrelid)) FROM pg_index WHERE indrelid = format('%I.%I', partition_schema, partition_table)::regclass), 0);
SELECT s.parent_table, s.total_bytes >= sum(p.bytes + p.index_bytes) AS covers_them FROM partman.partition_status s JOIN partman.partitions p USING (parent_table)
GROUP BY 1, s.total_bytes ORDER BY 1;

-- Keys that are encoded have the bounds of their times.
CREATE TABLE status.uuids (id uuid NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('status.uuids', 'id', '1 month', p_premake := 1, p_start_partition := '2026-01-01',
    p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder');
SELECT lower_bound, upper_bound, lower_time, upper_time, lower_id, is_default FROM partman.partitions WHERE parent_table = 'status.uuids' LIMIT 2;
SELECT first_bound, covered_until > now() AS ahead FROM partman.partition_status WHERE parent_table = 'status.uuids';
DELETE FROM partman.part_config WHERE parent_table = 'status.uuids';
DROP TABLE status.uuids;
-- Partitions that are partitioned: their rows are in their own sets.
CREATE TABLE status.tree (id int NOT NULL, k int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('status.tree', 'id', '100', p_premake := 1, p_start_partition := '0', p_default_table := false);
SELECT partman.create_sub_parent('status.tree', 'id', '50', p_premake := 1, p_declarative_check := 'yes');
INSERT INTO status.tree VALUES (10, 1), (60, 2);
SELECT parent_table, partition_table, is_default, bytes FROM partman.partitions WHERE parent_table LIKE 'status.tree%' ORDER BY 1, lower_id, 2;
SELECT parent_table, partitions, default_table, default_bytes, total_bytes, problem FROM partman.partition_status WHERE parent_table LIKE 'status.tree%' ORDER BY 1;
SELECT * FROM partman.explain_pruning('SELECT * FROM status.tree WHERE id = 10');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.tree_p0 WHERE id = 10');
DELETE FROM partman.part_config WHERE parent_table LIKE 'status.tree%';
DROP TABLE status.tree;
-- A set that cannot be worked on has a row that says so; it has no partitions to show.
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('status.gone', 'id', 'range', '10');
SELECT parent_table, partitions, problem FROM partman.partition_status WHERE problem IS NOT NULL;
DELETE FROM partman.part_config WHERE parent_table = 'status.gone';
-- One without automatic maintenance has one, too.
UPDATE partman.part_config SET automatic_maintenance = 'off' WHERE parent_table = 'status.lists';
SELECT parent_table, partitions, schedule FROM partman.partition_status WHERE parent_table = 'status.lists';

-- What others see: nothing of a set without the right to read it, nothing at all without the configuration.
CREATE ROLE status_looks;
GRANT USAGE ON SCHEMA partman, status TO status_looks;
GRANT SELECT ON partman.partition_status, partman.partitions TO status_looks;
SET ROLE status_looks;
SELECT parent_table FROM partman.partition_status;
RESET ROLE;
GRANT SELECT ON partman.part_config, partman.part_config_sub TO status_looks;
SET ROLE status_looks;
SELECT parent_table FROM partman.partition_status;
SELECT parent_table FROM partman.partitions;
RESET ROLE;
GRANT SELECT ON status.lists TO status_looks;

UPDATE partman.part_policy SET deferred_reason = 'of ' || parent_table;
SET client_min_messages = notice;
SET ROLE status_looks;
SELECT parent_table, partitions FROM partman.partition_status;
-- Nor what a function of his could see in passing.
CREATE FUNCTION pg_temp.tell(t text) RETURNS boolean LANGUAGE plpgsql STRICT COST 0.0001 AS $$ BEGIN RAISE NOTICE 'seen: %', t; RETURN true; END $$;
SELECT parent_table FROM partman.partition_status WHERE pg_temp.tell(deferred_reason);
SELECT count(*), count(DISTINCT parent_table) FROM partman.partitions;
RESET ROLE;
ALTER TABLE status.lists ENABLE ROW LEVEL SECURITY;
SET ROLE status_looks;
SELECT parent_table, partitions FROM partman.partition_status;
RESET ROLE;
ALTER TABLE status.lists DISABLE ROW LEVEL SECURITY;
SET client_min_messages = warning;
SELECT * FROM partman.maintenance_jobs();

-- Pruning.
CREATE TABLE status.cut (id int NOT NULL, k int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
SELECT format('CREATE TABLE status.cut_%s PARTITION OF status.cut FOR VALUES FROM (%s) TO (%s)', i, i * 10, i * 10 + 10) FROM generate_series(0, 9) i \gexec
CREATE TABLE status.flat (id int);
CREATE VIEW status.seen AS SELECT * FROM status.cut WHERE id < 50;
CREATE FUNCTION status.five() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 5; END';
CREATE FUNCTION status.shout() RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN RAISE NOTICE 'executed'; RETURN 5; END $$;
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id = 15');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id >= 35 AND id < 60');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE k = 3;');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id = 1000');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id < status.five()');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id < 40 AND id < status.five()');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id = status.shout()');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.seen WHERE id > 30');
SELECT * FROM partman.explain_pruning('(SELECT id FROM status.cut WHERE id = 5) UNION ALL SELECT id FROM status.ids WHERE id = 12 -- and no more');
SELECT * FROM partman.explain_pruning('WITH c AS (SELECT id FROM status.cut WHERE id = 5) SELECT * FROM c, status.flat');
SELECT * FROM partman.explain_pruning('UPDATE status.cut SET k = status.shout() WHERE id = 15');
SELECT * FROM partman.explain_pruning('DELETE FROM status.cut WHERE id < 20');
SELECT * FROM partman.explain_pruning('INSERT INTO status.cut VALUES (1, status.shout())');
SELECT * FROM partman.explain_pruning('INSERT INTO status.cut SELECT id + 50 FROM status.cut WHERE id < 10');
SELECT * FROM partman.explain_pruning('MERGE INTO status.cut c USING status.flat f ON c.id = f.id AND c.id < 20 WHEN MATCHED THEN DELETE');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.flat');
CREATE TEMP TABLE brief (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TEMP TABLE brief_0 PARTITION OF brief FOR VALUES FROM (0) TO (10);
CREATE TEMP TABLE brief_1 PARTITION OF brief FOR VALUES FROM (10) TO (20);
SELECT touched, pruned FROM partman.explain_pruning('SELECT * FROM brief WHERE id = 1');
SELECT parent_table, touched, pruned FROM partman.explain_pruning('SELECT * FROM status.cut a JOIN status.cut b USING (id) WHERE a.id = 1');
SELECT parent_table, touched, pruned FROM partman.explain_pruning('SELECT (SELECT max(k) FROM status.cut WHERE id < 20) FROM status.flat');
SELECT count(*) FROM status.cut;
-- Names as the caller reads them.
SET search_path = status;
SELECT * FROM partman.explain_pruning('SELECT * FROM cut WHERE id = 15');
RESET search_path;
SELECT * FROM partman.explain_pruning('SELECT * FROM cut WHERE id = 15');
-- Refused, and nothing done.
SELECT * FROM partman.explain_pruning('SELECT 1; SELECT 2');
SELECT * FROM partman.explain_pruning('SELECT 1; DROP TABLE status.cut');
SELECT * FROM partman.explain_pruning(') SELECT 1; DROP TABLE status.cut; SELECT (1');
SELECT * FROM partman.explain_pruning('DROP TABLE status.cut');
SELECT * FROM partman.explain_pruning('ANALYZE SELECT status.shout()');
SELECT * FROM partman.explain_pruning('EXPLAIN ANALYZE SELECT status.shout()');
SELECT * FROM partman.explain_pruning('EXECUTE something');
SELECT * FROM partman.explain_pruning('SELECT id INTO status.copy FROM status.cut');
SELECT * FROM partman.explain_pruning('CREATE TABLE status.copy AS SELECT status.shout()');
SELECT * FROM partman.explain_pruning('DO $$ BEGIN PERFORM status.shout(); END $$');
SELECT * FROM partman.explain_pruning('COPY status.cut TO STDOUT');
SELECT * FROM partman.explain_pruning('');
SELECT * FROM partman.explain_pruning(NULL);
SELECT * FROM partman.explain_pruning('SELEKT');
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut WHERE id = $1');
SELECT to_regclass('status.cut') IS NOT NULL AS still_there, to_regclass('status.copy') IS NULL AS not_made;
-- With the caller's rights.
SET ROLE status_looks;
SELECT * FROM partman.explain_pruning('SELECT * FROM status.cut');
RESET ROLE;
DROP SCHEMA status CASCADE;
DROP OWNED BY status_looks;
DROP ROLE status_looks;
DROP SCHEMA partman CASCADE;
