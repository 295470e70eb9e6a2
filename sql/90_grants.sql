/*
 * The role that installs the trusted extension does not own its members; it
 * gets their use, and may pass it on. Functions keep PUBLIC EXECUTE: each one
 * acts with the caller's rights, and the schema's USAGE gates access.
 */

GRANT ALL ON TABLE
    @extschema@.part_config,
    @extschema@.part_config_sub,
    @extschema@.part_policy,
    @extschema@.part_pending_drop,
    @extschema@.table_privs
TO @extowner@ WITH GRANT OPTION;
