-- Included by test/sql/conformance_*.sql. Assertions that say nothing unless they fail, so that a golden file holds a
-- number; they are counted by sequences, which no ROLLBACK takes back.
\set ECHO none
\o /dev/null
SET client_min_messages = error;
SET DateStyle = 'ISO, MDY';
SET TimeZone = 'UTC';
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;
CREATE SEQUENCE t.run;
CREATE SEQUENCE t.failed;
GRANT USAGE ON SEQUENCE t.run, t.failed TO PUBLIC;
-- what a failed assertion says
CREATE FUNCTION t.ok(passed boolean, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('t.run');
    IF passed IS TRUE THEN RETURN; END IF;
    PERFORM nextval('t.failed');
    RAISE INFO 'not ok: %', what;
END $$;
CREATE FUNCTION t.is(have anyelement, want anyelement, what text) RETURNS void LANGUAGE sql AS $$
    SELECT t.ok(have IS NOT DISTINCT FROM want, format('%s: have %s, want %s', what, have, want)) $$;
CREATE FUNCTION t.exists(schema text, name text) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = schema AND c.relname = name AND c.relkind IN ('r', 'p')) $$;
CREATE FUNCTION t.has(schema text, name text) RETURNS void LANGUAGE sql AS $$
    SELECT t.ok(t.exists(schema, name), format('table %I.%I exists', schema, name)) $$;
CREATE FUNCTION t.hasnt(schema text, name text) RETURNS void LANGUAGE sql AS $$
    SELECT t.ok(NOT t.exists(schema, name), format('table %I.%I does not exist', schema, name)) $$;
CREATE FUNCTION t.rows(schema text, name text, want bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ONLY %I.%I', schema, name) INTO n;
    PERFORM t.is(n, want, format('rows of %I.%I', schema, name));
EXCEPTION WHEN undefined_table THEN
    PERFORM t.ok(false, format('rows of %I.%I: no such table', schema, name));
END $$;
-- The statement raises; with `state`, that one.
CREATE FUNCTION t.throws(statement text, state text, what text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE was text; said text;
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS was = RETURNED_SQLSTATE, said = MESSAGE_TEXT;
    END;
    PERFORM t.ok(was IS NOT NULL AND was = coalesce(state, was), format('%s raises %s: %s %s', what, state, was, said));
END $$;
CREATE FUNCTION t.lives(statement text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    PERFORM t.ok(true, what);
EXCEPTION WHEN OTHERS THEN
    PERFORM t.ok(false, format('%s: %s %s', what, SQLSTATE, SQLERRM));
END $$;
-- Children in bound order, without the parent's name; the default apart.
CREATE FUNCTION t.children(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(substr(partition_tablename, length(split_part(parent, '.', 2)) + 1), ' ' ORDER BY n)
    FROM partman.show_partitions(parent) WITH ORDINALITY p(s, partition_tablename, n) $$;
CREATE FUNCTION t.n(parent text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM partman.show_partitions(parent) $$;
CREATE FUNCTION t.last(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT partition_tablename FROM partman.show_partitions(parent, 'DESC') LIMIT 1 $$;
CREATE FUNCTION t.first(parent text) RETURNS text LANGUAGE sql AS $$
    SELECT partition_tablename FROM partman.show_partitions(parent) LIMIT 1 $$;
CREATE FUNCTION t.bound(schema text, name text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = schema AND c.relname = name $$;
CREATE FUNCTION t.owner(schema text, name text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_get_userbyid(relowner)::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = schema AND c.relname = name $$;
CREATE FUNCTION t.day(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at, '_pYYYYMMDD') $$;
CREATE FUNCTION t.time(at timestamptz) RETURNS text LANGUAGE sql AS $$ SELECT to_char(at, '_pYYYYMMDD_HH24MISS') $$;
