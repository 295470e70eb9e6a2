-- ================================================
-- pg_partman によるパーティション管理
-- ================================================

-- 拡張機能の有効化
CREATE EXTENSION IF NOT EXISTS pg_cron;
CREATE SCHEMA IF NOT EXISTS partman;
CREATE EXTENSION IF NOT EXISTS pg_strata WITH SCHEMA partman;

-- ================================================
-- security_event のpg_partman設定
-- ================================================

SELECT partman.create_parent(
    p_parent_table => 'public.security_event',
    p_control => 'created_at',
    p_type => 'range',
    p_interval => '1 day',
    p_premake => 90,
    p_start_partition => CURRENT_DATE::text
);

UPDATE partman.part_config
SET infinite_time_partitions = true,
    retention = '90 days',
    retention_keep_table = false,
    retention_keep_index = false
WHERE parent_table = 'public.security_event';

-- ================================================
-- security_event_hook_results のpg_partman設定
-- ================================================

SELECT partman.create_parent(
    p_parent_table => 'public.security_event_hook_results',
    p_control => 'created_at',
    p_type => 'range',
    p_interval => '1 day',
    p_premake => 90,
    p_start_partition => CURRENT_DATE::text
);

UPDATE partman.part_config
SET infinite_time_partitions = true,
    retention = '90 days',
    retention_keep_table = false,
    retention_keep_index = false
WHERE parent_table = 'public.security_event_hook_results';

-- ================================================
-- pg_cronでメンテナンスジョブをスケジュール
-- ================================================

-- 毎日午前2時（UTC）にメンテナンス実行
-- パーティション作成・削除を一括で実行
SELECT cron.schedule(
    'partman-maintenance',
    '0 2 * * *',
    $$CALL partman.run_maintenance_proc()$$
);

-- ================================================
-- コメント
-- ================================================

COMMENT ON EXTENSION pg_strata IS 'Automatic partition management for security_event and security_event_hook_results tables with 90-day retention';
