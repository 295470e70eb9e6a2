# Maintenance beside an online move out of the default: partitions that the move is making are left to it, whatever its
# phase; what an interrupted move has left is no partition that stands in the way. And a name that somebody takes between
# the plan and the creation.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "wal_level = replica\n");
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN; GRANT USAGE ON SCHEMA partman TO stranger; GRANT SELECT ON partman.move_progress TO stranger');
my $holder = holder($node);

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub told { my ($sql) = @_; my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql"); return "$rc\n$err"; }
sub plan_of { my ($schema) = @_; return sql("SELECT string_agg(concat_ws(' ', action, partition_table), ', ' ORDER BY step) FROM partman.plan_maintenance('$schema.ev')"); }
sub findings { my ($schema) = @_; return sql("SELECT string_agg(concat_ws(' ', severity, code), ', ' ORDER BY code) FROM partman.check_partitions('$schema.ev')"); }

# Rows of the first of two partitions that are due.
sub add_filled {
	my ($schema) = @_;
	add_set($node, $schema);
	sql("UPDATE partman.part_config SET retention = NULL WHERE parent_table = '$schema.ev'; INSERT INTO $schema.ev (id, payload) SELECT i, md5(i::text) FROM generate_series(41, 49) i");
	return;
}
sub mover {
	my ($schema, $point) = @_;
	$holder->shut($point);
	my $mover = session($node);
	$mover->query('SET pg_strata.move_method = online');
	$mover->send("CALL partman.partition_data_proc('$schema.ev', p_wait := 0)");
	ok($mover->wait_parked($point), "the move stands at $point");
	return $mover;
}

for my $point (qw(online_captured online_part)) {
	my $schema = $point;
	add_filled($schema);
	my $mover = mover($schema, $point);
	my $pid = $mover->pid;
	is(plan_of($schema), "moving $schema.ev_p40, create $schema.ev_p50", "$point: what is being moved is left to the move");
	is(sql("SELECT reason FROM partman.plan_maintenance('$schema.ev') WHERE action = 'moving'"),
		"process $pid is moving rows into it (move_progress)", 'and the plan says to which');
	is(findings($schema), 'warning missing_partition, info rows_in_default', 'the check finds rows that are on their way');
	like(told("SELECT partman.create_partition_id('$schema.ev', ARRAY[40])"), qr/^3\n.*55006: rows of partition set "$schema.ev" are being moved\n.*process $pid/s,
		'whoever asks for that partition is told');
	is(sql("SET ROLE stranger; SELECT running FROM partman.move_progress"), 't', 'everybody sees that it runs');
	like(told($point eq 'online_part' ? "SELECT partman.run_maintenance('$schema.ev')" : 'CALL partman.run_maintenance_proc()'), qr/^0\n.*NOTICE:  00000: partitions of "$schema.ev" that are due are left to a move of rows that is under way\nDETAIL:  The first is "ev_p40"/s,
		'a run succeeds and says so');
	is(sql("SELECT maintenance_last_run IS NOT NULL FROM partman.part_config WHERE parent_table = '$schema.ev'"), 't', 'and counts');
	is(plan_of($schema), "moving $schema.ev_p40", 'the others it has made');
	$holder->open($point);
	my ($out, $err) = $mover->answer;
	like($err, qr/9 rows moved/, 'the move ends well');
	is(plan_of($schema), "create $schema.ev_p60", 'and the next plan goes on from there');
	is(sql("SELECT count(*) FROM $schema.ev_p40"), 9, 'all rows are there');
	$mover->quit;
}

# A run that looks at the move right before that makes its tables.
# Among them one for a row that has come meanwhile: the run has planned to make it itself.
add_filled('late');
sql('UPDATE late.ev SET id = id + 10 WHERE id > 40');
my $late = mover('late', 'online_captured');
$holder->shut('plan_beside', 'online_part');
my $looker = session($node)->send(q{SELECT partman.run_maintenance('late.ev')});
ok($looker->wait_parked('plan_beside'), 'a run has looked at the move');
sql(q{INSERT INTO late.ev (id, payload) VALUES (45, 'late')});
$holder->open('online_captured');
ok($late->wait_parked('online_part'), 'then the move makes its tables');
$holder->open('plan_beside');
like(($looker->answer)[1], qr/^\S+ NOTICE:  partitions of "late.ev" that are due are left to a move of rows that is under way\nDETAIL:[^\n]*\Z/, 'the run looks again');
$holder->open('online_part');
like(($late->answer)[1], qr/10 rows moved/, 'and the move ends well');
$_->quit for $looker, $late;

# Interrupted.
add_filled('dead');
my $mover = mover('dead', 'online_part');
sql('SELECT pg_terminate_backend(' . $mover->pid . ')');
wait_for(sub { sql('SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = ' . $mover->pid . ')') eq 't' });
$holder->open('online_part');
is(sql(q{SELECT to_regclass('dead.ev_p40') IS NOT NULL AND running IS FALSE FROM partman.move_progress}), 't', 'an interrupted move has left a table');
is(plan_of('dead'), 'move dead.ev_p40, create dead.ev_p50', 'its table is not in the way of the plan');
is(findings('dead'), 'warning missing_partition, warning move_interrupted, warning rows_in_default', 'nor a finding');
like(told('CALL partman.run_maintenance_proc()'), qr/^0\n/, 'the next run cleans up and makes the partitions');
is(plan_of('dead'), 'create dead.ev_p60', 'and the next plan goes on from there');
is(sql('SELECT count(*) FROM dead.ev_p40'), 9, 'all rows are there');

# Somebody takes a name after the plan; once so early that the run meets the table, once so late that it waits for it.
my %taken = (
	committed => sub { my ($schema) = @_; sql("CREATE TABLE $schema.ev_p40 (id int)"); return; },
	open => sub {
		my ($schema) = @_;
		my $other = session($node);
		$other->query("BEGIN; CREATE TABLE $schema.ev_p40 (id int)");
		return $other;
	});
for my $how (sort keys %taken) {
	add_set($node, $how);
	sql("UPDATE partman.part_config SET retention = NULL WHERE parent_table = '$how.ev'");
	$holder->shut('maintain_planned');
	my $runner = session($node, verbosity => 'verbose')->send("CALL partman.run_maintenance_proc()");
	ok($runner->wait_parked('maintain_planned'), 'the run has planned');
	my $other = $taken{$how}->($how);
	$holder->open('maintain_planned');
	if ($other) {
		ok(wait_for(sub { sql('SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = ' . $runner->pid) }), 'it waits for the other');
		$other->query('COMMIT');
		$other->quit;
	}
	my ($out, $err) = $runner->answer;
	like($err, qr/NOTICE:  00000: skipped: changed \(create "$how.ev_p40"\)/, "$how: a name that is taken meanwhile is skipped");
	unlike($err, qr/ERROR|WARNING/, 'and is no failure');
	is(sql("SELECT to_regclass('$how.ev_p50') IS NOT NULL"), 't', 'the others are made');
	is(findings($how), 'warning gap, error name_collision', 'the next plan says what is wrong');
	like(told('CALL partman.run_maintenance_proc()'), qr/42P07: maintenance of "$how.ev" failed: relation "ev_p40" already exists/, 'and the next run');
	sql("DELETE FROM partman.part_config WHERE parent_table = '$how.ev'");
	$runner->quit;
}

# Or makes the partition itself, after the run has read the set and before it plans.
for my $call ("CALL partman.run_maintenance_proc()", "SELECT partman.run_maintenance()", "SELECT partman.run_maintenance('s.ev')") {
	add_set($node, 's');
	sql("UPDATE partman.part_config SET retention = NULL WHERE parent_table = 's.ev'");
	$holder->shut('plan_begun');
	my $runner = session($node, verbosity => 'verbose')->send($call);
	ok($runner->wait_parked('plan_begun'), 'the run has read the set');
	sql("SELECT partman.create_partition_id('s.ev', ARRAY[40])");
	$holder->open('plan_begun');
	my ($out, $err) = $runner->answer;
	is($err, '', "$call: what has come meanwhile is there");
	is(plan_of('s'), '', 'and the rest is made');
	$runner->quit;
	sql("DROP SCHEMA s CASCADE; DELETE FROM partman.part_config WHERE parent_table = 's.ev'");
}

# A move that waits for its locks plans anew when it has them.
add_filled('queue');
sql("UPDATE partman.part_policy SET lock_timeout_ms = 60000 WHERE parent_table = 'queue.ev'");
my $writer = session($node);
$writer->query('BEGIN; LOCK TABLE ONLY queue.ev IN ROW EXCLUSIVE MODE');
my $waiter = session($node, verbosity => 'verbose')->send("SELECT partman.partition_data_id('queue.ev')");
ok(wait_for(sub { sql('SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = ' . $waiter->pid) }), 'the move waits');
sql('CREATE TABLE queue.ev_p40 (id int)');
$writer->query('COMMIT');
my ($out, $err) = $waiter->answer;
like($err, qr/ERROR:  42P07: relation "ev_p40" already exists\nDETAIL:  It is not the partition that is wanted/, 'a name that is taken meanwhile is told as such');
is(sql('SELECT count(*) FROM queue.ev_default'), 9, 'and no row has moved');
$_->quit for $writer, $waiter;

$node->stop;
done_testing();
