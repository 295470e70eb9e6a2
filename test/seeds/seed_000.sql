-- Seed 000 in a new environment: V0_9_1, then V0_9_2. Runs in one transaction, as Flyway runs a migration.
\ir checks.sql
\ir seed_000_tables.sql
\ir seed_000_v0_9_2.sql

DO $$
DECLARE
    parent regclass;
    config partman.part_config;
BEGIN
    FOREACH parent IN ARRAY '{security_event,security_event_hook_results}'::regclass[] LOOP
        PERFORM seed.daily(parent, current_date, current_date + 90);
        PERFORM seed.must(count(*) = 91, 'nothing before today, nothing more', count(*)::text) FROM seed.parts(parent);
        PERFORM seed.must(bool_and(child = parent || '_p' || to_char(lo, 'YYYYMMDD')), 'names') FROM seed.parts(parent);
        SELECT * INTO config FROM partman.part_config WHERE parent_table = 'public.' || parent;
        PERFORM seed.must(config.premake = 90 AND config.retention = '90 days' AND config.infinite_time_partitions AND NOT config.retention_keep_table
                          AND config.partition_interval::interval = '1 day', 'configuration', config::text);
    END LOOP;
    PERFORM seed.must(count(*) = 1, 'the job') FROM cron.job
    WHERE jobname = 'partman-maintenance' AND schedule = '0 2 * * *' AND command = 'CALL partman.run_maintenance_proc()';
    PERFORM seed.must(obj_description(oid, 'pg_extension') LIKE '%90-day retention', 'the comment') FROM pg_extension WHERE extname = 'pg_strata';
    PERFORM seed.must(NOT EXISTS (SELECT FROM partman.check_default()), 'the default is empty');
END $$;

INSERT INTO security_event (tenant_id, type, created_at) SELECT gen_random_uuid(), 'login', now() FROM generate_series(0, 200);
DO $$ BEGIN
    PERFORM seed.must(NOT EXISTS (SELECT FROM ONLY security_event_default), 'rows find their child');
END $$;
