-- Rollback: drop the partitioned table, rename fixes_old back. The configuration row has lost its table and hurts nobody.
DROP TABLE fixes;
ALTER TABLE fixes_old RENAME TO fixes;
DO $$ BEGIN
    PERFORM seed.must((SELECT count(*) FROM fixes) = 9001, 'the old table is back');
    PERFORM seed.must(count(*) = 0, 'check_default survives it') FROM partman.check_default();
    PERFORM seed.must(count(*) = 1, 'the plan says what is wrong', string_agg(action || reason, ', ')) FROM partman.plan_maintenance() WHERE action = 'error' AND reason LIKE '%public.fixes%';
END $$;
DELETE FROM partman.part_config WHERE parent_table = 'public.fixes';
