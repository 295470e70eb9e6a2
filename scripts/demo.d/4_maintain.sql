\echo
\echo == 4. Do exactly that
\set ECHO queries
CALL partman.run_maintenance_proc();

SELECT s.partition_tablename AS partition, pg_get_expr(c.relpartbound, c.oid) AS bounds, greatest(c.reltuples, 0)::bigint AS rows
FROM partman.show_partitions('public.security_event', p_include_default => true) AS s
JOIN pg_class AS c ON c.oid = format('%I.%I', s.partition_schemaname, s.partition_tablename)::regclass;
