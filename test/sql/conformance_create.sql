-- The contract's sections 0, 2 and 3 told as a caller sees them: names, bounds, counts, arguments, errors. One transaction.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA c;
CREATE SCHEMA "Mixed Case";

-- 14.1, around any now: the first child and the last, how many, and the default
CREATE FUNCTION t.life(name text, type text, step text, trunc text, unit text, args text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
DECLARE base timestamptz; at timestamptz; n int := 0; k int := 0; i interval := step; fmt text := CASE WHEN step::interval >= '1 day' THEN 'YYYYMMDD' ELSE 'YYYYMMDD_HH24MISS' END;
BEGIN
    EXECUTE format('CREATE TABLE c.%I (id int, k %s NOT NULL) PARTITION BY RANGE (k)', name, type);
    PERFORM t.ok(partman.create_partition('c.' || name, 'k', step, p_date_trunc_interval := trunc), name || ' created');
    base := date_trunc(unit, now() - i * 4);
    LOOP
        at := base + i * k;
        EXIT WHEN k > 0 AND NOT at < now() + i * 4;
        PERFORM t.has('c', name || '_p' || to_char(at, fmt));
        k := k + 1;
    END LOOP;
    PERFORM t.is(t.count('c.' || name), k::bigint, name || ' number of children');
    PERFORM t.has('c', name || '_default');
    PERFORM t.is((SELECT partition_interval FROM partman.part_config WHERE parent_table = 'c.' || name), i::text, name || ' interval stored');
    PERFORM t.is((SELECT datetime_string FROM partman.part_config WHERE parent_table = 'c.' || name), fmt, name || ' datetime_string');
    PERFORM t.has('partman', 'template_c_' || name);
END $$;
SELECT t.life('day', 'timestamptz', '1 day', NULL, 'day'), t.life('hour', 'timestamptz', '1 hour', NULL, 'hour'),
       t.life('quarter_hour', 'timestamptz', '15 minutes', NULL, 'hour'), t.life('half_minute', 'timestamptz', '30 seconds', NULL, 'minute'),
       t.life('week', 'timestamptz', '1 week', NULL, 'day'), t.life('monday', 'timestamptz', '1 week', 'week', 'week'),
       t.life('month', 'timestamptz', '1 month', NULL, 'month'), t.life('quarter', 'timestamptz', '3 months', NULL, 'month'),
       t.life('quarter2', 'timestamptz', '3 months', 'quarter', 'quarter'), t.life('days30', 'timestamptz', '30 days', NULL, 'month'),
       t.life('weeks9', 'timestamptz', '9 weeks', 'week', 'week'), t.life('year', 'date', '1 year', NULL, 'year'),
       t.life('years10', 'timestamptz', '10 years', NULL, 'decade'), t.life('years100', 'timestamptz', '100 years', NULL, 'century'),
       t.life('ts', 'timestamp', '1 day', NULL, 'day'), t.life('date', 'date', '1 day', NULL, 'day'), t.life('date_month', 'date', '1 month', NULL, 'month'),
       t.life('hours12', 'timestamptz', '12 hours', NULL, 'hour'), t.life('hours24', 'timestamptz', '24 hours', NULL, 'day'),
       t.life('days2', 'timestamp', '2 days', NULL, 'day'), t.life('minute', 'timestamp', '1 minute', NULL, 'hour');
SELECT t.is(t.bound('c', 'year' || to_char(now(), '_pYYYY0101')), to_char(now(), '"FOR VALUES FROM (''"YYYY-01-01"'') TO (''"') || to_char(now() + '1 year', 'YYYY-01-01"'')"'), 'bounds of a year');
SELECT t.is(t.bound('c', 'day' || t.day(now())), format('FOR VALUES FROM (''%s'') TO (''%s'')', current_date::timestamptz, (current_date + 1)::timestamptz), 'bounds of a day');
SELECT t.is(t.bound('c', 'day_default'), 'DEFAULT', 'bound of the default');

-- ids (3.4.6)
CREATE TABLE c.ten (id bigint NOT NULL, v int) PARTITION BY RANGE (id);
SELECT t.ok(partman.create_parent('c.ten', 'id', '10'), 'ids');
SELECT t.is(t.children('c.ten'), '_p0 _p10 _p20 _p30 _p40', 'ids of an empty table');
SELECT t.is(t.bound('c', 'ten_p40'), 'FOR VALUES FROM (''40'') TO (''50'')', 'bounds of ids');
CREATE TABLE c.off (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent(p_parent_table := 'c.off', p_control := 'id', p_interval := '10', p_start_partition := '57', p_offset_id := 5);
SELECT t.is(t.children('c.off'), '_p55 _p65 _p75 _p85 _p95', 'ids with start and offset');
CREATE TABLE c.list (id int NOT NULL) PARTITION BY LIST (id);
SELECT partman.create_parent('c.list', 'id', '1', 'list');
SELECT t.is(t.children('c.list'), '_p0 _p1 _p2 _p3 _p4', 'list'), t.is(t.bound('c', 'list_p3'), 'FOR VALUES IN (3)', 'bound of a list');
CREATE TABLE c.list10 (id int NOT NULL) PARTITION BY LIST (id);
SELECT partman.create_parent('c.list10', 'id', p_type := 'list', p_interval := '10', p_premake := 2);
SELECT t.is(t.children('c.list10'), '_p0 _p10 _p20', 'list by ten');
CREATE TABLE c.num (id numeric NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.num', 'id', '10', p_premake := 1);
SELECT t.is(t.children('c.num'), '_p0 _p10', 'numeric');
CREATE TABLE c.small (id smallint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.small', 'id', '100', p_default_table := false, p_template_table := 'false', p_jobmon := false);
SELECT t.is(t.children('c.small'), '_p0 _p100 _p200 _p300 _p400', 'smallint'), t.hasnt('c', 'small_default'), t.hasnt('partman', 'template_c_small');
SELECT t.is((SELECT template_table FROM partman.part_config WHERE parent_table = 'c.small'), NULL, 'no template');
SELECT t.ok((SELECT NOT jobmon FROM partman.part_config WHERE parent_table = 'c.small'), 'jobmon stored');
-- with rows: around the highest, those of a default count; none at or below zero
CREATE TABLE c.rows (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.rows_default PARTITION OF c.rows DEFAULT;
INSERT INTO c.rows VALUES (57), (3);
SELECT t.ok(partman.create_parent('c.rows', 'id', '10', p_default_table := false, p_premake := 4), 'ids with rows');
SELECT t.is(t.children('c.rows'), '_p10 _p20 _p30 _p40 _p60 _p70 _p80 _p90', 'ids around the highest');
CREATE TABLE c.low (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.low_default PARTITION OF c.low DEFAULT;
INSERT INTO c.low VALUES (25);
SELECT partman.create_parent('c.low', 'id', '10', p_default_table := false);
SELECT t.is(t.children('c.low'), '_p10 _p30 _p40 _p50 _p60', 'none at zero');
CREATE TABLE c.neg (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.neg', 'id', '10', p_start_partition := '-25', p_premake := 1);
SELECT t.is(t.children('c.neg'), '_p-20 _p-10', 'negative start truncates');

-- start of times: truncated; in the future its own child; far in the past the whole run
CREATE TABLE c.past (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('c.past', 'k', '1 day', p_start_partition := (now() - interval '30 days')::text, p_premake := 2);
SELECT t.is(t.count('c.past'), 30::bigint + 1 + 2, 'thirty days and two'), t.is(t.first('c.past'), 'past' || t.day(now() - interval '30 days'), 'the first of them');
CREATE TABLE c.fut (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('c.fut', 'k', '1 day', p_start_partition := (now() + interval '5 days')::text, p_premake := 1);
SELECT t.is(t.children('c.fut'), t.day(now() + interval '5 days'), 'a start in the future');

-- epochs and encoded keys
CREATE TABLE c.ms (k bigint NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('c.ms', 'k', '1 day', p_epoch := 'milliseconds');
SELECT t.is(t.count('c.ms'), 9::bigint, 'epoch');
SELECT t.is(t.bound('c', 'ms' || t.day(now())), format('FOR VALUES FROM (''%s'') TO (''%s'')', extract(epoch FROM current_date::timestamptz)::bigint * 1000, extract(epoch FROM (current_date + 1)::timestamptz)::bigint * 1000), 'epoch bounds');
SELECT t.ok(EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = ('c.ms' || t.day(now()))::regclass AND conname = 'ms' || t.day(now()) || '_partition_check'), 'epoch CHECK');
CREATE TABLE c.sec (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE c.us (k bigint NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE c.ns (k bigint NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('c.sec', 'k', '1 month', 'range', 'seconds'), partman.create_parent('c.us', 'k', '1 hour', 'range', 'microseconds'), partman.create_parent('c.ns', 'k', '1 week', 'range', 'nanoseconds', 2);
SELECT t.is(t.count('c.sec'), 9::bigint, 'epoch months'), t.has('c', 'sec' || to_char(now(), '_pYYYYMM01')), t.is(t.count('c.us'), 9::bigint, 'epoch hours'),
       t.has('c', 'us' || t.time(date_trunc('hour', now()))), t.is(t.count('c.ns'), 5::bigint, 'epoch weeks');
CREATE TABLE c.uuid (k uuid NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('c.uuid', 'k', '1 day', p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder');
SELECT t.is(t.count('c.uuid'), 9::bigint, 'uuid'), t.is(t.bound('c', 'uuid' || t.day(now())), format('FOR VALUES FROM (''%s'') TO (''%s'')', partman.uuid7_time_encoder(current_date), partman.uuid7_time_encoder(current_date + 1)), 'uuid bounds');
CREATE FUNCTION c.enc(timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT 'x' || to_char($1, 'YYYYMMDDHH24MISS') $$;
CREATE FUNCTION c.dec(text) RETURNS timestamptz LANGUAGE sql AS $$ SELECT to_timestamp(substr($1, 2), 'YYYYMMDDHH24MISS') $$;
CREATE TABLE c.txt (k text NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('c.txt', 'k', '1 day', p_time_encoder := 'c.enc', p_time_decoder := 'c.dec');
SELECT t.is(t.count('c.txt'), 9::bigint, 'text'), t.is(t.bound('c', 'txt' || t.day(now())), format('FOR VALUES FROM (''%s'') TO (''%s'')', c.enc(current_date), c.enc(current_date + 1)), 'text bounds');

-- names: mixed case, blanks, quotes, 63 bytes, multibyte; a long name in a template
CREATE TABLE "Mixed Case"."Up Per" ("Id $1" bigint NOT NULL, "k" timestamptz NOT NULL) PARTITION BY RANGE ("Id $1");
SELECT t.ok(partman.create_parent('Mixed Case.Up Per', 'Id $1', '10'), 'mixed case');
SELECT t.has('Mixed Case', 'Up Per_p0'), t.has('Mixed Case', 'Up Per_default'), t.has('partman', 'template_Mixed Case_Up Per');
CREATE TABLE "Mixed Case"."it's ""quoted""" (k date NOT NULL) PARTITION BY RANGE (k);
SELECT t.ok(partman.create_parent('Mixed Case.it''s "quoted"', 'k', '1 month'), 'quotes'), t.has('Mixed Case', 'it''s "quoted"' || to_char(now(), '_pYYYYMM01'));
CREATE TABLE public.a23456789012345678901234567890123456789012345678901234567890123 (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT t.ok(partman.create_parent('public.a23456789012345678901234567890123456789012345678901234567890123', 'k', '1 day'), '63 bytes');
SELECT t.has('public', 'a2345678901234567890123456789012345678901234567890123' || t.day(now())),
       t.is(partman.check_name_length('a23456789012345678901234567890123456789012345678901234567890123', to_char(now(), 'YYYYMMDD'), true), 'a2345678901234567890123456789012345678901234567890123' || t.day(now()), 'check_name_length agrees');
SELECT t.has('public', 'a234567890123456789012345678901234567890123456789012345_default'),
       t.has('partman', left('template_public_a23456789012345678901234567890123456789012345678901234567890123', 63));
DO $$ BEGIN EXECUTE format('CREATE TABLE c.%I (id int NOT NULL) PARTITION BY RANGE (id)', repeat('é', 31)); END $$;
SELECT t.ok(partman.create_parent('c.' || repeat('é', 31), 'id', '100000'), 'multibyte');
SELECT t.has('c', repeat('é', 27) || '_p100000'), t.has('c', repeat('é', 30) || '_p0'), t.has('c', repeat('é', 27) || '_default');
SELECT t.is(partman.check_name_length(repeat('é', 40), '20240101', true), repeat('é', 26) || '_p20240101', 'check_name_length of the contract');
SELECT t.is(partman.check_name_length('t'), 't', 'no suffix'), t.is(partman.check_name_length('t', '_default', false), 't_default', 'plain suffix'), t.is(partman.check_name_length('t', 'x', p_table_partition := true), 't_px', 'partition');
SELECT t.throws($$SELECT partman.check_name_length('t', p_table_partition := true)$$, NULL, 'a partition needs a suffix'), t.throws($$SELECT partman.check_name_length('t', '', true)$$, NULL, 'nor an empty one');
CREATE TABLE public.in_public (id int NOT NULL) PARTITION BY RANGE (id);
SELECT t.ok(partman.create_partition('public.in_public', 'id', '10'), 'public');
SELECT t.has('public', 'in_public_p0'), t.has('partman', 'template_public_in_public');

-- templates: named, shared, `false` in any case
CREATE TABLE c.tpl (id int NOT NULL, v int PRIMARY KEY) WITH (fillfactor = 70);
CREATE TABLE c.with_tpl (id int NOT NULL, v int) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.with_tpl', 'id', '10', p_template_table := 'c.tpl');
SELECT t.is((SELECT template_table FROM partman.part_config WHERE parent_table = 'c.with_tpl'), 'c.tpl', 'template stored'),
       t.is((SELECT array_to_string(reloptions, ',') FROM pg_class WHERE oid = 'c.with_tpl_p0'::regclass), 'fillfactor=70', 'options of the template'),
       t.ok(EXISTS (SELECT 1 FROM pg_index WHERE indrelid = 'c.with_tpl_default'::regclass AND indisprimary), 'primary key of the template');
CREATE TABLE c.no_tpl (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.no_tpl', 'id', '10', p_template_table := 'F');
SELECT t.hasnt('partman', 'template_c_no_tpl');

-- all columns of the row
SELECT t.is((SELECT concat_ws(' ', parent_table, control, partition_interval, partition_type, premake, automatic_maintenance, template_table, retention_keep_index, retention_keep_table, epoch,
        optimize_constraint, infinite_time_partitions, jobmon, sub_partition_set_full, undo_in_progress, inherit_privileges, constraint_valid, ignore_default_data, retention_keep_publication, detach_before_drop, maintenance_role = current_user)
    FROM partman.part_config WHERE parent_table = 'c.ten'), 'c.ten id 10 range 4 on partman.template_c_ten t t none 30 f t f f f t t f f t', 'row of part_config');
SELECT t.is((SELECT concat_ws(',', retention, retention_schema, constraint_cols, datetime_string, date_trunc_interval, maintenance_order, maintenance_last_run, async_partitioning_in_progress, time_encoder, time_decoder)
    FROM partman.part_config WHERE parent_table = 'c.ten'), '', 'NULL columns');
SELECT t.is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN '!' ELSE '' END || coalesce('=' || pg_get_expr(adbin, adrelid), ''), ', ' ORDER BY attnum)
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = 'partman.part_config'::regclass AND attnum > 0),
    'parent_table text!, control text!, time_encoder text, time_decoder text, partition_interval text!, partition_type text!, premake integer!=4, automatic_maintenance text!=''on''::text, template_table text, retention text, retention_schema text, retention_keep_index boolean!=true, retention_keep_table boolean!=true, epoch text!=''none''::text, constraint_cols text[], optimize_constraint integer!=30, infinite_time_partitions boolean!=false, datetime_string text, jobmon boolean!=true, sub_partition_set_full boolean!=false, undo_in_progress boolean!=false, inherit_privileges boolean=false, constraint_valid boolean!=true, ignore_default_data boolean!=true, date_trunc_interval text, maintenance_order integer, retention_keep_publication boolean!=false, maintenance_last_run timestamp with time zone, detach_before_drop boolean=false, maintenance_role text=CURRENT_USER, async_partitioning_in_progress text', 'columns of part_config');
SELECT t.is((SELECT count(*) FROM pg_attribute WHERE attrelid = 'partman.part_config_sub'::regclass AND attnum > 0), 28::bigint, 'columns of part_config_sub'),
       t.is((SELECT count(*) FROM pg_class WHERE relname IN ('part_config', 'part_config_sub') AND relkind <> 'i'), 2::bigint, 'no other part_config'),
       t.is((SELECT count(*) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'partman'::regnamespace), 0::bigint, 'no sequence');
SELECT t.throws(format('UPDATE partman.part_config SET %s WHERE parent_table = ''c.ten''', s), '23514', s) FROM unnest(ARRAY['premake = 0', 'premake = -1', 'automatic_maintenance = ''yes''', 'automatic_maintenance = ''ON''', 'epoch = ''minutes''', 'partition_type = ''native''',
    'retention_schema = ''''', 'constraint_cols = ''{v,id}''']) s;
SELECT t.throws(format('UPDATE partman.part_config SET %s = NULL WHERE parent_table = ''c.ten''', s), '23502', s) FROM unnest('{control,partition_interval,partition_type,premake,automatic_maintenance,epoch,jobmon,infinite_time_partitions,retention_keep_table}'::text[]) s;
SELECT t.lives(format('UPDATE partman.part_config SET %s = NULL WHERE parent_table = ''c.ten''', s), s) FROM unnest('{inherit_privileges,detach_before_drop,maintenance_role,retention,template_table,constraint_cols,datetime_string}'::text[]) s;
SELECT t.is(partman.check_epoch_type(v), v IN ('none', 'seconds', 'milliseconds', 'microseconds', 'nanoseconds'), v) FROM unnest('{none,seconds,milliseconds,microseconds,nanoseconds,None,minutes}'::text[]) v;
SELECT t.is(partman.check_partition_type(NULL), NULL, 'NULL'), t.is(partman.check_partition_type('range'), true, 'range'), t.is(partman.check_partition_type('hash'), false, 'hash'), t.is(partman.check_automatic_maintenance_value('off'), true, 'off'), t.is(partman.check_automatic_maintenance_value('none'), false, 'none');

-- helpers
SELECT t.is((SELECT concat_ws(' ', general_type, exact_type) FROM partman.check_control_type('c', s, col)), want, s) FROM (VALUES ('day', 'k', 'time timestamptz'), ('ts', 'k', 'time timestamp'), ('date', 'k', 'time date'), ('ten', 'id', 'id int8'), ('off', 'id', 'id int4'),
    ('small', 'id', 'id int2'), ('num', 'id', 'id numeric'), ('txt', 'k', 'text text'), ('uuid', 'k', 'uuid uuid')) v(s, col, want);
CREATE TABLE c.odd (f float8, b char(3), n name);
SELECT t.is((SELECT count(*) || coalesce(min(general_type), '-') FROM partman.check_control_type('c', 'odd', 'f')), '1-', 'float8'), t.is((SELECT count(*) FROM partman.check_control_type('c', 'odd', 'zz')), 0::bigint, 'no column'), t.is((SELECT count(*) FROM partman.check_control_type('c', 'nothing', 'f')), 0::bigint, 'no table');
SELECT t.is(base_timestamp, want::timestamptz, i::text), t.is(datetime_string, CASE WHEN i >= '1 day' THEN 'YYYYMMDD' ELSE 'YYYYMMDD_HH24MISS' END, i::text) FROM (VALUES (interval '59 seconds', '2026-11-22 13:47'), ('1 min', '2026-11-22 13:00'), ('23 h', '2026-11-22 13:00'), ('24 h', '2026-11-22'),
    ('29 days', '2026-11-22'), ('30 days', '2026-11-01'), ('360 days', '2026-01-01'), ('10 years', '2020-01-01'), ('100 years', '2001-01-01'), ('1000 years', '2001-01-01'), ('9 weeks', '2026-11-01')) v(i, want), partman.calculate_time_partition_info(i, '2026-11-22 13:47:38.5');
SELECT t.is((partman.calculate_time_partition_info('9 weeks', '2026-11-22 13:47:38.5', 'week')).base_timestamp, '2026-11-16'::timestamptz, 'week');
SELECT t.is(partman.partman_safe_obj_name('a.B c.d'), 'a."B c"', 'safe name'), t.is(partman.partman_safe_obj_name('Name'), '"Name"', 'one part'), t.throws('SELECT partman.partman_safe_obj_name(NULL)', '22004', 'NULL name');
SELECT t.is(partman.uuid7_time_encoder('2026-11-22 12:34:56.789+00'), '01a20340-a095-0000-0000-000000000000'::uuid, 'uuid7'), t.is(partman.uuid7_time_decoder('019147da-b040-0000-0000-000000000000'), '2024-08-12 18:30:00+00'::timestamptz, 'uuid7 back'), t.is(partman.uuid7_time_encoder(NULL), NULL, 'NULL'), t.is(partman.uuid7_time_decoder(NULL), NULL, 'NULL');

-- create_partition_time and _id: bounds as given; true for new ones only
SELECT t.ok(partman.create_partition_id('c.ten', ARRAY[100, 120]), 'new ids'), t.ok(NOT partman.create_partition_id('c.ten', ARRAY[100]), 'old ids'), t.ok(NOT partman.create_partition_id('c.ten', '{}'), 'no ids'), t.has('c', 'ten_p100'), t.has('c', 'ten_p120'), t.hasnt('c', 'ten_p110');
SELECT t.ok(partman.create_partition_id(p_partition_ids := '{7}', p_parent_table := 'c.list', p_start_partition := NULL), 'a list value'), t.is(t.bound('c', 'list_p7'), 'FOR VALUES IN (7)', 'its bound');
SELECT t.ok(partman.create_partition_time('c.month', ARRAY['2020-01-15 03:00'::timestamptz]), 'off the grid'), t.is(t.bound('c', 'month_p20200115'), 'FOR VALUES FROM (''2020-01-15 03:00:00+00'') TO (''2020-02-15 03:00:00+00'')', 'as given');
SELECT t.ok(partman.create_partition_time('c.date', '{2021-02-28}', p_start_partition := NULL), 'date'), t.ok(NOT partman.create_partition_time('c.date', '{}'), 'none'), t.ok(partman.create_partition_time('c.uuid', '{2021-02-28}'), 'uuid'), t.ok(partman.create_partition_time('c.ms', '{2021-02-28}'), 'epoch'), t.ok(partman.create_partition_time('c.txt', '{2021-02-28,2021-03-02}'), 'text');
SELECT t.has('c', s || '_p20210228') FROM unnest('{date,uuid,ms,txt}'::text[]) s;
SELECT t.throws('SELECT partman.create_partition_time(''c.day'', NULL)', NULL, 'NULL times'), t.throws('SELECT partman.create_partition_id(''c.ten'', NULL)', NULL, 'NULL ids'), t.throws('SELECT partman.create_partition_id(''c.nothing'', ''{1}'')', NULL, 'not configured'), t.throws('SELECT partman.create_partition_time(''c.ten'', ''{now}'')', NULL, 'wrong kind'), t.throws('SELECT partman.create_partition_id(''c.day'', ''{1}'')', NULL, 'wrong kind');

-- 3.4.1: each refusal, and that it leaves nothing
CREATE TABLE c.e (id int NOT NULL, n int, k timestamptz NOT NULL, f float8 NOT NULL, u uuid NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE c.ei (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.eh (id int NOT NULL) PARTITION BY HASH (id);
CREATE TABLE c.ep (id int NOT NULL);
CREATE TABLE c.en (id int) PARTITION BY RANGE (id);
CREATE TABLE c.ef (f float8 NOT NULL) PARTITION BY RANGE (f);
CREATE TABLE c.eu (u uuid NOT NULL) PARTITION BY RANGE (u);
CREATE TABLE c.ed (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT t.throws('SELECT partman.create_partition(' || a || ')', state, a) FROM (VALUES
    ($$'e', 'k', '1 day'$$, '42602'), ($$'a.c.e', 'k', '1 day'$$, '42602'), ($$'c.e', 'k', 'daily'$$, '22023'), ($$'c.e', 'k', 'quarter-hour'$$, '22023'), ($$'c.e', 'k', 'Daily'$$, '22007'), ($$'c.none', 'k', '1 day'$$, '42P01'), ($$'"c"."e"', 'k', '1 day'$$, '42P01'),
    ($$'c.e', 'zz', '1 day'$$, '42703'), ($$'c.en', 'id', '10'$$, '42P17'), ($$'c.ef', 'f', '10'$$, '42804'), ($$'c.e', 'k', '1 day', p_epoch := 'seconds'$$, NULL), ($$'c.e', 'k', '1 day', 'native'$$, '22023'), ($$'c.e', 'k', 'native', '1 day'$$, '22023'), ($$'c.ep', 'id', '10'$$, '42809'), ($$'c.eh', 'id', '10'$$, '42809'),
    ($$'c.e', 'id', '10'$$, '42P17'), ($$'c.eu', 'u', '1 day'$$, NULL), ($$'c.eu', 'u', '1 day', p_time_encoder := 'partman.uuid7_time_encoder'$$, NULL), ($$'c.e', 'k', '1 day', p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder'$$, NULL), ($$'c.e', 'k', '1 day', p_template_table := 'c.nothing'$$, '42P01'),
    ($$'c.e', 'k', '0.5 seconds'$$, '22023'), ($$'c.ei', 'id', '1'$$, '22023'), ($$'c.ei', 'id', '1 day'$$, '22P02'), ($$'c.e', 'k', '1 dau'$$, '22007'), ($$'c.e', 'k', '1 day', p_premake := 0$$, NULL), ($$'c.e', 'k', '1 day', p_automatic_maintenance := 'yes'$$, NULL), ($$'c.ei', 'id', '10', p_epoch := 'minutes'$$, NULL),
    ($$'c.e', 'k', '1 day', p_constraint_cols := '{k}'$$, '23514'), ($$'c.e', 'k', '1 day', p_start_partition := 'yesterday-ish'$$, '22007'), ($$'c.ei', 'id', '10', p_start_partition := 'x'$$, '22P02'), ($$'c.day', 'k', '1 day'$$, '23505'), ($$'c.ei', 'id', '10', 'list'$$, '42809'), ($$NULL, 'k', '1 day'$$, NULL), ($$'c.e', NULL, '1 day'$$, NULL), ($$'c.e', 'k', NULL$$, NULL),
    ($$'c.e', 'k', '1 day', p_premake := NULL$$, NULL), ($$'c.e', 'k', '1 day', p_date_trunc_interval := 'fortnight'$$, NULL)) v(a, state);
SELECT t.is((SELECT count(*) FROM partman.part_config WHERE parent_table ~ '^c\.e'), 0::bigint, 'refusals leave nothing'), t.is((SELECT count(*) FROM pg_class WHERE relname ~ '^template_c_e'), 0::bigint, 'nor a template');
SELECT t.ok(partman.create_partition('c.en', 'id', '10', p_control_not_null := false), 'nullable by consent'), t.lives('INSERT INTO c.en VALUES (NULL)', 'a NULL key'), t.rows('c', 'en_default', 1);
-- rolled back to a savepoint, made again
SAVEPOINT s;
SELECT partman.create_parent('c.ed', 'k', '1 hour');
INSERT INTO c.ed VALUES (now());
ROLLBACK TO s;
SELECT t.hasnt('c', 'ed_default'), t.is((SELECT count(*) FROM partman.part_config WHERE parent_table = 'c.ed'), 0::bigint, 'rolled back'), t.hasnt('partman', 'template_c_ed');
SELECT t.ok(partman.create_parent('c.ed', 'k', '1 hour', p_automatic_maintenance := 'off'), 'again');
-- a row of each day finds its child
INSERT INTO c.day SELECT n, now() + n * interval '1 day' FROM generate_series(-6, 6) n;
SELECT t.rows('c', 'day' || t.day(now() + n * interval '1 day'), 1) FROM generate_series(-4, 4) n;
SELECT t.rows('c', 'day_default', 4), t.is((SELECT count FROM partman.check_default() WHERE default_table = 'c.day_default'), 4::bigint, 'check_default'), t.is((SELECT count FROM partman.check_default(p_exact_count := false) WHERE default_table = 'c.day_default'), 1::bigint, 'not exactly');
ROLLBACK;
\set least 530
\i :srcdir/assert_done.psql
