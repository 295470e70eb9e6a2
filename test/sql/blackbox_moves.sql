-- partition_data_time and _id: the rules of the contract one by one, identity and generated columns, ignored columns,
-- orders, infinities, odd names, sub-partitioned sets; in transactions. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA k;
CREATE FUNCTION k.day(d int) RETURNS text LANGUAGE sql AS $$ SELECT to_char(now() + d * interval '1 day', 'YYYYMMDD') $$;
CREATE FUNCTION k.hour(d int, h int) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT date_trunc('day', now()) + d * interval '1 day' + h * interval '1 hour'
$$;

BEGIN;
-- errors, each leaving the transaction usable through a savepoint of its own
CREATE TABLE k.d (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE k.i (id int NOT NULL, at timestamptz) PARTITION BY RANGE (id);
CREATE TABLE k.u (id uuid NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE k.nodefault (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE k.source (id int, at timestamptz);
SELECT t.is(partman.create_parent('k.d', 'at', '1 day'), true, 'd'), t.is(partman.create_parent('k.i', 'id', '10'), true, 'i'),
    t.is(partman.create_parent('k.nodefault', 'at', '1 day', p_default_table := false), true, 'nodefault'),
    t.is(partman.create_parent('k.u', 'id', '1 day', p_time_encoder := 'partman.uuid7_time_encoder',
        p_time_decoder := 'partman.uuid7_time_decoder'), true, 'u');
SELECT t.throws('SELECT partman.partition_data_time(''k.nothing'')', '42P01');
SELECT t.throws('SELECT partman.partition_data_id(''k.nothing'')', '42P01');
SELECT t.throws('SELECT partman.partition_data_time(''k.i'')', '42804');
SELECT t.throws('SELECT partman.partition_data_id(''k.d'')', '42804');
SELECT t.throws('SELECT partman.partition_data_id(''k.u'')', '42804');
SELECT t.throws('SELECT partman.partition_data_time(NULL)', '22004');
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_source_table := ''k.source'', p_ignore_infinity := true)', '22023');
SELECT t.throws('SELECT partman.partition_data_time(''k.u'', p_ignore_infinity := true)', '22023');
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_source_table := ''k.d_default'')', '22023');
SELECT t.throws('SELECT partman.partition_data_id(''k.i'', p_source_table := ''k.i_default'')', '22023');
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_source_table := ''k.missing'')', '42P01');
SELECT t.throws('SELECT partman.partition_data_id(''k.i'', p_source_table := ''missing'')', '42%');
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_batch_interval := ''1 hour'')', '22023');
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_batch_interval := ''2 days'')', '22023');
SELECT t.throws('SELECT partman.partition_data_id(''k.i'', p_batch_interval := 5)', '22023');
SELECT t.throws('SELECT partman.partition_data_id(''k.i'', p_batch_interval := 20)', '22023');
SELECT t.is(partman.partition_data_time('k.nodefault'), 0, 'no default');
SELECT t.is(partman.partition_data_time('k.d', p_batch_interval := '24 hours'), 0, '24 hours are a day');
INSERT INTO k.d VALUES (2, k.hour(30, 1));
INSERT INTO k.source VALUES (1, k.hour(20, 1));
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_order := ''asc'')', '22023');
SELECT t.throws('SELECT partman.partition_data_time(''k.d'', p_order := ''desc'', p_source_table := ''k.source'')', '22023');
SELECT t.is(partman.partition_data_time('k.d', p_order := 'DESC', p_lock_wait := 5), 1, 'with p_lock_wait');
SELECT t.is(partman.partition_data_time('k.d', p_lock_wait := 0.5, p_source_table := 'k.source'), 1, 'source with p_lock_wait');
SELECT t.is(partman.partition_data_time('k.d', 0), 0, 'no batch');
SELECT t.is(partman.partition_data_time('k.d'), 0, 'went into the partition of the source');
ROLLBACK;

BEGIN;
-- identity and generated columns, unique keys and a foreign key, a column that was dropped
CREATE TABLE k.ref (id int PRIMARY KEY);
INSERT INTO k.ref SELECT generate_series(0, 9);
CREATE TABLE k.g (gone int, id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, "Ref" int REFERENCES k.ref, note text DEFAULT 'none',
    twice int GENERATED ALWAYS AS ("Ref" * 2) STORED, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE k.g DROP COLUMN gone;
SELECT t.is(partman.create_parent('k.g', 'at', '1 day', p_premake := 1), true, 'g');
INSERT INTO k.g (at, "Ref", note) SELECT k.hour(20, s), s % 10, 'n' || s FROM generate_series(0, 29) s;
SELECT t.is(partman.partition_data_time('k.g', 9, p_ignored_columns := '{twice}'), 30, 'with a generated column');
SELECT t.is(string_agg(id || ':' || "Ref" || ':' || twice, ' ' ORDER BY id), (SELECT string_agg(s + 1 || ':' || s % 10 || ':' || s % 10 * 2, ' ')
    FROM generate_series(0, 29) s), 'same identities') FROM k.g;
INSERT INTO k.g (at, "Ref", note) SELECT k.hour(30, s), s % 10, 'n' || s FROM generate_series(0, 29) s;
SELECT t.is(partman.partition_data_time('k.g', 9, p_ignored_columns := '{twice,note}', p_override_system_value := true), 30, 'ignored: note');
SELECT t.is(string_agg(DISTINCT note, ' '), 'none', 'has its default') FROM k.g WHERE at >= k.hour(30, 0);
CREATE TABLE k.source AS SELECT 1000 + s AS id, k.hour(40, s) AS at, 1 AS "Ref", 'from' AS note, 5 AS twice, 6 AS unused FROM generate_series(0, 9) s;
SELECT t.is(partman.partition_data_time('k.g', 9, p_source_table := 'k.source', p_ignored_columns := '{twice,unused}', p_override_system_value := true),
    10, 'source with columns that are ignored');
SELECT t.is(min(id) || ' ' || max(id) || ' ' || min(twice), '1000 1009 2', 'identities of the source') FROM k.g WHERE at >= k.hour(40, 0);
SELECT t.is(partman.partition_gap_fill('k.g'), 18 + 8 + 8, 'gap fill');
CREATE TABLE k.undone (id bigint GENERATED BY DEFAULT AS IDENTITY (START 5000), at timestamptz, "Ref" int, note text, stamp int DEFAULT 7);
SELECT t.is((SELECT u::text FROM partman.undo_partition('k.g', 'k.undone', 100, '3 days', p_ignored_columns := '{id,stamp}') u),
    (SELECT format('(%s,70)', count(*) + 1) FROM generate_series(-1, 40)), 'undone with new identities');
SELECT t.is(min(id) || ' ' || max(id) || ' ' || min(stamp) || ' ' || count(*), '5000 5069 7 70', 'new identities') FROM k.undone;
ROLLBACK;

BEGIN;
-- infinities and missing keys
CREATE TABLE k.inf (id int, at timestamptz) PARTITION BY RANGE (at);
SELECT t.is(partman.create_parent('k.inf', 'at', '1 day', p_control_not_null := false), true, 'nullable');
INSERT INTO k.inf VALUES (1, 'infinity'), (2, '-infinity'), (3, NULL), (4, k.hour(30, 1)), (5, k.hour(31, 1));
SELECT t.throws('SELECT partman.partition_data_time(''k.inf'')', '22008', '-infinity comes first');
SELECT t.throws('SELECT partman.partition_data_time(''k.inf'', p_order := ''DESC'')', '22008', 'infinity comes first');
SELECT t.is((SELECT count FROM partman.check_default()), 5, 'all');
SELECT t.is((SELECT count FROM partman.check_default(p_ignore_infinity := true)), 3, 'without infinities');
SELECT t.is((SELECT count FROM partman.check_default(false, true)), 1, 'any without infinities');
SELECT t.is(partman.partition_data_time('k.inf', 10, p_ignore_infinity := true), 2, 'the finite ones');
SELECT t.is(partman.partition_data_time('k.inf', 10, p_ignore_infinity := true), 0, 'no more');
SELECT t.is((SELECT count FROM partman.check_default()), 3, 'stay');
DELETE FROM k.inf WHERE id IN (1, 2);
SELECT t.is(partman.partition_data_time('k.inf', 10), 0, 'rows without key stay');
SELECT t.is((SELECT count FROM partman.check_default()), 1, 'for ever');
SELECT t.is((SELECT count FROM partman.check_default(true, true)), 1, 'also here');
ROLLBACK;

BEGIN;
-- foreign keys whose checks are put off to the end of the transaction, open cursors, calls from cursors and subtransactions
CREATE TABLE k.ref (id int PRIMARY KEY);
INSERT INTO k.ref SELECT generate_series(1, 200);
CREATE TABLE k.fk (id int NOT NULL, r int REFERENCES k.ref DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (id);
CREATE TABLE k.undone (LIKE k.fk);
SELECT t.is(partman.create_parent('k.fk', 'id', '10'), true, 'fk');
INSERT INTO k.fk SELECT s, s FROM generate_series(1, 35) s;
INSERT INTO k.fk SELECT 100 + s, s FROM generate_series(1, 55) s;
DECLARE before CURSOR FOR SELECT * FROM k.ref;
FETCH before;
SELECT partman.run_maintenance('k.fk');
DECLARE calls CURSOR FOR SELECT t.is(partman.partition_data_id('k.fk'), 9, 'called by a cursor');
FETCH calls;
SELECT t.is(partman.partition_data_id('k.fk', 10), 46, 'several partitions');
DO $$
BEGIN
    INSERT INTO k.fk VALUES (305, 1), (315, 1);
    BEGIN
        PERFORM partman.partition_data_id('k.fk', 5);
        RAISE EXCEPTION 'taken back';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
    PERFORM t.is(t.n('k.fk_default'), 2, 'taken back');
END $$;
SELECT t.is(partman.partition_data_id('k.fk', 5), 2, 'once more'), t.is((SELECT count(*) FROM k.fk), 92, 'all rows');
SELECT t.is(partman.partition_gap_fill('k.fk'), 2 + 14, 'gap fill');
SELECT t.is(u::text, '(33,92)', 'undone') FROM partman.undo_partition('k.fk', 'k.undone', 100) u;
SET CONSTRAINTS ALL IMMEDIATE;
CLOSE ALL;
-- a source whose integers are smaller, one that has columns in another order and a trigger
CREATE TABLE k.wide (v text, id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT t.is(partman.create_parent('k.wide', 'id', '10', p_start_partition := '0'), true, 'wide');
CREATE TABLE k.small (id smallint, v varchar(10));
INSERT INTO k.small SELECT s, 'v' FROM generate_series(1, 25) s;
SELECT t.is(partman.partition_data_id('k.wide', 10, p_source_table := 'k.small'), 25, 'smaller integers');
SELECT t.is(t.n('k.wide_p0') || ' ' || t.n('k.wide_p10') || ' ' || t.n('k.wide_p20') || ' ' || t.n('k.small'), '9 10 6 0', 'arrived');
ROLLBACK;

-- odd names: mixed case, spaces, quotes, 63 bytes, multibyte
CREATE FUNCTION k.odd(s text, n text, c text) RETURNS SETOF void LANGUAGE plpgsql AS $$
DECLARE raw text := s || '.' || n; q text := format('%I.%I', s, n); cut text; r record;
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', s);
    EXECUTE format('CREATE TABLE %s (%I bigint NOT NULL, "v v" text) PARTITION BY RANGE (%2$I)', q, c);
    EXECUTE format('CREATE TABLE %I.undone (LIKE %s)', s, q);
    PERFORM t.is(partman.create_parent(raw, c, '100', p_premake := 2, p_constraint_cols := '{v v}'), true, raw || ': create');
    EXECUTE format('INSERT INTO %s SELECT s, ''x'' FROM generate_series(1, 950, 10) s', q);
    FOR i IN 0 .. 2 LOOP
        cut := partman.check_name_length(n, (i * 100)::text, true);
        PERFORM t.ok(t.has(format('%I.%I', s, cut)), raw || ': ' || cut);
    END LOOP;
    PERFORM t.ok(t.has(format('%I.%I', s, partman.check_name_length(n, '_default', false))), raw || ': default');
    PERFORM t.is((SELECT default_table || ' ' || count FROM partman.check_default() WHERE default_table LIKE s || '.%'),
        s || '.' || partman.check_name_length(n, '_default', false) || ' 65', raw || ': check_default');
    PERFORM t.is(partman.partition_data_id(raw, 2), 20, raw || ': two');
    PERFORM t.is(partman.partition_data_id(raw, 1, p_order := 'DESC'), 5, raw || ': last');
    PERFORM t.is(partman.partition_data_id(raw, 100), 40, raw || ': all');
    PERFORM t.is((SELECT string_agg(partition_tablename, '|') FROM partman.show_partitions(raw)), (SELECT string_agg(partman.check_name_length(n,
        i::text, true), '|' ORDER BY i) FROM generate_series(0, 900, 100) i), raw || ': show_partitions');
    SELECT * INTO r FROM partman.show_partition_name(raw, '555');
    PERFORM t.is(r.partition_schema || '.' || r.partition_table || ' ' || r.table_exists, s || '.' || partman.check_name_length(n, '500', true) || ' true',
        raw || ': show_partition_name');
    SELECT * INTO r FROM partman.show_partition_info(s || '.' || partman.check_name_length(n, '500', true));
    PERFORM t.is(r.child_start_id || ' ' || r.child_end_id, '500 600', raw || ': show_partition_info');
    PERFORM partman.apply_constraints(raw, s || '.' || partman.check_name_length(n, '500', true));
    PERFORM t.is((SELECT conname::text FROM pg_constraint WHERE conname LIKE 'partmanconstr%'),
        partman.check_name_length('partmanconstr_' || partman.check_name_length(n, '500', true), '_v v'), raw || ': constraint');
    PERFORM partman.drop_constraints(raw, s || '.' || partman.check_name_length(n, '500', true));
    PERFORM t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr%'), 0, raw || ': no constraint');
    PERFORM partman.run_maintenance(raw);
    PERFORM t.ok(t.has(format('%I.%I', s, partman.check_name_length(n, '1100', true))), raw || ': premade');
    PERFORM partman.reapply_privileges(raw);
    PERFORM t.is(partman.drop_partition_id(raw, 500, p_keep_table := false), 4, raw || ': retention');
    PERFORM t.ok(starts_with(partman.dump_partitioned_table_definition(raw), 'SELECT partman.create_partition('
        || format(E'\n\tp_parent_table := %L,\n\tp_control := %L,\n', raw, c)),
        raw || ': dump');
    EXECUTE 'SELECT rows_undone FROM partman.undo_partition($1, $2, 100, p_keep_table := false)' INTO r USING raw, s || '.undone';
    PERFORM t.is(r.rows_undone, 55, raw || ': undo');
    PERFORM t.is((SELECT count(*) FROM pg_class WHERE relname LIKE 'template%'), 0, raw || ': no template');
    EXECUTE format('DROP TABLE %s, %I.undone', q, s);
END $$;
BEGIN;
SELECT k.odd('k', 'Upper', 'Id');
SELECT k.odd('Mixed Case', 'with space', 'a b');
SAVEPOINT o;
SELECT k.odd('Mixed Case', 'quo"te''d', 'qu"ot''e');
SELECT k.odd('k', repeat('x', 63), repeat('c', 63));
ROLLBACK TO o;
SELECT k.odd('k', repeat('é', 31), 'é');
SELECT k.odd('日本', '日本語のとても長い名前です日本語のとて', '鍵');
SELECT k.odd('public', 'in_public', 'id');
SELECT k.odd('k', 'select', 'table');
SELECT k.odd('k', 'back\slash', 'per%cent');
ROLLBACK;

BEGIN;
-- a sub-partitioned set: moved from the top down, undone from the bottom up
CREATE TABLE k.top (id int NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE k.undone (LIKE k.top);
SELECT t.is(partman.create_parent('k.top', 'at', '1 month', p_premake := 1), true, 'top');
SET LOCAL client_min_messages = error;
SELECT t.is(partman.create_sub_partition('k.top', 'id', '10', p_declarative_check := 'yes', p_premake := 2), true, 'sub');
SET LOCAL client_min_messages = warning;
CREATE FUNCTION k.month(m int) RETURNS text LANGUAGE sql AS $$ SELECT 'k.top_p' || to_char(date_trunc('month', now()) + m * interval '1 month', 'YYYYMMDD') $$;
SELECT t.is(t.kids(k.month(0)), (SELECT string_agg(substr(k.month(0), 3) || '_p' || s, ' ') FROM unnest('{0,10,20}'::int[]) s), 'sub children');
INSERT INTO k.top SELECT s, date_trunc('month', now()) + m * interval '1 month' FROM generate_series(1, 44) s, unnest('{0,1,5}'::int[]) m;
SELECT t.is((SELECT string_agg(count::text, ' ' ORDER BY count) FROM partman.check_default()), '15 15 44', 'defaults at both levels');
SELECT t.is(partman.partition_data_time('k.top'), 44, 'from the top');
SELECT t.ok(t.has(k.month(5) || '_p0'), 'made with partitions');
SELECT t.is((SELECT string_agg(count::text, ' ' ORDER BY count) FROM partman.check_default()), '15 15 15', 'defaults of the sub-sets');
SELECT t.is(partman.partition_data_id(k.month(m), 10), n, 'from sub-set ' || m) FROM (VALUES (0, 15), (1, 15), (5, 15)) v(m, n);
SELECT t.is((SELECT count(*) FROM partman.check_default()), 0, 'defaults are empty');
SELECT t.is(partman.partition_gap_fill('k.top'), 3, 'gap fill makes sub-sets');
SELECT t.ok(t.has(k.month(3) || '_p0') AND t.has(k.month(3) || '_default'), 'with partitions');
SELECT t.is(l::text, '(,)', 'not limited: another kind') FROM partman.check_subpartition_limits(k.month(0), 'id') l;
SELECT t.is((SELECT count(*) FROM partman.check_subpart_sameconfig('k.top')), 0, 'no third level');
SELECT t.throws('SELECT partman.undo_partition(''k.top'', ''k.undone'')', '55000', 'bottom up');
SELECT t.is(partman.stop_sub_partition('k.top'), true, 'stop');
SELECT t.is(partman.stop_sub_partition('k.top', p_jobmon := false), true, 'stop again');
SELECT t.is((SELECT count(*) FROM partman.part_config_sub), 0, 'no sub-configuration');
DO $$
DECLARE s record; u record;
BEGIN
    FOR s IN SELECT parent_table FROM partman.part_config WHERE parent_table <> 'k.top' ORDER BY 1 LOOP
        FOR i IN 1 .. 20 LOOP
            PERFORM partman.undo_partition(s.parent_table, 'k.undone', 3, p_keep_table := false);
            EXIT WHEN NOT EXISTS (SELECT FROM partman.part_config c WHERE c.parent_table = s.parent_table);
        END LOOP;
    END LOOP;
END $$;
SELECT t.is((SELECT count(*) FROM k.undone), 3 * 44, 'sub-sets are undone');
SELECT t.ok(t.has('partman.template_k_top'), 'the template is still needed');
SELECT t.is(u::text, '(8,0)', 'the top, empty') FROM partman.undo_partition('k.top', 'k.undone', p_keep_table := false) u;
SELECT t.ok(NOT t.has('partman.template_k_top'), 'the template is gone');
SELECT t.is((SELECT count(*) FROM partman.part_config), 0, 'all forgotten');
ROLLBACK;
DROP SCHEMA k CASCADE;
\i :srcdir/assert_done.psql
