-- create_parent: initial children, adoption by bound, templates, names, ownership, and what children inherit.
SET client_min_messages = warning;
CREATE SCHEMA partman;
CREATE EXTENSION pg_strata SCHEMA partman;
CREATE SCHEMA c;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
\pset format unaligned

-- The children of a table with their bounds, in bound order, default last.
CREATE FUNCTION c.children(parent regclass) RETURNS TABLE (child text, bound text) LANGUAGE sql AS $$
    SELECT i.inhrelid::regclass::text, pg_get_expr(p.relpartbound, p.oid)
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhparent = parent
    ORDER BY pg_get_expr(p.relpartbound, p.oid) = 'DEFAULT',
             (regexp_match(pg_get_expr(p.relpartbound, p.oid), '^FOR VALUES FROM \((-?\d+)\)'))[1]::bigint,
             (regexp_match(pg_get_expr(p.relpartbound, p.oid), '\(''?([^'')]*)'))[1]
$$;

-- Contract 3.4.5 as SQL: base, base + i*k for k = 1, 2, ... while < now + i*n, named by to_char; created and compared in
-- one transaction, so that now() is the same. Tells "ok", or what differs.
CREATE FUNCTION c.compare(key regtype, step interval, premake int DEFAULT 4, field text DEFAULT NULL, start text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    base timestamptz := date_trunc(coalesce(field, CASE WHEN step >= '1000 years' THEN 'millennium' WHEN step >= '100 years' THEN 'century'
        WHEN step >= '10 years' THEN 'decade' WHEN step >= '1 year' THEN 'year' WHEN step >= '1 month' THEN 'month'
        WHEN step >= '1 day' THEN 'day' WHEN step >= '1 minute' THEN 'hour' ELSE 'minute' END), coalesce(start::timestamptz, now() - step * premake));
    format text := CASE WHEN step >= '1 day' THEN 'YYYYMMDD' ELSE 'YYYYMMDD_HH24MISS' END;
    wrong text;
    created boolean;
BEGIN
    EXECUTE format('CREATE TABLE c.k (at %s NOT NULL, v int) PARTITION BY RANGE (at)', key);
    created := partman.create_parent('c.k', 'at', step::text, p_premake := premake, p_start_partition := start, p_date_trunc_interval := field);
    EXECUTE format($q$
        WITH expected AS (
            SELECT 'k_p' || to_char(lo, %3$L) AS name, lo::%4$s::text AS lo, (%1$L::timestamptz + %2$L::interval * (k + 1))::%4$s::text AS hi
            FROM generate_series(0, (extract(epoch FROM now() + %2$L::interval * %5$s - %1$L::timestamptz) / extract(epoch FROM %2$L::interval))::int + 2) AS k, LATERAL (SELECT %1$L::timestamptz + %2$L::interval * k AS lo) AS l
            WHERE k = 0 OR lo < now() + %2$L::interval * %5$s),
        actual AS (
            SELECT p.relname::text AS name, m[1]::%4$s::text AS lo, m[2]::%4$s::text AS hi
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid,
                 regexp_match(pg_get_expr(p.relpartbound, p.oid), $r$FROM \('([^']*)'\) TO \('([^']*)'\)$r$) AS m
            WHERE i.inhparent = 'c.k'::regclass AND m IS NOT NULL)
        SELECT string_agg(d.what || ' ' || d.name || ' ' || d.lo || ' ' || d.hi, E'\n' ORDER BY d.lo)
        FROM (SELECT '-' AS what, e.* FROM (TABLE expected EXCEPT TABLE actual) AS e
              UNION ALL SELECT '+', a.* FROM (TABLE actual EXCEPT TABLE expected) AS a) AS d $q$,
        base, step, format, key, premake) INTO wrong;
    IF to_regclass('c.k_default') IS NULL OR created IS DISTINCT FROM true THEN wrong := concat(wrong, ' no default or not true'); END IF;
    DROP TABLE c.k CASCADE;
    DELETE FROM partman.part_config WHERE parent_table = 'c.k';
    DROP TABLE IF EXISTS partman.template_c_k;
    RETURN coalesce(wrong, 'ok');
END $$;

-- contract 14.1, for each time key
SELECT key, step, field, c.compare(key, step, 4, field) FROM
    unnest('{timestamptz,timestamp,date}'::regtype[]) AS key,
    (VALUES ('1 day'::interval, NULL), ('1 week', NULL), ('1 month', NULL), ('30 days', NULL), ('9 weeks', 'week'), ('3 months', NULL),
            ('1 year', NULL), ('10 years', NULL), ('100 years', NULL), ('1 hour', NULL), ('15 minutes', NULL), ('30 seconds', NULL)) AS i(step, field)
WHERE key <> 'date'::regtype OR step >= '1 day' ORDER BY key, step;
-- premake, starts in the past, a start that is truncated, a field of one's own
SELECT c.compare('timestamptz', '1 day', 1), c.compare('timestamptz', '1 day', 90), c.compare('date', '1 month', 12),
       c.compare('timestamptz', '1 month', 2, NULL, (now() - interval '400 days')::text),
       c.compare('timestamptz', '1 day', 2, NULL, date_trunc('day', now() - interval '9 days' + interval '13 hours')::text),
       c.compare('timestamp', '1 week', 3, 'week');
-- in a zone of its own, also over the changes of its clock
SET TimeZone = 'Europe/Paris';
SELECT c.compare('timestamptz', '1 day', 200), c.compare('timestamptz', '1 month', 8), c.compare('timestamp', '1 day', 200), c.compare('date', '1 day', 200);
SET TimeZone = 'UTC';

-- a start in the future has its own child and nothing else; fixed names and bounds
CREATE TABLE c.future (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_parent('c.future', 'at', '1 month', p_start_partition := '2099-03-15 10:30');
SELECT * FROM c.children('c.future');
SELECT control, partition_interval, partition_type, premake, automatic_maintenance, template_table, datetime_string, epoch, jobmon, infinite_time_partitions
FROM partman.part_config WHERE parent_table = 'c.future';
SELECT time_zone, lock_timeout_ms, lock_tries, deferred_runs, parent_oid = 'c.future'::regclass AS known FROM partman.part_policy WHERE parent_table = 'c.future';
CREATE TABLE c.hourly (at timestamp NOT NULL) PARTITION BY RANGE (at);
SELECT partman.create_partition('c.hourly', 'at', '1 hour', p_start_partition := '2099-12-31 23:59', p_default_table := false);
SELECT * FROM c.children('c.hourly');

-- intervals as stored, whatever the session's style
CREATE TABLE c.stored (at timestamptz NOT NULL) PARTITION BY RANGE (at);
BEGIN;
SET LOCAL IntervalStyle = 'sql_standard';
SELECT partman.create_parent('c.stored', 'at', '9 weeks', p_start_partition := '2099-01-05', p_jobmon := false, p_automatic_maintenance := 'off');
COMMIT;
SELECT partition_interval, jobmon, automatic_maintenance FROM partman.part_config WHERE parent_table = 'c.stored';

-- integers: contract 3.4.6
CREATE FUNCTION c.ids(key regtype, step text, premake int DEFAULT 4, start text DEFAULT NULL, shift bigint DEFAULT 0, existing bigint DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE list text;
BEGIN
    EXECUTE format('CREATE TABLE c.n (id %s NOT NULL) PARTITION BY RANGE (id)', key);
    CREATE TABLE c.n_default PARTITION OF c.n DEFAULT;
    IF existing IS NOT NULL THEN EXECUTE format('INSERT INTO c.n VALUES (%s)', existing); END IF;
    PERFORM partman.create_parent('c.n', 'id', step, p_premake := premake, p_start_partition := start, p_offset_id := shift, p_template_table := 'false');
    SELECT string_agg(n || CASE WHEN translate(bound, '''', '') <> format('FOR VALUES FROM (%s) TO (%s)', n, n + step::bigint) THEN bound ELSE '' END,
                      ' ' ORDER BY n)
    INTO list FROM (SELECT bound, regexp_replace(child, '^c\."?n_p|"$', '', 'g')::bigint AS n FROM c.children('c.n') WHERE bound <> 'DEFAULT') AS k;
    DROP TABLE c.n;
    DELETE FROM partman.part_config WHERE parent_table = 'c.n';
    RETURN list;
END $$;
SELECT c.ids('int', '10') AS empty, c.ids('int', '10', 4, '57', 5) AS start_and_offset, c.ids('bigint', '10', 4, NULL, 5) AS shifted,
       c.ids('bigint', '10', 2, '-25') AS negative, c.ids('smallint', '1000', 3, '20000') AS small,
       c.ids('bigint', '1000000000000', 1, '5000000000000') AS big;
-- the highest value counts, also one in the default, whose own range is left to partition_data_id
SET client_min_messages = notice;
SELECT c.ids('int', '10', 4, NULL, 0, 57);
SELECT c.ids('int', '10', 4, NULL, 0, -25);
SET client_min_messages = warning;

-- Adoption by bound: names stay, only what is missing is created, the default is taken over, and the answer is true
CREATE TABLE c.old (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.alpha PARTITION OF c.old FOR VALUES FROM (0) TO (10);
CREATE TABLE c.beta PARTITION OF c.old FOR VALUES FROM (20) TO (30);
CREATE TABLE c.rest PARTITION OF c.old DEFAULT;
SELECT partman.create_parent('c.old', 'id', '10', p_start_partition := '0');
SELECT * FROM c.children('c.old');
SELECT partman.create_parent('c.old', 'id', '10');
SELECT count(*) FROM c.children('c.old');
-- everything exists already: still true
CREATE TABLE c.all_there (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.everything PARTITION OF c.all_there FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
SELECT partman.create_parent('c.all_there', 'id', '10', p_default_table := false);
SELECT * FROM c.children('c.all_there');
-- names that carry other dates than the bounds: the bounds count
CREATE TABLE c.liar (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE c.liar_p20010101 PARTITION OF c.liar FOR VALUES FROM ('2099-01-01') TO ('2099-01-02');
CREATE TABLE c.liar_20991231 PARTITION OF c.liar FOR VALUES FROM ('2099-01-02') TO ('2099-01-03');
SELECT partman.create_parent('c.liar', 'at', '1 day', p_start_partition := '2099-01-02');
SELECT * FROM c.children('c.liar');
SELECT partition_table, table_exists FROM partman.show_partition_name('c.liar', '2099-01-01 12:00');
SELECT partman.create_partition_time('c.liar', ARRAY['2099-01-01', '2099-01-03', '2099-01-05']::timestamptz[]);
SELECT partman.create_partition_time('c.liar', ARRAY['2099-01-03']::timestamptz[]), partman.create_partition_time('c.liar', '{}');
SELECT * FROM c.children('c.liar');
-- a wide child: the next ones begin where it ends
CREATE TABLE c.wide (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.wide_first PARTITION OF c.wide FOR VALUES FROM (0) TO (30);
SELECT partman.create_parent('c.wide', 'id', '10', p_start_partition := '0');
SELECT * FROM c.children('c.wide');
CREATE TABLE c.odd (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.odd_first PARTITION OF c.odd FOR VALUES FROM (MINVALUE) TO (25);
SELECT partman.create_parent('c.odd', 'id', '10', p_start_partition := '0');
SELECT * FROM c.children('c.odd');
-- children in another schema are children, too
CREATE SCHEMA c2;
CREATE TABLE c.far (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c2.far_p0 PARTITION OF c.far FOR VALUES FROM (0) TO (10);
SELECT partman.create_parent('c.far', 'id', '10', p_premake := 1, p_start_partition := '0');
SELECT * FROM c.children('c.far');
-- a free table of the default's name is attached as it is
CREATE TABLE c.takes (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.takes_default (id int NOT NULL);
SELECT partman.create_parent('c.takes', 'id', '10', p_premake := 1);
SELECT * FROM c.children('c.takes');

-- Template: keys without the partition key, storage options, persistence; those of the parent are not made twice
CREATE TABLE c.tp (id int NOT NULL, v int NOT NULL, w text, PRIMARY KEY (id, v)) PARTITION BY RANGE (id);
CREATE INDEX ON c.tp (w);
CREATE UNLOGGED TABLE c.template (LIKE c.tp INCLUDING INDEXES) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
CREATE UNIQUE INDEX ON c.template (v);
CREATE UNIQUE INDEX ON c.template (w COLLATE "C" DESC) INCLUDE (v) WHERE v > 0;
CREATE INDEX ON c.template (v, w);
SELECT partman.create_parent('c.tp', 'id', '10', p_premake := 1, p_template_table := 'c.template');
SELECT c.relname, c.relpersistence, c.reloptions, t.reloptions AS toast FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid
WHERE c.relname LIKE 'tp\_%' ORDER BY 1;
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ('c.tp_p0'::regclass, 'c.tp_default'::regclass) ORDER BY 1;
SELECT template_table FROM partman.part_config WHERE parent_table = 'c.tp';
-- a primary key only the template has
CREATE TABLE c.tk (id int NOT NULL, v int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.tk_template (LIKE c.tk, PRIMARY KEY (v));
SELECT partman.create_parent('c.tk', 'id', '10', p_premake := 1, p_template_table := 'c.tk_template');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'c.tk_p0'::regclass AND contype <> 'n'; -- since 18, NOT NULL is one, too
-- none; the automatic one: bare columns, owned by the parent's owner
CREATE TABLE c.no_template (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.no_template', 'id', '10', p_premake := 1, p_template_table := 'FALSE');
SELECT template_table IS NULL AS none, to_regclass('partman.template_c_no_template') FROM partman.part_config WHERE parent_table = 'c.no_template';
CREATE TABLE c.auto (id int NOT NULL DEFAULT 7 CHECK (id < 1000000) PRIMARY KEY, v text) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.auto', 'id', '10', p_premake := 1);
SELECT attname, format_type(atttypid, atttypmod), attnotnull, atthasdef FROM pg_attribute
WHERE attrelid = 'partman.template_c_auto'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(*) FROM pg_index WHERE indrelid = 'partman.template_c_auto'::regclass;

-- Names that clip to the same 63 bytes: two parents of 57 characters, both sets whole and apart
SELECT repeat('x', 56) || 'a' AS one, repeat('x', 56) || 'b' AS two \gset
CREATE TABLE c.:one (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE c.:two (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.' || :'one', 'id', '1000000', p_premake := 2, p_start_partition := '1000000');
SELECT partman.create_parent('c.' || :'two', 'id', '1000000', p_premake := 2, p_start_partition := '1000000');
SELECT i.inhparent::regclass::text LIKE '%b' AS second, count(*), count(DISTINCT p.relname), min(length(p.relname)), max(length(p.relname)),
       count(*) FILTER (WHERE p.relname ~ '_p[123]000000$') AS named, count(*) FILTER (WHERE p.relname ~ '_default$') AS defaults
FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhparent::regclass::text LIKE 'c.xxxxx%' GROUP BY 1 ORDER BY 1;
SELECT count(DISTINCT template_table), bool_and(to_regclass(template_table) IS NOT NULL) FROM partman.part_config WHERE parent_table LIKE 'c.xxxxx%';
INSERT INTO c.:one VALUES (1000000), (2500000), (0);
INSERT INTO c.:two VALUES (1000000);
SELECT count(*) FROM c.:one;
-- bytes, not characters: none is split
CREATE TABLE c."ééééééééééééééééééééééééééééééé" (id int NOT NULL) PARTITION BY RANGE (id);
SELECT partman.create_parent('c.ééééééééééééééééééééééééééééééé', 'id', '1000', p_premake := 1, p_start_partition := '1000');
SELECT child, octet_length(relname::text) FROM c.children('c."ééééééééééééééééééééééééééééééé"'), pg_class WHERE oid = child::regclass ORDER BY 1;

-- names that need quotes: raw in arguments and configuration
CREATE SCHEMA "Mixed Case";
CREATE TABLE "Mixed Case"."Ta""ble" ("Key Col" date NOT NULL, "order" int) PARTITION BY RANGE ("Key Col");
SELECT partman.create_parent('Mixed Case.Ta"ble', 'Key Col', '1 mon', p_start_partition := '2099-02-01');
SELECT * FROM c.children('"Mixed Case"."Ta""ble"');
SELECT parent_table, control, template_table FROM partman.part_config WHERE parent_table LIKE 'Mixed%';
SELECT partman.create_partition_time('Mixed Case.Ta"ble', ARRAY['2099-05-01'::timestamptz]);
SELECT * FROM partman.show_partitions('Mixed Case.Ta"ble', p_include_default := true);

-- What children inherit: contract 6.1
CREATE TABLE c.rich (gone int, id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT '2099-01-01', v int NOT NULL DEFAULT 3 CHECK (v > 0),
                     twice int GENERATED ALWAYS AS (v * 2) STORED, note text, also_gone text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE c.rich DROP COLUMN gone, DROP COLUMN also_gone, ADD COLUMN late int DEFAULT 5;
ALTER TABLE c.rich ALTER note SET STORAGE EXTERNAL, ALTER v SET STATISTICS 0, ALTER note SET STATISTICS 700;
COMMENT ON COLUMN c.rich.note IS 'a note';
CREATE STATISTICS c.rich_stat ON v, note FROM c.rich;
CREATE TABLE c.target (v int PRIMARY KEY);
INSERT INTO c.target VALUES (3);
ALTER TABLE c.rich ADD FOREIGN KEY (v) REFERENCES c.target, REPLICA IDENTITY FULL;
CREATE FUNCTION c.trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER rich_trig BEFORE INSERT ON c.rich FOR EACH ROW EXECUTE FUNCTION c.trig();
SELECT partman.create_parent('c.rich', 'at', '1 year', p_start_partition := '2099-01-01');
INSERT INTO c.rich (note) VALUES ('x');
SELECT tableoid::regclass, id, v, twice, note, late FROM c.rich;
SELECT attname, nullif(attstattarget, -1) AS target, attstorage, attnotnull, attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(attrelid, attnum)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE attrelid = 'c.rich_p20990101'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = 'c.rich_default'::regclass AND attstattarget >= 0 AND attnum > 0 ORDER BY 1;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'c.rich_p20990101'::regclass AND contype <> 'n' ORDER BY 1;
SELECT relname, relreplident FROM pg_class WHERE relname LIKE 'rich\_%' AND relkind = 'r' ORDER BY 1;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'c.rich_p20990101'::regclass AND NOT tgisinternal;
SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = 'c.rich_p20990101'::regclass;
-- replica identity by index, and none
CREATE TABLE c.ident (id int NOT NULL, v int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
ALTER TABLE c.ident REPLICA IDENTITY USING INDEX ident_pkey;
SELECT partman.create_parent('c.ident', 'id', '10', p_premake := 1);
SELECT c.relname, c.relreplident, (SELECT x.indexrelid::regclass FROM pg_index x WHERE x.indrelid = c.oid AND x.indisreplident) AS index
FROM pg_class c WHERE c.relname LIKE 'ident\_%' AND c.relkind = 'r' ORDER BY 1;
-- the parent's tablespace
SET allow_in_place_tablespaces = true;
CREATE TABLESPACE regress_strata_space LOCATION '';
CREATE TABLE c.spaced (id int NOT NULL) PARTITION BY RANGE (id) TABLESPACE regress_strata_space;
SELECT partman.create_parent('c.spaced', 'id', '10', p_premake := 1);
SELECT relname, spcname FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE relname LIKE 'spaced%' ORDER BY 1;

-- Owners: children, default and template belong to the parent's owner, whoever calls; grants only on request
CREATE ROLE regress_strata_owner;
CREATE ROLE regress_strata_reader;
CREATE ROLE regress_strata_maker;
GRANT regress_strata_owner TO regress_strata_maker;
GRANT USAGE, CREATE ON SCHEMA c, partman TO regress_strata_owner;
GRANT USAGE ON SCHEMA c TO regress_strata_reader;
GRANT ALL ON ALL TABLES IN SCHEMA partman TO regress_strata_owner;
CREATE TABLE c.owned (id int NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE c.owned OWNER TO regress_strata_owner;
GRANT SELECT, INSERT ON c.owned TO regress_strata_reader;
GRANT SELECT ON c.owned TO PUBLIC;
SELECT partman.create_parent('c.owned', 'id', '10', p_premake := 1);
CREATE TABLE c.owned2 (id int NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE c.owned2 OWNER TO regress_strata_owner;
SET ROLE regress_strata_maker;
SELECT partman.create_parent('c.owned2', 'id', '10', p_premake := 1);
SELECT current_user;
RESET ROLE;
SELECT relnamespace::regnamespace AS schema, relname, pg_get_userbyid(relowner), relacl IS NULL AS no_grants FROM pg_class
WHERE relname ~ '^(template_c_)?owned2?(_|$)' AND relkind IN ('r', 'p') ORDER BY 1, 2;
-- children that maintenance makes carry the parent's grants once inherit_privileges says so
UPDATE partman.part_config SET inherit_privileges = true WHERE parent_table = 'c.owned';
INSERT INTO c.owned VALUES (11);
SELECT partman.run_maintenance('c.owned');
SELECT relname, pg_get_userbyid(relowner), CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, string_agg(privilege_type, ' ' ORDER BY privilege_type)
FROM pg_class, aclexplode(relacl) WHERE relname ~ '^owned_' AND grantee <> relowner GROUP BY 1, 2, 3 ORDER BY 1, 3;
SET ROLE regress_strata_reader;
SELECT count(*) FROM c.owned_p20;
SELECT count(*) FROM c.owned_p10;
RESET ROLE;

-- the parent is locked no more than ATTACH locks it
CREATE TABLE c.locked (id int NOT NULL) PARTITION BY RANGE (id);
BEGIN;
SELECT partman.create_parent('c.locked', 'id', '10', p_premake := 1);
SELECT DISTINCT mode FROM pg_locks WHERE relation = 'c.locked'::regclass AND pid = pg_backend_pid() ORDER BY 1;
COMMIT;

DROP SCHEMA c, c2, "Mixed Case" CASCADE;
DROP EXTENSION pg_strata;
DROP SCHEMA partman CASCADE;
DROP TABLESPACE regress_strata_space;
DROP ROLE regress_strata_owner, regress_strata_reader, regress_strata_maker;
