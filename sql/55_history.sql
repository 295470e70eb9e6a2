/*
 * What maintenance has done: one row per run, one per action. Written by the
 * runs themselves as the owner of these tables. Not registered for pg_dump:
 * the rows tell of processes, sessions and tables of this cluster, and mean
 * nothing in another. No sequence, for the same reason as elsewhere.
 */

CREATE TABLE @extschema@.maintenance_run (
    id             uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    caller         text NOT NULL,
    parent_table   text,
    pid            integer NOT NULL,
    backend_start  timestamptz NOT NULL,
    role           text NOT NULL,
    started_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    outcome        text NOT NULL,
    sets           integer NOT NULL DEFAULT 0,
    busy           integer NOT NULL DEFAULT 0,
    failed         integer NOT NULL DEFAULT 0,
    deferred       integer NOT NULL DEFAULT 0,
    CONSTRAINT maintenance_run_pkey PRIMARY KEY (id),
    CONSTRAINT maintenance_run_caller_check
        CHECK (caller OPERATOR(pg_catalog.=) ANY (ARRAY['function', 'procedure', 'worker'])),
    CONSTRAINT maintenance_run_outcome_check CHECK (outcome OPERATOR(pg_catalog.=)
        ANY (ARRAY['running', 'finished', 'failed', 'skipped', 'interrupted']))
);

CREATE INDEX maintenance_run_started_at_idx ON @extschema@.maintenance_run (started_at);
CREATE INDEX maintenance_run_running_idx ON @extschema@.maintenance_run (started_at)
    WHERE outcome OPERATOR(pg_catalog.=) 'running';

COMMENT ON TABLE @extschema@.maintenance_run IS
    'Runs of maintenance, one row each, kept for pg_strata.history_retention days. See maintenance_history, which also knows which of them were interrupted.';
COMMENT ON COLUMN @extschema@.maintenance_run.id IS
    'The run, as maintenance_action.run names it.';
COMMENT ON COLUMN @extschema@.maintenance_run.caller IS
    'function (run_maintenance: the row is part of the caller''s transaction and goes with it), procedure (run_maintenance_proc) or worker (the same, by the background worker).';
COMMENT ON COLUMN @extschema@.maintenance_run.parent_table IS
    'The set that was named in the call; NULL when all sets were to be maintained.';
COMMENT ON COLUMN @extschema@.maintenance_run.pid IS
    'Process of the session that ran it.';
COMMENT ON COLUMN @extschema@.maintenance_run.backend_start IS
    'When that session began, which tells it from a later one with the same process number.';
COMMENT ON COLUMN @extschema@.maintenance_run.role IS
    'The role that called.';
COMMENT ON COLUMN @extschema@.maintenance_run.started_at IS
    'When the run began.';
COMMENT ON COLUMN @extschema@.maintenance_run.finished_at IS
    'When it ended; NULL while it runs, and for one that was interrupted.';
COMMENT ON COLUMN @extschema@.maintenance_run.outcome IS
    'running, finished, failed (at least one set failed), skipped (another run was under way) or interrupted (it ended without saying so; the next run finds out, maintenance_history knows at once).';
COMMENT ON COLUMN @extschema@.maintenance_run.sets IS
    'Sets that were looked at.';
COMMENT ON COLUMN @extschema@.maintenance_run.busy IS
    'Sets for which there was something to do.';
COMMENT ON COLUMN @extschema@.maintenance_run.failed IS
    'Sets that failed.';
COMMENT ON COLUMN @extschema@.maintenance_run.deferred IS
    'Sets of which something was put off to the next run, because its locks were not to be had.';

CREATE TABLE @extschema@.maintenance_action (
    run              uuid NOT NULL,
    ordinal          integer NOT NULL,
    parent_table     text NOT NULL,
    action           text NOT NULL,
    partition_table  text,
    lower_bound      text,
    upper_bound      text,
    estimated_rows   bigint,
    bytes            bigint,
    reason           text,
    outcome          text NOT NULL,
    tries            integer,
    lock_wait_ms     bigint,
    duration_ms      bigint,
    sqlstate         text,
    message          text,
    hint             text,
    blocked_by       text,
    started_at       timestamptz NOT NULL,
    CONSTRAINT maintenance_action_pkey PRIMARY KEY (run, ordinal),
    CONSTRAINT maintenance_action_run_fkey FOREIGN KEY (run)
        REFERENCES @extschema@.maintenance_run (id) ON DELETE CASCADE,
    CONSTRAINT maintenance_action_outcome_check CHECK (outcome OPERATOR(pg_catalog.=)
        ANY (ARRAY['running', 'done', 'deferred', 'skipped: changed', 'failed', 'blocked', 'interrupted']))
);

CREATE INDEX maintenance_action_parent_table_idx ON @extschema@.maintenance_action (parent_table, started_at);

COMMENT ON TABLE @extschema@.maintenance_action IS
    'What the runs in maintenance_run did, or could not do: one row per action. A run that found nothing to do has none.';
COMMENT ON COLUMN @extschema@.maintenance_action.run IS
    'The run, maintenance_run.id.';
COMMENT ON COLUMN @extschema@.maintenance_action.ordinal IS
    'Order within the run, ascending; numbers may be missing.';
COMMENT ON COLUMN @extschema@.maintenance_action.parent_table IS
    'The set, as it was called then.';
COMMENT ON COLUMN @extschema@.maintenance_action.action IS
    'create, detach, drop, drop attached, constrain or blocked, as plan_maintenance calls them; set for what concerns the set as a whole.';
COMMENT ON COLUMN @extschema@.maintenance_action.partition_table IS
    'The partition, schema.table; NULL where there is none.';
COMMENT ON COLUMN @extschema@.maintenance_action.lower_bound IS
    'Its lower bound, inclusive.';
COMMENT ON COLUMN @extschema@.maintenance_action.upper_bound IS
    'Its upper bound, exclusive.';
COMMENT ON COLUMN @extschema@.maintenance_action.estimated_rows IS
    'Its rows as of its last ANALYZE; NULL where that is not known.';
COMMENT ON COLUMN @extschema@.maintenance_action.bytes IS
    'Bytes of its main fork; NULL for one that was yet to be created.';
COMMENT ON COLUMN @extschema@.maintenance_action.reason IS
    'Why it was planned.';
COMMENT ON COLUMN @extschema@.maintenance_action.outcome IS
    'done, deferred (no lock within the budget), skipped: changed (no longer as planned), failed, blocked (rows of the default stand in the way), running or interrupted (the run ended here without saying so).';
COMMENT ON COLUMN @extschema@.maintenance_action.tries IS
    'How many times its locks were asked for.';
COMMENT ON COLUMN @extschema@.maintenance_action.lock_wait_ms IS
    'Milliseconds all tries together waited for table locks.';
COMMENT ON COLUMN @extschema@.maintenance_action.duration_ms IS
    'Milliseconds it took, waits and pauses between tries included.';
COMMENT ON COLUMN @extschema@.maintenance_action.sqlstate IS
    'SQLSTATE of the error, when it failed.';
COMMENT ON COLUMN @extschema@.maintenance_action.message IS
    'Message of the error, without its detail, which may hold data; or what waits with a deferred action.';
COMMENT ON COLUMN @extschema@.maintenance_action.hint IS
    'What the error said to do.';
COMMENT ON COLUMN @extschema@.maintenance_action.blocked_by IS
    'Who held the locks when the last try gave up: process, role, application, age of the transaction.';
COMMENT ON COLUMN @extschema@.maintenance_action.started_at IS
    'When it began.';

-- Whoever runs the procedure holds its advisory lock, and lets go of it on every way out: a running row without it is
-- of a run that ended without a word. On a standby nobody runs, and the rows are the primary's.
CREATE VIEW @extschema@.maintenance_history AS
SELECT r.started_at,
       r.finished_at OPERATOR(pg_catalog.-) r.started_at AS duration,
       r.caller,
       r.parent_table,
       r.role,
       CASE WHEN r.outcome OPERATOR(pg_catalog.=) 'running'
             AND r.caller OPERATOR(pg_catalog.<>) 'function'
             AND NOT pg_catalog.pg_is_in_recovery()
             AND NOT EXISTS (
                 SELECT FROM pg_catalog.pg_locks AS l
                 WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
                   AND l.pid OPERATOR(pg_catalog.=) r.pid
                   AND l.granted
                   AND l.objsubid OPERATOR(pg_catalog.=) 1
                   AND l.database OPERATOR(pg_catalog.=) (
                       SELECT d.oid FROM pg_catalog.pg_database AS d
                       WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
                   AND (l.classid::bigint OPERATOR(pg_catalog.<<) 32) OPERATOR(pg_catalog.|) l.objid::bigint
                       OPERATOR(pg_catalog.=) pg_catalog.hashtext('pg_partman run_maintenance_proc')::bigint
                   AND NOT EXISTS (
                       SELECT FROM pg_catalog.pg_stat_activity AS a
                       WHERE a.pid OPERATOR(pg_catalog.=) r.pid
                         AND a.backend_start OPERATOR(pg_catalog.<>) r.backend_start))
            THEN 'interrupted' ELSE r.outcome END AS outcome,
       r.sets,
       r.busy,
       r.failed,
       r.deferred,
       r.pid,
       r.id
FROM @extschema@.maintenance_run AS r;

COMMENT ON VIEW @extschema@.maintenance_history IS
    'Runs of maintenance with how they ended; a run whose session is gone, or has gone on to something else, reads interrupted.';
