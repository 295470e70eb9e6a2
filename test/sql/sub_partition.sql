-- create_sub_partition: two and three levels of every combination, the limits of a sub-set, what its configuration takes
-- over, maintenance, drain and retention of such trees, and refusals (contract 2.3, 3.4.3, 3.4.6, 3.4.7, 3.9, 8.6).
SET client_min_messages = error;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA s;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
SET IntervalStyle = 'postgres';
\pset format unaligned
\pset tuples_only on

-- A tree by name, with bounds, and the interval of what is a set.
CREATE FUNCTION s.tree(top regclass) RETURNS TABLE (line text) LANGUAGE sql AS $$
    SELECT concat(repeat('  ', t.level), c.relname, ' ' || replace(pg_get_expr(c.relpartbound, c.oid), 'FOR VALUES ', ''),
                  ' [' || k.partition_interval || ']')
    FROM pg_partition_tree(top) AS t JOIN pg_class AS c ON c.oid = t.relid
         LEFT JOIN partman.part_config AS k ON k.parent_table = c.oid::regclass::text
    ORDER BY c.relname COLLATE "C"
$$;
-- Where rows are.
CREATE FUNCTION s.spread(top text) RETURNS TABLE (child text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT tableoid::regclass::text, count(*) FROM %s GROUP BY 1 ORDER BY min(id)', top);
END $$;
-- SQLSTATE of a refusal.
CREATE FUNCTION s.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN others THEN
    RETURN sqlstate;
END $$;

\echo # id in id: rows are kept; the largest id of the whole tree decides which partitions a sub-set gets
CREATE TABLE s.a (id int NOT NULL, b int NOT NULL DEFAULT 0, v text) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.a', 'id', '100', p_premake := 1);
INSERT INTO s.a SELECT generate_series(1, 150);
SELECT partman.create_sub_partition('s.a', 'id', '10', p_declarative_check := 'yes', p_premake := 2);
SELECT s.tree('s.a');
SELECT * FROM s.spread('s.a');
\echo # a partition made by maintenance, and one made by moving rows out of the default of the set above
INSERT INTO s.a VALUES (195);
SELECT partman.run_maintenance('s.a');
SELECT s.tree('s.a_p200');
INSERT INTO s.a VALUES (555);
SELECT partman.partition_data_id('s.a');
SELECT s.tree('s.a_p500');
SELECT * FROM s.spread('s.a') OFFSET 5;
\echo # sub-sets are maintained up to their limit
SELECT partman.partition_data_id('s.a_p100', 100);
SELECT partman.run_maintenance('s.a_p100');
SELECT s.tree('s.a_p100');
SELECT * FROM partman.check_subpartition_limits('s.a_p100', 'id');
SELECT * FROM partman.check_subpartition_limits('s.a_p100', 'time');
SELECT * FROM partman.check_subpartition_limits('s.a', 'id');
SELECT partman.create_partition_id('s.a_p100', '{90,200}'), partman.create_partition_id('s.a_p0', '{-10,100}');

\echo # three levels; every setting reaches every depth
CREATE TABLE s.d (id int NOT NULL, v text) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.d', 'id', '1000', p_premake := 1);
SELECT partman.create_sub_parent('s.d', 'id', '100', p_declarative_check := 'YES', p_premake := 1);
SELECT partman.create_sub_parent('s.d_p0', 'id', '10', p_declarative_check := 'yes', p_premake := 1);
SELECT s.tree('s.d');
UPDATE partman.part_config_sub
SET sub_retention = '50', sub_retention_keep_index = false, sub_retention_keep_table = true, sub_optimize_constraint = 7,
    sub_infinite_time_partitions = true, sub_jobmon = false, sub_constraint_valid = false, sub_ignore_default_data = false,
    sub_maintenance_order = 3, sub_retention_keep_publication = true, sub_detach_before_drop = true, sub_premake = 2,
    sub_automatic_maintenance = 'off', sub_constraint_cols = '{v}', sub_inherit_privileges = true, sub_default_table = false
WHERE sub_parent LIKE 's.d%';
SELECT partman.create_partition_id('s.d', '{5000}');
SELECT s.tree('s.d_p5000');
SELECT parent_table, replace(sub.key, 'sub_', '') AS differs, sub.value, own.value
FROM partman.part_config AS c, LATERAL jsonb_each_text(to_jsonb(c)) AS own, partman.part_config_sub AS p,
     LATERAL jsonb_each_text(to_jsonb(p)) AS sub
WHERE p.sub_parent = 's.d_p0' AND c.parent_table LIKE 's.d\_p5000\_p%' AND sub.key = 'sub_' || own.key AND sub.key <> 'sub_parent'
  AND own.value IS DISTINCT FROM sub.value;
SELECT count(DISTINCT to_jsonb(p) - 'sub_parent') FROM partman.part_config_sub AS p WHERE sub_parent LIKE 's.d\_p%';
SELECT sub_parent FROM partman.part_config_sub WHERE sub_parent LIKE 's.d%' ORDER BY 1;
\echo # sub-sets whose partitions are to be different are not maintained
SELECT count(*) FROM partman.check_subpart_sameconfig('s.d');
UPDATE partman.part_config_sub SET sub_premake = 9 WHERE sub_parent = 's.d_p0';
SELECT sub_premake FROM partman.check_subpart_sameconfig('s.d') ORDER BY 1;
SELECT s.refused($$SELECT partman.run_maintenance('s.d')$$);
SELECT partman.stop_sub_partition('s.d');
SELECT count(*) FROM partman.part_config_sub WHERE sub_parent = 's.d';
SELECT partman.create_partition_id('s.d', '{7000}');
SELECT s.tree('s.d_p7000');

\echo # retention: the configuration of the whole subtree goes; the last partition may go, too
CREATE TABLE s.r (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.r', 'id', '1000', p_premake := 1, p_start_partition := '0');
SELECT partman.create_sub_parent('s.r', 'id', '100', p_declarative_check := 'yes', p_premake := 1);
SELECT partman.create_sub_parent('s.r_p0', 'id', '10', p_declarative_check := 'yes', p_premake := 1);
INSERT INTO s.r VALUES (1999);
SELECT parent_table FROM partman.part_config WHERE parent_table LIKE 's.r%' ORDER BY 1;
SELECT partman.drop_partition_id('s.r', 1000), partman.drop_partition_id('s.r', 999, p_keep_table := false);
SELECT parent_table FROM partman.part_config WHERE parent_table LIKE 's.r%' ORDER BY 1;
SELECT sub_parent FROM partman.part_config_sub WHERE sub_parent LIKE 's.r%' ORDER BY 1;
SELECT partman.drop_partition_id('s.r', -1000, p_keep_table := false);
SELECT s.tree('s.r');
SELECT parent_table FROM partman.part_config WHERE parent_table LIKE 's.r%';

\echo # time in time: years far away begin with one month, this one with those around now
CREATE TABLE s.t (at timestamptz NOT NULL, id int NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('s.t', 'at', '1 year', p_premake := 1);
SELECT partman.create_sub_parent('s.t', 'at', '1 month', p_declarative_check := 'yes', p_premake := 2);
SELECT partman.create_partition_time('s.t', '{2001-01-01}');
SELECT s.tree('s.t_p20010101');
SELECT * FROM partman.check_subpartition_limits('s.t_p20010101', 'time');
SELECT string_agg(relname, ' ' ORDER BY relname) = (
    SELECT string_agg(format('t_p%s0101_p%s', to_char(now(), 'YYYY'), to_char(m, 'YYYYMMDD')), ' ' ORDER BY m)
    FROM generate_series(date_trunc('month', now() - interval '2 months'), now() + interval '2 months', '1 month') AS m
    WHERE m < now() + interval '2 months' AND date_trunc('year', m) = date_trunc('year', now()))
FROM pg_class WHERE relname LIKE to_char(now(), '"t\_p"YYYY"0101\_p%"') AND relkind = 'r';
SELECT partman.create_sub_parent('s.t_p20010101', 'at', '1 day', p_declarative_check := 'yes', p_premake := 1);
INSERT INTO s.t VALUES ('2001-02-03 04:00', 1);
SELECT partman.partition_data_time('s.t_p20010101');
SELECT partman.partition_data_time('s.t_p20010101_p20010201');
SELECT s.tree('s.t_p20010101');
SELECT * FROM s.spread('s.t');

\echo # id in time, time in id, list in time
CREATE TABLE s.ti (at timestamptz NOT NULL, id int NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('s.ti', 'at', '1 day', p_premake := 1);
SELECT partman.create_sub_parent('s.ti', 'id', '10', p_declarative_check := 'yes', p_premake := 1);
SELECT partman.create_partition_time('s.ti', '{2001-01-01}');
SELECT s.tree('s.ti_p20010101');
CREATE TABLE s.it (at date NOT NULL, id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('s.it', 'id', '10', p_premake := 1);
SELECT partman.create_sub_parent('s.it', 'at', '1 day', p_declarative_check := 'yes', p_start_partition := (now() - interval '1 day')::text, p_premake := 1, p_default_table := false);
SELECT string_agg(partition_tablename, ' ') = (
    SELECT string_agg(to_char(now() + i * interval '1 day', '"it_p0_p"YYYYMMDD'), ' ' ORDER BY i) FROM generate_series(-1, 1) AS i)
FROM partman.show_partitions('s.it_p0', 'ASC', true);
CREATE TABLE s.tl (at timestamptz NOT NULL, id int NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('s.tl', 'at', '1 day', p_premake := 1);
SELECT partman.create_sub_parent('s.tl', 'id', '1', 'list', p_declarative_check := 'yes', p_premake := 1);
SELECT partman.create_partition_time('s.tl', '{2001-01-01}');
SELECT s.tree('s.tl_p20010101');
\echo # a tree of times in epoch seconds has limits as well
CREATE TABLE s.e (at bigint NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('s.e', 'at', '1 day', p_premake := 1, p_epoch := 'seconds');
SELECT partman.create_sub_parent('s.e', 'at', '1 hour', p_declarative_check := 'yes', p_premake := 1, p_epoch := 'seconds');
SELECT partman.create_partition_time('s.e', '{2001-01-01}');
SELECT s.tree('s.e_p20010101');

\echo # undone from the bottom up, into one table
CREATE TABLE s.undone (LIKE s.t);
SELECT s.refused($$SELECT partman.undo_partition('s.t', 's.undone')$$);
SELECT * FROM partman.undo_partition('s.t_p20010101_p20010201', 's.undone', 100, p_keep_table := false);
SELECT count(*) FROM s.undone;

\echo # refusals, in the order of the contract; nothing of them stays
CREATE TABLE s.x (at timestamptz NOT NULL, id int NOT NULL, n int, f float8 NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('s.x', 'at', '1 month', p_premake := 1);
SELECT s.refused($$SELECT partman.create_sub_partition('s.none', 'at', '1 day', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '1 day', 'hash', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x_default', 'at', '1 day', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '1 day')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '1 day', p_declarative_check := 'no')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '500 ms', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '30 days', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '1 week', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'at', '1 day', p_declarative_check := 'yes', p_date_trunc_interval := 'week')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'missing', '1 day', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'n', '10', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'f', '10', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.x', 'id', '10', p_declarative_check := 'yes', p_premake := 0)$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.a', 'id', '5', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.a_p0', 'id', '10', p_declarative_check := 'yes')$$);
SELECT s.refused($$SELECT partman.create_sub_partition('s.a_p0', 'b', '10', p_declarative_check := 'yes')$$);
SELECT count(*) FROM partman.part_config_sub WHERE sub_parent IN ('s.x', 's.a_p0');
SELECT count(*) = 4 AND bool_and(relkind = 'r') FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 's.x'::regclass;

\echo # a set above that cannot be worked on stops its sub-sets, and no other set
CREATE TABLE s.above (at timestamptz NOT NULL, id int) PARTITION BY RANGE (at);
SELECT partman.create_parent('s.above', 'at', '1 month', p_premake := 1);
SELECT partman.create_sub_partition('s.above', 'at', '1 day', p_declarative_check := 'yes', p_premake := 1);
DELETE FROM partman.part_config WHERE parent_table NOT LIKE 's.above%' AND parent_table <> 's.x';
ALTER TABLE partman.part_config DISABLE TRIGGER USER;
UPDATE partman.part_config SET partition_interval = 'never' WHERE parent_table = 's.above';
ALTER TABLE partman.part_config ENABLE TRIGGER USER;
SELECT s.refused($$SELECT partman.run_maintenance()$$);
SELECT parent_table = 's.x', count(*) > 1, bool_and(maintenance_last_run IS NOT NULL) FROM partman.part_config
WHERE parent_table <> 's.above' GROUP BY 1 ORDER BY 1;

DROP SCHEMA s CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
