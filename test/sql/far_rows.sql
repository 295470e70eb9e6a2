-- Rows and partitions too far ahead: the plan goes on as if they were not there, drains leave them and say so, checks
-- name them. Nearer ones leave no gap.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA f;
SELECT t.throws('INSERT INTO partman.part_policy (parent_table, outlier_horizon) VALUES (''f.x'', ' || x || ')', '23514')
FROM unnest('{0,-1}'::int[]) AS x;

-- Default and codes of findings; how many children, the default left out; the highest bound.
CREATE FUNCTION f.make(key text, step text, premake int, how text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS f.s CASCADE;
    DELETE FROM partman.part_config;
    EXECUTE format('CREATE TABLE f.s (k %s NOT NULL) PARTITION BY RANGE (k)', key);
    EXECUTE format('SELECT partman.create_parent(''f.s'', ''k'', %L, p_premake := %s, p_template_table := ''false''%s)', step, premake, how);
    UPDATE partman.part_config SET ignore_default_data = false WHERE parent_table = 'f.s';
END $$;
CREATE FUNCTION f.codes() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT code, ' ' ORDER BY code) FROM partman.check_partitions('f.s') WHERE severity <> 'info' $$;
CREATE FUNCTION f.detail(c text) RETURNS text LANGUAGE sql AS $$
    SELECT detail FROM partman.check_partitions('f.s') WHERE code = c $$;
CREATE FUNCTION f.n() RETURNS int LANGUAGE sql AS $$
    SELECT count(*)::int FROM partman.show_partitions('f.s') $$;
CREATE FUNCTION f.gaps() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (SELECT lower_bound, lag(upper_bound) OVER (ORDER BY coalesce(lower_time::text, lpad(lower_id::text, 12))) AS before
        FROM partman.partitions WHERE NOT is_default) AS p WHERE before <> lower_bound $$;

-- times: a row of 2100 beside what is due
SELECT f.make('timestamptz', '1 day', 4);
SELECT f.n() AS made \gset
INSERT INTO f.s VALUES ('2100-01-01'), (now() + interval '2 days');
SELECT partman.run_maintenance('f.s');
SELECT t.is(f.n(), :made + 2, 'premake counts from the row two days ahead');
SELECT t.is(f.codes(), 'far_rows', 'the finding');
SELECT t.ok(f.detail('far_rows') LIKE '%the key 2100-01-01 00:00:00+00.%', 'which names the row'), t.is((SELECT fix FROM partman.check_partitions('f.s')), NULL, 'and changes nothing by itself');
-- the newest of them
INSERT INTO f.s VALUES ('2101-07-01 12:00'), ('2099-12-31');
SELECT t.ok(f.detail('far_rows') LIKE '%the key 2101-07-01 12:00:00+00.%', 'the newest');
SELECT t.is((SELECT count(*) FROM partman.plan_maintenance('f.s')), 0::bigint, 'nothing is due');
-- a drain leaves it and says so, and moves the others
INSERT INTO f.s VALUES (now() + interval '40 days'), (now() - interval '40 days');
SELECT t.is(f.codes(), 'far_rows missing_partition rows_in_default', 'both kinds');
SET client_min_messages = notice;
SELECT partman.partition_data_time('f.s', 1000);
SELECT partman.partition_data_time('f.s', 1000);
SET client_min_messages = warning;
SELECT t.is(f.gaps(), 2::bigint, 'partitions for rows only'), t.rows('f', 's_default', 3);
SELECT partman.run_maintenance('f.s');
SELECT t.is(f.codes(), 'far_rows gap', 'then only the far ones');
-- the procedure closes what is wider than premake
SELECT partman.partition_gap_fill('f.s') > 30 AS filled;
INSERT INTO f.s VALUES (now() + interval '60 days'), (now() - interval '50 days');
SET client_min_messages = notice;
CALL partman.partition_data_proc('f.s', p_wait := 0);
SET client_min_messages = warning;
SELECT t.rows('f', 's_default', 3), t.is(f.gaps(), 1::bigint, 'only below');
SELECT f.n() AS made \gset
SELECT partman.run_maintenance('f.s');
SELECT t.is(f.n(), :made + 4, 'premake counts from the drained row');
-- the limit is the set's to choose
UPDATE partman.part_policy SET outlier_horizon = 30 WHERE parent_table = 'f.s';
INSERT INTO f.s VALUES (now() + interval '100 days');
SELECT t.ok(f.detail('far_rows') LIKE 'Its newest row%More than 30 intervals%', 'less');
SELECT t.is(partman.partition_data_time('f.s', 1000), 0::bigint, 'too far now');
UPDATE partman.part_policy SET outlier_horizon = NULL WHERE parent_table = 'f.s';
SELECT t.throws('SELECT partman.run_maintenance(''f.s'')', '54000', 'no limit: as before');
SELECT t.is(partman.partition_data_time('f.s', 1000), 4::bigint, 'all rows move'), t.rows('f', 's_default', 0);

-- a partition of 2100, by hand or by an earlier version, does not count any more either
SELECT f.n() AS made \gset
UPDATE partman.part_policy SET outlier_horizon = DEFAULT WHERE parent_table = 'f.s';
SELECT t.is(f.codes(), 'far_partition gap', 'far ones');
SELECT partman.run_maintenance('f.s');
SELECT t.is(f.n(), :made + 4, 'premake counts from the hundredth day');
SELECT t.ok((SELECT max(lower_time) < now() + interval '105 days' FROM partman.partitions WHERE NOT is_default AND lower_time < '2099-01-01'), 'and no further');
DELETE FROM f.s WHERE k > '2099-01-01';
VACUUM f.s;
SELECT t.is(string_agg(DISTINCT code || ' ' || split_part(fix, ' ', 4), ', '), 'gap , unexpected_partition DETACH', 'empty ones may go') FROM partman.check_partitions('f.s') WHERE severity <> 'info';
SELECT fix FROM partman.check_partitions('f.s') WHERE code = 'unexpected_partition' \gexec
SELECT t.is(f.codes(), 'gap', 'gone');

-- from one step to the next it is not too far
SELECT f.make('date', '1 month', 2);
UPDATE partman.part_policy SET outlier_horizon = 10 WHERE parent_table = 'f.s';
INSERT INTO f.s SELECT current_date + make_interval(months => m) FROM unnest('{9,17,25,60}'::int[]) AS m;
SELECT t.is(partman.partition_data_time('f.s', 10), 3::bigint, 'stepwise'), t.rows('f', 's_default', 1), t.is(f.gaps(), 3::bigint, 'three gaps');
-- the last one first; the procedure
INSERT INTO f.s SELECT current_date + make_interval(months => m) FROM unnest('{30,38}'::int[]) AS m;
CALL partman.partition_data_proc('f.s', p_loop_count := 1, p_order := 'DESC', p_quiet := true);
SELECT t.rows('f', 's_default', 2), t.is(f.gaps(), 4::bigint, 'a gap up to the row whose turn has not come');
CALL partman.partition_data_proc('f.s', p_order := 'DESC', p_quiet := true);
SELECT t.rows('f', 's_default', 1), t.is(f.gaps(), 4::bigint, 'others stay');

-- all kinds of keys
SELECT f.make('uuid', '1 month', 3, ', p_time_encoder := ''partman.uuid7_time_encoder'', p_time_decoder := ''partman.uuid7_time_decoder''');
SELECT f.n() AS made \gset
INSERT INTO f.s VALUES ('ffffffff-0000-7000-8000-000000000000'), (partman.uuid7_time_encoder('2090-01-01'));
SELECT partman.run_maintenance('f.s');
SELECT t.is(f.n(), :made, 'uuid'), t.is(f.codes(), 'far_rows', 'uuid'), t.ok(f.detail('far_rows') LIKE '%ffffffff-0000-7000-8000-000000000000 (10889%', 'with the time it stands for');
SET client_min_messages = notice;
SELECT partman.partition_data_time('f.s', 10);
SET client_min_messages = warning;
SELECT f.make('bigint', '1 day', 3, ', p_epoch := ''seconds''');
SELECT f.n() AS made \gset
INSERT INTO f.s VALUES (4102444800), (9223372036854775807), (extract(epoch FROM now()) + 2 * 86400);
SELECT partman.run_maintenance('f.s');
SELECT t.is(f.codes(), 'far_rows', 'epoch'), t.ok(f.detail('far_rows') LIKE '%key 9223372036854775807.%', 'not even a time');
SELECT t.is(f.n(), :made + 2, 'epoch');
SET client_min_messages = notice;
SELECT partman.partition_data_time('f.s', 10);
SET client_min_messages = warning;
SELECT f.make('int', '1 year', 3, ', p_epoch := ''seconds''');
INSERT INTO f.s VALUES (2147483647);
SELECT t.ok(f.codes() IS DISTINCT FROM 'far_rows', 'where the type ends before the limit');
SELECT f.make('numeric', '10', 2, ', p_start_partition := ''0''');
INSERT INTO f.s VALUES (1e30), ('Infinity'), (35);
SELECT t.is(f.codes(), 'far_rows missing_partition rows_in_default', 'numeric');

-- numbers
SELECT f.make('bigint', '10', 4, ', p_start_partition := ''0''');
INSERT INTO f.s SELECT generate_series(0, 25);
INSERT INTO f.s VALUES (1000000000000);
SELECT partman.run_maintenance('f.s');
SELECT t.is(t.children('f.s'), '_p0 _p10 _p20 _p30 _p40 _p50 _p60', 'four ahead of 25');
SET client_min_messages = notice;
SELECT partman.partition_data_id('f.s', 10);
SET client_min_messages = warning;
INSERT INTO f.s VALUES (125);
CALL partman.partition_data_proc('f.s', p_wait := 0, p_quiet := true);
SELECT t.rows('f', 's_default', 1), t.is(f.gaps(), 0::bigint, 'a near one, no gap');
-- with a partition of its own: retention, too, counts without it
CREATE TABLE f.s_p1000000000000 PARTITION OF f.s FOR VALUES FROM (2000000000000) TO (2000000000010);
INSERT INTO f.s VALUES (2000000000005);
UPDATE partman.part_config SET retention = '50' WHERE parent_table = 'f.s';
SELECT partman.run_maintenance('f.s');
SELECT t.is(t.children('f.s'), '_p70 _p80 _p90 _p100 _p110 _p120 _p130 _p140 _p150 _p160 _p1000000000000', 'up to 125, which is 50 above 75');
SELECT t.is(f.codes(), 'far_partition far_rows', 'both are told');

-- values
CREATE TABLE f.l (k int NOT NULL) PARTITION BY LIST (k);
SELECT partman.create_parent('f.l', 'k', '1', p_type := 'list', p_premake := 2, p_template_table := 'false', p_start_partition := '0');
INSERT INTO f.l VALUES (0), (7), (1000000);
UPDATE partman.part_config SET ignore_default_data = false WHERE parent_table = 'f.l';
SELECT t.is(partman.partition_data_id('f.l', 10), 1::bigint, 'list'), t.rows('f', 'l_default', 1), t.is(t.children('f.l'), '_p0 _p1 _p2 _p7', 'values are apart');
SELECT partman.run_maintenance('f.l');
SELECT t.is(t.last('f.l'), 'l_p9', 'list'), t.is(string_agg(code, ' '), 'gap far_rows', 'list') FROM partman.check_partitions('f.l');

DROP SCHEMA f CASCADE;
\i :srcdir/assert_done.psql
