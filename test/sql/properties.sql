-- What children inherit (contract 6): at creation, as the plan shows it, and through the functions on tables that exist.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA q;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
\pset format unaligned

CREATE VIEW q.tables AS
SELECT c.relname::text AS name, c.relpersistence AS persistence, c.relreplident AS identity, c.reloptions AS options, t.reloptions AS toast,
       pg_get_userbyid(c.relowner) AS owner, c.oid
FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.relnamespace = 'q'::regnamespace AND c.relkind IN ('r', 'p');
CREATE FUNCTION q.indexes(tables text) RETURNS TABLE (index text) LANGUAGE sql AS $$
    SELECT pg_get_indexdef(i.indexrelid) || coalesce(' IN ' || s.spcname, '') || CASE WHEN i.indisprimary THEN ' PK' ELSE '' END
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace
    WHERE c.relnamespace = 'q'::regnamespace AND c.relname ~ tables ORDER BY 1
$$;
CREATE FUNCTION q.grants(tables text) RETURNS TABLE (grants text) LANGUAGE sql AS $$
    SELECT c.relname || ' of ' || pg_get_userbyid(c.relowner) || ': ' ||
           coalesce((SELECT string_agg(g || '=' || p, ' ' ORDER BY g) FROM
               (SELECT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS g, string_agg(left(privilege_type, 3), '+' ORDER BY privilege_type) AS p
                FROM aclexplode(c.relacl) WHERE grantee <> c.relowner GROUP BY 1) AS a), '-')
    FROM pg_class c WHERE c.relnamespace = 'q'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname ~ tables ORDER BY c.relname
$$;
-- What a call raises, as one line
CREATE FUNCTION q.try(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- --- template: everything of 6.1, in the plan and in the child -----------------------------------------------------------
SET allow_in_place_tablespaces = true;
CREATE TABLESPACE regress_strata_props LOCATION '';
CREATE TABLE q.t (id int NOT NULL, v int NOT NULL, w text, "Mixed ""x" int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE INDEX ON q.t (w);
ALTER TABLE q.t ALTER w SET STATISTICS 321, ALTER v SET STATISTICS 0, REPLICA IDENTITY USING INDEX t_pkey;
CREATE UNLOGGED TABLE q.t_tpl (LIKE q.t, PRIMARY KEY (id) INCLUDE (v)) WITH (fillfactor = 61, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE q.t_tpl ALTER v SET STATISTICS 99, ADD CHECK (v > 0), ALTER v SET DEFAULT 9, ADD UNIQUE (v, w);
CREATE UNIQUE INDEX b ON q.t_tpl (w);                                  -- as the parent's plain index: left out [Q]
CREATE UNIQUE INDEX a ON q.t_tpl ("Mixed ""x") TABLESPACE regress_strata_props WHERE w <> ' WHERE x';
CREATE UNIQUE INDEX c ON q.t_tpl (lower(w) DESC) INCLUDE (id);
CREATE INDEX d ON q.t_tpl (v);                                         -- not unique: left out
SELECT partman.create_parent('q.t', 'id', '10', p_premake := 1, p_template_table := 'q.t_tpl');
SELECT name, persistence, identity, options, toast FROM q.tables WHERE name ~ '^t_(p|default)' ORDER BY 1;
SELECT * FROM q.indexes('^t_p0$');
SELECT * FROM q.indexes('^t_default$');
SELECT attname, attstattarget, atthasdef FROM pg_attribute WHERE attrelid = 'q.t_p0'::regclass AND attstattarget >= 0 AND attnum > 0 ORDER BY 1;
SELECT count(*) AS checks FROM pg_constraint WHERE conrelid = 'q.t_p0'::regclass AND contype = 'c';
SELECT indexrelid::regclass AS identity_index FROM pg_index WHERE indrelid = 'q.t_p0'::regclass AND indisreplident;
INSERT INTO q.t VALUES (15, 1, 'x', 1);
SELECT regexp_replace(statement, '; ', E';\n', 'g') AS statement FROM partman.plan_maintenance('q.t');
SELECT partman.run_maintenance('q.t');
SELECT * FROM q.indexes('^t_p20$');
SELECT name, persistence, identity, options, toast FROM q.tables WHERE name = 't_p20';

-- a deferrable primary key in a tablespace of its own
CREATE TABLE q.k (id int NOT NULL, v int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE q.k_tpl (LIKE q.k, PRIMARY KEY (v) USING INDEX TABLESPACE regress_strata_props DEFERRABLE INITIALLY DEFERRED);
SELECT partman.create_parent('q.k', 'id', '10', p_premake := 1, p_template_table := 'q.k_tpl', p_default_table := false);
SELECT * FROM q.indexes('^k_p0$');
SELECT condeferrable, condeferred FROM pg_constraint WHERE conrelid = 'q.k_p0'::regclass AND contype = 'p';
-- a template that is gone stands in the way of new children only
CREATE TABLE q.g (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('q.g', 'id', '10', p_premake := 2);
INSERT INTO q.g VALUES (3), (15), (25);
DROP TABLE partman.template_q_g;
SELECT partman.drop_partition_id('q.g', 5) AS retired;
SELECT q.try($$SELECT partman.run_maintenance('q.g')$$);

-- a free table of the default's name gets what LIKE and the template would have given it
CREATE TABLE q.f (id int NOT NULL, v int) PARTITION BY RANGE (id);
ALTER TABLE q.f ALTER v SET STATISTICS 17, REPLICA IDENTITY FULL;
CREATE UNLOGGED TABLE q.f_tpl (LIKE q.f, UNIQUE (v)) WITH (fillfactor = 50);
CREATE TABLE q.f_default (id int NOT NULL, v int);
SELECT partman.create_parent('q.f', 'id', '10', p_premake := 1, p_template_table := 'q.f_tpl');
SELECT name, persistence, identity, options FROM q.tables WHERE name IN ('f_default', 'f_p0') ORDER BY 1;
SELECT * FROM q.indexes('^f_default$');
SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = 'q.f_default'::regclass AND attstattarget > 0 ORDER BY 1;

-- identity and generated columns, publications
CREATE TABLE q.i (id int GENERATED ALWAYS AS IDENTITY, v int, twice int GENERATED ALWAYS AS (v * 2) STORED) PARTITION BY RANGE (id);
SELECT partman.create_parent('q.i', 'id', '10', p_premake := 1, p_template_table := 'false');
-- from 17 on, partitions share the parent's identity column
SELECT attname, attidentity = CASE WHEN attname = 'id' AND current_setting('server_version_num')::int >= 170000 THEN 'a' ELSE '' END
  AS as_attached, attnotnull, attgenerated FROM pg_attribute WHERE attrelid = 'q.i_p0'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO q.i (v) VALUES (1), (2);
SELECT tableoid::regclass, * FROM q.i ORDER BY 2;

-- --- inherit_template_properties -----------------------------------------------------------------------------------------
CREATE TABLE q.t_hand (LIKE q.t);
SELECT partman.inherit_template_properties('q.t', 'q', 't_hand');
SELECT name, persistence, options, toast FROM q.tables WHERE name = 't_hand';
SELECT * FROM q.indexes('^t_hand$');
-- again: keys it has are not made twice
SELECT partman.inherit_template_properties(p_parent_table := 'q.t', p_child_schema := 'q', p_child_tablename := 't_hand');
SELECT count(*) FROM q.indexes('^t_hand$');
ALTER TABLE q.t_tpl SET LOGGED;
SELECT partman.inherit_template_properties('q.t', 'q', 't_hand');
SELECT persistence FROM q.tables WHERE name = 't_hand';
-- nothing for a child that is itself partitioned
CREATE TABLE q.t_sub (LIKE q.t) PARTITION BY RANGE (id);
SELECT partman.inherit_template_properties('q.t', 'q', 't_sub');
SELECT count(*) FROM q.indexes('^t_sub$');
SELECT q.try($$SELECT partman.inherit_template_properties('q.none', 'q', 't_hand')$$);
SELECT q.try($$SELECT partman.inherit_template_properties('q.i', 'q', 't_hand')$$);
SELECT q.try($$SELECT partman.inherit_template_properties('q.t', 'q', 'none')$$);
SELECT q.try($$SELECT partman.inherit_template_properties('q.g', 'q', 't_hand')$$);
SELECT q.try($$SELECT partman.inherit_template_properties('q.t', 'q', NULL)$$);

-- --- inherit_parent_properties, inherit_replica_identity -----------------------------------------------------------------
CREATE TABLE q."T ""hand" (LIKE q.t);
SELECT partman.inherit_parent_properties('q', 't', 'T "hand');
SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = 'q."T ""hand"'::regclass AND attstattarget >= 0 AND attnum > 0 ORDER BY 1;
CREATE SCHEMA q2;
CREATE TABLE q2.x (LIKE q.t);
SELECT partman.inherit_parent_properties('q', 't', 'x', 'q2');
SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = 'q2.x'::regclass AND attstattarget >= 0 AND attnum > 0 ORDER BY 1;
SELECT q.try($$SELECT partman.inherit_parent_properties('q', 't', 'x')$$), q.try($$SELECT partman.inherit_parent_properties('q', 'none', 't_hand')$$);
CREATE TABLE q.r (id int NOT NULL PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE q.r_a PARTITION OF q.r FOR VALUES FROM (0) TO (10);
SELECT partman.inherit_replica_identity('q', 'r', 'r_a');
SELECT identity FROM q.tables WHERE name = 'r_a';
ALTER TABLE q.r REPLICA IDENTITY NOTHING;
SELECT partman.inherit_replica_identity('q', 'r', 'r_a');
SELECT identity FROM q.tables WHERE name = 'r_a';
ALTER TABLE q.r REPLICA IDENTITY FULL;
SELECT partman.inherit_replica_identity(p_parent_schemaname := 'q', p_parent_tablename := 'r', p_child_tablename := 'r_a');
SELECT identity FROM q.tables WHERE name = 'r_a';
ALTER TABLE q.r REPLICA IDENTITY USING INDEX r_pkey;
SELECT partman.inherit_replica_identity('q', 'r', 'r_a');
SELECT identity, (SELECT indexrelid::regclass FROM pg_index WHERE indrelid = oid AND indisreplident) AS index FROM q.tables WHERE name = 'r_a';
SELECT q.try($$SELECT partman.inherit_replica_identity('q', 'r', 'none')$$);

-- --- apply_privileges, reapply_privileges --------------------------------------------------------------------------------
CREATE ROLE regress_strata_props_owner;
CREATE ROLE regress_strata_props_old;
CREATE ROLE "regress strata ""props";
CREATE ROLE regress_strata_props_out;
GRANT USAGE, CREATE ON SCHEMA q TO regress_strata_props_owner, regress_strata_props_old;
GRANT USAGE ON SCHEMA q TO regress_strata_props_out;
CREATE TABLE q.p (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('q.p', 'id', '10', p_premake := 1, p_template_table := 'false');
ALTER TABLE q.p OWNER TO regress_strata_props_owner;
GRANT SELECT, INSERT ON q.p TO "regress strata ""props";
GRANT SELECT ON q.p TO PUBLIC;
GRANT SELECT ON q.p_p0 TO regress_strata_props_out;
GRANT UPDATE, DELETE, SELECT ON q.p_p0 TO "regress strata ""props";
ALTER TABLE q.p_p0 OWNER TO regress_strata_props_old;
SELECT partman.apply_privileges('q', 'p', 'q', 'p_p0');
SELECT * FROM q.grants('^p_');
SELECT partman.reapply_privileges('q.p');
SELECT * FROM q.grants('^p_');
-- the parent's grants shrink; its owner gives up a right of his own
REVOKE ALL ON q.p FROM PUBLIC;
REVOKE INSERT ON q.p FROM "regress strata ""props";
REVOKE TRUNCATE ON q.p FROM regress_strata_props_owner;
SELECT partman.reapply_privileges(p_parent_table := 'q.p');
SELECT * FROM q.grants('^p_');
SELECT bool_or(privilege_type = 'TRUNCATE') FROM pg_class, aclexplode(relacl) WHERE relname = 'p_p10' AND relnamespace = 'q'::regnamespace AND grantee = relowner;
-- new children only with inherit_privileges, the default never at its creation; default privileges of the owner do not stay
ALTER DEFAULT PRIVILEGES FOR ROLE regress_strata_props_owner GRANT UPDATE ON TABLES TO regress_strata_props_out;
INSERT INTO q.p VALUES (12);
SELECT partman.run_maintenance('q.p');
SELECT * FROM q.grants('^p_p20');
UPDATE partman.part_config SET inherit_privileges = true WHERE parent_table = 'q.p';
INSERT INTO q.p VALUES (22);
SELECT replace(substring(statement FROM 'ATTACH.*'), ' MAINTAIN,', '') AS statement -- a privilege since 17
FROM partman.plan_maintenance('q.p');
SELECT partman.run_maintenance('q.p');
SELECT * FROM q.grants('^p_p30');
ALTER DEFAULT PRIVILEGES FOR ROLE regress_strata_props_owner REVOKE UPDATE ON TABLES FROM regress_strata_props_out;
SELECT q.try($$SELECT partman.apply_privileges('q', 'none', 'q', 'p_p0')$$);
SELECT q.try($$SELECT partman.apply_privileges('q', 'p', 'q', 'none')$$);
SELECT q.try($$SELECT partman.reapply_privileges('q.none')$$);
SET ROLE regress_strata_props_out;
SELECT q.try($$SELECT partman.reapply_privileges('q.p')$$) ~ 'permission denied for schema partman' AS schema_gates;
RESET ROLE;
GRANT USAGE ON SCHEMA partman TO regress_strata_props_out;
GRANT SELECT ON ALL TABLES IN SCHEMA partman TO regress_strata_props_out;
SET ROLE regress_strata_props_out;
SELECT q.try($$SELECT partman.reapply_privileges('q.p')$$);
SELECT q.try($$SELECT partman.apply_privileges('q', 'p', 'q', 'p_p0')$$);
SELECT q.try($$SELECT partman.inherit_replica_identity('q', 'r', 'r_a')$$);
SELECT q.try($$SELECT partman.inherit_parent_properties('q', 't', 't_hand')$$);
SELECT q.try($$SELECT partman.inherit_template_properties('q.t', 'q', 't_hand')$$);
SELECT q.try($$SELECT partman.autovacuum_off('q', 'r_a')$$);
RESET ROLE;

-- --- templates of strangers: their expressions would run with the rights of the owner of the children ---------------------
CREATE TABLE q.s (id int NOT NULL, v int) PARTITION BY RANGE (id);
CREATE TABLE q.s_tpl (LIKE q.s);
ALTER TABLE q.s OWNER TO regress_strata_props_owner;
ALTER TABLE q.s_tpl OWNER TO regress_strata_props_old;
SELECT q.try($$SELECT partman.create_parent('q.s', 'id', '10', p_template_table := 'q.s_tpl')$$);
SELECT count(*) FROM partman.part_config WHERE parent_table = 'q.s';
-- being a member of the stranger is not enough, as his index would then run with more rights than he has
GRANT regress_strata_props_old TO regress_strata_props_owner;
SELECT q.try($$SELECT partman.create_parent('q.s', 'id', '10', p_template_table := 'q.s_tpl')$$) ~ '^42501' AS refused;
REVOKE regress_strata_props_old FROM regress_strata_props_owner;
-- one who has the owner's rights anyway may own it
GRANT regress_strata_props_owner TO regress_strata_props_old;
SELECT partman.create_parent('q.s', 'id', '10', p_premake := 1, p_template_table := 'q.s_tpl');
REVOKE regress_strata_props_owner FROM regress_strata_props_old;
SELECT q.try($$SELECT partman.inherit_template_properties('q.s', 'q', 's_p0')$$) ~ '^42501' AS refused;
SELECT action, reason FROM partman.plan_maintenance('q.s');
INSERT INTO q.s VALUES (15);
SELECT action, reason FROM partman.plan_maintenance('q.s');
ALTER TABLE q.s_tpl OWNER TO regress_strata_props_owner;
SELECT action FROM partman.plan_maintenance('q.s');
-- a superuser's template is trusted
ALTER TABLE q.s_tpl OWNER TO postgres;
SELECT partman.run_maintenance('q.s');
SELECT * FROM q.grants('^s_');

-- --- apply_cluster, autovacuum_* -----------------------------------------------------------------------------------------
CREATE TABLE q.plain (id int, v int);
CREATE INDEX plain_v ON q.plain (v);
CREATE TABLE q.plain_child (w int) INHERITS (q.plain);
CREATE INDEX child_v ON q.plain_child (v);
SELECT partman.apply_cluster('q', 'plain', 'q', 'plain_child');
SELECT count(*) AS clustered FROM pg_index WHERE indisclustered AND indrelid = 'q.plain_child'::regclass;
ALTER TABLE q.plain CLUSTER ON plain_v;
SELECT partman.apply_cluster('q', 'plain', 'q', 'plain_child');
SELECT indexrelid::regclass FROM pg_index WHERE indisclustered AND indrelid = 'q.plain_child'::regclass;
SELECT q.try($$SELECT partman.apply_cluster('q', 't', 'q', 't_p0')$$);
CREATE TABLE q.source (v int);
SELECT partman.autovacuum_off('q', 'plain', 'q', 'source');
SELECT name, options FROM q.tables WHERE name IN ('plain', 'plain_child', 'source') ORDER BY 1;
SELECT partman.autovacuum_reset('q', 'plain', p_source_schema := 'q', p_source_tablename := 'source');
SELECT name, options FROM q.tables WHERE name IN ('plain', 'plain_child', 'source') ORDER BY 1;
-- refused by the server, which has changed its mind about the SQLSTATE
SELECT q.try($$SELECT partman.autovacuum_off('q', 't')$$) ~ '^(22023|42809) ' AS refused, q.try($$SELECT partman.autovacuum_reset('q', 't')$$);

DROP SCHEMA q, q2 CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP TABLESPACE regress_strata_props;
DROP OWNED BY regress_strata_props_owner, regress_strata_props_old, regress_strata_props_out;
DROP ROLE regress_strata_props_owner, regress_strata_props_old, regress_strata_props_out, "regress strata ""props";
