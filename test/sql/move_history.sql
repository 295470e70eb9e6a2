-- move_history: every call that moves rows leaves a row that says how many left, how many arrived, and their checksum.
\set s s
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql
CREATE VIEW s.noted AS
    SELECT operation, parent_table, from_table, to_table, role = current_user AS by_us, batches, rows_left,
           rows_left = rows_arrived AS same, checksum > 0 AS summed, started_at <= finished_at AS in_order
    FROM partman.move_history ORDER BY finished_at, operation;
CREATE PROCEDURE s.forget() LANGUAGE sql AS 'DELETE FROM partman.move_history';

CREATE TABLE s.t (id int, at timestamptz NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE s.t_default PARTITION OF s.t DEFAULT;
SELECT s.register('s.t', 'at', '1 day');
CREATE PROCEDURE s.refill() LANGUAGE plpgsql AS $$
DECLARE leaf regclass;
BEGIN
    FOR leaf IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 's.t'::regclass AND inhrelid <> 's.t_default'::regclass LOOP
        EXECUTE format('DROP TABLE %s', leaf);
    END LOOP;
    TRUNCATE s.t;
    INSERT INTO s.t SELECT h, '2026-01-01 00:00+00'::timestamptz + h * interval '1 hour', repeat(md5(h::text), h)
        FROM generate_series(0, 95) h;
END $$;

-- The default: in one switch, one partition, and online. The checksum is that of the rows, not of how they moved.
CALL s.refill();
SELECT partman.partition_data_time('s.t', 1);
SELECT partman.partition_data_time('s.t', 10);
SELECT * FROM s.noted;
SELECT sum(checksum) AS both_calls FROM partman.move_history \gset
CALL s.forget();
CALL s.refill();
CALL partman.partition_data_proc('s.t', p_wait => 0, p_quiet => true);
SELECT * FROM s.noted;
SELECT sum(checksum) = :both_calls AS same_rows FROM partman.move_history;
CALL s.forget();
CALL s.refill();
SET pg_strata.move_method = online;
CALL partman.partition_data_proc('s.t', p_wait => 0, p_quiet => true);
RESET pg_strata.move_method;
SELECT * FROM s.noted;
SELECT sum(checksum) = :both_calls AS same_rows FROM partman.move_history;
CALL s.forget();

-- With ignored columns rows are moved by statements.
CALL s.refill();
SELECT partman.partition_data_time('s.t', 10, p_ignored_columns => '{note}');
SELECT * FROM s.noted;
CALL s.forget();

-- Nothing to move: nothing to tell.
SELECT partman.partition_data_time('s.t', 10);
CALL partman.partition_data_proc('s.t', p_quiet => true);
SELECT * FROM s.noted;

-- A move that is taken back was none.
CALL s.refill();
BEGIN;
SELECT partman.partition_data_time('s.t', 10);
ROLLBACK;
SELECT * FROM s.noted;

-- Out of another table: one pass, step by step, by statements; the procedure.
CREATE TABLE s.from_t (LIKE s.t INCLUDING ALL);
CREATE PROCEDURE s.source() LANGUAGE plpgsql AS $$
BEGIN
    CALL s.refill();
    INSERT INTO s.from_t SELECT * FROM s.t;
    DELETE FROM s.t;
END $$;
CALL s.source();
SELECT partman.partition_data_time('s.t', 2, p_source_table => 's.from_t');
SELECT partman.partition_data_time('s.t', 20, '6 hours', p_source_table => 's.from_t');
SELECT * FROM s.noted;
SELECT sum(checksum) = :both_calls AS same_rows FROM partman.move_history;
CALL s.forget();
CALL s.source();
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.from_t', p_quiet => true);
SELECT * FROM s.noted;
SELECT sum(checksum) = :both_calls AS same_rows FROM partman.move_history;
CALL s.forget();
CREATE FUNCTION s.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER look BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.look();
CALL s.source();
SELECT partman.partition_data_time('s.t', 10, p_source_table => 's.from_t');
SELECT * FROM s.noted;
CALL s.forget();
DROP TRIGGER look ON s.t;

-- By way of a working table.
CALL s.refill();
CALL partman.partition_data_async('s.t', p_interval => '12 hours');
SELECT * FROM s.noted;
SELECT sum(checksum) = :both_calls AS same_rows FROM partman.move_history;
CALL s.forget();

-- And back.
CREATE TABLE s.back (LIKE s.t INCLUDING ALL);
SELECT * FROM partman.undo_partition('s.t', 's.back', 2, p_keep_table => false);
CALL partman.undo_partition_proc('s.t', 's.back', p_wait => 0, p_keep_table => false, p_quiet => true);
SELECT * FROM s.noted;
SELECT sum(checksum) = :both_calls AS same_rows FROM partman.move_history;

-- What is older than the history is kept goes with the next move.
UPDATE partman.move_history SET finished_at = finished_at - interval '10 years' WHERE operation = 'undo_partition';
CREATE TABLE s.n (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.n', 'id', '10', p_premake => 1);
INSERT INTO s.n VALUES (1000);
SELECT partman.partition_data_id('s.n');
SELECT * FROM s.noted;

SET client_min_messages = warning;
DROP SCHEMA s CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
