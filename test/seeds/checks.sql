-- Helpers of the checks.
CREATE SCHEMA seed;

CREATE FUNCTION seed.parts(parent regclass) RETURNS TABLE (child text, lo timestamptz, hi timestamptz) LANGUAGE sql AS $$
    SELECT c.relname::text, b[1]::timestamptz, b[2]::timestamptz
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']*)''\) TO \(''([^'']*)') AS b
    WHERE i.inhparent = parent AND b IS NOT NULL
$$;
CREATE FUNCTION seed.must(holds boolean, what text, VARIADIC seen text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN RAISE EXCEPTION 'check failed: %: %', what, array_to_string(seen, ', ', 'NULL'); END IF;
END $$;
-- Every day from first to last has exactly one child, one day wide.
CREATE FUNCTION seed.daily(parent regclass, first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    SELECT string_agg(d::date::text, ' ') INTO wrong
    FROM generate_series(first::timestamp, last::timestamp, '1 day') AS d
    WHERE 1 <> (SELECT count(*) FROM seed.parts(parent) WHERE lo = d::timestamptz AND hi = (d + interval '1 day')::timestamptz);
    PERFORM seed.must(wrong IS NULL, 'one child a day of ' || parent, wrong);
END $$;
