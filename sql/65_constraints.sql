/*
 * Extra CHECK constraints on children that no longer change: the range of
 * values that the columns of constraint_cols really have there.
 */

CREATE FUNCTION @extschema@.apply_constraints(
    p_parent_table text,
    p_child_table text DEFAULT NULL,
    p_analyze boolean DEFAULT false,
    p_job_id bigint DEFAULT NULL)
RETURNS void AS 'MODULE_PATHNAME', 'strata_apply_constraints' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.apply_constraints(text, text, boolean, bigint) IS
    'Adds min/max CHECK constraints on constraint_cols to a child, by default the one optimize_constraint + 1 places below the highest with rows.';

CREATE FUNCTION @extschema@.drop_constraints(
    p_parent_table text,
    p_child_table text,
    p_debug boolean DEFAULT false)
RETURNS void AS 'MODULE_PATHNAME', 'strata_drop_constraints' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.drop_constraints(text, text, boolean) IS
    'Drops the constraints that apply_constraints added to a child.';

CREATE PROCEDURE @extschema@.reapply_constraints_proc(
    p_parent_table text,
    p_drop_constraints boolean DEFAULT false,
    p_apply_constraints boolean DEFAULT false,
    p_analyze boolean DEFAULT true,
    p_wait integer DEFAULT 0,
    p_dryrun boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'strata_reapply_constraints_proc' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.reapply_constraints_proc(text, boolean, boolean, boolean, integer, boolean) IS
    'Drops and adds anew the extra constraints of all old children, committing after each; not inside a transaction block.';
