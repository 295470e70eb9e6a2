-- Nothing assumes local heaps: partitions that are foreign tables, and partitions of another access method.
-- The other database: the transaction of a foreign table in ours would hold a snapshot that a move waits for.
\set here :DBNAME
\c postgres
CREATE SCHEMA far;
CREATE TABLE far.a (k int NOT NULL, v text);
CREATE TABLE far.b (k int NOT NULL, v text);
CREATE TABLE far.g (k int NOT NULL);
CREATE TABLE far.d (k int NOT NULL, v text, id int GENERATED ALWAYS AS IDENTITY);
\c :here
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE EXTENSION postgres_fdw;
DO $$ BEGIN
    EXECUTE format('CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname ''postgres'', host %L, port %L)',
                   split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'));
END $$;
CREATE USER MAPPING FOR current_user SERVER there OPTIONS (user 'postgres');
CREATE SCHEMA far;
IMPORT FOREIGN SCHEMA far FROM SERVER there INTO far;
CREATE SCHEMA nh;
CREATE ACCESS METHOD nearly_heap TYPE TABLE HANDLER heap_tableam_handler;

-- What a set looks like: its partitions, of which kind, and the rows in each.
CREATE FUNCTION nh.set(parent regclass) RETURNS TABLE (partition name, kind text, bound text, keys text) LANGUAGE plpgsql AS $$
BEGIN
    FOR partition, kind, bound IN
        SELECT c.relname, CASE c.relkind WHEN 'f' THEN 'foreign' ELSE coalesce(a.amname, c.relkind::text) END,
               pg_get_expr(c.relpartbound, c.oid)
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid LEFT JOIN pg_am a ON a.oid = c.relam
        WHERE i.inhparent = parent ORDER BY pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', c.relname
    LOOP
        EXECUTE format('SELECT string_agg(k::text, '' '' ORDER BY k) FROM nh.%I', partition) INTO keys;
        RETURN NEXT;
    END LOOP;
END $$;

-- foreign partitions are adopted by their bounds, whatever their names
CREATE TABLE nh.f (k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE FOREIGN TABLE nh.first PARTITION OF nh.f FOR VALUES FROM (0) TO (10) SERVER there OPTIONS (schema_name 'far', table_name 'a');
CREATE FOREIGN TABLE nh.second PARTITION OF nh.f FOR VALUES FROM (10) TO (20) SERVER there OPTIONS (schema_name 'far', table_name 'b');
INSERT INTO nh.f SELECT k, 'v' || k FROM unnest('{1,2,11,12}'::int[]) k;
SELECT partman.create_parent('nh.f', 'k', '10', p_premake := 1);
SELECT * FROM nh.set('nh.f');

-- maintenance reads the highest key over there
UPDATE partman.part_config SET premake = 3 WHERE parent_table = 'nh.f';
SELECT partman.run_maintenance('nh.f');
SELECT * FROM nh.set('nh.f');

-- retention: a foreign table is dropped, the remote one stays
INSERT INTO nh.f VALUES (31);
UPDATE partman.part_config SET retention = '15', retention_keep_table = false WHERE parent_table = 'nh.f';
SELECT action, partition_table, statement FROM partman.plan_maintenance('nh.f') WHERE action LIKE '%drop%' OR action LIKE '%detach%';
CALL partman.run_maintenance_proc();
SELECT * FROM nh.set('nh.f');
SELECT to_regclass('nh.first') IS NULL AS dropped, (SELECT count(*) FROM far.a) AS remote_rows;
INSERT INTO nh.f VALUES (41);
SELECT partman.drop_partition_id('nh.f', 15, p_keep_table := true);
SELECT to_regclass('nh.second') IS NOT NULL AS kept, count(*) FROM nh.second;

-- the functions that drop in one step
CREATE TABLE nh.g (k int NOT NULL) PARTITION BY RANGE (k);
CREATE FOREIGN TABLE nh.g_far PARTITION OF nh.g FOR VALUES FROM (0) TO (10) SERVER there OPTIONS (schema_name 'far', table_name 'g');
INSERT INTO nh.g VALUES (5);
SELECT partman.create_parent('nh.g', 'k', '10');
INSERT INTO nh.g VALUES (15);
SELECT partman.drop_partition_id('nh.g', 0, p_keep_table := false);
SELECT to_regclass('nh.g_far') IS NULL AS dropped, (SELECT count(*) FROM far.g) AS remote_rows;

-- a foreign default: rows in the way are seen, counted and moved; its triggers do not fire
CREATE TABLE nh.d (k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE FOREIGN TABLE nh.d_far PARTITION OF nh.d DEFAULT SERVER there OPTIONS (schema_name 'far', table_name 'd');
CREATE FUNCTION nh.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trigger fired'; END $$;
CREATE TRIGGER on_delete BEFORE DELETE ON nh.d_far FOR EACH ROW EXECUTE FUNCTION nh.refuse();
CREATE TRIGGER off BEFORE DELETE ON nh.d_far FOR EACH ROW EXECUTE FUNCTION nh.refuse();
ALTER TABLE nh.d_far DISABLE TRIGGER off;
INSERT INTO nh.d SELECT k, 'v' || k FROM generate_series(5, 35, 5) k;
SELECT partman.create_parent('nh.d', 'k', '10', p_start_partition := '100', p_premake := 1);
SELECT * FROM partman.check_default() WHERE default_table = 'nh.d_far';
\set VERBOSITY default
SELECT partman.create_partition_id('nh.d', '{10}');
\set VERBOSITY terse
SELECT partman.partition_data_id('nh.d', p_batch_count := 2);
SELECT * FROM nh.set('nh.d');
CALL partman.partition_data_proc('nh.d', p_wait := 0, p_quiet := true);
SELECT * FROM nh.set('nh.d');
SELECT count(*) AS remote_rows FROM far.d;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'nh.d_far'::regclass ORDER BY 1;

-- another access method: default and partitions
SET default_table_access_method = nearly_heap;
CREATE TABLE nh.m (k int NOT NULL PRIMARY KEY, v text) PARTITION BY RANGE (k);
CREATE TABLE nh.m_default PARTITION OF nh.m DEFAULT;
INSERT INTO nh.m SELECT k, 'v' || k FROM generate_series(1, 21, 10) k;
CREATE TRIGGER on_delete BEFORE DELETE ON nh.m FOR EACH ROW EXECUTE FUNCTION nh.refuse();
SELECT partman.create_parent('nh.m', 'k', '10', p_start_partition := '30', p_premake := 1);
SELECT * FROM partman.check_default() WHERE default_table = 'nh.m_default';
SELECT partman.partition_data_id('nh.m', p_batch_count := 10);
SELECT * FROM nh.set('nh.m');
INSERT INTO nh.m VALUES (41);
SELECT partman.run_maintenance('nh.m');
SELECT count(*) AS partitions FROM nh.set('nh.m');
UPDATE partman.part_config SET retention = '15', retention_keep_table = false WHERE parent_table = 'nh.m';
SELECT partman.run_maintenance('nh.m');
SELECT * FROM nh.set('nh.m');
RESET default_table_access_method;

-- rows are not moved where deleting them would reach further
CREATE TABLE nh.r (k int NOT NULL PRIMARY KEY) PARTITION BY RANGE (k);
CREATE TABLE nh.r_default PARTITION OF nh.r DEFAULT USING nearly_heap;
CREATE TABLE nh.refers (k int REFERENCES nh.r ON DELETE CASCADE);
INSERT INTO nh.r VALUES (1);
INSERT INTO nh.refers VALUES (1);
SELECT partman.create_parent('nh.r', 'k', '10', p_start_partition := '10', p_premake := 1);
SELECT partman.partition_data_id('nh.r');
SELECT count(*) FROM nh.refers;

-- a default that is itself partitioned
CREATE TABLE nh.p (k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE TABLE nh.p_default PARTITION OF nh.p DEFAULT PARTITION BY HASH (k);
CREATE TABLE nh.p_0 PARTITION OF nh.p_default FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE nh.p_1 PARTITION OF nh.p_default FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO nh.p SELECT k FROM generate_series(1, 14, 3) k;
SELECT partman.create_parent('nh.p', 'k', '10', p_start_partition := '20', p_premake := 1);
SELECT partman.partition_data_id('nh.p', p_batch_count := 10);
SELECT * FROM nh.set('nh.p');

-- undo brings the rows of all kinds of partitions home
CREATE TABLE nh.home (k int NOT NULL, v text);
DROP TRIGGER on_delete ON nh.m;
SELECT partitions_undone > 0 AS undone, rows_undone FROM partman.undo_partition('nh.m', 'nh.home', p_loop_count := 20, p_keep_table := false);
SELECT partitions_undone > 0 AS undone, rows_undone FROM partman.undo_partition('nh.d', 'nh.home', p_loop_count := 20, p_keep_table := false);
SELECT string_agg(k::text, ' ' ORDER BY k) FROM nh.home;

SET client_min_messages = error;
DROP SCHEMA nh, far CASCADE;
DROP EXTENSION postgres_fdw CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP ACCESS METHOD nearly_heap;
\c postgres
SET client_min_messages = error;
DROP SCHEMA far CASCADE;
