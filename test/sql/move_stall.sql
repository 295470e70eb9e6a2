-- partition_data_proc keeps nobody waiting for long without being told to: rows of a partition that can neither move
-- while writers go on, nor within the lock budget, are refused.
\set s s
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/setup.psql
SET client_min_messages = warning;
CREATE TABLE s.t (id int NOT NULL, at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE s.t_default PARTITION OF s.t DEFAULT;
SELECT s.register('s.t', 'at', '1 day');
UPDATE partman.part_policy SET lock_timeout_ms = 10;
CREATE INDEX ON s.t (at);
-- four days, the last of them small
INSERT INTO s.t SELECT n, '2026-01-01 00:00+00'::timestamptz + n * interval '16 seconds', repeat('x', 100)
    FROM generate_series(0, 16299) n;
VACUUM ANALYZE s.t;
CREATE VIEW s.found AS SELECT (SELECT count(*) FROM ONLY s.t_default) AS stayed, count(*) AS rows FROM s.t;

-- No key. Nothing has moved.
\set VERBOSITY default
CALL partman.partition_data_proc('s.t', p_wait => 0);
SELECT * FROM s.found;
-- A small one moves, then the next is looked at.
CALL partman.partition_data_proc('s.t', p_wait => 0, p_order => 'DESC');
SELECT * FROM s.found;
-- Whoever has that time says so, or has chosen to lock others out.
CALL partman.partition_data_proc('s.t', 1, p_wait => 0, p_lock_wait => 1);
SELECT * FROM s.found;
SET pg_strata.move_method = locked;
CALL partman.partition_data_proc('s.t', 1, p_wait => 0);
RESET pg_strata.move_method;
SELECT * FROM s.found;
-- The function takes what it is asked for: it is one transaction anyway.
SELECT partman.partition_data_time('s.t', 1);
SELECT * FROM s.found;

-- With a key a part of many rows cannot move online, all of them can.
ALTER TABLE s.t ADD PRIMARY KEY (id, at);
INSERT INTO s.t SELECT n, '2026-02-01 00:00+00'::timestamptz + n * interval '16 seconds', repeat('x', 100)
    FROM generate_series(0, 16299) n;
VACUUM ANALYZE s.t;
CALL partman.partition_data_proc('s.t', 1, p_wait => 0);
SELECT * FROM s.found;
CALL partman.partition_data_proc('s.t', p_wait => 0);
SELECT * FROM s.found;

SET client_min_messages = warning;
DROP SCHEMA s CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
