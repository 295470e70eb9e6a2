\echo
\echo == 2. Ten days of traffic, one of them without a partition
\echo A night job of old failed three days ago: that day has no partition, so its rows go to the default.
SELECT format('DROP TABLE public.%I', partition_table) AS drop_it
FROM partman.show_partition_name('public.security_event', (CURRENT_DATE - 3)::text)
\gset
:drop_it;

\set ECHO queries
INSERT INTO public.security_event (created_at, type, detail)
SELECT now() - i * interval '10 days' / 300000,
       (ARRAY['login_success', 'login_success', 'login_success', 'token_issued', 'token_issued', 'token_refreshed',
              'login_failure', 'password_changed', 'mfa_challenge', 'account_locked'])[1 + i % 10],
       jsonb_build_object(
           'tenant', 'tenant-' || i % 7,
           'user', 'user-' || (i * 31) % 5003,
           'ip', format('198.51.100.%s', i % 254 + 1),
           'risk', round((random() * 100)::numeric, 1))
FROM generate_series(0, 299999) AS i;
ANALYZE public.security_event;

SELECT count(*) AS rows, min(created_at)::date AS oldest, max(created_at)::date AS newest FROM public.security_event;
