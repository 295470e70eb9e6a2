/*
 * How every set stands, what it consists of, what calls its maintenance, and
 * how many partitions a query reads. Bounds and sizes come from the library in
 * one pass over the catalogs; the views add what the tables of this schema say
 * of the same sets. A set the caller may not see has no row.
 */

CREATE FUNCTION @extschema@.show_status()
RETURNS TABLE (
    parent_table text,
    partitions integer,
    first_bound text,
    last_bound text,
    covered_until timestamptz,
    default_table text,
    rows_in_default bigint,
    default_bytes bigint,
    total_bytes bigint,
    retention text,
    next_retirement timestamptz,
    next_retirement_id bigint,
    problem text)
AS 'MODULE_PATHNAME', 'strata_show_status' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.show_status() IS
    'What the catalogs say of every configured set, for the view partition_status; opens no table.';

CREATE FUNCTION @extschema@.show_children()
RETURNS TABLE (
    parent_table text,
    partition_schema text,
    partition_table text,
    lower_bound text,
    upper_bound text,
    lower_time timestamptz,
    upper_time timestamptz,
    lower_id bigint,
    upper_id bigint,
    is_default boolean,
    estimated_rows bigint,
    bytes bigint,
    index_bytes bigint,
    owner text)
AS 'MODULE_PATHNAME', 'strata_show_children' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.show_children() IS
    'The children of every configured set, for the view partitions; opens no table.';

CREATE FUNCTION @extschema@.maintenance_jobs()
RETURNS TABLE (
    scheduler text,
    job_id bigint,
    job_name text,
    schedule text,
    command text,
    role text,
    active boolean,
    parent_table text)
AS 'MODULE_PATHNAME', 'strata_maintenance_jobs' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.maintenance_jobs() IS
    'What calls maintenance in this database: jobs of pg_cron that the caller may see, and the background worker. parent_table is the only set a job maintains, NULL for all.';

CREATE FUNCTION @extschema@.explain_pruning(p_query text)
RETURNS TABLE (
    parent_table text,
    partitions bigint,
    touched bigint,
    pruned bigint,
    detail text)
AS 'MODULE_PATHNAME', 'strata_explain_pruning' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.explain_pruning(text) IS
    'How many partitions of each partitioned table the plan of a query reads, and how many are pruned. The query is planned with the caller''s rights and not executed.';

CREATE VIEW @extschema@.partitions AS
SELECT c.parent_table,
       c.partition_schema,
       c.partition_table,
       c.lower_bound,
       c.upper_bound,
       c.lower_time,
       c.upper_time,
       c.lower_id,
       c.upper_id,
       c.is_default,
       c.estimated_rows,
       c.bytes,
       c.index_bytes,
       c.owner
FROM @extschema@.show_children() AS c;

COMMENT ON VIEW @extschema@.partitions IS
    'The children of every configured set: bounds as text and typed, rows as of the last ANALYZE, bytes of the table''s and its indexes'' main forks, owner.';

-- Every run that ends well for a set notes it in part_config, and every other leaves a row in maintenance_action: so the
-- younger of the two is its last run. A barrier, since the tables joined hold rows of sets that the caller may not see.
CREATE VIEW @extschema@.partition_status WITH (security_barrier = true) AS
WITH jobs AS MATERIALIZED (
    SELECT j.schedule, j.parent_table FROM @extschema@.maintenance_jobs() AS j WHERE j.active)
SELECT s.parent_table,
       s.partitions,
       s.first_bound,
       s.last_bound,
       s.covered_until,
       CASE WHEN pg_catalog.isfinite(s.covered_until)
            THEN s.covered_until OPERATOR(pg_catalog.-) pg_catalog.now() END AS runway,
       s.default_table,
       s.rows_in_default,
       s.default_bytes,
       s.total_bytes,
       s.retention,
       s.next_retirement,
       s.next_retirement_id,
       GREATEST(c.maintenance_last_run, a.started_at) AS last_run,
       COALESCE(c.maintenance_last_run, p.last_success) AS last_success,
       e.message AS last_error,
       e.started_at AS last_error_at,
       COALESCE(p.deferred_runs, 0) AS deferred_runs,
       p.deferred_reason,
       (SELECT pg_catalog.string_agg(j.schedule, '; ') FROM jobs AS j
        WHERE CASE WHEN j.parent_table IS NULL
                   THEN c.automatic_maintenance OPERATOR(pg_catalog.=) 'on' AND NOT c.undo_in_progress
                   ELSE j.parent_table OPERATOR(pg_catalog.=) s.parent_table END) AS schedule,
       s.problem,
       COALESCE(p.deferred_runs OPERATOR(pg_catalog.>=) COALESCE(
           p.deferred_limit,
           NULLIF(pg_catalog.current_setting('pg_strata.deferred_limit', true), '')::integer,
           3), false) AS deferred_too_often
FROM @extschema@.show_status() AS s
JOIN @extschema@.part_config AS c ON c.parent_table OPERATOR(pg_catalog.=) s.parent_table
LEFT JOIN @extschema@.part_policy AS p ON p.parent_table OPERATOR(pg_catalog.=) s.parent_table
LEFT JOIN LATERAL (
    SELECT n.started_at FROM @extschema@.maintenance_action AS n
    WHERE n.parent_table OPERATOR(pg_catalog.=) s.parent_table
    ORDER BY n.started_at DESC LIMIT 1) AS a ON true
LEFT JOIN LATERAL (
    SELECT n.started_at, n.message FROM @extschema@.maintenance_action AS n
    WHERE n.parent_table OPERATOR(pg_catalog.=) s.parent_table AND n.outcome OPERATOR(pg_catalog.=) 'failed'
    ORDER BY n.started_at DESC LIMIT 1) AS e ON true;

COMMENT ON VIEW @extschema@.partition_status IS
    'How every configured set stands: children and their bounds, until when it is provided for, rows in the default (estimated without reading them), sizes, retention, last runs, deferred actions, schedule, and why it cannot be worked on.';
