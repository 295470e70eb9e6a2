/*
 * The composite type and the view of the API.
 */

CREATE TYPE @extschema@.check_default_table AS (default_table text, count bigint);

COMMENT ON TYPE @extschema@.check_default_table IS
    'Row type of check_default: a default partition (schema.table) and the number of rows in it.';

-- The owner's default rights stand in for an ACL that was never written.
CREATE VIEW @extschema@.table_privs AS
SELECT grantor.rolname AS grantor,
       CASE WHEN acl.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
            THEN 'PUBLIC'::pg_catalog.name ELSE grantee.rolname END AS grantee,
       n.nspname AS table_schema,
       c.relname AS table_name,
       acl.privilege_type
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(
    COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS acl
JOIN pg_catalog.pg_roles AS grantor ON grantor.oid OPERATOR(pg_catalog.=) acl.grantor
LEFT JOIN pg_catalog.pg_roles AS grantee ON grantee.oid OPERATOR(pg_catalog.=) acl.grantee
WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'v', 'p']::pg_catalog."char"[])
  AND (acl.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
       OR (grantee.oid IS NOT NULL
           AND (pg_catalog.pg_has_role(grantee.oid, 'USAGE')
                OR pg_catalog.pg_has_role(grantor.oid, 'USAGE'))));

COMMENT ON VIEW @extschema@.table_privs IS
    'Privileges on tables, views and partitioned tables, one row each, as far as the current user is grantor or grantee or the grantee is PUBLIC.';

-- Speed and end are those of the loading: what follows takes a part of its time that indexes decide. The first second
-- tells nothing.
CREATE VIEW @extschema@.move_progress AS
SELECT m.operation,
       m.parent_table,
       m.source_table,
       m.phase,
       m.rows_done,
       m.rows_total,
       m.bytes_done,
       m.bytes_total,
       CASE WHEN m.phase OPERATOR(pg_catalog.=) 'loading' AND m.bytes_done OPERATOR(pg_catalog.>) 0
            THEN (m.bytes_done::double precision OPERATOR(pg_catalog./) t.seconds)::bigint END AS bytes_per_second,
       CASE WHEN m.phase OPERATOR(pg_catalog.=) 'loading' AND m.bytes_done OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs =>
                 t.seconds OPERATOR(pg_catalog.*) (m.bytes_total OPERATOR(pg_catalog.-) m.bytes_done)::double precision
                 OPERATOR(pg_catalog./) m.bytes_done::double precision) END AS loaded_at,
       m.started_at,
       m.phase_since,
       m.pid,
       a.pid IS NOT NULL AS running,
       pg_catalog.pg_blocking_pids(a.pid) AS waiting_for
FROM @extschema@.part_move AS m
LEFT JOIN pg_catalog.pg_stat_activity AS a
       ON a.pid OPERATOR(pg_catalog.=) m.pid
      AND (a.backend_start OPERATOR(pg_catalog.<=) m.started_at) IS NOT FALSE -- NULL: not ours to see
CROSS JOIN LATERAL (SELECT GREATEST(EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
    m.phase_since), 1)::double precision AS seconds) AS t;

COMMENT ON VIEW @extschema@.move_progress IS
    'Moves of rows that take several transactions: phase, rows and bytes done and to do, speed, when all rows will be loaded, and which processes they wait for. running is false for one that was interrupted: the next call cleans up after it.';

