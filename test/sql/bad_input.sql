-- Bad input: each an error that names the object, with SQLSTATE and HINT, before anything changed.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA b;
SET TimeZone = 'UTC';

-- Everything a refused call could have changed.
CREATE FUNCTION b.state() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat(
        (SELECT string_agg(concat_ws(' ', oid, relname, relkind, relowner, relacl, relispartition, reloptions), E'\n' ORDER BY oid) FROM pg_class
         WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')),
        (SELECT string_agg(c::text, E'\n' ORDER BY c::text) FROM partman.part_config c),
        (SELECT string_agg(c::text, E'\n' ORDER BY c::text) FROM partman.part_policy c),
        (SELECT string_agg(c::text, E'\n' ORDER BY c::text) FROM partman.part_pending_drop c)))
$$;
-- Runs a statement and prints how it ended; what is accepted is undone.
CREATE PROCEDURE b.try(statement text) LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RAISE SQLSTATE 'XX999';
EXCEPTION
    WHEN SQLSTATE 'XX999' THEN
        RAISE INFO 'accepted';
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        detail := regexp_replace(detail, '^Failing row.*', '');
        RAISE INFO E'%: %', state, concat(message, E'\n    DETAIL  ' || nullif(detail, ''), E'\n    HINT    ' || nullif(hint, ''),
            CASE WHEN hint = '' THEN E'\n    NO HINT' END);
END $$;
CREATE PROCEDURE b.create(VARIADIC arguments text[]) LANGUAGE plpgsql AS $$
BEGIN
    CALL b.try(format('SELECT partman.create_parent(%s)', array_to_string(arguments, ', ')));
END $$;

CREATE TABLE b.good (at timestamptz NOT NULL, at2 timestamptz NOT NULL, n int, nn int NOT NULL, txt text NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE b.ids (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE b.small (id smallint NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE b.dates (d date NOT NULL) PARTITION BY RANGE (d);
CREATE TABLE b.plain (at timestamptz NOT NULL);
CREATE VIEW b.view AS SELECT now() AS at;
CREATE MATERIALIZED VIEW b.matview AS SELECT now() AS at;
CREATE SEQUENCE b.sequence;
CREATE INDEX plain_index ON b.plain (at);
CREATE TABLE b.list (id int NOT NULL) PARTITION BY LIST (id);
CREATE TABLE b.hash (id int NOT NULL) PARTITION BY HASH (id);
CREATE TABLE b.two (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a, b);
CREATE TABLE b.expr (id int NOT NULL) PARTITION BY RANGE ((id + 1));
CREATE TABLE b.nullable (at timestamptz) PARTITION BY RANGE (at);
CREATE TABLE b.text (k text NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE b.float (k float8 NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE b.numeric (k numeric NOT NULL) PARTITION BY RANGE (k);
CREATE DOMAIN b.day AS date;
CREATE TABLE b.domain (k b.day NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE b."with.period" (at timestamptz NOT NULL) PARTITION BY RANGE (at);

SELECT b.state() AS before \gset
-- the table
CALL b.create($$'b.missing', 'at', '1 day'$$);
CALL b.create($$'nowhere.t', 'at', '1 day'$$);
CALL b.create($$'good', 'at', '1 day'$$);
CALL b.create($$'b.with.period', 'at', '1 day'$$);
CALL b.create($$'"b"."good"', 'at', '1 day'$$);
CALL b.create($$'B.GOOD', 'at', '1 day'$$);
CALL b.create($$'', 'at', '1 day'$$);
CALL b.create($$'.', 'at', '1 day'$$);
CALL b.create($$NULL, 'at', '1 day'$$);
CALL b.create($$'b.view', 'at', '1 day'$$);
CALL b.create($$'b.matview', 'at', '1 day'$$);
CALL b.create($$'b.sequence', 'at', '1 day'$$);
CALL b.create($$'b.plain_index', 'at', '1 day'$$);
CALL b.create($$'b.plain', 'at', '1 day'$$);
CALL b.create($$'b.list', 'id', '10'$$);
CALL b.create($$'b.hash', 'id', '10'$$);

-- the key
CALL b.create($$'b.good', 'missing', '1 day'$$);
CALL b.create($$'b.good', 'AT', '1 day'$$);
CALL b.create($$'b.good', NULL, '1 day'$$);
CALL b.create($$'b.good', 'at2', '1 day'$$);
CALL b.create($$'b.good', 'nn', '10'$$);
CALL b.create($$'b.good', 'n', '10'$$);
CALL b.create($$'b.good', 'ctid', '10'$$);
CALL b.create($$'b.two', 'a', '10'$$);
CALL b.create($$'b.expr', 'id', '10'$$);
CALL b.create($$'b.nullable', 'at', '1 day'$$);
CALL b.create($$'b.text', 'k', '1 day'$$);
CALL b.create($$'b.float', 'k', '10'$$);
CALL b.create($$'b.numeric', 'k', '10'$$);
CALL b.create($$'b.domain', 'k', '1 day'$$);

-- the interval
CALL b.create($$'b.good', 'at', '0 days'$$);
CALL b.create($$'b.good', 'at', '-1 day'$$);
CALL b.create($$'b.good', 'at', '1 mon 1 day'$$);
CALL b.create($$'b.good', 'at', '1 mon 01:00'$$);
CALL b.create($$'b.good', 'at', '1 day 01:00'$$);
CALL b.create($$'b.good', 'at', '0.5 seconds'$$);
CALL b.create($$'b.good', 'at', '1.5 seconds'$$);
CALL b.create($$'b.good', 'at', 'banana'$$);
CALL b.create($$'b.good', 'at', ''$$);
CALL b.create($$'b.good', 'at', NULL$$);
CALL b.create($$'b.good', 'at', 'daily'$$);
CALL b.create($$'b.good', 'at', 'quarter-hour'$$);
CALL b.create($$'b.good', 'at', '999999999 years'$$);
CALL b.create($$'b.good', 'at', '100000 years'$$);
CALL b.create($$'b.dates', 'd', '1 hour'$$);
CALL b.create($$'b.dates', 'd', '36 hours'$$);
CALL b.create($$'b.ids', 'id', '0'$$);
CALL b.create($$'b.ids', 'id', '1'$$);
CALL b.create($$'b.ids', 'id', '-10'$$);
CALL b.create($$'b.ids', 'id', '1 day'$$);
CALL b.create($$'b.ids', 'id', '10.5'$$);
CALL b.create($$'b.ids', 'id', '3000000000'$$);
CALL b.create($$'b.small', 'id', '40000'$$);
CALL b.create($$'b.small', 'id', '10000'$$);
CALL b.create($$'b.ids', 'id', '99999999999999999999'$$);

-- options
CALL b.create($$'b.good', 'at', '1 day', p_premake := 0$$);
CALL b.create($$'b.good', 'at', '1 day', p_premake := -4$$);
CALL b.create($$'b.good', 'at', '1 day', p_premake := NULL$$);
CALL b.create($$'b.good', 'at', '1 day', p_type := 'native'$$);
CALL b.create($$'b.good', 'at', 'native', '1 day'$$);
CALL b.create($$'b.good', 'at', '1 day', p_type := 'RANGE'$$);
CALL b.create($$'b.good', 'at', '1 day', p_type := 'list'$$);
CALL b.create($$'b.good', 'at', '1 day', p_epoch := 'years'$$);
CALL b.create($$'b.good', 'at', '1 day', p_epoch := 'seconds'$$);
CALL b.create($$'b.good', 'at', '1 day', p_automatic_maintenance := 'yes'$$);
CALL b.create($$'b.good', 'at', '1 day', p_constraint_cols := '{missing}'$$);
CALL b.create($$'b.good', 'at', '1 day', p_template_table := 'b.missing'$$);
CALL b.create($$'b.good', 'at', '1 day', p_template_table := 'template'$$);
CALL b.create($$'b.good', 'at', '1 day', p_template_table := 'b.view'$$);
CALL b.create($$'b.good', 'at', '1 day', p_date_trunc_interval := 'fortnight'$$);
CALL b.create($$'b.good', 'at', '1 day', p_time_encoder := 'b.f', p_time_decoder := 'b.g'$$);

-- the start
CALL b.create($$'b.good', 'at', '1 day', p_start_partition := 'banana'$$);
CALL b.create($$'b.good', 'at', '1 day', p_start_partition := '2026-02-30'$$);
CALL b.create($$'b.good', 'at', '1 day', p_start_partition := 'infinity'$$);
CALL b.create($$'b.good', 'at', '1 day', p_start_partition := '294276-12-31'$$);
CALL b.create($$'b.good', 'at', '1 month', p_start_partition := '2099-01-31', p_date_trunc_interval := 'day'$$);
CALL b.create($$'b.ids', 'id', '10', p_start_partition := '2026-01-01'$$);
CALL b.create($$'b.ids', 'id', '10', p_start_partition := '2147483640'$$);
CALL b.create($$'b.ids', 'id', '10', p_offset_id := 9223372036854775807$$);

-- more children than the lock table holds, and more than anybody means
CALL b.create($$'b.ids', 'id', '10', p_premake := 2147483647$$);
DO $$
DECLARE state text; message text; hint text;
BEGIN
    PERFORM partman.create_parent('b.good', 'at', '1 hour', p_premake := 4900);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RAISE INFO E'%: %\n    HINT    %', state, regexp_replace(message, '\d+', 'N', 'g'), hint;
END $$;
CALL b.create($$'b.good', 'at', '1 minute', p_start_partition := '2001-01-01'$$);

-- nothing of all that left a trace
SELECT b.state() = :'before' AS unchanged;

-- names that are taken: a table, a view, a child with other bounds
CREATE TABLE b.taken (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE b.taken_p10 (id int);
CALL b.create($$'b.taken', 'id', '10'$$);
DROP TABLE b.taken_p10;
CREATE VIEW b.taken_p10 AS SELECT 1;
CALL b.create($$'b.taken', 'id', '10'$$);
DROP VIEW b.taken_p10;
CREATE TABLE b.taken_p10 PARTITION OF b.taken FOR VALUES FROM (20) TO (30);
CALL b.create($$'b.taken', 'id', '10'$$);
DROP TABLE b.taken_p10;
CREATE TABLE b.taken_default (other text);
CALL b.create($$'b.taken', 'id', '10'$$);
DROP TABLE b.taken_default;
CREATE SEQUENCE b.taken_default;
CALL b.create($$'b.taken', 'id', '10'$$);

-- sets that exist: a second time, overlapping children, the wrong function, rows in the way
SELECT partman.create_parent('b.good', 'at', '1 day', p_start_partition := '2099-01-01');
SELECT partman.create_parent('b.ids', 'id', '10', p_start_partition := '0');
CALL b.create($$'b.good', 'at', '1 day'$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-01-01 12:00'::timestamptz])$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-05-01', '2098-12-31 12:00']::timestamptz[])$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-05-01', '2099-05-01 12:00']::timestamptz[])$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-05-01', NULL]::timestamptz[])$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['infinity']::timestamptz[])$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', NULL)$$);
CALL b.try($$SELECT partman.create_partition_time('b.ids', ARRAY[now()])$$);
CALL b.try($$SELECT partman.create_partition_time('b.unmanaged', ARRAY[now()])$$);
CALL b.try($$SELECT partman.create_partition_time(NULL, ARRAY[now()])$$);
CALL b.try($$SELECT partman.create_partition_id('b.ids', ARRAY[100, 45])$$);
CALL b.try($$SELECT partman.create_partition_id('b.ids', ARRAY[9223372036854775807])$$);
CALL b.try($$SELECT partman.create_partition_id('b.ids', ARRAY[3000000000])$$);
CALL b.try($$SELECT partman.create_partition_id('b.good', ARRAY[10])$$);
INSERT INTO b.good (at, at2, nn, txt) VALUES ('2099-03-01', now(), 1, '');
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-02-28', '2099-03-01']::timestamptz[])$$);
-- what the configuration may not say
CALL b.try($$UPDATE partman.part_config SET retention = '10' WHERE parent_table = 'b.good'$$);
CALL b.try($$UPDATE partman.part_config SET retention = 'banana' WHERE parent_table = 'b.good'$$);
CALL b.try($$UPDATE partman.part_config SET premake = 0 WHERE parent_table = 'b.good'$$);
CALL b.try($$UPDATE partman.part_config SET partition_interval = '1 mon 1 day' WHERE parent_table = 'b.good'$$);
CALL b.try($$UPDATE partman.part_config SET automatic_maintenance = 'sometimes' WHERE parent_table = 'b.good'$$);
CALL b.try($$UPDATE partman.part_policy SET lock_timeout_ms = 0 WHERE parent_table = 'b.good'$$);
UPDATE partman.part_policy SET time_zone = 'Mars/Base' WHERE parent_table = 'b.good';
CALL b.try($$SELECT partman.run_maintenance('b.good')$$);
UPDATE partman.part_policy SET time_zone = 'UTC' WHERE parent_table = 'b.good';
CALL b.try($$SELECT partman.run_maintenance('b.unmanaged')$$);
CALL b.try($$SELECT * FROM partman.plan_maintenance('b.unmanaged')$$);
CALL b.try($$CALL partman.run_maintenance_proc()$$);

-- rights: a stranger, who learns and changes nothing; the owner without CREATE on the schema
CREATE ROLE regress_strata_stranger;
CREATE ROLE regress_strata_owner;
GRANT USAGE ON SCHEMA b, partman TO regress_strata_stranger, regress_strata_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_policy, partman.part_pending_drop, partman.part_config_sub TO regress_strata_stranger, regress_strata_owner;
GRANT CREATE ON SCHEMA partman TO regress_strata_stranger, regress_strata_owner;
CREATE TABLE b.fresh (id int NOT NULL) PARTITION BY RANGE (id);
SELECT b.state() AS before \gset
SET ROLE regress_strata_stranger;
CALL b.create($$'b.fresh', 'id', '10'$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-07-01'::timestamptz])$$);
CALL b.try($$SELECT partman.create_partition_id('b.ids', ARRAY[1000])$$);
CALL b.try($$SELECT partman.run_maintenance('b.good')$$);
CALL b.try($$SELECT * FROM partman.plan_maintenance('b.good')$$);
CALL b.try($$SELECT partman.partition_data_time('b.good', 10)$$);
CALL b.try($$SELECT partman.drop_partition_time('b.good', '1 day')$$);
CALL b.try($$SELECT partman.drop_partition_id('b.ids', 10)$$);
CALL b.try($$SELECT * FROM partman.show_partitions('b.good')$$);
SELECT count(*) FROM partman.plan_maintenance();
SELECT count(*) FROM partman.check_default();
SELECT partman.run_maintenance();
RESET ROLE;
SELECT b.state() = :'before' AS unchanged;
-- neither of a set that cannot be worked on
UPDATE partman.part_policy SET time_zone = 'Mars/Base' WHERE parent_table = 'b.good';
SET ROLE regress_strata_stranger;
SELECT count(*) FROM partman.plan_maintenance();
CALL b.try($$SELECT * FROM partman.plan_maintenance('b.good')$$);
CALL b.try($$SELECT partman.run_maintenance('b.good')$$);
CALL b.try($$SELECT partman.create_partition_time('b.good', ARRAY['2099-07-01'::timestamptz])$$);
CALL b.try($$SELECT partman.partition_data_time('b.good', 10)$$);
CALL b.try($$SELECT partman.drop_partition_time('b.good', '1 day')$$);
RESET ROLE;
UPDATE partman.part_policy SET time_zone = 'UTC' WHERE parent_table = 'b.good';
ALTER TABLE b.fresh OWNER TO regress_strata_owner;
SET ROLE regress_strata_owner;
CALL b.create($$'b.fresh', 'id', '10'$$);
RESET ROLE;
-- a superuser calling for him gets the work done, and the owner gets the children
SELECT partman.create_parent('b.fresh', 'id', '10', p_premake := 1);
SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^(template_b_)?fresh' ORDER BY 1;
-- without the right to write the configuration
REVOKE ALL ON partman.part_config FROM regress_strata_owner;
GRANT CREATE ON SCHEMA b TO regress_strata_owner;
CREATE TABLE b.fresh2 (id int NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE b.fresh2 OWNER TO regress_strata_owner;
SET ROLE regress_strata_owner;
CALL b.create($$'b.fresh2', 'id', '10'$$);
RESET ROLE;
-- or to make the template
GRANT ALL ON partman.part_config TO regress_strata_owner;
REVOKE CREATE ON SCHEMA partman FROM regress_strata_owner;
SET ROLE regress_strata_owner;
CALL b.create($$'b.fresh2', 'id', '10'$$);
SELECT partman.create_parent('b.fresh2', 'id', '10', p_template_table := 'false');
RESET ROLE;

DROP SCHEMA b CASCADE;
DROP OWNED BY regress_strata_stranger, regress_strata_owner;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP ROLE regress_strata_stranger, regress_strata_owner;
