/*
 * Jobs of pg_cron, made and removed as the caller.
 */

CREATE FUNCTION @extschema@.schedule_maintenance(
    p_schedule text,
    p_job_name text DEFAULT 'partman-maintenance')
RETURNS bigint AS 'MODULE_PATHNAME', 'strata_schedule_maintenance' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.schedule_maintenance(text, text) IS
    'Lets pg_cron call run_maintenance_proc in this database at the given times, as the caller; a job of that name gets the new schedule. Returns its number.';

CREATE FUNCTION @extschema@.unschedule_maintenance(p_job_name text DEFAULT 'partman-maintenance')
RETURNS boolean AS 'MODULE_PATHNAME', 'strata_unschedule_maintenance' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.unschedule_maintenance(text) IS
    'Removes the caller''s job of that name from pg_cron; false when there is none.';
