/*
 * What moved rows: one row for each call of partition_data_* and undo_partition* that moved any. Like the history of
 * maintenance it is not dumped and goes after pg_strata.history_retention days.
 */
CREATE TABLE @extschema@.move_history (
    id            uuid NOT NULL,
    parent_table  text NOT NULL,
    operation     text NOT NULL,
    from_table    text NOT NULL,
    to_table      text NOT NULL,
    role          text NOT NULL,
    pid           integer NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz NOT NULL,
    batches       integer NOT NULL,
    rows_left     bigint NOT NULL,
    rows_arrived  bigint NOT NULL,
    checksum      numeric,
    CONSTRAINT move_history_pkey PRIMARY KEY (id)
);

CREATE INDEX move_history_finished_at_idx ON @extschema@.move_history (finished_at);

COMMENT ON TABLE @extschema@.move_history IS
    'Calls that have moved rows, one row each, committed with the rows; kept for pg_strata.history_retention days.';
COMMENT ON COLUMN @extschema@.move_history.id IS
    'The call.';
COMMENT ON COLUMN @extschema@.move_history.parent_table IS
    'The set, as in part_config.';
COMMENT ON COLUMN @extschema@.move_history.operation IS
    'The function or procedure that was called.';
COMMENT ON COLUMN @extschema@.move_history.from_table IS
    'Where the rows were: the default partition, the source table, or for undo the set.';
COMMENT ON COLUMN @extschema@.move_history.to_table IS
    'Where they went: the set, or the target table of undo.';
COMMENT ON COLUMN @extschema@.move_history.role IS
    'The role that called.';
COMMENT ON COLUMN @extschema@.move_history.pid IS
    'Process of its session.';
COMMENT ON COLUMN @extschema@.move_history.started_at IS
    'When the call began.';
COMMENT ON COLUMN @extschema@.move_history.finished_at IS
    'When its last batch was about to be committed.';
COMMENT ON COLUMN @extschema@.move_history.batches IS
    'How many transactions of the call moved rows.';
COMMENT ON COLUMN @extschema@.move_history.rows_left IS
    'Rows that were taken out of from_table.';
COMMENT ON COLUMN @extschema@.move_history.rows_arrived IS
    'Rows that were put into to_table. Where it is another number nothing is moved, and the call fails.';
COMMENT ON COLUMN @extschema@.move_history.checksum IS
    'Sum of the checksums of all rows, whatever their order: each was compared in its new place with what was read, and had they differed, the call would have failed. NULL where at least one batch was moved by SQL statements, which count rows only. Rows that clients changed during an online move are copied again by statements and not in it.';
