-- A superuser works on the set of a role that may not even use the schema its tables are in, and moves rows between the
-- set and tables of his own: as the set's owner all the same.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA o;
CREATE SCHEMA "Other";
CREATE ROLE regress_strata_owner;
CREATE ROLE regress_strata_third;
CREATE ROLE regress_strata_both;

CREATE FUNCTION o.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN sqlstate || ': ' || sqlerrm;
END $$;
CREATE FUNCTION o.usage() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(nspname || '=' || has_schema_privilege('regress_strata_owner', oid, 'USAGE'), ' ' ORDER BY nspname)
  FROM pg_namespace WHERE nspname IN ('o', 'Other') $$;

CREATE TABLE o.t (id bigint NOT NULL PRIMARY KEY, k int, v text DEFAULT 'x') PARTITION BY RANGE (id);
ALTER TABLE o.t OWNER TO regress_strata_owner;
-- everything of a set's life, in one transaction
BEGIN;
SELECT partman.create_partition('o.t', 'id', '10', p_premake => 2, p_constraint_cols => '{k}');
INSERT INTO o.t SELECT g, g FROM generate_series(1, 28) AS g;
SELECT partman.run_maintenance('o.t');
SELECT partition_tablename FROM partman.show_partitions('o.t', 'DESC') LIMIT 1;
INSERT INTO o.t SELECT g, g FROM generate_series(61, 63) AS g;
SELECT * FROM partman.check_default();
SELECT partman.partition_data_id('o.t', 5);
SELECT partman.partition_gap_fill('o.t');
SELECT partman.reapply_privileges('o.t');
SELECT partman.apply_constraints('o.t', 'o.t_p0');
SELECT partman.drop_constraints('o.t', 'o.t_p0');
SELECT partman.drop_partition_id('o.t', 50, p_keep_table => false);
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relname LIKE 't\_%' AND relnamespace = 'o'::regnamespace;
SELECT o.usage();
COMMIT;

-- from and to tables of the superuser; the owner's trigger sees the owner
CREATE TABLE "Other".src AS SELECT g::bigint AS id, g AS k, 'src' AS v FROM generate_series(100, 112) AS g;
CREATE TABLE "Other".tgt (LIKE o.t);
CREATE TABLE o.seen (who name);
GRANT INSERT ON o.seen TO regress_strata_owner;
CREATE FUNCTION o.see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO o.seen VALUES (current_user);
  RETURN coalesce(new, old);
END $$;
CREATE FUNCTION o.steal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "Other".src;
  RETURN new;
END $$;
CREATE TRIGGER see BEFORE INSERT OR DELETE ON o.t FOR EACH ROW EXECUTE FUNCTION o.see();
CREATE TRIGGER steal AFTER INSERT ON o.t FOR EACH ROW EXECUTE FUNCTION o.steal();
SELECT o.try($$SELECT partman.partition_data_id('o.t', 5, p_source_table => 'Other.src')$$);
DROP TRIGGER steal ON o.t;
SELECT partman.partition_data_id('o.t', 1, p_batch_interval => 5, p_source_table => 'Other.src');
SELECT partman.partition_data_id('o.t', 5, p_source_table => 'Other.src', p_ignored_columns => '{v}');
SELECT count(*) FROM "Other".src;
SELECT partitions_undone, rows_undone FROM partman.undo_partition('o.t', p_target_table => 'Other.tgt', p_loop_count => 2, p_keep_table => false);
SELECT partitions_undone > 0, rows_undone FROM partman.undo_partition('o.t', 'Other.tgt', 20, p_keep_table => false);
SELECT v, count(*), min(id), max(id) FROM "Other".tgt GROUP BY v ORDER BY v;
SELECT count(*) FROM partman.part_config;
SELECT DISTINCT who FROM o.seen;
SELECT o.usage(), has_table_privilege('regress_strata_owner', '"Other".tgt', 'INSERT') AS tgt,
       has_table_privilege('regress_strata_owner', '"Other".src', 'SELECT, DELETE') AS src;

-- not where the code of a third role would run as the owner of the set
CREATE TABLE o.third (LIKE o.t);
ALTER TABLE o.third OWNER TO regress_strata_third;
SELECT partman.create_partition('o.t', 'id', '10', p_premake => 1);
SELECT o.try($$SELECT partman.undo_partition('o.t', 'o.third')$$);
SELECT o.try($$SELECT partman.partition_data_id('o.t', p_source_table => 'o.third')$$);
-- nor for a caller who lacks the right himself
GRANT regress_strata_owner TO regress_strata_third;
GRANT USAGE ON SCHEMA o, "Other", partman TO regress_strata_third;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_third;
SET ROLE regress_strata_third;
SELECT o.try($$SELECT partman.undo_partition('o.t', 'Other.tgt')$$);
RESET ROLE;
-- his own table will do, where the set's owner may use the schemas
ALTER TABLE o.t DISABLE TRIGGER ALL;
INSERT INTO o.t VALUES (0), (1);
GRANT USAGE ON SCHEMA o, partman TO regress_strata_owner;
SET ROLE regress_strata_third;
SELECT rows_undone FROM partman.undo_partition('o.t', 'o.third', 9);
RESET ROLE;

-- partitions, default and working table that belong to a former owner of the set: whoever has the rights of both hands
-- them over, who has only those of the new one does not
GRANT regress_strata_owner, regress_strata_third TO regress_strata_both;
GRANT USAGE, CREATE ON SCHEMA o TO regress_strata_both, regress_strata_owner, regress_strata_third;
GRANT USAGE ON SCHEMA partman TO regress_strata_both, regress_strata_owner;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_both, regress_strata_owner;
REVOKE regress_strata_owner FROM regress_strata_third;
CREATE FUNCTION o.owners(relations text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(relname || ' ' || relowner::regrole, ', ' ORDER BY relname)
  FROM pg_class WHERE relnamespace = 'o'::regnamespace AND relname LIKE relations AND relkind IN ('r', 'p') $$;
SET ROLE regress_strata_third;
CREATE TABLE o.a (at timestamptz NOT NULL PRIMARY KEY, k int) PARTITION BY RANGE (at);
CREATE TABLE o.a_default PARTITION OF o.a DEFAULT;
CREATE TABLE o.a_day PARTITION OF o.a FOR VALUES FROM ('2026-01-02 00:00+00') TO ('2026-01-03 00:00+00');
INSERT INTO o.a SELECT '2026-01-01 00:00+00'::timestamptz + h * interval '6 hours', h FROM generate_series(0, 3) AS h;
RESET ROLE;
ALTER TABLE o.a OWNER TO regress_strata_owner;
INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('o.a', 'at', 'range', '1 day');
INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('o.a', 'UTC');
SET ROLE regress_strata_owner;
CALL partman.partition_data_async('o.a', 1, '12 hours');
RESET ROLE;
SELECT o.owners('a%');
SET ROLE regress_strata_both;
CALL partman.partition_data_async('o.a', 2, '12 hours');
RESET ROLE;
SELECT o.owners('a%'), o.owners('partman_tmp%');
-- the working table, by then of the former owner again, and rows for a partition that was his
ALTER TABLE o.partman_tmp_storage_a OWNER TO regress_strata_third;
CREATE FUNCTION o.leak() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END';
CREATE TRIGGER leak BEFORE DELETE ON o.partman_tmp_storage_a FOR EACH ROW EXECUTE FUNCTION o.leak();
SET ROLE regress_strata_owner;
CALL partman.partition_data_async('o.a', NULL, '12 hours');
RESET ROLE;
CALL partman.partition_data_async('o.a', NULL, '12 hours');
DROP TRIGGER leak ON o.partman_tmp_storage_a;
SET ROLE regress_strata_owner;
CALL partman.partition_data_async('o.a', NULL, '12 hours');
SET ROLE regress_strata_both;
CALL partman.partition_data_async('o.a', 1, '12 hours');
RESET ROLE;
SELECT o.owners('partman_tmp%');
INSERT INTO o.partman_tmp_storage_a VALUES ('2026-01-02 03:00+00', 7);
CALL partman.partition_data_async('o.a', NULL, '12 hours');
SELECT o.owners('a%'), o.owners('partman_tmp%');
SELECT tableoid::regclass, count(*) FROM o.a GROUP BY 1 ORDER BY 1;

-- extra constraints on them
SET ROLE regress_strata_third;
CREATE TABLE o.c (id int NOT NULL, k int) PARTITION BY RANGE (id);
RESET ROLE;
CREATE FUNCTION o.constrained() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(conrelid::regclass || ' ' || relowner::regrole, ', ' ORDER BY relname)
  FROM pg_constraint JOIN pg_class c ON c.oid = conrelid WHERE conname LIKE 'partmanconstr%' $$;
SELECT partman.create_parent('o.c', 'id', '10', p_premake => 1, p_constraint_cols => '{k}', p_template_table => 'false');
SELECT partman.create_partition_id('o.c', '{20, 30, 40, 50, 60}');
INSERT INTO o.c SELECT g, g FROM generate_series(0, 69) AS g;
ALTER TABLE o.c OWNER TO regress_strata_owner;
UPDATE partman.part_config SET optimize_constraint = 3 WHERE parent_table = 'o.c';
SET ROLE regress_strata_owner;
SELECT o.try($$SELECT partman.apply_constraints('o.c')$$), o.try($$SELECT partman.apply_constraints('o.c', 'o.c_p0')$$);
CALL partman.reapply_constraints_proc('o.c', p_apply_constraints => true);
SET ROLE regress_strata_both;
SELECT partman.apply_constraints('o.c', 'o.c_p0');
SELECT o.constrained(), o.owners('c%');
SELECT partman.apply_constraints('o.c');
SELECT o.constrained();
RESET ROLE;
ALTER TABLE o.c_p0 OWNER TO regress_strata_third;
ALTER TABLE o.c_p20 OWNER TO regress_strata_third;
SET ROLE regress_strata_owner;
SELECT o.try($$SELECT partman.drop_constraints('o.c', 'o.c_p0')$$);
SET ROLE regress_strata_both;
SELECT partman.drop_constraints('o.c', 'o.c_p0');
SELECT o.constrained();
CALL partman.reapply_constraints_proc('o.c', true, true, p_analyze => false);
RESET ROLE;
SELECT o.constrained();
SELECT o.owners('c%');

-- nothing is left that would keep the roles
DROP TABLE o.t, o.third, o.a, o.c;
SELECT o.try($$SELECT partman.config_cleanup('o.t')$$);
DROP OWNED BY regress_strata_owner, regress_strata_both;
DROP SCHEMA o, "Other" CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP ROLE regress_strata_owner, regress_strata_third, regress_strata_both;
