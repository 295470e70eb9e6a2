\echo
\echo == 6. Nothing left to do; from now on every night at two
\set ECHO queries
SELECT step, action, partition_table, reason FROM partman.plan_maintenance();

SELECT cron.schedule('partman-maintenance', '0 2 * * *', $$CALL partman.run_maintenance_proc()$$);
SELECT jobname, schedule, command, database, active FROM cron.job;
SELECT parent_table, partition_interval, premake, retention, maintenance_last_run::timestamptz(0)
FROM partman.part_config;
