/*
 * Sub-partitioning: contract 3.9 and 8.6.
 */

CREATE FUNCTION @extschema@.create_sub_partition(
    p_top_parent text,
    p_control text,
    p_interval text,
    p_type text DEFAULT 'range',
    p_default_table boolean DEFAULT true,
    p_declarative_check text DEFAULT NULL,
    p_constraint_cols text[] DEFAULT NULL,
    p_premake integer DEFAULT 4,
    p_start_partition text DEFAULT NULL,
    p_epoch text DEFAULT 'none',
    p_jobmon boolean DEFAULT true,
    p_date_trunc_interval text DEFAULT NULL,
    p_control_not_null boolean DEFAULT true,
    p_time_encoder text DEFAULT NULL,
    p_time_decoder text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_create_sub_partition' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_sub_partition(text, text, text, text, boolean, text, text[], integer, text, text, boolean, text, boolean, text, text) IS
    'Makes every partition of a managed set, present and future, a partition set itself. Plain partitions are replaced by partitioned ones of the same name; their rows are kept. p_declarative_check must be yes. Takes ACCESS EXCLUSIVE on the parent. Undo one level at a time, from below.';

CREATE FUNCTION @extschema@.create_sub_parent(
    p_top_parent text,
    p_control text,
    p_interval text,
    p_type text DEFAULT 'range',
    p_default_table boolean DEFAULT true,
    p_declarative_check text DEFAULT NULL,
    p_constraint_cols text[] DEFAULT NULL,
    p_premake integer DEFAULT 4,
    p_start_partition text DEFAULT NULL,
    p_epoch text DEFAULT 'none',
    p_jobmon boolean DEFAULT true,
    p_date_trunc_interval text DEFAULT NULL,
    p_control_not_null boolean DEFAULT true,
    p_time_encoder text DEFAULT NULL,
    p_time_decoder text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_create_sub_partition' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_sub_parent(text, text, text, text, boolean, text, text[], integer, text, text, boolean, text, boolean, text, text) IS
    'The same as create_sub_partition, under its older name.';

CREATE FUNCTION @extschema@.check_subpartition_limits(
    p_parent_table text,
    p_type text,
    OUT sub_min text,
    OUT sub_max text)
RETURNS record AS 'MODULE_PATHNAME', 'strata_check_subpartition_limits' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.check_subpartition_limits(text, text) IS
    'Gives the bounds, as text, that a sub-set of this kind (time or id) must stay within: those of its own table in the set above. NULL where there are none.';
