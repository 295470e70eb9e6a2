-- Retention: which children go, by their real upper bounds, and what is left of them. Days are distances from today.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA r;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
\pset format unaligned

CREATE VIEW r.parts AS
SELECT i.inhparent::regclass::text AS parent, c.oid, c.relname::text AS child, b[1] AS lo, b[2] AS hi
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?([^'')]*)''?\) TO \(''?([^'')]*)') AS b
WHERE b IS NOT NULL AND c.relkind = 'r';
CREATE FUNCTION r.days(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(d || CASE WHEN w <> 1 THEN '/' || w ELSE '' END, ' ' ORDER BY d)
    FROM (SELECT lo::date - current_date AS d, hi::date - lo::date AS w FROM r.parts WHERE r.parts.parent = days.parent) AS p
$$;
CREATE FUNCTION r.ids(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(lo || CASE WHEN hi::bigint - lo::bigint <> 10 THEN '/' || hi::bigint - lo::bigint ELSE '' END, ' ' ORDER BY lo::bigint)
    FROM r.parts WHERE r.parts.parent = ids.parent
$$;
-- Tables named like children that are no partitions (any more), by day, with the number of their indexes.
CREATE FUNCTION r.left_over(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(d || ':' || n, ' ' ORDER BY d) FROM (
        SELECT to_date(right(relname, 8), 'YYYYMMDD') - current_date AS d, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS n
        FROM pg_class c WHERE relkind = 'r' AND NOT relispartition AND relname ~ ('^' || split_part(parent, '.', 2) || '_p\d{8}$')) AS t
$$;
-- A daily set with children from 12 days ago to 2 days ahead and a row in each.
CREATE PROCEDURE r.make(name text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s (at timestamptz NOT NULL, v int, PRIMARY KEY (at)) PARTITION BY RANGE (at); CREATE INDEX ON %1$s (v)', name);
    PERFORM partman.create_parent(name, 'at', '1 day', p_premake := 2, p_start_partition := (current_date - 12)::text);
    EXECUTE format('INSERT INTO %s SELECT current_date + d, d FROM generate_series(-12, 1) AS d', name);
    UPDATE partman.part_config SET premake = 1 WHERE parent_table = name;
END $$;

-- By default the child is detached and stays as a table, with its indexes
CALL r.make('r.keep');
UPDATE partman.part_config SET retention = '5 days' WHERE parent_table = 'r.keep';
SELECT step, action, lower_bound::date - current_date AS lower, upper_bound::date - current_date AS upper, lock_mode, bytes > 0 AS bytes,
       regexp_replace(statement, '\d{8}', '...') AS statement, regexp_replace(reason, '\d{4}.*', '...') AS reason
FROM partman.plan_maintenance('r.keep') ORDER BY step LIMIT 2;
SELECT partman.run_maintenance('r.keep');
SELECT r.days('r.keep'), r.left_over('r.keep');
SELECT count(*) FROM partman.plan_maintenance('r.keep');
SELECT count(*) FROM r.keep;
-- without indexes
CALL r.make('r.bare');
UPDATE partman.part_config SET retention = '9 days', retention_keep_index = false WHERE parent_table = 'r.bare';
SELECT action, regexp_replace(statement, '\d{8}', '...', 'g') AS statement FROM partman.plan_maintenance('r.bare') ORDER BY step LIMIT 1;
CALL partman.run_maintenance_proc();
SELECT r.days('r.bare'), r.left_over('r.bare');
-- dropped: at once in the function, after its detach in the procedure; also in a set without a row
CALL r.make('r.gone');
UPDATE partman.part_config SET retention = '9 days', retention_keep_table = false WHERE parent_table = 'r.gone';
SELECT partman.run_maintenance('r.gone');
SELECT r.days('r.gone'), r.left_over('r.gone');
TRUNCATE r.gone;
UPDATE partman.part_config SET retention = '7 days' WHERE parent_table = 'r.gone';
SELECT step, action, lower_bound::date - current_date AS lower, lock_mode, regexp_replace(statement, '\d{8}', '...', 'g') AS statement FROM partman.plan_maintenance('r.gone') ORDER BY step;
CALL partman.run_maintenance_proc();
SELECT r.days('r.gone'), r.left_over('r.gone'), (SELECT count(*) FROM partman.part_pending_drop) AS pending;
-- detach_before_drop, for the function
UPDATE partman.part_config SET retention = '5 days', detach_before_drop = true WHERE parent_table = 'r.gone';
SELECT partman.run_maintenance('r.gone');
SELECT r.days('r.gone'), r.left_over('r.gone'), (SELECT count(*) FROM partman.part_pending_drop) AS pending;

-- strictly before: on the boundary nothing goes, a microsecond later it does (contract 5.3); direct calls, contract 14.3
CALL r.make('r.call');
SELECT partman.drop_partition_time('r.call');
SELECT partman.drop_partition_time('r.call', '8 days', p_reference_timestamp := current_date - 3) AS none, r.left_over('r.call');
SELECT partman.drop_partition_time('r.call', '8 days', p_reference_timestamp := current_date - 3 + interval '1 microsecond') AS one, r.left_over('r.call');
SELECT partman.drop_partition_time('r.call', '9 days'), r.days('r.call'), r.left_over('r.call');
SELECT partman.drop_partition_time('r.call', '8 days', p_keep_index => false), r.left_over('r.call');
SELECT partman.drop_partition_time('r.call', '7 days', p_keep_table => false), r.left_over('r.call');
\set VERBOSITY sqlstate
SELECT partman.drop_partition_time('r.call', '6 days', p_retention_schema => 'archive');
\set VERBOSITY default
SELECT r.days('r.call');
SET client_min_messages = error; -- the warning names a day
SELECT partman.drop_partition_time('r.call', '-100 days'), r.days('r.call');
SELECT partman.drop_partition_time('r.call', '-100 days'), partman.drop_partition_time('r.call', '100 days');
SET client_min_messages = warning;
SELECT partman.drop_partition_id('r.call', 10);
SELECT partman.drop_partition_time('r.unknown', '1 day');

-- A wide child that still holds rows inside the retention stays; so does one without end
CREATE TABLE r.wide (at timestamptz NOT NULL) PARTITION BY RANGE (at);
DO $$ BEGIN
    EXECUTE format('CREATE TABLE r.wide_old PARTITION OF r.wide FOR VALUES FROM (MINVALUE) TO (%L)', current_date - 100);
    EXECUTE format('CREATE TABLE r.wide_broad PARTITION OF r.wide FOR VALUES FROM (%L) TO (%L)', current_date - 100, current_date - 2);
END $$;
SELECT partman.create_parent('r.wide', 'at', '1 day', p_premake := 1, p_start_partition := (current_date - 1)::text);
INSERT INTO r.wide VALUES (now() - interval '200 days'), (now() - interval '50 days'), (now() - interval '3 days'), (now());
UPDATE partman.part_config SET retention = '10 days', retention_keep_table = false WHERE parent_table = 'r.wide';
SELECT partman.run_maintenance('r.wide');
SELECT count(*) FROM r.wide;
SELECT to_regclass('r.wide_old'), to_regclass('r.wide_broad');
-- an interval changed on a live set loses nothing: the months made before are judged as months, not as days
CREATE TABLE r.changed (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('r.changed', 'at', '1 mon', p_premake := 3);
INSERT INTO r.changed SELECT now() - make_interval(days => d) FROM generate_series(0, 60) AS d;
UPDATE partman.part_config SET partition_interval = '1 day', retention = '10 days', retention_keep_table = false WHERE parent_table = 'r.changed';
SELECT partman.run_maintenance('r.changed');
SELECT count(*) FROM r.changed WHERE at >= now() - interval '10 days';
SELECT count(*) AS too_old FROM r.parts WHERE parent = 'r.changed' AND hi::timestamptz < now() - interval '10 days';
SELECT count(*) > 0 AS in_use FROM r.parts WHERE parent = 'r.changed' AND hi::timestamptz >= now() - interval '10 days' AND lo::timestamptz <= now();

-- Names that lie: the bounds decide
CREATE TABLE r.liar (at timestamptz NOT NULL) PARTITION BY RANGE (at);
DO $$ BEGIN
    EXECUTE format('CREATE TABLE r.liar_p20990101 PARTITION OF r.liar FOR VALUES FROM (%L) TO (%L)', current_date - 50, current_date - 49);
    EXECUTE format('CREATE TABLE r.liar_p20010101 PARTITION OF r.liar FOR VALUES FROM (%L) TO (%L)', current_date, current_date + 1);
END $$;
SELECT partman.create_parent('r.liar', 'at', '1 day', p_premake := 1, p_start_partition := current_date::text);
UPDATE partman.part_config SET retention = '10 days', retention_keep_table = false WHERE parent_table = 'r.liar';
SELECT partman.run_maintenance('r.liar');
SELECT to_regclass('r.liar_p20990101') AS old, to_regclass('r.liar_p20010101') AS new;

-- The last partition stays, with a warning; not when the same run makes a newer one
CREATE TABLE r.last (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE r.last_a PARTITION OF r.last FOR VALUES FROM ('2001-01-01') TO ('2001-01-02');
CREATE TABLE r.last_b PARTITION OF r.last FOR VALUES FROM ('2001-01-02') TO ('2001-01-03');
INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, premake, retention, retention_keep_table)
VALUES ('r.last', 'at', '1 day', 'range', 1, '30 days', false);
SELECT action, partition_table FROM partman.plan_maintenance('r.last') ORDER BY step;
SELECT partman.run_maintenance('r.last');
SELECT child FROM r.parts WHERE parent = 'r.last';
UPDATE partman.part_config SET infinite_time_partitions = true WHERE parent_table = 'r.last';
SELECT partman.run_maintenance('r.last');
-- what retention would take at once is not made either
SELECT to_regclass('r.last_b') AS gone, r.days('r.last') ~ '^-30 -29 .* 1( 2)?$' AS from_retention_on FROM (SELECT) AS x;

-- Integers (contract 5.3): highest value 29
CREATE TABLE r.id (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('r.id', 'id', '10', p_premake := 1);
UPDATE partman.part_config SET retention = '10', retention_keep_table = false WHERE parent_table = 'r.id';
SELECT partman.run_maintenance('r.id');
SELECT r.ids('r.id') AS without_rows;
SELECT partman.create_partition_id('r.id', '{20,30}');
INSERT INTO r.id VALUES (5), (15), (29);
SELECT partman.run_maintenance('r.id');
SELECT r.ids('r.id') AS ten;
UPDATE partman.part_config SET retention = '9' WHERE parent_table = 'r.id';
SELECT partman.run_maintenance('r.id');
SELECT r.ids('r.id') AS nine;
SELECT partman.drop_partition_id('r.id', 0) AS none_left_to_take, partman.drop_partition_id('r.id', -1000) AS all_but_one, r.ids('r.id');
SELECT partman.drop_partition_time('r.id', '1 day');
CREATE TABLE r.wide_id (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE r.wide_first PARTITION OF r.wide_id FOR VALUES FROM (0) TO (100);
SELECT partman.create_parent('r.wide_id', 'id', '10', p_premake := 2, p_start_partition := '100');
INSERT INTO r.wide_id VALUES (1), (99), (105);
UPDATE partman.part_config SET retention = '20', retention_keep_table = false WHERE parent_table = 'r.wide_id';
SELECT partman.run_maintenance('r.wide_id');
SELECT r.ids('r.wide_id');

-- Refused when written
UPDATE partman.part_config SET retention = '10' WHERE parent_table = 'r.keep';
UPDATE partman.part_config SET retention = 'banana' WHERE parent_table = 'r.keep';
UPDATE partman.part_config SET retention = '-5 days' WHERE parent_table = 'r.keep';
UPDATE partman.part_config SET retention = '5 days' WHERE parent_table = 'r.id';
UPDATE partman.part_config SET retention = '-5' WHERE parent_table = 'r.id';
-- and again when planned, should the trigger have been out of the way: nothing is taken
ALTER TABLE partman.part_config DISABLE TRIGGER part_config_check;
CREATE FUNCTION r.refused(wrong text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE partman.part_config SET retention = wrong WHERE parent_table = 'r.keep';
    PERFORM partman.run_maintenance('r.keep');
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN RETURN 'refused';
END $$;
SELECT w, r.refused(w) FROM unnest('{0,10,-5 days,banana}'::text[]) AS w;
ALTER TABLE partman.part_config ENABLE TRIGGER part_config_check;
SELECT r.days('r.keep');
DELETE FROM partman.part_config;

-- A table detached by a run that did not come to its drop is dropped by the next one; what is no longer that table is not
CALL r.make('r.pend');
UPDATE partman.part_config SET retention = '9 days', retention_keep_table = false WHERE parent_table = 'r.pend';
CREATE PROCEDURE r.detach(days int) LANGUAGE plpgsql AS $$
DECLARE
    child text := 'pend_p' || to_char(current_date - days, 'YYYYMMDD');
BEGIN
    EXECUTE format('ALTER TABLE r.pend DETACH PARTITION r.%I', child);
    INSERT INTO partman.part_pending_drop (child_oid, child_schema, child_table, parent_table, lower_bound, upper_bound, retention, database_oid, system_identifier)
    SELECT ('r.' || child)::regclass, 'r', child, 'r.pend', current_date - days, current_date - days + 1, '9 days', d.oid, system_identifier
    FROM pg_database d, pg_control_system() WHERE datname = current_database();
END $$;
CREATE PROCEDURE r.attach(days int) LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('ALTER TABLE r.pend ATTACH PARTITION r.pend_p%s FOR VALUES FROM (%L) TO (%L)', to_char(current_date - days, 'YYYYMMDD'), current_date - days, current_date - days + 1);
END $$;
CALL r.detach(12); CALL r.detach(11); CALL r.detach(10); CALL r.detach(3);
DO $$ BEGIN EXECUTE format('ALTER TABLE r.pend_p%s RENAME TO renamed', to_char(current_date - 11, 'YYYYMMDD')); END $$;
-- restored into another database or cluster: the OID means nothing
UPDATE partman.part_pending_drop SET system_identifier = 1 WHERE child_table ~ to_char(current_date - 10, 'YYYYMMDD');
-- rescued
CALL r.attach(3);
SELECT action, reason, lock_mode FROM partman.plan_maintenance('r.pend');
SELECT partman.run_maintenance('r.pend');
SELECT r.days('r.pend'), r.left_over('r.pend'), to_regclass('r.renamed');
CALL partman.run_maintenance_proc();
SELECT r.days('r.pend'), r.left_over('r.pend'), to_regclass('r.renamed');
-- detached by somebody else later on: not ours to drop
DO $$ BEGIN EXECUTE format('ALTER TABLE r.pend DETACH PARTITION r.pend_p%s', to_char(current_date - 3, 'YYYYMMDD')); END $$;
CALL partman.run_maintenance_proc();
SELECT r.days('r.pend'), r.left_over('r.pend');
DELETE FROM partman.part_config;

-- Inbound foreign keys: rows still referenced stop the child, and nothing else
CALL r.make('r.target');
CALL r.make('r.other');
CREATE TABLE r.refers (at timestamptz REFERENCES r.target);
INSERT INTO r.refers SELECT current_date - 8;
UPDATE partman.part_config SET retention = '5 days', retention_keep_table = false;
\set VERBOSITY sqlstate
CALL partman.run_maintenance_proc();
\set VERBOSITY default
SELECT r.days('r.other'), (SELECT count(*) FROM r.target WHERE at = current_date - 8) AS referenced, (SELECT count(*) FROM r.refers) AS referring;
DELETE FROM r.refers;
CALL partman.run_maintenance_proc();
SELECT r.days('r.target'), r.left_over('r.target');

-- Publications that list the child lose it with the detach, unless told otherwise
CALL r.make('r.pub');
SET client_min_messages = error; -- whatever wal_level is
DO $$ BEGIN EXECUTE format('CREATE PUBLICATION regress_strata_pub FOR TABLE r.pub_p%s, r.pub_p%s', to_char(current_date - 12, 'YYYYMMDD'), to_char(current_date - 11, 'YYYYMMDD')); END $$;
SET client_min_messages = warning;
UPDATE partman.part_config SET retention = '11 days' WHERE parent_table = 'r.pub';
SELECT partman.run_maintenance('r.pub');
SELECT count(*) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE pubname = 'regress_strata_pub';
UPDATE partman.part_config SET retention = '10 days', retention_keep_publication = true WHERE parent_table = 'r.pub';
SELECT partman.run_maintenance('r.pub');
SELECT r.left_over('r.pub'), count(*) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE pubname = 'regress_strata_pub';

DROP SCHEMA r CASCADE;
DROP PUBLICATION regress_strata_pub;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
