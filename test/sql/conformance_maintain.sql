-- The contract's sections 4 and 5 told as a caller sees them, in one transaction with rows of that transaction: how far
-- premake goes (against the contract's own loop), what holds it, retention and what becomes of partitions.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA m;
CREATE SCHEMA ret;
CREATE FUNCTION t.set(parent text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('UPDATE partman.part_config SET %s WHERE parent_table = %L', what, parent); END $$;
CREATE FUNCTION t.ran(parent text) RETURNS boolean LANGUAGE sql AS $$ SELECT maintenance_last_run IS NOT NULL FROM partman.part_config WHERE parent_table = parent $$;
-- 4.4: the last lower bound that the loop ends with
CREATE FUNCTION t.loop(l timestamptz, c timestamptz, step interval, premake int) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE x timestamptz := l;
BEGIN
    WHILE round(extract(epoch FROM age(x, c)) / extract(epoch FROM step)) < premake LOOP x := x + step; END LOOP;
    RETURN x;
END $$;
CREATE FUNCTION t.start(name text, parent text) RETURNS timestamptz LANGUAGE sql AS $$
    SELECT (partman.show_partition_info(split_part(parent, '.', 1) || '.' || name, p_parent_table := parent)).child_start_time $$;
-- One set: its first children, a row somewhere, premake somewhat; the last child is where the loop ends
CREATE FUNCTION t.grow(name text, type text, step interval, shift interval, premake int, infinite boolean, key text DEFAULT '%L::timestamptz', args text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
DECLARE p text := 'm.' || name; c timestamptz; l timestamptz; at timestamptz := now() + shift;
BEGIN
    EXECUTE format('CREATE TABLE m.%I (k %s NOT NULL) PARTITION BY RANGE (k)', name, type);
    EXECUTE format('SELECT partman.create_parent(%L, ''k'', %L, p_premake := 2 %s)', p, step, args);
    l := t.start(t.last(p), p);
    PERFORM t.set(p, format('premake = %s, infinite_time_partitions = %L', premake, infinite));
    IF at IS NOT NULL THEN
        EXECUTE format('INSERT INTO m.%I SELECT ' || key, name, at);
        c := (partman.show_partition_name(p, at::text)).suffix_timestamp;
        IF infinite AND (CASE WHEN type = 'date' THEN date_trunc('day', at) ELSE at END) < now() THEN c := now(); END IF;
    ELSIF infinite THEN
        c := now();
    END IF;
    PERFORM partman.run_maintenance(p);
    PERFORM t.is(t.start(t.last(p), p), CASE WHEN c IS NULL THEN l ELSE t.loop(l, c, step, premake) END, format('%s: last child by %s, row at %s, premake %s, infinite %s', name, step, shift, premake, infinite));
    PERFORM t.ok(t.ran(p), name || ' ran');
    PERFORM partman.run_maintenance(p);
    PERFORM t.is(t.start(t.last(p), p), CASE WHEN c IS NULL THEN l ELSE t.loop(l, c, step, premake) END, name || ' twice');
END $$;
SELECT t.grow(format('%s_%s', replace(step, ' ', ''), n), type, step::interval, shift, premake, infinite)
FROM (VALUES ('timestamptz', '1 day'), ('timestamp', '1 day'), ('date', '1 day'), ('timestamptz', '1 hour'), ('timestamptz', '1 week'), ('timestamptz', '1 month'), ('timestamptz', '3 months'), ('timestamptz', '1 year'), ('timestamptz', '15 minutes')) s(type, step),
    LATERAL (VALUES (1, NULL::interval, 3, false), (2, NULL, 3, true), (3, '0', 4, true), (4, '0', 4, false), (5, '-1 second', 5, true), (6, step::interval, 3, false), (7, step::interval * 2, 2, true), (8, step::interval * -1, 6, false), (9, '0', 40, false), (10, NULL, 40, true)) v(m, shift, premake, infinite),
    LATERAL (SELECT substr(type, 1, 1) || length(type) || m) x(n);
SELECT t.grow('ms', 'bigint', '1 day', '1 day', 3, false, 'extract(epoch FROM %L::timestamptz)::bigint * 1000', ', p_epoch := ''milliseconds'''),
       t.grow('sec', 'int', '1 month', '2 months', 5, true, 'extract(epoch FROM %L::timestamptz)::int', ', p_epoch := ''seconds'''),
       t.grow('ns', 'bigint', '1 hour', '1 hour', 3, false, 'extract(epoch FROM %L::timestamptz)::bigint * 1000000000', ', p_epoch := ''nanoseconds'''),
       t.grow('uuid', 'uuid', '1 day', '2 days', 3, false, 'partman.uuid7_time_encoder(%L::timestamptz)', ', p_time_encoder := ''partman.uuid7_time_encoder'', p_time_decoder := ''partman.uuid7_time_decoder'''),
       t.grow('uuid_inf', 'uuid', '1 week', NULL, 6, true, 'partman.uuid7_time_encoder(%L::timestamptz)', ', p_time_encoder := ''partman.uuid7_time_encoder'', p_time_decoder := ''partman.uuid7_time_decoder''');

-- ids (4.5)
CREATE TABLE m.id (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.id', 'id', '10');
INSERT INTO m.id SELECT generate_series(1, 20);
SELECT partman.run_maintenance();
SELECT t.is(t.last('m.id'), 'id_p60', 'four ahead of 20'), t.hasnt('m', 'id_p70'), t.rows('m', 'id_p0', 9), t.rows('m', 'id_p10', 10), t.rows('m', 'id_p20', 1), t.rows('m', 'id_default', 0);
INSERT INTO m.id SELECT generate_series(21, 38);
SELECT partman.run_maintenance('m.id');
SELECT t.is(t.last('m.id'), 'id_p70', 'four ahead of 38');
SELECT t.set('m.id', 'premake = 6, infinite_time_partitions = true'), partman.run_maintenance(p_parent_table := 'm.id', p_analyze := false);
SELECT t.is(t.last('m.id'), 'id_p90', 'premake raised');
SELECT t.set('m.id', 'premake = 1'), partman.run_maintenance('m.id', true);
SELECT t.is(t.last('m.id'), 'id_p90', 'premake lowered');
CREATE TABLE m.off (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.off', 'id', '10', p_offset_id := 5);
SELECT t.is(t.children('m.off'), '_p5 _p15 _p25 _p35 _p45', 'offset');
INSERT INTO m.off VALUES (31);
SELECT partman.run_maintenance('m.off');
SELECT t.is(t.last('m.off'), 'off_p75', 'offset, contract 4.5: counted from 30');
CREATE TABLE m.list (id int NOT NULL) PARTITION BY LIST (id);
SELECT partman.create_parent('m.list', 'id', '1', 'list', p_premake := 2);
INSERT INTO m.list VALUES (1);
SELECT partman.run_maintenance('m.list');
SELECT t.is(t.children('m.list'), '_p0 _p1 _p2 _p3', 'list');
CREATE TABLE m.num (id numeric NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.num', 'id', '10', p_premake := 2);
INSERT INTO m.num VALUES (12.75);
SELECT partman.run_maintenance('m.num');
SELECT t.is(t.last('m.num'), 'num_p30', 'numeric');

-- rows of a default: ignored, or counted; where they collide, nothing happens until they have moved (14.2)
INSERT INTO m.id VALUES (145);
SELECT partman.run_maintenance('m.id');
SELECT t.is(t.last('m.id'), 'id_p90', 'default ignored');
SELECT t.set('m.id', 'ignore_default_data = false, premake = 2');
SET LOCAL pg_strata.strict_maintenance = off;
SELECT t.lives('SELECT partman.run_maintenance(''m.id'')', 'a set that fails only warns'), t.ok(NOT t.ran('m.id'), 'and has no last run'), t.is(t.last('m.id'), 'id_p90', 'rolled back');
SELECT t.lives('SELECT partman.run_maintenance()', 'all sets'), t.ok(t.ran('m.num'), 'the others ran'), t.ok(NOT t.ran('m.id'), 'the one did not');
SELECT t.lives('SELECT partman.run_maintenance(''m.unknown'')', 'an unknown set');
RESET pg_strata.strict_maintenance;
SELECT t.lives('SELECT partman.run_maintenance()', 'all sets, strict');
SELECT t.is(partman.partition_data_id('m.id', 10), 1::bigint, 'moved');
SELECT t.lives('SELECT partman.run_maintenance(''m.id'')', 'now it runs'), t.is(t.last('m.id'), 'id_p160', 'two ahead of 145'), t.rows('m', 'id_p140', 1), t.rows('m', 'id_default', 0), t.ok(t.ran('m.id'), 'and says so');
CREATE TABLE m.day (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('m.day', 'k', '1 day');
SELECT partman.run_maintenance('m.day');
SELECT t.is(t.last('m.day'), 'day' || t.day(now() + interval '4 days'), '14.2: empty'), t.ok(t.ran('m.day'), 'ran');
INSERT INTO m.day VALUES (now() + interval '1 day');
SELECT partman.run_maintenance('m.day');
SELECT t.is(t.last('m.day'), 'day' || t.day(now() + interval '5 days'), '14.2: a row tomorrow');
INSERT INTO m.day VALUES (now() + interval '13 days');
SELECT t.is(partman.partition_data_time('m.day', 10), 1::bigint, '14.2: moved'), t.has('m', 'day' || t.day(now() + interval '13 days')), t.hasnt('m', 'day' || t.day(now() + interval '12 days'));
SELECT partman.run_maintenance('m.day');
SELECT t.is(t.last('m.day'), 'day' || t.day(now() + interval '17 days'), 'four ahead of the far row'), t.hasnt('m', 'day' || t.day(now() + interval '6 days'));
SELECT t.is(partman.partition_gap_fill('m.day'), 7, 'the gap'), t.has('m', 'day' || t.day(now() + interval '6 days'));

-- who is maintained, in what order
SELECT t.set('m.id', 'automatic_maintenance = ''off'', maintenance_last_run = NULL'), partman.run_maintenance();
SELECT t.ok(NOT t.ran('m.id'), 'off'), partman.run_maintenance('m.id');
SELECT t.ok(t.ran('m.id'), 'but by name');
SELECT t.set('m.id', 'undo_in_progress = true, maintenance_last_run = NULL, automatic_maintenance = ''on'''), partman.run_maintenance();
SELECT t.ok(NOT t.ran('m.id'), 'undo in progress'), t.set('m.id', 'undo_in_progress = false');
SELECT t.set('m.day', 'async_partitioning_in_progress = ''2020-01-01'', maintenance_last_run = ''2020-01-01'''), partman.run_maintenance();
SELECT t.is((SELECT maintenance_last_run FROM partman.part_config WHERE parent_table = 'm.day'), '2020-01-01'::timestamptz, 'async in progress: untouched'), t.set('m.day', 'async_partitioning_in_progress = NULL');
SELECT t.set('m.num', 'sub_partition_set_full = true, maintenance_last_run = NULL, premake = 9'), partman.run_maintenance();
SELECT t.ok(t.ran('m.num'), 'full: only the time'), t.is(t.last('m.num'), 'num_p30', 'full: no children');
SELECT t.set('m.off', 'maintenance_order = 1, maintenance_last_run = NULL'), t.set('m.list', 'maintenance_order = 2, maintenance_last_run = NULL'), t.lives('SELECT partman.run_maintenance(NULL, NULL, NULL)', 'NULL everywhere');
SELECT t.ok(t.ran('m.off') AND t.ran('m.list'), 'order');

-- retention (5, 14.3)
CREATE FUNCTION t.old(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE m.%I (k timestamptz PRIMARY KEY, v int) PARTITION BY RANGE (k)', name);
    EXECUTE format('CREATE INDEX ON m.%I (v)', name);
    PERFORM partman.create_parent('m.' || name, 'k', '1 day', p_start_partition := (now() - interval '10 days')::text);
    EXECUTE format('INSERT INTO m.%I SELECT now() - n * interval ''1 day'', n FROM generate_series(-4, 10) n', name);
END $$;
SELECT t.old('r');
SELECT t.throws('SELECT partman.drop_partition_time(''m.r'')', NULL, 'no retention'), t.throws('SELECT partman.drop_partition_time(''m.none'', ''1 day'')', NULL, 'not configured'), t.throws('SELECT partman.drop_partition_id(''m.r'', 1)', NULL, 'wrong kind');
SELECT t.is(partman.drop_partition_time('m.r', '8 days'), 2, '8 days');
SELECT t.hasnt('partman', 'nothing'), t.has('m', 'r' || t.day(now() - interval '10 days')), t.ok(NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = ('m.r' || t.day(now() - interval '10 days'))::regclass), 'detached, kept'), t.rows('m', 'r' || t.day(now() - interval '10 days'), 1),
       t.is((SELECT count(*) FROM pg_index WHERE indrelid = ('m.r' || t.day(now() - interval '9 days'))::regclass), 2::bigint, 'indexes kept');
SELECT t.is(partman.drop_partition_time('m.r', '7 days', p_keep_index := false), 1, '7 days');
SELECT t.is((SELECT count(*) FROM pg_index WHERE indrelid = ('m.r' || t.day(now() - interval '8 days'))::regclass), 0::bigint, 'indexes gone');
SELECT t.is(partman.drop_partition_time(p_parent_table := 'm.r', p_keep_table := false, p_retention := '6 days'), 1, '6 days'), t.hasnt('m', 'r' || t.day(now() - interval '7 days'));
SELECT t.is(partman.drop_partition_time('m.r', '5 days', p_retention_schema := 'ret'), 1, '5 days'), t.has('ret', 'r' || t.day(now() - interval '6 days')), t.hasnt('m', 'r' || t.day(now() - interval '6 days'));
SELECT t.throws('SELECT partman.drop_partition_time(''m.r'', ''4 days'', p_retention_schema := ''nowhere'')', NULL, 'no such schema'), t.is(t.first('m.r'), 'r' || t.day(now() - interval '5 days'), 'nothing changed');
SELECT t.is(partman.drop_partition_time('m.r', '5 days'), 0, 'nothing more'), t.is(partman.drop_partition_time('m.r', '-100 days'), 9, 'all but one'), t.is(t.count('m.r'), 1::bigint, 'one is left');
-- a reference: strict
SELECT t.old('ref');
SELECT t.is(partman.drop_partition_time('m.ref', '1 day', p_keep_table := false, p_reference_timestamp := current_date - 8), 0, 'at the end'), t.is(partman.drop_partition_time('m.ref', '1 day', p_keep_table := false, p_reference_timestamp := current_date - 8 + interval '1 second'), 1, 'a second later');
-- by maintenance
SELECT t.old('auto'), t.set('m.auto', 'retention = ''3 days'', retention_keep_table = false'), partman.run_maintenance('m.auto');
SELECT t.hasnt('m', 'auto' || t.day(now() - n * interval '1 day')) FROM generate_series(4, 10) n WHERE n >= 5;
SELECT t.has('m', 'auto' || t.day(now() - n * interval '1 day')) FROM generate_series(0, 3) n;
SELECT t.is(t.first('m.auto'), 'auto' || t.day(now() - interval '3 days'), 'three days are left'), t.is(t.last('m.auto'), 'auto' || t.day(now() + interval '8 days'), 'and premade ones');
SELECT t.is((SELECT count(*) FROM m.auto), 8::bigint, 'rows left');
SELECT t.old('keep'), t.set('m.keep', 'retention = ''3 days'', retention_keep_index = false'), partman.run_maintenance('m.keep');
SELECT t.has('m', 'keep' || t.day(now() - interval '8 days')), t.is(t.first('m.keep'), 'keep' || t.day(now() - interval '3 days'), 'detached'), t.is((SELECT count(*) FROM pg_index WHERE indrelid = ('m.keep' || t.day(now() - interval '8 days'))::regclass), 0::bigint, 'without indexes');
SELECT t.old('arch'), t.set('m.arch', 'retention = ''3 days'', retention_keep_table = false, retention_schema = ''ret'''), partman.run_maintenance('m.arch');
SELECT t.has('ret', 'arch' || t.day(now() - interval '8 days')), t.hasnt('m', 'arch' || t.day(now() - interval '8 days')), t.rows('ret', 'arch' || t.day(now() - interval '8 days'), 1);
SELECT t.old('detach'), t.set('m.detach', 'retention = ''3 days'', retention_keep_table = false, detach_before_drop = true'), partman.run_maintenance('m.detach');
SELECT t.hasnt('m', 'detach' || t.day(now() - interval '8 days')), t.is(t.first('m.detach'), 'detach' || t.day(now() - interval '3 days'), 'detached, then dropped'), t.is((SELECT count(*) FROM partman.part_pending_drop), 0::bigint, 'no promise left');
CREATE TABLE m.i (id bigint NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('m.i', 'id', '10'), t.set('m.i', 'retention = ''10'', retention_keep_table = false');
INSERT INTO m.i SELECT generate_series(0, 29);
SELECT t.is(partman.drop_partition_id('m.i'), 1, 'ids: 10'), t.hasnt('m', 'i_p0'), t.is(partman.drop_partition_id('m.i', 9), 1, 'ids: 9'), t.hasnt('m', 'i_p10'), t.is(partman.drop_partition_id('m.i', 9, p_keep_table := true), 0, 'no more');
DELETE FROM m.i;
SELECT t.is(partman.drop_partition_id('m.i', 1), 0, 'no rows, nothing qualifies');
CREATE TABLE m.l (id int NOT NULL) PARTITION BY LIST (id);
SELECT partman.create_parent('m.l', 'id', '1', 'list');
INSERT INTO m.l SELECT generate_series(0, 4);
SELECT t.is(partman.drop_partition_id('m.l', 2, false), 2, 'list'), t.is(t.first('m.l'), 'l_p2', 'list: 0 and 1 are gone');
-- a long pause: creation begins again where retention ends
CREATE TABLE m.pause (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('m.pause', 'k', '1 day', p_premake := 1);
DO $$ BEGIN EXECUTE (SELECT format('DROP TABLE %s', string_agg('m.' || partition_tablename, ', ')) FROM partman.show_partitions('m.pause')); END $$;
SELECT partman.create_partition_time('m.pause', ARRAY[now() - interval '60 days']), t.set('m.pause', 'retention = ''10 days'', infinite_time_partitions = true, retention_keep_table = false');
SELECT partman.run_maintenance('m.pause');
SELECT t.hasnt('m', 'pause' || t.day(now() - interval '59 days')), t.hasnt('m', 'pause' || t.day(now() - interval '30 days')), t.has('m', 'pause' || t.day(now() - interval '9 days')), t.has('m', 'pause' || t.day(now() + interval '1 day'));
-- publications
CREATE TABLE m.pub (k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('m.pub', 'k', '1 day', p_start_partition := (now() - interval '3 days')::text);
DO $$ BEGIN EXECUTE format('CREATE PUBLICATION conformance FOR TABLE m.%I', 'pub' || t.day(now() - interval '3 days')); END $$;
SELECT t.is(partman.drop_partition_time('m.pub', '1 day'), 2, 'published child');
SELECT t.is((SELECT count(*) FROM pg_publication_tables WHERE pubname = 'conformance'), 0::bigint, 'left the publication');
ROLLBACK;
\set least 390
\i :srcdir/assert_done.psql
