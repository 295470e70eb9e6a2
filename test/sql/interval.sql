-- set_partition_interval: another interval from the end of the last partition on, with one partition that leads to the
-- next boundary of the new grid. Existing partitions stay. Prints what differs.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA i;
CREATE FUNCTION t.bounds(parent text) RETURNS TABLE (name text, lo text, hi text) LANGUAGE sql AS
$$ SELECT c.relname::text, b[1], b[2] FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
   regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?([^'')]*)''?\) TO \(''?([^'')]*)') b WHERE i.inhparent = parent::regclass AND b IS NOT NULL $$;
CREATE FUNCTION t.config(parent text) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' | ', partition_interval, datetime_string, date_trunc_interval) FROM partman.part_config WHERE parent_table = parent $$;

-- A set of `old` up to `until`, changed to `new`: what is there stays, then comes one partition up to `edge` (none where
-- edge is until), then whole new ones, without a hole, as far as premake counts from now.
CREATE FUNCTION t.change(tab text, type text, old text, new text, until timestamp, edge timestamp, format text, config text, trunc text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE p text := 'i.' || tab; before text; after text; have text; want text;
BEGIN
    EXECUTE format('CREATE TABLE %s (k %s NOT NULL) PARTITION BY RANGE (k)', p, type);
    PERFORM partman.create_parent(p, 'k', old, p_premake := 1, p_start_partition := (until - old::interval)::text, p_date_trunc_interval := trunc);
    -- only what ends by then
    PERFORM t.lives(format('DROP TABLE i.%I', b.name), 'drop') FROM t.bounds(p) b WHERE b.hi::timestamptz AT TIME ZONE 'UTC' > until;
    PERFORM t.is((SELECT max(hi::timestamptz AT TIME ZONE 'UTC') FROM t.bounds(p)), until, tab || ': so far');
    before := (SELECT string_agg(concat_ws(' ', b.name, b.lo, b.hi), ', ' ORDER BY b.lo::timestamptz) FROM t.bounds(p) b);
    PERFORM partman.set_partition_interval(p, new);
    PERFORM t.is(t.config(p), config, tab || ': configuration');
    after := before || CASE WHEN edge > until THEN format(', %s_p%s %s %s', tab, to_char(until, format),
        CASE type WHEN 'date' THEN until::date::text WHEN 'timestamp' THEN until::text ELSE until::text || '+00' END,
        CASE type WHEN 'date' THEN edge::date::text WHEN 'timestamp' THEN edge::text ELSE edge::text || '+00' END) ELSE '' END;
    have := (SELECT string_agg(concat_ws(' ', b.name, b.lo, b.hi), ', ' ORDER BY b.lo::timestamptz) FROM t.bounds(p) b);
    PERFORM t.is(have, after, tab || ': what was there and the transition');
    PERFORM partman.set_partition_interval(p, new);
    PERFORM t.is((SELECT string_agg(concat_ws(' ', b.name, b.lo, b.hi), ', ' ORDER BY b.lo::timestamptz) FROM t.bounds(p) b), after, tab || ': again, nothing');
    UPDATE partman.part_config SET premake = 3, infinite_time_partitions = true WHERE parent_table = p;
    PERFORM partman.run_maintenance(p);
    PERFORM t.is((SELECT string_agg(hi || ' - ' || lo, ', ') FROM (SELECT lo, lag(hi) OVER (ORDER BY lo::timestamptz) AS hi FROM t.bounds(p)) b WHERE lo <> hi), NULL, tab || ': no hole');
    want := (SELECT string_agg(DISTINCT format('%s', b.name), ' ') FROM t.bounds(p) b
        WHERE b.lo::timestamptz AT TIME ZONE 'UTC' >= edge AND (b.hi::timestamptz AT TIME ZONE 'UTC' <> b.lo::timestamptz AT TIME ZONE 'UTC' + new::interval OR b.name <> tab || '_p' || to_char(b.lo::timestamptz AT TIME ZONE 'UTC', format)));
    PERFORM t.is(want, NULL, tab || ': whole new ones with their names');
    PERFORM t.ok((SELECT max(hi::timestamptz) FROM t.bounds(p)) > now() + 2 * new::interval, tab || ': premake counts in the new interval');
    PERFORM t.is((SELECT count(*) FROM partman.plan_maintenance(p)), 0::bigint, tab || ': nothing left to do');
END $$;
CREATE FUNCTION t.day(n int) RETURNS timestamp LANGUAGE sql AS $$ SELECT date_trunc('day', now() AT TIME ZONE 'UTC') + n * interval '1 day' $$;
CREATE FUNCTION t.month(n int) RETURNS timestamp LANGUAGE sql AS $$ SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month' $$;
SELECT t.change('day_month', 'timestamptz', '1 day', '1 month', t.month(0) + interval '40 days', t.month(2), 'YYYYMMDD', '1 mon | YYYYMMDD');
SELECT t.change('day_month_30', 'date', '1 day', '1 month', t.month(0) + interval '29 days', t.month(1), 'YYYYMMDD', '1 mon | YYYYMMDD') WHERE t.month(1) - t.month(0) > interval '29 days';
SELECT t.change('day_month_even', 'date', '1 day', '1 month', t.month(1), t.month(1), 'YYYYMMDD', '1 mon | YYYYMMDD');
SELECT t.change('month_day', 'timestamp', '1 month', '1 day', t.month(1), t.month(1), 'YYYYMMDD', '1 day | YYYYMMDD');
SELECT t.change('hour_day', 'timestamptz', '1 hour', '1 day', t.day(1) + interval '13 hours', t.day(2), 'YYYYMMDD', '1 day | YYYYMMDD');
SELECT t.change('day_hour', 'timestamptz', '1 day', '1 hour', t.day(1), t.day(1), 'YYYYMMDD_HH24MISS', '01:00:00 | YYYYMMDD_HH24MISS');
SELECT t.change('hour_quarter', 'timestamp', '1 hour', '15 minutes', date_trunc('hour', now() AT TIME ZONE 'UTC') + interval '1 hour', date_trunc('hour', now() AT TIME ZONE 'UTC') + interval '1 hour', 'YYYYMMDD_HH24MISS', '00:15:00 | YYYYMMDD_HH24MISS');
SELECT t.change('month_year', 'date', '1 month', '1 year', date_trunc('year', now())::timestamp + interval '13 months', date_trunc('year', now())::timestamp + interval '2 years', 'YYYYMMDD', '1 year | YYYYMMDD');
SELECT t.change('day_week', 'date', '1 day', '1 week', t.day(2), t.day(2), 'YYYYMMDD', '7 days | YYYYMMDD');
-- Weeks that begin on Monday because the set says so; a truncation to weeks that months have no use for goes
SELECT t.change('week_weeks', 'date', '1 week', '2 weeks', date_trunc('week', now())::timestamp + interval '14 days', date_trunc('week', now())::timestamp + interval '14 days', 'YYYYMMDD', '14 days | YYYYMMDD | week', 'week');
SELECT t.change('week_month', 'date', '1 week', '1 month', date_trunc('week', t.month(1)) + interval '7 days', t.month(2), 'YYYYMMDD', '1 mon | YYYYMMDD', 'week');

-- ids, there and back
CREATE TABLE i.ids (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('i.ids', 'id', '1000', p_premake := 3);
CREATE FUNCTION t.ids() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(format('%s-%s', lo, hi), ' ' ORDER BY lo::bigint) FROM t.bounds('i.ids') $$;
SELECT t.is(t.ids(), '0-1000 1000-2000 2000-3000 3000-4000', 'thousands');
SELECT partman.set_partition_interval('i.ids', '10000');
SELECT t.is(t.config('i.ids'), '10000', 'no datetime_string');
SELECT t.is(t.ids(), '0-1000 1000-2000 2000-3000 3000-4000 4000-10000', 'up to the first ten thousand');
SELECT t.ok(t.has('i.ids_p4000'), 'its name');
INSERT INTO i.ids VALUES (4500);
SELECT partman.run_maintenance('i.ids');
SELECT t.is(t.ids(), '0-1000 1000-2000 2000-3000 3000-4000 4000-10000 10000-20000 20000-30000 30000-40000', 'ten thousands');
SELECT partman.set_partition_interval('i.ids', '1000');
SELECT t.is(t.ids(), '0-1000 1000-2000 2000-3000 3000-4000 4000-10000 10000-20000 20000-30000 30000-40000', 'back: nothing yet');
INSERT INTO i.ids VALUES (39999);
SELECT partman.run_maintenance('i.ids');
SELECT t.is(t.ids(), '0-1000 1000-2000 2000-3000 3000-4000 4000-10000 10000-20000 20000-30000 30000-40000 40000-41000 41000-42000 42000-43000', 'thousands again');
UPDATE partman.part_config SET retention = '30000', retention_keep_table = false WHERE parent_table = 'i.ids';
SELECT partman.run_maintenance('i.ids');
SELECT t.is(t.ids(), '4000-10000 10000-20000 20000-30000 30000-40000 40000-41000 41000-42000 42000-43000', 'retention by the real bounds: what ends at 9999 or below');
CREATE TABLE i.below (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('i.below', 'id', '10', p_premake := 1, p_start_partition := '-35');
SELECT partman.set_partition_interval('i.below', '100');
SELECT t.is((SELECT string_agg(format('%s-%s', lo, hi), ' ' ORDER BY lo::int) FROM t.bounds('i.below')), '-30--20 -20--10 -10-0', 'zero is a boundary');

-- Times that are stored as numbers and as version 7 UUIDs
CREATE TABLE i.epoch (k bigint NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('i.epoch', 'k', '1 day', p_epoch := 'seconds', p_premake := 1, p_start_partition := t.month(1)::text);
CREATE TABLE i.uuid (k uuid NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('i.uuid', 'k', '1 day', p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder', p_premake := 1, p_start_partition := t.month(1)::text);
SELECT partman.set_partition_interval(p, '1 month') FROM unnest('{i.epoch,i.uuid}'::text[]) p;
SELECT t.is((SELECT format('%s %s', c.child_start_time > t.month(1) AT TIME ZONE 'UTC', c.child_end_time) FROM partman.show_partitions(p, 'DESC') s, partman.show_partition_info(s.partition_schemaname || '.' || s.partition_tablename, NULL, p) c LIMIT 1),
    't ' || (t.month(2) AT TIME ZONE 'UTC'), p || ': the rest of the month') FROM unnest('{i.epoch,i.uuid}'::text[]) p;
UPDATE partman.part_config SET premake = 4, infinite_time_partitions = true WHERE parent_table IN ('i.epoch', 'i.uuid');
SELECT partman.run_maintenance(p) FROM unnest('{i.epoch,i.uuid}'::text[]) p;
SELECT t.is((partman.show_partition_name(p, (t.month(3) + interval '5 days')::text)).suffix_timestamp, t.month(3) AT TIME ZONE 'UTC', p || ': whole months') FROM unnest('{i.epoch,i.uuid}'::text[]) p;
SELECT t.ok((partman.show_partition_name(p, (t.month(3) + interval '5 days')::text)).table_exists, p || ' exist') FROM unnest('{i.epoch,i.uuid}'::text[]) p;

-- Retention of a time set on both sides of the change
CREATE TABLE i.kept (k date NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('i.kept', 'k', '1 month', p_premake := 1, p_start_partition := t.month(-5)::text);
SELECT partman.set_partition_interval('i.kept', '1 day');
UPDATE partman.part_config SET premake = 45, infinite_time_partitions = true, retention = '60 days', retention_keep_table = false WHERE parent_table = 'i.kept';
SELECT partman.run_maintenance('i.kept');
SELECT t.is((SELECT count(*) FROM t.bounds('i.kept') WHERE hi::date < current_date - 60), 0::bigint, 'whole months that are too old are gone');
SELECT t.is((SELECT count(*) FROM t.bounds('i.kept') WHERE lo::date <= current_date - 60), 1::bigint, 'the month across the line is kept');
SELECT t.ok((SELECT max(hi::date) FROM t.bounds('i.kept')) BETWEEN greatest(current_date + 42, t.month(2)::date) AND greatest(current_date + 49, t.month(2)::date), 'days ahead, months counting 30');

-- Names by a pattern: one that the new interval makes ambiguous is refused first; quarters are whole
CREATE TABLE i.pattern (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('i.pattern', 'k', '1 month', p_premake := 1, p_start_partition := date_trunc('quarter', now())::text);
UPDATE partman.part_policy SET name_pattern = '_YYYY_MM' WHERE parent_table = 'i.pattern';
CREATE TEMP TABLE pattern_was AS SELECT t.config('i.pattern') AS c;
SELECT t.throws('SELECT partman.set_partition_interval(''i.pattern'', ''1 day'')', '22023');
SELECT t.is(t.config('i.pattern'), c, 'unchanged') FROM pattern_was;
UPDATE partman.part_policy SET name_pattern = '_YYYY_qN' WHERE parent_table = 'i.pattern';
SELECT partman.set_partition_interval('i.pattern', '3 months');
SELECT t.ok((SELECT bool_and(date_trunc('quarter', x) = x) FROM (SELECT max(hi)::timestamptz AS x FROM t.bounds('i.pattern')) b), 'up to a quarter');
UPDATE partman.part_config SET premake = 3, infinite_time_partitions = true WHERE parent_table = 'i.pattern';
SELECT partman.run_maintenance('i.pattern');
SELECT t.ok(t.has('i.pattern' || to_char(date_trunc('quarter', now()) + interval '9 months', '_YYYY_"q"Q')), 'quarters by name');

-- A sub-partitioned set: the transition is partitioned like its siblings
CREATE TABLE i.top (at date NOT NULL, id int NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('i.top', 'at', '1 day', p_premake := 1);
SELECT partman.create_sub_parent('i.top', 'id', '10', p_premake := 1, p_declarative_check := 'yes');
SELECT partman.set_partition_interval('i.top', '1 year');
SELECT t.is((SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'i.top'::regclass AND relkind = 'r' AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'), 0::bigint, 'every child is partitioned');
SELECT t.is((SELECT max(hi::date) FROM t.bounds('i.top')), date_trunc('year', now() + interval '2 days')::date + interval '1 year', 'up to the year''s end')
WHERE date_trunc('year', now() + interval '2 days') = date_trunc('year', now());

-- Sub-sets that are configured differently: refused; each of them can be changed by itself, within its bounds
CREATE TABLE i.deep (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('i.deep', 'id', '1000', p_premake := 1, p_start_partition := '0');
SELECT partman.create_sub_parent('i.deep', 'id', '100', p_premake := 1, p_declarative_check := 'yes');
SELECT partman.create_sub_parent('i.deep_p0', 'id', '10', p_premake := 1, p_declarative_check := 'yes');
SAVEPOINT equal;
SELECT partman.create_sub_parent('i.deep_p1000', 'id', '20', p_premake := 1, p_declarative_check := 'yes');
SELECT t.throws('SELECT partman.set_partition_interval(''i.deep'', ''5000'')', '55000');
SELECT t.is(t.config('i.deep'), '1000', 'unchanged');
ROLLBACK TO equal;
SELECT partman.set_partition_interval('i.deep', '5000');
SELECT t.is((SELECT string_agg(format('%s-%s', lo, hi), ' ' ORDER BY lo::int) FROM t.bounds('i.deep')), '0-1000 1000-2000 2000-5000', 'up to five thousand');
SELECT t.is((SELECT count(*) FROM t.bounds('i.deep_p2000')) > 0, true, 'partitioned as the others');
SELECT partman.set_partition_interval('i.deep_p1000', '500');
SELECT t.is((SELECT max(hi::int) FROM t.bounds('i.deep_p1000')), 1500, 'a sub-set by itself');
INSERT INTO i.deep VALUES (1450);
SELECT partman.run_maintenance('i.deep_p1000');
SELECT t.is((SELECT max(hi::int) FROM t.bounds('i.deep_p1000')), 2000, 'to its end and no further');

-- What is refused, before anything has changed
CREATE TABLE i.t (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('i.t', 'k', '1 day', p_premake := 2);
CREATE TABLE i.d (k date NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('i.d', 'k', '1 day', p_premake := 2);
CREATE TABLE i.l (k int NOT NULL) PARTITION BY LIST (k);
SELECT partman.create_parent('i.l', 'k', '1', 'list');
CREATE TEMP TABLE were AS SELECT to_jsonb(c) AS c, t.kids(parent_table) AS kids FROM partman.part_config c;
SELECT t.throws(format('SELECT partman.set_partition_interval(%s, %s)', parent, new), state) FROM (VALUES
    ('''i.t''', '''0''', '22023'), ('''i.t''', '''0 days''', '22023'), ('''i.t''', '''-1 day''', '22023'), ('''i.t''', '''1000''', '22023'),
    ('''i.t''', '''1 month 1 day''', '22023'), ('''i.t''', '''weekly''', '22007'), ('''i.t''', '''''', '22023'), ('''i.t''', 'NULL', '22004'), ('NULL', '''1 day''', '22004'),
    ('''i.t''', '''400000 years''', '22023'), ('''i.d''', '''1 hour''', '22023'), ('''i.d''', '''36 hours''', '22023'),
    ('''i.ids''', '''0''', '22023'), ('''i.ids''', '''1''', '22023'), ('''i.ids''', '''-10''', '22023'), ('''i.ids''', '''1 day''', '22P02'), ('''i.ids''', '''92233720368547758070''', '22003'),
    ('''i.below''', '''3000000000''', '22003'), ('''i.l''', '''2''', '0A000'), ('''i.missing''', '''1 day''', '42P01')) v(parent, new, state);
-- rows of the default in the way of the transition; a last partition without end
INSERT INTO i.t SELECT now() + interval '3 days';
SELECT t.throws('SELECT partman.set_partition_interval(''i.t'', ''1 year'')', '23514')
WHERE date_trunc('year', now() + interval '4 days') = date_trunc('year', now());
CREATE TABLE i.endless PARTITION OF i.d FOR VALUES FROM ('9999-01-01') TO (MAXVALUE);
SELECT t.throws('SELECT partman.set_partition_interval(''i.d'', ''1 month'')', '55000');
DROP TABLE i.endless;
UPDATE partman.part_config SET undo_in_progress = true WHERE parent_table = 'i.d';
SELECT t.throws('SELECT partman.set_partition_interval(''i.d'', ''1 month'')', '55000');
UPDATE partman.part_config SET undo_in_progress = false WHERE parent_table = 'i.d';
SELECT t.is((SELECT string_agg(x.parent_table, ' ') FROM (SELECT parent_table, to_jsonb(c), t.kids(parent_table) FROM partman.part_config c EXCEPT SELECT c ->> 'parent_table', c, kids FROM were) x), NULL, 'nothing has changed');
CREATE ROLE regress_strata_interval;
GRANT USAGE ON SCHEMA i, partman TO regress_strata_interval;
GRANT ALL ON ALL TABLES IN SCHEMA i, partman TO regress_strata_interval;
SET LOCAL ROLE regress_strata_interval;
SELECT t.throws('SELECT partman.set_partition_interval(''i.d'', ''1 month'')', '42501');
RESET ROLE;
ROLLBACK;
\set least 125
\i :srcdir/assert_done.psql
