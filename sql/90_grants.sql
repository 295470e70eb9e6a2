/*
 * The role that installs the trusted extension does not own its members; it
 * gets their use, and may pass it on. Rows only, not ALL: with TRIGGER or
 * REFERENCES its code would run as the tables' owner, a superuser, when a
 * foreign key cascades or is checked. Functions keep PUBLIC EXECUTE: each one
 * acts with the caller's rights, and the schema's USAGE gates access.
 */

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE
    @extschema@.part_config,
    @extschema@.part_config_sub,
    @extschema@.part_policy,
    @extschema@.part_pending_drop
TO @extowner@ WITH GRANT OPTION;

-- Nobody but the extension writes history.
GRANT SELECT, DELETE ON TABLE
    @extschema@.maintenance_run,
    @extschema@.maintenance_action,
    @extschema@.move_history
TO @extowner@ WITH GRANT OPTION;

GRANT SELECT ON TABLE
    @extschema@.table_privs,
    @extschema@.move_progress,
    @extschema@.maintenance_history,
    @extschema@.partition_status,
    @extschema@.partitions
TO @extowner@ WITH GRANT OPTION;
