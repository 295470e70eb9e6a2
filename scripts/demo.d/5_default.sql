\echo
\echo == 5. Rows that went astray: find them, move them home
\set ECHO queries
SELECT * FROM partman.check_default();
SELECT count(*) AS rows_before FROM public.security_event;

CALL partman.partition_data_proc('public.security_event', p_wait => 0);

SELECT count(*) AS rows_after FROM public.security_event;
SELECT * FROM partman.check_default();
SELECT * FROM partman.show_partition_name('public.security_event', (CURRENT_DATE - 3)::text);
