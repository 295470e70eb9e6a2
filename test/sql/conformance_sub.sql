-- The contract's section 3.9 and what follows from it: sets of sets, two and three levels, through creation, rows,
-- maintenance and retention. One transaction.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA s;
CREATE FUNCTION t.year(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at, '_pYYYY0101') $$;
CREATE FUNCTION t.month(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at, '_pYYYYMM01') $$;

-- years of months of days
CREATE TABLE s.tt (id int, k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT t.ok(partman.create_parent('s.tt', 'k', '1 year', p_premake := 2), 'years');
SELECT t.ok(partman.create_sub_parent('s.tt', 'k', '1 month', p_declarative_check := 'yes', p_premake := 2), 'months');
SELECT t.is(t.count('s.tt'), 5::bigint, 'five years'), t.has('s', 'tt' || t.year(now()) || t.month(now())), t.has('s', 'tt' || t.year(now()) || '_default'), t.has('s', 'tt_default');
SELECT t.is(t.children('s.tt' || t.year(now() + interval '2 years')), to_char(now() + interval '2 years', '_pYYYY0101'), 'a year ahead has January only');
SELECT t.is((SELECT count(*) FROM partman.part_config WHERE parent_table ~ '^s\.tt_p'), 5::bigint, 'a row for each year'), t.is((SELECT sub_partition_interval FROM partman.part_config_sub WHERE sub_parent = 's.tt'), '1 month', 'interval as given');
SELECT t.is((SELECT relkind FROM pg_class WHERE oid = 's.tt_default'::regclass), 'r'::"char", 'the default stays plain');
SELECT t.is((SELECT string_agg(DISTINCT template_table, ',') FROM partman.part_config WHERE parent_table ~ '^s\.tt'), 'partman.template_s_tt', 'one template');
INSERT INTO s.tt VALUES (1, now()), (2, now() - interval '1 year'), (3, now() + interval '1 year'), (4, now() - interval '20 years');
SELECT t.rows('s', 'tt' || t.year(now()) || t.month(now()), 1), t.rows('s', 'tt_default', 1);
SELECT t.ok(partman.create_sub_partition('s.tt' || t.year(now()), 'k', '1 day', 'range', true, 'yes', NULL, 2), 'days');
SELECT t.has('s', 'tt' || t.year(now()) || t.month(now()) || t.day(now())), t.rows('s', 'tt' || t.year(now()) || t.month(now()) || t.day(now()), 1);
SELECT t.is((SELECT count(*) FROM s.tt), 4::bigint, 'no row is lost');
SELECT t.lives('SELECT partman.run_maintenance()', 'maintenance of all levels');
-- those made by that run are maintained by the next one
SELECT partman.run_maintenance();
SELECT t.ok((SELECT bool_and(maintenance_last_run IS NOT NULL) FROM partman.part_config WHERE parent_table ~ '^s\.tt'), 'all ran');
SELECT t.is(t.last('s.tt'), 'tt' || t.year(now() + interval '3 years'), 'two years ahead of the row next year'), t.is(t.children('s.tt' || t.year(now() + interval '3 years')), to_char(now() + interval '3 years', '_pYYYY0101'), 'with January');
SELECT t.is((SELECT concat_ws(' ', sub_min::timestamptz = date_trunc('year', now()), sub_max::timestamptz = date_trunc('year', now()) + interval '1 year') FROM partman.check_subpartition_limits('s.tt' || t.year(now()), 'time')), 't t', 'limits'), t.is((SELECT coalesce(sub_min, sub_max) FROM partman.check_subpartition_limits('s.tt' || t.year(now()), 'id')), NULL, 'no limits of ids'),
       t.is((SELECT coalesce(sub_min, sub_max) FROM partman.check_subpartition_limits('s.tt', 'time')), NULL, 'none at the top');
-- retention of whole years
UPDATE partman.part_config SET retention = '1 year', retention_keep_table = false WHERE parent_table = 's.tt';
SELECT t.lives('SELECT partman.run_maintenance(''s.tt'')', 'retention');
SELECT t.hasnt('s', 'tt' || t.year(now() - interval '2 years')), t.is((SELECT count(*) FROM partman.part_config WHERE parent_table = 's.tt' || t.year(now() - interval '2 years')), 0::bigint, 'its row is gone'), t.lives('SELECT partman.run_maintenance()', 'and nobody misses it');

-- ids of ids; around the highest of the whole tree
CREATE TABLE s.ii (a int NOT NULL, b int) PARTITION BY RANGE (a);
SELECT partman.create_parent('s.ii', 'a', '1000', p_premake := 2);
INSERT INTO s.ii SELECT generate_series(1, 250);
SELECT t.ok(partman.create_sub_parent('s.ii', 'a', '100', p_declarative_check := 'YES', p_premake := 2), 'ids of ids');
SELECT t.is(t.children('s.ii_p0'), '_p100 _p200 _p300 _p400', 'around 250'), t.is(t.children('s.ii_p1000'), '_p1000', 'the lowest'), t.is(t.children('s.ii_p2000'), '_p2000', 'the lowest'), t.is((SELECT count(*) FROM s.ii), 250::bigint, 'rows kept'), t.rows('s', 'ii_p0_p100', 100);
INSERT INTO s.ii VALUES (350);
SELECT t.lives('SELECT partman.run_maintenance()', 'maintain');
SELECT t.is(t.last('s.ii_p0'), 'ii_p0_p500', 'two ahead of 350'), t.is((SELECT concat_ws(' ', sub_min, sub_max) FROM partman.check_subpartition_limits('s.ii_p1000', 'id')), '1000 2000', 'limits of ids');
INSERT INTO s.ii VALUES (999);
SELECT partman.partition_data_id('s.ii_p0', 10), partman.run_maintenance();
SELECT t.is(t.last('s.ii_p0'), 'ii_p0_p900', 'never past the end'), t.rows('s', 'ii_p0_p900', 1);
INSERT INTO s.ii VALUES (2001);
SELECT partman.run_maintenance(), partman.run_maintenance();
SELECT t.is(t.last('s.ii'), 'ii_p4000', 'the upper set grows'), t.is(t.children('s.ii_p4000'), '_p4000', 'and its new ones begin'), t.is(t.last('s.ii_p2000'), 'ii_p2000_p2200', 'the current one grows');
-- no further sub-sets
SELECT t.ok(partman.stop_sub_partition('s.ii'), 'stop'), t.ok(partman.stop_sub_partition('s.ii'), 'stop again');
INSERT INTO s.ii VALUES (3500);
SELECT partman.run_maintenance();
SELECT t.is((SELECT relkind FROM pg_class WHERE oid = 's.ii_p5000'::regclass), 'r'::"char", 'plain again');

-- time of ids, ids of time, list below ids
CREATE TABLE s.ti (id int NOT NULL, k timestamptz NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('s.ti', 'k', '1 day', p_premake := 1), partman.create_sub_parent('s.ti', 'id', '10', p_declarative_check := 'yes', p_premake := 1);
SELECT t.is(t.count('s.ti'), 3::bigint, 'three days'), t.is(t.children('s.ti' || t.day(now())), '_p0 _p10', 'ids of a day');
INSERT INTO s.ti VALUES (5, now()), (15, now()), (25, now());
SELECT t.rows('s', 'ti' || t.day(now()) || '_p10', 1), t.rows('s', 'ti' || t.day(now()) || '_default', 1), partman.run_maintenance();
CREATE TABLE s.it (id int NOT NULL, k date NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.it', 'id', '10', p_premake := 1), partman.create_sub_parent('s.it', 'k', '1 month', p_declarative_check := 'yes', p_premake := 3, p_default_table := false);
SELECT t.is(t.count('s.it'), 2::bigint, 'two ids'), t.is(t.count('s.it_p0'), 7::bigint, 'months of an id'), t.is(t.count('s.it_p10'), 7::bigint, 'and of the next'), t.hasnt('s', 'it_p0_default');
CREATE TABLE s.il (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a);
SELECT partman.create_parent('s.il', 'a', '10', p_premake := 1), partman.create_sub_parent('s.il', 'b', '1', 'list', p_declarative_check := 'yes', p_premake := 1);
SELECT t.is(t.children('s.il_p0'), '_p0 _p1', 'list below ids');
-- an epoch above; settings travel; sub_retention too
CREATE TABLE s.ep (k bigint NOT NULL) PARTITION BY RANGE (k);
SELECT partman.create_parent('s.ep', 'k', '1 month', p_epoch := 'seconds', p_premake := 1), partman.create_sub_parent('s.ep', 'k', '1 day', p_declarative_check := 'yes', p_epoch := 'seconds', p_premake := 1);
SELECT t.has('s', 'ep' || t.month(now()) || t.day(now()));
CREATE TABLE s.st (k timestamptz NOT NULL, v int) PARTITION BY RANGE (k);
SELECT partman.create_parent('s.st', 'k', '1 month', p_premake := 1), partman.create_sub_parent('s.st', 'k', '1 day', p_declarative_check := 'yes', p_premake := 3, p_constraint_cols := '{v}', p_jobmon := false);
UPDATE partman.part_config_sub SET sub_retention_keep_table = false, sub_infinite_time_partitions = true, sub_optimize_constraint = 5, sub_inherit_privileges = true, sub_retention = '40 days', sub_retention_keep_index = false WHERE sub_parent = 's.st';
UPDATE partman.part_config SET infinite_time_partitions = true, premake = 4 WHERE parent_table = 's.st';
SELECT t.lives('SELECT partman.run_maintenance()', 'new sub-sets');
SELECT t.is((SELECT concat_ws(' ', retention_keep_table, infinite_time_partitions, optimize_constraint, inherit_privileges, retention, retention_keep_index, premake, jobmon, constraint_cols) FROM partman.part_config WHERE parent_table = 's.st' || t.month(date_trunc('month', now()) + interval '4 months')), 'f t 5 t 40 days f 3 f {v}', 'settings of a new sub-set');
SELECT t.is((SELECT count(*) FROM partman.check_subpart_sameconfig('s.st')), 0::bigint, 'one level: nothing to compare'), t.is((SELECT count(*) FROM partman.check_subpart_sameconfig('s.tt')), 1::bigint, 'two levels: one');

-- refusals
SELECT t.throws('SELECT partman.create_sub_partition(' || a || ')', state, a) FROM (VALUES ($$'s.none', 'k', '1 day', p_declarative_check := 'yes'$$, NULL), ($$'s.st', 'k', '1 day', 'native', p_declarative_check := 'yes'$$, NULL), ($$'s.st', 'k', '1 day'$$, NULL), ($$'s.st', 'k', '1 day', p_declarative_check := 'no'$$, NULL),
    ($$'s.st', 'k', '1 day', p_declarative_check := 'yes'$$, '23505'), ($$'s.it_p0', 'k', '1 month', p_declarative_check := 'yes'$$, NULL), ($$'s.it_p0', 'k', '7 days', p_declarative_check := 'yes'$$, NULL), ($$'s.it_p0', 'k', '1 hour', p_date_trunc_interval := 'week', p_declarative_check := 'yes'$$, NULL), ($$'s.it_p0', 'zz', '1 hour', p_declarative_check := 'yes'$$, NULL)) v(a, state);
ROLLBACK;
\set least 68
\i :srcdir/assert_done.psql
