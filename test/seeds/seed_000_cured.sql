-- 問題発生時の対処
SELECT partman.partition_data_time(
    p_parent_table := 'public.security_event',
    p_batch_count := 1000
);
DO $$ BEGIN
    PERFORM seed.must(count(*) = 500 AND count(DISTINCT tableoid) = 3 AND bool_and(tableoid::regclass::text = 'security_event_p' || to_char(created_at, 'YYYYMMDD')), 'each row in the child of its day')
    FROM security_event WHERE type = 'late';
    PERFORM seed.must(count(*) = 701, 'no row lost, none twice', count(*)::text) FROM security_event;
    PERFORM seed.must(count(*) = 0, 'the default is empty') FROM partman.check_default();
END $$;
CALL partman.run_maintenance_proc();
DO $$ BEGIN
    PERFORM seed.daily('security_event', current_date, current_date + 205);
    PERFORM seed.must(count(*) = 0, 'nothing left to do') FROM partman.plan_maintenance();
    PERFORM seed.must(bool_and(maintenance_last_run IS NOT NULL), 'and it counts as done') FROM partman.part_config;
END $$;
