/*
 * The four tables. part_config and part_config_sub have the columns, order,
 * defaults and constraint names that pg_partman 5.5 users know; what only
 * pg_strata has lives in part_policy and part_pending_drop. All four are
 * dumped with their rows. No sequence: a restore needs nothing but the rows.
 */

CREATE TABLE @extschema@.part_config (
    parent_table                    text NOT NULL,
    control                         text NOT NULL,
    time_encoder                    text,
    time_decoder                    text,
    partition_interval              text NOT NULL,
    partition_type                  text NOT NULL,
    premake                         integer NOT NULL DEFAULT 4,
    automatic_maintenance           text NOT NULL DEFAULT 'on',
    template_table                  text,
    retention                       text,
    retention_schema                text,
    retention_keep_index            boolean NOT NULL DEFAULT true,
    retention_keep_table            boolean NOT NULL DEFAULT true,
    epoch                           text NOT NULL DEFAULT 'none',
    constraint_cols                 text[],
    optimize_constraint             integer NOT NULL DEFAULT 30,
    infinite_time_partitions        boolean NOT NULL DEFAULT false,
    datetime_string                 text,
    jobmon                          boolean NOT NULL DEFAULT true,
    sub_partition_set_full          boolean NOT NULL DEFAULT false,
    undo_in_progress                boolean NOT NULL DEFAULT false,
    inherit_privileges              boolean DEFAULT false,
    constraint_valid                boolean NOT NULL DEFAULT true,
    ignore_default_data             boolean NOT NULL DEFAULT true,
    date_trunc_interval             text,
    maintenance_order               integer,
    retention_keep_publication      boolean NOT NULL DEFAULT false,
    maintenance_last_run            timestamptz,
    detach_before_drop              boolean DEFAULT false,
    maintenance_role                text DEFAULT current_user,
    async_partitioning_in_progress  text,
    CONSTRAINT part_config_parent_table_pkey PRIMARY KEY (parent_table),
    CONSTRAINT positive_premake_check CHECK (premake OPERATOR(pg_catalog.>) 0),
    CONSTRAINT control_constraint_col_chk
        CHECK (NOT control OPERATOR(pg_catalog.=) ANY (constraint_cols)),
    CONSTRAINT retention_schema_not_empty_chk CHECK (retention_schema OPERATOR(pg_catalog.<>) ''),
    CONSTRAINT part_config_automatic_maintenance_check
        CHECK (@extschema@.check_automatic_maintenance_value(automatic_maintenance)),
    CONSTRAINT part_config_epoch_check CHECK (@extschema@.check_epoch_type(epoch)),
    CONSTRAINT part_config_type_check CHECK (@extschema@.check_partition_type(partition_type))
);

CREATE INDEX part_config_type_idx ON @extschema@.part_config (partition_type);

COMMENT ON TABLE @extschema@.part_config IS
    'One row per partition set; parent_table is the raw schema.table of the parent, without quotes.';

CREATE TABLE @extschema@.part_config_sub (
    sub_parent                      text NOT NULL,
    sub_control                     text NOT NULL,
    sub_time_encoder                text,
    sub_time_decoder                text,
    sub_partition_interval          text NOT NULL,
    sub_partition_type              text NOT NULL,
    sub_premake                     integer NOT NULL DEFAULT 4,
    sub_automatic_maintenance       text NOT NULL DEFAULT 'on',
    sub_template_table              text,
    sub_retention                   text,
    sub_retention_schema            text,
    sub_retention_keep_index        boolean NOT NULL DEFAULT true,
    sub_retention_keep_table        boolean NOT NULL DEFAULT true,
    sub_epoch                       text NOT NULL DEFAULT 'none',
    sub_constraint_cols             text[],
    sub_optimize_constraint         integer NOT NULL DEFAULT 30,
    sub_infinite_time_partitions    boolean NOT NULL DEFAULT false,
    sub_jobmon                      boolean NOT NULL DEFAULT true,
    sub_inherit_privileges          boolean DEFAULT false,
    sub_constraint_valid            boolean NOT NULL DEFAULT true,
    sub_ignore_default_data         boolean NOT NULL DEFAULT true,
    sub_default_table               boolean DEFAULT true,
    sub_date_trunc_interval         text,
    sub_maintenance_order           integer,
    sub_retention_keep_publication  boolean NOT NULL DEFAULT false,
    sub_control_not_null            boolean DEFAULT true,
    sub_detach_before_drop          boolean DEFAULT false,
    sub_maintenance_role            text DEFAULT current_user,
    CONSTRAINT part_config_sub_pkey PRIMARY KEY (sub_parent),
    -- deferred: the two rows of a set may be inserted in either order
    CONSTRAINT part_config_sub_sub_parent_fkey FOREIGN KEY (sub_parent)
        REFERENCES @extschema@.part_config (parent_table)
        ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT positive_premake_check CHECK (sub_premake OPERATOR(pg_catalog.>) 0),
    CONSTRAINT control_constraint_col_chk
        CHECK (NOT sub_control OPERATOR(pg_catalog.=) ANY (sub_constraint_cols)),
    CONSTRAINT retention_schema_not_empty_chk CHECK (sub_retention_schema OPERATOR(pg_catalog.<>) ''),
    CONSTRAINT part_config_sub_automatic_maintenance_check
        CHECK (@extschema@.check_automatic_maintenance_value(sub_automatic_maintenance)),
    CONSTRAINT part_config_sub_epoch_check CHECK (@extschema@.check_epoch_type(sub_epoch)),
    CONSTRAINT part_config_sub_type_check CHECK (@extschema@.check_partition_type(sub_partition_type))
);

COMMENT ON TABLE @extschema@.part_config_sub IS
    'How the children of a managed parent (sub_parent) are themselves to be partitioned; each sub_ column acts like its counterpart in part_config.';

CREATE TRIGGER part_config_check BEFORE INSERT OR UPDATE ON @extschema@.part_config
    FOR EACH ROW EXECUTE FUNCTION @extschema@.part_config_check();

COMMENT ON TRIGGER part_config_check ON @extschema@.part_config IS
    'Refuses a configuration whose columns contradict each other when it is written, not when maintenance trips over it.';

CREATE TRIGGER part_config_sub_check BEFORE INSERT OR UPDATE ON @extschema@.part_config_sub
    FOR EACH ROW EXECUTE FUNCTION @extschema@.part_config_check();

COMMENT ON TRIGGER part_config_sub_check ON @extschema@.part_config_sub IS
    'Refuses a sub-configuration whose columns contradict each other when it is written.';

CREATE TABLE @extschema@.part_policy (
    parent_table       text NOT NULL,
    time_zone          text,
    lock_timeout_ms    integer,
    lock_tries         integer,
    duty_cycle         integer,
    deferred_limit     integer,
    window_start       time,
    window_end         time,
    window_lock_budget integer,
    move_rate_mb       integer,
    move_max_lag_mb    integer,
    move_min_free_mb   integer NOT NULL DEFAULT 512,
    name_pattern       text,
    heal_max_rows      integer NOT NULL DEFAULT 10000,
    heal_max_time      integer,
    outlier_horizon    integer DEFAULT 366,
    retention_max_drop integer,
    retention_grace    interval NOT NULL DEFAULT '0',
    detach_concurrently boolean NOT NULL DEFAULT true,
    detaching_oid      oid,
    parent_oid         oid,
    database_oid       oid,
    system_identifier  bigint,
    deferred_runs      integer NOT NULL DEFAULT 0,
    deferred_reason    text,
    registered_at      timestamptz NOT NULL DEFAULT pg_catalog.now(),
    last_success       timestamptz,
    CONSTRAINT part_policy_pkey PRIMARY KEY (parent_table),
    CONSTRAINT part_policy_parent_table_fkey FOREIGN KEY (parent_table)
        REFERENCES @extschema@.part_config (parent_table) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT part_policy_lock_timeout_ms_check CHECK (lock_timeout_ms BETWEEN 1 AND 60000),
    CONSTRAINT part_policy_lock_tries_check CHECK (lock_tries BETWEEN 1 AND 1000),
    CONSTRAINT part_policy_duty_cycle_check CHECK (duty_cycle BETWEEN 1 AND 100),
    CONSTRAINT part_policy_deferred_limit_check CHECK (deferred_limit BETWEEN 1 AND 1000),
    CONSTRAINT part_policy_window_check CHECK (pg_catalog.num_nulls(window_start, window_end, window_lock_budget)
        OPERATOR(pg_catalog.=) ANY (ARRAY[0, 3]) AND window_start OPERATOR(pg_catalog.<>) window_end
        AND window_lock_budget BETWEEN 1 AND 600000),
    CONSTRAINT part_policy_heal_max_time_check CHECK (heal_max_time OPERATOR(pg_catalog.>=) 1),
    CONSTRAINT part_policy_move_rate_mb_check CHECK (move_rate_mb BETWEEN 1 AND 1048576),
    CONSTRAINT part_policy_move_max_lag_mb_check CHECK (move_max_lag_mb OPERATOR(pg_catalog.>=) 1),
    CONSTRAINT part_policy_move_min_free_mb_check CHECK (move_min_free_mb OPERATOR(pg_catalog.>=) 0),
    CONSTRAINT part_policy_name_pattern_check CHECK (name_pattern OPERATOR(pg_catalog.=)
        ANY (ARRAY['_YYYY_MM_DD', '_YYYY_wWW', '_YYYY_MM', '_YYYY_qN', '_YYYY'])),
    CONSTRAINT part_policy_heal_max_rows_check CHECK (heal_max_rows OPERATOR(pg_catalog.>=) 0),
    CONSTRAINT part_policy_outlier_horizon_check CHECK (outlier_horizon OPERATOR(pg_catalog.>=) 1),
    CONSTRAINT part_policy_retention_max_drop_check CHECK (retention_max_drop OPERATOR(pg_catalog.>=) 1),
    CONSTRAINT part_policy_retention_grace_check CHECK (retention_grace OPERATOR(pg_catalog.>=) '0'::interval),
    CONSTRAINT part_policy_deferred_runs_check CHECK (deferred_runs OPERATOR(pg_catalog.>=) 0)
);

COMMENT ON TABLE @extschema@.part_policy IS
    'Settings and state of a set that only pg_strata has; a set without a row here runs on the defaults.';
COMMENT ON COLUMN @extschema@.part_policy.parent_table IS
    'The set, as in part_config, whose renames and deletions this row follows.';
COMMENT ON COLUMN @extschema@.part_policy.time_zone IS
    'Time zone of the bounds and names of a time set, whatever the session says; NULL while none is known yet, and for id sets.';
COMMENT ON COLUMN @extschema@.part_policy.lock_timeout_ms IS
    'Milliseconds one try of an action may spend waiting for all its table locks (1 to 60000); NULL: pg_strata.lock_timeout.';
COMMENT ON COLUMN @extschema@.part_policy.lock_tries IS
    'Tries to get the locks of an action before it is deferred to the next run (1 to 1000); NULL: pg_strata.lock_tries.';
COMMENT ON COLUMN @extschema@.part_policy.duty_cycle IS
    'Percent of any ten seconds in which maintenance may keep clients out of the set (1 to 100); NULL: pg_strata.duty_cycle.';
COMMENT ON COLUMN @extschema@.part_policy.deferred_limit IS
    'From so many deferred runs in a row on the set counts as failed (1 to 1000); NULL: pg_strata.deferred_limit.';
COMMENT ON COLUMN @extschema@.part_policy.window_start IS
    'When the daily window begins in which window_lock_budget applies, on the clock of time_zone, or of the session where that is NULL; NULL: no window.';
COMMENT ON COLUMN @extschema@.part_policy.window_end IS
    'When the daily window ends; before window_start it is of the next day.';
COMMENT ON COLUMN @extschema@.part_policy.window_lock_budget IS
    'Milliseconds that stand for lock_timeout_ms within the window (1 to 600000).';
COMMENT ON COLUMN @extschema@.part_policy.move_rate_mb IS
    'Megabytes of the default that an online move reads in a second at most; NULL: no limit.';
COMMENT ON COLUMN @extschema@.part_policy.move_max_lag_mb IS
    'An online move pauses while a standby or a replication slot is more megabytes of write-ahead log behind; NULL: never.';
COMMENT ON COLUMN @extschema@.part_policy.move_min_free_mb IS
    'An online move pauses while fewer megabytes are free where its tables or the write-ahead log are; 0: never.';
COMMENT ON COLUMN @extschema@.part_policy.heal_max_rows IS
    'Rows of due partitions that run_maintenance_proc takes out of the default when it makes them, at most, in one run; with more it reports the set. 0: never.';
COMMENT ON COLUMN @extschema@.part_policy.heal_max_time IS
    'Milliseconds that rows of due partitions may take to move out of the default with them, as far as can be expected, in one run; with more it reports the set. NULL: no limit.';
COMMENT ON COLUMN @extschema@.part_policy.outlier_horizon IS
    'Intervals that rows and partitions may lie ahead of now or the others: farther ones neither count for premake nor are moved out of the default; NULL: no limit.';
COMMENT ON COLUMN @extschema@.part_policy.name_pattern IS
    'How names of new children of a time set end instead of in _p and datetime_string: _YYYY_MM_DD, _YYYY_wWW (ISO week), _YYYY_MM, _YYYY_qN or _YYYY.';
COMMENT ON COLUMN @extschema@.part_policy.retention_max_drop IS
    'Partitions that one run retires at most, the oldest first; NULL: no limit.';
COMMENT ON COLUMN @extschema@.part_policy.retention_grace IS
    'Time between detach and drop of partitions that retention drops; 0: at once.';
COMMENT ON COLUMN @extschema@.part_policy.detach_concurrently IS
    'Whether procedures detach with DETACH PARTITION ... CONCURRENTLY, through a background worker, where the set has no default.';
COMMENT ON COLUMN @extschema@.part_policy.detaching_oid IS
    'The partition that a background worker is detaching or has left half detached; believed as parent_oid.';
COMMENT ON COLUMN @extschema@.part_policy.parent_oid IS
    'OID of the parent when last seen: finds the table again after a rename, if database_oid and system_identifier match.';
COMMENT ON COLUMN @extschema@.part_policy.database_oid IS
    'Database in which parent_oid was seen; another one means the row was restored and the OID is stale.';
COMMENT ON COLUMN @extschema@.part_policy.system_identifier IS
    'Cluster in which parent_oid was seen, as in pg_control_system().';
COMMENT ON COLUMN @extschema@.part_policy.deferred_runs IS
    'Consecutive maintenance runs deferred because no lock could be had; back to 0 when one succeeds.';
COMMENT ON COLUMN @extschema@.part_policy.deferred_reason IS
    'What stood in the way of the last deferred run; NULL when the last run was not deferred.';
COMMENT ON COLUMN @extschema@.part_policy.registered_at IS
    'When the set came under management here: before its first run, checks count from then.';
COMMENT ON COLUMN @extschema@.part_policy.last_success IS
    'End of the last successful run before one that failed; part_config.maintenance_last_run while it holds a time.';

CREATE TABLE @extschema@.part_pending_drop (
    child_oid          oid NOT NULL,
    child_schema       text NOT NULL,
    child_table        text NOT NULL,
    parent_table       text NOT NULL,
    lower_bound        text,
    upper_bound        text,
    database_oid       oid NOT NULL,
    system_identifier  bigint NOT NULL,
    retention          text,
    detached_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT part_pending_drop_pkey PRIMARY KEY (database_oid, child_oid)
);

COMMENT ON TABLE @extschema@.part_pending_drop IS
    'Children that retention has detached and not dropped yet: the next maintenance drops them, and until then they are no orphans.';
COMMENT ON COLUMN @extschema@.part_pending_drop.child_oid IS
    'OID of the detached table, believed only in the database and cluster named in this row.';
COMMENT ON COLUMN @extschema@.part_pending_drop.child_schema IS
    'Schema of the detached table when it was detached.';
COMMENT ON COLUMN @extschema@.part_pending_drop.child_table IS
    'Name of the detached table when it was detached.';
COMMENT ON COLUMN @extschema@.part_pending_drop.parent_table IS
    'The set it belonged to, as in part_config; no foreign key, because the row outlives the set.';
COMMENT ON COLUMN @extschema@.part_pending_drop.lower_bound IS
    'Lower bound it had as a partition, inclusive, as text.';
COMMENT ON COLUMN @extschema@.part_pending_drop.upper_bound IS
    'Upper bound it had as a partition, exclusive, as text.';
COMMENT ON COLUMN @extschema@.part_pending_drop.database_oid IS
    'Database in which child_oid was seen; another one means the row was restored and the OID is stale.';
COMMENT ON COLUMN @extschema@.part_pending_drop.system_identifier IS
    'Cluster in which child_oid was seen, as in pg_control_system().';
COMMENT ON COLUMN @extschema@.part_pending_drop.retention IS
    'The retention under which it was retired; under another one it is not dropped.';
COMMENT ON COLUMN @extschema@.part_pending_drop.detached_at IS
    'Start of the transaction that detached the table.';

-- Not dumped: what it tells of is a running session and its working tables.
CREATE TABLE @extschema@.part_move (
    parent_table       text NOT NULL,
    operation          text NOT NULL,
    phase              text NOT NULL,
    pid                integer NOT NULL,
    started_at         timestamptz NOT NULL,
    phase_since        timestamptz NOT NULL,
    source_table       text NOT NULL,
    source_oid         oid NOT NULL,
    rows_done          bigint NOT NULL DEFAULT 0,
    rows_total         bigint NOT NULL DEFAULT 0,
    bytes_done         bigint NOT NULL DEFAULT 0,
    bytes_total        bigint NOT NULL DEFAULT 0,
    working_oids       oid[] NOT NULL DEFAULT '{}',
    working_schema     text NOT NULL,
    working_tables     text[] NOT NULL DEFAULT '{}',
    database_oid       oid NOT NULL,
    system_identifier  bigint NOT NULL,
    CONSTRAINT part_move_pkey PRIMARY KEY (parent_table)
);

COMMENT ON TABLE @extschema@.part_move IS
    'Moves of rows that take several transactions: how far they are, and which working tables are to be dropped if they are interrupted. Empty when none runs; seen through move_progress.';
COMMENT ON COLUMN @extschema@.part_move.parent_table IS
    'The set, as in part_config; no foreign key, because the working tables outlive the configuration.';
COMMENT ON COLUMN @extschema@.part_move.operation IS
    'The procedure that moves.';
COMMENT ON COLUMN @extschema@.part_move.phase IS
    'What it does now: capturing, loading, paused, indexing, catching up (which includes the switch).';
COMMENT ON COLUMN @extschema@.part_move.pid IS
    'Process of the session that moves.';
COMMENT ON COLUMN @extschema@.part_move.started_at IS
    'When the move began.';
COMMENT ON COLUMN @extschema@.part_move.phase_since IS
    'When the phase began.';
COMMENT ON COLUMN @extschema@.part_move.source_table IS
    'The table the rows are in until the switch.';
COMMENT ON COLUMN @extschema@.part_move.source_oid IS
    'OID of that table.';
COMMENT ON COLUMN @extschema@.part_move.rows_done IS
    'Rows copied so far.';
COMMENT ON COLUMN @extschema@.part_move.rows_total IS
    'Rows to copy, estimated.';
COMMENT ON COLUMN @extschema@.part_move.bytes_done IS
    'Bytes of the source read so far.';
COMMENT ON COLUMN @extschema@.part_move.bytes_total IS
    'Bytes of the source when the move began.';
COMMENT ON COLUMN @extschema@.part_move.working_oids IS
    'OIDs of the tables that exist for this move only.';
COMMENT ON COLUMN @extschema@.part_move.working_schema IS
    'Schema of the tables that exist for this move only.';
COMMENT ON COLUMN @extschema@.part_move.working_tables IS
    'Their names, in the order of their OIDs; one is believed only while both agree.';
COMMENT ON COLUMN @extschema@.part_move.database_oid IS
    'Database of the OIDs.';
COMMENT ON COLUMN @extschema@.part_move.system_identifier IS
    'Cluster of the OIDs, as in pg_control_system().';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.part_config'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.part_config_sub'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.part_policy'::pg_catalog.regclass, '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.part_pending_drop'::pg_catalog.regclass, '');

