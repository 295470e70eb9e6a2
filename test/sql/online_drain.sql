-- partition_data_proc with move_method = online: the rows are copied in transactions of their own and switched in. What
-- clients do meanwhile is test/specs/online_writers.spec.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE EXTENSION amcheck;
CREATE SCHEMA o;
CREATE FUNCTION o.manage(parent text, control text, width text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
    VALUES (parent, control, 'range', width);
    INSERT INTO partman.part_policy (parent_table, time_zone, lock_timeout_ms, lock_tries) VALUES (parent, 'UTC', 100, 1);
$$;
-- What must not change: the rows, whatever their order. And whether the default has a new file.
CREATE FUNCTION o.rows(t regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(x::text, 0)), 0) FROM %s x', t) INTO r;
    RETURN r;
END $$;
-- What the server's own checkers find wrong in the tables and indexes of a set.
CREATE FUNCTION o.damage(parent regclass) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
DECLARE leaf regclass; index regclass;
BEGIN
    FOR leaf IN SELECT relid FROM pg_partition_tree(parent) WHERE isleaf LOOP
        RETURN QUERY SELECT leaf || ': ' || msg FROM verify_heapam(leaf);
        FOR index IN SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_am a ON a.oid = c.relam WHERE i.indrelid = leaf AND a.amname = 'btree' LOOP
            PERFORM bt_index_check(index, true);
        END LOOP;
    END LOOP;
END $$;

CREATE FUNCTION o.left_over() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgname LIKE 'pg\_strata%'
    UNION ALL SELECT 'table ' || oid::regclass FROM pg_class WHERE relname LIKE '%\_changes%' AND relkind = 'r'
    UNION ALL SELECT 'check ' || conrelid::regclass FROM pg_constraint WHERE conname LIKE 'pg\_strata%'
    UNION ALL SELECT 'move ' || parent_table FROM partman.move_progress $$;
SET pg_strata.move_method = online;

-- Dropped columns, another order of columns in the default, TOAST in line, out of line and as it was, partial and
-- expression indexes, an identity, more partitions than are kept open at once, rows in no order.
CREATE TABLE o.ev (gone int, id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, note text, wide text,
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE o.ev DROP COLUMN gone;
CREATE INDEX ON o.ev (at);
CREATE INDEX ON o.ev (lower(note)) WHERE id % 2 = 0;
CREATE TABLE o.ev_default (wide text, at timestamptz NOT NULL, lost int, note text, id bigint NOT NULL);
ALTER TABLE o.ev_default DROP COLUMN lost;
ALTER TABLE o.ev ATTACH PARTITION o.ev_default DEFAULT;
ALTER TABLE o.ev_default ALTER COLUMN wide SET STORAGE EXTERNAL;
SELECT o.manage('o.ev', 'at', '1 day');
INSERT INTO o.ev (id, at, note, wide) OVERRIDING SYSTEM VALUE
SELECT n, '2026-01-01 00:00+00'::timestamptz + (n * 7919 % 4800) * interval '30 minutes', nullif('Note ' || n, 'Note 17'),
    CASE n % 50 WHEN 0 THEN repeat('wide' || n, 1000) WHEN 1 THEN NULL ELSE repeat('x', n % 30) END
FROM generate_series(1, 20000) n;
SELECT o.rows('o.ev') AS before, pg_relation_filenode('o.ev_default') AS file \gset
CALL partman.partition_data_proc('o.ev', p_wait := 0);
SELECT o.rows('o.ev') = :'before' AS same, pg_relation_filenode('o.ev_default') <> :file AS new_file,
    pg_relation_size('o.ev_default') AS left, (SELECT count(*) FROM pg_inherits WHERE inhparent = 'o.ev'::regclass) AS partitions;
SELECT * FROM o.damage('o.ev');
SELECT * FROM o.left_over();
SELECT count(DISTINCT tableoid), bool_and(tableoid::regclass::text = 'o.ev_p' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD'))
FROM o.ev;
SELECT every(reltuples > 100) AS analyzed FROM pg_class WHERE relname LIKE 'ev\_p2%' AND relkind = 'r';
SELECT pg_stat_force_next_flush();
SELECT every(pg_stat_get_mod_since_analyze(oid) > 100) AS due FROM pg_class WHERE relname LIKE 'ev\_p2%' AND relkind = 'r';
INSERT INTO o.ev (id, at) OVERRIDING SYSTEM VALUE VALUES (1, (SELECT at FROM o.ev WHERE id = 1));
INSERT INTO o.ev (at) VALUES ('2026-01-01 00:00+00') RETURNING id;

-- Two of three partitions; rows that belong nowhere stay and move to the new file.
CREATE TABLE o.inf (k timestamptz, v text, UNIQUE (k)) PARTITION BY RANGE (k);
ALTER TABLE o.inf ALTER k SET NOT NULL;
CREATE TABLE o.inf_default PARTITION OF o.inf DEFAULT;
SELECT o.manage('o.inf', 'k', '1 day');
INSERT INTO o.inf SELECT '2026-01-01 00:00+00'::timestamptz + n * interval '1 minute', repeat('v', 3000)
FROM generate_series(0, 3 * 1440 - 1) n;
INSERT INTO o.inf VALUES ('infinity', 'late'), ('-infinity', repeat('early', 2000));
SELECT o.rows('o.inf') AS before \gset
CALL partman.partition_data_proc('o.inf', 2, p_wait := 0, p_ignore_infinity := true);
SELECT o.rows('o.inf') = :'before' AS same, (SELECT count(*) FROM o.inf_default) AS left;
CALL partman.partition_data_proc('o.inf', 1, p_wait := 0, p_order := 'DESC', p_ignore_infinity := true);
SELECT o.rows('o.inf') = :'before' AS same, (SELECT string_agg(left(v, 5), ' ' ORDER BY v) FROM o.inf_default) AS left;
SELECT * FROM o.damage('o.inf');
SELECT * FROM o.left_over();

-- Keys of all kinds; names that need quotes; a domain and a composite beside the key; an owner who is nobody special.
CREATE ROLE regress_strata_online;
CREATE SCHEMA "O p" AUTHORIZATION regress_strata_online;
GRANT USAGE ON SCHEMA partman, o TO regress_strata_online;
CREATE TYPE o.pair AS (a int, b text);
CREATE DOMAIN o.small AS int CHECK (VALUE < 1000000);
SET ROLE regress_strata_online;
CREATE TABLE "O p"."T ""x""" ("K y" bigint, "Chan""ges" text COLLATE "C", d o.small, p o.pair, PRIMARY KEY ("Chan""ges", "K y"))
    PARTITION BY RANGE ("K y");
CREATE TABLE "O p"."T default" PARTITION OF "O p"."T ""x""" DEFAULT;
INSERT INTO "O p"."T ""x""" SELECT n, 'id ' || n, n, ('(' || n || ',b)')::o.pair FROM generate_series(1, 500) n;
RESET ROLE;
SELECT o.manage('O p.T "x"', 'K y', '100');
GRANT SELECT ON partman.part_config, partman.part_config_sub TO regress_strata_online;
SELECT o.rows('"O p"."T ""x"""') AS before \gset
SET ROLE regress_strata_online;
CALL partman.partition_data_proc('O p.T "x"', p_wait := 0);
RESET ROLE;
SELECT o.rows('"O p"."T ""x"""') = :'before' AS same;
SELECT tableoid::regclass, count(*), min("K y"), max("K y") FROM "O p"."T ""x""" GROUP BY 1 ORDER BY 3;
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = '"O p"'::regnamespace;
CREATE TABLE o.l (k int, v text, PRIMARY KEY (k, v)) PARTITION BY LIST (k);
CREATE TABLE o.l_default PARTITION OF o.l DEFAULT;
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('o.l', 'k', 'list', '1');
INSERT INTO o.l SELECT n % 3, n::text FROM generate_series(1, 300) n;
CALL partman.partition_data_proc('o.l', p_wait := 0);
SELECT tableoid::regclass, count(*), min(k) FROM o.l GROUP BY 1 ORDER BY 3;
CREATE TABLE o.e (k bigint NOT NULL, v text, PRIMARY KEY (v, k)) PARTITION BY RANGE (k);
CREATE TABLE o.e_default PARTITION OF o.e DEFAULT;
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, epoch) VALUES ('o.e', 'k', 'range', '1 day', 'milliseconds');
INSERT INTO o.e SELECT 1767225600000 + n * 3600000, n::text FROM generate_series(0, 71) n;
CALL partman.partition_data_proc('o.e', p_wait := 0);
SELECT tableoid::regclass, count(*), min(k) FROM o.e GROUP BY 1 ORDER BY 3;
CREATE TABLE o.n (k numeric NOT NULL, v int, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE o.n_default PARTITION OF o.n DEFAULT;
SELECT o.manage('o.n', 'k', '100');
INSERT INTO o.n SELECT n, n FROM generate_series(0, 299) n;
CALL partman.partition_data_proc('o.n', p_wait := 0);
SELECT tableoid::regclass, count(*), min(k) FROM o.n GROUP BY 1 ORDER BY 3;
SELECT * FROM o.left_over();

-- Referenced by others: their keys stay enforced, no action runs. A trigger on the set does not fire.
CREATE TABLE o.p (k int PRIMARY KEY, v text) PARTITION BY RANGE (k);
CREATE TABLE o.p_default PARTITION OF o.p DEFAULT;
CREATE TABLE o.r (k int REFERENCES o.p ON DELETE CASCADE ON UPDATE CASCADE);
SELECT o.manage('o.p', 'k', '100');
INSERT INTO o.p SELECT n, n::text FROM generate_series(0, 299) n;
INSERT INTO o.r SELECT k FROM o.p WHERE k % 7 = 0;
CREATE FUNCTION o.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'fired'; RETURN NULL; END $$;
CREATE TRIGGER shout AFTER INSERT OR DELETE OR UPDATE ON o.p FOR EACH ROW EXECUTE FUNCTION o.shout();
ALTER TABLE o.p REPLICA IDENTITY FULL;
CALL partman.partition_data_proc('o.p', p_wait := 0);
SELECT count(*), (SELECT count(*) FROM o.r) FROM o.p WHERE tableoid <> 'o.p_default'::regclass;
ALTER TABLE o.p DISABLE TRIGGER shout;
DELETE FROM o.p WHERE k = 7;
INSERT INTO o.r VALUES (7);
SELECT count(*) FROM o.r;
SELECT relname, relreplident FROM pg_class WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'o.p'::regclass) ORDER BY 1;

-- Keys of the set: the partitions get them without being read, and they are enforced.
CREATE TABLE o.f (k int, w int, PRIMARY KEY (k)) PARTITION BY RANGE (k);
CREATE TABLE o.f_default PARTITION OF o.f DEFAULT;
SELECT o.manage('o.f', 'k', '100');
INSERT INTO o.f SELECT n, n % 100 FROM generate_series(0, 299) n;
ALTER TABLE o.f ADD CONSTRAINT f_w FOREIGN KEY (w) REFERENCES o.p (k) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
INSERT INTO o.p VALUES (7, '7') ON CONFLICT DO NOTHING;
ALTER TABLE o.f ADD CONSTRAINT f_w FOREIGN KEY (w) REFERENCES o.p (k) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
CALL partman.partition_data_proc('o.f', p_wait := 0);
SELECT conrelid::regclass, conname, convalidated, condeferred, conparentid <> 0 AS inherited, confdeltype,
    (SELECT count(*) FROM pg_trigger WHERE tgconstraint = k.oid AND tgrelid = k.conrelid) AS checks
FROM pg_constraint k WHERE contype = 'f' AND conrelid IN (SELECT relid FROM pg_partition_tree('o.f')) AND confrelid = 'o.p'::regclass ORDER BY 1;
INSERT INTO o.f VALUES (50000, 5), (250, 99999);
INSERT INTO o.f VALUES (1000, 99999);
DELETE FROM o.p WHERE k = 8;
SELECT count(*), count(*) FILTER (WHERE w = 8) FROM o.f;

-- Not online: why, and nothing has changed.
CREATE TABLE o.x (k int NOT NULL, v int, w int) PARTITION BY RANGE (k);
CREATE TABLE o.x_default PARTITION OF o.x DEFAULT;
SELECT o.manage('o.x', 'k', '100');
INSERT INTO o.x SELECT n, n FROM generate_series(1, 200) n;
CALL partman.partition_data_proc('o.x', p_wait := 0);
ALTER TABLE o.x ADD UNIQUE (v, k);
CALL partman.partition_data_proc('o.x', p_wait := 0);
ALTER TABLE o.x ALTER v SET NOT NULL;
CALL partman.partition_data_proc('o.x', p_wait := 0, p_ignored_columns := '{w}');
ALTER TABLE o.x ADD UNIQUE (k), ADD CONSTRAINT fk FOREIGN KEY (v) REFERENCES o.x (k);
CALL partman.partition_data_proc('o.x', p_wait := 0);
ALTER TABLE o.x DROP CONSTRAINT fk, ADD CONSTRAINT late CHECK (k > 0) NOT VALID;
CALL partman.partition_data_proc('o.x', p_wait := 0);
ALTER TABLE o.x VALIDATE CONSTRAINT late;
SELECT count(*), count(DISTINCT tableoid) FROM o.x;
-- auto: what cannot be done online is done the other way, and says so
SET pg_strata.move_method = auto;
SET client_min_messages = notice;
UPDATE partman.part_policy SET lock_timeout_ms = 1 WHERE parent_table = 'o.x';
INSERT INTO o.x SELECT n, n, 0 FROM generate_series(201, 3000) n;
CALL partman.partition_data_proc('o.x', 3, p_wait := 0, p_lock_wait := 5, p_ignored_columns := '{w}');
SET client_min_messages = warning;
SET pg_strata.move_method = locked;
CALL partman.partition_data_proc('o.x', 3, p_wait := 0);
SET pg_strata.move_method = sometimes;
SET pg_strata.move_method = online;
CALL partman.partition_data_proc('o.x', p_wait := 0);
SELECT count(*), count(DISTINCT tableoid), (SELECT count(*) FROM o.x_default) AS left FROM o.x;

-- A key of the template, which the default does not have, with a duplicate: the move fails, the rows stay.
CREATE TABLE o.d (k int NOT NULL, v int NOT NULL, PRIMARY KEY (k, v)) PARTITION BY RANGE (k);
CREATE TABLE o.d_default PARTITION OF o.d DEFAULT;
CREATE TABLE o.d_template (k int NOT NULL, v int NOT NULL);
CREATE UNIQUE INDEX ON o.d_template (v);
SELECT o.manage('o.d', 'k', '100');
UPDATE partman.part_config SET template_table = 'o.d_template' WHERE parent_table = 'o.d';
INSERT INTO o.d SELECT n, n FROM generate_series(1, 150) n;
INSERT INTO o.d VALUES (50, 49);
\set VERBOSITY terse
CALL partman.partition_data_proc('o.d', p_wait := 0);
SELECT count(*), count(DISTINCT tableoid) FROM o.d;
SELECT * FROM o.left_over();
DELETE FROM o.d WHERE k = 50 AND v = 49;
CALL partman.partition_data_proc('o.d', p_wait := 0);
SELECT tableoid::regclass, count(*) FROM o.d GROUP BY 1 ORDER BY 1;

-- The trigger function does nothing where it should not, and is none to be called by hand.
SELECT partman.capture_changes();
CREATE TABLE o.t (k int, v text);
CREATE TABLE o.log (k int);
CREATE TRIGGER t BEFORE INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('o', 'log', '1');
INSERT INTO o.t VALUES (1, 'one');
DROP TRIGGER t ON o.t;
CREATE TRIGGER a AFTER INSERT OR UPDATE OR DELETE ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('o', 'log', '1');
CREATE TRIGGER b AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('o', 'log', '2');
CREATE TRIGGER c AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('o', 'log', '77');
CREATE TRIGGER d AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('o', 'nothing', '1');
CREATE TRIGGER e AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('nowhere', 'log', '1');
CREATE TRIGGER f AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes();
CREATE TRIGGER g AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION partman.capture_changes('pg_catalog', 'pg_class', '1');
INSERT INTO o.t VALUES (1, 'one'), (2, 'two');
UPDATE o.t SET v = 'more';
UPDATE o.t SET k = 3 WHERE k = 2;
DELETE FROM o.t WHERE k = 1;
SELECT k FROM o.log ORDER BY ctid;
ALTER TABLE o.log OWNER TO regress_strata_online;
INSERT INTO o.t VALUES (4, 'no');
SELECT count(*) FROM o.log;

DROP SCHEMA o, "O p" CASCADE;
DROP EXTENSION pg_strata, amcheck;
DROP SCHEMA partman;
DROP ROLE regress_strata_online;
