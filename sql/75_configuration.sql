/*
 * Forgetting configuration; the tables stay.
 */

CREATE FUNCTION @extschema@.config_cleanup(
    p_parent_table text,
    p_config_table boolean DEFAULT true,
    p_config_sub_table boolean DEFAULT true,
    p_template_table boolean DEFAULT true)
RETURNS void AS 'MODULE_PATHNAME', 'strata_config_cleanup' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.config_cleanup(text, boolean, boolean, boolean) IS
    'Forgets a set and drops its template table unless another set uses it, leaving parent, children and data alone.';

CREATE FUNCTION @extschema@.stop_sub_partition(
    p_parent_table text,
    p_jobmon boolean DEFAULT true)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_stop_sub_partition' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.stop_sub_partition(text, boolean) IS
    'Forgets the sub-configuration of a parent, so that future children stay plain; always true.';

-- Encoder and decoder are not compared, as there.
CREATE FUNCTION @extschema@.check_subpart_sameconfig(p_parent_table text)
RETURNS TABLE (
    sub_control text,
    sub_partition_interval text,
    sub_partition_type text,
    sub_premake integer,
    sub_automatic_maintenance text,
    sub_template_table text,
    sub_retention text,
    sub_retention_schema text,
    sub_retention_keep_index boolean,
    sub_retention_keep_table boolean,
    sub_epoch text,
    sub_constraint_cols text[],
    sub_optimize_constraint integer,
    sub_infinite_time_partitions boolean,
    sub_jobmon boolean,
    sub_inherit_privileges boolean,
    sub_constraint_valid boolean,
    sub_date_trunc_interval text,
    sub_ignore_default_data boolean,
    sub_default_table boolean,
    sub_maintenance_order integer,
    sub_retention_keep_publication boolean,
    sub_control_not_null boolean,
    sub_detach_before_drop boolean,
    sub_maintenance_role text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT DISTINCT
        c.sub_control,
        c.sub_partition_interval,
        c.sub_partition_type,
        c.sub_premake,
        c.sub_automatic_maintenance,
        c.sub_template_table,
        c.sub_retention,
        c.sub_retention_schema,
        c.sub_retention_keep_index,
        c.sub_retention_keep_table,
        c.sub_epoch,
        c.sub_constraint_cols,
        c.sub_optimize_constraint,
        c.sub_infinite_time_partitions,
        c.sub_jobmon,
        c.sub_inherit_privileges,
        c.sub_constraint_valid,
        c.sub_date_trunc_interval,
        c.sub_ignore_default_data,
        c.sub_default_table,
        c.sub_maintenance_order,
        c.sub_retention_keep_publication,
        c.sub_control_not_null,
        c.sub_detach_before_drop,
        c.sub_maintenance_role
    FROM pg_catalog.pg_namespace pn
    JOIN pg_catalog.pg_class p ON p.relnamespace OPERATOR(pg_catalog.=) pn.oid
    JOIN pg_catalog.pg_inherits i ON i.inhparent OPERATOR(pg_catalog.=) p.oid
    JOIN pg_catalog.pg_class k ON k.oid OPERATOR(pg_catalog.=) i.inhrelid
    JOIN pg_catalog.pg_namespace kn ON kn.oid OPERATOR(pg_catalog.=) k.relnamespace
    JOIN @extschema@.part_config_sub c ON c.sub_parent OPERATOR(pg_catalog.=) pg_catalog.concat(kn.nspname, '.', k.relname)
    WHERE pn.nspname OPERATOR(pg_catalog.=) pg_catalog.split_part(p_parent_table, '.', 1)::name
      AND p.relname OPERATOR(pg_catalog.=) pg_catalog.split_part(p_parent_table, '.', 2)::name;
END;

COMMENT ON FUNCTION @extschema@.check_subpart_sameconfig(text) IS
    'Lists the distinct sub-configurations among the children of a parent; more than one row is a contradiction.';
