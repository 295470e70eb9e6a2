-- "DEFAULTパーティション問題": creation was late, rows of the days that are due next already lie in the default.
DELETE FROM partman.part_config WHERE parent_table = 'public.security_event_hook_results';
INSERT INTO security_event (tenant_id, type, created_at)
SELECT gen_random_uuid(), 'late', current_date + make_interval(days => 200 + d % 3, mins => d) FROM generate_series(1, 500) AS d;
UPDATE partman.part_config SET premake = 205 WHERE parent_table = 'public.security_event';
DO $$ BEGIN
    PERFORM seed.must(count(*) = 3 AND sum(estimated_rows) = 500, 'the next run would take them along')
    FROM partman.plan_maintenance() WHERE action = 'move';
END $$;
-- Who does not want that is told, as by pg_partman.
UPDATE partman.part_policy SET heal_max_rows = 0 WHERE parent_table = 'public.security_event';
DO $$ BEGIN
    PERFORM seed.must(count = 500, 'rows wait in the default', count::text) FROM partman.check_default();
    PERFORM seed.must(count(*) = 3, 'the plan says which days wait') FROM partman.plan_maintenance()
    WHERE action = 'blocked' AND statement = $s$SELECT partman.partition_data_time('public.security_event', 1000)$s$;
END $$;
