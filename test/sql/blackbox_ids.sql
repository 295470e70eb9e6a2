-- The same for every type of id, for lists, offsets and negative ids, in one transaction. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA k;
CREATE FUNCTION k.parts(first int, last int) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(n, ' ' ORDER BY n COLLATE "C"), '') FROM (SELECT 'set_p' || s AS n FROM generate_series(first, last, 10) s) p
$$;

CREATE FUNCTION k.id_life(type text) RETURNS SETOF void LANGUAGE plpgsql AS $life$
DECLARE
    what text := type || ': ';
    r record;
    dump text;
    before jsonb;
    d int;
BEGIN
    EXECUTE format('CREATE TABLE k.set (id %s PRIMARY KEY, v text, g int GENERATED ALWAYS AS (length(v)) STORED) PARTITION BY RANGE (id)', type);
    CREATE TABLE k.undone (id bigint, v text);
    PERFORM t.is(partman.create_partition('k.set', 'id', '10', p_jobmon := false, p_premake := 4), true, what || 'create');
    PERFORM t.is(t.kids('k.set'), 'set_p0 set_p10 set_p20 set_p30 set_p40', what || 'first children');
    PERFORM t.is((SELECT string_agg(conname::text, ' ' ORDER BY conname COLLATE "C") FROM pg_constraint WHERE conrelid = 'k.set_p10'::regclass
        AND contype = 'p'),
        'set_p10_pkey', what || 'primary key');
    INSERT INTO k.set SELECT s, 'v' || s FROM generate_series(1, 57) s;
    PERFORM t.is(t.n('k.set_p0') || ' ' || t.n('k.set_p40') || ' ' || t.n('k.set_default'), '9 10 8', what || 'rows');
    -- 49 is in the highest partition: four more are wanted, but eight rows are in the way of the first of them
    PERFORM t.is(partman.partition_data_id('k.set', p_ignored_columns := '{g}'), 8, what || 'drained');
    PERFORM t.is(t.n('k.set_p50') || ' ' || t.n('k.set_default'), '8 0', what || 'moved');
    PERFORM t.is((SELECT sum(g) FROM k.set_p50), 8 * 3, what || 'generated');
    PERFORM partman.run_maintenance();
    PERFORM t.is(t.kids('k.set'), k.parts(0, 90), what || 'premade');
    INSERT INTO k.set SELECT s, 'far' FROM unnest('{123,124,155,156,157,201}'::int[]) s;
    PERFORM t.is(partman.partition_data_id('k.set', p_batch_count := 1, p_order := 'DESC', p_ignored_columns := '{g}'), 1, what || 'highest');
    PERFORM t.is(partman.partition_data_id('k.set', 1, 10, 0, 'ASC', true, NULL, '{g}'), 2, what || 'lowest, by position');
    PERFORM t.is(partman.partition_data_id('k.set', 99, p_analyze := false, p_ignored_columns := ARRAY['g']), 3, what || 'rest');
    PERFORM t.is(partman.partition_data_id('k.set'), 0, what || 'nothing left');
    PERFORM t.is(t.kids('k.set'), (SELECT string_agg(n, ' ' ORDER BY n COLLATE "C") FROM (SELECT 'set_p' || s AS n FROM
        unnest('{0,10,20,30,40,50,60,70,80,90,120,150,200}'::int[]) s) p), what || 'with gaps');
    PERFORM t.is(partman.partition_gap_fill(p_parent_table := 'k.set'), 2 + 2 + 4, what || 'gap fill');
    PERFORM t.is(t.kids('k.set'), k.parts(0, 200), what || 'no gap');
    -- looking
    PERFORM t.is((SELECT string_agg(partition_tablename, ' ') FROM partman.show_partitions('k.set')), (SELECT string_agg('set_p' || s, ' '
        ORDER BY s) FROM generate_series(0, 200, 10) s), what || 'by number');
    PERFORM t.is((SELECT n::text FROM partman.show_partition_name('k.set', '37') n), '(k,set_p30,,30,t)', what || 'name of 37');
    PERFORM t.is((SELECT n::text FROM partman.show_partition_name('k.set', '1234') n), '(k,set_p1230,,1230,f)', what || 'name of 1234');
    PERFORM t.throws($$SELECT partman.show_partition_name('k.set', '37.5')$$, '22P02', what || 'name of 37.5');
    PERFORM t.throws($$SELECT partman.show_partition_name('k.set', 'x')$$, '22P02', what || 'name of x');
    PERFORM t.is((SELECT i::text FROM partman.show_partition_info('k.set_p30') i), '(,,30,40,)', what || 'info');
    PERFORM t.is((SELECT i::text FROM partman.show_partition_info('k.set_p30', '10', 'k.set') i), '(,,30,40,)', what || 'info, positions');
    PERFORM t.is((SELECT i::text FROM partman.show_partition_info('set_p30', '10', 'k.set', false) i), '(,,30,,)', what || 'info, name');
    -- retention
    PERFORM t.is(partman.drop_partition_id('k.set', 150), 5, what || 'drop_partition_id');
    UPDATE partman.part_config SET retention = '101', retention_keep_table = false WHERE parent_table = 'k.set';
    PERFORM t.is(partman.drop_partition_id(p_parent_table := 'k.set'), 5, what || 'configured');
    PERFORM t.is(t.kids('k.set'), (SELECT string_agg(n, ' ' ORDER BY n COLLATE "C") FROM (SELECT 'set_p' || s AS n FROM
        generate_series(100, 200, 10) s) p), what || 'left');
    PERFORM t.ok(t.has('k.set_p40') AND NOT t.has('k.set_p50'), what || 'kept and dropped');
    -- from a source
    EXECUTE format('CREATE TABLE k.source AS SELECT s::%s AS id, ''s''::text AS v FROM generate_series(301, 330) s', type);
    PERFORM t.is(partman.partition_data_id('k.set', p_source_table := 'k.source', p_batch_interval := 3), 3, what || 'source, 3');
    PERFORM t.is(partman.partition_data_id('k.set', 2, 3, p_source_table := 'k.source', p_order := 'DESC'), 1 + 4, what || 'source, end');
    PERFORM t.is(partman.partition_data_id('k.set', 99, 1000, p_source_table := 'k.source'), 22, what || 'source, rest');
    PERFORM t.is(t.n('k.source') || ' ' || t.n('k.set_p300') || ' ' || t.n('k.set_p310') || ' ' || t.n('k.set_p330'), '0 9 10 1',
        what || 'source is empty');
    dump := partman.dump_partitioned_table_definition('k.set', true);
    SELECT to_jsonb(c) - '{maintenance_last_run,template_table}'::text[] INTO before FROM partman.part_config c;
    DELETE FROM partman.part_config;
    EXECUTE dump;
    PERFORM t.is((SELECT to_jsonb(c) - '{maintenance_last_run,template_table}'::text[] FROM partman.part_config c), before, what || 'made again');
    -- undone
    FOR d IN 1 .. 99 LOOP
        SELECT * INTO r FROM partman.undo_partition('k.set', 'k.undone', 4, p_keep_table := d % 2 = 0);
        EXIT WHEN NOT EXISTS (SELECT FROM partman.part_config);
    END LOOP;
    PERFORM t.is(t.kids('k.set') || t.n('k.undone') || (SELECT count(*) FROM k.set), '360', what || 'undone');
    PERFORM t.ok(NOT t.has('partman.template_k_set'), what || 'template dropped');
    DROP SCHEMA k CASCADE;
END $life$;

BEGIN;
SAVEPOINT s;
SELECT k.id_life('smallint');
ROLLBACK TO s;
SELECT k.id_life('integer');
ROLLBACK TO s;
SELECT k.id_life('bigint');
ROLLBACK TO s;
SELECT k.id_life('numeric');
ROLLBACK TO s;
SELECT k.id_life('numeric(20,0)');
ROLLBACK TO s;

-- the worked example of undoing: ids 1 to 35 in tens, one row in the default
CREATE TABLE k.n (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE k.target (id int);
SELECT t.is(partman.create_parent('k.n', 'id', '10'), true, 'undo: create');
INSERT INTO k.n SELECT generate_series(1, 35);
INSERT INTO k.n VALUES (1000);
SELECT t.is(u::text, '(1,1)', 'undo: default') FROM partman.undo_partition('k.n', 'k.target') u;
SELECT t.is(u::text, '(1,9)', 'undo: p0') FROM partman.undo_partition('k.n', 'k.target') u;
SELECT t.is(u::text, '(0,4)', 'undo: 10 to 13') FROM partman.undo_partition('k.n', 'k.target', 1, '3') u;
SELECT t.is(u::text, '(0,4)', 'undo: 14 to 17') FROM partman.undo_partition('k.n', 'k.target', 1, '3') u;
SELECT t.is(u::text, '(2,12)', 'undo: 18 to 29') FROM partman.undo_partition('k.n', 'k.target', 3, '3') u;
SELECT t.is(u::text, '(1,6)', 'undo: 30 to 35') FROM partman.undo_partition('k.n', 'k.target') u;
SELECT t.is(u::text, '(1,0)', 'undo: p40, empty') FROM partman.undo_partition('k.n', 'k.target') u;
SELECT t.is((SELECT count(*) FROM partman.part_config), 0, 'undo: forgotten');
SELECT t.is((SELECT count(*) FROM k.target), 36, 'undo: rows');
SELECT t.throws($$SELECT partman.undo_partition('k.n', 'k.target')$$, '%', 'undo: not configured any more');
ROLLBACK TO s;

-- one value per partition
CREATE TABLE k.l (c int NOT NULL, v text) PARTITION BY LIST (c);
CREATE TABLE k.target (c int, v text);
SELECT t.is(partman.create_parent('k.l', 'c', '1', 'list'), true, 'list: create');
SELECT t.is(t.kids('k.l'), 'l_p0 l_p1 l_p2 l_p3 l_p4', 'list: children');
INSERT INTO k.l SELECT s % 6, 'v' FROM generate_series(1, 60) s;
SELECT t.is(t.n('k.l_p4') || ' ' || t.n('k.l_default'), '10 10', 'list: rows');
SELECT t.is(partman.partition_data_id('k.l'), 10, 'list: drained');
SELECT t.is(t.kids('k.l'), 'l_p0 l_p1 l_p2 l_p3 l_p4 l_p5', 'list: one more');
SELECT partman.run_maintenance();
SELECT t.is(t.kids('k.l'), 'l_p0 l_p1 l_p2 l_p3 l_p4 l_p5 l_p6 l_p7 l_p8 l_p9', 'list: premade');
SELECT t.is(i::text, '(,,4,,)', 'list: info') FROM partman.show_partition_info('k.l_p4') i;
SELECT t.is(n::text, '(k,l_p4,,4,t)', 'list: name') FROM partman.show_partition_name('k.l', '4') n;
INSERT INTO k.l VALUES (20, 'v'), (22, 'v');
SELECT t.is(partman.partition_data_id('k.l', 10), 2, 'list: two');
SELECT t.is(partman.partition_gap_fill('k.l'), 11, 'list: gap fill');
SELECT t.is(partman.drop_partition_id('k.l', 18), 4, 'list: retention');
SELECT t.is((SELECT string_agg(partition_tablename, ' ') FROM partman.show_partitions('k.l', 'DESC')), (SELECT string_agg('l_p' || s, ' '
    ORDER BY s DESC) FROM generate_series(4, 22) s), 'list: descending');
SELECT t.is(u::text, '(2,10)', 'list: undo, the empty default and p4') FROM partman.undo_partition('k.l', 'k.target') u;
SELECT t.is(u::text, '(1,10)', 'list: undo') FROM partman.undo_partition('k.l', 'k.target', p_keep_table := false) u;
SELECT t.is(u::text, '(17,2)', 'list: undo, all') FROM partman.undo_partition('k.l', 'k.target', 50) u;
SELECT t.ok(t.has('k.l_p4') AND NOT t.has('k.l_p5'), 'list: kept and dropped');
ROLLBACK TO s;
CREATE TABLE k.g (id int NOT NULL) PARTITION BY LIST (id);
CREATE TABLE k.g_p4 PARTITION OF k.g FOR VALUES IN (4);
CREATE TABLE k.g_p20 PARTITION OF k.g FOR VALUES IN (20);
CREATE TABLE k.g_p22 PARTITION OF k.g FOR VALUES IN (22);
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('k.g', 'id', 'list', '1');
SELECT t.is(partman.partition_gap_fill('k.g'), 16, 'list: 4, 20, 22 have 16 gaps');
ROLLBACK TO s;

-- an offset, negative ids
CREATE TABLE k.o (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT t.is(partman.create_parent('k.o', 'id', '10', p_start_partition := '57', p_offset_id := 5), true, 'offset: create');
SELECT t.is(t.kids('k.o'), 'o_p55 o_p65 o_p75 o_p85 o_p95', 'offset: children');
INSERT INTO k.o SELECT generate_series(100, 120);
SELECT t.is(partman.partition_data_id('k.o', 10), 16, 'offset: drained');
SELECT t.is(t.kids('k.o'), 'o_p105 o_p115 o_p55 o_p65 o_p75 o_p85 o_p95', 'offset: on its grid');
ROLLBACK TO s;
CREATE TABLE k.m (id int NOT NULL) PARTITION BY RANGE (id);
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('k.m', 'id', 'range', '10');
CREATE TABLE k.m_default PARTITION OF k.m DEFAULT;
SELECT t.is(partman.create_partition_id('k.m', '{0,-20,50}'), true, 'negative: create');
SELECT t.is(t.kids('k.m'), 'm_p-20 m_p0 m_p50', 'negative: names');
INSERT INTO k.m VALUES (-25), (-21), (-20), (-1), (0);
SELECT t.is(partman.partition_data_id('k.m', 10), 3, 'negative: drained');
SELECT t.is(t.n('k."m_p-30"') || ' ' || t.n('k."m_p-20"') || ' ' || t.n('k."m_p-10"') || ' ' || t.n('k.m_p0'), '2 1 1 1', 'negative: rows');
SELECT t.is(partman.partition_gap_fill('k.m'), 4, 'negative: gap fill');
ROLLBACK;
DROP SCHEMA k CASCADE;
\i :srcdir/assert_done.psql
