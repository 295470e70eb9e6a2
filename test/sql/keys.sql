-- One life over every kind of key: create, fill, drain, maintain, retire, show. Fixed dates; what the clock makes is
-- only compared. Times are read in UTC, so that bounds are round numbers.
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0; -- rows in the default stay in the way
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
CREATE SCHEMA k;
CREATE FUNCTION k.enc(timestamptz) RETURNS text LANGUAGE sql AS
    $$ SELECT 'K' || pg_catalog.to_char($1 AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') $$;
CREATE FUNCTION k.dec(text) RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT pg_catalog.to_timestamp(pg_catalog.substr($1, 2), 'YYYYMMDDHH24MISS') $$;
-- A state, a message, a hint; for what must be refused.
CREATE FUNCTION k.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE state text; message text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
    RETURN state || ': ' || message;
END $$;
CREATE VIEW k.bounds AS
    SELECT p.relname AS parent, c.relname AS child, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relnamespace = 'k'::regnamespace AND p.relkind = 'p';

CREATE TABLE k.sec (ts int NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.small (ts int2 NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.ms (ts bigint NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.us (ts bigint NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.ns (ts bigint NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.msnum (ts numeric NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.uuid (ts uuid NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.text (ts text COLLATE "C" NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.varchar (ts varchar COLLATE "C" NOT NULL, v int) PARTITION BY RANGE (ts);
CREATE TABLE k.num (id numeric, v int) PARTITION BY RANGE (id);
CREATE TABLE k.list (id int, v int) PARTITION BY LIST (id);
CREATE TABLE k.tens (id bigint NOT NULL, v int) PARTITION BY LIST (id);

-- creation at fixed times: without maintenance of their own only what is asked for
CREATE FUNCTION k.make(t text, epoch text, VARIADIC more text[] DEFAULT '{}') RETURNS boolean LANGUAGE sql AS $$
    SELECT partman.create_parent('k.' || t, 'ts', '1 day', p_epoch := epoch, p_premake := 1,
                                 p_start_partition := (current_date + 1)::text,
                                 p_time_encoder := more[1], p_time_decoder := more[2]) $$;
SELECT k.make('sec', 'seconds'), k.make('ms', 'milliseconds'), k.make('us', 'microseconds'),
       k.make('ns', 'nanoseconds'), k.make('msnum', 'milliseconds'),
       k.make('uuid', 'none', 'partman.uuid7_time_encoder', 'uuid7_time_decoder'),
       k.make('text', 'none', 'k.enc', 'k.dec'), k.make('varchar', 'none', 'k.enc', 'k.dec');
SELECT count(*), bool_and(child ~ (to_char(current_date + 1, '_pYYYYMMDD') || '$'))
FROM k.bounds WHERE bound <> 'DEFAULT';
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT child FROM k.bounds WHERE bound <> 'DEFAULT' LOOP
        EXECUTE format('DROP TABLE k.%I', name);
    END LOOP;
END $$;
SELECT partman.create_partition_time('k.' || t, '{2024-02-28,2024-02-29}')
FROM unnest('{sec,ms,us,ns,msnum,uuid,text,varchar}'::text[]) t;
-- seconds in an int2 end in the first hours of 1970, so nothing can be made for the present
SELECT substr(k.try($$SELECT partman.create_parent('k.small', 'ts', '1 hour', p_epoch := 'seconds')$$), 1, 5);
-- before 1970: no CHECK, as its division would round the other way; the row a microsecond before is inside
SELECT partman.create_partition_time('k.us', '{1969-12-31}');
INSERT INTO k.us VALUES (-1);
SELECT tableoid::regclass, (SELECT count(*) FROM pg_constraint WHERE conrelid = tableoid AND contype = 'c') FROM k.us;
DROP TABLE k.us_p19691231;
SELECT partman.create_parent('k.num', 'id', '10', p_premake := 1, p_control_not_null := false),
       partman.create_parent('k.list', 'id', '1', p_type := 'list', p_premake := 2, p_control_not_null := false),
       partman.create_parent('k.tens', 'id', '10', 'list', p_premake := 1, p_offset_id := 5);
SELECT * FROM k.bounds ORDER BY parent COLLATE "C", child COLLATE "C";
SELECT conrelid::regclass, conname, regexp_replace(pg_get_constraintdef(oid), '::timestamp with time zone', '', 'g')
FROM pg_constraint WHERE conname ~ '_partition_check$' AND conname ~ '0229' ORDER BY conname;
SELECT parent_table, partition_interval, partition_type, epoch, time_encoder, time_decoder, datetime_string
FROM partman.part_config ORDER BY parent_table;

-- looking
SELECT p, (partman.show_partition_name('k.' || p, '2024-02-29 12:00')).* FROM
    unnest('{sec,ns,uuid,text}'::text[]) p;
SELECT i.* FROM unnest('{sec,ms,us,ns,msnum,uuid,text,varchar}'::text[]) p,
    partman.show_partition_info('k.' || p || '_p20240229') i;
SELECT i.* FROM unnest('{num_p10,list_p2,tens_p15}'::text[]) p, partman.show_partition_info('k.' || p) i;
SELECT * FROM partman.show_partitions('k.text', 'DESC', true);
SELECT * FROM partman.show_partition_name('k.list', '7');
SELECT k.try($$SELECT partman.show_partition_name('k.sec', '1709164800')$$);

-- filling and draining; the ends of a day, and what has no place
INSERT INTO k.sec SELECT extract(epoch FROM t) FROM unnest('{2024-02-27 23:59:59Z,2024-03-01 00:00Z,2024-03-01 23:59:59Z,2024-02-29 00:00Z}'::timestamptz[]) t;
INSERT INTO k.ms SELECT extract(epoch FROM t) * 1000 FROM unnest('{2024-02-27 23:59:59.999Z,2024-03-01 00:00Z}'::timestamptz[]) t;
INSERT INTO k.us SELECT extract(epoch FROM t) * 1000000 FROM unnest('{2024-02-27 23:59:59.999999Z,2024-03-01 00:00Z}'::timestamptz[]) t;
INSERT INTO k.ns SELECT extract(epoch FROM t)::numeric * 1000000000 - n FROM unnest('{2024-02-28 00:00Z,2024-03-01 00:00Z}'::timestamptz[], '{1,0}'::int[]) u(t, n);
INSERT INTO k.msnum VALUES (1709078399999.9999), (1709251200000);
INSERT INTO k.uuid VALUES ('018de848-2bff-7fff-bfff-ffffffffffff'), ('018df27c-fc00-7000-8000-000000000000');
INSERT INTO k.text VALUES ('K20240227235959'), ('K20240301000000');
INSERT INTO k.varchar VALUES ('K20240227235959'), ('K20240301000000');
INSERT INTO k.num VALUES (99.6), (-0.5), (-10), (5), (NULL), ('NaN');
INSERT INTO k.list VALUES (7), (7), (-3), (1), (NULL);
INSERT INTO k.tens VALUES (45), (45), (46), (5);
SELECT t, partman.partition_data_time('k.' || t, 10) FROM unnest('{sec,ms,us,ns,msnum,uuid,text}'::text[]) t;
CALL partman.partition_data_proc('k.varchar', p_wait := 0, p_quiet := true);
SELECT partman.partition_data_id('k.num', 10), partman.partition_data_id('k.list', 1), partman.partition_data_id('k.list', 10),
       partman.partition_data_id('k.tens', 10);
SELECT tableoid::regclass::text COLLATE "C" AS child, count(*) FROM k.sec GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.ms GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.us GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.ns GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.msnum GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.uuid GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.text GROUP BY 1
UNION ALL SELECT tableoid::regclass::text, count(*) FROM k.varchar GROUP BY 1
ORDER BY 1;
SELECT tableoid::regclass::text COLLATE "C" AS child, id FROM k.num UNION ALL SELECT tableoid::regclass::text, id FROM k.list
UNION ALL SELECT tableoid::regclass::text, id FROM k.tens ORDER BY 1, 2;
SELECT * FROM partman.check_default() ORDER BY 1;

-- maintenance: the last partition with rows is current
UPDATE partman.part_config SET premake = 2;
SELECT partman.run_maintenance();
SELECT count(*) FILTER (WHERE maintenance_last_run IS NOT NULL), count(*) FROM partman.part_config;
SELECT parent, count(*), (SELECT partition_tablename FROM partman.show_partitions('k.' || parent, 'DESC') LIMIT 1)
FROM k.bounds WHERE bound <> 'DEFAULT' GROUP BY parent ORDER BY parent COLLATE "C";
SELECT count(*) FROM partman.plan_maintenance();

-- retention
SELECT t, partman.drop_partition_time('k.' || t, '1 day', false, p_reference_timestamp := '2024-03-01 00:00:01Z')
FROM unnest('{sec,ms,us,ns,msnum,uuid,text,varchar}'::text[]) t;
SELECT partman.drop_partition_id('k.num', 90, false), partman.drop_partition_id('k.list', 5, false),
       partman.drop_partition_id('k.tens', 20, false);
SELECT parent, string_agg(child, ' ' ORDER BY child COLLATE "C") FROM k.bounds GROUP BY parent ORDER BY parent COLLATE "C";

-- default data that counts
UPDATE partman.part_config SET ignore_default_data = false;
INSERT INTO k.uuid VALUES (partman.uuid7_time_encoder('2024-03-10 12:00Z'));
INSERT INTO k.text VALUES (k.enc('2024-03-10 12:00Z'));
INSERT INTO k.ms VALUES (extract(epoch FROM '2024-03-10 12:00Z'::timestamptz) * 1000);
INSERT INTO k.num VALUES (150.5);
SELECT parent_table, lower_bound, upper_bound FROM partman.plan_maintenance() WHERE action = 'blocked' ORDER BY 1;
SELECT parent_table, count(*), max(partition_table) FROM partman.plan_maintenance() GROUP BY 1 ORDER BY 1;

-- refusals when a set is made
CREATE TABLE k.float (f float8 NOT NULL) PARTITION BY RANGE (f);
CREATE TABLE k.t (ts timestamptz NOT NULL, u uuid NOT NULL) PARTITION BY RANGE (ts);
CREATE TABLE k.u (u uuid NOT NULL) PARTITION BY RANGE (u);
CREATE TABLE k.i (i int NOT NULL) PARTITION BY RANGE (i);
CREATE TABLE k.il (i int NOT NULL) PARTITION BY LIST (i);
CREATE FUNCTION k.twice(text) RETURNS timestamptz LANGUAGE sql AS 'SELECT now()';
CREATE FUNCTION k.twice(varchar) RETURNS timestamptz LANGUAGE sql AS 'SELECT now()';
SELECT k.try('SELECT partman.create_parent(' || args || ')') FROM unnest(ARRAY[
    $$'k.float', 'f', '10'$$,
    $$'k.t', 'ts', '1 day', p_epoch := 'seconds'$$,
    $$'k.u', 'u', '1 day', p_epoch := 'seconds'$$,
    $$'k.u', 'u', '1 day'$$,
    $$'k.u', 'u', '1 day', p_time_encoder := 'partman.uuid7_time_encoder'$$,
    $$'k.t', 'ts', '1 day', p_time_encoder := 'k.enc', p_time_decoder := 'k.dec'$$,
    $$'k.u', 'u', '1 day', p_time_encoder := 'k.nothing', p_time_decoder := 'k.dec'$$,
    $$'k.u', 'u', '1 day', p_time_encoder := 'k.dec', p_time_decoder := 'k.enc'$$,
    $$'k.u', 'u', '1 day', p_time_encoder := 'k.enc', p_time_decoder := 'k.twice'$$,
    $$'k.u', 'u', '1 day', p_time_encoder := 'k.enc(now()); --', p_time_decoder := 'k.dec'$$,
    $$'k.i', 'i', '1'$$,
    $$'k.i', 'i', '0', 'list'$$,
    $$'k.i', 'i', '1', 'list'$$,
    $$'k.il', 'i', '10'$$,
    $$'k.il', 'i', '0', 'list'$$,
    $$'k.il', 'i', '1 day', 'list', 'seconds'$$,
    $$'k.i', 'i', '0.5 seconds', p_epoch := 'seconds'$$]) WITH ORDINALITY u(args, n) ORDER BY n;
SELECT count(*) FROM partman.part_config WHERE parent_table IN ('k.float', 'k.t', 'k.u', 'k.i', 'k.il');

-- keys that cannot be read, and functions that are gone, fail one set only and by name
UPDATE partman.part_policy SET outlier_horizon = NULL WHERE parent_table = 'k.text';
INSERT INTO k.text VALUES ('K99x');
SELECT k.try($$SELECT partman.partition_data_time('k.text', 10, p_order := 'DESC')$$);
SELECT k.try($$SELECT partman.partition_data_time('k.uuid', p_ignore_infinity := true)$$);
CREATE TABLE k.list_many PARTITION OF k.list FOR VALUES IN (100, 101);
SELECT k.try($$SELECT partman.run_maintenance('k.list')$$);
SELECT partition_tablename FROM partman.show_partitions('k.list', 'DESC') LIMIT 1;
DROP TABLE k.list_many;
DROP FUNCTION k.dec(text);
SELECT k.try($$SELECT partman.run_maintenance('k.text')$$);
SELECT k.try($$UPDATE partman.part_config SET time_decoder = 'k.other' WHERE parent_table = 'k.text'$$);

-- other people's functions run as the owner of the set, who needs EXECUTE
CREATE ROLE keys_owner;
CREATE FUNCTION k.dec(text) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'keys_owner' THEN RAISE 'runs as %', current_user; END IF;
    RETURN pg_catalog.to_timestamp(pg_catalog.substr($1, 2), 'YYYYMMDDHH24MISS');
END $$;
GRANT USAGE, CREATE ON SCHEMA k TO keys_owner;
ALTER TABLE k.varchar OWNER TO keys_owner;
ALTER TABLE k.varchar_default OWNER TO keys_owner;
SELECT partman.create_partition_time('k.varchar', '{2024-06-01}');
REVOKE EXECUTE ON FUNCTION k.dec(text) FROM PUBLIC;
SELECT k.try($$SELECT partman.show_partitions('k.varchar')$$);

SET client_min_messages = error;
DROP SCHEMA k CASCADE;
DROP ROLE keys_owner;
DROP EXTENSION pg_strata CASCADE;
DROP SCHEMA partman CASCADE;
