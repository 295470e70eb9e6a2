/*
 * Taking a set apart.
 */

CREATE FUNCTION @extschema@.undo_partition(
    p_parent_table text,
    p_target_table text,
    p_loop_count integer DEFAULT 1,
    p_batch_interval text DEFAULT NULL,
    p_keep_table boolean DEFAULT true,
    p_lock_wait numeric DEFAULT 0,
    p_ignored_columns text[] DEFAULT NULL,
    p_drop_cascade boolean DEFAULT false,
    OUT partitions_undone integer,
    OUT rows_undone bigint)
RETURNS record AS 'MODULE_PATHNAME', 'strata_undo_partition' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.undo_partition(text, text, integer, text, boolean, numeric, text[], boolean) IS
    'Moves the rows of the children, the default first, to a plain table in batches of p_batch_interval, detaches what is empty and at the end forgets the set.';

CREATE PROCEDURE @extschema@.undo_partition_proc(
    p_parent_table text,
    p_target_table text DEFAULT NULL,
    p_loop_count integer DEFAULT NULL,
    p_interval text DEFAULT NULL,
    p_keep_table boolean DEFAULT true,
    p_lock_wait integer DEFAULT 0,
    p_lock_wait_tries integer DEFAULT 10,
    p_wait integer DEFAULT 1,
    p_ignored_columns text[] DEFAULT NULL,
    p_drop_cascade boolean DEFAULT false,
    p_quiet boolean DEFAULT false)
AS 'MODULE_PATHNAME', 'strata_undo_partition_proc' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.undo_partition_proc(text, text, integer, text, boolean, integer, integer, integer, text[], boolean, boolean) IS
    'Undoes a set batch by batch, committing after each step and pausing p_wait seconds; not inside a transaction block.';
