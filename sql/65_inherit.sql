/*
 * What children take from their parent and their template, for tables that
 * exist already: creation does all of it by itself.
 */

CREATE FUNCTION @extschema@.inherit_template_properties(
    p_parent_table text,
    p_child_schema text,
    p_child_tablename text)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_inherit_template_properties' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.inherit_template_properties(text, text, text) IS
    'Gives a child the unique indexes, storage options and persistence of the template table of its set; false when the child is itself partitioned.';

CREATE FUNCTION @extschema@.inherit_parent_properties(
    p_parent_schema text,
    p_parent_tablename text,
    p_child_tablename text,
    p_child_schema text DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'strata_inherit_parent_properties' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.inherit_parent_properties(text, text, text, text) IS
    'Copies the parent''s statistics targets to a child.';

CREATE FUNCTION @extschema@.inherit_replica_identity(
    p_parent_schemaname text,
    p_parent_tablename text,
    p_child_tablename text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_inherit_replica_identity' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.inherit_replica_identity(text, text, text) IS
    'Gives a child the replica identity of its parent.';

CREATE FUNCTION @extschema@.apply_privileges(
    p_parent_schema text,
    p_parent_tablename text,
    p_child_schema text,
    p_child_tablename text,
    p_job_id bigint DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'strata_apply_privileges' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.apply_privileges(text, text, text, text, bigint) IS
    'Copies grants and owner of the parent to one child; grants that only the child has are revoked.';

CREATE FUNCTION @extschema@.reapply_privileges(p_parent_table text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_reapply_privileges' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.reapply_privileges(text) IS
    'Copies grants and owner of the parent to all its children, the default included.';

CREATE FUNCTION @extschema@.apply_cluster(
    p_parent_schema text,
    p_parent_tablename text,
    p_child_schema text,
    p_child_tablename text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_apply_cluster' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.apply_cluster(text, text, text, text) IS
    'Copies the CLUSTER setting of one plain table to another; refuses partitioned tables.';

CREATE FUNCTION @extschema@.autovacuum_off(
    p_parent_schema text,
    p_parent_tablename text,
    p_source_schema text DEFAULT NULL,
    p_source_tablename text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_autovacuum_off' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.autovacuum_off(text, text, text, text) IS
    'Turns autovacuum off for a table, its children and an optional source table; the server refuses it on partitioned tables.';

CREATE FUNCTION @extschema@.autovacuum_reset(
    p_parent_schema text,
    p_parent_tablename text,
    p_source_schema text DEFAULT NULL,
    p_source_tablename text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_autovacuum_reset' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.autovacuum_reset(text, text, text, text) IS
    'Gives a table, its children and an optional source table the server''s autovacuum setting back; the server refuses it on partitioned tables.';
