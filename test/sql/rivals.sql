-- Another partition manager that holds the same set is named in a warning, and only then.
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA r;
CREATE TABLE r.mine (k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE r.shared (k int NOT NULL) PARTITION BY RANGE (k);

-- what looks alike but is not one: a view, a column of another type, no such column
CREATE SCHEMA "not one";
CREATE VIEW "not one".part_config AS SELECT 'r.shared'::text AS parent_table;
SELECT partman.create_parent('r.mine', 'k', '10', p_template_table := 'false');
DROP VIEW "not one".part_config;
CREATE TABLE "not one".part_config (parent_table int);
SELECT partman.run_maintenance();
DROP TABLE "not one".part_config;
CREATE TABLE "not one".part_config (set text);
SELECT partman.run_maintenance();
DROP SCHEMA "not one" CASCADE;

-- one that lists the set
CREATE SCHEMA "Other";
CREATE TABLE "Other".part_config (parent_table text PRIMARY KEY, premake int);
INSERT INTO "Other".part_config VALUES ('r.shared', 4), ('r.unknown', 4);
SELECT partman.create_parent('r.shared', 'k', '10', p_template_table := 'false');
SELECT partman.run_maintenance();
SELECT partman.run_maintenance('r.mine');
SELECT partman.run_maintenance('r.shared');
CALL partman.run_maintenance_proc();

-- sets that are not maintained need no warning
UPDATE partman.part_config SET automatic_maintenance = 'off' WHERE parent_table = 'r.shared';
SELECT partman.run_maintenance();
UPDATE partman.part_config SET automatic_maintenance = 'on';

-- a stranger's table says nothing of a superuser's sets, and none of its code runs
CREATE ROLE regress_strata_rival;
GRANT USAGE ON SCHEMA "Other" TO regress_strata_rival;
ALTER TABLE "Other".part_config OWNER TO regress_strata_rival;
SELECT partman.run_maintenance();
ALTER TABLE "Other".part_config OWNER TO current_user;

-- one that cannot be read does not stop maintenance
ALTER TABLE "Other".part_config ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE ROLE regress_strata_maintainer;
GRANT USAGE, CREATE ON SCHEMA r, partman, "Other" TO regress_strata_maintainer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman TO regress_strata_maintainer;
ALTER TABLE r.mine OWNER TO regress_strata_maintainer;
ALTER TABLE r.shared OWNER TO regress_strata_maintainer;
ALTER TABLE "Other".part_config OWNER TO regress_strata_maintainer;
SET ROLE regress_strata_maintainer;
SELECT partman.run_maintenance('r.shared');
RESET ROLE;
ALTER TABLE "Other".part_config DISABLE ROW LEVEL SECURITY;
SET ROLE regress_strata_maintainer;
SELECT partman.run_maintenance('r.shared');
RESET ROLE;

DROP SCHEMA r, "Other" CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP OWNED BY regress_strata_maintainer, regress_strata_rival;
DROP ROLE regress_strata_maintainer, regress_strata_rival;
