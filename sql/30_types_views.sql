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

