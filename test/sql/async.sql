-- partition_data_async: the default partition empties in small committed batches, through a table beside the parent.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA a;
CREATE TABLE a.t (id int, at timestamptz NOT NULL, twice int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE a.t_default PARTITION OF a.t DEFAULT;
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('a.t', 'at', 'range', '1 day');
INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('a.t', 'UTC');
-- Working table, default, partitions of the two days; what the configuration says
CREATE FUNCTION a.state() RETURNS TABLE (progress text, working bigint, left_over bigint, day1 bigint, day2 bigint)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT async_partitioning_in_progress INTO progress FROM partman.part_config;
    IF to_regclass('a.partman_tmp_storage_t') IS NOT NULL THEN SELECT count(*) INTO working FROM a.partman_tmp_storage_t; END IF;
    SELECT count(*) INTO left_over FROM a.t_default;
    IF to_regclass('a.t_p20260101') IS NOT NULL THEN SELECT count(*) INTO day1 FROM a.t_p20260101; END IF;
    IF to_regclass('a.t_p20260102') IS NOT NULL THEN SELECT count(*) INTO day2 FROM a.t_p20260102; END IF;
    RETURN NEXT;
END $$;
INSERT INTO a.t SELECT h, '2026-01-01 00:00+00'::timestamptz + h * interval '1 hour' FROM generate_series(0, 47) h;
SELECT * FROM a.state();

-- 24 hours in batches of 6: four out, four in; each commits
SET client_min_messages = notice;
CALL partman.partition_data_async('a.t', 1, '6 hours');
SET client_min_messages = warning;
SELECT * FROM a.state();
SELECT id, twice FROM a.partman_tmp_storage_t ORDER BY id;
SELECT count(*) AS visible FROM a.t;
-- meanwhile maintenance and other moves leave the set alone
SELECT partman.run_maintenance('a.t');
SELECT partman.partition_data_time('a.t');
SELECT * FROM partman.undo_partition('a.t', 'a.state');
CALL partman.partition_data_async('a.t', 3, '6 hours');
SELECT * FROM a.state();
CALL partman.partition_data_async('a.t', 2, '6 hours');
SELECT * FROM a.state();
CALL partman.partition_data_async('a.t', 2, '6 hours');
SELECT * FROM a.state();
CALL partman.partition_data_async('a.t', 4, '6 hours');
SELECT * FROM a.state();
-- the last row of the default has gone to the working table: the next call finishes
SET client_min_messages = notice;
CALL partman.partition_data_async('a.t', NULL, '6 hours');
CALL partman.partition_data_async('a.t', NULL, '6 hours');
SET client_min_messages = warning;
SELECT * FROM a.state();
SELECT count(*), count(DISTINCT id), sum(twice) = 2 * sum(id) AS computed FROM a.t;

-- a batch that fails leaves what was committed before; ignored columns get their default
ALTER TABLE a.t ADD COLUMN note text DEFAULT 'none';
INSERT INTO a.t (id, at, note) SELECT h, '2026-02-01 00:00+00'::timestamptz + h * interval '1 hour', 'seen' FROM generate_series(0, 23) h;
CREATE FUNCTION a.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN IF NEW.id = 13 THEN RAISE 'not this one'; END IF; RETURN NEW; END$$;
CREATE TRIGGER refuse BEFORE INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.refuse();
\set VERBOSITY terse
CALL partman.partition_data_async('a.t', NULL, '6 hours', p_ignored_columns => '{note}');
\set VERBOSITY default
SELECT progress, working, left_over FROM a.state();
DROP TRIGGER refuse ON a.t;
CALL partman.partition_data_async('a.t', NULL, '6 hours', p_ignored_columns => '{note}');
SELECT progress, working, left_over FROM a.state();
SELECT note, count(*) FROM a.t WHERE at >= '2026-02-01 00:00+00' GROUP BY note;

-- what is refused, before anything is changed
INSERT INTO a.t (id, at) VALUES (1, '2026-03-01 00:00+00');
CALL partman.partition_data_async('a.t', NULL, NULL);
CALL partman.partition_data_async('a.t', NULL, '1 day');
CALL partman.partition_data_async('a.t', NULL, '25 hours');
CALL partman.partition_data_async('a.t', NULL, '-1 hour');
CALL partman.partition_data_async('a.t', NULL, '6 hours', p_order => 'DESC');
CALL partman.partition_data_async('a.nothing', NULL, '6 hours');
BEGIN;
CALL partman.partition_data_async('a.t', NULL, '6 hours');
ROLLBACK;
CREATE TABLE a.partman_tmp_storage_t (LIKE a.t);
CALL partman.partition_data_async('a.t', NULL, '6 hours');
DROP TABLE a.partman_tmp_storage_t;
CREATE TABLE a.i (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('a.i', 'id', '10', p_premake => 1, p_default_table => false, p_template_table => 'false');
CALL partman.partition_data_async('a.i', NULL, '6 hours');
CREATE TABLE a.child (id int, at timestamptz, FOREIGN KEY (id, at) REFERENCES a.t ON DELETE CASCADE);
CALL partman.partition_data_async('a.t', NULL, '6 hours');
DROP TABLE a.child;
DROP TABLE a.i;
DELETE FROM partman.part_config WHERE parent_table = 'a.i';
SELECT progress, working, left_over FROM a.state();

DROP SCHEMA a CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
