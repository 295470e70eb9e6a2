-- Grants on columns with inherit_privileges: partitions get the parent's grants on the table, never those on columns nor
-- grant options, however they come to be; who has grants on columns works through the parent all the same. Prints only
-- what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA c;
CREATE ROLE regress_strata_owner;
CREATE ROLE regress_strata_whole;
CREATE ROLE regress_strata_columns;
CREATE ROLE regress_strata_mixed;
GRANT USAGE ON SCHEMA c TO PUBLIC;
GRANT CREATE ON SCHEMA c TO regress_strata_owner;
-- The grants of a table and, after the bar, of its columns: by role without its prefix, * with grant option.
CREATE FUNCTION c.grants(relation text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(who || '=' || privileges, ' ' ORDER BY who) FILTER (WHERE attribute IS NULL), '') || ' |'
        || coalesce(string_agg(' ' || who || '=' || privileges || '(' || attribute || ')', '' ORDER BY attribute, who), '')
    FROM (SELECT replace(grantee::regrole::text, 'regress_strata_', '') AS who, attribute,
                 string_agg(lower(privilege_type) || CASE WHEN is_grantable THEN '*' ELSE '' END, ',' ORDER BY privilege_type) AS privileges
          FROM (SELECT NULL::name AS attribute, a.* FROM pg_class, aclexplode(relacl) a WHERE oid = relation::regclass
                UNION ALL SELECT attname, a.* FROM pg_attribute, aclexplode(attacl) a WHERE attrelid = relation::regclass) g
          WHERE grantee <> (SELECT relowner FROM pg_class WHERE oid = relation::regclass) GROUP BY grantee, attribute) r
$$;
CREATE FUNCTION c.make(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($c$
        CREATE TABLE c.%1$I (id int NOT NULL, n int NOT NULL DEFAULT 0, v text, w text) PARTITION BY RANGE (id);
        ALTER TABLE c.%1$I OWNER TO regress_strata_owner;
        GRANT SELECT, INSERT ON c.%1$I TO regress_strata_whole WITH GRANT OPTION;
        GRANT SELECT (id, v), INSERT (id, v), UPDATE (v), REFERENCES (id) ON c.%1$I TO regress_strata_columns;
        GRANT DELETE ON c.%1$I TO regress_strata_mixed;
        GRANT SELECT (id), UPDATE (w) ON c.%1$I TO regress_strata_mixed $c$, name);
END $$;
\set inherited '\'mixed=delete whole=insert,select |\''

SELECT c.make('s');
SELECT t.is(c.grants('c.s'), 'mixed=delete whole=insert*,select* | columns=insert,references,select(id) mixed=select(id) columns=insert,select,update(v) mixed=update(w)', 'the parent''s');
SELECT t.is(partman.create_parent('c.s', 'id', '10', p_premake := 1, p_start_partition := '0'), true, 'created');
SELECT t.is(c.grants('c.s_p0'), ' |', 'none if not asked for');
UPDATE partman.part_config SET inherit_privileges = true;

-- by maintenance, out of the default, from a source, into a gap, asked for
INSERT INTO c.s (id) VALUES (1), (11), (55);
CREATE TABLE c.source (LIKE c.s);
INSERT INTO c.source VALUES (75, 0);
ALTER TABLE c.source OWNER TO regress_strata_owner;
SELECT partman.run_maintenance('c.s');
SELECT t.is(partman.partition_data_id('c.s'), 1, 'drained'), t.is(partman.partition_data_id('c.s', p_source_table := 'c.source'), 1, 'from a source'),
    t.is(partman.partition_gap_fill('c.s'), 3, 'gaps'), t.is(partman.create_partition_id('c.s', '{90}'), true, 'one more');
SELECT t.is(c.grants('c.s_p' || n), :inherited, 'grants of s_p' || n) FROM unnest('{20,30,40,50,60,70,90}'::int[]) n;
SELECT t.is(c.grants('c.s_default'), ' |', 'the default has none');

-- through the parent, whatever partition the row is in; never beside it
SET ROLE regress_strata_columns;
INSERT INTO c.s (id, v) VALUES (91, 'a'), (2, 'a');
UPDATE c.s SET v = 'b' WHERE id IN (91, 2);
SELECT t.is((SELECT string_agg(id || coalesce(v, ''), ' ' ORDER BY id) FROM c.s), '1 2b 11 55 75 91b', 'columns of the parent');
SELECT t.throws(statement, '42501') FROM unnest('{SELECT w FROM c.s,UPDATE c.s SET w = v,DELETE FROM c.s,SELECT id FROM c.s_p90,INSERT INTO c.s_p90 (id) VALUES (92)}'::text[]) statement;
RESET ROLE;
SET ROLE regress_strata_mixed;
UPDATE c.s SET w = 'c' WHERE id = 91;
DELETE FROM c.s WHERE id = 2;
SELECT t.throws(statement, '42501') FROM unnest('{SELECT v FROM c.s,UPDATE c.s_p90 SET w = NULL}'::text[]) statement;
RESET ROLE;

-- Grants on the columns of a partition stay while its grants on the table change; REVOKE takes both where the role has
-- none on the parent's table.
GRANT SELECT (v) ON c.s_p20 TO regress_strata_columns;
GRANT SELECT (v), UPDATE (v) ON c.s_p20 TO regress_strata_whole;
GRANT UPDATE ON c.s_p20 TO regress_strata_whole;
GRANT TRUNCATE ON c.s_p30 TO regress_strata_columns;
GRANT SELECT (v) ON c.s_p30 TO regress_strata_columns;
SELECT partman.reapply_privileges('c.s');
SELECT t.is(c.grants('c.s_p20'), 'mixed=delete whole=insert,select | columns=select(v) whole=select(v)', 'columns of a partition'),
    t.is(c.grants('c.s_p30'), :inherited, 'all taken from a stranger to the parent'), t.is(c.grants('c.s_p0'), :inherited, 'one from before'),
    t.is(c.grants('c.s_default'), :inherited, 'and the default');
-- a second time changes nothing: the versions of the rows in the catalog are the same
SELECT string_agg(xmin::text, ' ' ORDER BY oid) AS versions FROM pg_class WHERE relnamespace = 'c'::regnamespace \gset
SELECT partman.reapply_privileges('c.s');
SELECT t.is(string_agg(xmin::text, ' ' ORDER BY oid), :'versions', 'nothing left to do') FROM pg_class WHERE relnamespace = 'c'::regnamespace;
-- a grant on columns alone that becomes one on the table
GRANT SELECT ON c.s TO regress_strata_columns;
SELECT partman.apply_privileges('c', 's', 'c', 's_p30');
SELECT t.is(c.grants('c.s_p30'), 'columns=select mixed=delete whole=insert,select |', 'grown');
REVOKE SELECT ON c.s FROM regress_strata_columns;
SELECT partman.apply_privileges('c', 's', 'c', 's_p30');
SELECT t.is(c.grants('c.s_p30'), :inherited, 'and back');

-- The owner himself; partitions that are sets: theirs get the grants, too, with those that are made with them.
DELETE FROM partman.part_config;
GRANT ALL ON SCHEMA partman TO regress_strata_owner;
GRANT ALL ON partman.part_config, partman.part_config_sub TO regress_strata_owner;
SELECT c.make('top');
SET ROLE regress_strata_owner;
SELECT t.is(partman.create_parent('c.top', 'id', '10', p_premake := 1, p_start_partition := '0', p_template_table := 'false'), true, 'top');
UPDATE partman.part_config SET inherit_privileges = true;
SET client_min_messages = error;
SELECT t.is(partman.create_sub_parent('c.top', 'n', '5', p_declarative_check := 'yes', p_premake := 1, p_start_partition := '0'), true, 'below');
SET client_min_messages = warning;
UPDATE partman.part_config_sub SET sub_inherit_privileges = true;
INSERT INTO c.top (id, n) VALUES (1, 1), (11, 1), (12, 1), (51, 51);
SELECT t.is(partman.partition_data_id('c.top'), 1, 'drained into a sub-set');
SELECT partman.run_maintenance('c.top');
RESET ROLE;
SELECT t.is(c.grants('c.' || n), :inherited, 'grants of ' || n) FROM unnest('{top_p50,top_p50_p50,top_p60,top_p60_p60}'::text[]) n;
SET ROLE regress_strata_columns;
SELECT t.is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM c.top), '1 11 12 51', 'columns of the top');
SELECT t.throws('SELECT id FROM c.top_p60', '42501'), t.throws('SELECT id FROM c.top_p60_p60', '42501');
RESET ROLE;

DROP SCHEMA c CASCADE;
DROP OWNED BY regress_strata_owner;
DROP ROLE regress_strata_owner, regress_strata_whole, regress_strata_columns, regress_strata_mixed;
\set leftovers CASCADE
\i :srcdir/assert_done.psql
