-- check_default: which default partitions hold rows, whoever asks and whatever stands in the way.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA d;

CREATE FUNCTION d.manage(parent text, control text, width text)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
    VALUES (parent, control, 'range', width);
    INSERT INTO partman.part_policy (parent_table, time_zone, parent_oid, database_oid, system_identifier)
    SELECT parent, 'UTC', c.oid, b.oid, y.system_identifier
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, pg_database AS b, pg_control_system() AS y
    WHERE n.nspname || '.' || c.relname = parent AND b.datname = current_database();
$$;

SELECT * FROM partman.check_default();

-- time, with infinities and a missing key; numbers; a name that needs quotes; one empty; one emptied; one without default
CREATE TABLE d.time (at timestamptz, x int) PARTITION BY RANGE (at);
CREATE TABLE d.time_p20260101 PARTITION OF d.time FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-01-02 00:00+00');
CREATE TABLE d.time_default PARTITION OF d.time DEFAULT;
INSERT INTO d.time VALUES ('2026-01-01 12:00+00'), ('2026-02-01 00:00+00'), ('2026-02-02 00:00+00'), ('infinity'), ('-infinity'), (NULL);
CREATE TABLE d.dates (day date) PARTITION BY RANGE (day);
CREATE TABLE d.dates_default PARTITION OF d.dates DEFAULT;
INSERT INTO d.dates VALUES ('infinity');
CREATE TABLE d.id (id bigint) PARTITION BY RANGE (id);
CREATE TABLE d.id_default PARTITION OF d.id DEFAULT;
INSERT INTO d.id SELECT generate_series(1, 1000);
CREATE TABLE d."Up Per" (id int) PARTITION BY RANGE (id);
CREATE TABLE d."The Rest" PARTITION OF d."Up Per" DEFAULT;
INSERT INTO d."Up Per" VALUES (7);
CREATE TABLE d.empty (id int) PARTITION BY RANGE (id);
CREATE TABLE d.empty_default PARTITION OF d.empty DEFAULT;
CREATE TABLE d.emptied (id int) PARTITION BY RANGE (id);
CREATE TABLE d.emptied_default PARTITION OF d.emptied DEFAULT;
INSERT INTO d.emptied VALUES (1);
DELETE FROM d.emptied;
CREATE TABLE d.bare (id int) PARTITION BY RANGE (id);
SELECT d.manage('d.time', 'at', '1 day'), d.manage('d.dates', 'day', '1 day'), d.manage('d.id', 'id', '10'),
       d.manage('d.Up Per', 'id', '10'), d.manage('d.empty', 'id', '10'), d.manage('d.emptied', 'id', '10'),
       d.manage('d.bare', 'id', '10');
SELECT * FROM partman.check_default() ORDER BY 1;
SELECT * FROM partman.check_default(false) ORDER BY 1;
SELECT * FROM partman.check_default(p_ignore_infinity => true) ORDER BY 1;
SELECT * FROM partman.check_default(false, true) ORDER BY 1;
SELECT * FROM partman.check_default(NULL, NULL) ORDER BY 1;

-- rows of this transaction count, also when the file was just rewritten
BEGIN;
INSERT INTO d.empty VALUES (1);
SELECT * FROM partman.check_default() WHERE default_table = 'd.empty_default';
ROLLBACK;
CREATE INDEX i ON d.id_default (id);
BEGIN;
CLUSTER d.id_default USING i;
SELECT * FROM partman.check_default() WHERE default_table = 'd.id_default';
COMMIT;

-- sets that maintenance refuses are watched all the same
CREATE TABLE d.list (id int) PARTITION BY LIST (id);
CREATE TABLE d.list_default PARTITION OF d.list DEFAULT;
INSERT INTO d.list VALUES (1);
CREATE TABLE d.text (k text) PARTITION BY RANGE (k);
CREATE TABLE d.text_default PARTITION OF d.text DEFAULT;
INSERT INTO d.text VALUES ('x');
CREATE TABLE d.two (a int, b int) PARTITION BY RANGE (a, b);
CREATE TABLE d.two_default PARTITION OF d.two DEFAULT;
INSERT INTO d.two VALUES (1, 2);
CREATE FUNCTION d.enc(timestamptz) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE FUNCTION d.dec(text) RETURNS timestamptz LANGUAGE sql AS 'SELECT $1::timestamptz';
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, epoch, time_encoder, time_decoder)
VALUES ('d.list', 'id', 'list', '1', 'none', NULL, NULL), ('d.text', 'k', 'range', '1 day', 'none', 'd.enc', 'd.dec'),
       ('d.two', 'a', 'range', '10', 'none', NULL, NULL);
SELECT * FROM partman.check_default() WHERE default_table ~ '(list|text|two)' ORDER BY 1;
SELECT * FROM partman.check_default(p_ignore_infinity => true) WHERE default_table ~ '(list|text|two)' ORDER BY 1;

-- ONLY the default itself: what its partitions hold belongs to a set of their own
CREATE TABLE d.deep (id int) PARTITION BY RANGE (id);
CREATE TABLE d.deep_default PARTITION OF d.deep DEFAULT PARTITION BY RANGE (id);
CREATE TABLE d.deeper PARTITION OF d.deep_default DEFAULT;
INSERT INTO d.deep VALUES (1);
SELECT d.manage('d.deep', 'id', '10'), d.manage('d.deep_default', 'id', '10');
SELECT * FROM partman.check_default() WHERE default_table ~ 'deep' ORDER BY 1;

-- renamed and dropped parents
ALTER TABLE d.id RENAME TO numbers;
DROP TABLE d."Up Per";
SELECT * FROM partman.check_default() ORDER BY 1;
DELETE FROM partman.part_config WHERE parent_table <> 'd.time';

-- rights: what one may not look at is left out; a policy that hides rows is not talked around
CREATE ROLE regress_strata_reader;
CREATE ROLE regress_strata_owner;
GRANT USAGE ON SCHEMA partman TO regress_strata_reader;
SET ROLE regress_strata_reader;
\set VERBOSITY terse
SELECT * FROM partman.check_default();
\set VERBOSITY default
RESET ROLE;
GRANT SELECT ON partman.part_config, partman.part_policy TO regress_strata_reader;
SET ROLE regress_strata_reader;
SELECT * FROM partman.check_default();
RESET ROLE;
GRANT SELECT ON d.time TO regress_strata_reader;
SET ROLE regress_strata_reader;
SELECT * FROM partman.check_default();
RESET ROLE;
ALTER TABLE d.time ENABLE ROW LEVEL SECURITY;
SET ROLE regress_strata_reader;
SELECT * FROM partman.check_default();
RESET ROLE;
SELECT * FROM partman.check_default();
ALTER TABLE d.time DISABLE ROW LEVEL SECURITY;

-- the owner's code runs as the owner, also for a superuser
GRANT ALL ON SCHEMA d TO regress_strata_owner;
CREATE TABLE d.owned (at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE d.owned_default PARTITION OF d.owned DEFAULT;
INSERT INTO d.owned VALUES ('2026-01-01');
CREATE FUNCTION d.spy(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE WARNING 'runs as %', current_user;
    RETURN true;
END $$;
ALTER TABLE d.owned OWNER TO regress_strata_owner;
ALTER TABLE d.owned_default OWNER TO regress_strata_owner;
ALTER FUNCTION d.spy OWNER TO regress_strata_owner;
SELECT d.manage('d.owned', 'at', '1 day');
SET client_min_messages = error;
ALTER TABLE d.owned_default ADD CHECK (d.spy(1));
SET client_min_messages = warning;
SET constraint_exclusion = on;
SELECT * FROM partman.check_default(p_ignore_infinity => true) WHERE default_table = 'd.owned_default';
RESET constraint_exclusion;

-- one set's failure hides no other
ALTER TABLE d.owned_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT * FROM partman.check_default() ORDER BY 1;
SELECT current_user = session_user AS same_user, current_setting('search_path') AS search_path;

DROP SCHEMA d CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman;
DROP ROLE regress_strata_reader, regress_strata_owner;
