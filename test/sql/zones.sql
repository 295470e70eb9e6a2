-- Time zones: no hole and no overlap over a change of the clock, names once each, and the set's own zone holds whatever
-- the session says. The oracle is SQL: origin + n * interval and AT TIME ZONE; it prints only what differs.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA z;
SET DateStyle = 'ISO, MDY';
\pset format unaligned

-- The name never depends on the session: parts print in UTC.
CREATE VIEW z.parts AS
SELECT i.inhparent::regclass::text AS parent, c.relname::text AS child, b[1]::timestamptz AS lo, b[2]::timestamptz AS hi
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']*)''\) TO \(''([^'']*)') AS b
WHERE b IS NOT NULL;
CREATE FUNCTION z.whole(parent text) RETURNS TABLE (children bigint, names bigint, holes bigint, first text, last text) LANGUAGE sql AS $$
    SELECT count(*), count(DISTINCT child), count(*) FILTER (WHERE lo <> before), min(lo AT TIME ZONE 'UTC')::text, max(hi AT TIME ZONE 'UTC')::text
    FROM (SELECT child, lo, hi, lag(hi) OVER (ORDER BY lo) AS before FROM z.parts WHERE z.parts.parent = whole.parent) AS p
$$;

-- Hourly over both changes in Europe/Paris: spring skips a name, autumn needs one twice
SET TimeZone = 'Europe/Paris';
CREATE TABLE z.hour (at timestamptz NOT NULL, n int) PARTITION BY RANGE (at);
SELECT partman.create_parent('z.hour', 'at', '1 hour', p_start_partition := '2099-03-28 22:00', p_premake := 1);
SELECT partman.create_partition_time('z.hour', ARRAY(SELECT generate_series(timestamptz '2099-03-28 23:00', '2099-03-29 06:00', '1 hour')));
SELECT * FROM z.whole('z.hour');
SELECT child, lo, hi FROM z.parts WHERE parent = 'z.hour' AND lo >= '2099-03-29 00:00' AND lo < '2099-03-29 05:00' ORDER BY lo;
CREATE TABLE z.hour2 (at timestamptz NOT NULL, n int) PARTITION BY RANGE (at);
SELECT partman.create_parent('z.hour2', 'at', '1 hour', p_start_partition := '2099-10-24 23:00', p_premake := 1);
SELECT partman.create_partition_time('z.hour2', ARRAY(SELECT generate_series(timestamptz '2099-10-25 00:00', '2099-10-25 06:00', '1 hour')));
SELECT * FROM z.whole('z.hour2');
SELECT regexp_replace(child, '[0-9a-f]{8}_p', '<hash>_p') AS child, lo, hi FROM z.parts WHERE parent = 'z.hour2' AND lo < '2099-10-25 05:00' ORDER BY lo;
INSERT INTO z.hour2 SELECT generate_series(timestamptz '2099-10-24 23:30', '2099-10-25 06:30', '1 hour'), 1;
SELECT count(*), count(DISTINCT tableoid), (SELECT count(*) FROM z.hour2_default) AS strays FROM z.hour2;
SELECT v, regexp_replace(n.partition_table, '[0-9a-f]{8}_p', '<hash>_p') AS partition_table, n.table_exists
FROM unnest('{2099-10-25 02:30+02,2099-10-25 02:30+01,2099-10-25 03:30}'::text[]) AS v, LATERAL partman.show_partition_name('z.hour2', v) AS n ORDER BY v DESC;

-- What maintenance makes, over real changes of the clock ahead: a year of hours would be too many, so 15 months of days
CREATE TABLE z.day (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('z.day', 'at', '1 day', p_premake := 1);
UPDATE partman.part_config SET infinite_time_partitions = true, premake = 400 WHERE parent_table = 'z.day';
SELECT partman.run_maintenance('z.day');
SELECT children BETWEEN 401 AND 404 AS children, names = children AS names, holes FROM z.whole('z.day');
SELECT count(*) FILTER (WHERE hi - lo = interval '23 hours') BETWEEN 1 AND 2 AS short, count(*) FILTER (WHERE hi - lo = interval '25 hours') BETWEEN 1 AND 2 AS long,
       bool_and(lo = date_trunc('day', lo) AND child = 'day_p' || to_char(lo, 'YYYYMMDD')) AS midnights FROM z.parts WHERE parent = 'z.day';

-- Made in Paris, maintained in UTC, in Tokyo and by New York's clock: bounds and names stay Paris's
CREATE TABLE z.moved (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('z.moved', 'at', '1 day', p_premake := 2);
UPDATE partman.part_config SET infinite_time_partitions = true, premake = 100 WHERE parent_table = 'z.moved';
SET TimeZone = 'UTC';
SELECT partman.run_maintenance('z.moved');
UPDATE partman.part_config SET premake = 150 WHERE parent_table = 'z.moved';
SET TimeZone = 'Asia/Tokyo';
CALL partman.run_maintenance_proc();
UPDATE partman.part_config SET premake = 200 WHERE parent_table = 'z.moved';
SET TimeZone = 'America/New_York';
SET DateStyle = 'German';
SELECT partman.run_maintenance();
SET DateStyle = 'ISO, MDY';
SELECT children BETWEEN 203 AND 209 AS children, names = children AS names, holes FROM z.whole('z.moved');
SELECT count(*) FROM z.parts WHERE parent = 'z.moved' AND (extract(hour FROM lo AT TIME ZONE 'Europe/Paris') <> 0
    OR child <> 'moved_p' || to_char(lo AT TIME ZONE 'Europe/Paris', 'YYYYMMDD') OR hi AT TIME ZONE 'Europe/Paris' <> lo AT TIME ZONE 'Europe/Paris' + interval '1 day');
SELECT time_zone FROM partman.part_policy WHERE parent_table = 'z.moved';
SELECT partition_table, table_exists FROM partman.show_partition_name('z.hour2', '2099-10-25 04:30+01');
-- retention by Paris's midnights, too
UPDATE partman.part_config SET retention = '0 days', retention_keep_table = false WHERE parent_table = 'z.moved';
SELECT partman.run_maintenance('z.moved');
SELECT min(lo) <= now() AND now() < min(hi) AS today_is_first FROM z.parts WHERE parent = 'z.moved';

-- Midnight that does not exist, or comes twice: America/Asuncion and Africa/Cairo change their clocks at 00:00
CREATE FUNCTION z.days(zone text, first text, days int) RETURNS TABLE (children bigint, names bigint, holes bigint, hours text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('TimeZone', zone, true);
    CREATE TABLE z.mid (at timestamptz NOT NULL) PARTITION BY RANGE (at);
    PERFORM partman.create_parent('z.mid', 'at', '1 day', p_start_partition := '2099-01-01', p_premake := 1, p_template_table := 'false');
    -- bounds as the grid has them: asked for by a time inside each day
    PERFORM partman.create_partition_time('z.mid', ARRAY(
        SELECT DISTINCT (partman.show_partition_name('z.mid', (first::timestamp + make_interval(days => d, hours => 12))::text)).suffix_timestamp FROM generate_series(0, days) AS d));
    RETURN QUERY SELECT count(*), count(DISTINCT child), count(*) FILTER (WHERE lo <> before),
            string_agg(to_char(lo, 'YYYY-MM-DD HH24:MI') || ' ' || round(extract(epoch FROM hi - lo) / 3600, 1), ', ' ORDER BY lo) FILTER (WHERE hi - lo <> interval '24 hours')
        FROM (SELECT child, lo, hi, lag(hi) OVER (ORDER BY lo) AS before FROM z.parts WHERE parent = 'z.mid' AND lo < '2090-01-01') AS p;
    DROP TABLE z.mid;
    DELETE FROM partman.part_config WHERE parent_table = 'z.mid';
END $$;
SELECT * FROM z.days('America/Asuncion', '2020-03-15', 300);
SELECT * FROM z.days('Africa/Cairo', '2024-04-01', 300);
SELECT * FROM z.days('America/Sao_Paulo', '2017-10-01', 200);
SELECT * FROM z.days('Australia/Lord_Howe', '2024-03-25', 250);
-- a day that never was: Samoa went from the 29th to the 31st
SELECT * FROM z.days('Pacific/Apia', '2011-12-25', 14);

-- The oracle. A fixed cell of each set fixes its grid; show_partition_name tells the cell of any value. Values lie in the
-- middle of cells, so every one has exactly one answer: origin + n * interval, computed in the set's zone by SQL.
CREATE TABLE z.compared (n int);
CREATE FUNCTION z.oracle(zone text, step interval, origin text, key regtype DEFAULT 'timestamptz', n int DEFAULT 300, stride int DEFAULT 7)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    format text := CASE WHEN step >= '1 day' THEN 'YYYYMMDD' ELSE 'YYYYMMDD_HH24MISS' END;
BEGIN
    PERFORM set_config('TimeZone', zone, true);
    EXECUTE format('CREATE TABLE z.o (at %s NOT NULL) PARTITION BY RANGE (at)', key);
    EXECUTE format('CREATE TABLE z.o_first PARTITION OF z.o FOR VALUES FROM (%L) TO (%L)', origin::timestamptz, origin::timestamptz + step);
    INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, datetime_string) VALUES ('z.o', 'at', step::text, 'range', format);
    INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('z.o', zone);
    PERFORM set_config('TimeZone', CASE WHEN key = 'timestamptz'::regtype THEN 'Pacific/Chatham' ELSE zone END, true);
    RETURN QUERY
    WITH expected AS (
        SELECT k, CASE WHEN key = 'timestamptz'::regtype AND step < '1 day' THEN origin::timestamp AT TIME ZONE zone + step * k
                       ELSE (origin::timestamp + step * k) AT TIME ZONE zone END AS lo,
                  CASE WHEN key = 'timestamptz'::regtype AND step < '1 day' THEN origin::timestamp AT TIME ZONE zone + step * (k + 1)
                       ELSE (origin::timestamp + step * (k + 1)) AT TIME ZONE zone END AS hi
        FROM generate_series(-n * stride, n * stride, stride) AS k WHERE k <> 0)
    SELECT format('%s %s: %s expected %s %s', zone, step, s.suffix_timestamp, e.lo, s.partition_table)
    FROM expected e, LATERAL partman.show_partition_name('z.o', (e.lo + (e.hi - e.lo) / 2)::text) AS s
    WHERE e.hi > e.lo AND (s.suffix_timestamp IS DISTINCT FROM e.lo OR s.table_exists
        OR s.partition_table <> 'o_p' || to_char(e.lo AT TIME ZONE zone, format)) ORDER BY e.k;
    INSERT INTO z.compared VALUES (2 * n);
    DROP TABLE z.o;
    DELETE FROM partman.part_config WHERE parent_table = 'z.o';
END $$;
-- leap days, changes of the clock in the past and far future, year 1, whole months and odd steps
SELECT o.* FROM (VALUES ('UTC', '1 day', '2000-01-01', 300, 251), ('Europe/Paris', '1 day', '2020-01-01', 300, 53), ('Europe/Paris', '1 hour', '2026-03-29 00:00', 200, 91),
        ('America/New_York', '1 week', '2026-11-01', 100, 3), ('Asia/Kathmandu', '1 day', '1990-06-01', 50, 37), ('Europe/Paris', '1 month', '2024-02-01', 150, 11),
        ('UTC', '1 month', '2024-02-28', 100, 1), ('America/Los_Angeles', '3 months', '2026-01-01', 60, 1), ('UTC', '1 year', '2024-02-01', 60, 31),
        ('Australia/Lord_Howe', '30 minutes', '2026-04-05 00:00', 100, 53), ('UTC', '15 minutes', '2024-02-29 23:45', 100, 101), ('UTC', '100 years', '2001-01-01', 15, 1),
        ('Asia/Tehran', '9 weeks', '2022-03-21', 60, 1), ('America/Asuncion', '1 day', '2020-06-01', 200, 11), ('Africa/Cairo', '1 day', '2024-06-01', 200, 11))
        AS c(zone, step, origin, n, stride),
    LATERAL z.oracle(c.zone, c.step::interval, c.origin, 'timestamptz', c.n, c.stride) AS o;
-- keys without a zone know no change of the clock
SELECT o.* FROM (VALUES ('UTC', '1 day', '2000-01-01', 100, 137), ('UTC', '1 hour', '2026-03-29 00:00', 100, 31), ('UTC', '1 month', '2024-02-01', 100, 7)) AS c(zone, step, origin, n, stride),
    LATERAL z.oracle(c.zone, c.step::interval, c.origin, 'timestamp', c.n, c.stride) AS o;
SELECT o.* FROM (VALUES ('UTC', '1 day', '2000-01-01', 100, 137), ('UTC', '1 month', '2024-02-01', 100, 7), ('UTC', '1 year', '2024-01-01', 60, 31)) AS c(zone, step, origin, n, stride),
    LATERAL z.oracle(c.zone, c.step::interval, c.origin, 'date', c.n, c.stride) AS o;
SELECT sum(n) FROM z.compared;
RESET TimeZone;

-- The session's DateStyle and IntervalStyle change nothing either, also not in how arguments are read
SET TimeZone = 'Europe/Paris';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'iso_8601';
CREATE TABLE z.style (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('z.style', 'at', 'P1M', p_start_partition := '01/02/2099');
RESET IntervalStyle;
SET DateStyle = 'ISO, MDY';
SELECT child, lo, hi FROM z.parts WHERE parent = 'z.style';

DROP SCHEMA z CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
