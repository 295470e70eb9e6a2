-- undo_partition, undo_partition_proc: rows go to a plain table, partitions are detached, the set is forgotten.
\set s u
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql

CREATE FUNCTION u.parts(parent regclass) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(c.relname, ' ' ORDER BY c.relname COLLATE "C"), 'none') FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent
$$;

-- numbers: the default first, one filled partition per call, batches with an inclusive end that grow
CREATE TABLE u.n (id int NOT NULL, v text) PARTITION BY RANGE (id);
CREATE TABLE u.target (id int, v text, note text DEFAULT 'undone');
SELECT partman.create_parent('u.n', 'id', '10', p_premake => 4, p_start_partition => '0');
INSERT INTO u.n SELECT i, 'v' || i FROM generate_series(1, 35) i;
INSERT INTO u.n VALUES (1000000, 'far');
SET client_min_messages = notice;
SELECT * FROM partman.undo_partition('u.n', 'u.target', p_ignored_columns => '{note}');
SET client_min_messages = warning;
SELECT undo_in_progress FROM partman.part_config;
SELECT * FROM partman.undo_partition('u.n', 'u.target', p_ignored_columns => '{note}');
SELECT * FROM partman.undo_partition('u.n', 'u.target', 1, '3', p_ignored_columns => '{note}');
SELECT * FROM partman.undo_partition('u.n', 'u.target', 1, '3', p_ignored_columns => '{note}');
SELECT u.parts('u.n'), array_agg(id ORDER BY id) FROM u.n;
SELECT * FROM partman.undo_partition('u.n', 'u.target', 3, '3', p_ignored_columns => '{note}');
-- maintenance leaves it alone
SELECT partman.run_maintenance('u.n');
SELECT u.parts('u.n');
SELECT * FROM partman.undo_partition('u.n', 'u.target', p_ignored_columns => '{note}', p_keep_table => false);
SELECT u.parts('u.n'), to_regclass('u.n_p20') AS kept, to_regclass('u.n_p30') AS dropped;
SELECT to_regclass('partman.template_u_n') IS NOT NULL AS template_is_there;
SELECT * FROM partman.undo_partition('u.n', 'u.target', p_ignored_columns => '{note}', p_keep_table => false);
SELECT u.parts('u.n'), count(*) AS configured, to_regclass('partman.template_u_n') AS template FROM partman.part_config;
SELECT count(*), count(DISTINCT id), min(note), md5(string_agg(id || v, ',' ORDER BY id)) = (SELECT md5(string_agg(i || v,
    ',' ORDER BY i)) FROM (SELECT i, 'v' || i AS v FROM generate_series(1, 35) i UNION ALL SELECT 1000000, 'far') e) AS same
    FROM u.target;
SELECT count(*) AS in_detached FROM u.n_p0;

-- times: a month of days in batches; NULL and infinite keys of the default go last; the template another set names stays
CREATE TABLE u.t (id int, at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE u.t_target (LIKE u.t);
CREATE TABLE u.shared_template (LIKE u.t);
CREATE TABLE u.t2 (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at);
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, template_table)
    VALUES ('u.t', 'at', 'range', '1 month', 'u.shared_template'), ('u.t2', 'at', 'range', '1 month', 'u.shared_template');
INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('u.t', 'UTC'), ('u.t2', 'UTC');
CREATE TABLE u.t_p1 PARTITION OF u.t FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
CREATE TABLE u.t_default PARTITION OF u.t DEFAULT;
INSERT INTO u.t SELECT d, '2026-01-01 00:00+00'::timestamptz + d * interval '24 hours' FROM generate_series(0, 30) d;
INSERT INTO u.t VALUES (100, '-infinity'), (101, 'infinity'), (102, NULL), (103, '2030-01-01');
SELECT * FROM partman.undo_partition('u.t', 'u.t_target');
SELECT * FROM partman.undo_partition('u.t', 'u.t_target', 1);
SELECT * FROM partman.undo_partition('u.t', 'u.t_target', 2, '10 days');
SELECT u.parts('u.t'), count(*), count(DISTINCT id) FROM u.t_target;
SELECT parent_table, to_regclass('u.shared_template') FROM partman.part_config ORDER BY 1;

-- encoded keys, epochs, dates, lists
CREATE TABLE u.e (id bigint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE u.e_target (LIKE u.e);
CREATE TABLE u.e_default PARTITION OF u.e DEFAULT;
SELECT u.register('u.e', 'id', '1 day', 'seconds');
SELECT partman.create_partition_time('u.e', '{2026-01-01 00:00+00}');
INSERT INTO u.e SELECT 1767225600 + i * 21600 FROM generate_series(0, 11) i;
CREATE TABLE u.x (id uuid NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE u.x_target (LIKE u.x);
CREATE TABLE u.x_default PARTITION OF u.x DEFAULT;
SELECT u.register('u.x', 'id', '1 day', 'none', 'partman.uuid7_time_encoder', 'partman.uuid7_time_decoder');
SELECT partman.create_partition_time('u.x', '{2026-01-01 00:00+00}');
INSERT INTO u.x SELECT partman.uuid7_time_encoder('2026-01-01 00:00+00'::timestamptz + i * interval '6 hours')
    FROM generate_series(0, 11) i;
INSERT INTO u.x VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff');
CREATE TABLE u.l (id int NOT NULL) PARTITION BY LIST (id);
CREATE TABLE u.l_target (LIKE u.l);
SELECT partman.create_parent('u.l', 'id', '1', 'list', p_premake => 2, p_start_partition => '0');
INSERT INTO u.l SELECT i % 4 FROM generate_series(1, 20) i;
SELECT rows_undone FROM partman.undo_partition('u.e', 'u.e_target', NULL, '6 hours');
SELECT rows_undone FROM partman.undo_partition('u.x', 'u.x_target', NULL, '1 hour');
SELECT rows_undone FROM partman.undo_partition('u.l', 'u.l_target', NULL);
SELECT u.parts('u.e'), u.parts('u.x'), u.parts('u.l'), count(*) FROM u.e_target;

-- what is refused, before anything is changed
CREATE TABLE u.f (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE u.f_target (LIKE u.f);
CREATE TABLE u.child (f int REFERENCES u.f ON DELETE CASCADE);
SELECT partman.create_parent('u.f', 'id', '10', p_premake => 1, p_start_partition => '0');
INSERT INTO u.f VALUES (1);
INSERT INTO u.child VALUES (1);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target')$$);
ALTER TABLE u.child DROP CONSTRAINT child_f_fkey;
SELECT u.try($$SELECT partman.undo_partition('u.nothing', 'u.f_target')$$);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f')$$);
SELECT u.try($$SELECT partman.undo_partition('u.f', NULL)$$);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.missing')$$);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_p0')$$);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target', 1, '0')$$);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target', 1, 'x')$$);
UPDATE partman.part_config SET async_partitioning_in_progress = '0' WHERE parent_table = 'u.f';
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target')$$);
UPDATE partman.part_config SET async_partitioning_in_progress = NULL WHERE parent_table = 'u.f';
CREATE TABLE u.f_sub (LIKE u.f INCLUDING INDEXES) PARTITION BY RANGE (id);
ALTER TABLE u.f ATTACH PARTITION u.f_sub FOR VALUES FROM (1000) TO (1010);
CREATE TABLE u.f_sub_part PARTITION OF u.f_sub FOR VALUES FROM (1000) TO (1005);
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target')$$);
DROP TABLE u.f_sub;
-- a trigger that swallows rows loses none
CREATE FUNCTION u.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE INSERT ON u.f_target FOR EACH ROW EXECUTE FUNCTION u.swallow();
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target')$$);
DROP TRIGGER swallow ON u.f_target;
SELECT undo_in_progress, (SELECT count(*) FROM u.f) FROM partman.part_config WHERE parent_table = 'u.f';

-- who may: the owner of the set needs INSERT on the target, whoever calls
CREATE ROLE regress_strata_undo;
GRANT ALL ON SCHEMA u, partman TO regress_strata_undo;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_undo;
SET ROLE regress_strata_undo;
SELECT u.try($$SELECT partman.undo_partition('u.f', 'u.f_target')$$);
CREATE TABLE u.own (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('u.own', 'id', '10', p_premake => 1, p_start_partition => '0');
INSERT INTO u.own SELECT generate_series(0, 4);
SELECT u.try($$SELECT partman.undo_partition('u.own', 'u.f_target')$$);
RESET ROLE;
GRANT INSERT ON u.f_target TO regress_strata_undo;
SET ROLE regress_strata_undo;
SELECT partman.undo_partition('u.own', 'u.f_target', NULL);
RESET ROLE;

-- the procedure
SELECT u.try($$CALL partman.undo_partition_proc('u.f', 'u.f_target')$$);
INSERT INTO u.f VALUES (2), (11), (12), (1000000);
SET client_min_messages = notice;
CALL partman.undo_partition_proc('u.f', 'u.f_target', 1, p_wait => 0);
CALL partman.undo_partition_proc('u.f', 'u.f_target', p_wait => 0, p_keep_table => false, p_quiet => true);
SET client_min_messages = warning;
SELECT u.parts('u.f'), array_agg(id ORDER BY id) FROM u.f_target;
SELECT parent_table FROM partman.part_config;

DROP OWNED BY regress_strata_undo CASCADE;
DROP ROLE regress_strata_undo;
DROP SCHEMA u CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
