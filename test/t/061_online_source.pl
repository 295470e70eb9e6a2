# A large source moves online: its rows are copied into new partitions while clients go on, and switched in at the end. What
# forbids it, what is left to the other ways, and what others do meanwhile.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use MoveTest;
use Test::More;

my $node = new_node('main', "wal_level = replica\ntimezone = 'UTC'\n");
add_proof($node);
my $holder = holder($node);
sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# Ten days of ten rows in s.plain; the set has partitions of two later days, and two rows in them.
my $columns = 'id int NOT NULL, at timestamptz NOT NULL, note text';
my $known;
sub fill {
	my ($more) = @_;
	sql(qq{
		SET client_min_messages = warning;
		DROP SCHEMA IF EXISTS s CASCADE;
		DELETE FROM partman.part_config;
		CREATE SCHEMA s;
		CREATE TABLE s.ev ($columns, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
		CREATE INDEX ON s.ev (at);
		CREATE TABLE s.ev_p20260201 PARTITION OF s.ev FOR VALUES FROM ('2026-02-01') TO ('2026-02-02');
		CREATE TABLE s.ev_p20260202 PARTITION OF s.ev FOR VALUES FROM ('2026-02-02') TO ('2026-02-03');
		CREATE TABLE s.ev_default PARTITION OF s.ev DEFAULT;
		INSERT INTO s.ev VALUES (-1, '2026-02-01'), (-2, '2026-02-02');
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('s.ev', 'at', 'range', '1 day');
		INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('s.ev', 'UTC') ON CONFLICT DO NOTHING;
		CREATE TABLE s.plain (gone int, note text, at timestamptz NOT NULL, id int NOT NULL);
		ALTER TABLE s.plain DROP gone;
		INSERT INTO s.plain SELECT CASE WHEN n % 7 = 0 THEN (SELECT string_agg(md5((n * i)::text), '') FROM generate_series(1, 300) i) ELSE md5(n::text) END,
			'2026-01-01'::timestamptz + n % 10 * interval '1 day', n FROM generate_series(1, 100) n;
		ALTER TABLE s.plain ADD UNIQUE (at, id);
		} . ($more // ''));
	$known = things($node, 's.ev');
	return content();
}
sub content { return sql(q{SELECT count(*), count(DISTINCT id), sum(hashtextextended(id || coalesce(note, '') || at, 0)) FROM (SELECT id, at, note FROM s.ev UNION ALL SELECT id, at, note FROM ONLY s.plain) e}); }
my $call = q{CALL partman.partition_data_proc('s.ev', p_source_table := 's.plain', p_wait := 0)};
sub mover { my ($method) = @_; my $mover = session($node); $mover->query("SET pg_strata.move_method = $method"); return $mover->send($call); }
sub moves { my ($method) = @_; my ($rc, $out, $err) = $node->psql('postgres', "SET pg_strata.move_method = $method; $call"); return $err; }
sub whole {
	my ($rows, $stay) = @_;
	is(content(), $rows, 'every row is there once');
	is(sql('SELECT count(*) FROM ONLY s.plain'), $stay // 0, 'none is left that could move');
	is(sql(q{SELECT string_agg(b, ', ') FROM proof.broken('s') b}), '', 'heaps, bounds and indexes are whole');
	is(sorted_out(things($node, 's.ev'), $known), '', 'nothing else is left');
	is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 's.ev'::regclass)}),
		sql(q{SELECT 2 * count(*) FROM pg_inherits WHERE inhparent = 's.ev'::regclass}), 'each partition has its indexes');
	return;
}

# --- it moves ------------------------------------------------------------------------------------------------------------
my $rows = fill();
like(moves('online'), qr/batches 1 to 10: 100 rows moved\n.*total rows moved: 100\n/s, 'into new partitions, all at once');
whole($rows);
is(sql(q{SELECT rows_left, rows_arrived, from_table, to_table FROM partman.move_history ORDER BY started_at DESC LIMIT 1}), '100|100|s.plain|s.ev', 'and the history tells');

$rows = fill(q{INSERT INTO s.plain SELECT 'exists', '2026-02-01 12:00', n FROM generate_series(101, 150) n; ALTER TABLE s.plain ALTER at DROP NOT NULL;
	ALTER TABLE s.plain ADD UNIQUE (id); INSERT INTO s.plain VALUES ('none', NULL, 500); DELETE FROM s.plain WHERE at IS NULL; ALTER TABLE s.plain ALTER at SET NOT NULL;
	INSERT INTO s.plain VALUES ('never', 'infinity', 501), ('ever', '-infinity', 502)});
like(moves('online'), qr/batch 1: 50 rows moved\n.*batches 2 to 11: 100 rows moved\n/s, 'rows of partitions that exist go there first');
whole($rows, 2);

# --- what others do meanwhile --------------------------------------------------------------------------------------------
my $while = q{
	INSERT INTO s.plain VALUES ('new', '2026-01-03 10:00', 201), ('later', '2026-01-20', 202), ('exists', '2026-02-02', 203);
	UPDATE s.plain SET note = 'changed' WHERE id = 1; UPDATE s.plain SET at = at + interval '1 day' WHERE id = 2; DELETE FROM s.plain WHERE id IN (3, 14);
	UPDATE s.plain SET id = 204 WHERE id = 5; INSERT INTO s.ev VALUES (-3, '2026-02-01')};
for my $point (qw(online_captured online_part)) {
	fill();
	$holder->shut($point);
	my $mover = mover('online');
	ok($mover->wait_parked($point), "it stands at $point");
	is(sql(q{SELECT concat_ws(' ', operation, parent_table, source_table, running) FROM partman.move_progress}), 'partition_data_proc s.ev s.plain t', 'move_progress tells of it');
	sql($while);
	$rows = content();
	$holder->open($point);
	like(($mover->answer)[1], qr/total rows moved: 101$/m, 'it ends well');
	whole($rows);
	$mover->quit;
}

# Readers with one snapshot find every row once. One that is older than the last changes that were brought over is waited
# for; one that is younger need not be.
my $both = 'SELECT (SELECT count(*) FROM s.ev) + (SELECT count(*) FROM ONLY s.plain)';
fill();
$holder->shut('online_part');
my $mover = mover('online');
ok($mover->wait_parked('online_part'), 'rows are copied');
sql("UPDATE s.plain SET note = 'changed' WHERE id = 1");
my $reader = session($node);
$reader->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$holder->open('online_part');
ok(wait_for(sub { sql('SELECT phase FROM partman.move_progress') eq 'catching up' }), 'the copies are there');
is($reader->query($both), 102, 'an older reader sees all');
ok(!$mover->done, 'and is waited for');
$reader->query('COMMIT');
like(($mover->answer)[1], qr/total rows moved: 100/, 'no longer than it takes');
$mover->quit;
fill();
$holder->shut('online_last_round');
$mover = mover('online');
ok($mover->wait_parked('online_last_round'), 'all is ready for the switch');
$reader->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$holder->open('online_last_round');
like(($mover->answer)[1], qr/total rows moved: 100/, 'a younger reader is not waited for');
is($reader->query($both), 102, 'and sees all');
$reader->query('COMMIT');
$_->quit for $reader, $mover;
whole(content());

# The default gets a row of the same days.
fill();
$holder->shut('online_part');
$mover = mover('online');
ok($mover->wait_parked('online_part'), 'rows are copied');
sql(q{INSERT INTO s.ev VALUES (-4, '2026-01-04')});
$rows = content();
$holder->open('online_part');
like(($mover->answer)[1], qr/Reason: the default partition may hold rows of the same ranges/, 'a row in the default: no switch');
is(content(), $rows, 'every row is where it was');
is(sql('SELECT count(*) FROM ONLY s.plain'), 100, 'all in the source');
is(sorted_out(things($node, 's.ev'), $known), '', 'nothing is left of the copies');
$mover->quit;

# Gone, or another table of the same name.
for my $what ('ALTER TABLE s.plain RENAME TO other', 'ALTER TABLE s.plain ADD extra int', 'TRUNCATE s.plain', 'VACUUM FULL s.plain') {
	fill();
	$holder->shut('online_part');
	my $changed = mover('online');
	ok($changed->wait_parked('online_part'), 'rows are copied');
	sql($what);
	$holder->open('online_part');
	my $said = ($changed->answer)[1];
	like($said, $what =~ /RENAME/ ? qr/table "s.plain" does not exist/ : $what =~ /ADD/ ? qr/Reason: the two tables differ/ : qr/NOTICE/, "$what: it begins anew");
	is(sql('SELECT count(*) FROM partman.move_progress'), 0, 'and nothing is left of the first try');
	is(sql('SELECT count(*) FROM s.ev'), $what =~ /VACUUM/ ? 102 : 2, 'no row has come from it');
	$changed->quit;
}

# Somebody's old report: after three tries the rows go part by part, which need not wait for it.
$rows = fill('UPDATE partman.part_policy SET lock_timeout_ms = 10, lock_tries = 1');
sql(q{INSERT INTO s.plain SELECT (SELECT string_agg(md5((n * i)::text), '') FROM generate_series(1, 40) i), '2026-01-01'::timestamptz + n % 10 * interval '1 day', n FROM generate_series(1001, 18000) n});
$rows = content();
my $report = session($node);
$holder->shut('online_part');
$mover = mover('auto');
ok($mover->wait_parked('online_part'), 'rows are copied');
sql("UPDATE s.plain SET note = 'changed' WHERE id = 1");
$report->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$holder->open('online_part');
my (undef, $err) = $mover->answer;
like($err, qr/rows of "s.plain" are moved part by part: the move at once was kept waiting by .*process @{[ $report->pid ]}/, 'a report is waited for three times');
like($err, qr/total rows moved: 17100/, 'and then not any more');
is($report->query('SELECT (SELECT count(*) FROM s.ev) + (SELECT count(*) FROM ONLY s.plain)'), 17102, 'the report sees all');
$report->query('COMMIT');
$_->quit for $report, $mover;
whole(content());

# --- what forbids it -----------------------------------------------------------------------------------------------------
my %obstacle = (
	'the two tables differ in their columns' => 'ALTER TABLE s.plain ADD more int',
	'one of the two tables has triggers or foreign keys' => q{CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t AFTER DELETE ON s.plain FOR EACH ROW EXECUTE FUNCTION s.f()},
	'one of the two tables has deferrable constraints' => 'ALTER TABLE s.plain ADD UNIQUE (id) DEFERRABLE',
	'one of the two tables has row-level security' => 'ALTER TABLE s.plain ENABLE ROW LEVEL SECURITY',
	'one of the two tables has rules' => 'CREATE RULE r AS ON UPDATE TO s.plain DO ALSO NOTHING',
	'it has another owner than the partitioned table' => q{DO $$ BEGIN IF to_regrole('other') IS NULL THEN CREATE ROLE other; END IF; END $$; ALTER TABLE s.plain OWNER TO other},
	'it is no plain table' => 'ALTER TABLE s.plain SET UNLOGGED',
	'it is part of an inheritance tree' => 'CREATE TABLE s.below () INHERITS (s.plain)',
	'the partitioned table has NOT NULL or CHECK constraints that it has not' => 'ALTER TABLE s.ev ADD CHECK (id > -100)',
	'no unique index over columns that are NOT NULL identifies its rows' => 'ALTER TABLE s.plain DROP CONSTRAINT plain_at_id_key; CREATE UNIQUE INDEX ON s.plain (id)');
for my $why (sort keys %obstacle) {
	$rows = fill($obstacle{$why});
	like(moves('online'), qr/ERROR:  rows of table "s.plain" cannot be moved online\nDETAIL:  Reason: \Q$why\E\./, $why);
	is(content(), $rows, 'every row is where it was');
	unlike(moves('auto'), qr/cannot be moved online/, 'the other way, without a word');
}
$rows = fill();
my (undef, undef, $isolated) = $node->psql('postgres', "SET default_transaction_isolation = 'repeatable read'; SET pg_strata.move_method = online; $call");
like($isolated, qr/Reason: the session's transactions have one snapshot each\./, 'REPEATABLE READ');
(undef, undef, $isolated) = $node->psql('postgres', "SET default_transaction_isolation = 'repeatable read'; $call");
like($isolated, qr/total rows moved: 100/, 'moves part by part');
whole($rows);
# Constraints that the source has as well do not.
fill('ALTER TABLE s.ev ADD CHECK (id > -100); ALTER TABLE s.plain ADD CHECK (id > -100)');
like(moves('online'), qr/batches 1 to 10: 100 rows moved/, 'the same constraint on both sides');

# --- constraints of a template -------------------------------------------------------------------------------------------
# Rows of a default that break them were let in before.
for my $method (qw(auto online)) {
	sql(q{
		SET client_min_messages = warning;
		DROP SCHEMA s CASCADE; DELETE FROM partman.part_config;
		CREATE SCHEMA s;
		CREATE TABLE s.ev (id int, at timestamptz NOT NULL, note text, UNIQUE (at, note)) PARTITION BY RANGE (at);
		ALTER TABLE s.ev ALTER note SET NOT NULL;
		CREATE TABLE s.ev_default PARTITION OF s.ev DEFAULT;
		CREATE TABLE s.shape (LIKE s.ev, PRIMARY KEY (id));
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, template_table) VALUES ('s.ev', 'at', 'range', '1 day', 's.shape');
		INSERT INTO s.ev VALUES (NULL, '2026-01-01', 'x')});
	my ($rc, $told, $error) = $node->psql('postgres', "SET pg_strata.move_method = $method; CALL partman.partition_data_proc('s.ev', p_wait := 0)");
	like($error, qr/null value in column "id" of relation "ev_p20260101" violates not-null constraint/, "$method: the template's key is kept");
	is(sql('SELECT count(*) FROM ONLY s.ev_default'), 1, 'the row is where it was');
}
done_testing();
