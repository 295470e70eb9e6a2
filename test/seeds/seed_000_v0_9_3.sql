-- V0_9_3: pg_partman移行

-- 1. 既存のpg_cronジョブを削除
SELECT cron.unschedule('create-next-day-partitions');
SELECT cron.unschedule('drop-old-daily-partitions');

-- 2. 既存の関数を削除
DROP FUNCTION IF EXISTS create_next_day_partitions();
DROP FUNCTION IF EXISTS drop_old_daily_partitions();

-- 3. pg_partman設定（上記のV0_9_2と同じ）
\ir seed_000_v0_9_2.sql
