-- What PR #951 left in an existing environment: V0_9_1, children named by hand around today and some that are long past their
-- time, rows in them and in the default, two functions and their jobs.
\ir checks.sql
\ir seed_000_tables.sql
CREATE EXTENSION IF NOT EXISTS pg_cron;
DO $$
DECLARE
    parent text;
    d int;
BEGIN
    FOREACH parent IN ARRAY '{security_event,security_event_hook_results}'::text[] LOOP
        FOR d IN SELECT * FROM unnest('{-120,-119,-92,-91,-90,-89}'::int[]) UNION ALL SELECT generate_series(-6, 7) LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', parent || '_' || to_char(current_date + d, 'YYYYMMDD'), parent,
                           current_date + d, current_date + d + 1);
        END LOOP;
    END LOOP;
END $$;
INSERT INTO security_event (tenant_id, type, created_at)
SELECT gen_random_uuid(), 'login', current_date + make_interval(days => d, hours => 12) FROM unnest('{-120,-119,-92,-91,-90,-89,-60}'::int[] || ARRAY(SELECT generate_series(-6, 7))) AS d;
CREATE FUNCTION create_next_day_partitions() RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION drop_old_daily_partitions() RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
SELECT cron.schedule('create-next-day-partitions', '0 1 * * *', 'SELECT create_next_day_partitions()');
SELECT cron.schedule('drop-old-daily-partitions', '30 1 * * *', 'SELECT drop_old_daily_partitions()');
CREATE TABLE seed.before AS SELECT inhrelid AS oid, inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent::regclass::text LIKE 'security_event%' AND inhrelid::regclass::text !~ '(idx|pkey)';
