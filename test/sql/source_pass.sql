-- partition_data_proc from another table, without a limit: its pages one part after the other, whatever order the rows
-- are in, each part in a transaction about as long as the lock budget. No index is needed.
\set s s
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql
CREATE FUNCTION s.rows(t regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(x::text, 0)), 0) FROM %s x', t) INTO r;
    RETURN r;
END $$;

-- forty days, all mixed, toasted values, a dropped column, columns in another order, dead rows
CREATE TABLE s.t (id int NOT NULL, at timestamptz NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE s.t_default PARTITION OF s.t DEFAULT;
CREATE VIEW s.parts AS SELECT count(*) AS partitions, (SELECT count(*) FROM pg_class WHERE relkind = 'r' AND reltuples > 0
    AND oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 's.t'::regclass)) AS filled
    FROM pg_inherits WHERE inhparent = 's.t'::regclass;
SELECT s.register('s.t', 'at', '1 day');
UPDATE partman.part_policy SET lock_timeout_ms = 10;
SELECT partman.create_partition_time('s.t', ARRAY['2026-01-03 00:00+00'::timestamptz]);
CREATE TABLE s.f (note text, gone int, at timestamptz, id int);
ALTER TABLE s.f DROP COLUMN gone;
INSERT INTO s.f SELECT CASE WHEN n % 1000 = 0 THEN repeat(md5(n::text), 500) ELSE repeat(md5(n::text), 4) END,
    '2026-01-01 00:00+00'::timestamptz + n % 40 * interval '1 day' + n * interval '1 second', n FROM generate_series(1, 30000) n;
DELETE FROM s.f WHERE id % 11 = 0;
CREATE TABLE s.kept AS SELECT id, at, note FROM s.f;
-- what stays: no key, or an infinite one
INSERT INTO s.f VALUES ('x', NULL, -1), ('x', 'infinity', -2), ('x', '-infinity', -3);
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.f');
SELECT s.rows('s.kept') = s.rows('s.t') AS all_there, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM s.f) AS stayed;
ANALYZE s.t;
SELECT * FROM s.parts;
SELECT batches > 2 AS committed_on_the_way, rows_left = (SELECT count(*) FROM s.kept) AS all_counted, checksum > 0 AS summed
    FROM partman.move_history;
SELECT count(*) AS misplaced FROM s.t WHERE at < substring(tableoid::regclass::text FROM '\d{8}')::timestamp AT TIME ZONE 'UTC'
    OR at >= (substring(tableoid::regclass::text FROM '\d{8}')::timestamp + interval '1 day') AT TIME ZONE 'UTC';

-- Again: nothing is left to do.
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.f');

-- A partition that cannot be made: what has moved stays moved.
INSERT INTO s.t VALUES (1, '2026-04-01 12:00+00', 'in the way');
TRUNCATE s.f;
INSERT INTO s.f VALUES ('x', '2026-03-01 00:00+00', 1), ('x', '2026-04-01 00:00+00', 2);
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.f', p_quiet => true);
SELECT s.rows('s.f') <> '0 0' AS still_there, count(*) = 1 AS not_moved FROM s.t WHERE at >= '2026-04-01 00:00+00';
DELETE FROM s.t WHERE at >= '2026-04-01 00:00+00';
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.f', p_quiet => true);
SELECT s.rows('s.f') AS left, count(*) FROM s.t WHERE at >= '2026-03-01 00:00+00';

-- A limit, an order, a smaller batch: partition by partition, as before. A trigger: by statements.
INSERT INTO s.f SELECT 'y', '2026-05-01 00:00+00'::timestamptz + n * interval '6 hours', n FROM generate_series(0, 11) n;
CALL partman.partition_data_proc('s.t', 1, p_wait => 0, p_source_table => 's.f');
CALL partman.partition_data_proc('s.t', 1, p_wait => 0, p_source_table => 's.f', p_order => 'DESC');
CREATE FUNCTION s.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''seen''; RETURN NEW; END';
CREATE TRIGGER look BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.look();
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.f');
SELECT s.rows('s.f') AS left, count(*), count(*) FILTER (WHERE note = 'seen') AS by_statement FROM s.t WHERE at >= '2026-05-01 00:00+00';
DROP TRIGGER look ON s.t;

-- Where the server would read in parallel. In one pass, from a query, step by step; out of the default; and back.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
INSERT INTO s.f SELECT 'z', '2026-06-01 00:00+00'::timestamptz + n * interval '6 hours', n FROM generate_series(0, 15) n;
ALTER TABLE s.f SET (parallel_workers = 2);
ALTER TABLE s.t_default SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT note, at, id, ctid FROM ONLY s.f WHERE at IS NOT NULL;
CALL partman.partition_data_proc('s.t', 1, p_wait => 0, p_source_table => 's.f', p_order => 'DESC');
SELECT partman.partition_data_time('s.t', 1, '6 hours', p_source_table => 's.f');
CALL partman.partition_data_proc('s.t', p_wait => 0, p_source_table => 's.f');
SELECT s.rows('s.f') AS left, count(*) FROM s.t WHERE at >= '2026-06-01 00:00+00';
INSERT INTO s.t SELECT n, '2026-07-01 00:00+00'::timestamptz + n * interval '6 hours', 'zz' FROM generate_series(0, 15) n;
CALL partman.partition_data_proc('s.t', 1, p_wait => 0);
SELECT partman.partition_data_time('s.t', 10);
SELECT count(*), (SELECT count(*) FROM s.t_default) AS in_default FROM s.t WHERE at >= '2026-07-01 00:00+00';
SELECT s.rows('s.t') AS before \gset
CREATE TABLE s.back (LIKE s.t);
CALL partman.undo_partition_proc('s.t', 's.back', p_wait => 0, p_keep_table => false, p_quiet => true);
SELECT s.rows('s.back') = :'before' AS all_there, s.rows('s.t') AS left;
RESET ALL;
SET client_min_messages = warning;

-- Numbers.
CREATE TABLE s.n (id bigint NOT NULL, v int) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.n', 'id', '100', p_premake => 1);
CREATE TABLE s.fn (v int, id bigint);
INSERT INTO s.fn SELECT n, n * 37 % 5000 FROM generate_series(1, 3000) n;
CALL partman.partition_data_proc('s.n', p_wait => 0, p_source_table => 's.fn');
SELECT s.rows('s.fn') AS left, count(*), sum(id), (SELECT count(*) FROM pg_inherits WHERE inhparent = 's.n'::regclass) AS partitions
    FROM s.n;

SET client_min_messages = warning;
DROP SCHEMA s CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
