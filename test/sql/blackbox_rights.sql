-- A plain role with what the documentation asks for, and a member of an owner that cannot see our schema: every call of
-- the ordinary life of a set, and nothing of the roles is left behind. Prints only what differs.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/assert.psql
CREATE SCHEMA "Mixed Case";
CREATE ROLE regress_strata_maintainer LOGIN;
CREATE ROLE regress_strata_holder;
GRANT ALL ON SCHEMA partman, "Mixed Case" TO regress_strata_maintainer;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_maintainer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partman TO regress_strata_maintainer;
GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA partman TO regress_strata_maintainer;

-- all in one transaction, as the maintainer
CREATE FUNCTION t.make(whose text) RETURNS SETOF void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM t.is(partman.create_parent('Mixed Case.Set', 'At', p_interval := '1 day', p_premake := 2, p_constraint_cols := '{id}'), true, whose || 'create');
END $$;
CREATE FUNCTION t.life(whose text) RETURNS SETOF void LANGUAGE plpgsql AS $$
DECLARE u record; f text;
BEGIN
    INSERT INTO "Mixed Case"."Set" SELECT s, date_trunc('day', now()) + s * interval '6 hours' FROM generate_series(-8, 11) s;
    PERFORM t.is((SELECT default_table || count FROM partman.check_default()), NULL, whose || 'check_default');
    INSERT INTO "Mixed Case"."Set" SELECT s, date_trunc('day', now()) + s * interval '6 hours' FROM generate_series(20, 39) s;
    PERFORM t.is((SELECT default_table || count FROM partman.check_default()), 'Mixed Case.Set_default20', whose || 'check_default');
    PERFORM t.is(partman.partition_data_time('Mixed Case.Set', 3), 12, whose || 'drain');
    PERFORM t.is(partman.partition_data_time('Mixed Case.Set', 30, p_order := 'DESC'), 8, whose || 'drain');
    PERFORM t.is(partman.partition_gap_fill('Mixed Case.Set'), 2, whose || 'gap fill');
    UPDATE partman.part_config SET optimize_constraint = 2, inherit_privileges = true, retention = '1 day', retention_keep_table = false;
    PERFORM partman.run_maintenance('Mixed Case.Set', p_analyze := true);
    PERFORM t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%'), 1, whose || 'a constraint');
    PERFORM t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = '"Mixed Case"."Set"'::regclass), 1 + 1 + 9 + 2 + 1, whose || 'retention');
    PERFORM partman.run_maintenance();
    PERFORM partman.reapply_privileges('Mixed Case.Set');
    PERFORM partman.apply_constraints('Mixed Case.Set');
    SELECT partition_tablename INTO f FROM partman.show_partitions('Mixed Case.Set') LIMIT 1;
    PERFORM partman.apply_constraints('Mixed Case.Set', 'Mixed Case.' || f);
    PERFORM t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%' AND conrelid = format('"Mixed Case".%I', f)::regclass), 1,
        whose || 'constraint of ' || f);
    PERFORM partman.drop_constraints('Mixed Case.Set', 'Mixed Case.' || f);
    PERFORM t.is((SELECT count(*) FROM pg_constraint WHERE conname LIKE 'partmanconstr_%' AND conrelid = format('"Mixed Case".%I', f)::regclass), 0,
        whose || 'no constraint of ' || f);
    PERFORM t.is((SELECT count(*) FROM partman.show_partition_name('Mixed Case.Set', now()::text) WHERE table_exists), 1, whose || 'name');
    PERFORM t.is((SELECT child_start_time FROM partman.show_partition_info('Mixed Case.' || f)), date_trunc('day', now() - interval '1 day'),
        whose || 'info');
    PERFORM t.ok(partman.dump_partitioned_table_definition('Mixed Case.Set') LIKE '%p_parent_table := ''Mixed Case.Set'',%', whose || 'dump');
    INSERT INTO "Mixed Case".source SELECT s, now() + s * interval '1 day' FROM generate_series(50, 52) s;
    PERFORM t.is(partman.partition_data_time('Mixed Case.Set', 5, p_source_table := 'Mixed Case.source'), 3, whose || 'source');
    PERFORM t.is(partman.drop_partition_time('Mixed Case.Set', '1 second', p_keep_table := false), 1, whose || 'drop');
    FOR i IN 1 .. 30 LOOP
        SELECT * INTO u FROM partman.undo_partition('Mixed Case.Set', 'Mixed Case.undone', 20, p_keep_table := false);
        EXIT WHEN NOT EXISTS (SELECT FROM partman.part_config);
    END LOOP;
    PERFORM t.is((SELECT count(*) FROM "Mixed Case".undone), 12 + 20 + 3, whose || 'undone');
    PERFORM t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = '"Mixed Case"."Set"'::regclass), 0, whose || 'no partition');
    PERFORM t.ok(NOT t.has('partman."template_Mixed Case_Set"'), whose || 'no template');
END $$;
CREATE FUNCTION t.tables() RETURNS SETOF void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE "Mixed Case"."Set" (id int, "At" timestamptz NOT NULL) PARTITION BY RANGE ("At");
    CREATE TABLE "Mixed Case".undone (LIKE "Mixed Case"."Set");
    CREATE TABLE "Mixed Case".source (LIKE "Mixed Case"."Set");
END $$;

BEGIN;
SET LOCAL ROLE regress_strata_maintainer;
SELECT t.tables();
SELECT t.make('own: ');
SELECT t.life('own: ');
ROLLBACK;

-- the tables belong to a role that has lost its rights on our schema; the maintainer is a member of it
BEGIN;
GRANT regress_strata_holder TO regress_strata_maintainer;
GRANT ALL ON SCHEMA "Mixed Case", partman TO regress_strata_holder;
SET LOCAL ROLE regress_strata_holder;
SELECT t.tables();
SET LOCAL ROLE regress_strata_maintainer;
SELECT t.make('held: ');
SELECT t.is((SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relname LIKE 'Set%' OR relname LIKE 'template%Set'),
    'regress_strata_holder', 'all the holder''s');
RESET ROLE;
REVOKE ALL ON SCHEMA partman, t FROM regress_strata_holder;
SET LOCAL ROLE regress_strata_maintainer;
SAVEPOINT made;
SELECT t.life('held: ');
ROLLBACK TO made;
SELECT partman.config_cleanup('Mixed Case.Set');
SELECT t.is((SELECT count(*) FROM partman.part_config), 0, 'cleaned up');
SELECT t.ok(NOT t.has('partman."template_Mixed Case_Set"'), 'template cleaned up');
ROLLBACK;

-- the procedures as the maintainer
SET ROLE regress_strata_maintainer;
SELECT t.tables();
SELECT t.make('procedures: ');
INSERT INTO "Mixed Case"."Set" SELECT s, date_trunc('day', now()) + s * interval '6 hours' FROM generate_series(40, 59) s;
CALL partman.partition_data_proc('Mixed Case.Set', 2, p_wait := 0, p_quiet := true);
CALL partman.partition_data_async('Mixed Case.Set', 2, '12 hours');
SELECT t.is(t.n('"Mixed Case"."partman_tmp_storage_Set"'), 4, 'working table');
CALL partman.partition_data_async('Mixed Case.Set', p_interval := '12 hours');
SELECT t.is(t.n('"Mixed Case"."Set_default"') || ' ' || (SELECT count(*) FROM "Mixed Case"."Set"), '0 20', 'moved by the procedures');
CALL partman.run_maintenance_proc();
CALL partman.reapply_constraints_proc('Mixed Case.Set', p_drop_constraints := true, p_apply_constraints := true);
CALL partman.run_analyze(p_quiet := true);
INSERT INTO "Mixed Case".source SELECT s, now() + s * interval '1 day' FROM generate_series(50, 52) s;
CALL partman.partition_data_proc('Mixed Case.Set', p_source_table := 'Mixed Case.source', p_wait := 0, p_quiet := true);
CALL partman.undo_partition_proc('Mixed Case.Set', 'Mixed Case.undone', p_wait := 0, p_keep_table := false, p_quiet := true);
SELECT t.is((SELECT count(*) FROM "Mixed Case".undone) || ' ' || (SELECT count(*) FROM partman.part_config), '23 0', 'undone by the procedure');
SELECT t.ok(NOT t.has('partman."template_Mixed Case_Set"'), 'template dropped by the procedure');
DROP TABLE "Mixed Case"."Set", "Mixed Case".undone, "Mixed Case".source;
RESET ROLE;

-- with the policies of the documentation each role sees and works on its own sets
BEGIN;
CREATE ROLE regress_strata_other;
GRANT ALL ON SCHEMA partman, "Mixed Case" TO regress_strata_other;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_other;
ALTER TABLE partman.part_config ENABLE ROW LEVEL SECURITY;
ALTER TABLE partman.part_config_sub ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON partman.part_config USING (maintenance_role = current_user) WITH CHECK (maintenance_role = current_user);
CREATE POLICY own ON partman.part_config_sub USING (sub_maintenance_role = current_user) WITH CHECK (sub_maintenance_role = current_user);
SET LOCAL ROLE regress_strata_other;
CREATE TABLE "Mixed Case".other (id int NOT NULL, n int NOT NULL) PARTITION BY RANGE (id);
SELECT t.is(partman.create_parent('Mixed Case.other', 'id', '10', p_premake := 1), true, 'other''s');
SET LOCAL client_min_messages = error;
SELECT t.is(partman.create_sub_parent('Mixed Case.other', 'n', '5', p_declarative_check := 'yes', p_premake := 1), true, 'other''s sub-sets');
SET LOCAL client_min_messages = warning;
INSERT INTO "Mixed Case".other SELECT s, s FROM generate_series(1, 25) s;
SELECT t.is(partman.partition_data_id('Mixed Case.other', 9), 6, 'other''s rows');
SELECT t.is((SELECT string_agg(DISTINCT maintenance_role, ' ') FROM partman.part_config), 'regress_strata_other', 'other''s sub-sets, too');
SET LOCAL ROLE regress_strata_maintainer;
SELECT t.tables();
SELECT t.make('policies: ');
SELECT t.life('policies: ');
SELECT t.throws($$SELECT partman.show_partitions('Mixed Case.other')$$, '42P01');
SELECT t.throws($$SELECT partman.partition_data_id('Mixed Case.other')$$, '42P01');
RESET ROLE;
SELECT t.is((SELECT count(*) FROM partman.part_config WHERE parent_table LIKE 'Mixed Case.other%'), 1 + 3, 'untouched');
ROLLBACK;

-- a superuser maintains what belongs to the roles, then the roles go without DROP OWNED
GRANT ALL ON SCHEMA "Mixed Case" TO regress_strata_holder;
SELECT t.tables();
ALTER TABLE "Mixed Case"."Set" OWNER TO regress_strata_holder;
REVOKE ALL ON SCHEMA "Mixed Case" FROM regress_strata_holder, regress_strata_maintainer;
BEGIN;
SELECT t.make('for another: ');
SELECT t.life('for another: ');
COMMIT;
DROP TABLE "Mixed Case"."Set", "Mixed Case".undone, "Mixed Case".source;
DROP ROLE regress_strata_holder;
REVOKE ALL ON SCHEMA partman, t FROM regress_strata_maintainer;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA t FROM regress_strata_maintainer;
REVOKE ALL ON ALL TABLES IN SCHEMA partman FROM regress_strata_maintainer;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA partman FROM regress_strata_maintainer;
REVOKE EXECUTE ON ALL PROCEDURES IN SCHEMA partman FROM regress_strata_maintainer;
DROP ROLE regress_strata_maintainer;
DROP SCHEMA "Mixed Case" CASCADE;
\i :srcdir/assert_done.psql
