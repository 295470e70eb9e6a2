-- Retention that moves, bares or unpublishes what it detaches (contract 5.5), and what it refuses to do. Then row-level
-- security on the configuration (contract 2.5): nobody sees or maintains a set that the policies hide.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA v;
\pset format unaligned

CREATE FUNCTION v.ids(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(substring(partition_tablename FROM '\d+$'), ' ') FROM partman.show_partitions(parent)
$$;
-- Tables of a schema that are no partitions, with the number of their indexes
CREATE FUNCTION v.stored(place text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(relname || ':' || (SELECT count(*) FROM pg_index WHERE indrelid = c.oid), ' ' ORDER BY relname)
    FROM pg_class c WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = place) AND relkind IN ('r', 'p') AND NOT relispartition
$$;
CREATE FUNCTION v.published(tables text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(pubname || '=' || schemaname || '.' || tablename, ' ' ORDER BY 1, schemaname, tablename) FROM pg_publication_tables WHERE tablename ~ tables
$$;
CREATE FUNCTION v.try(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
    EXECUTE call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || E'\nHINT: ' || hint;
END $$;
-- Partitions of ten numbers from 0 on with a row in each
CREATE PROCEDURE v.make(name text, partitions int) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE v.%I (id int NOT NULL PRIMARY KEY, s serial, x int) PARTITION BY RANGE (id); CREATE INDEX ON v.%1$I (x)', name);
    PERFORM partman.create_parent('v.' || name, 'id', '10', p_premake := partitions - 1, p_template_table := 'false');
    EXECUTE format('INSERT INTO v.%I SELECT n * 10 FROM generate_series(0, %s - 1) AS n', name, partitions);
    UPDATE partman.part_config SET premake = 1 WHERE parent_table = 'v.' || name;
END $$;

-- --- retention_schema: it wins over retention_keep_table ------------------------------------------------------------------
CREATE SCHEMA "Arch ""ive";
CALL v.make('moves', 6);
UPDATE partman.part_config SET retention = '30', retention_schema = 'Arch "ive', retention_keep_table = false WHERE parent_table = 'v.moves';
SELECT action, partition_table, lock_mode, statement FROM partman.plan_maintenance('v.moves') WHERE action <> 'create' ORDER BY step;
SELECT partman.run_maintenance('v.moves');
SELECT v.ids('v.moves'), v.stored('Arch "ive');
SELECT count(*) FROM "Arch ""ive".moves_p0;
-- without indexes; in the procedure, where nothing is left to drop
UPDATE partman.part_config SET retention = '10', retention_keep_index = false WHERE parent_table = 'v.moves';
SELECT action, statement FROM partman.plan_maintenance('v.moves') WHERE action <> 'create' ORDER BY step LIMIT 1;
CALL partman.run_maintenance_proc();
SELECT v.ids('v.moves'), v.stored('Arch "ive'), (SELECT count(*) FROM partman.part_pending_drop) AS pending;
-- direct calls: the argument wins over the row, p_keep_table is irrelevant
CREATE SCHEMA other;
CALL v.make('direct', 6);
SELECT partman.drop_partition_id('v.direct', 30, p_keep_table := false, p_keep_index := false, p_retention_schema := 'other'), v.ids('v.direct'), v.stored('other');
UPDATE partman.part_config SET retention_schema = 'Arch "ive' WHERE parent_table = 'v.direct';
SELECT partman.drop_partition_id('v.direct', 20, p_keep_table := false), v.ids('v.direct'), v.stored('Arch "ive');
SELECT partman.drop_partition_id('v.direct', 10, p_retention_schema := 'other'), v.ids('v.direct'), v.stored('other');
-- the same schema again is no move
CALL v.make('same', 4);
SELECT partman.drop_partition_id('v.same', 10, p_retention_schema := 'v'), to_regclass('v.same_p0') IS NOT NULL AS stays;
-- a time set
CREATE TABLE v.day (at date NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('v.day', 'at', '1 day', p_premake := 1, p_start_partition := (current_date - 4)::text);
SELECT partman.drop_partition_time('v.day', '1 day', p_retention_schema := 'other') AS moved;
SELECT count(*) FROM pg_tables WHERE schemaname = 'other' AND tablename LIKE 'day%';

-- --- the schema must exist and belong to the owner of the partition: refused before anything, creation goes on --------------
CREATE ROLE regress_strata_ret_owner;
CREATE ROLE regress_strata_ret_thief;
GRANT USAGE, CREATE ON SCHEMA v TO regress_strata_ret_owner;
CREATE SCHEMA loot AUTHORIZATION regress_strata_ret_thief;
GRANT ALL ON SCHEMA loot TO regress_strata_ret_owner;
CALL v.make('prey', 5);
ALTER TABLE v.prey OWNER TO regress_strata_ret_owner;
UPDATE partman.part_config SET inherit_privileges = true WHERE parent_table = 'v.prey';
SELECT partman.reapply_privileges('v.prey');
ALTER TABLE v.prey OWNER TO regress_strata_ret_owner;
SELECT v.try($$SELECT partman.drop_partition_id('v.prey', 20, p_retention_schema := 'loot')$$);
SELECT v.try($$SELECT partman.drop_partition_id('v.prey', 20, p_retention_schema := 'nowhere')$$);
GRANT regress_strata_ret_thief TO regress_strata_ret_owner; -- membership does not help
SELECT v.try($$SELECT partman.drop_partition_id('v.prey', 20, p_retention_schema := 'loot')$$) ~ '^42501' AS refused;
UPDATE partman.part_config SET retention = '20', retention_schema = 'loot' WHERE parent_table = 'v.prey';
SELECT action, partition_table, reason FROM partman.plan_maintenance('v.prey') ORDER BY step;
SELECT v.try($$SELECT partman.run_maintenance('v.prey')$$) ~ '^42501 retention schema "loot"' AS refused;
SELECT v.ids('v.prey');
SET client_min_messages = error; -- the warning is the message above
CALL partman.run_maintenance_proc();
SET client_min_messages = warning;
SELECT v.ids('v.prey') AS created_none_gone, v.stored('loot') IS NULL AS empty, (SELECT maintenance_last_run IS NULL FROM partman.part_config WHERE parent_table = 'v.prey') AS failed;
ALTER SCHEMA loot OWNER TO regress_strata_ret_owner;
SELECT partman.run_maintenance('v.prey');
SELECT v.ids('v.prey'), v.stored('loot');

-- --- names that are taken there: that partition stays, the others go ------------------------------------------------------
CALL v.make('names', 6);
CREATE VIEW other.names_p0 AS SELECT 1;
CREATE TABLE other.t (x int);
CREATE INDEX names_p10_x_idx ON other.t (x);
CREATE TYPE other.names_p20 AS ENUM ('a');
UPDATE partman.part_config SET retention = '10', retention_schema = 'other' WHERE parent_table = 'v.names';
SELECT action, partition_table, reason FROM partman.plan_maintenance('v.names') WHERE action <> 'create' ORDER BY step;
SELECT v.try($$SELECT partman.drop_partition_id('v.names')$$);
SELECT v.try($$SELECT partman.run_maintenance('v.names')$$) ~ '^42P07' AS refused, v.ids('v.names');
DROP VIEW other.names_p0;
DROP TYPE other.names_p20;
-- an index that will not move does not collide
UPDATE partman.part_config SET retention_keep_index = false WHERE parent_table = 'v.names';
SELECT partman.run_maintenance('v.names');
SELECT v.ids('v.names'), v.stored('other') ~ 'names_p0:0 names_p10:0 names_p20:0' AS moved;

-- --- publications: left unless retention_keep_publication ------------------------------------------------------------------
CALL v.make('pub', 6);
SET client_min_messages = error; -- wal_level
CREATE PUBLICATION regress_strata_pub FOR TABLE v.pub_p0, v.pub_p10, v.pub_p20, v.pub_p30;
CREATE PUBLICATION "regress_strata ""pub2" FOR TABLE v.pub_p0;
SET client_min_messages = warning;
UPDATE partman.part_config SET retention = '40' WHERE parent_table = 'v.pub';
SELECT statement FROM partman.plan_maintenance('v.pub') WHERE action = 'detach';
SELECT partman.run_maintenance('v.pub');
SELECT v.published('pub_p'), v.stored('v') ~ 'pub_p0:2' AS kept;
UPDATE partman.part_config SET retention = '30', retention_keep_publication = true WHERE parent_table = 'v.pub';
SELECT statement FROM partman.plan_maintenance('v.pub') WHERE action = 'detach';
SELECT partman.run_maintenance('v.pub');
SELECT v.published('pub_p');
UPDATE partman.part_config SET retention_keep_publication = false WHERE parent_table = 'v.pub';
SELECT partman.drop_partition_id('v.pub', 20, p_retention_schema := 'Arch "ive'), v.published('pub_p');
-- the caller must be the publication's owner, or a member
ALTER TABLE v.pub OWNER TO regress_strata_ret_owner;
SELECT partman.reapply_privileges('v.pub');
GRANT USAGE ON SCHEMA partman TO regress_strata_ret_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman TO regress_strata_ret_owner;
SET ROLE regress_strata_ret_owner;
SELECT v.try($$SELECT partman.drop_partition_id('v.pub', 10)$$);
RESET ROLE;
SELECT v.ids('v.pub'), v.published('pub_p');
SELECT partman.drop_partition_id('v.pub', 10), v.published('pub_p');

-- --- a retired child that is itself partitioned: its configuration goes, that of all depths -------------------------------
CREATE TABLE v.top (id int NOT NULL, b int NOT NULL, c int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('v.top', 'id', '10', p_premake := 3, p_start_partition := '0', p_template_table := 'false', p_default_table := false);
DO $$
DECLARE n int;
BEGIN
    FOREACH n IN ARRAY '{0,10}'::int[] LOOP
        EXECUTE format('ALTER TABLE v.top DETACH PARTITION v.top_p%s; DROP TABLE v.top_p%1$s', n);
        EXECUTE format('CREATE TABLE v.top_p%s PARTITION OF v.top FOR VALUES FROM (%1$s) TO (%s) PARTITION BY RANGE (b)', n, n + 10);
        EXECUTE format('CREATE TABLE v.top_p%s_p0 PARTITION OF v.top_p%1$s FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (c)', n);
        EXECUTE format('CREATE TABLE v.top_p%s_p0_p0 PARTITION OF v.top_p%1$s_p0 FOR VALUES FROM (0) TO (10)', n);
        INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, automatic_maintenance)
        VALUES (format('v.top_p%s', n), 'b', '10', 'range', 'off'), (format('v.top_p%s_p0', n), 'c', '10', 'range', 'off');
    END LOOP;
END $$;
INSERT INTO v.top VALUES (1, 1, 1), (11, 1, 1), (35, 1, 1);
SELECT parent_table FROM partman.part_config WHERE parent_table ~ '^v\.top_' ORDER BY 1;
SELECT partman.drop_partition_id('v.top', 20, p_retention_schema := 'other'), v.ids('v.top');
SELECT parent_table FROM partman.part_config WHERE parent_table ~ '^v\.top_' ORDER BY 1;
SELECT count(*) FROM other.top_p0;
SELECT partman.drop_partition_id('v.top', 10, p_keep_table := false), v.ids('v.top'), to_regclass('v.top_p10_p0_p0') IS NULL AS gone;
SELECT parent_table FROM partman.part_config WHERE parent_table ~ '^v\.top_' ORDER BY 1;

-- --- row-level security on the configuration -------------------------------------------------------------------------------
CREATE ROLE regress_strata_ret_a;
CREATE ROLE regress_strata_ret_b;
CREATE ROLE regress_strata_ret_all;
GRANT regress_strata_ret_a, regress_strata_ret_b TO regress_strata_ret_all;
GRANT USAGE, CREATE ON SCHEMA v, partman TO regress_strata_ret_a, regress_strata_ret_b;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman TO regress_strata_ret_a, regress_strata_ret_b;
ALTER TABLE partman.part_config ENABLE ROW LEVEL SECURITY;
ALTER TABLE partman.part_config_sub ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON partman.part_config USING (maintenance_role = current_user);
CREATE POLICY own ON partman.part_config_sub USING (sub_maintenance_role = current_user);
CREATE POLICY every ON partman.part_config TO regress_strata_ret_all USING (true) WITH CHECK (true);
DELETE FROM partman.part_config;
SET ROLE regress_strata_ret_a;
CREATE TABLE v.of_a (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('v.of_a', 'id', '10', p_premake := 1);
INSERT INTO v.of_a VALUES (15), (1000);
SET ROLE regress_strata_ret_b;
CREATE TABLE v.of_b (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('v.of_b', 'id', '10', p_premake := 1);
INSERT INTO v.of_b VALUES (15), (1000);
SELECT parent_table, maintenance_role FROM partman.part_config;
SELECT parent_table, action FROM partman.plan_maintenance();
SELECT partman.run_maintenance();
SELECT * FROM partman.check_default();
-- a set that is hidden is as good as not configured, also for who may maintain its table
RESET ROLE;
GRANT regress_strata_ret_a TO regress_strata_ret_b;
SET ROLE regress_strata_ret_b;
SELECT v.try($$SELECT partman.run_maintenance('v.of_a')$$);
SELECT v.try($$SELECT partman.create_partition_id('v.of_a', '{50}')$$) ~ '^42P01' AS hidden;
SELECT v.try($$SELECT partman.drop_partition_id('v.of_a', 1)$$) ~ '^42P01' AS hidden;
SELECT v.try($$SELECT partman.partition_data_id('v.of_a')$$) ~ '^42P01' AS hidden;
SELECT v.try($$SELECT partman.reapply_privileges('v.of_a')$$) ~ '^42P01' AS hidden;
RESET ROLE;
REVOKE regress_strata_ret_a FROM regress_strata_ret_b;
SELECT v.ids('v.of_a') AS untouched, v.ids('v.of_b') AS maintained, (SELECT string_agg(parent_table, ' ') FROM partman.part_config WHERE maintenance_last_run IS NOT NULL) AS ran;
-- the dedicated maintainer has them all
SET ROLE regress_strata_ret_all;
SELECT partman.run_maintenance();
SELECT default_table, count FROM partman.check_default() ORDER BY 1;
RESET ROLE;
SELECT v.ids('v.of_a');
-- a row may be handed on only as the policy lets it
SET ROLE regress_strata_ret_a;
SELECT v.try($$UPDATE partman.part_config SET maintenance_role = 'regress_strata_ret_b'$$) ~ '^42501' AS refused;
RESET ROLE;

DROP PUBLICATION regress_strata_pub, "regress_strata ""pub2";
DROP SCHEMA v, other, loot, "Arch ""ive" CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP OWNED BY regress_strata_ret_owner, regress_strata_ret_thief, regress_strata_ret_a, regress_strata_ret_b, regress_strata_ret_all;
DROP ROLE regress_strata_ret_owner, regress_strata_ret_thief, regress_strata_ret_a, regress_strata_ret_b, regress_strata_ret_all;
