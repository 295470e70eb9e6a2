-- Looking at sets, extra constraints, the definition as text, forgetting, small utilities; the extension and the tables
-- in schema public, called without schema, by name and by position. Prints only what differs.
SET intervalstyle = 'postgres';
\set home public
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql

BEGIN;
-- small utilities
SELECT t.is(partman_safe_obj_name('abc'), 'abc', 'one part'), t.is(partman_safe_obj_name('a.B c.d'), 'a."B c"', 'later parts'),
    t.is(partman_safe_obj_name('public.select'), 'public."select"', 'reserved'), t.is(partman_safe_obj_name('a"b'), '"a""b"', 'quote');
SELECT t.throws('SELECT partman_safe_obj_name(NULL)', '22004');
SELECT t.is(uuid7_time_encoder('2026-11-22 12:34:56.789+00')::text, '01a20340-a095-0000-0000-000000000000', 'encoder'),
    t.is(uuid7_time_decoder('019147da-b040-0000-0000-000000000000'), '2024-08-12 18:30:00+00', 'decoder'),
    t.is(uuid7_time_encoder(NULL)::text, NULL, 'encoder of NULL'), t.is(uuid7_time_decoder(NULL), NULL, 'decoder of NULL'),
    t.is(uuid7_time_decoder(uuid7_time_encoder('1970-01-01 00:00+00')::text), '1970-01-01 00:00+00', 'there and back');
SELECT t.is(check_name_length('tab', '2024'), 'tab2024', 'suffix'), t.is(check_name_length('tab', '2024', true), 'tab_p2024', 'partition'),
    t.is(check_name_length('tab'), 'tab', 'alone'), t.is(check_name_length(p_object_name := 'tab', p_suffix := NULL), 'tab', 'NULL'),
    t.is(check_name_length(repeat('x', 70), '20240101', true), repeat('x', 53) || '_p20240101', '63 bytes'),
    t.is(check_name_length(repeat('é', 40), '20240101', true), repeat('é', 26) || '_p20240101', 'whole characters'),
    t.is(octet_length(check_name_length(repeat('é', 40), '20240101', true)), 62, '62 bytes');
SELECT t.throws('SELECT check_name_length(''t'', NULL, true)', '%'), t.throws('SELECT check_name_length(''t'', '''', true)', '%');
CREATE TABLE types (a int2, b int4, c int8, d numeric(10, 2), e text, f varchar(5), g uuid, h timestamptz, i timestamp(3), j date, k float8, l char(3));
SELECT t.is((SELECT coalesce(general_type, 'NULL') || ' ' || exact_type FROM check_control_type('public', 'types', c)), want, 'type of ' || c)
    FROM (VALUES ('a', 'id int2'), ('b', 'id int4'), ('c', 'id int8'), ('d', 'id numeric'), ('e', 'text text'), ('f', 'text varchar'), ('g', 'uuid uuid'),
        ('h', 'time timestamptz'), ('i', 'time timestamp'), ('j', 'time date'), ('k', 'NULL float8')) v(c, want);
SELECT t.is((SELECT count(*) FROM check_control_type('public', 'types', 'zz')) + (SELECT count(*) FROM check_control_type('public', 'nothing', 'a')), 0, 'no column');
SELECT t.ok(check_epoch_type('none') AND check_epoch_type('microseconds') AND NOT check_epoch_type('Seconds') AND check_epoch_type(NULL) IS NULL, 'epochs'),
    t.ok(check_partition_type('range') AND check_partition_type('list') AND NOT check_partition_type('native') AND check_partition_type(NULL) IS NULL, 'types'),
    t.ok(check_automatic_maintenance_value('on') AND check_automatic_maintenance_value('off') AND NOT check_automatic_maintenance_value('ON')
        AND check_automatic_maintenance_value(NULL) IS NULL, 'automatic_maintenance');

-- the definition, to the tab
CREATE TABLE "It's" (id int NOT NULL, "At" timestamptz NOT NULL, "c,1" int) PARTITION BY RANGE ("At");
SELECT t.is(create_partition('public.It''s', 'At', '1 week', p_constraint_cols := '{id,"c,1"}', p_premake := 3, p_automatic_maintenance := 'off',
    p_date_trunc_interval := 'week', p_jobmon := false), true, 'create');
SELECT t.is(dump_partitioned_table_definition('public.It''s'), E'SELECT public.create_partition(
\tp_parent_table := \'public.It\'\'s\',
\tp_control := \'At\',
\tp_interval := \'7 days\',
\tp_type := \'range\',
\tp_epoch := \'none\',
\tp_premake := 3,
\tp_default_table := \'t\',
\tp_automatic_maintenance := \'off\',
\tp_constraint_cols := \'{id,"c,1"}\',
\tp_template_table := \'public.template_public_It\'\'s\',
\tp_jobmon := \'f\',
\tp_date_trunc_interval := \'week\',
\tp_control_not_null := \'t\'
);
UPDATE public.part_config SET
\toptimize_constraint = 30,
\tretention = NULL,
\tretention_schema = NULL,
\tretention_keep_index = \'t\',
\tretention_keep_table = \'t\',
\tinfinite_time_partitions = \'f\',
\tdatetime_string = \'YYYYMMDD\',
\tsub_partition_set_full = \'f\',
\tinherit_privileges = \'f\',
\tconstraint_valid = \'t\',
\tignore_default_data = \'t\',
\tmaintenance_order = NULL,
\tretention_keep_publication = \'f\',
\tdetach_before_drop = \'f\',
\tmaintenance_role = \'postgres\'
WHERE parent_table = \'public.It\'\'s\';', 'definition');
UPDATE part_config SET optimize_constraint = 7, retention = '60 days', retention_schema = 'public', retention_keep_index = false, retention_keep_table = false,
    infinite_time_partitions = true, inherit_privileges = true, constraint_valid = false, ignore_default_data = false, maintenance_order = 12,
    retention_keep_publication = true, detach_before_drop = true, jobmon = true, automatic_maintenance = 'on';
SELECT t.is(split_part(dump_partitioned_table_definition('public.It''s'), E'\nWHERE', 1), E'SELECT public.create_partition(
\tp_parent_table := \'public.It\'\'s\',
\tp_control := \'At\',
\tp_interval := \'7 days\',
\tp_type := \'range\',
\tp_epoch := \'none\',
\tp_premake := 3,
\tp_default_table := \'t\',
\tp_automatic_maintenance := \'on\',
\tp_constraint_cols := \'{id,"c,1"}\',
\tp_template_table := \'public.template_public_It\'\'s\',
\tp_jobmon := \'t\',
\tp_date_trunc_interval := \'week\',
\tp_control_not_null := \'t\'
);
UPDATE public.part_config SET
\toptimize_constraint = 7,
\tretention = \'60 days\',
\tretention_schema = \'public\',
\tretention_keep_index = \'f\',
\tretention_keep_table = \'f\',
\tinfinite_time_partitions = \'t\',
\tdatetime_string = \'YYYYMMDD\',
\tsub_partition_set_full = \'f\',
\tinherit_privileges = \'t\',
\tconstraint_valid = \'f\',
\tignore_default_data = \'f\',
\tmaintenance_order = \'12\',
\tretention_keep_publication = \'t\',
\tdetach_before_drop = \'t\',
\tmaintenance_role = \'postgres\'', 'definition, changed');
SELECT t.ok(dump_partitioned_table_definition('public.It''s', p_ignore_template_table := true) LIKE E'%\tp_template_table := NULL,\n%', 'without template');
CREATE TABLE plain (id bigint) PARTITION BY LIST (id);
SELECT t.is(create_parent('public.plain', 'id', '1', 'list', p_default_table := false, p_template_table := 'false', p_control_not_null := false), true, 'plain');
SELECT t.is(substring(dump_partitioned_table_definition(p_parent_table := 'public.plain') FROM 'p_control .*optimize'), E'p_control := \'id\',
\tp_interval := \'1\',
\tp_type := \'list\',
\tp_epoch := \'none\',
\tp_premake := 4,
\tp_default_table := \'f\',
\tp_automatic_maintenance := \'on\',
\tp_constraint_cols := NULL,
\tp_template_table := NULL,
\tp_jobmon := \'t\',
\tp_date_trunc_interval := NULL,
\tp_control_not_null := \'f\'
);
UPDATE public.part_config SET
\toptimize', 'definition of a list');
SELECT t.ok(dump_partitioned_table_definition('public.plain') LIKE E'%\tdatetime_string = NULL,\n%', 'no datetime_string');
SELECT t.throws('SELECT dump_partitioned_table_definition(''public.nothing'')', '42P01');
SELECT t.throws('SELECT dump_partitioned_table_definition(NULL)', '%');

-- forgotten, and made again from the text
CREATE TEMP TABLE saved AS SELECT to_jsonb(c) - 'maintenance_last_run'::text AS row, dump_partitioned_table_definition(parent_table) AS definition FROM part_config c
    WHERE parent_table = 'public.It''s';
SET LOCAL client_min_messages = notice;
SELECT config_cleanup('public.It''s', p_template_table := false);
SET LOCAL client_min_messages = warning;
SELECT t.is((SELECT count(*) FROM part_config), 1, 'one left');
SELECT t.ok(t.has('"template_public_It''s"') AND t.has('"It''s_default"'), 'template and default stay');
DO $$ BEGIN EXECUTE (SELECT definition FROM saved); END $$;
SELECT t.is((SELECT to_jsonb(c) - 'maintenance_last_run'::text FROM part_config c WHERE parent_table = 'public.It''s'), (SELECT row FROM saved), 'equal rows');
SELECT t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = '"It''s"'::regclass), 8, 'equal children');
SET LOCAL client_min_messages = notice;
SELECT config_cleanup('public.It''s', true, true, true);
SELECT config_cleanup(p_parent_table := 'public.plain');
SET LOCAL client_min_messages = warning;
SELECT t.ok(NOT t.has('"template_public_It''s"') AND t.has('"It''s_default"'), 'template gone');
SELECT t.throws('SELECT config_cleanup(''public.plain'')', '42P01');
ROLLBACK;

BEGIN;
-- suffixes that are not those in the names
CREATE TABLE q (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(create_parent('public.q', 'at', '15 minutes', p_start_partition := '2026-11-22 21:00', p_premake := 1), true, 'q');
SELECT t.is(i.suffix, '20261122_210000', 'suffix of 21:15'), t.is(child_start_time, '2026-11-22 21:15+00', 'start'), t.is(child_end_time, '2026-11-22 21:30+00', 'end')
    FROM show_partition_info('public.q_p20261122_211500') i;
SELECT t.is(i.suffix, '20261122_000000', 'suffix for days') FROM show_partition_info('public.q_p20261122_211500', '1 day') i;
SELECT t.is(i.child_start_time, '2026-11-22 21:15+00', 'start in the name'), t.is(i.child_end_time, NULL, 'no end'), t.is(i.suffix, '20261122_210000', 'suffix')
    FROM show_partition_info('q_p20261122_211500', '15 minutes', 'public.q', false) i;
CREATE TABLE w (at date NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(create_parent('public.w', 'at', '9 weeks', p_date_trunc_interval := 'week', p_start_partition := '2026-01-07', p_premake := 1), true, 'w');
SELECT t.ok(t.has('w_p20260105') AND t.has('w_p20260309'), 'nine weeks from a Monday');
SELECT t.is(i.suffix, '20260101', 'suffix of nine weeks') FROM show_partition_info('public.w_p20260105') i;
SELECT t.throws('SELECT show_partition_info(''public.nothing'')', '42P01');
SELECT t.throws('SELECT show_partition_info(''public.nothing'', p_parent_table := ''public.q'')', '42P01');
SELECT t.throws('SELECT show_partition_info(''public.q'')', '42809');
SELECT t.throws('SELECT show_partition_info(''q_p20261122_211500'', p_table_exists := false)', '%');
SELECT t.throws('SELECT show_partition_info(''public.q_p20261122_211500'', p_parent_table := ''public.nothing'')', '%');
SELECT t.throws('SELECT show_partitions(''public.nothing'')', '42P01');
SELECT t.throws('SELECT show_partitions(''public.q'', ''up'')', '22023');
SELECT t.throws('SELECT show_partition_name(''public.nothing'', ''1'')', '42P01');
SELECT t.throws('SELECT show_partition_name(''public.q'', NULL)', '%');
SELECT t.throws('SELECT show_partition_name(''public.q'', ''infinity'')', '22008');
SELECT t.throws('SELECT show_partition_name(''public.q'', ''nonsense'')', '22007');
SELECT t.is(count(*), n, 'listed ' || o) FROM (VALUES ('asc', 0), ('Desc', 0)) v(o, n), LATERAL show_partitions('public.q', o) s
    WHERE s.partition_schemaname <> 'public' GROUP BY o, n;
SELECT t.is((SELECT partition_tablename FROM show_partitions('public.w', 'Asc') LIMIT 1), 'w_p20260105', 'mixed case order'),
    t.is((SELECT partition_tablename FROM show_partitions(p_parent_table := 'public.w', p_include_default := true) LIMIT 1), 'w_default', 'default first');
SELECT t.is(partition_table || ' ' || table_exists, 'w_p20260105 true', 'a date') FROM show_partition_name('public.w', '2026-01-31');
-- bounds without end
CREATE TABLE b (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE b_low PARTITION OF b FOR VALUES FROM (MINVALUE) TO (0);
CREATE TABLE b_p0 PARTITION OF b FOR VALUES FROM (0) TO (10);
SELECT t.is(create_parent('public.b', 'id', '10', p_start_partition := '0'), true, 'b');
SELECT t.is((SELECT string_agg(partition_tablename, ' ') FROM show_partitions('public.b')), 'b_low b_p0 b_p10 b_p20 b_p30 b_p40', 'below zero');
ROLLBACK;

BEGIN;
-- extra constraints
CREATE TABLE c (id int NOT NULL, a int, b text, e int) PARTITION BY RANGE (id);
SELECT t.is(create_parent('public.c', 'id', '10', p_constraint_cols := '{a,b,e}', p_premake := 9), true, 'c');
CREATE FUNCTION constrained() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(n, ' ' ORDER BY n COLLATE "C"), '') FROM (SELECT conrelid::regclass || ':' || count(*) AS n FROM pg_constraint
        WHERE conname LIKE 'partmanconstr\_%' GROUP BY conrelid) s
$$;
INSERT INTO c (id, a, b) SELECT s, s * 2, 'x' || s FROM generate_series(0, 75) s;
SELECT apply_constraints('public.c');
SELECT t.is(constrained(), '', 'thirty are young');
UPDATE part_config SET optimize_constraint = 4;
SELECT apply_constraints('public.c', p_analyze := true);
SELECT t.is(constrained(), 'c_p20:2', 'p70 is the highest with rows; five places below it; not the column without values');
SELECT apply_constraints('public.c');
SELECT t.is(constrained(), 'c_p20:2', 'again');
SELECT t.is(string_agg(conname || convalidated, ' ' ORDER BY conname COLLATE "C"), 'partmanconstr_c_p20_atrue partmanconstr_c_p20_btrue', 'names')
    FROM pg_constraint WHERE conrelid = 'c_p20'::regclass AND contype = 'c';
UPDATE part_config SET constraint_valid = false;
SELECT apply_constraints('public.c', 'public.c_p50', false, NULL);
SELECT t.is((SELECT count(*) FROM pg_constraint WHERE conrelid = 'c_p50'::regclass AND contype = 'c' AND NOT convalidated), 2, 'not valid');
SELECT apply_constraints('public.c', p_child_table := 'elsewhere.c_p40');
SELECT t.is(constrained(), 'c_p20:2 c_p40:2 c_p50:2', 'only the table half counts');
SELECT apply_constraints('public.c', 'public.nothing');
SELECT apply_constraints('public.nothing');
INSERT INTO c (id, a) SELECT s, 1 FROM generate_series(89, 89) s;
SELECT run_maintenance();
SELECT t.is(constrained(), 'c_p20:2 c_p30:2 c_p40:2 c_p50:2', 'after the creation of partitions');
SET LOCAL client_min_messages = notice;
SELECT drop_constraints('public.c', 'public.c_p50', p_debug := true);
SET LOCAL client_min_messages = warning;
SELECT drop_constraints('public.c', 'public.c_p40');
SELECT drop_constraints(p_parent_table := 'public.c', p_child_table := 'public.c_p40');
SELECT t.is(constrained(), 'c_p20:2 c_p30:2', 'dropped');
SELECT t.throws('SELECT drop_constraints(''public.c'', ''public.nothing'')', '42P01');
SELECT t.throws('SELECT drop_constraints(''public.nothing'', ''public.c_p20'')', '42P01');
UPDATE c SET e = 5 WHERE id BETWEEN 20 AND 25;
SELECT apply_constraints('public.c', 'public.c_p20');
SELECT t.is(constrained(), 'c_p20:3 c_p30:2', 'a column that got values');
SELECT t.throws('INSERT INTO c VALUES (21, 1000000)', '23514');
UPDATE part_config SET constraint_cols = NULL;
SELECT apply_constraints('public.c', 'public.c_p60');
SELECT t.is(constrained(), 'c_p20:3 c_p30:2', 'no columns');
SELECT t.throws('SELECT drop_constraints(''public.c'', ''public.c_p20'')', '55000');
SELECT t.throws('UPDATE part_config SET constraint_cols = ''{id}''', '23514');

-- undo: errors before anything happens, dependent objects
CREATE TABLE undone (id int, a int);
SELECT t.throws('SELECT undo_partition(''public.c'', ''public.c'')', '22023');
SELECT t.throws('SELECT undo_partition(''public.nothing'', ''public.undone'')', '42P01');
SELECT t.throws('SELECT undo_partition(''public.c'', NULL)', '%');
SELECT t.throws('SELECT undo_partition(''public.c'', ''public.missing'')', '42P01');
SELECT t.throws('SELECT undo_partition(''public.c'')', '42883');
SELECT t.throws('SELECT undo_partition(''public.c'', 20)', '42883');
SELECT t.is((SELECT undo_in_progress FROM part_config), false, 'untouched');
CREATE VIEW on_p0 AS SELECT * FROM c_p0;
SELECT t.throws('SELECT undo_partition(''public.c'', ''public.undone'', 5, p_keep_table := false)', '2BP01');
SELECT t.is(u::text, '(2,10)', 'with a view on it') FROM undo_partition('public.c', 'public.undone', p_keep_table := false, p_drop_cascade := true) u;
SELECT t.ok(NOT t.has('on_p0') AND NOT t.has('c_p0'), 'both gone');
SELECT t.is(u::text, '(2,20)', 'in two') FROM undo_partition('public.c', 'public.undone', p_loop_count := 2, p_lock_wait := 1, p_ignored_columns := '{a}') u;
SELECT t.is(count(*), 20, 'ignored') FROM undone WHERE a IS NULL;
SELECT t.ok(t.has('c_p10') AND (SELECT NOT relispartition FROM pg_class WHERE oid = 'c_p10'::regclass), 'kept');
SELECT run_maintenance();
SELECT t.throws('SELECT partition_data_id(''public.c'')', '55000', 'no moves meanwhile');
UPDATE part_config SET undo_in_progress = false;
SELECT run_maintenance();
SELECT t.is(partition_gap_fill('public.c'), 0, 'abandoned');
SELECT t.throws('SELECT partition_gap_fill(''public.nothing'')', '42P01');
ROLLBACK;

BEGIN;
-- configured, but gone
CREATE TABLE gone (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE here (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(create_parent('public.gone', 'at', '1 day'), true, 'gone');
DROP TABLE gone;
SELECT t.throws(format(f, '''public.gone'''), '42P01') FROM unnest('{SELECT partition_data_time(%s),SELECT partition_gap_fill(%s),SELECT show_partitions(%s),
    SELECT reapply_privileges(%s),"SELECT show_partition_name(%s, ''2026-01-01'')","SELECT undo_partition(%s, ''public.here'')",SELECT run_maintenance(%s),
    "SELECT partition_data_time(%s, p_source_table := ''public.here'')"}'::text[]) f;
SELECT config_cleanup('public.gone');
SELECT t.ok(NOT t.has('template_public_gone'), 'its template is dropped');
-- not configured, or without partitions
CREATE TABLE here_p1 PARTITION OF here FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
SELECT t.throws('SELECT show_partition_info(''public.here_p1'')', '42P01');
INSERT INTO part_config (parent_table, control, partition_interval, partition_type) VALUES ('public.here', 'at', '1 month', 'range');
DROP TABLE here_p1;
SELECT t.throws('SELECT show_partition_name(''public.here'', ''2026-01-01'')', '55000');
-- every style the session may write intervals in (0.5), and read them in another one
CREATE TABLE styled (at date NOT NULL) PARTITION BY RANGE (at);
SAVEPOINT styles;
SET LOCAL intervalstyle = 'sql_standard';
SELECT t.is(create_partition('public.styled', 'at', '1 month', p_premake := 1), true, 'sql_standard');
UPDATE part_config SET retention = (interval '1 year 2 months')::text, infinite_time_partitions = true WHERE parent_table = 'public.styled';
SELECT t.is(partition_interval || ' ' || retention, '0-1 1-2', 'as written there') FROM part_config WHERE parent_table = 'public.styled';
SET LOCAL intervalstyle = 'iso_8601';
SELECT t.is(run_maintenance('public.styled')::text, '', 'maintained'), t.is((SELECT count(*) FROM show_partitions('public.styled')) >= 3, true, 'by months');
ROLLBACK TO styles;
SET LOCAL intervalstyle = 'iso_8601';
SELECT t.is(create_partition('public.styled', 'at', '1 month', p_premake := 1), true, 'iso_8601');
ROLLBACK TO styles;
SET LOCAL intervalstyle = 'postgres_verbose';
SELECT t.is(create_partition('public.styled', 'at', '1 month', p_premake := 1), true, 'postgres_verbose');
SELECT t.throws($$UPDATE part_config SET retention = '-1-2' WHERE parent_table = 'public.styled'$$, '22023', 'negative in any style');
SELECT t.throws($$UPDATE part_config SET retention = '1-' WHERE parent_table = 'public.styled'$$, '22023', 'no years and months');
ROLLBACK TO styles;
-- rows in a gap
CREATE TABLE gap (id int NOT NULL) PARTITION BY RANGE (id);
SELECT t.is(create_parent('public.gap', 'id', '10', p_premake := 1), true, 'gap');
SELECT t.is(create_partition_id('public.gap', '{50}'), true, 'p50');
INSERT INTO gap VALUES (33);
SELECT t.throws('SELECT partition_gap_fill(''public.gap'')', '23514');
SELECT t.is(partition_data_id('public.gap'), 1, 'moved'), t.is(partition_gap_fill('public.gap'), 2, 'filled');
ROLLBACK;

BEGIN;
-- sub-sets
CREATE TABLE s (id int NOT NULL, n int NOT NULL) PARTITION BY RANGE (id);
SELECT t.is(create_parent('public.s', 'id', '100', p_premake := 1), true, 's');
-- a partition that is no sub-set has limits as soon as its own parent is managed; nothing else has any
SELECT t.is(l::text, '(100,200)', 'limits of a plain partition') FROM check_subpartition_limits('public.s_p100', 'id') l;
SELECT t.is(l::text, '(,)', 'of another kind') FROM check_subpartition_limits('public.s_p100', 'time') l;
SELECT t.is(l::text, '(,)', 'of the default') FROM check_subpartition_limits('public.s_default', 'id') l;
SELECT t.is(l::text, '(,)', 'of no kind') FROM check_subpartition_limits('public.s_p100', NULL) l;
SELECT t.is(l::text, '(,)', 'of no table') FROM check_subpartition_limits('public.nothing', 'id') l;
SELECT t.is(l::text, '(,)', 'of a table that is no partition') FROM check_subpartition_limits('public.part_config', 'id') l;
SET LOCAL client_min_messages = error;
SELECT t.is(create_sub_parent('public.s', 'n', '10', p_declarative_check := 'yes', p_premake := 1), true, 'level 2');
SET LOCAL client_min_messages = warning;
SELECT t.is(l::text, '(100,200)', 'limits') FROM check_subpartition_limits('public.s_p100', 'id') l;
SELECT t.is(l::text, '(,)', 'limits of another kind') FROM check_subpartition_limits('public.s_p100', 'time') l;
SELECT t.is(l::text, '(,)', 'limits of an unknown kind') FROM check_subpartition_limits('public.s_p100', 'other') l;
SELECT t.is(l::text, '(,)', 'no limits at the top') FROM check_subpartition_limits('public.s', 'id') l;
SET LOCAL client_min_messages = error;
SELECT t.is(create_sub_partition('public.s_p0', 'n', '2', p_declarative_check := 'yes', p_premake := 1), true, 'level 3');
SELECT t.is(create_sub_partition('public.s_p100', 'n', '2', p_declarative_check := 'yes', p_premake := 1), true, 'level 3');
SET LOCAL client_min_messages = warning;
SELECT t.is((SELECT count(*) FROM check_subpart_sameconfig('public.s')), 1, 'equal');
UPDATE part_config_sub SET sub_premake = 2 WHERE sub_parent = 'public.s_p0';
SELECT t.is((SELECT count(*) FROM check_subpart_sameconfig('public.s')), 2, 'different');
SELECT t.is((SELECT string_agg(k, ' ') FROM (SELECT json_object_keys(row_to_json(c)) AS k FROM check_subpart_sameconfig('public.s') c LIMIT 25) s),
    'sub_control sub_partition_interval sub_partition_type sub_premake sub_automatic_maintenance sub_template_table sub_retention sub_retention_schema '
    'sub_retention_keep_index sub_retention_keep_table sub_epoch sub_constraint_cols sub_optimize_constraint sub_infinite_time_partitions sub_jobmon '
    'sub_inherit_privileges sub_constraint_valid sub_date_trunc_interval sub_ignore_default_data sub_default_table sub_maintenance_order '
    'sub_retention_keep_publication sub_control_not_null sub_detach_before_drop sub_maintenance_role', 'columns');
SELECT t.is(stop_sub_partition('public.s_p0', true), true, 'stop'), t.is(stop_sub_partition('public.nothing'), true, 'stop nothing');
SET LOCAL client_min_messages = notice;
SELECT config_cleanup('public.s', p_config_table := false, p_template_table := false);
SELECT config_cleanup('public.s_p100', p_template_table := false);
SET LOCAL client_min_messages = warning;
SELECT t.is((SELECT count(*) FROM part_config_sub WHERE sub_parent IN ('public.s', 'public.s_p100')), 0, 'sub-configuration gone');
SELECT t.ok((SELECT count(*) > 0 FROM part_config WHERE parent_table LIKE 'public.s\_p100\_p%'), 'that of the sub-sets stays');
-- kept for callers of old
SELECT t.throws('SELECT apply_cluster(''public'', ''s'', ''public'', ''s_p0'')', '%');
SELECT t.throws('SELECT autovacuum_off(''public'', ''s'')', '%');
ROLLBACK;
\i :srcdir/assert_done.psql
