\echo
\echo == 1. An event table, partitioned by day
\set ECHO queries
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata WITH SCHEMA partman;
CREATE EXTENSION pg_cron;

CREATE TABLE public.security_event (
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    type       text NOT NULL,
    detail     jsonb NOT NULL,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX ON public.security_event (type, created_at);

SELECT partman.create_parent(
    p_parent_table    => 'public.security_event',
    p_control         => 'created_at',
    p_interval        => '1 day',
    p_premake         => 4,
    p_start_partition => (CURRENT_DATE - 10)::text);
