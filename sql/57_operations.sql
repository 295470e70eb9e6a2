/*
 * Maintenance in the words of operators: calendar months of any table, the
 * parts of a run for schedulers that look at exit codes, another interval.
 */

CREATE FUNCTION @extschema@.create_monthly_partitions(p_table text, p_months integer)
RETURNS integer AS 'MODULE_PATHNAME', 'strata_create_monthly_partitions' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.create_monthly_partitions(text, integer) IS
    'Creates the children <table>_YYYY_MM of the current month and the p_months after it that are missing, managed table or not, and returns how many; the name is read as in SQL, by the search_path.';

CREATE FUNCTION @extschema@.drop_old_partitions(p_table text, p_months integer)
RETURNS integer AS 'MODULE_PATHNAME', 'strata_drop_old_partitions' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.drop_old_partitions(text, integer) IS
    'Drops (or detaches, where part_config says so) the children that end at or before the start of the month p_months before the current one, never the last child, and returns how many.';

CREATE FUNCTION @extschema@.set_partition_interval(p_parent_table text, p_interval text)
RETURNS void AS 'MODULE_PATHNAME', 'strata_set_partition_interval' LANGUAGE C;

COMMENT ON FUNCTION @extschema@.set_partition_interval(text, text) IS
    'Gives a set another interval from the end of its last child on, creating the one child that leads to the next boundary of the new interval; existing children stay.';

CREATE PROCEDURE @extschema@.run_provisioning(p_parent_table text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'strata_run_provisioning' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.run_provisioning(text) IS
    'Creates due children of one set, or of all with automatic_maintenance on, committing after each; raises at the end if any set failed.';

CREATE PROCEDURE @extschema@.run_cleanup(p_parent_table text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'strata_run_cleanup' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.run_cleanup(text) IS
    'Applies retention to one set, or to all with automatic_maintenance on, committing after each action; raises at the end if any set failed.';

CREATE PROCEDURE @extschema@.run_all(p_parent_table text DEFAULT NULL)
AS 'MODULE_PATHNAME', 'strata_run_all' LANGUAGE C;

COMMENT ON PROCEDURE @extschema@.run_all(text) IS
    'run_provisioning, run_cleanup, then the check of the partitions; each runs whatever the one before found, and what failed is raised at the end.';
