-- show_partitions, show_partition_name, show_partition_info: answers come from the catalogs.
\set s s
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql
CREATE SCHEMA elsewhere;

-- A set as an administrator would register it by hand.
CREATE FUNCTION s.manage(parent text, control text, width text, zone text, format text DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, datetime_string)
    VALUES (parent, control, 'range', width, format);
    INSERT INTO partman.part_policy (parent_table, time_zone, parent_oid, database_oid, system_identifier)
    SELECT parent, zone, c.oid, d.oid, y.system_identifier
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, pg_database AS d, pg_control_system() AS y
    WHERE n.nspname || '.' || c.relname = parent AND d.datname = current_database();
$$;

-- A daily set in UTC, although the session is elsewhere. Names and creation order say nothing; widths differ; one day is
-- missing; both ends are open.
CREATE TABLE s.day (at timestamptz NOT NULL, x int) PARTITION BY RANGE (at);
CREATE TABLE s.day_default PARTITION OF s.day DEFAULT;
CREATE TABLE s.day_p20260103 PARTITION OF s.day FOR VALUES FROM ('2026-01-03 00:00+00') TO ('2026-01-04 00:00+00');
CREATE TABLE elsewhere."Zweiter Tag" PARTITION OF s.day FOR VALUES FROM ('2026-01-02 00:00+00') TO ('2026-01-03 00:00+00');
CREATE TABLE s.day_p20260101 PARTITION OF s.day FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-01-02 00:00+00');
CREATE TABLE s.a_week PARTITION OF s.day FOR VALUES FROM ('2026-01-05 00:00+00') TO ('2026-01-12 00:00+00');
CREATE TABLE s.early PARTITION OF s.day FOR VALUES FROM (MINVALUE) TO ('2020-01-01 00:00+00');
SELECT s.manage('s.day', 'at', '1 day', 'UTC', 'YYYYMMDD');

SELECT * FROM partman.show_partitions('s.day');
SELECT * FROM partman.show_partitions('s.day', 'desc', true);
SELECT * FROM partman.show_partitions('s.day', NULL, NULL);
SELECT s.would($$SELECT partman.show_partitions('s.day', 'up')$$);
SELECT s.would($$SELECT partman.show_partitions(NULL)$$);
SELECT s.would($$SELECT partman.show_partitions('s.nosuch')$$);
SELECT s.would($$SELECT partman.show_partitions('"s"."day"')$$);

-- the partition of a value: in a child, between children, above, below; no offset means the set's zone
SET TimeZone = 'UTC';
SELECT v.value, n.* FROM (VALUES (1, '2026-01-01'), (2, '2026-01-02 23:59:59.999999'), (3, '2026-01-02 20:00-08'), (4, '2026-01-04 12:00'),
    (5, '2026-01-11'), (6, '2026-01-12'), (7, '2026-03-15 10:00'), (8, '2025-12-31'), (9, '2020-01-01'), (10, '2019-12-31'),
    (11, '4000-01-01 BC')) AS v(n, value), LATERAL partman.show_partition_name('s.day', v.value) AS n ORDER BY v.n;
SET TimeZone = 'Asia/Tokyo';
SELECT * FROM partman.show_partition_name('s.day', '2026-01-03 00:00');
RESET TimeZone;
SELECT s.would(format('SELECT partman.show_partition_name(%L, %L)', 's.day', v)) FROM unnest(ARRAY['infinity', '-infinity', 'soon',
    '294276-12-31 23:59', '2026-02-30', NULL]) AS v;

-- bounds of each; the default has none
SET TimeZone = 'UTC';
SELECT p.partition_tablename, i.* FROM partman.show_partitions('s.day', 'ASC', true) AS p,
    LATERAL partman.show_partition_info(p.partition_schemaname || '.' || p.partition_tablename) AS i;
SELECT * FROM partman.show_partition_info('s.day_p20260103', '1 mon', 's.day');
SELECT * FROM partman.show_partition_info('day_p20270203', NULL, 's.day', false);
SELECT s.would(format('SELECT partman.show_partition_info(%s)', v)) FROM unnest(ARRAY[$$'s.day_p20260103', 'banana'$$,
    $$'s.nosuch'$$, $$'s.nosuch', NULL, 's.day'$$, $$'s.day'$$, $$'partman.part_config', NULL, 's.day'$$,
    $$'s.day_p20260103', NULL, 's.nosuch'$$, $$'day_p20270203', NULL, NULL, false$$, $$NULL$$,
    $$'day_2027', NULL, 's.day', false$$, $$'day_p2027', NULL, 's.day', false$$, $$'day_p20270230', NULL, 's.day', false$$,
    $$'day_p202702031', NULL, 's.day', false$$]) AS v;
RESET TimeZone;

-- who has the name: a table that is no child any more; a child of another set; a view
ALTER TABLE s.day DETACH PARTITION s.day_p20260103;
CREATE TABLE s.other (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.day_p20260201 PARTITION OF s.other FOR VALUES FROM ('2026-02-01 00:00+00') TO ('2026-02-02 00:00+00');
CREATE VIEW s.day_p20260202 AS SELECT 1 AS one;
SELECT n.partition_schema, n.partition_table, n.table_exists FROM unnest(ARRAY['2026-01-03', '2026-02-01', '2026-02-02', '2026-02-03']) AS v(value),
    LATERAL partman.show_partition_name('s.day', v.value) AS n ORDER BY v.value;
SELECT s.would($$SELECT partman.show_partition_info('s.day_p20260103')$$);
SELECT s.would($$SELECT partman.show_partition_info('s.day_p20260201', NULL, 's.day')$$);
SELECT s.would($$SELECT partman.show_partition_info('s.day_p20260201')$$);

-- a set without children
CREATE TABLE s.none (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.none_default PARTITION OF s.none DEFAULT;
SELECT s.manage('s.none', 'at', '1 day', 'UTC', 'YYYYMMDD');
SELECT * FROM partman.show_partitions('s.none');
SELECT s.would($$SELECT partman.show_partition_name('s.none', '2026-01-01')$$);

-- days in a zone that changes its clock
CREATE TABLE s.la (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.la_p20261031 PARTITION OF s.la FOR VALUES FROM ('2026-10-31 07:00+00') TO ('2026-11-01 07:00+00');
SELECT s.manage('s.la', 'at', '1 day', 'America/Los_Angeles', 'YYYYMMDD');
SELECT n.* FROM unnest(ARRAY['2026-10-31', '2026-11-01 23:30', '2026-11-02', '2026-03-08 12:00']) AS v(value),
    LATERAL partman.show_partition_name('s.la', v.value) AS n;

-- hours there: the repeated one gets a name of its own
CREATE TABLE s.hour (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.hour_p20261101_010000 PARTITION OF s.hour FOR VALUES FROM ('2026-11-01 08:00+00') TO ('2026-11-01 09:00+00');
SELECT s.manage('s.hour', 'at', '1 hour', 'America/Los_Angeles', 'YYYYMMDD_HH24MISS');
SELECT n.* FROM unnest(ARRAY['2026-11-01 01:30-07', '2026-11-01 01:30-08', '2026-11-01 02:30']) AS v(value),
    LATERAL partman.show_partition_name('s.hour', v.value) AS n;

-- the suffix is truncated for the interval, without date_trunc_interval: contract 8.5
CREATE TABLE s.quarter (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.quarter_p20261122_211500 PARTITION OF s.quarter FOR VALUES FROM ('2026-11-22 21:15+00') TO ('2026-11-22 21:30+00');
SELECT s.manage('s.quarter', 'at', '15 minutes', 'UTC', 'YYYYMMDD_HH24MISS');
SELECT suffix FROM partman.show_partition_info('s.quarter_p20261122_211500');

-- keys without zone mean the wall clock, also where the session's skips an hour
CREATE TABLE s.wall (at timestamp NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.wall_p20260308_010000 PARTITION OF s.wall FOR VALUES FROM ('2026-03-08 01:00') TO ('2026-03-08 02:00');
SELECT s.manage('s.wall', 'at', '1 hour', 'America/Los_Angeles', 'YYYYMMDD_HH24MISS');
SELECT n.* FROM unnest(ARRAY['2026-03-08 01:59', '2026-03-08 02:30', '2026-03-08 03:30', '2026-03-08 10:30+00']) AS v(value),
    LATERAL partman.show_partition_name('s.wall', v.value) AS n;
SELECT suffix FROM partman.show_partition_info('wall_p20260308_020000', NULL, 's.wall', false);
CREATE TABLE s.dates (d date NOT NULL) PARTITION BY RANGE (d);
CREATE TABLE s.dates_p20260101 PARTITION OF s.dates FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE s.dates_p20260301 PARTITION OF s.dates FOR VALUES FROM ('2026-03-01') TO (MAXVALUE);
SELECT s.manage('s.dates', 'd', '1 mon', NULL, 'YYYYMMDD');
SELECT n.* FROM unnest(ARRAY['2026-01-31 23:59', '2026-02-10', '2031-05-05', '2025-12-31']) AS v(value),
    LATERAL partman.show_partition_name('s.dates', v.value) AS n;
SELECT i.* FROM partman.show_partitions('s.dates') AS p, LATERAL partman.show_partition_info('s.' || p.partition_tablename) AS i;

-- names of version 4
CREATE TABLE s.v4 (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE s.v4_p2026q1 PARTITION OF s.v4 FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-04-01 00:00+00');
SELECT s.manage('s.v4', 'at', '3 mons', 'UTC', 'YYYY"q"Q');
SELECT n.partition_table, n.table_exists FROM unnest(ARRAY['2026-02-01', '2026-12-01']) AS v(value),
    LATERAL partman.show_partition_name('s.v4', v.value) AS n;

-- integers: by number, offsets and gaps included; below zero cells reach downwards
CREATE TABLE s.id (id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE s.id_default PARTITION OF s.id DEFAULT;
CREATE TABLE s.id_p105 PARTITION OF s.id FOR VALUES FROM (105) TO (115);
CREATE TABLE s.id_p5 PARTITION OF s.id FOR VALUES FROM (5) TO (15);
CREATE TABLE s.id_low PARTITION OF s.id FOR VALUES FROM (MINVALUE) TO (-1000);
SELECT s.manage('s.id', 'id', '10', NULL);
SELECT * FROM partman.show_partitions('s.id', 'DESC', true);
SELECT v.value, n.* FROM unnest(ARRAY['5', '14', '57', '115', '-1', '-1001', '9223372036854775000', ' 7 ']) WITH ORDINALITY AS v(value, n),
    LATERAL partman.show_partition_name('s.id', v.value) AS n ORDER BY v.n;
SELECT s.would(format('SELECT partman.show_partition_name(%L, %L)', 's.id', v)) FROM unnest(ARRAY['37.5', '2026-01-01', '99999999999999999999',
    '9223372036854775807']) AS v;
SELECT p.partition_tablename, i.* FROM partman.show_partitions('s.id', 'ASC', true) AS p,
    LATERAL partman.show_partition_info('s.' || p.partition_tablename) AS i;
SELECT * FROM partman.show_partition_info('id_p-10', NULL, 's.id', false);
SELECT s.would($$SELECT partman.show_partition_info('id_px', NULL, 's.id', false)$$);
CREATE TABLE s.small (id smallint NOT NULL) PARTITION BY RANGE (id);
SELECT s.manage('s.small', 'id', '1000', NULL);
SELECT n.* FROM partman.show_partition_name('s.small', '2500') AS n;
SELECT s.would($$SELECT partman.show_partition_name('s.small', '32767')$$);
SELECT s.would($$SELECT partman.show_partition_name('s.small', '40000')$$);

-- options that only maintenance needs are no obstacle; the key is read as the configuration says
UPDATE partman.part_config SET retention_schema = 'archive', constraint_cols = '{x}' WHERE parent_table = 's.day';
SELECT count(*) FROM partman.show_partitions('s.day');
UPDATE partman.part_config SET epoch = 'seconds', partition_interval = '1 day' WHERE parent_table = 's.small';
SELECT s.would($$SELECT partman.show_partitions('s.small')$$);

-- neither is a partition that DETACH CONCURRENTLY has left half detached
BEGIN;
UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 's.a_week'::regclass;
SELECT count(*) FROM partman.show_partitions('s.day');
SELECT child_end_time AT TIME ZONE 'UTC' AS child_end_time FROM partman.show_partition_info('s.a_week');
ROLLBACK;

-- a parent that was renamed is found again, under its configured name and from its children; a dropped one is not
ALTER TABLE s.la RENAME TO la2;
SELECT * FROM partman.show_partitions('s.la');
SELECT suffix FROM partman.show_partition_info('s.la_p20261031');
SELECT partition_table FROM partman.show_partition_name('s.la', '2026-12-24');
DROP TABLE s.la2;
SELECT s.would($$SELECT partman.show_partitions('s.la')$$);

-- a zone nobody recorded is told from the bounds
UPDATE partman.part_policy SET time_zone = NULL WHERE parent_table = 's.day';
SET TimeZone = 'Asia/Tokyo';
SELECT partition_table FROM partman.show_partition_name('s.day', '2026-01-04 00:00');
RESET TimeZone;

-- rights: the configuration, then ownership or SELECT
CREATE ROLE regress_strata_show;
GRANT USAGE ON SCHEMA partman, s TO regress_strata_show;
GRANT EXECUTE ON FUNCTION s.would TO regress_strata_show;
SET ROLE regress_strata_show;
SELECT s.would($$SELECT partman.show_partitions('s.day')$$);
RESET ROLE;
GRANT SELECT ON partman.part_config, partman.part_policy TO regress_strata_show;
SET ROLE regress_strata_show;
SELECT s.would($$SELECT partman.show_partitions('s.day')$$);
SELECT s.would($$SELECT partman.show_partition_name('s.day', '2026-01-01')$$);
SELECT s.would($$SELECT partman.show_partition_info('s.day_p20260101')$$);
RESET ROLE;
GRANT SELECT ON s.day TO regress_strata_show;
SET ROLE regress_strata_show;
SELECT count(*) FROM partman.show_partitions('s.day');
SELECT suffix FROM partman.show_partition_info('s.day_p20260101');
RESET ROLE;
DROP OWNED BY regress_strata_show;
DROP ROLE regress_strata_show;

DROP SCHEMA s, elsewhere CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman;
