-- create_monthly_partitions and drop_old_partitions as seed 002 calls them: tables that nobody has configured, names
-- through the search_path, the months around now. Prints what differs.
\getenv srcdir PG_ABS_SRCDIR
\set silent yes
\i :srcdir/assert.psql
BEGIN;
CREATE SCHEMA shop;
SET LOCAL search_path = shop, partman, public;
-- the n-th month from now in UTC, and the name of its partition
CREATE FUNCTION t.month(n int) RETURNS timestamp LANGUAGE sql AS $$ SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month' $$;
CREATE FUNCTION t.called(tab text, n int) RETURNS text LANGUAGE sql AS $$ SELECT tab || to_char(t.month(n), '_YYYY_MM') $$;
-- months from .. to with the names and bounds they should have; months as they are
CREATE FUNCTION t.wanted(tab text, first int, last int) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', t.called(tab, n), t.month(n), t.month(n + 1)), ', ' ORDER BY n) FROM generate_series(first, last) n $$;
CREATE FUNCTION t.found(tab regclass) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', name, lo::timestamptz AT TIME ZONE 'UTC', hi::timestamptz AT TIME ZONE 'UTC'), ', ' ORDER BY lo::timestamptz)
   FROM (SELECT c.relname AS name, b[1] AS lo, b[2] AS hi FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
         regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?([^'')]*)''?\) TO \(''?([^'')]*)') b
         WHERE i.inhparent = tab AND b[1] <> 'MINVALUE') x $$;

-- The calls of the document, for each of its tables
CREATE TABLE orders (id bigint, ordered_at timestamptz NOT NULL, PRIMARY KEY (id, ordered_at)) PARTITION BY RANGE (ordered_at);
CREATE TABLE audit_logs (id bigint, created_at timestamp NOT NULL) PARTITION BY RANGE (created_at);
CREATE TABLE returns (id bigint, requested_at date NOT NULL) PARTITION BY RANGE (requested_at);
SELECT t.is(create_monthly_partitions(tab, 3), 4, tab || ': this month and three more') FROM unnest('{orders,audit_logs,returns}'::text[]) tab;
SELECT t.is(t.found(tab::regclass), t.wanted(tab, 0, 3), tab || ' months') FROM unnest('{orders,audit_logs,returns}'::text[]) tab;
SELECT t.is(create_monthly_partitions(tab, 3), 0, tab || ' again: nothing') FROM unnest('{orders,audit_logs,returns}'::text[]) tab;
SELECT t.is(create_monthly_partitions('orders', 0), 0, 'no month ahead: that of now is there');
SELECT t.is(create_monthly_partitions('orders', 5), 2, 'further ahead: the missing ones');
SELECT t.is(t.found('orders'), t.wanted('orders', 0, 5), 'orders further ahead');
INSERT INTO orders VALUES (1, now());
SELECT t.is((SELECT tableoid::regclass::text FROM orders), t.called('orders', 0), 'a row of now goes to the month of now');
SELECT t.is((SELECT count(*) FROM pg_index WHERE indrelid = t.called('orders', 3)::regclass AND indisprimary), 1::bigint, 'with the keys of the parent');
SELECT t.is((SELECT count(*) FROM partman.part_config), 0::bigint, 'nothing was configured');

-- Whose name: the search_path decides, identifiers fold as in SQL
CREATE SCHEMA other;
CREATE TABLE other.orders (LIKE orders) PARTITION BY RANGE (ordered_at);
CREATE TABLE other."Odd ""one""" (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(create_monthly_partitions('other.orders', 0), 1, 'qualified');
SELECT t.is(create_monthly_partitions('ORDERS', 6), 1, 'folded, the first in the search_path');
SELECT t.is(t.found('other.orders'), t.wanted('orders', 0, 0), 'in the parent''s schema');
SELECT t.is(create_monthly_partitions('other."Odd ""one"""', 1), 2, 'quoted');
SELECT t.is(t.found('other."Odd ""one"""'), t.wanted('Odd "one"', 0, 1), 'quoted months');
SET LOCAL search_path = other, partman;
SELECT t.is(create_monthly_partitions('orders', 2), 2, 'another search_path, another table');
SET LOCAL search_path = shop, partman, public;

-- Archived months go: only what ends with a month older than asked, never the last, and only whole partitions
SELECT t.lives(format('CREATE TABLE %I PARTITION OF orders FOR VALUES FROM (%L) TO (%L)', t.called('orders', n), t.month(n) || '+00', t.month(n + 1) || '+00'), 'month ' || n) FROM generate_series(-15, -1) n;
SELECT t.is(drop_old_partitions('orders', 12), 3, 'older than twelve months');
SELECT t.is(t.found('orders'), t.wanted('orders', -12, 6), 'twelve whole months and this one are kept');
SELECT t.is(to_regclass(t.called('orders', -13)), NULL, 'and they are gone');
SELECT t.is(drop_old_partitions('orders', 12), 0, 'again: nothing');
SELECT t.is(drop_old_partitions('orders', 2147483647), 0, 'nothing is that old');
SELECT t.is(drop_old_partitions('audit_logs', 0), 0, 'no month is older than this one');
SELECT t.is(drop_old_partitions('orders', 0), 12, 'up to this month');
SELECT t.is(t.found('orders'), t.wanted('orders', 0, 6), 'this month stays');
CREATE TABLE odd (at timestamp NOT NULL) PARTITION BY RANGE (at);
SELECT t.lives(format('CREATE TABLE odd_a PARTITION OF odd FOR VALUES FROM (%L) TO (%L)', t.month(-30), t.month(-14) + interval '9 days'), 'odd a');
SELECT t.lives(format('CREATE TABLE odd_b PARTITION OF odd FOR VALUES FROM (%L) TO (%L)', t.month(-14) + interval '9 days', t.month(-12) + interval '1 second'), 'odd b');
SELECT t.lives(format('CREATE TABLE odd_c PARTITION OF odd FOR VALUES FROM (%L) TO (%L)', t.month(-12) + interval '1 second', t.month(-11)), 'odd c');
SELECT t.is(drop_old_partitions('odd', 12), 1, 'what reaches a second into a month that is kept stays');
SELECT t.is(to_regclass('odd_a'), NULL, 'what ends before does not');
SELECT t.is(drop_old_partitions('odd', 0), 1, 'the last one is never taken');
SELECT t.is((SELECT string_agg(inhrelid::regclass::text, ' ') FROM pg_inherits WHERE inhparent = 'odd'::regclass), 'odd_c', 'the last one');
SELECT t.is(drop_old_partitions('odd', 0), 0, 'not even when asked again');

-- A month that is covered in part gets the rest, whoever made the first part; its name is taken then
CREATE TABLE part (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.lives(format('CREATE TABLE %I PARTITION OF part FOR VALUES FROM (%L) TO (%L)', t.called('part', 0), t.month(0) || '+00', t.month(0) + interval '9 days' || '+00'), 'nine days');
SELECT t.is(create_monthly_partitions('part', 1), 2, 'the rest of this month and the next');
SELECT t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'part'::regclass), 3::bigint, 'three partitions');
SELECT t.lives(format('INSERT INTO part SELECT generate_series(%L::timestamptz, %L, ''6 hours'')', t.month(0) || '+00', t.month(2) - interval '1 second' || '+00'), 'no hole');
SELECT t.is(create_monthly_partitions('part', 1), 0, 'again: nothing');
CREATE TABLE taken (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.lives(format('CREATE TABLE %I ()', t.called('taken', 1)), 'a stranger''s table');
SELECT t.throws('SELECT create_monthly_partitions(''taken'', 1)', '42P07');
SELECT t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'taken'::regclass), 0::bigint, 'all or none');

-- Another zone: months of that zone, where the table says nothing else
SET LOCAL TimeZone = 'Asia/Tokyo';
CREATE TABLE tokyo (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.is(create_monthly_partitions('tokyo', 1), 2, 'Tokyo');
SELECT t.is((SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'tokyo'::regclass),
            to_char(date_trunc('month', now()), '"tokyo_"YYYY_MM ') || to_char(date_trunc('month', now()) + interval '1 month', '"tokyo_"YYYY_MM'), 'names of Tokyo''s months');
SELECT t.is((SELECT min(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']*)')::timestamptz) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'tokyo'::regclass),
            date_trunc('month', now()), 'they begin at its midnight');
SELECT t.ok(create_monthly_partitions('orders', 8) > 0, 'a table made in UTC');
SELECT t.ok(t.found('orders') LIKE t.wanted('orders', 0, 7) || '%', 'keeps its months of UTC');
SET LOCAL TimeZone = 'UTC';

-- A configured monthly set: the same calls; what becomes of old partitions its row says
CREATE TABLE conf (at timestamptz NOT NULL) PARTITION BY RANGE (at);
SELECT t.lives(format('CREATE TABLE %I PARTITION OF conf FOR VALUES FROM (%L) TO (%L)', t.called('conf', n), t.month(n) || '+00', t.month(n + 1) || '+00'), 'month ' || n) FROM generate_series(-4, 1) n;
SELECT t.ok(create_parent('shop.conf', 'at', '1 month', p_premake := 1), 'adopted');
SELECT t.is(create_monthly_partitions('conf', 2), 1, 'one more');
SELECT t.is(t.found('conf'), t.wanted('conf', -4, 2), 'of the same names');
SELECT t.is(drop_old_partitions('conf', 2), 2, 'two are older');
SELECT t.is(t.found('conf'), t.wanted('conf', -2, 2), 'and out of the set');
SELECT t.ok(to_regclass(t.called('conf', -3)) IS NOT NULL, 'detached: retention_keep_table is on');
UPDATE part_config SET retention_keep_table = false;
SELECT t.is(drop_old_partitions('conf', 1), 1, 'one more');
SELECT t.is(to_regclass(t.called('conf', -2)), NULL, 'dropped: it is off');
INSERT INTO conf SELECT t.month(4);
SELECT t.throws('SELECT create_monthly_partitions(''conf'', 5)', '23514', 'rows of the default');
CREATE TABLE daily (at date NOT NULL) PARTITION BY RANGE (at);
SELECT create_parent('shop.daily', 'at', '1 day');
SELECT t.throws('SELECT create_monthly_partitions(''daily'', 1)', '55000', 'a set of days');
SELECT t.is(drop_old_partitions('daily', 1), 0, 'days are dropped by whole months, too');

-- A default with rows of a wanted month, and what has no months
CREATE TABLE late (at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE late_default PARTITION OF late DEFAULT;
INSERT INTO late SELECT t.month(1);
SELECT t.throws('SELECT create_monthly_partitions(''late'', 2)', '23514');
SELECT t.is((SELECT count(*) FROM pg_inherits WHERE inhparent = 'late'::regclass), 1::bigint, 'nothing was created beside it');
CREATE TABLE plain (at date);
CREATE TABLE ids (id int NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE two (a date, b date) PARTITION BY RANGE (a, b);
CREATE TABLE list (a date) PARTITION BY LIST (a);
CREATE TABLE expr (a date) PARTITION BY RANGE ((a + 1));
CREATE TABLE "dot.ted" (a date) PARTITION BY RANGE (a);
SELECT t.throws(format('SELECT %s(%s, %s)', f, tab, n), state) FROM unnest('{create_monthly_partitions,drop_old_partitions}'::text[]) f, (VALUES
    ('''nowhere''', '1', '42P01'), ('''nowhere.orders''', '1', '42P01'), ('''a b''', '1', '42602'), ('''''', '1', '42602'), ('NULL', '1', '22004'), ('''orders''', 'NULL', '22004'),
    ('''orders''', '-1', '22023'), ('''plain''', '1', '42809'), ('''list''', '1', '42809'), ('''ids''', '1', '42804'),
    ('''two''', '1', '42804'), ('''expr''', '1', '42804'), ('''"dot.ted"''', '1', '42602')) AS v(tab, n, state);
SELECT t.throws('SELECT create_monthly_partitions(''orders'', 2147483647)', '54000');
CREATE ROLE regress_strata_shop;
GRANT USAGE ON SCHEMA shop, partman TO regress_strata_shop;
GRANT ALL ON ALL TABLES IN SCHEMA shop TO regress_strata_shop;
SET LOCAL ROLE regress_strata_shop;
SELECT t.throws('SELECT create_monthly_partitions(''orders'', 20)', '42501');
SELECT t.throws('SELECT drop_old_partitions(''orders'', 0)', '42501');
RESET ROLE;
ROLLBACK;
\i :srcdir/assert_done.psql
