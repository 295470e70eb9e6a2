-- partition_data_time, _id, _proc: rows of the default partition move into partitions of their own, unseen by anybody.
\set s d
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql
SET client_min_messages = notice;

CREATE FUNCTION d.manage(parent text, control text, width text)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
    VALUES (parent, control, 'range', width);
    INSERT INTO partman.part_policy (parent_table, time_zone, lock_timeout_ms, lock_tries) VALUES (parent, 'UTC', 100, 1);
$$;
CREATE FUNCTION d.spread(parent regclass)
RETURNS TABLE (part name, bound text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR part, bound IN
        SELECT c.relname, regexp_replace(pg_get_expr(c.relpartbound, c.oid), 'FOR VALUES ', '') FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT count(*) FROM d.%I', part) INTO n;
        RETURN NEXT;
    END LOOP;
END $$;

-- every type of time key: no partition yet, one cell after the other, both orders, values at the bounds
SET timezone = 'America/Los_Angeles';
CREATE TABLE d.tz (id int, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE d.ts (id int, at timestamp NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE d.da (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE d.tz_default PARTITION OF d.tz DEFAULT;
CREATE TABLE d.ts_default PARTITION OF d.ts DEFAULT;
CREATE TABLE d.da_default PARTITION OF d.da DEFAULT;
SELECT d.manage('d.tz', 'at', '1 day'), d.manage('d.ts', 'at', '6 hours'), d.manage('d.da', 'at', '1 month');
INSERT INTO d.tz VALUES (1, '2026-03-01 00:00+00'), (2, '2026-03-01 23:59:59.999999+00'), (3, '2026-03-02 00:00+00'),
    (4, '2026-03-09 12:00+00'), (5, '1999-12-31 12:00+00');
INSERT INTO d.ts VALUES (1, '2026-03-01 05:59:59.999999'), (2, '2026-03-01 06:00'), (3, '2026-03-02 00:00');
INSERT INTO d.da VALUES (1, '2026-01-31'), (2, '2026-02-01'), (3, '2026-02-28'), (4, '2024-02-29');
SELECT partman.partition_data_time('d.tz');
SELECT partman.partition_data_time('d.tz', 2, p_order => 'DESC');
SELECT * FROM d.spread('d.tz');
SELECT partman.partition_data_time('d.tz', 100);
SELECT * FROM d.spread('d.tz');
SELECT id, at AT TIME ZONE 'UTC' AS at FROM d.tz ORDER BY id;
SELECT partman.partition_data_time('d.tz'), partman.partition_data_time('d.tz', 0), partman.partition_data_time('d.tz', NULL);
SELECT partman.partition_data_time('d.ts', 100, '6 hours');
SELECT * FROM d.spread('d.ts');
SELECT partman.partition_data_time('d.da', 2);
SELECT partman.partition_data_time('d.da', 2, p_analyze => false);
SELECT * FROM d.spread('d.da');

-- numbers: floor below zero, a far outlier, the grid of the partitions that are there, cells cut at neighbours
CREATE TABLE d.i2 (k int2 NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.i4 (k int4 NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.i8 (k int8 NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.i2_default PARTITION OF d.i2 DEFAULT;
CREATE TABLE d.i4_default PARTITION OF d.i4 DEFAULT;
CREATE TABLE d.i8_default PARTITION OF d.i8 DEFAULT;
CREATE TABLE d.i4_p3 PARTITION OF d.i4 FOR VALUES FROM (3) TO (13);
CREATE TABLE d.i4_odd PARTITION OF d.i4 FOR VALUES FROM (27) TO (29);
SELECT d.manage('d.i2', 'k', '10'), d.manage('d.i4', 'k', '10'), d.manage('d.i8', 'k', '10');
INSERT INTO d.i2 VALUES (-11), (-10), (-1), (0), (9);
INSERT INTO d.i4 SELECT generate_series(-2, 40);
INSERT INTO d.i8 VALUES (1), (4000000000000000000), (-4000000000000000000), (10), (200005);
SELECT partman.partition_data_id('d.i2', 2), partman.partition_data_id('d.i2', 5);
SELECT * FROM d.spread('d.i2');
SELECT partman.partition_data_id('d.i4', 3);
SELECT partman.partition_data_id('d.i4', 2, p_order => 'DESC');
SELECT partman.partition_data_id('d.i4', 9, 10);
SELECT * FROM d.spread('d.i4');
SELECT partman.partition_data_id('d.i8', 2, p_order => 'DESC'), partman.partition_data_id('d.i8', 2);
SELECT partman.partition_data_id('d.i8', 2);
SELECT * FROM d.spread('d.i8');
UPDATE partman.part_policy SET outlier_horizon = NULL WHERE parent_table = 'd.i2';
INSERT INTO d.i2 VALUES (32765), (-25);
SELECT d.try($$SELECT partman.partition_data_id('d.i2', 2)$$);
SELECT partman.partition_data_id('d.i2');
SELECT d.try($$SELECT partman.partition_data_id('d.i2')$$);

-- NULL stays; infinity stops or is ignored
CREATE TABLE d.inf (at timestamptz, x int) PARTITION BY RANGE (at);
CREATE TABLE d.inf_default PARTITION OF d.inf DEFAULT;
SELECT d.manage('d.inf', 'at', '1 day');
INSERT INTO d.inf VALUES (NULL, 1), ('-infinity', 2), ('infinity', 3), ('2026-01-01 01:00+00', 4), ('2026-01-05 01:00+00', 5);
SELECT partman.partition_data_time('d.inf');
SELECT d.try($$SELECT partman.partition_data_time('d.inf', 2)$$);
SELECT partman.partition_data_time('d.inf', 2, p_ignore_infinity => true), partman.partition_data_time('d.inf', p_ignore_infinity => true);
SELECT * FROM d.spread('d.inf');
DELETE FROM d.inf WHERE x IN (2, 3);
SELECT partman.partition_data_time('d.inf');

-- unseen: no trigger of the user fires, no key action runs, keys hold before and after
CREATE TABLE d.kind (id int PRIMARY KEY);
INSERT INTO d.kind SELECT generate_series(1, 5);
CREATE TABLE d.ev (
    id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, kind int REFERENCES d.kind, gone int, note text DEFAULT 'none',
    twice int GENERATED ALWAYS AS (kind * 2) STORED, PRIMARY KEY (id, day), CONSTRAINT positive CHECK (kind > 0)) PARTITION BY RANGE (day);
CREATE TABLE d.ev_default (note text DEFAULT 'default''s', dropped int, day date NOT NULL, id bigint NOT NULL, kind int,
    gone int, twice int GENERATED ALWAYS AS (kind * 2) STORED, PRIMARY KEY (id, day), CONSTRAINT positive CHECK (kind > 0));
ALTER TABLE d.ev_default DROP COLUMN dropped;
ALTER TABLE d.ev ATTACH PARTITION d.ev_default DEFAULT;
ALTER TABLE d.ev DROP COLUMN gone;
CREATE INDEX ON d.ev (kind) INCLUDE (twice);
CREATE INDEX ON d.ev (md5(note)) WHERE kind > 1;
CREATE TABLE d.detail (ev bigint, day date, FOREIGN KEY (ev, day) REFERENCES d.ev ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE d.log (line text);
CREATE FUNCTION d.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO d.log VALUES (concat_ws(' ', TG_TABLE_NAME, TG_WHEN, TG_OP)); RETURN coalesce(NEW, OLD); END $$;
CREATE TRIGGER b BEFORE INSERT OR UPDATE OR DELETE ON d.ev FOR EACH ROW EXECUTE FUNCTION d.tell();
CREATE TRIGGER a AFTER INSERT OR UPDATE OR DELETE ON d.ev FOR EACH ROW EXECUTE FUNCTION d.tell();
CREATE TRIGGER s AFTER INSERT OR UPDATE OR DELETE ON d.ev_default FOR EACH STATEMENT EXECUTE FUNCTION d.tell();
CREATE TRIGGER s AFTER INSERT OR UPDATE OR DELETE ON d.detail FOR EACH ROW EXECUTE FUNCTION d.tell();
SELECT d.manage('d.ev', 'day', '1 month');
INSERT INTO d.ev (day, kind, note) SELECT '2026-01-01'::date + n, n % 5 + 1, repeat('long ', n * 1000) FROM generate_series(0, 80) n;
INSERT INTO d.detail SELECT id, day FROM d.ev;
CREATE TABLE d.before AS SELECT * FROM d.ev;
TRUNCATE d.log;
SELECT partman.partition_data_time('d.ev', 2);
SELECT * FROM d.spread('d.ev');
SELECT * FROM d.log;
SELECT count(*), count(*) FILTER (WHERE b.* IS NOT DISTINCT FROM e.*) AS same FROM d.before b FULL JOIN d.ev e USING (id, day);
SELECT count(*) FROM d.detail;
SELECT indexdef FROM pg_indexes WHERE schemaname = 'd' AND tablename = 'ev_p20260201' ORDER BY 1;
SELECT conname, contype, convalidated, conislocal FROM pg_constraint
WHERE conrelid = 'd.ev_p20260201'::regclass AND contype <> 'n' ORDER BY 1; -- since 18, NOT NULL is one, too
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid = 'd.ev_p20260201'::regclass AND NOT tgisinternal ORDER BY 2;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('ev_p20260101', 'ev_p20260201') ORDER BY 1;
SELECT d.try('DELETE FROM d.kind WHERE id = 1') ~ '^23503' AS key_out_holds;
ALTER TABLE d.detail DROP CONSTRAINT detail_ev_day_fkey, ADD FOREIGN KEY (ev, day) REFERENCES d.ev;
SELECT d.try('DELETE FROM d.ev WHERE id = 3') ~ '^23503' AS key_in_holds;
ALTER TABLE d.detail DROP CONSTRAINT detail_ev_day_fkey, ADD CONSTRAINT detail_fk FOREIGN KEY (ev, day) REFERENCES d.ev ON DELETE CASCADE;
SELECT partman.partition_data_time('d.ev', 2);
SELECT count(*) FROM d.detail;
DELETE FROM d.ev WHERE day >= '2026-03-01';
SELECT count(*), (SELECT count(*) FROM d.ev) AS ev FROM d.detail;
SELECT conrelid::regclass, conname FROM pg_constraint WHERE conname LIKE 'pg_strata%';

-- a set that refers to itself
CREATE TABLE d.self (id int PRIMARY KEY, up int REFERENCES d.self) PARTITION BY RANGE (id);
CREATE TABLE d.self_default PARTITION OF d.self DEFAULT;
SELECT d.manage('d.self', 'id', '10');
INSERT INTO d.self SELECT n, CASE WHEN n > 5 THEN n - 5 ELSE n + 20 END FROM generate_series(1, 25) n;
SELECT partman.partition_data_id('d.self'), partman.partition_data_id('d.self', 2);
SELECT d.try('DELETE FROM d.self WHERE id = 12') ~ '^23503' AS key_holds, d.try('INSERT INTO d.self VALUES (5000, 77)') ~ '^23503' AS too;

-- a key that only the template has is checked while rows move; nothing is changed when it does not hold
CREATE TABLE d.uq (k int NOT NULL, code text) PARTITION BY RANGE (k);
CREATE TABLE d.uq_default PARTITION OF d.uq DEFAULT;
CREATE TABLE d.uq_template (LIKE d.uq);
CREATE UNIQUE INDEX ON d.uq_template (code);
SELECT d.manage('d.uq', 'k', '10');
UPDATE partman.part_config SET template_table = 'd.uq_template' WHERE parent_table = 'd.uq';
INSERT INTO d.uq VALUES (1, 'a'), (2, 'a'), (11, 'a');
SELECT d.try($$SELECT partman.partition_data_id('d.uq', 2)$$);
SELECT * FROM d.spread('d.uq');
DELETE FROM d.uq WHERE k = 2;
SELECT partman.partition_data_id('d.uq', 2);

-- deferrable keys are checked at once for the rows moved; what the caller deferred stays deferred
CREATE TABLE d.de (k int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, kind int REFERENCES d.kind DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (k);
CREATE TABLE d.de_default PARTITION OF d.de DEFAULT;
CREATE TABLE d.other (kind int REFERENCES d.kind DEFERRABLE INITIALLY DEFERRED);
SELECT d.manage('d.de', 'k', '10');
INSERT INTO d.de VALUES (1, 1), (2, 2), (15, 3);
BEGIN;
INSERT INTO d.other VALUES (99);
SELECT partman.partition_data_id('d.de', 2);
SELECT conname, condeferrable, condeferred FROM pg_constraint WHERE conrelid = 'd.de_p0'::regclass AND contype <> 'n' ORDER BY 1;
INSERT INTO d.de VALUES (2, 2);
DELETE FROM d.de WHERE k = 2;
INSERT INTO d.de VALUES (2, 4);
DELETE FROM d.other;
COMMIT;
SELECT tableoid::regclass, * FROM d.de ORDER BY k;

-- rows of this very transaction, a savepoint, and a rolled back move
CREATE TABLE d.tx (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.tx_default PARTITION OF d.tx DEFAULT;
SELECT d.manage('d.tx', 'k', '10');
BEGIN;
INSERT INTO d.tx VALUES (1), (2);
SAVEPOINT s;
SELECT partman.partition_data_id('d.tx');
ROLLBACK TO s;
SELECT * FROM d.spread('d.tx');
INSERT INTO d.tx VALUES (3);
SELECT partman.partition_data_id('d.tx');
COMMIT;
SELECT * FROM d.spread('d.tx');

-- names: taken, quoted
CREATE TABLE d."Up Per" ("Key" int NOT NULL, "a""b" text) PARTITION BY RANGE ("Key");
CREATE TABLE d."Re st" PARTITION OF d."Up Per" DEFAULT;
SELECT d.manage('d.Up Per', 'Key', '10');
INSERT INTO d."Up Per" VALUES (1, 'x'), (11, 'y');
SELECT partman.partition_data_id('d.Up Per', 2);
SELECT * FROM d.spread('d."Up Per"');
CREATE TABLE d.tx_p10 ();
INSERT INTO d.tx VALUES (12);
SELECT d.try($$SELECT partman.partition_data_id('d.tx')$$);
DROP TABLE d.tx_p10;

-- refused: other kinds of default, other intervals, what is not built yet, other functions' sets
CREATE TABLE d.par (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.par_default PARTITION OF d.par DEFAULT PARTITION BY HASH (k);
CREATE ACCESS METHOD heap_of_another_name TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE d.am (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.am_default PARTITION OF d.am DEFAULT USING heap_of_another_name;
CREATE TABLE d.ru (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.ru_default PARTITION OF d.ru DEFAULT;
CREATE RULE r AS ON DELETE TO d.ru_default DO INSTEAD NOTHING;
CREATE TABLE d.no (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.rls (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.rls_default PARTITION OF d.rls DEFAULT;
INSERT INTO d.rls VALUES (1);
CREATE ROLE regress_strata_owner;
GRANT USAGE, CREATE ON SCHEMA d TO regress_strata_owner;
ALTER TABLE d.rls OWNER TO regress_strata_owner;
ALTER TABLE d.rls_default OWNER TO regress_strata_owner;
ALTER TABLE d.rls_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT d.manage(t, 'k', '10') FROM unnest('{d.par,d.am,d.ru,d.no,d.rls}'::text[]) t;
SELECT d.try($$SELECT partman.partition_data_id('d.par')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_id('d.am')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_id('d.ru')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_id('d.no')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_id('d.rls')$$);
SELECT d.try($$SELECT partman.partition_data_time('d.i4')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_id('d.tz')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_id('d.i4', p_batch_interval => 5)$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_time('d.tz', p_batch_interval => '1 hour')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_time('d.tz', p_order => 'asc')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_time('d.tz', p_source_table => 'd.before')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_time('d.tz', p_ignored_columns => '{id}')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_time('d.nothing')$$) UNION ALL
SELECT d.try($$SELECT partman.partition_data_time(NULL)$$);
UPDATE partman.part_config SET undo_in_progress = true WHERE parent_table = 'd.tz';
SELECT d.try($$SELECT partman.partition_data_time('d.tz')$$);
UPDATE partman.part_config SET undo_in_progress = false WHERE parent_table = 'd.tz';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT d.try($$SELECT partman.partition_data_time('d.tz')$$);
COMMIT;

-- rights: those of the owner, exercised as the owner
CREATE ROLE regress_strata_stranger;
GRANT USAGE ON SCHEMA partman, d TO regress_strata_stranger, regress_strata_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA partman TO regress_strata_stranger, regress_strata_owner;
ALTER TABLE d.tx OWNER TO regress_strata_owner;
ALTER TABLE d.tx_default OWNER TO regress_strata_owner;
ALTER TABLE d.tx_p0 OWNER TO regress_strata_owner;
SET ROLE regress_strata_stranger;
SELECT d.try($$SELECT partman.partition_data_id('d.tx')$$);
SET ROLE regress_strata_owner;
SELECT partman.partition_data_id('d.tx');
RESET ROLE;
INSERT INTO d.tx VALUES (22);
REVOKE CREATE ON SCHEMA d FROM regress_strata_owner;
SET ROLE regress_strata_owner;
SELECT d.try($$SELECT partman.partition_data_id('d.tx')$$);
RESET ROLE;
SELECT partman.partition_data_id('d.tx');
SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('tx_p10', 'tx_p20') ORDER BY 1;

-- published deletions need a replica identity
CREATE TABLE d.pub (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.pub_default PARTITION OF d.pub DEFAULT;
SELECT d.manage('d.pub', 'k', '10');
INSERT INTO d.pub VALUES (1);
SET client_min_messages = error;
CREATE PUBLICATION d_pub FOR TABLE d.pub;
RESET client_min_messages;
SELECT d.try($$SELECT partman.partition_data_id('d.pub')$$);
ALTER TABLE d.pub REPLICA IDENTITY FULL;
ALTER TABLE d.pub_default REPLICA IDENTITY FULL;
SELECT partman.partition_data_id('d.pub');
DROP PUBLICATION d_pub;

-- the procedure: a transaction per partition, notices, limits
CREATE TABLE d.pr (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE d.pr_default PARTITION OF d.pr DEFAULT;
SELECT d.manage('d.pr', 'k', '10');
INSERT INTO d.pr SELECT generate_series(0, 49);
CALL partman.partition_data_proc('d.pr', 2, p_wait => 0);
CALL partman.partition_data_proc('d.pr', 1, '10', p_wait => 0, p_order => 'DESC');
SELECT * FROM d.spread('d.pr');
CALL partman.partition_data_proc('d.pr', p_wait => 0, p_quiet => true);
SELECT * FROM d.spread('d.pr');
CALL partman.partition_data_proc('d.pr');
\set VERBOSITY verbose
\set SHOW_CONTEXT never
BEGIN;
CALL partman.partition_data_proc('d.pr');
ROLLBACK;
\set VERBOSITY default
SELECT count(*) AS advisory_locks FROM pg_locks WHERE locktype = 'advisory';

-- locks: ACCESS EXCLUSIVE on parent and default to the end of the caller's transaction, EXCLUSIVE on nothing else
INSERT INTO d.pr VALUES (60), (70);
BEGIN;
SELECT partman.partition_data_id('d.pr', 2);
SELECT relation::regclass, mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE pid = pg_backend_pid() AND c.relname ~ '^pr' AND mode IN ('ExclusiveLock', 'AccessExclusiveLock') ORDER BY 1, 2;
COMMIT;

SET client_min_messages = warning;
DROP SCHEMA d CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman;
DROP ACCESS METHOD heap_of_another_name;
DROP OWNED BY regress_strata_owner, regress_strata_stranger;
DROP ROLE regress_strata_owner, regress_strata_stranger;
