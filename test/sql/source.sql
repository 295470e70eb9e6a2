-- partition_data_time, _id, _proc with p_source_table: rows of a table outside the set move into its partitions.
\set s s
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql
-- rows by partition
CREATE FUNCTION s.spread(parent regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE format('SELECT string_agg(p || '':'' || n, '' '' ORDER BY p COLLATE "C") FROM (SELECT c.relname AS p, count(*) AS n
        FROM %s t JOIN pg_class c ON c.oid = t.tableoid GROUP BY 1) g', parent) INTO r;
    RETURN r;
END $$;

-- numbers: missing partitions are created on the grid; ascending to key + batch, descending from key - batch
CREATE TABLE s.n (id int NOT NULL, v text DEFAULT 'new', twice int GENERATED ALWAYS AS (id * 2) STORED)
    PARTITION BY RANGE (id);
SELECT partman.create_parent('s.n', 'id', '10', p_premake => 1, p_start_partition => '5');
CREATE TABLE s.from_n (LIKE s.n INCLUDING ALL);
INSERT INTO s.from_n SELECT i, 'old' FROM generate_series(-7, 44) i;
SELECT partman.partition_data_id('s.n', p_batch_interval => 3, p_source_table => 's.from_n');
SELECT partman.partition_data_id('s.n', 1, 3, p_source_table => 's.from_n');
SELECT partman.partition_data_id('s.n', 1, 3, p_source_table => 's.from_n', p_order => 'DESC');
SELECT s.spread('s.n');
SELECT partman.partition_data_id('s.n', p_batch_interval => 1000, p_source_table => 's.from_n', p_ignored_columns => '{v}');
SELECT v, count(*), sum(twice) = 2 * sum(id) AS computed FROM s.n GROUP BY v ORDER BY v;
SELECT partman.partition_data_id('s.n', 100, p_source_table => 's.from_n');
SELECT s.spread('s.n'), count(*), count(DISTINCT id), (SELECT count(*) FROM s.from_n) AS left FROM s.n;
SELECT partman.partition_data_id('s.n', p_source_table => 's.from_n');

-- times: triggers of the partition fire; infinite and missing keys stay in the source; dates
CREATE TABLE s.t (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.t_default PARTITION OF s.t DEFAULT;
SELECT s.register('s.t', 'at', '1 day');
CREATE FUNCTION s.mark() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := NEW.id + 1000; RETURN NEW; END';
CREATE TRIGGER mark BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.mark();
CREATE TABLE s.from_t (id int, at timestamptz);
INSERT INTO s.from_t SELECT h, '2026-01-01 00:00+00'::timestamptz + h * interval '1 hour' FROM generate_series(0, 71) h;
INSERT INTO s.from_t VALUES (901, 'infinity'), (902, '-infinity'), (903, NULL);
SELECT partman.partition_data_time('s.t', 1, '6 hours', p_source_table => 's.from_t');
SELECT partman.partition_data_time('s.t', 2, p_source_table => 's.from_t', p_order => 'DESC', p_analyze => false);
CALL partman.partition_data_proc('s.t', 1, '6 hours', p_source_table => 's.from_t', p_wait => 0, p_quiet => true);
SET client_min_messages = notice;
CALL partman.partition_data_proc('s.t', p_source_table => 's.from_t', p_wait => 0);
SET client_min_messages = warning;
SELECT s.spread('s.t'), min(id), max(id) FROM s.t;
SELECT id FROM s.from_t ORDER BY id;
CREATE TABLE s.d (id int, at date NOT NULL) PARTITION BY RANGE (at);
SELECT s.register('s.d', 'at', '1 month');
CREATE TABLE s.from_d AS SELECT i AS id, '2025-12-30'::date + i AS at FROM generate_series(0, 4) i;
SELECT partman.partition_data_time('s.d', p_batch_interval => '1 hour', p_source_table => 's.from_d');
SELECT partman.partition_data_time('s.d', 9, p_source_table => 's.from_d');
SELECT s.spread('s.d');

-- epochs, UUIDs and lists
CREATE TABLE s.e (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT s.register('s.e', 'id', '1 day', 'milliseconds');
CREATE TABLE s.from_e AS SELECT 1767225600000 + i * 21600000 AS id FROM generate_series(0, 11) i;
SELECT partman.partition_data_time('s.e', 99, '12 hours', p_source_table => 's.from_e'), count(*) FROM s.from_e;
CREATE TABLE s.x (id uuid NOT NULL) PARTITION BY RANGE (id);
SELECT s.register('s.x', 'id', '1 day', 'none', 'partman.uuid7_time_encoder', 'partman.uuid7_time_decoder');
CREATE TABLE s.from_x AS SELECT partman.uuid7_time_encoder('2026-01-01 00:00+00'::timestamptz + i * interval '6 hours') AS id
    FROM generate_series(0, 11) i;
SELECT partman.partition_data_time('s.x', 1, p_source_table => 's.from_x');
SELECT partman.partition_data_time('s.x', 9, p_source_table => 's.from_x');
CREATE TABLE s.l (id int NOT NULL) PARTITION BY LIST (id);
SELECT partman.create_parent('s.l', 'id', '1', 'list', p_premake => 1, p_start_partition => '0');
CREATE TABLE s.from_l AS SELECT i % 4 AS id FROM generate_series(1, 20) i;
SELECT partman.partition_data_id('s.l', p_source_table => 's.from_l'), partman.partition_data_id('s.l', 9, p_source_table => 's.from_l');
SELECT s.spread('s.l'), s.spread('s.e'), s.spread('s.x');

-- ignored columns of the default get their defaults
INSERT INTO s.n VALUES (1000, 'kept'), (1001, 'kept');
SELECT partman.partition_data_id('s.n', p_ignored_columns => '{v}');
SELECT * FROM s.n WHERE id >= 1000 ORDER BY id;

-- a partitioned partition passes rows on
CREATE TABLE s.top (id int NOT NULL, k int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE s.top_p0 PARTITION OF s.top FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (k);
CREATE TABLE s.top_p0_low PARTITION OF s.top_p0 FOR VALUES FROM (0) TO (100);
CREATE TABLE s.top_p0_high PARTITION OF s.top_p0 FOR VALUES FROM (100) TO (200);
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('s.top', 'id', 'range', '10');
CREATE TABLE s.from_top AS SELECT i AS id, i * 20 AS k FROM generate_series(0, 9) i;
SELECT partman.partition_data_id('s.top', p_source_table => 's.from_top');
SELECT s.spread('s.top');

-- what is refused, before anything is changed
CREATE TABLE s.from_bad (LIKE s.t);
INSERT INTO s.from_bad VALUES (1, '2026-01-01');
SELECT s.try($$SELECT partman.partition_data_time('s.nothing', p_source_table => 's.from_bad')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.from_bad', p_ignore_infinity => true)$$);
SELECT s.try($$SELECT partman.partition_data_id('s.t', p_source_table => 's.from_bad')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.t_default')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.t_p20260101')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.t')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.top')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.missing')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.from_n')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.from_bad', p_order => 'asc')$$);
SELECT s.try($$SELECT partman.partition_data_time('s.t', 1, '10 ms', p_source_table => 's.from_bad')$$);
ALTER TABLE s.from_bad ADD PRIMARY KEY (id);
CREATE TABLE s.child (id int REFERENCES s.from_bad ON DELETE SET NULL);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.from_bad')$$);
DROP TABLE s.child;
-- deferred keys are checked at once; rows the default holds are in the way
CREATE TABLE s.child (id int REFERENCES s.from_bad DEFERRABLE INITIALLY DEFERRED);
INSERT INTO s.child VALUES (1);
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.from_bad')$$);
DROP TABLE s.child;
UPDATE s.from_bad SET at = '2027-06-01';
INSERT INTO s.t VALUES (1, '2027-06-01');
SELECT s.try($$SELECT partman.partition_data_time('s.t', p_source_table => 's.from_bad')$$);
SELECT count(*) FROM s.from_bad;

-- who may: the owner of the set needs SELECT and DELETE on the source (a superuser: other_owner)
CREATE ROLE regress_strata_source;
GRANT ALL ON SCHEMA s, partman TO regress_strata_source;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_source;
SET ROLE regress_strata_source;
CREATE TABLE s.own (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT s.register('s.own', 'at', '1 day');
SELECT s.try($$SELECT partman.partition_data_time('s.own', p_source_table => 's.from_bad')$$);
RESET ROLE;
GRANT SELECT, DELETE ON s.from_bad TO regress_strata_source;
SET ROLE regress_strata_source;
SELECT partman.partition_data_time('s.own', p_source_table => 's.from_bad');
RESET ROLE;

DROP OWNED BY regress_strata_source CASCADE;
DROP ROLE regress_strata_source;
DROP SCHEMA s CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
