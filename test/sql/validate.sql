-- What part_config and part_config_sub refuse when a row is written.
\set s v
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql

CREATE FUNCTION v.row(columns text, vals text) RETURNS text LANGUAGE sql AS $$
    SELECT v.would(format(
        'INSERT INTO partman.part_config (parent_table, control, partition_type, %s) VALUES (''v.t'', ''c'', ''range'', %s)',
        columns, vals))
$$;

\t on
\pset format unaligned

-- intervals of time sets
SELECT concat_ws(' / ', i.text) || ' -> ' || r FROM (VALUES (1, '1 day'), (2, '1 week'), (3, '1 mon'), (4, '01:00:00'), (5, '1 second'),
    (6, '0 days'), (7, '-1 day'), (8, '0.5 seconds'), (9, '1 mon 1 day'), (10, '1 year 01:00:00'),
    (11, 'banana'), (12, ''), (13, '10.5'), (14, '99999999999 years')) AS i(n, text),
    LATERAL v.row('partition_interval', quote_literal(i.text)) AS r ORDER BY n;

-- intervals of id sets
SELECT concat_ws(' / ', i.text) || ' -> ' || r FROM (VALUES (1, '10'), (2, ' 1000000 '), (3, '+2'), (4, '9223372036854775807'),
    (5, '1'), (6, '0'), (7, '-10'), (8, '9223372036854775808')) AS i(n, text),
    LATERAL v.row('partition_interval', quote_literal(i.text)) AS r ORDER BY n;
SELECT r FROM v.would($$INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
    VALUES ('v.t', 'c', 'list', '1')$$) AS r;

-- a bare number is no interval where the row speaks of time
SELECT r FROM v.row('partition_interval, epoch', $$'10', 'seconds'$$) AS r;
SELECT r FROM v.row('partition_interval, datetime_string', $$'10', 'YYYYMMDD'$$) AS r;
SELECT r FROM v.row('partition_interval, epoch', $$'1 day', 'milliseconds'$$) AS r;

-- retention
SELECT concat_ws(' / ', i.interval, i.text) || ' -> ' || r FROM (VALUES (1, '1 day', '90 days'), (2, '1 day', '0 days'), (3, '1 day', '1 mon 15 days'),
    (4, '1 day', '10'), (5, '1 day', 'banana'), (6, '1 day', '-30 days'), (7, '1 day', ''), (8, '1 day', ' 10 '),
    (9, '1000', '5000'), (10, '1000', '0'), (11, '1000', '-1'), (12, '1000', '90 days'), (13, '1000', '1e3'),
    (14, '1000', '99999999999999999999')) AS i(n, interval, text),
    LATERAL v.row('partition_interval, retention', quote_literal(i.interval) || ',' || quote_literal(i.text)) AS r
ORDER BY n;

-- truncation
SELECT concat_ws(' / ', i.text) || ' -> ' || r FROM (VALUES (1, 'week'), (2, 'QUARTER'), (3, 'fortnight'), (4, '')) AS i(n, text),
    LATERAL v.row('partition_interval, date_trunc_interval', $$'1 day', $$ || quote_literal(i.text)) AS r ORDER BY n;

-- the format of names; the quarters and weeks of version 4 stay
SELECT concat_ws(' / ', i.text) || ' -> ' || r FROM (VALUES (1, 'YYYYMMDD'), (2, 'YYYY_MM_DD'), (3, 'YYYYMMDD_HH24MISS'), (4, 'YYYY"q"Q'),
    (5, 'IYYY"w"IW'), (6, 'YYYYMon'), (7, 'YYYY\MM'), (8, '')) AS i(n, text),
    LATERAL v.row('partition_interval, datetime_string', $$'1 day', $$ || quote_literal(i.text)) AS r ORDER BY n;

-- encoders: a plain name, of a function there is
CREATE FUNCTION partman.enc(timestamptz) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE SCHEMA s;
CREATE FUNCTION s.täg$1(timestamptz) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';
SELECT concat_ws(' / ', i.text) || ' -> ' || r FROM (VALUES (1, 'partman.uuid7_time_encoder'), (2, 'enc'), (3, 's.täg$1'), (4, 's.f('), (5, 'a.b.c'),
    (6, 's."f"'), (7, 's.f; DROP TABLE x'), (8, 's. f'), (9, ''), (10, '1f'), (11, 's.'), (12, 's.other'), (13, 'partman.uuid7_time_decoder')) AS i(n, text),
    LATERAL v.row('partition_interval, time_encoder', $$'1 day', $$ || quote_literal(i.text)) AS r ORDER BY n;
SELECT r FROM v.row('partition_interval, time_decoder', $$'1 day', 'f()'$$) AS r;

-- what the table says itself
SELECT r FROM v.row('partition_interval', 'NULL') AS r;
SELECT r FROM v.row('partition_interval, epoch', $$'1 day', 'years'$$) AS r;
SELECT r FROM v.row('partition_interval, epoch', $$'10', 'years'$$) AS r;
\t off
\pset format aligned

-- part_config_sub, whose columns bear a prefix
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
VALUES ('v.top', 'c', 'range', '1 mon');
\t on
\pset format unaligned
SELECT concat_ws(' / ', i.cols, i.vals) || ' -> ' || r FROM (VALUES
    (1, 'sub_partition_interval', $$'1 day'$$), (2, 'sub_partition_interval', $$'1 mon 1 day'$$),
    (3, 'sub_partition_interval, sub_retention', $$'1 day', '10'$$),
    (4, 'sub_partition_interval, sub_retention', $$'10', '10 days'$$),
    (5, 'sub_partition_interval, sub_date_trunc_interval', $$'1 day', 'moon'$$),
    (6, 'sub_partition_interval, sub_time_encoder', $$'1 day', 'a b'$$)) AS i(n, cols, vals),
    LATERAL v.would(format('INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_type, %s)
        VALUES (''v.top'', ''c'', ''range'', %s)', i.cols, i.vals)) AS r ORDER BY n;

-- updates are judged by what they change
SELECT r FROM v.would($$UPDATE partman.part_config SET retention = '30' WHERE parent_table = 'v.top'$$) AS r;
SELECT r FROM v.would($$UPDATE partman.part_config SET partition_interval = '10', retention = '30' WHERE parent_table = 'v.top'$$) AS r;
ALTER TABLE partman.part_config DISABLE TRIGGER part_config_check;
UPDATE partman.part_config SET retention = 'banana' WHERE parent_table = 'v.top';
ALTER TABLE partman.part_config ENABLE TRIGGER part_config_check;
SELECT r FROM v.would($$UPDATE partman.part_config SET maintenance_last_run = now() WHERE parent_table = 'v.top'$$) AS r;
SELECT r FROM v.would($$UPDATE partman.part_config SET premake = 0 WHERE parent_table = 'v.top'$$) AS r;
SELECT r FROM v.would($$UPDATE partman.part_config SET partition_interval = '1 day' WHERE parent_table = 'v.top'$$) AS r;
UPDATE partman.part_config SET retention = NULL WHERE parent_table = 'v.top';

-- a rename carries the sub-configuration along
INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_type, sub_partition_interval)
VALUES ('v.top', 'c', 'range', '1 day');
UPDATE partman.part_config SET parent_table = 'v.renamed' WHERE parent_table = 'v.top';
SELECT sub_parent FROM partman.part_config_sub;

-- the trigger function is of no other use
SELECT r FROM v.would('SELECT partman.part_config_check()') AS r;
CREATE TABLE v.other (a text);
CREATE TRIGGER t BEFORE INSERT ON v.other FOR EACH ROW EXECUTE FUNCTION partman.part_config_check();
SELECT r FROM v.would($$INSERT INTO v.other VALUES ('x')$$) AS r;
CREATE TABLE v.lookalike (parent_table int, partition_interval int);
CREATE TRIGGER t BEFORE INSERT ON v.lookalike FOR EACH ROW EXECUTE FUNCTION partman.part_config_check();
SELECT r FROM v.would('INSERT INTO v.lookalike VALUES (1, 1)') AS r;
CREATE TABLE v.after (parent_table text, partition_interval text);
CREATE TRIGGER t AFTER INSERT ON v.after FOR EACH ROW EXECUTE FUNCTION partman.part_config_check();
SELECT r FROM v.would($$INSERT INTO v.after VALUES ('x', '1 day')$$) AS r;
\t off
\pset format aligned

DROP SCHEMA v CASCADE;
DROP SCHEMA s CASCADE;
DROP FUNCTION partman.enc(timestamptz);
DROP EXTENSION pg_strata;
DROP SCHEMA partman;
