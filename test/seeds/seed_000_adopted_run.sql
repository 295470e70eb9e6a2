-- The first runs after the migration of seed_000_adopted.sql: old children go by their bounds, whatever they are called.
CALL partman.run_maintenance_proc();
DO $$
DECLARE
    parent regclass;
BEGIN
    FOREACH parent IN ARRAY '{security_event,security_event_hook_results}'::regclass[] LOOP
        PERFORM seed.must(min(lo)::date = current_date - 90, 'what ended more than 90 days ago is gone', min(lo)::text) FROM seed.parts(parent);
        PERFORM seed.daily(parent, current_date - 6, current_date + 90);
    END LOOP;
    PERFORM seed.must(count(*) = 17, 'younger rows are all there', count(*)::text) FROM security_event;
    PERFORM seed.must(to_regclass('security_event_' || to_char(current_date - 92, 'YYYYMMDD')) IS NULL, 'dropped');
END $$;
-- 問題発生時の対処
SELECT partman.partition_data_time(
    p_parent_table := 'public.security_event',
    p_batch_count := 1000
);
DO $$ BEGIN
    PERFORM seed.must(count(*) = 0, 'the default is empty') FROM partman.check_default();
    PERFORM seed.must(count(*) = 1, 'the stray row has its child') FROM security_event WHERE tableoid::regclass::text = 'security_event_p' || to_char(current_date - 60, 'YYYYMMDD');
    PERFORM seed.must(count(*) = 17, 'no row lost') FROM security_event;
END $$;
CALL partman.run_maintenance_proc();
DO $$ BEGIN
    PERFORM seed.must(count(*) = 0, 'nothing left to do', string_agg(concat_ws(' ', action, partition_table), ', ')) FROM partman.plan_maintenance();
END $$;
