-- Seed 001's migration, step by step, in one transaction as diesel runs it.

-- 1. Install pg_partman extension
CREATE SCHEMA IF NOT EXISTS partman;
CREATE EXTENSION IF NOT EXISTS pg_strata WITH SCHEMA partman;

-- 2. Rename fixes → fixes_old
ALTER TABLE fixes RENAME TO fixes_old;
ALTER INDEX fixes_pkey RENAME TO fixes_old_pkey;
ALTER INDEX fixes_device_received_idx RENAME TO fixes_old_device_received_idx;
ALTER INDEX fixes_received_idx RENAME TO fixes_old_received_idx;

-- 3. Create partitioned table structure
CREATE TABLE fixes (LIKE fixes_old INCLUDING DEFAULTS) PARTITION BY RANGE (received_at);

-- 4. Create partitions for existing data
DO $$
DECLARE
    d date;
BEGIN
    FOR d IN SELECT generate_series(min(received_at)::date, max(received_at)::date, '1 day') FROM fixes_old LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF fixes FOR VALUES FROM (%L) TO (%L)', 'fixes_p' || to_char(d, 'YYYYMMDD'), d, d + 1);
    END LOOP;
END $$;

-- 5. Migrate rows to partitions
INSERT INTO fixes SELECT * FROM fixes_old;

-- 6. Recreate indexes on partitions
CREATE INDEX fixes_device_received_idx ON fixes (device_address, received_at DESC);
CREATE INDEX fixes_received_idx ON fixes (received_at);

-- 7. Add constraints
ALTER TABLE fixes ADD PRIMARY KEY (id, received_at);

-- 8. Configure pg_partman
SELECT partman.create_parent(
    p_parent_table => 'public.fixes',
    p_control => 'received_at',
    p_interval => '1 day',
    p_premake => 3
);
UPDATE partman.part_config
SET retention = '8 days',
    retention_keep_table = false,
    infinite_time_partitions = true
WHERE parent_table = 'public.fixes';

DO $$ BEGIN
    PERFORM seed.must((SELECT count(*) FROM fixes) = 9001 AND (SELECT count(*) FROM fixes_old) = 9001, 'all rows arrived');
    PERFORM seed.daily('fixes', current_date - 12, current_date + 3);
    PERFORM seed.must(NOT EXISTS (SELECT FROM ONLY fixes_default), 'none in the default');
    PERFORM seed.must(bool_and(n = 3), 'every child has its indexes') FROM (SELECT count(*) AS n FROM pg_inherits i JOIN pg_index x ON x.indrelid = i.inhrelid
        WHERE i.inhparent = 'fixes'::regclass GROUP BY i.inhrelid) AS c;
END $$;
