-- partition_data_async where the default also holds rows without a key or with an infinite one: it moves all others,
-- ends, and leaves those where they are, whatever the kind of key. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
SET client_min_messages = error;
CREATE SCHEMA n;
CREATE FUNCTION n.enc(timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT 'K' || to_char($1 AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') $$;
CREATE FUNCTION n.dec(text) RETURNS timestamptz LANGUAGE sql AS $$ SELECT to_timestamp(substr($1, 2), 'YYYYMMDDHH24MISS') $$;
CREATE TABLE n.kind (name text PRIMARY KEY, type text, key text, epoch text, encoder text, decoder text);
INSERT INTO n.kind VALUES
    ('tz', 'timestamptz', '$', 'none', NULL, NULL), ('ts', 'timestamp', '$', 'none', NULL, NULL), ('dt', 'date', '$', 'none', NULL, NULL),
    ('sec', 'bigint', 'extract(epoch FROM $)', 'seconds', NULL, NULL), ('ns', 'bigint', 'extract(epoch FROM $) * 1000000000', 'nanoseconds', NULL, NULL),
    ('num', 'numeric', 'extract(epoch FROM $)', 'seconds', NULL, NULL),
    ('uuid', 'uuid', 'partman.uuid7_time_encoder($)', 'none', 'partman.uuid7_time_encoder', 'partman.uuid7_time_decoder'),
    ('txt', 'text COLLATE "C"', 'n.enc($)', 'none', 'n.enc', 'n.dec');
-- 4 rows each on two days, 3 without a key
CREATE FUNCTION n.fill(k n.kind) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO n.%I SELECT h, %s FROM generate_series(0, 42, 6) h', k.name, replace(k.key, '$', '(timestamptz ''2026-01-01 00:00+00'' + h * interval ''1 hour'')'));
    EXECUTE format('INSERT INTO n.%I SELECT h, NULL FROM generate_series(101, 103) h', k.name);
END $$;
CREATE FUNCTION n.make(k n.kind) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE n.%I (id int, at %s) PARTITION BY RANGE (at)', k.name, k.type);
    EXECUTE format('CREATE TABLE n.%I PARTITION OF n.%I DEFAULT', k.name || '_default', k.name);
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, epoch, time_encoder, time_decoder)
    VALUES ('n.' || k.name, 'at', 'range', '1 day', k.epoch, k.encoder, k.decoder);
    INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('n.' || k.name, 'UTC');
    PERFORM n.fill(k);
END $$;
SELECT n.make(k) FROM n.kind k;
-- in the default with a key and without, in the working table, in the two partitions, in progress
CREATE FUNCTION n.state(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE keyed bigint; keyless bigint; working text := '-'; first text := '-'; second text := '-';
BEGIN
    EXECUTE format('SELECT count(at), count(*) - count(at) FROM n.%I', name || '_default') INTO keyed, keyless;
    IF t.has(format('n.%I', 'partman_tmp_storage_' || name)) THEN working := t.n(format('n.%I', 'partman_tmp_storage_' || name)); END IF;
    IF t.has(format('n.%I', name || '_p20260101')) THEN first := t.n(format('n.%I', name || '_p20260101')); END IF;
    IF t.has(format('n.%I', name || '_p20260102')) THEN second := t.n(format('n.%I', name || '_p20260102')); END IF;
    RETURN concat_ws(' ', keyed, keyless, working, first, second, (SELECT async_partitioning_in_progress IS NOT NULL FROM partman.part_config WHERE parent_table = 'n.' || name));
END $$;
SELECT t.is(n.state(name), '8 3 - - - f', name || ': before') FROM n.kind;

-- in two calls each, the first in the middle of a partition
SELECT format('CALL partman.partition_data_async(%L, 2, %L)', 'n.' || name, '12 hours') FROM n.kind \gexec
-- half a day of dates is the day: out and in
SELECT t.is(n.state(name), CASE name WHEN 'dt' THEN '4 3 - 4 - f' ELSE '4 3 4 - - t' END, name || ': taken out') FROM n.kind;
-- which takes its rows from what can be seen, those without a key stay
SELECT format('SELECT t.is(count(*), %L, %L) FROM n.%I', CASE name WHEN 'dt' THEN 11 ELSE 7 END, name || ': visible', name) FROM n.kind \gexec
SELECT format('CALL partman.partition_data_async(%L, NULL, %L)', 'n.' || name, '12 hours') FROM n.kind \gexec
SELECT t.is(n.state(name), '0 3 - 4 4 f', name || ': moved') FROM n.kind;
-- nothing but them: done at once, and no working table
SELECT format('CALL partman.partition_data_async(%L, NULL, %L)', 'n.' || name, '12 hours') FROM n.kind \gexec
SELECT t.is(n.state(name), '0 3 - 4 4 f', name || ': nothing to do') FROM n.kind;
SELECT format('SELECT t.is(string_agg(id::text, %L ORDER BY id), %L, %L) FROM n.%I', ' ', '0 6 12 18 24 30 36 42 101 102 103', name || ': all', name) FROM n.kind \gexec
-- and they are in no one's way afterwards
SELECT t.is((SELECT count FROM partman.check_default() WHERE default_table = 'n.' || name || '_default'), 3, name || ': check_default') FROM n.kind;
SELECT t.is(partman.partition_data_time('n.' || name, 9), 0, name || ': no drain') FROM n.kind;
SELECT t.lives(format('SELECT partman.run_maintenance(%L)', 'n.' || name), name || ': maintenance') FROM n.kind;

-- infinite keys are no more of a day than none
INSERT INTO n.tz VALUES (1, 'infinity'), (2, '-infinity'), (3, '2026-01-02 01:00+00');
INSERT INTO n.ts VALUES (1, 'infinity'), (2, '-infinity'), (3, '2026-01-02 01:00');
INSERT INTO n.dt VALUES (1, 'infinity'), (2, '-infinity'), (3, '2026-01-02');
INSERT INTO n.num VALUES (1, 'infinity'), (2, '-infinity'), (3, 'NaN');
SELECT t.is(n.state(name), CASE name WHEN 'num' THEN '3 3 - 4 4 f' ELSE '2 3 - 4 5 f' END, name || ': infinite') FROM n.kind WHERE name IN ('tz', 'ts', 'dt', 'num');
CREATE TABLE n.day3 PARTITION OF n.tz FOR VALUES FROM ('2026-01-09 00:00+00') TO ('2026-01-10 00:00+00');
INSERT INTO n.tz VALUES (4, '2026-01-03 01:00+00'), (5, '2026-01-03 13:00+00');
INSERT INTO n.ts VALUES (4, '2026-01-03 01:00'), (5, '2026-01-03 13:00');
INSERT INTO n.dt VALUES (4, '2026-01-03'), (5, '2026-01-03');
INSERT INTO n.num VALUES (4, extract(epoch FROM timestamptz '2026-01-03 01:00+00')), (5, extract(epoch FROM timestamptz '2026-01-03 13:00+00'));
SELECT format('CALL partman.partition_data_async(%L, NULL, %L)', 'n.' || name, '6 hours') FROM n.kind WHERE name IN ('tz', 'ts', 'dt', 'num') \gexec
SELECT t.is(n.state(name), CASE name WHEN 'num' THEN '3 3 - 4 4 f' ELSE '2 3 - 4 5 f' END, name || ': beside infinite ones'), t.rows('n', name || '_p20260103', 2)
FROM n.kind WHERE name IN ('tz', 'ts', 'dt', 'num');

SET client_min_messages = warning;
DROP SCHEMA n CASCADE;
\i :srcdir/assert_done.psql
