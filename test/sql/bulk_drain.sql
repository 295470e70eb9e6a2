-- Moves of many rows out of the default: one pass below the executor, indexes afterwards, the default emptied at once.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE EXTENSION amcheck;
CREATE SCHEMA b;
CREATE FUNCTION b.manage(parent text, control text, width text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
    VALUES (parent, control, 'range', width);
    INSERT INTO partman.part_policy (parent_table, time_zone, lock_timeout_ms, lock_tries) VALUES (parent, 'UTC', 100, 1);
$$;
-- What must not change: the rows, whatever their order. And whether the default has a new file.
CREATE FUNCTION b.rows(t regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(x::text, 0)), 0) FROM %s x', t) INTO r;
    RETURN r;
END $$;
-- What the server's own checkers find wrong in the tables and indexes of a set.
CREATE FUNCTION b.damage(parent regclass) RETURNS TABLE (what text) LANGUAGE plpgsql AS $$
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

-- Dropped columns, another order of columns in the default, TOAST in line, out of line and as it was, partial and
-- expression indexes; more partitions than are kept open at once, rows in no order.
CREATE TABLE b.ev (gone int, id bigint NOT NULL, at timestamptz NOT NULL, note text, wide text, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
ALTER TABLE b.ev DROP COLUMN gone;
CREATE INDEX ON b.ev (at);
CREATE INDEX ON b.ev (lower(note)) WHERE id % 2 = 0;
CREATE TABLE b.ev_default (wide text, at timestamptz NOT NULL, lost int, note text, id bigint NOT NULL);
ALTER TABLE b.ev_default DROP COLUMN lost;
ALTER TABLE b.ev ATTACH PARTITION b.ev_default DEFAULT;
ALTER TABLE b.ev_default ALTER COLUMN wide SET STORAGE EXTERNAL;
SELECT b.manage('b.ev', 'at', '1 day');
INSERT INTO b.ev (id, at, note, wide)
SELECT n, '2026-01-01 00:00+00'::timestamptz + (n * 7919 % 4800) * interval '30 minutes', nullif('Note ' || n, 'Note 17'),
    CASE n % 50 WHEN 0 THEN repeat('wide' || n, 1000) WHEN 1 THEN NULL ELSE repeat('x', n % 30) END
FROM generate_series(1, 20000) n;
SELECT b.rows('b.ev') AS before, pg_relation_filenode('b.ev_default') AS file \gset
SELECT partman.partition_data_time('b.ev', 1000);
SELECT b.rows('b.ev') = :'before' AS same, pg_relation_filenode('b.ev_default') <> :file AS emptied_at_once,
    pg_relation_size('b.ev_default') AS left, (SELECT count(*) FROM pg_inherits WHERE inhparent = 'b.ev'::regclass) AS partitions;
SELECT * FROM b.damage('b.ev');
SELECT count(DISTINCT tableoid), bool_and(tableoid::regclass::text = 'b.ev_p' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD'))
FROM b.ev;
-- and autovacuum will come for full statistics
SELECT pg_stat_force_next_flush();
SELECT every(pg_stat_get_mod_since_analyze(oid) > 100) AS due FROM pg_class WHERE relname LIKE 'ev\_p2%' AND relkind = 'r';
SELECT every(reltuples > 100) AS analyzed FROM pg_class WHERE relname LIKE 'ev\_p2%' AND relkind = 'r';
-- frozen: visible to all snapshots without a VACUUM
SELECT every(relallvisible = relpages) AS frozen FROM pg_class WHERE relname LIKE 'ev\_p2%' AND relkind = 'r';
INSERT INTO b.ev VALUES (1, '2026-01-01 00:00+00');
INSERT INTO b.ev SELECT * FROM b.ev ORDER BY at LIMIT 1;

-- Rows that belong nowhere stay: they move to the new file.
CREATE TABLE b.inf (k timestamptz, v text) PARTITION BY RANGE (k);
CREATE TABLE b.inf_default PARTITION OF b.inf DEFAULT;
SELECT b.manage('b.inf', 'k', '1 day');
INSERT INTO b.inf SELECT '2026-01-01 00:00+00'::timestamptz + n * interval '1 minute', repeat('v', 300)
FROM generate_series(1, 5000) n;
INSERT INTO b.inf VALUES (NULL, 'null'), ('infinity', 'late'), ('-infinity', 'early');
SELECT b.rows('b.inf') AS before, pg_relation_filenode('b.inf_default') AS file \gset
SELECT partman.partition_data_time('b.inf', 100, p_ignore_infinity => true);
SELECT b.rows('b.inf') = :'before' AS same, pg_relation_filenode('b.inf_default') <> :file AS new_file,
    (SELECT string_agg(v, ' ' ORDER BY v) FROM b.inf_default) AS left;
SELECT * FROM b.damage('b.inf');

-- The same with all that a table can have gone through: columns dropped and added after its rows, in the order of the
-- parent's otherwise; TOAST; indexes; and a trigger, a policy and rights that stay.
CREATE ROLE b_reader;
CREATE TABLE b.old (lost int, k int, v text DEFAULT 'late', g int) PARTITION BY RANGE (k);
CREATE TABLE b.old_default PARTITION OF b.old DEFAULT;
CREATE INDEX ON b.old (k);
ALTER TABLE b.old_default ADD UNIQUE (g);
ALTER TABLE b.old_default ALTER COLUMN v SET STORAGE EXTERNAL;
GRANT SELECT ON b.old_default TO b_reader;
CREATE FUNCTION b.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger ran'; END $$;
SELECT b.manage('b.old', 'k', '1000');
INSERT INTO b.old SELECT 1, CASE WHEN n % 100 = 0 THEN NULL ELSE n END, repeat('long' || n, CASE n % 50 WHEN 0 THEN 1000 ELSE 1 END), n
FROM generate_series(0, 2999) n;
ALTER TABLE b.old DROP COLUMN lost, ADD COLUMN added text DEFAULT 'as it was';
UPDATE b.old SET added = 'new' WHERE g % 7 = 0;
CREATE TRIGGER no BEFORE DELETE OR UPDATE ON b.old_default FOR EACH ROW EXECUTE FUNCTION b.no();
CREATE TRIGGER no_all BEFORE TRUNCATE ON b.old_default EXECUTE FUNCTION b.no();
SELECT b.rows('b.old') AS before, pg_relation_filenode('b.old_default') AS file,
    (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'b.old_default'::regclass) AS toast \gset
SELECT partman.partition_data_id('b.old', 10);
SELECT b.rows('b.old') = :'before' AS same, pg_relation_filenode('b.old_default') <> :file AS new_file,
    (SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'b.old_default'::regclass) = :'toast' AS toast,
    pg_relation_size('b.old_default') < 40000 AS small;
SELECT tableoid::regclass AS part, count(*), count(k), count(*) FILTER (WHERE added = 'as it was') AS as_it_was, max(length(v))
FROM b.old GROUP BY 1 ORDER BY 1;
SELECT * FROM b.damage('b.old');
SELECT count(*) AS left_behind FROM pg_class WHERE relname ~ '^pg_temp|pg_toast_temp';
SELECT has_table_privilege('b_reader', 'b.old_default', 'SELECT') AS rights,
    (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'b.old_default'::regclass AND NOT tgisinternal) AS triggers,
    (SELECT every(indisvalid) FROM pg_index WHERE indrelid = 'b.old_default'::regclass) AS valid,
    (SELECT age(relfrozenxid) < 100 FROM pg_class WHERE oid = 'b.old_default'::regclass) AS young,
    pg_stat_get_live_tuples('b.old_default'::regclass) >= 0 AS counted;
INSERT INTO b.old_default (k, g) VALUES (NULL, 100);  -- unique still
SET enable_seqscan = off;
SELECT count(*) FROM b.old_default WHERE g = 100 AND k IS NULL;
RESET enable_seqscan;

-- More rows stay than may be rewritten with readers locked out: deletion row by row.
CREATE TABLE b.many (k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE TABLE b.many_default PARTITION OF b.many DEFAULT;
SELECT b.manage('b.many', 'k', '1000');
INSERT INTO b.many SELECT n, 'v' || n FROM generate_series(0, 11999) n;
SELECT b.rows('b.many') AS before, pg_relation_filenode('b.many_default') AS file \gset
SELECT partman.partition_data_id('b.many', 1);
SELECT b.rows('b.many') = :'before' AS same, pg_relation_filenode('b.many_default') = :file AS same_file;
SELECT partman.partition_data_id('b.many', 3), partman.partition_data_id('b.many', 100, p_order => 'DESC');
SELECT b.rows('b.many') = :'before' AS same, pg_relation_filenode('b.many_default') <> :file AS new_file,
    (SELECT count(*) FROM pg_inherits WHERE inhparent = 'b.many'::regclass) AS partitions;
SELECT * FROM b.damage('b.many');

-- Some partitions of few rows: the rest stays.
CREATE TABLE b.n (k int NOT NULL, v text) PARTITION BY RANGE (k);
CREATE TABLE b.n_default PARTITION OF b.n DEFAULT;
SELECT b.manage('b.n', 'k', '1000');
INSERT INTO b.n SELECT n, repeat('v', 300) FROM generate_series(0, 5999) n;
SELECT partman.partition_data_id('b.n', 2), partman.partition_data_id('b.n', 1, p_order => 'DESC');
SELECT tableoid::regclass AS part, count(*), min(k), max(k) FROM b.n GROUP BY 1 ORDER BY 3;
-- In the middle of reading it: nothing happens.
BEGIN;
DECLARE c CURSOR FOR SELECT k FROM b.n ORDER BY k;
FETCH 1 FROM c;
SELECT partman.partition_data_id('b.n', 10);
ROLLBACK;
SELECT tableoid::regclass AS part, count(*) FROM b.n GROUP BY 1 ORDER BY min(k);
-- Rows of the same transaction.
BEGIN;
INSERT INTO b.n SELECT n, repeat('w', 300) FROM generate_series(6000, 6999) n;
SAVEPOINT s;
SELECT partman.partition_data_id('b.n', 10);
ROLLBACK TO s;
SELECT partman.partition_data_id('b.n', 10);
COMMIT;
SELECT tableoid::regclass AS part, count(*) FROM b.n GROUP BY 1 ORDER BY min(k);
SELECT * FROM b.damage('b.n');

-- A list.
CREATE TABLE b.l (k int NOT NULL, v text) PARTITION BY LIST (k);
CREATE TABLE b.l_default PARTITION OF b.l DEFAULT;
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('b.l', 'k', 'list', '1');
INSERT INTO b.l SELECT n % 5, repeat('v', 300) FROM generate_series(1, 5000) n;
SELECT partman.partition_data_id('b.l', 3), partman.partition_data_id('b.l', 10, p_order => 'DESC');
SELECT tableoid::regclass AS part, count(*), min(k), max(k) FROM b.l GROUP BY 1 ORDER BY 3;

-- Checked as by statements: keys that were put off, constraints that nobody has validated; computed columns.
CREATE TABLE b.u (k int NOT NULL, code text, CONSTRAINT code_key UNIQUE (k, code) DEFERRABLE INITIALLY DEFERRED)
    PARTITION BY RANGE (k);
CREATE TABLE b.u_default PARTITION OF b.u DEFAULT;
SELECT b.manage('b.u', 'k', '10');
BEGIN;
INSERT INTO b.u VALUES (1, 'a'), (1, 'a');
SELECT partman.partition_data_id('b.u');
ROLLBACK;
CREATE TABLE b.c (k int NOT NULL, v int, g int GENERATED ALWAYS AS (v * 2) STORED) PARTITION BY RANGE (k);
CREATE TABLE b.c_default PARTITION OF b.c DEFAULT;
SELECT b.manage('b.c', 'k', '10');
INSERT INTO b.c VALUES (1, 5);
SELECT partman.partition_data_id('b.c');
SELECT tableoid::regclass AS part, * FROM b.c;
INSERT INTO b.c VALUES (11, -5);
ALTER TABLE b.c ADD CONSTRAINT positive CHECK (v > 0) NOT VALID;
SELECT partman.partition_data_id('b.c');
SELECT tableoid::regclass AS part, * FROM b.c ORDER BY k;

-- Foreign keys in both directions, to itself too.
CREATE TABLE b.p (k int NOT NULL PRIMARY KEY, up int REFERENCES b.p, pad text) PARTITION BY RANGE (k);
CREATE TABLE b.p_default PARTITION OF b.p DEFAULT;
CREATE TABLE b.kid (id int, p int REFERENCES b.p ON DELETE CASCADE);
SELECT b.manage('b.p', 'k', '1000');
INSERT INTO b.p SELECT n, nullif(n - 1, -1), repeat('v', 500) FROM generate_series(0, 2999) n;
INSERT INTO b.kid SELECT n, n FROM generate_series(0, 2999) n;
SELECT pg_relation_filenode('b.p_default') AS file \gset
SELECT partman.partition_data_id('b.p', 10);
SELECT (SELECT count(*) FROM b.p) AS p, (SELECT count(*) FROM b.kid) AS kid, pg_relation_filenode('b.p_default') <> :file AS emptied;
INSERT INTO b.kid VALUES (1, 3000);
INSERT INTO b.p VALUES (1500, 7777);
DELETE FROM b.p WHERE k = 2999;
SELECT (SELECT count(*) FROM b.p) AS p, (SELECT count(*) FROM b.kid) AS kid;
SELECT * FROM b.damage('b.p');

SET client_min_messages = warning;
DROP SCHEMA b CASCADE;
DROP ROLE b_reader;
DROP EXTENSION amcheck;
DROP EXTENSION pg_strata;
DROP SCHEMA partman;
