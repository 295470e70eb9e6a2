-- Seed 000 in an environment that is already on PR #951 (seed_000_adopted_before.sql): V0_9_3, in one transaction.
\ir seed_000_v0_9_3.sql

DO $$
DECLARE
    parent regclass;
BEGIN
    PERFORM seed.must(count(*) = 1 AND min(jobname) = 'partman-maintenance', 'one job is left', string_agg(jobname, ' ')) FROM cron.job;
    PERFORM seed.must(to_regproc('create_next_day_partitions') IS NULL, 'the functions are gone');
    -- every old child is what and where it was, under its name
    PERFORM seed.must(count(*) = 42 AND bool_and(name = oid::regclass::text AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = b.oid)), 'old children', count(*)::text)
    FROM seed.before b;
    FOREACH parent IN ARRAY '{security_event,security_event_hook_results}'::regclass[] LOOP
        PERFORM seed.daily(parent, current_date - 6, current_date + 90);
        PERFORM seed.must(bool_and(child = parent || '_' || to_char(lo, 'YYYYMMDD')), 'old names stay') FROM seed.parts(parent) WHERE lo::date - current_date BETWEEN -6 AND 7;
        PERFORM seed.must(bool_and(child = parent || '_p' || to_char(lo, 'YYYYMMDD')), 'new names') FROM seed.parts(parent) WHERE lo::date - current_date > 7;
        PERFORM seed.must(count(*) = 6 + 14 + 83, 'only what is missing was created', count(*)::text) FROM seed.parts(parent);
        PERFORM seed.must((SELECT partdefid::regclass::text FROM pg_partitioned_table WHERE partrelid = parent) = parent || '_default', 'the default is taken over');
    END LOOP;
    PERFORM seed.must(count(*) = 21, 'no row lost', count(*)::text) FROM security_event;
    PERFORM seed.must(count(*) = 1 AND min(count) = 1, 'the stray row is reported') FROM partman.check_default() WHERE default_table = 'public.security_event_default';
END $$;
