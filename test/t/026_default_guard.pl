# A default that takes long to read: ATTACH is spared its scan by a constraint that is validated before (truths 19), as
# the server itself tells; nothing of it is left, and what a killed run leaves is found and taken off.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "restart_after_crash = on\n");
my $implied = qr/updated partition constraint for default partition "[^"]*default" is implied by existing constraints/;
my $guards = q{SELECT count(*) FROM pg_constraint WHERE conname = 'pg_strata_guard'};

# Rows of long ago in the default; today's partition is in use; two partitions are due. A budget of 5 ms makes 640 kB of
# a default too much to read.
my %key = (
	times => { type => 'timestamptz', interval => '1 day', start => q{current_date::text}, now => 'now()', old => q{'2001-01-01'::timestamptz + g * interval '1 hour'},
		future => q{current_date + interval '5 days 1 hour'} },
	dates => { type => 'date', interval => '1 day', start => q{current_date::text}, now => 'current_date', old => q{'2001-01-01'::date + g / 24}, future => 'current_date + 5' },
	numbers => { type => 'bigint', interval => '1000', start => q{'1000000'}, now => '1000500', old => 'g', future => '1005500' },
	seconds => { type => 'bigint', interval => '1 day', start => q{current_date::text}, now => 'extract(epoch FROM now())::bigint', old => '1000000000 + g',
		future => q{extract(epoch FROM current_date + interval '5 days 1 hour')::bigint}, more => q{, p_epoch := 'seconds'} },
	uuids => { type => 'uuid', interval => '1 day', start => q{current_date::text}, now => q{partman.uuid7_time_encoder(now())},
		old => q{partman.uuid7_time_encoder('2001-01-01'::timestamptz + g * interval '1 hour')}, future => q{partman.uuid7_time_encoder(current_date + interval '5 days 1 hour')},
		more => q{, p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder'} },
);

sub make {
	my ($name) = @_;
	my $key = $key{$name};
	my $more = $key->{more} // '';
	$node->safe_psql('postgres', qq{
		DROP SCHEMA IF EXISTS g CASCADE; DELETE FROM partman.part_config; CREATE SCHEMA g;
		CREATE TABLE g.t (k $key->{type} NOT NULL, v text) PARTITION BY RANGE (k);
		SELECT partman.create_parent('g.t', 'k', '$key->{interval}', p_premake := 4, p_start_partition := $key->{start}$more);
		UPDATE partman.part_policy SET lock_timeout_ms = 5, lock_tries = 20;
		INSERT INTO g.t SELECT $key->{old}, repeat('x', 50) FROM generate_series(1, 20000) g;
		INSERT INTO g.t VALUES ($key->{now}, 'now');
		UPDATE partman.part_config SET premake = 6});
	is($node->safe_psql('postgres', q{SELECT pg_relation_size('g.t_default') > 640 * 1024}), 't', "$name: a large default");
	return $key;
}

sub run {
	my ($rc, $out, $err) = $node->psql('postgres', 'SET client_min_messages = debug1; CALL partman.run_maintenance_proc()');
	return ($rc, $err);
}
my $due = q{SELECT count(*) FROM partman.plan_maintenance()};

for my $name (sort keys %key) {
	make($name);
	is($node->safe_psql('postgres', $due), '2', "$name: two are due");
	my ($rc, $err) = run();
	is($rc, 0, "$name: maintained") or diag($err);
	my @implied = $err =~ /$implied/g;
	is(scalar @implied, 2, "$name: both attached without a scan of the default") or diag($err);
	is($node->safe_psql('postgres', $due), '0', "$name: nothing is left to do");
	is($node->safe_psql('postgres', $guards), 0, "$name: no constraint is left");
	is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE tableoid = 'g.t_default'::regclass) FROM g.t}), '20001|20000',
		"$name: no row has moved");
}

# Small ones are just read, and so are those of a call that keeps its locks.
make('times');
$node->safe_psql('postgres', 'UPDATE partman.part_policy SET lock_timeout_ms = 300');
my ($rc, $err) = run();
unlike($err, $implied, 'a small default is read');
make('times');
(undef, undef, $err) = $node->psql('postgres', 'SET client_min_messages = debug1; SELECT partman.run_maintenance()');
unlike($err, $implied, 'a function reads it');
is($node->safe_psql('postgres', $due), '0', 'and has done its work');

# Only ranges that nobody writes yet are shut, each set in the state in which a hole at the present is closed, too.
# $open, $shut: keys of which a row must, or must not, come in while the constraint stands.
sub stands_for {
	my ($name, $open, $shut) = @_;
	my $holder = holder($node);
	$holder->shut('guard_stands');
	my $runner = session($node)->send('CALL partman.run_maintenance_proc()');
	ok($runner->wait_parked('guard_stands'), "$name: it stands");
	my ($rc, undef, $told) = $node->psql('postgres', "BEGIN; INSERT INTO g.t VALUES ($open, 'open'); ROLLBACK");
	is($rc, 0, "$name: rows of the hole come in") or diag($told);
	(undef, undef, $told) = $node->psql('postgres', "BEGIN; INSERT INTO g.t VALUES ($shut, 'shut'); ROLLBACK");
	like($told, qr/violates check constraint "pg_strata_guard"/, "$name: those of the future do not");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM partman.check_partitions() WHERE code = 'guard_left'}), 0,
		"$name: while the run is at work that is no finding");
	$holder->open('guard_stands');
	(undef, $told) = $runner->answer;
	is($told, '', "$name: done");
	is($node->safe_psql('postgres', $due), '0', "$name: nothing is left to do");
	is($node->safe_psql('postgres', $guards), 0, "$name: no constraint is left");
	$_->kill_psql for $runner, $holder;
	return;
}
{
	my $key = make('times');
	$node->safe_psql('postgres', q{DO $$ BEGIN EXECUTE 'DROP TABLE g.t_p' || to_char(now(), 'YYYYMMDD'); END $$;
		UPDATE partman.part_config SET infinite_time_partitions = true});
	stands_for('hole of now', $key->{now}, $key->{future});
	$key = make('numbers');
	$node->safe_psql('postgres', 'DROP TABLE g.t_p1002000');
	stands_for('hole ahead', 1002500, $key->{future});
	# Ids come in order: with rows in the last partition the next ones may come any moment.
	make('numbers');
	$node->safe_psql('postgres', 'INSERT INTO g.t VALUES (1004500)');
	($rc, $err) = run();
	is($rc, 0, 'rows in the last partition: run') or diag($err);
	is($node->safe_psql('postgres', $due), '0', 'rows in the last partition: done');
	unlike($err, $implied, 'rows in the last partition: the default is read');
}

# Not where the server would not take it for a proof, nor on a table that is no plain heap or not the owner's.
my %no_guard = (
	'list' => sub {
		$node->safe_psql('postgres', q{
			DROP SCHEMA IF EXISTS g CASCADE; DELETE FROM partman.part_config; CREATE SCHEMA g;
			CREATE TABLE g.t (k int NOT NULL, v text) PARTITION BY LIST (k);
			SELECT partman.create_parent('g.t', 'k', '1', p_premake := 4, p_start_partition := '1000000', p_type := 'list');
			UPDATE partman.part_policy SET lock_timeout_ms = 5, lock_tries = 20;
			INSERT INTO g.t SELECT g, repeat('x', 50) FROM generate_series(1, 20000) g;
			INSERT INTO g.t VALUES (1000000, 'now');
			UPDATE partman.part_config SET premake = 6});
	},
	'another access method' => sub {
		make('times');
		$node->safe_psql('postgres', 'CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler; ALTER TABLE g.t_default SET ACCESS METHOD heap2');
	},
	'another owner' => sub {
		make('times');
		$node->safe_psql('postgres', 'CREATE ROLE somebody; ALTER TABLE g.t_default OWNER TO somebody');
	});
for my $name (sort keys %no_guard) {
	$no_guard{$name}->();
	is($node->safe_psql('postgres', $due), '2', "$name: two are due");
	my $holder = holder($node);
	$holder->shut('guard_stands');
	my $runner = session($node)->send('CALL partman.run_maintenance_proc()');
	is($runner->wait_parked('guard_stands'), 0, "$name: no constraint is put up");
	my (undef, $told) = $runner->answer;
	is($told, '', "$name: done");
	is($node->safe_psql('postgres', $due), '0', "$name: nothing is left to do");
	$_->kill_psql for $runner, $holder;
}

# A row that comes in between plan and constraint: no constraint is left, and the run says what is in the way.
{
	my $key = make('times');
	my $holder = holder($node);
	$holder->shut('maintain_planned', 'guard_validated');
	my $runner = session($node)->send('CALL partman.run_maintenance_proc()');
	ok($runner->wait_parked('maintain_planned'), 'the run has planned');
	$node->safe_psql('postgres', "INSERT INTO g.t VALUES ($key->{future}, 'late')");
	$holder->open('maintain_planned');
	ok($runner->wait_parked('guard_validated'), 'a late row: the constraint does not hold');
	is($node->safe_psql('postgres', $guards), 0, 'and is gone before anything else is tried');
	$holder->open('guard_validated');
	my (undef, $told) = $runner->answer;
	like($told, qr/rows in the default partition of "g\.t" belong to a new partition/, 'a late row: told');
	is($node->safe_psql('postgres', $guards), 0, 'and no constraint is left');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM g.t_default WHERE v = 'late'}), 1, 'the row is where it was');
	$_->kill_psql for $runner, $holder;
}

# Killed while it stands: rows of those ranges are refused, which the check tells; the next run takes it off.
for my $point (qw(guard_stands guard_validated)) {
	my $key = make('times');
	my $holder = holder($node);
	$holder->shut($point);
	my $runner = session($node)->send('CALL partman.run_maintenance_proc()');
	ok($runner->wait_parked($point), "$point: the run stands there");
	my (undef, undef, $refused) = $node->psql('postgres', "INSERT INTO g.t VALUES ($key->{future}, 'refused')");
	like($refused, qr/violates check constraint "pg_strata_guard"/, "$point: rows of the future are refused");
	$node->safe_psql('postgres', "INSERT INTO g.t VALUES ($key->{now}, 'now'), ('2001-01-01', 'old')");
	kill 9, $runner->pid;
	wait_for(sub { !kill 0, $runner->pid });
	ok(is_back($node), "$point: the server is back");
	$_->kill_psql for $runner, $holder;
	is($node->safe_psql('postgres', $guards), 1, "$point: it is left");
	is($node->safe_psql('postgres', q{SELECT DISTINCT code FROM partman.check_partitions() WHERE code LIKE 'guard%'}), 'guard_left', "$point: found");
	($rc, $err) = run();
	is($rc, 0, "$point: the next run") or diag($err);
	is($node->safe_psql('postgres', $guards), 0, "$point: it is gone");
	is($node->safe_psql('postgres', $due), '0', "$point: and all is done");
}

# Its fix does too; and a set without anything to do loses it as well.
make('times');
$node->safe_psql('postgres', q{UPDATE partman.part_config SET premake = 4;
	ALTER TABLE g.t_default ADD CONSTRAINT pg_strata_guard CHECK (k < '2090-01-01') NOT VALID});
$node->safe_psql('postgres', 'CALL partman.run_maintenance_proc()');
is($node->safe_psql('postgres', $guards), 0, 'an idle set');

$node->stop;
done_testing();
