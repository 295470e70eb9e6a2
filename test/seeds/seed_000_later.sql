-- Life after seed_000.sql: maintenance, monitoring and the longer retention, without a migration.
CALL partman.run_maintenance_proc();
DO $$ BEGIN
    PERFORM seed.must(bool_and(maintenance_last_run IS NOT NULL), 'both sets were maintained') FROM partman.part_config;
    PERFORM seed.must(count(*) = 0, 'nothing left to do') FROM partman.plan_maintenance();
    PERFORM seed.must(max(lo)::date - current_date BETWEEN 90 AND 94, '90 days ahead', max(lo)::text) FROM seed.parts('security_event');
END $$;

-- 監視
SELECT * FROM partman.check_default();

-- 全パーティション設定を一覧表示
SELECT
    parent_table,
    partition_interval,
    premake,
    retention
FROM partman.part_config;

-- pg_partman設定確認
SELECT
    parent_table,
    partition_interval,
    premake,
    retention,
    infinite_time_partitions
FROM partman.part_config
ORDER BY parent_table;

-- 1. pg_cronジョブ実行履歴
SELECT status, COUNT(*)
FROM cron.job_run_details
WHERE start_time > NOW() - INTERVAL '24 hours'
GROUP BY status;

-- 90日→180日に変更（マイグレーション不要）
UPDATE partman.part_config
SET retention = '180 days',
    premake = 180
WHERE parent_table = 'public.security_event';

-- 次回のrun_maintenance_proc()で反映
CALL partman.run_maintenance_proc();
DO $$ BEGIN
    PERFORM seed.daily('security_event', current_date, current_date + 180);
    PERFORM seed.must(max(lo)::date - current_date BETWEEN 90 AND 94, 'the other set is as it was') FROM seed.parts('security_event_hook_results');
END $$;
