-- One life over every kind of key, the same steps and the same numbers for each: create, fill, drain, maintain, fill a
-- gap, retire, undo. One transaction.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA k;
CREATE FUNCTION k.enc(timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT 'K' || to_char($1 AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') $$;
CREATE FUNCTION k.dec(text) RETURNS timestamptz LANGUAGE sql AS $$ SELECT to_timestamp(substr($1, 2), 'YYYYMMDDHH24MISS') $$;
-- `key` makes a key from the number %s of a cell: of a day, or of ten
CREATE FUNCTION t.life(name text, type text, method text, step text, key text, args text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    p text := 'k.' || name; timed boolean := step !~ '^\d+$'; n bigint; got record;
    cell text := format(key, 'c');
    data text := CASE WHEN timed THEN 'partman.partition_data_time' ELSE 'partman.partition_data_id' END;
BEGIN
    EXECUTE format('CREATE TABLE k.%I (id int, k %s NOT NULL, v int DEFAULT 7) PARTITION BY %s (k)', name, type, method);
    EXECUTE format('CREATE TABLE k.%I (id int, k %s, v int)', name || '_out', type);
    -- cells 10 to 14
    EXECUTE format('SELECT partman.create_parent(%L, ''k'', %L, p_type := %L, p_premake := 4, p_start_partition := %s %s)', p, step, method,
        CASE WHEN timed THEN '(current_date)::text' ELSE '''100''' END, args);
    -- of times four when it is midnight
    PERFORM t.ok(t.count(p) IN (4, 5), name || ': created');
    PERFORM t.has('k', name || '_default');
    -- three rows each in cells 10 to 12 and, without a partition, in 17
    EXECUTE format('INSERT INTO k.%I SELECT c, %s FROM unnest(''{10,11,12,17}''::int[]) c, generate_series(1, 3)', name, cell);
    EXECUTE format('SELECT count(*) FROM k.%I', name || '_default') INTO n;
    PERFORM t.is(n, 3::bigint, name || ': in the default');
    PERFORM t.is((SELECT count FROM partman.check_default() WHERE default_table = p || '_default'), 3::bigint, name || ': check_default');
    EXECUTE format('SELECT %s(%L, 5)', data, p) INTO n;
    PERFORM t.is(n, 3::bigint, name || ': moved');
    PERFORM t.rows('k', t.last(p), 3);
    PERFORM t.rows('k', name || '_default', 0);
    EXECUTE format('SELECT %s(%L, 5)', data, p) INTO n;
    PERFORM t.is(n, 0::bigint, name || ': nothing more to move');
    -- two ahead of cell 17
    PERFORM t.lives(format('UPDATE partman.part_config SET premake = 2 WHERE parent_table = %L', p), 'premake');
    PERFORM partman.run_maintenance(p);
    PERFORM t.ok((SELECT maintenance_last_run IS NOT NULL FROM partman.part_config WHERE parent_table = p), name || ': ran');
    EXECUTE format('INSERT INTO k.%I SELECT c, %s FROM unnest(''{18,19}''::int[]) c', name, cell);
    PERFORM t.rows('k', t.last(p), 1);
    PERFORM t.rows('k', name || '_default', 0);
    -- the gap is cells 15 and 16, and 14 where that was not made
    PERFORM t.ok(partman.partition_gap_fill(p) IN (2, 3), name || ': gap');
    PERFORM t.is(partman.partition_gap_fill(p), 0, name || ': no gap');
    PERFORM t.is(t.count(p), 10::bigint, name || ': cells 10 to 19');
    -- a row of every cell finds its partition
    EXECUTE format('INSERT INTO k.%I SELECT c, %s FROM generate_series(10, 19) c', name, cell);
    EXECUTE format('SELECT count(DISTINCT tableoid) FROM k.%I', name) INTO n;
    PERFORM t.is(n, 10::bigint, name || ': a partition for each');
    -- the names of the values are those of the partitions
    FOR got IN SELECT * FROM partman.show_partitions(p) s, partman.show_partition_info('k.' || s.partition_tablename, p_parent_table := p) i LOOP
        PERFORM t.is((partman.show_partition_name(p, coalesce(got.child_start_time::text, got.child_start_id::text))).partition_table, got.partition_tablename, name || ': name');
    END LOOP;
    -- cells 10 and 11 go, one kept and one dropped
    IF timed THEN
        PERFORM t.is(partman.drop_partition_time(p, '1 day', p_reference_timestamp := current_date + 2 + interval '1 second'), 1, name || ': retired');
        PERFORM t.is(partman.drop_partition_time(p, '1 day', p_keep_table := false, p_reference_timestamp := current_date + 3 + interval '1 second'), 1, name || ': dropped');
    ELSE
        EXECUTE format('SELECT max(trunc(k))::bigint FROM k.%I', name) INTO n;
        PERFORM t.is(partman.drop_partition_id(p, n - 115), 1, name || ': retired');
        PERFORM t.is(partman.drop_partition_id(p, n - 125, false), 1, name || ': dropped');
    END IF;
    PERFORM t.is(t.count(p), 8::bigint, name || ': cells 12 to 19');
    -- undo: everything that is left, and the default
    EXECUTE format('SELECT count(*) FROM k.%I', name) INTO n;
    FOR i IN 1 .. 12 LOOP
        SELECT * INTO got FROM partman.undo_partition(p, 'k.' || name || '_out', p_keep_table := false);
        EXIT WHEN NOT EXISTS (SELECT 1 FROM partman.part_config WHERE parent_table = p);
    END LOOP;
    PERFORM t.rows('k', name || '_out', n);
    PERFORM t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = p::regclass), 0::bigint, name || ': no partition is left');
    PERFORM t.is((SELECT count(*) FROM partman.part_config WHERE parent_table = p), 0::bigint, name || ': forgotten');
    PERFORM t.hasnt('partman', 'template_k_' || name);
    PERFORM t.hasnt('k', name || '_default');
END $$;
\set day '(current_date + %s - 10)::timestamptz'
SELECT t.life(name, type, 'range', '1 day', key, args) FROM (VALUES
    ('tz', 'timestamptz', :'day' || ' + interval ''13 hours''', ''), ('ts', 'timestamp', :'day', ''), ('dt', 'date', :'day', ''),
    ('sec', 'bigint', 'extract(epoch FROM ' || :'day' || ')', ', p_epoch := ''seconds'''), ('sec4', 'int', 'extract(epoch FROM ' || :'day' || ') + 5', ', p_epoch := ''seconds'''),
    ('ms', 'bigint', 'extract(epoch FROM ' || :'day' || ') * 1000', ', p_epoch := ''milliseconds'''), ('us', 'bigint', 'extract(epoch FROM ' || :'day' || ') * 1000000 + 1', ', p_epoch := ''microseconds'''),
    ('ns', 'bigint', 'extract(epoch FROM ' || :'day' || ') * 1000000000', ', p_epoch := ''nanoseconds'''), ('secnum', 'numeric', 'extract(epoch FROM ' || :'day' || ') + 0.5', ', p_epoch := ''seconds'''),
    ('uuid', 'uuid', 'partman.uuid7_time_encoder(' || :'day' || ')', ', p_time_encoder := ''partman.uuid7_time_encoder'', p_time_decoder := ''partman.uuid7_time_decoder'''),
    ('txt', 'text COLLATE "C"', 'k.enc(' || :'day' || ')', ', p_time_encoder := ''k.enc'', p_time_decoder := ''k.dec'''), ('vc', 'varchar(30) COLLATE "C"', 'k.enc(' || :'day' || ')', ', p_time_encoder := ''k.enc'', p_time_decoder := ''k.dec''')) v(name, type, key, args);
SELECT t.life(name, type, method, '10', '%s * 10 + ' || plus, args) FROM (VALUES
    ('i2', 'smallint', 'range', '3', ''), ('i4', 'int', 'range', '9', ''), ('i8', 'bigint', 'range', '0', ''), ('num', 'numeric', 'range', '9.75', ''), ('off', 'int', 'range', '9', ', p_offset_id := 5'), ('li', 'int', 'list', '0', ''), ('linum', 'numeric', 'list', '0', '')) v(name, type, method, plus, args);
ROLLBACK;
\set least 646
\i :srcdir/assert_done.psql
