-- Seed 001's ongoing maintenance and monitoring. It creates future partitions (3 days ahead), drops old ones (older than
-- 8 days), and updates statistics of what it created.
SELECT partman.run_maintenance('public.fixes');
DO $$ BEGIN
    PERFORM seed.daily('fixes', current_date - 8, current_date + 3);
    PERFORM seed.must(min(lo)::date = current_date - 8, 'old partitions are gone', min(lo)::text) FROM seed.parts('fixes');
    PERFORM seed.must(min(received_at) < now() - interval '7 days 23 hours', 'rows inside the retention are there') FROM fixes;
    PERFORM seed.must((SELECT count(*) FROM fixes WHERE received_at >= current_date - 8) = (SELECT count(*) FROM fixes_old WHERE received_at >= current_date - 8), 'all of them');
END $$;
INSERT INTO fixes (device_address, latitude, longitude, received_at) SELECT 'x', 0, 0, current_date + make_interval(days => 3, secs => s) FROM generate_series(1, 100) AS s;
SELECT partman.run_maintenance('public.fixes', p_analyze => true);
DO $$ BEGIN
    PERFORM seed.daily('fixes', current_date - 8, current_date + 6);
    PERFORM seed.must(reltuples > 0, 'statistics are fresh', reltuples::text) FROM pg_class WHERE oid = 'fixes'::regclass;
END $$;

-- Check Current Partitions
SELECT tablename
FROM pg_tables
WHERE schemaname = 'public'
  AND tablename LIKE 'fixes_%'
ORDER BY tablename DESC
LIMIT 10;

-- Check Partition Sizes (theirs reads pg_stat_user_tables, which has no column tablename)
SELECT
    schemaname || '.' || tablename AS partition,
    pg_size_pretty(pg_total_relation_size(schemaname || '.' || tablename)) AS size
FROM pg_tables
WHERE tablename LIKE 'fixes_%'
ORDER BY tablename DESC;

-- Check pg_partman Configuration
SELECT * FROM partman.part_config WHERE parent_table = 'public.fixes';
SELECT * FROM partman.part_config_sub WHERE sub_parent = 'public.fixes';

-- Verify Partition Pruning is Working
EXPLAIN ANALYZE
SELECT COUNT(*)
FROM fixes
WHERE received_at >= NOW() - INTERVAL '1 day';
EXPLAIN (ANALYZE, BUFFERS)
SELECT * FROM fixes
WHERE received_at >= NOW() - INTERVAL '6 hours'
LIMIT 100;
DO $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXPLAIN SELECT COUNT(*) FROM fixes WHERE received_at >= NOW() - INTERVAL '1 day' LOOP plan := plan || line || E'\n'; END LOOP;
    PERFORM seed.must(plan ~ 'Subplans Removed: [6-8]' AND plan !~ to_char(current_date - 3, '"fixes_p"YYYYMMDD'), 'old partitions are pruned', plan);
END $$;
