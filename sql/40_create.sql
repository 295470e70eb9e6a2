/*
 * Making sets and children.
 */

CREATE FUNCTION @extschema@.create_partition(
    p_parent_table text,
    p_control text,
    p_interval text,
    p_type text DEFAULT 'range',
    p_epoch text DEFAULT 'none',
    p_premake integer DEFAULT 4,
    p_start_partition text DEFAULT NULL,
    p_default_table boolean DEFAULT true,
    p_automatic_maintenance text DEFAULT 'on',
    p_constraint_cols text[] DEFAULT NULL,
    p_template_table text DEFAULT NULL,
    p_jobmon boolean DEFAULT true,
    p_date_trunc_interval text DEFAULT NULL,
    p_control_not_null boolean DEFAULT true,
    p_time_encoder text DEFAULT NULL,
    p_time_decoder text DEFAULT NULL,
    p_offset_id bigint DEFAULT 0)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_create_partition' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_partition(text, text, text, text, text, integer, text, boolean, text, text[], text, boolean, text, boolean, text, text, bigint) IS
    'Takes a declaratively partitioned table into management and creates its first children; existing children are adopted, and new ones are attached under SHARE UPDATE EXCLUSIVE on the parent.';

CREATE FUNCTION @extschema@.create_parent(
    p_parent_table text,
    p_control text,
    p_interval text,
    p_type text DEFAULT 'range',
    p_epoch text DEFAULT 'none',
    p_premake integer DEFAULT 4,
    p_start_partition text DEFAULT NULL,
    p_default_table boolean DEFAULT true,
    p_automatic_maintenance text DEFAULT 'on',
    p_constraint_cols text[] DEFAULT NULL,
    p_template_table text DEFAULT NULL,
    p_jobmon boolean DEFAULT true,
    p_date_trunc_interval text DEFAULT NULL,
    p_control_not_null boolean DEFAULT true,
    p_time_encoder text DEFAULT NULL,
    p_time_decoder text DEFAULT NULL,
    p_offset_id bigint DEFAULT 0)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_create_partition' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_parent(text, text, text, text, text, integer, text, boolean, text, text[], text, boolean, text, boolean, text, text, bigint) IS
    'The same as create_partition, under its older name.';

CREATE FUNCTION @extschema@.create_partition_time(
    p_parent_table text,
    p_partition_times timestamptz[],
    p_start_partition text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_create_partition_time' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_partition_time(text, timestamptz[], text) IS
    'Creates the children of a time set that begin at the given instants; true when at least one was created.';

CREATE FUNCTION @extschema@.create_partition_id(
    p_parent_table text,
    p_partition_ids bigint[],
    p_start_partition text DEFAULT NULL)
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_create_partition_id' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_partition_id(text, bigint[], text) IS
    'Creates the children of an id set that begin at the given values; true when at least one was created.';

CREATE FUNCTION @extschema@.partition_gap_fill(p_parent_table text)
RETURNS integer AS 'MODULE_PATHNAME', 'strata_partition_gap_fill' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.partition_gap_fill(text) IS
    'Creates the children missing between the lowest and the highest, and returns how many; moves no rows.';
