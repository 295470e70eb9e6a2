-- A whole life of a set over every type of key, in one transaction with savepoints: created, filled, drained, its gap
-- filled, listed, maintained, dumped, undone. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA k;
CREATE FUNCTION k.text_of(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'k' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS')
$$;
CREATE FUNCTION k.time_of(key text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(substr(key, 2), 'YYYYMMDDHH24MISS')::timestamp AT TIME ZONE 'UTC'
$$;
-- a day from today as a suffix; noon of it as a key
CREATE FUNCTION k.day(d int) RETURNS text LANGUAGE sql AS $$ SELECT to_char(now() + d * interval '1 day', 'YYYYMMDD') $$;
CREATE FUNCTION k.noon(d int) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT date_trunc('day', now()) + d * interval '1 day' + interval '12 hours'
$$;
CREATE FUNCTION k.days(from_day int, to_day int) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg('set_p' || k.day(d), ' ' ORDER BY d), '') FROM generate_series(from_day, to_day) d
$$;

CREATE FUNCTION k.time_life(type text, write text, epoch text DEFAULT 'none', encoder text DEFAULT NULL, decoder text DEFAULT NULL)
RETURNS SETOF void LANGUAGE plpgsql AS $life$
DECLARE
    what text := type || '/' || epoch || ': ';
    n bigint;
    r record;
    dump text;
    before jsonb;
    d int;
    put text := 'INSERT INTO k.set SELECT s, ' || replace(write, '$', 'k.noon(%1$s)') || ', ''v'' FROM generate_series(1, %2$s) s';
BEGIN
    EXECUTE format('CREATE TABLE k.set (id int NOT NULL, at %s NOT NULL, v text) PARTITION BY RANGE (at)', type);
    CREATE INDEX ON k.set (at);
    CREATE TABLE k.undone (LIKE k.set);
    PERFORM t.is(partman.create_parent('k.set', 'at', p_interval := '1 day', p_epoch := epoch, p_time_encoder := encoder,
        p_time_decoder := decoder), true, what || 'create_parent');
    PERFORM t.is(t.kids('k.set'), k.days(-4, 4), what || 'first children');
    PERFORM t.ok(t.has('k.set_default'), what || 'default');
    PERFORM t.ok(t.has('partman.template_k_set'), what || 'template');
    FOR d IN -4 .. 4 LOOP
        EXECUTE format(put, d, 3);
        PERFORM t.is(t.n('k.set_p' || k.day(d)), 3, what || 'rows of day ' || d);
        PERFORM t.ok(t.has('k.set_p' || k.day(d) || '_at_idx'), what || 'index of day ' || d);
    END LOOP;
    PERFORM t.is(t.n('k.set_default'), 0, what || 'empty default');
    PERFORM t.is((SELECT count(*) FROM partman.check_default()), 0, what || 'check_default empty');
    PERFORM t.is((SELECT count(*) FROM partman.check_default(true)), 0, what || 'check_default(true) empty');
    -- into the default and out of it
    EXECUTE format(put, 20, 2); EXECUTE format(put, 21, 2); EXECUTE format(put, 23, 4); EXECUTE format(put, -30, 5);
    PERFORM t.is((SELECT default_table || ' ' || count FROM partman.check_default()), 'k.set_default 13', what || 'check_default');
    PERFORM t.is((SELECT default_table || ' ' || count FROM partman.check_default(p_exact_count := false)), 'k.set_default 1',
        what || 'check_default(false)');
    PERFORM t.is(partman.partition_data_time('k.set', p_batch_count := 1), 5, what || 'one batch');
    PERFORM t.is(t.n('k.set_p' || k.day(-30)), 5, what || 'oldest first');
    PERFORM t.is(partman.partition_data_time('k.set', p_order := 'DESC', p_analyze := false), 4, what || 'descending');
    PERFORM t.is(t.n('k.set_p' || k.day(23)), 4, what || 'newest first');
    PERFORM t.is(partman.partition_data_time('k.set', 20, '1 day'), 4, what || 'the rest, with the interval given');
    PERFORM t.is(partman.partition_data_time('k.set', 20), 0, what || 'nothing left');
    PERFORM t.is(t.n('k.set_default'), 0, what || 'default is empty again');
    PERFORM t.is(t.n('k.set_p' || k.day(20)) + t.n('k.set_p' || k.day(21)), 4, what || 'days 20 and 21');
    PERFORM t.ok(NOT t.has('k.set_p' || k.day(22)), what || 'no partition without rows');
    PERFORM t.is(partman.partition_gap_fill('k.set'), 25 + 15 + 1, what || 'gap fill');
    PERFORM t.is(t.kids('k.set'), k.days(-30, 23), what || 'no gap');
    PERFORM t.is(partman.partition_gap_fill('k.set'), 0, what || 'gap fill again');
    -- looking
    PERFORM t.is((SELECT string_agg(partition_schemaname || '.' || partition_tablename, ' ') FROM partman.show_partitions('k.set')),
        'k.' || replace(k.days(-30, 23), ' ', ' k.'), what || 'show_partitions');
    PERFORM t.is((SELECT string_agg(partition_tablename, ' ') FROM partman.show_partitions('k.set', 'desc', true)),
        (SELECT 'set_default ' || string_agg('set_p' || k.day(s), ' ' ORDER BY s DESC) FROM generate_series(-30, 23) s),
        what || 'show_partitions descending, default first');
    SELECT * INTO r FROM partman.show_partition_name('k.set', k.noon(3)::text);
    PERFORM t.is(r::text, format('(k,set_p%s,"%s",,t)', k.day(3), k.noon(3) - interval '12 hours'), what || 'show_partition_name');
    SELECT * INTO r FROM partman.show_partition_name(p_parent_table := 'k.set', p_value := k.noon(99)::text);
    PERFORM t.is(r::text, format('(k,set_p%s,"%s",,f)', k.day(99), k.noon(99) - interval '12 hours'), what || 'above');
    SELECT * INTO r FROM partman.show_partition_name('k.set', k.noon(-99)::text);
    PERFORM t.is(r::text, format('(k,set_p%s,"%s",,f)', k.day(-99), k.noon(-99) - interval '12 hours'), what || 'below');
    SELECT * INTO r FROM partman.show_partition_info('k.set_p' || k.day(2));
    PERFORM t.is(r::text, format('("%s","%s",,,%s)', k.noon(2) - interval '12 hours', k.noon(2) + interval '12 hours', k.day(2)),
        what || 'show_partition_info');
    SELECT * INTO r FROM partman.show_partition_info('k.set_p' || k.day(2), '1 day', 'k.set');
    PERFORM t.is(r::text, format('("%s","%s",,,%s)', k.noon(2) - interval '12 hours', k.noon(2) + interval '12 hours', k.day(2)),
        what || 'show_partition_info, all arguments');
    SELECT * INTO r FROM partman.show_partition_info('set_p' || k.day(2), p_parent_table := 'k.set', p_table_exists := false);
    PERFORM t.is(r::text, format('("%s",,,,%s)', k.noon(2) - interval '12 hours', k.day(2)), what || 'info of a name');
    PERFORM t.is((SELECT i::text FROM partman.show_partition_info('k.set_default') i), '(,,,,)', what || 'info of the default');
    -- maintained: the newest row makes day 23 the current one
    PERFORM partman.run_maintenance('k.set');
    PERFORM t.is(t.kids('k.set'), k.days(-30, 27), what || 'premade after day 23');
    PERFORM partman.run_maintenance();
    UPDATE partman.part_config SET premake = 6 WHERE parent_table = 'k.set';
    PERFORM partman.run_maintenance(p_analyze := true);
    PERFORM t.is(t.kids('k.set'), k.days(-30, 29), what || 'premake raised');
    UPDATE partman.part_config SET retention = '10 days', retention_keep_table = false WHERE parent_table = 'k.set';
    PERFORM partman.run_maintenance();
    PERFORM t.is(t.kids('k.set'), k.days(-10, 29), what || 'retention');
    PERFORM t.is(partman.drop_partition_time('k.set', '5 days', p_keep_table := true), 5, what || 'drop_partition_time');
    PERFORM t.ok(t.has('k.set_p' || k.day(-10)), what || 'kept');
    PERFORM t.is(t.kids('k.set'), k.days(-5, 29), what || 'five less');
    -- a kept partition holds its name
    FOR d IN -10 .. -6 LOOP EXECUTE 'DROP TABLE k.set_p' || k.day(d); END LOOP;
    -- rows from a table beside it, in batches of six hours
    EXECUTE 'CREATE TABLE k.source AS SELECT s AS id, ' || replace(write, '$', $$k.noon(40) - interval '12 hours' + s * interval '1 hour'$$)
        || $$ AS at, 'source' AS v FROM generate_series(0, 47) s$$;
    IF type <> 'date' THEN
        PERFORM t.is(partman.partition_data_time('k.set', p_source_table := 'k.source', p_batch_interval := '6 hours'), 6,
            what || 'a batch from a source');
        PERFORM t.is(partman.partition_data_time('k.set', 2, '6 hours', p_order := 'DESC', p_source_table := 'k.source'), 14,
            what || 'batches from the end');
        PERFORM t.is(partman.partition_data_time('k.set', 100, '7 days', p_source_table := 'k.source'), 28, what || 'the rest');
    ELSE
        PERFORM t.is(partman.partition_data_time('k.set', 100, p_source_table := 'k.source'), 48, what || 'source');
    END IF;
    PERFORM t.is(t.n('k.source'), 0, what || 'source is empty');
    PERFORM t.is(t.n('k.set_p' || k.day(40)) || ' ' || t.n('k.set_p' || k.day(41)), '24 24', what || 'rows from the source');
    -- written down and made again
    dump := partman.dump_partitioned_table_definition('k.set');
    SELECT to_jsonb(c) - '{time_encoder,time_decoder,maintenance_last_run}'::text[] INTO before FROM partman.part_config c;
    PERFORM t.is(split_part(dump, E'\n', 1), 'SELECT partman.create_partition(', what || 'dump');
    IF encoder IS NULL THEN
        DELETE FROM partman.part_config;
        DROP TABLE k.set_default;
        EXECUTE split_part(dump, E'\nUPDATE', 1);
        EXECUTE 'UPDATE' || split_part(dump, E'\nUPDATE', 2);
        PERFORM t.is((SELECT to_jsonb(c) - '{time_encoder,time_decoder,maintenance_last_run}'::text[] FROM partman.part_config c),
            before, what || 'made again');
    END IF;
    -- undone: nothing but empty ones before day -4, so the first filled one goes with the first call
    EXECUTE format(put, 60, 2);
    SELECT * INTO r FROM partman.undo_partition('k.set', p_target_table := 'k.undone');
    PERFORM t.is(r::text, '(1,2)', what || 'undo: the default');
    SELECT * INTO r FROM partman.undo_partition('k.set', p_target_table := 'k.undone', p_keep_table := false);
    PERFORM t.is(r::text, CASE WHEN encoder IS NULL THEN '(3,3)' ELSE '(2,3)' END, what || 'undo: empty ones and day -4');
    PERFORM t.ok(NOT t.has('k.set_p' || k.day(-4)), what || 'dropped');
    SELECT * INTO r FROM partman.undo_partition('k.set', 'k.undone', 3, p_keep_table := false);
    PERFORM t.is(r::text, '(3,9)', what || 'undo: three');
    PERFORM t.is((SELECT undo_in_progress FROM partman.part_config), true, what || 'undo_in_progress');
    PERFORM partman.run_maintenance();
    FOR d IN 1 .. 20 LOOP
        SELECT * INTO r FROM partman.undo_partition('k.set', 'k.undone', 5, p_keep_table := false);
        EXIT WHEN NOT EXISTS (SELECT FROM partman.part_config);
    END LOOP;
    PERFORM t.is(t.kids('k.set'), '', what || 'no partition left');
    PERFORM t.ok(NOT t.has('k.set_default') OR NOT (SELECT relispartition FROM pg_class WHERE oid = 'k.set_default'::regclass),
        what || 'default detached');
    PERFORM t.is(t.n('k.undone'), 9 * 3 + 8 + 48 + 2, what || 'all rows');
    PERFORM t.is((SELECT count(*) FROM partman.part_config), 0, what || 'forgotten');
    PERFORM t.ok(NOT t.has('partman.template_k_set'), what || 'template dropped');
    PERFORM t.throws($$SELECT partman.undo_partition('k.set', 'k.undone')$$, '42P01', what || 'undone already');
    DROP TABLE k.set, k.undone, k.source;
    DROP TABLE IF EXISTS k.set_default;
    FOR d IN -40 .. 40 LOOP EXECUTE 'DROP TABLE IF EXISTS k.set_p' || k.day(d); END LOOP;
END $life$;

BEGIN;
SELECT k.time_life('timestamptz', '$');
SAVEPOINT a;
SELECT k.time_life('timestamp', '($)::timestamp');
SELECT k.time_life('timestamp(0)', '($)::timestamp(0)');
ROLLBACK TO a;
SELECT k.time_life('date', '($)::date');
SELECT k.time_life('bigint', 'extract(epoch FROM $)::bigint', 'seconds');
RELEASE a;
SAVEPOINT b;
SELECT k.time_life('bigint', '(extract(epoch FROM $) * 1000)::bigint', 'milliseconds');
SELECT k.time_life('bigint', '(extract(epoch FROM $) * 1000000)::bigint', 'microseconds');
SAVEPOINT c;
SELECT k.time_life('bigint', '(extract(epoch FROM $) * 1000000000)::bigint', 'nanoseconds');
SELECT k.time_life('numeric', 'extract(epoch FROM $)::numeric', 'seconds');
ROLLBACK TO b;
SELECT k.time_life('integer', 'extract(epoch FROM $)::int', 'seconds');
SELECT k.time_life('uuid', 'partman.uuid7_time_encoder($)', 'none', 'partman.uuid7_time_encoder', 'partman.uuid7_time_decoder');
SELECT k.time_life('text COLLATE "C"', 'k.text_of($)', 'none', 'k.text_of', 'k.time_of');
SELECT k.time_life('varchar(30) COLLATE "C"', 'k.text_of($)::varchar(30)', 'none', 'k.text_of', 'k.time_of');
ROLLBACK;

-- other intervals: a row far away goes to the partition that show_partition_name foretold, on the grid of the others
CREATE FUNCTION k.width(type text, write text, width interval, epoch text DEFAULT 'none', encoder text DEFAULT NULL, decoder text DEFAULT NULL)
RETURNS SETOF void LANGUAGE plpgsql AS $$
DECLARE
    what text := type || '/' || epoch || '/' || width || ': ';
    far timestamptz;
    foretold record;
    info record;
    grid timestamptz;
BEGIN
    EXECUTE format('CREATE TABLE k.set (at %s NOT NULL) PARTITION BY RANGE (at)', type);
    EXECUTE format('CREATE TABLE k.undone (at %s)', type);
    PERFORM t.is(partman.create_parent('k.set', 'at', width::text, p_epoch := epoch, p_time_encoder := encoder, p_time_decoder := decoder,
        p_premake := 2), true, what || 'create_parent');
    SELECT child_start_time INTO grid FROM partman.show_partitions('k.set') s, partman.show_partition_info('k.' || s.partition_tablename) LIMIT 1;
    FOREACH far IN ARRAY ARRAY[now() + 7 * width + interval '1 second', now() - 9 * width, now() + 20 * width] LOOP
        EXECUTE 'INSERT INTO k.set SELECT ' || replace(write, '$', '$1') USING far;
        SELECT * INTO foretold FROM partman.show_partition_name('k.set', far::text);
        PERFORM t.is(foretold.table_exists, false, what || 'not there yet');
        PERFORM t.is(partman.partition_data_time('k.set', p_order := 'DESC'), 1, what || 'moved');
        PERFORM t.is(t.n('k.' || foretold.partition_table), 1, what || 'as foretold');
        SELECT * INTO info FROM partman.show_partition_info('k.' || foretold.partition_table);
        PERFORM t.is(info.child_start_time, foretold.suffix_timestamp, what || 'start');
        PERFORM t.is(info.child_end_time, info.child_start_time + width, what || 'end');
        PERFORM t.ok(far >= info.child_start_time AND far < info.child_end_time, what || 'inside');
        PERFORM t.is(foretold.partition_table, 'set_p' || to_char(info.child_start_time, datetime_string), what || 'name') FROM partman.part_config;
        IF extract(month FROM width) = 0 AND extract(year FROM width) = 0 THEN
            PERFORM t.is(mod(extract(epoch FROM info.child_start_time - grid), extract(epoch FROM width)), 0, what || 'on the grid');
        END IF;
    END LOOP;
    PERFORM t.ok(partman.partition_gap_fill('k.set') > 10, what || 'gap fill');
    PERFORM t.is((SELECT count(*) FROM (SELECT child_start_time, lag(child_end_time) OVER (ORDER BY child_start_time) AS last
        FROM partman.show_partitions('k.set') s, partman.show_partition_info('k.' || s.partition_tablename)) g WHERE last <> child_start_time), 0,
        what || 'no gap');
    PERFORM t.is((SELECT rows_undone FROM partman.undo_partition('k.set', 'k.undone', 99)), 3, what || 'undone');
    PERFORM t.is((SELECT count(*) FROM partman.part_config), 0, what || 'forgotten');
END $$;
BEGIN;
SAVEPOINT a;
SELECT k.width('timestamptz', '$', '30 seconds');
ROLLBACK TO a;
SELECT k.width('timestamptz', '$', '15 minutes');
ROLLBACK TO a;
SELECT k.width('timestamptz', '$', '1 hour');
ROLLBACK TO a;
SELECT k.width('timestamp', '$::timestamp', '6 hours');
ROLLBACK TO a;
SELECT k.width('timestamptz', '$', '1 week');
ROLLBACK TO a;
SELECT k.width('timestamptz', '$', '30 days');
ROLLBACK TO a;
SELECT k.width('date', '$::date', '9 weeks');
ROLLBACK TO a;
SELECT k.width('timestamptz', '$', '1 month');
ROLLBACK TO a;
SELECT k.width('date', '$::date', '3 months');
ROLLBACK TO a;
SELECT k.width('timestamp', '$::timestamp', '1 year');
ROLLBACK TO a;
SELECT k.width('bigint', 'extract(epoch FROM $)::bigint', '1 hour', 'seconds');
ROLLBACK TO a;
SELECT k.width('bigint', '(extract(epoch FROM $) * 1000)::bigint', '1 month', 'milliseconds');
ROLLBACK TO a;
SELECT k.width('uuid', 'partman.uuid7_time_encoder($)', '1 month', 'none', 'partman.uuid7_time_encoder', 'partman.uuid7_time_decoder');
ROLLBACK TO a;
SELECT k.width('uuid', 'partman.uuid7_time_encoder($)', '1 hour', 'none', 'partman.uuid7_time_encoder', 'partman.uuid7_time_decoder');
ROLLBACK TO a;
SELECT k.width('text COLLATE "C"', 'k.text_of($)', '1 week', 'none', 'k.text_of', 'k.time_of');
ROLLBACK TO a;
ROLLBACK;
DROP SCHEMA k CASCADE;
\i :srcdir/assert_done.psql
