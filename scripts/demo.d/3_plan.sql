\echo
\echo == 3. Keep seven days, always six days ahead: what would maintenance do?
\set ECHO queries
UPDATE partman.part_config
SET retention = '7 days', retention_keep_table = false, infinite_time_partitions = true, premake = 6
WHERE parent_table = 'public.security_event';

SELECT step, action, split_part(partition_table, '.', 2) AS partition, estimated_rows AS rows, pg_size_pretty(bytes) AS size,
       lock_mode, reason
FROM partman.plan_maintenance();
