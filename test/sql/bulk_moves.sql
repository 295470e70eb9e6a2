-- Moves between tables below the executor: sources into partitions that exist or not, all in one pass; undo. What an
-- INSERT would check is checked; where anything would fire or be asked, statements do it.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE EXTENSION amcheck;
CREATE SCHEMA m;
CREATE FUNCTION m.manage(parent text, control text, width text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
    VALUES (parent, control, 'range', width);
    INSERT INTO partman.part_policy (parent_table, time_zone, lock_timeout_ms, lock_tries) VALUES (parent, 'UTC', 100, 1);
$$;
CREATE FUNCTION m.rows(t regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(x.id::text || x.note || x.wide, 0)), 0) FROM %s x', t) INTO r;
    RETURN r;
END $$;
CREATE FUNCTION m.damage(parent regclass) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE leaf regclass; index regclass;
BEGIN
    FOR leaf IN SELECT relid FROM pg_partition_tree(parent) WHERE isleaf UNION SELECT parent WHERE NOT EXISTS (
        SELECT FROM pg_partitioned_table WHERE partrelid = parent) LOOP
        RETURN QUERY SELECT leaf || ': ' || msg FROM verify_heapam(leaf);
        FOR index IN SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = leaf AND a.amname = 'btree' LOOP
            PERFORM bt_index_check(index, true);
        END LOOP;
    END LOOP;
END $$;
CREATE FUNCTION m.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE statement INTO result;
    RETURN 'ok: ' || result;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

-- Columns dropped on both sides and in another order, TOAST, partitions that exist (one of them with another layout) and
-- that do not, keys that belong nowhere, an expression index and one with a predicate.
CREATE TABLE m.ev (lost int, id bigint NOT NULL, at int NOT NULL, note text, wide text, CHECK (note <> 'bad'),
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE m.ev DROP COLUMN lost;
CREATE INDEX ON m.ev (lower(note)) WHERE id % 2 = 0;
CREATE TABLE m.ev_hand (wide text, gone text, at int NOT NULL, note text, id bigint NOT NULL, CHECK (note <> 'bad'));
ALTER TABLE m.ev_hand DROP COLUMN gone;
ALTER TABLE m.ev ATTACH PARTITION m.ev_hand FOR VALUES FROM (2000) TO (3000);
CREATE TABLE m.ev_default PARTITION OF m.ev DEFAULT;
SELECT m.manage('m.ev', 'at', '1000');
CREATE TABLE m.src (note text, before int, at int, id bigint, wide text);
ALTER TABLE m.src DROP COLUMN before;
ALTER TABLE m.src ALTER COLUMN wide SET STORAGE EXTERNAL;
INSERT INTO m.src SELECT 'Note ' || n, n * 7919 % 6000, n, CASE n % 50 WHEN 0 THEN repeat('wide' || n, 1000) ELSE repeat('x', n % 30) END
FROM generate_series(1, 12000) n;
INSERT INTO m.src VALUES ('none', NULL, 99999, '');
CREATE INDEX ON m.src (at);
SELECT m.rows('m.src') AS before \gset
BEGIN;
SELECT partman.partition_data_id('m.ev', 3, p_source_table => 'm.src');
SELECT tableoid::regclass AS part, count(*), min(at), max(at) FROM m.ev GROUP BY 1 ORDER BY 3;
ROLLBACK;
SELECT partman.partition_data_id('m.ev', 2, p_order => 'DESC', p_source_table => 'm.src');
SELECT tableoid::regclass AS part, count(*), min(at), max(at) FROM m.ev GROUP BY 1 ORDER BY 3;
SELECT partman.partition_data_id('m.ev', 100, p_source_table => 'm.src');
SELECT tableoid::regclass AS part, count(*), min(at), max(at) FROM m.ev GROUP BY 1 ORDER BY 3;
SELECT count(*) AS stays FROM m.src;
SELECT (SELECT count(*) || ' ' || sum(hashtextextended(x.id::text || x.note || x.wide, 0)) FROM (SELECT id, note, wide FROM m.ev
    UNION ALL SELECT id, note, wide FROM m.src) x) = :'before' AS same;
SELECT * FROM m.damage('m.ev');
SELECT partman.partition_data_id('m.ev', 100, p_source_table => 'm.src');

-- What an INSERT would refuse, with its own error; nothing has moved then.
CREATE TABLE m.bad (LIKE m.ev);
ALTER TABLE m.bad ALTER note DROP NOT NULL, ALTER id DROP NOT NULL;
CREATE INDEX ON m.bad (at);
INSERT INTO m.bad VALUES (20001, 100, 'fine', ''), (20002, 7100, 'bad', '');
SELECT m.try($$SELECT partman.partition_data_id('m.ev', 10, p_source_table => 'm.bad')$$);
UPDATE m.bad SET note = 'good', id = NULL WHERE at = 7100;
SELECT m.try($$SELECT partman.partition_data_id('m.ev', 10, p_source_table => 'm.bad')$$);
UPDATE m.bad SET id = (SELECT id FROM m.ev WHERE at = 100 LIMIT 1), at = 100 WHERE at = 7100;
SELECT m.try($$SELECT partman.partition_data_id('m.ev', 10, p_source_table => 'm.bad')$$);
SELECT count(*) FROM m.bad;

-- Statements where there is something to fire or ask: triggers, foreign keys, defaults, identity; no index on the source.
CREATE TABLE m.t (id int NOT NULL, v int DEFAULT 7, note text) PARTITION BY RANGE (id);
CREATE TABLE m.t_default PARTITION OF m.t DEFAULT;
SELECT m.manage('m.t', 'id', '10');
CREATE TABLE m.t_src (id int, note text);
CREATE INDEX ON m.t_src (id);
INSERT INTO m.t_src SELECT n, 'n' || n FROM generate_series(0, 29) n;
SELECT partman.partition_data_id('m.t', 2, p_source_table => 'm.t_src'), partman.partition_data_id('m.t', 2, p_source_table => 'm.t_src');
SELECT tableoid::regclass AS part, count(*), min(v) FROM m.t GROUP BY 1 ORDER BY 1;
CREATE FUNCTION m.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'told'; RETURN NEW; END $$;
CREATE TRIGGER tell BEFORE INSERT ON m.t FOR EACH ROW EXECUTE FUNCTION m.tell();
CREATE TABLE m.t_more (LIKE m.t);
INSERT INTO m.t_more SELECT n, 1, 'quiet' FROM generate_series(30, 59) n;
SELECT partman.partition_data_id('m.t', 10, p_source_table => 'm.t_more');
SELECT note, count(*) FROM m.t WHERE id >= 30 GROUP BY 1;
CREATE TABLE m.ref (k int PRIMARY KEY);
INSERT INTO m.ref SELECT generate_series(0, 15);
CREATE TABLE m.f (k int NOT NULL REFERENCES m.ref) PARTITION BY RANGE (k);
SELECT m.manage('m.f', 'k', '10');
CREATE TABLE m.f_src (k int);
CREATE INDEX ON m.f_src (k);
INSERT INTO m.f_src SELECT generate_series(0, 19);
SELECT m.try($$SELECT partman.partition_data_id('m.f', 10, p_source_table => 'm.f_src')$$);
DELETE FROM m.f_src WHERE k > 15;
SELECT m.try($$SELECT partman.partition_data_id('m.f', 10, p_source_table => 'm.f_src')$$);

-- An array of columns that both have but of another type goes by statements, too.
CREATE TABLE m.w (k bigint NOT NULL, v numeric(10, 2)) PARTITION BY RANGE (k);
SELECT m.manage('m.w', 'k', '10');
CREATE TABLE m.w_src (k int, v numeric);
CREATE INDEX ON m.w_src (k);
INSERT INTO m.w_src SELECT n, n / 3.0 FROM generate_series(0, 24) n;
SELECT partman.partition_data_id('m.w', 10, p_source_table => 'm.w_src');
SELECT tableoid::regclass AS part, count(*), max(v) FROM m.w GROUP BY 1 ORDER BY 1;

-- A list, key after key.
CREATE TABLE m.l (k int, v text) PARTITION BY LIST (k);
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('m.l', 'k', 'list', '1');
CREATE TABLE m.l_src (k int, v text);
CREATE INDEX ON m.l_src (k);
INSERT INTO m.l_src SELECT n % 4, 'v' FROM generate_series(1, 400) n;
SELECT partman.partition_data_id('m.l', 10, p_source_table => 'm.l_src');
SELECT tableoid::regclass AS part, count(*) FROM m.l GROUP BY 1 ORDER BY 1;

-- Indexes of partitions that the call makes are built in the end: their keys and exclusions hold all the same, and a
-- second batch of a partition goes through them.
CREATE TABLE m.dup (k int NOT NULL, v int, r int4range, UNIQUE (k, v)) PARTITION BY RANGE (k);
CREATE INDEX ON m.dup ((v + 1)) WHERE v > 3;
SELECT m.manage('m.dup', 'k', '100');
CREATE TABLE m.dup_src (k int NOT NULL, v int, r int4range);
CREATE INDEX ON m.dup_src (k);
INSERT INTO m.dup_src SELECT n, n FROM generate_series(0, 299) n;
INSERT INTO m.dup_src VALUES (250, 250);
SELECT partman.partition_data_id('m.dup', 10, p_source_table => 'm.dup_src');
SELECT (SELECT count(*) FROM m.dup) AS moved, (SELECT count(*) FROM m.dup_src) AS left, (SELECT count(*) FROM pg_inherits WHERE inhparent = 'm.dup'::regclass) AS partitions;
DELETE FROM m.dup_src WHERE ctid = (SELECT max(ctid) FROM m.dup_src WHERE k = 250);
SELECT partman.partition_data_id('m.dup', 10, p_source_table => 'm.dup_src');
SELECT * FROM m.damage('m.dup');
SET enable_seqscan = off;
SELECT count(*) FROM m.dup WHERE v + 1 = 251 AND v > 3;
RESET enable_seqscan;
INSERT INTO m.dup VALUES (250, 250);
BEGIN;
INSERT INTO m.dup_src SELECT n, n FROM generate_series(300, 349) n;
SELECT partman.partition_data_id('m.dup', 10, p_source_table => 'm.dup_src');
INSERT INTO m.dup_src SELECT n, n FROM generate_series(350, 399) n;
SELECT partman.partition_data_id('m.dup', 10, p_source_table => 'm.dup_src');
COMMIT;
SELECT * FROM m.damage('m.dup');
SELECT tableoid::regclass AS part, count(*) FROM m.dup GROUP BY 1 ORDER BY 1;

-- Back again.
SELECT m.rows('m.ev') AS before \gset
CREATE TABLE m.plain (id bigint PRIMARY KEY, wide text, at int, note text NOT NULL);
CREATE INDEX ON m.plain (at);
SELECT partitions_undone, rows_undone FROM partman.undo_partition('m.ev', 'm.plain', 100, p_keep_table => false);
SELECT m.rows('m.plain') = :'before' AS same;
SELECT * FROM m.damage('m.plain');
SELECT count(*) FROM partman.part_config WHERE parent_table = 'm.ev';

DROP SCHEMA m CASCADE;
DROP EXTENSION amcheck;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
