-- Sets with date and uuid keys under an empty search_path, as pg_dump and careful applications set it: every call of
-- their life, the procedures too, and what is printed to be run runs there. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA k;
CREATE FUNCTION k.day(n int) RETURNS timestamptz LANGUAGE sql AS $$ SELECT (current_date + n)::timestamptz $$;
-- names of partitions follow the days
CREATE FUNCTION k.of(name text, n int) RETURNS text LANGUAGE sql AS $$ SELECT name || t.day(k.day(n)) $$;
-- `key` makes a key from a timestamptz $
CREATE FUNCTION k.fill(name text, key text, days int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO k.%I SELECT d * 100 + h, %s FROM unnest($1) d, generate_series(0, 12, 6) h', name,
        replace(key, '$', '(k.day(d) + h * interval ''1 hour'')')) USING days;
END $$;
CREATE FUNCTION k.create(name text, args text) RETURNS text LANGUAGE sql AS $$
    SELECT t.run(format('SELECT partman.create_parent(%L, ''Key'', ''1 day'', p_premake := 2, p_start_partition := %L, '
        'p_constraint_cols := ''{id}'' %s)', 'k.' || name, k.day(-3)::text, args)) $$;
-- all that is one transaction
CREATE FUNCTION k.life(name text, type text, key text, args text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE p text := 'k.' || name; s record; n bigint; d text;
BEGIN
    EXECUTE format('CREATE TABLE k.%I (id int, "Key" %s NOT NULL, PRIMARY KEY (id, "Key")) PARTITION BY RANGE ("Key")', name, type);
    EXECUTE format('CREATE TABLE k.%I (LIKE k.%I)', name || '_out', name);
    EXECUTE format('CREATE TABLE k.%I (LIKE k.%I)', name || '_in', name);
    PERFORM t.is(k.create(name, args), 'true', p || ': created');
    PERFORM t.is(t.kids(format('k.%I', name)), (SELECT string_agg(k.of(name, i), ' ' ORDER BY i) FROM generate_series(-3, 2) i), p || ': its partitions');
    PERFORM k.fill(name, key, '{-3,-2,-1,0,5,6}');
    PERFORM t.rows('k', k.of(name, 0), 3);
    PERFORM t.is((SELECT count FROM partman.check_default() WHERE default_table = p || '_default'), 6, p || ': check_default');
    PERFORM t.is(partman.partition_data_time(p), 3, p || ': drained');
    PERFORM t.rows('k', k.of(name, 5), 3);
    PERFORM t.is(partman.partition_data_time(p, 5, p_order := 'DESC', p_lock_wait := 1), 3, p || ': drained, too');
    PERFORM t.rows('k', k.of(name, 6), 3);
    -- what the plan prints is what the run does
    SELECT string_agg(action || ' ' || partition_table, ' ' ORDER BY partition_table) INTO d FROM partman.plan_maintenance(p) WHERE action <> 'nothing';
    PERFORM t.is(d, format('create k.%s create k.%s', k.of(name, 7), k.of(name, 8)), p || ': planned');
    SELECT string_agg(statement, '; ' ORDER BY partition_table) INTO d FROM partman.plan_maintenance(p) WHERE action = 'create';
    BEGIN
        EXECUTE d;
        PERFORM t.is(t.last(p), k.of(name, 8), p || ': what is printed');
        RAISE 'undone';
    EXCEPTION WHEN raise_exception THEN
        PERFORM t.is(t.last(p), k.of(name, 6), p || ': not yet');
    END;
    PERFORM t.lives(format('SELECT partman.run_maintenance(%L, true)', p), p || ': maintained');
    PERFORM t.is(t.last(p), k.of(name, 8), p || ': grown');
    PERFORM t.is(partman.partition_gap_fill(p), 2, p || ': gaps filled');
    PERFORM t.ok(partman.create_partition_time(p, ARRAY[k.day(20)]), p || ': one asked for');
    PERFORM t.has('k', k.of(name, 20));
    -- looking
    PERFORM t.is((SELECT count(*) FROM partman.show_partitions(p, 'DESC', true)), 14, p || ': shown');
    SELECT * INTO s FROM partman.show_partition_name(p, (k.day(5) + interval '23 hours')::text);
    PERFORM t.is(s.partition_table, k.of(name, 5), p || ': name');
    SELECT * INTO s FROM partman.show_partition_info('k.' || k.of(name, 5));
    PERFORM t.is(s.child_start_time, k.day(5), p || ': info');
    -- a source
    PERFORM k.fill(name || '_in', key, '{1,2,9}');
    PERFORM t.is(partman.partition_data_time(p, 9, p_source_table := p || '_in'), 9, p || ': from a source');
    PERFORM t.rows('k', k.of(name, 9), 3);
    -- what old partitions get
    PERFORM partman.apply_constraints(p, 'k.' || k.of(name, -3));
    PERFORM t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%' AND conrelid = format('k.%I', k.of(name, -3))::regclass), 1, p || ': constraint');
    PERFORM partman.drop_constraints(p, 'k.' || k.of(name, -3));
    PERFORM t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%' AND conrelid = format('k.%I', k.of(name, -3))::regclass), 0, p || ': no constraint');
    PERFORM t.lives(format('SELECT partman.reapply_privileges(%L)', p), p || ': privileges');
    -- retention, by the run and by hand
    UPDATE partman.part_config SET retention = '1 day 12 hours', retention_keep_table = false WHERE parent_table = p;
    PERFORM partman.run_maintenance(p);
    PERFORM t.is(t.first(p), k.of(name, -1 - (extract(hour FROM now()) < 12)::int), p || ': retired');
    PERFORM t.is(partman.drop_partition_time(p, '1 day', p_keep_table := false, p_reference_timestamp := k.day(1) + interval '1 second'), 1 + (extract(hour FROM now()) < 12)::int, p || ': dropped');
    PERFORM t.is(t.first(p), k.of(name, 0), p || ': by hand');
    -- and back
    EXECUTE format('SELECT count(*) FROM k.%I', name) INTO n;
    SELECT * INTO s FROM partman.undo_partition(p, p || '_out', 100, p_keep_table := false);
    PERFORM t.is(s.rows_undone, n, p || ': undone');
    PERFORM t.rows('k', name || '_out', n);
    PERFORM t.hasnt('partman', 'template_k_' || name);
    PERFORM t.ok(NOT EXISTS (SELECT FROM partman.part_config WHERE parent_table = p), p || ': forgotten');
    EXECUTE format('DROP TABLE k.%I, k.%I, k.%I', name, name || '_out', name || '_in');
END $$;
-- a role that works like that
CREATE ROLE regress_strata_pathless;
GRANT CREATE, USAGE ON SCHEMA k, partman TO regress_strata_pathless;
GRANT USAGE ON SCHEMA t TO regress_strata_pathless;
GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_config_sub TO regress_strata_pathless;
\set uuid ', p_time_encoder := ''partman.uuid7_time_encoder'', p_time_decoder := ''partman.uuid7_time_decoder'''
SET search_path = '';

SELECT k.life('d', 'date', '$::date', '');
SELECT k.life('u', 'uuid', 'partman.uuid7_time_encoder($)', :'uuid');
-- the names of ours are found without a schema
SELECT k.life('Short', 'uuid', 'partman.uuid7_time_encoder($)', ', p_time_encoder := ''uuid7_time_encoder'', p_time_decoder := ''uuid7_time_decoder''');
SET ROLE regress_strata_pathless;
SELECT k.life('d', 'date', '$::date', '');
SELECT k.life('u', 'uuid', 'partman.uuid7_time_encoder($)', :'uuid');

-- the procedures
CREATE TABLE k.d (id int, "Key" date NOT NULL) PARTITION BY RANGE ("Key");
CREATE TABLE k.u (id int, "Key" uuid NOT NULL) PARTITION BY RANGE ("Key");
CREATE TABLE k.d_out (LIKE k.d);
CREATE TABLE k.u_out (LIKE k.u);
SELECT t.is(k.create('d', ''), 'true', 'd'), t.is(k.create('u', :'uuid'), 'true', 'u');
SELECT k.fill(name, key, '{-3,-2,-1,0,5,6,7}') FROM (VALUES ('d', '$::date'), ('u', 'partman.uuid7_time_encoder($)')) v(name, key);
SET client_min_messages = error;
CALL partman.partition_data_proc('k.d', 1, p_wait := 0, p_quiet := true);
CALL partman.partition_data_proc('k.u', 1, p_wait := 0, p_quiet := true);
SELECT t.is(t.n('k.' || n || '_default') || ' ' || t.n('k.' || k.of(n, 5)), '6 3', n || ': one batch') FROM unnest('{d,u}'::text[]) n;
CALL partman.partition_data_async('k.d', NULL, '6 hours');
CALL partman.partition_data_async('k.u', NULL, '6 hours');
SELECT t.is(t.n('k.' || n || '_default') || ' ' || t.n('k.' || k.of(n, 6)) || ' ' || t.n('k.' || k.of(n, 7)), '0 3 3', n || ': the others') FROM unnest('{d,u}'::text[]) n;
CALL partman.run_maintenance_proc();
SELECT t.is(t.last('k.' || n), k.of(n, 9), n || ': grown') FROM unnest('{d,u}'::text[]) n;
SELECT t.ok(maintenance_last_run IS NOT NULL, parent_table || ': maintained') FROM partman.part_config;
UPDATE partman.part_config SET optimize_constraint = 2;
CALL partman.reapply_constraints_proc('k.d', p_drop_constraints := true, p_apply_constraints := true);
CALL partman.reapply_constraints_proc('k.u', p_drop_constraints := true, p_apply_constraints := true);
SELECT t.ok(EXISTS (SELECT FROM pg_constraint WHERE conname LIKE 'partmanconstr_%' AND conrelid = ('k.' || k.of(n, -3))::regclass), n || ': constraints') FROM unnest('{d,u}'::text[]) n;
CALL partman.run_analyze(p_quiet := true);
SELECT t.ok(bool_and(reltuples >= 0), 'analyzed') FROM pg_class WHERE oid IN ('k.d'::regclass, 'k.u'::regclass);
-- the dump of a definition makes the same set again
SELECT partman.dump_partitioned_table_definition('k.d') AS definition \gset
SELECT row_to_json(c)::text AS was FROM partman.part_config c WHERE parent_table = 'k.d' \gset
CALL partman.undo_partition_proc('k.d', 'k.d_out', p_wait := 0, p_keep_table := false, p_quiet := true);
CALL partman.undo_partition_proc('k.u', 'k.u_out', p_wait := 0, p_keep_table := false, p_quiet := true);
SELECT t.rows('k', n || '_out', 21) FROM unnest('{d,u}'::text[]) n;
SELECT t.is((SELECT count(*) FROM partman.part_config), 0, 'forgotten');
CREATE TABLE partman.template_k_d (LIKE k.d);
\o /dev/null
:definition
\o
SELECT t.is(jsonb_set(row_to_json(c)::jsonb, '{maintenance_last_run}', 'null'), jsonb_set(:'was'::jsonb, '{maintenance_last_run}', 'null'), 'from its definition')
FROM partman.part_config c;
SELECT t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'k.d'::regclass), 1 + 2 * 2 + 1, 'with partitions');
DELETE FROM partman.part_config;
DROP TABLE k.d, k.u, k.d_out, k.u_out, partman.template_k_d;

-- and no call has changed the setting
SELECT t.is(current_setting('search_path'), '""', 'search_path');
RESET ROLE;
DROP OWNED BY regress_strata_pathless;
DROP ROLE regress_strata_pathless;
DROP SCHEMA k CASCADE;
RESET search_path;
\i :srcdir/assert_done.psql
