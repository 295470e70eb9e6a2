\o
\pset format unaligned
\pset tuples_only on
SELECT CASE WHEN is_called THEN last_value ELSE 0 END || ' assertions' FROM t.run;
SELECT CASE WHEN is_called THEN last_value ELSE 0 END || ' failed' FROM t.failed;
\o /dev/null
RESET ROLE;
DROP SCHEMA t CASCADE;
DROP EXTENSION pg_strata CASCADE;
DROP SCHEMA partman CASCADE;
