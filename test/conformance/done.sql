\o
\pset format unaligned
\pset tuples_only on
-- their number depends on the hour; a file that broke off made fewer
SELECT CASE WHEN last_value < :least THEN 'only ' || last_value ELSE 'at least ' || :least END || ' assertions' FROM t.run;
SELECT CASE WHEN is_called THEN last_value ELSE 0 END || ' failed' FROM t.failed;
\o /dev/null
RESET ROLE;
DROP SCHEMA t CASCADE;
DROP EXTENSION pg_strata CASCADE;
DROP SCHEMA partman CASCADE;
