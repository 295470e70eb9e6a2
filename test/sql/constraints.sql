-- apply_constraints, drop_constraints, reapply_constraints_proc, and the constraints that creations bring (contract 8.4).
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA c;
\pset format unaligned
CREATE FUNCTION c.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN EXECUTE statement; RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || SQLERRM || ' / ' || hint;
END $$;
CREATE VIEW c.checks AS
SELECT conrelid::regclass::text AS child, conname, convalidated AS valid, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE conname LIKE 'partmanconstr%';

-- columns are looked at when they are named
CREATE TABLE c.t (id int NOT NULL, n bigint, "Some Text" text, at timestamptz, key uuid, f float8, nothing int) PARTITION BY RANGE (id);
SELECT c.try($$SELECT partman.create_parent('c.t', 'id', '10', p_constraint_cols := '{missing}')$$);
SELECT c.try($$SELECT partman.create_parent('c.t', 'id', '10', p_constraint_cols := '{id}')$$) ~ '^23514: .*control_constraint_col_chk';
SELECT partman.create_parent('c.t', 'id', '10', p_premake := 2, p_constraint_cols := '{n,"Some Text",at,key,f,nothing,n}');
SELECT constraint_cols, optimize_constraint, constraint_valid FROM partman.part_config;

-- nothing is old enough: 30 places below the highest with rows is nowhere, and below 1 + 1 places neither
INSERT INTO c.t SELECT i, i * 2, 'v' || i, '2026-01-01 00:00+00'::timestamptz + i * interval '1 hour',
    ('00000000-0000-0000-0000-0000000000' || lpad(i::text, 2, '0'))::uuid, i / 3.0 FROM generate_series(0, 19) i;
SELECT partman.apply_constraints('c.t');
UPDATE partman.part_config SET optimize_constraint = 1;
SELECT partman.apply_constraints('c.t');
SELECT count(*) FROM c.checks;

-- one more with rows: maintenance creates, and says and adds the constraints of the one two places below
INSERT INTO c.t SELECT i, i FROM generate_series(20, 29) i;
SELECT step, action, partition_table, lower_bound, upper_bound, lock_mode, reason, CASE WHEN action = 'constrain' THEN statement END AS statement
FROM partman.plan_maintenance('c.t') ORDER BY step;
SELECT partman.run_maintenance('c.t');
SELECT child, conname, valid, definition FROM c.checks ORDER BY 1, 2;
SELECT count(*) FROM partman.plan_maintenance('c.t');
SET constraint_exclusion = on;
-- they hold for new rows, and the bounds read back exactly
SELECT c.try($$INSERT INTO c.t (id, n) VALUES (1, 19)$$) ~ '^23514: .*partmanconstr_t_p0_n';
INSERT INTO c.t SELECT * FROM c.t WHERE id = 7;

-- a constraint that is there stays as it is; a child named is given its own, in whatever schema the name says
SELECT partman.apply_constraints('c.t');
SELECT partman.apply_constraints(p_parent_table := 'c.t', p_child_table := 'elsewhere.t_p10', p_analyze := true, p_job_id := 1);
SELECT child, conname FROM c.checks WHERE child = 'c.t_p10' ORDER BY 2;
SELECT reltuples >= 0 FROM pg_class WHERE oid = 'c.t'::regclass;
-- nothing to do is no error
SELECT partman.apply_constraints('c.t', 'c.t_p77'), partman.apply_constraints('c.t', 't_p10'), partman.apply_constraints('c.nowhere'),
    partman.apply_constraints('c.t', 'c.t_p20');
SELECT child, string_agg(conname, ' ' ORDER BY conname) FROM c.checks WHERE child = 'c.t_p20' GROUP BY 1;

-- dropping: the configured columns only, shown on request
UPDATE partman.part_config SET constraint_cols = '{n,f}';
SET client_min_messages = notice;
SELECT partman.drop_constraints('c.t', 'c.t_p10', p_debug := true);
SELECT partman.drop_constraints('c.t', 'c.t_p10', true);
SET client_min_messages = warning;
SELECT child, conname FROM c.checks WHERE child = 'c.t_p10' ORDER BY 2;
SELECT c.try($$SELECT partman.drop_constraints('c.t', 'c.t_p77')$$);
SELECT c.try($$SELECT partman.drop_constraints('c.nowhere', 'c.t_p0')$$);
UPDATE partman.part_config SET constraint_cols = '{gone}';
SELECT c.try($$SELECT partman.apply_constraints('c.t', 'c.t_p0')$$);
UPDATE partman.part_config SET constraint_cols = NULL;
SELECT c.try($$SELECT partman.drop_constraints('c.t', 'c.t_p0')$$);
SELECT c.try($$SELECT partman.apply_constraints('c.t', 'c.t_p0')$$);

-- constraint_valid = false: NOT VALID, and validated once it is true again
UPDATE partman.part_config SET constraint_cols = '{n}', constraint_valid = false;
SELECT partman.apply_constraints('c.t', 'c.t_p10');
SELECT valid FROM c.checks WHERE conname = 'partmanconstr_t_p10_n';
UPDATE partman.part_config SET constraint_valid = true;
SELECT partman.apply_constraints('c.t', 'c.t_p10');
SELECT valid FROM c.checks WHERE conname = 'partmanconstr_t_p10_n';

-- reapply: from the oldest up to optimize_constraint places below the highest with rows, one closer than apply_constraints
SET client_min_messages = notice;
CALL partman.reapply_constraints_proc('c.t', p_drop_constraints := true, p_apply_constraints := true, p_dryrun := true);
CALL partman.reapply_constraints_proc('c.t', p_drop_constraints := true);
SELECT child, conname FROM c.checks WHERE conname LIKE '%\_n' ORDER BY 1, 2;
CALL partman.reapply_constraints_proc('c.t', p_apply_constraints := true, p_analyze := false);
SELECT child, conname, valid FROM c.checks WHERE conname LIKE '%\_n' ORDER BY 1, 2;
-- optimize_constraint = 0: all with rows; more than there are: nothing
UPDATE partman.part_config SET optimize_constraint = 0;
CALL partman.reapply_constraints_proc('c.t', true, true);
SELECT child FROM c.checks WHERE conname LIKE '%\_n' ORDER BY 1;
UPDATE partman.part_config SET optimize_constraint = 3;
CALL partman.reapply_constraints_proc('c.t', true, false, p_dryrun := true);
-- refused before anything is done, and no lock is left
CALL partman.reapply_constraints_proc('c.nowhere', true, true);
UPDATE partman.part_config SET constraint_cols = NULL, optimize_constraint = 0;
CALL partman.reapply_constraints_proc('c.t', true, true);
BEGIN;
CALL partman.reapply_constraints_proc('c.t', false, true);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
SET client_min_messages = warning;

-- names are cut as names of children are, the column survives; an owner's set is worked on as the owner
CREATE ROLE regress_c_owner;
GRANT USAGE, CREATE ON SCHEMA partman, c TO regress_c_owner;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_c_owner;
CREATE TABLE c.a_table_with_a_name_that_is_nearly_as_long_as_names_may_be (id int NOT NULL, "Größe" int) PARTITION BY RANGE (id);
ALTER TABLE c.a_table_with_a_name_that_is_nearly_as_long_as_names_may_be OWNER TO regress_c_owner;
SELECT partman.create_parent('c.a_table_with_a_name_that_is_nearly_as_long_as_names_may_be', 'id', '10', p_constraint_cols := '{Größe}');
INSERT INTO c.a_table_with_a_name_that_is_nearly_as_long_as_names_may_be VALUES (1, 5);
SELECT partman.apply_constraints(parent_table, 'c.' || partition_tablename)
FROM partman.part_config, partman.show_partitions(parent_table) WITH ORDINALITY AS p(partition_schemaname, partition_tablename, n)
WHERE parent_table LIKE 'c.a\_%' AND n = 1;
SELECT child, conname FROM c.checks WHERE child LIKE 'c.a%';
CREATE ROLE regress_c_stranger;
GRANT USAGE ON SCHEMA partman TO regress_c_stranger;
GRANT SELECT ON ALL TABLES IN SCHEMA partman TO regress_c_stranger;
UPDATE partman.part_config SET constraint_cols = '{n}' WHERE parent_table = 'c.t';
ALTER TABLE c.t OWNER TO regress_c_owner;
SET ROLE regress_c_stranger;
SELECT partman.apply_constraints('c.t', 'c.t_p0');
SELECT partman.drop_constraints('c.t', 'c.t_p0');
CALL partman.reapply_constraints_proc('c.t', true, true);
RESET ROLE;

DROP SCHEMA c CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP ROLE regress_c_owner, regress_c_stranger;
