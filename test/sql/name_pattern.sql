-- part_policy.name_pattern: how names of new partitions of a set end. Existing partitions keep their names; what
-- show_partition_name says is what maintenance makes. Prints what differs.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA p;
CREATE FUNCTION t.pattern(parent text, pattern text) RETURNS void LANGUAGE sql AS
$$ UPDATE partman.part_policy SET name_pattern = pattern WHERE parent_table = parent $$;
-- names without the table's, in the order of their bounds, of those that begin after now
CREATE FUNCTION t.ahead(parent text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(substr(partition_tablename, length(split_part(parent, '.', 2)) + 1), ' ' ORDER BY n)
   FROM partman.show_partitions(parent) WITH ORDINALITY s(a, partition_tablename, n)
   WHERE (partman.show_partition_info(a || '.' || partition_tablename, p_parent_table := parent)).child_start_time > now() $$;
-- A set with one partition ahead gets a pattern and `premake` more: all must be called by to_char's format, show_partition_name
-- must have known, and the name must be read back.
CREATE FUNCTION t.named(name text, type text, step interval, field text, pattern text, format text, more text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
DECLARE p text := 'p.' || name; said text; first text; start timestamptz := date_trunc(field, now());
BEGIN
    EXECUTE format('CREATE TABLE %s (k %s NOT NULL) PARTITION BY RANGE (k)', p, type);
    PERFORM partman.create_parent(p, 'k', step::text, p_premake := 1, p_start_partition := start::text, p_date_trunc_interval := field);
    first := t.ahead(p);
    PERFORM t.is(first, '_p' || to_char(start + step, 'YYYYMMDD'), name || ': the contract''s name before');
    PERFORM t.pattern(p, pattern);
    UPDATE partman.part_config SET premake = 6, infinite_time_partitions = true WHERE parent_table = p;
    SELECT string_agg(substr((partman.show_partition_name(p, (start + n * step)::text)).partition_table, length(name) + 1), ' ' ORDER BY n) INTO said FROM generate_series(1, 5) n;
    PERFORM t.is((SELECT string_agg(DISTINCT reason, ' ') FROM partman.plan_maintenance(p) WHERE action = 'error'), NULL, name || ': the plan');
    PERFORM t.is((SELECT string_agg(partition_table, ' ' ORDER BY m.step) FROM partman.plan_maintenance(p) m WHERE action = 'create') LIKE 'p.' || name || to_char(start + 2 * step, format) || '%', true, name || ': names in the plan');
    PERFORM partman.run_maintenance(p);
    PERFORM t.ok(t.ahead(p) LIKE said || '%', format('%s: show_partition_name said %s, made were %s', name, said, t.ahead(p)));
    PERFORM t.is(left(t.ahead(p), length(said)), first || ' ' || (SELECT string_agg(to_char(start + n * step, format), ' ' ORDER BY n) FROM generate_series(2, 5) n), name || ': names');
    PERFORM t.is((SELECT count(DISTINCT c) FROM regexp_split_to_table(t.ahead(p), ' ') c), (SELECT count(*) FROM regexp_split_to_table(t.ahead(p), ' ') c), name || ': each its own');
    PERFORM t.is((partman.show_partition_info(p || to_char(start + 30 * step, format), NULL, p, false)).child_start_time, (start + 30 * step)::timestamptz, name || ': read back from the name of one that does not exist');
    PERFORM t.is((partman.show_partition_info(p || to_char(start + 2 * step, format), NULL, p)).suffix, to_char(start + 2 * step, substr(format, 2)), name || ': suffix');
    PERFORM t.throws(format('SELECT partman.show_partition_info(%L, NULL, %L, false)', p || '_p20260101', p), '22023', name || ': not a name of this set');
    PERFORM partman.run_maintenance(p);
    PERFORM t.is((SELECT count(*) FROM partman.plan_maintenance(p)), 0::bigint, name || ': nothing left to do');
END $$;
SELECT t.named('day', 'timestamptz', '1 day', 'day', '_YYYY_MM_DD', '_YYYY_MM_DD');
SELECT t.named('days', 'date', '3 days', 'day', '_YYYY_MM_DD', '_YYYY_MM_DD');
SELECT t.named('week', 'timestamp', '1 week', 'week', '_YYYY_wWW', '_IYYY_"w"IW');
SELECT t.named('weeks', 'timestamptz', '2 weeks', 'week', '_YYYY_wWW', '_IYYY_"w"IW');
SELECT t.named('month', 'date', '1 month', 'month', '_YYYY_MM', '_YYYY_MM');
SELECT t.named('month_by_day', 'timestamptz', '1 month', 'month', '_YYYY_MM_DD', '_YYYY_MM_DD');
SELECT t.named('quarter', 'timestamptz', '3 months', 'quarter', '_YYYY_qN', '_YYYY_"q"Q');
SELECT t.named('year', 'date', '1 year', 'year', '_YYYY', '_YYYY');
SELECT t.named('two_2024_01', 'date', '2 years', 'year', '_YYYY', '_YYYY');

-- Back to NULL: the contract's names again
SELECT t.pattern('p.month', NULL);
UPDATE partman.part_config SET premake = 9 WHERE parent_table = 'p.month';
SELECT partman.run_maintenance('p.month');
SELECT t.ok(t.ahead('p.month') LIKE '%' || to_char(date_trunc('month', now()) + interval '9 months', '"_p"YYYYMMDD') || '%', 'the contract''s name after');

-- A pattern that cannot tell partitions apart: the plan and the run say so, and nothing is made
CREATE FUNCTION t.refused(name text, type text, step text, pattern text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE p text := 'p.' || name; were text;
BEGIN
    EXECUTE format('CREATE TABLE %s (k %s NOT NULL) PARTITION BY RANGE (k)', p, type);
    PERFORM partman.create_parent(p, 'k', step, p_premake := 1);
    PERFORM t.pattern(p, pattern);
    UPDATE partman.part_config SET premake = 3, infinite_time_partitions = true WHERE parent_table = p;
    were := t.kids(p);
    PERFORM t.is((SELECT string_agg(action || ': ' || reason, ' ') FROM partman.plan_maintenance(p)),
        format('error: name_pattern "%s" cannot tell the partitions of "%s" apart', pattern, p), name || ': the plan');
    PERFORM t.throws(format('SELECT partman.run_maintenance(%L)', p), '22023', name || ': the run');
    PERFORM t.is(t.kids(p), were, name || ': nothing was made');
END $$;
SELECT t.refused('r1', 'timestamptz', '1 hour', '_YYYY_MM_DD');
SELECT t.refused('r2', 'timestamptz', '36 hours', '_YYYY_MM_DD');
SELECT t.refused('r3', 'date', '6 days', '_YYYY_wWW');
SELECT t.refused('r4', 'date', '30 days', '_YYYY_MM');
SELECT t.refused('r5', 'date', '2 months', '_YYYY_qN');
SELECT t.refused('r6', 'date', '1 day', '_YYYY');
SELECT t.refused('r7', 'date', '11 months', '_YYYY');
SELECT t.refused('r8', 'int', '10', '_YYYY');
SELECT t.throws(format('UPDATE partman.part_policy SET name_pattern = %L', x), '23514') FROM unnest('{_yyyy,YYYY,_YYYYMMDD,"",_YYYY_WW}'::text[]) x;

-- Adopted partitions are held by bounds: hand-named months go on as they were named, gaps too
CREATE TABLE p.logs (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT t.lives(format('CREATE TABLE p.%I PARTITION OF p.logs FOR VALUES FROM (%L) TO (%L)', to_char(m, '"logs_"YYYY_MM'), m, m + interval '1 month'), 'month')
FROM generate_series(date_trunc('month', now()) - interval '3 months', date_trunc('month', now()) + interval '1 month', interval '1 month') m
WHERE m <> date_trunc('month', now()) - interval '1 month';
SELECT t.ok(partman.create_parent('p.logs', 'k', '1 month', p_premake := 1, p_start_partition := date_trunc('month', now())::text), 'adopted');
SELECT t.pattern('p.logs', '_YYYY_MM');
UPDATE partman.part_config SET premake = 2, infinite_time_partitions = true WHERE parent_table = 'p.logs';
SELECT partman.partition_gap_fill('p.logs');
SELECT partman.run_maintenance('p.logs');
SELECT t.ok(t.kids('p.logs') || ' ' LIKE (SELECT string_agg(to_char(m, '"logs_"YYYY_MM'), ' ' ORDER BY m) FROM generate_series(date_trunc('month', now()) - interval '3 months', date_trunc('month', now()) + interval '2 months', interval '1 month') m) || ' %', 'one row of names');
-- rows of the default go to partitions of that name, too
INSERT INTO p.logs SELECT date_trunc('month', now()) + interval '70 months';
SELECT partman.partition_data_time('p.logs');
SELECT t.is((SELECT tableoid::regclass::text FROM p.logs), 'p.logs_' || to_char(now() + interval '70 months' - interval '0', 'YYYY_MM'), 'by a drain')
WHERE to_char(now() + interval '70 months', 'YYYY_MM') = to_char(date_trunc('month', now()) + interval '70 months', 'YYYY_MM');

-- A name that is taken: by a stranger an error, by a cut name or another set the fallback, as ever
CREATE TABLE p.taken (k date NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('p.taken', 'k', '1 month', p_premake := 1);
SELECT t.pattern('p.taken', '_YYYY_MM');
UPDATE partman.part_config SET premake = 2, infinite_time_partitions = true WHERE parent_table = 'p.taken';
SELECT t.lives(format('CREATE TABLE p.%I ()', to_char(date_trunc('month', now()) + interval '2 months', '"taken_"YYYY_MM')), 'a stranger');
SELECT t.throws('SELECT partman.run_maintenance(''p.taken'')', '42P07');
CREATE TABLE p.a234567890123456789012345678901234567890123456789012345678901x (k date NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE p.a234567890123456789012345678901234567890123456789012345678901y (k date NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('p.a234567890123456789012345678901234567890123456789012345678901' || x, 'k', '1 year', p_premake := 1) FROM unnest('{x,y}'::text[]) x;
UPDATE partman.part_policy SET name_pattern = '_YYYY' WHERE parent_table LIKE 'p.a23%';
UPDATE partman.part_config SET premake = 2, infinite_time_partitions = true WHERE parent_table LIKE 'p.a23%';
SELECT partman.run_maintenance('p.a234567890123456789012345678901234567890123456789012345678901' || x) FROM unnest('{x,y}'::text[]) x;
SELECT t.ok(t.has('p.a234567890123456789012345678901234567890123456789012345678' || to_char(now() + interval '2 years', '"_"YYYY')), 'the cut name');
SELECT t.is((SELECT count(*) FROM pg_class WHERE relname ~ ('^a23\d{40,}_[0-9a-f]{8}' || to_char(now() + interval '2 years', '"_"YYYY"$"'))), 1::bigint, 'and the one with a hash');
ROLLBACK;
\set least 130
\i :srcdir/assert_done.psql
