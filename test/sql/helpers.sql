-- Functions that need no set.
\set s h
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql

-- check_control_type
CREATE DOMAIN h.when_ AS timestamptz;
CREATE TYPE h.date AS ENUM ('a');
CREATE TABLE h.t (tz timestamptz, ts timestamp, d date, i2 int2, i4 int4, i8 int8, n numeric, t text, v varchar(10),
                  c char(3), u uuid, f float8, dom h.when_, odd h.date, "Up Per" date, gone int);
ALTER TABLE h.t DROP COLUMN gone;
SELECT a.attname, k.* FROM pg_attribute AS a LEFT JOIN LATERAL partman.check_control_type('h', 't', a.attname) AS k ON true
WHERE a.attrelid = 'h.t'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
SELECT * FROM partman.check_control_type('h', 't', 'gone');
SELECT * FROM partman.check_control_type('h', 't', 'ctid');
SELECT * FROM partman.check_control_type('h', 'T', 'tz');
SELECT * FROM partman.check_control_type(NULL, 't', 'tz');

-- check_name_length
SELECT partman.check_name_length('t', '20240101', true) AS child, partman.check_name_length('t', '_default') AS rest,
       partman.check_name_length('t') AS plain, partman.check_name_length('t', NULL, NULL) AS nulls,
       partman.check_name_length(NULL, 'x') AS no_name;
SELECT n.name, length(n.name) AS characters, octet_length(n.name) AS bytes FROM (VALUES
    (1, partman.check_name_length(repeat('x', 70), '20240101', true)),
    (2, partman.check_name_length(repeat('é', 40), '20240101', true)),
    (3, partman.check_name_length(repeat('é', 40))),
    (4, partman.check_name_length('x', repeat('9', 70))),
    (5, partman.check_name_length(repeat('x', 53), '20240101', true))) AS n(n, name) ORDER BY n;
SELECT h.would($$SELECT partman.check_name_length('t', NULL, true)$$);
SELECT h.would($$SELECT partman.check_name_length('t', '', true)$$);

-- calculate_time_partition_info: contract 3.2
SELECT i.interval, k.* FROM (VALUES (1, '59 seconds'), (2, '1 minute'), (3, '23 hours'), (4, '24 hours'), (5, '7 days'),
    (6, '29 days'), (7, '30 days'), (8, '3 months'), (9, '359 days'), (10, '360 days'), (11, '365 days'), (12, '1 year'),
    (13, '10 years'), (14, '100 years'), (15, '1000 years')) AS i(n, interval),
    LATERAL partman.calculate_time_partition_info(i.interval::interval, '2026-11-22 13:47:38.5') AS k ORDER BY n;
SELECT f.field, k.base_timestamp FROM (VALUES (1, 'week'), (2, 'quarter'), (3, 'Hour'), (4, 'millennium')) AS f(n, field),
    LATERAL partman.calculate_time_partition_info('1 day', '2026-11-22 13:47:38.5', f.field) AS k ORDER BY n;
SELECT * FROM partman.calculate_time_partition_info(NULL, now());
SELECT * FROM partman.calculate_time_partition_info('1 hour', NULL);
SELECT * FROM partman.calculate_time_partition_info('1 day', 'infinity');
SELECT h.would($$SELECT partman.calculate_time_partition_info('1 day', now(), 'moon')$$);
SELECT h.would($$SELECT partman.calculate_time_partition_info('1 day', '4714-11-24 00:00:00+00 BC', 'millennium')$$);

-- always what date_trunc says, in every zone: only differences are shown
CREATE FUNCTION h.differences(zone text, OUT field text, OUT t timestamptz, OUT ours timestamptz, OUT servers timestamptz)
RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('TimeZone', zone, true);
    RETURN QUERY
    SELECT f.f, s.t, k.base_timestamp, date_trunc(f.f, s.t)
    FROM unnest(ARRAY['millennium', 'century', 'decade', 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute',
                      'second']) AS f(f),
         LATERAL (SELECT '2026-03-01 00:20:17.5+00'::timestamptz + n * interval '7 hours 13 minutes' AS t
                  FROM generate_series(0, 1000) AS n
                  UNION ALL
                  SELECT '0003-01-01 12:00:00+00 BC'::timestamptz + n * interval '97 days' FROM generate_series(0, 40) AS n
                 ) AS s,
         LATERAL partman.calculate_time_partition_info('1 day', s.t, f.f) AS k
    WHERE k.base_timestamp IS DISTINCT FROM date_trunc(f.f, s.t);
END $$;
SELECT z.zone, d.* FROM unnest(ARRAY['UTC', 'America/Los_Angeles', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu',
                                     'America/Sao_Paulo', '<+0330>-03:30']) AS z(zone), LATERAL h.differences(z.zone) AS d
ORDER BY 1, 2, 3;

-- the setting
SHOW pg_strata.strict_maintenance;
SET pg_strata.strict_maintenance = off;
SHOW pg_strata.strict_maintenance;
SELECT h.would('SET pg_strata.strict = on');

DROP SCHEMA h CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman;
