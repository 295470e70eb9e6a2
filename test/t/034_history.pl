# The history of maintenance under what history is for: kills, cancels, a second caller, locks held by others, sets that
# fail, roles without rights on it, dump and restore.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', "restart_after_crash = on\n");
my $proc = 'CALL partman.run_maintenance_proc()';

sub value { return $node->safe_psql('postgres', $_[0]); }
sub runs { return value('SELECT caller, outcome FROM partman.maintenance_history ORDER BY started_at'); }
sub stored { return value('SELECT caller, outcome FROM partman.maintenance_run ORDER BY started_at'); }
sub actions {
	return value(q{SELECT a.parent_table, a.action, a.partition_table, a.outcome FROM partman.maintenance_action a
		JOIN partman.maintenance_run r ON r.id = a.run ORDER BY r.started_at, a.ordinal});
}
sub fresh { value("DROP SCHEMA IF EXISTS $_[0] CASCADE; DELETE FROM partman.part_config; DELETE FROM partman.maintenance_run"); return; }

# --- what a run shows while it works, and when it is killed -----------------------------------------------------------

# kill -9 restarts the server, a terminated backend only goes, and a session that is cancelled lives on.
my %end = (
	'kill -9' => sub {
		my ($runner) = @_;
		kill 9, $runner->pid;
		wait_for(sub { !kill 0, $runner->pid });
		ok(is_back($node), 'the server is back');
	},
	terminate => sub { value('SELECT pg_terminate_backend(' . $_[0]->pid . ', 60000)'); },
	cancel => sub { value('SELECT pg_cancel_backend(' . $_[0]->pid . ')'); $_[0]->answer; });

for my $way (sort keys %end) {
	add_set($node, 'k');
	value('ANALYZE k.ev');
	my $holder = holder($node);
	$holder->shut('drop_locked');
	my $runner = session($node)->send($proc);
	ok($runner->wait_parked('drop_locked'), "$way: the run stands at a drop");
	is(runs(), 'procedure|running', "$way: it shows as running");
	# The first partition is out of the set, its rows are still there, and all that goes with them is written.
	is(value(q{SELECT action, partition_table, lower_bound, upper_bound, estimated_rows, bytes > 0, outcome
		FROM partman.maintenance_action WHERE partition_table = 'k.ev_p0' ORDER BY ordinal}),
		"detach|k.ev_p0|0|10|10|t|done\ndrop|k.ev_p0|0|10|10|t|running", "$way: the evidence is there before the drop");
	$end{$way}->($runner);
	$_->kill_psql for $way eq 'kill -9' ? $holder : ();
	is(runs(), 'procedure|interrupted', "$way: now it reads interrupted");
	is(stored(), 'procedure|running', "$way: though nobody has written that");
	is(value('SELECT pid = ' . $runner->pid . ' AND finished_at IS NULL FROM partman.maintenance_run'), 't', "$way: it never finished");
	$holder->quit if $way ne 'kill -9';
	value($proc);
	is(runs(), "procedure|interrupted\nprocedure|finished", "$way: the next run is another");
	is(stored(), "procedure|interrupted\nprocedure|finished", "$way: and has written what became of the first");
	like(actions(), qr/drop\|k\.ev_p0\|interrupted\n.*drop\|k\.ev_p0\|done/s, "$way: the drop was interrupted, then done");
	is(value(q{SELECT to_regclass('k.ev_p0') IS NULL}), 't', "$way: the table is gone");
	$runner->quit if $way eq 'cancel';
	fresh('k');
}

# The session of an interrupted run that has gone on to another one.
add_set($node, 'k');
my $holder = holder($node);
$holder->shut('create_built');
my $runner = session($node)->send($proc);
ok($runner->wait_parked('create_built'), 'a run stands');
value('SELECT pg_cancel_backend(' . $runner->pid . ')');
like(($runner->answer)[1], qr/canceling statement/, 'it is cancelled');
$runner->send($proc);
ok($runner->wait_parked('create_built'), 'the same session runs again');
is(runs(), "procedure|interrupted\nprocedure|running", 'only the second of its runs is running');

# --- a second caller --------------------------------------------------------------------------------------------------

is(value('SELECT count(*) FROM partman.maintenance_action'), 0, 'actions that changed nothing yet are not told');
my ($rc, $out, $err) = $node->psql('postgres', $proc);
is($rc, 0, 'a second caller comes back');
like($err, qr/already running in another session/, 'and is told why');
is(value(q{SELECT outcome, finished_at = started_at, sets FROM partman.maintenance_run ORDER BY started_at DESC LIMIT 1}), 'skipped|t|0', 'that is on record');
# The function has a lock of its own, held by a transaction.
my $other = session($node);
$other->query('BEGIN; SELECT partman.run_maintenance()');
is(value('SELECT count(*) FROM partman.maintenance_run'), 3, 'what a function did is not there before its caller commits');
($rc, $out, $err) = $node->psql('postgres', 'SELECT partman.run_maintenance()');
like($err, qr/already running in another session/, 'a second function is told why');
$other->query('ROLLBACK');
$holder->open('create_built');
$runner->answer;
is(runs(), "procedure|interrupted\nprocedure|finished\nprocedure|skipped\nfunction|skipped", 'each call is on record, the one rolled back is not');
fresh('k');

# --- locks held by others ---------------------------------------------------------------------------------------------

add_set($node, 'k');
value(q{UPDATE partman.part_policy SET lock_timeout_ms = 50, lock_tries = 2});
my $reader = session($node);
$reader->query(q{SET application_name = 'reporter'; BEGIN; SELECT count(*) FROM k.ev});
($rc, $out, $err) = $node->psql('postgres', $proc);
is($rc, 0, 'a deferred run is no error');
my $pid = $reader->pid;
like(actions(), qr/^(k\.ev\|create\|k\.ev_p\d+\|deferred)$/, 'the action is recorded as deferred, once, and not the rest of the set') or diag($err);
like(value('SELECT blocked_by FROM partman.maintenance_action'), qr/^process $pid \(\w+, reporter, transaction open for \d\d:\d\d:\d\d\)$/,
	'with who blocked it: process, role, application, age of the transaction');
is(value(q{SELECT tries, lock_wait_ms BETWEEN 90 AND 5000, duration_ms >= lock_wait_ms, message FROM partman.maintenance_action}),
	'2|t|t|5 further actions of the set wait with it', 'how often and how long it waited, and what waits with it');
is(value('SELECT outcome, sets, busy, failed, deferred FROM partman.maintenance_run'), 'finished|1|1|0|1', 'the run tells of a deferred set');
like(value('SELECT deferred_runs, deferred_reason, last_success IS NULL, last_run IS NOT NULL FROM partman.partition_status'),
	qr/^1\|locks held by process $pid .*reporter.*\|t\|t$/, 'so does the status of the set');
$node->psql('postgres', $proc) for 1 .. 2;
like(value('SELECT last_error FROM partman.partition_status'), qr/could not get their locks in 3 runs/, 'the third such run is a failure');
is(value(q{SELECT action, sqlstate FROM partman.maintenance_action WHERE outcome = 'failed'}), 'set|55P03', 'of the set as a whole');
$reader->query('COMMIT');
value($proc);
is(value('SELECT deferred_runs, deferred_reason, last_success = last_run FROM partman.partition_status'), '0||t', 'then all is well');
fresh('k');

# Planning itself needs a lock that it cannot get.
add_set($node, 'k');
value(q{UPDATE partman.part_policy SET lock_timeout_ms = 50, lock_tries = 1});
$reader->query(q{BEGIN; LOCK TABLE k.ev IN ACCESS EXCLUSIVE MODE});
value($proc);
like(value('SELECT action, partition_table, outcome, blocked_by FROM partman.maintenance_action'), qr/^set\|\|deferred\|process $pid .*reporter/,
	'a set that cannot be planned is put off as a whole');
# Looking waits for nobody.
is(value(q{SET statement_timeout = '10s'; SELECT partitions FROM partman.partition_status; SELECT count(*) FROM partman.partitions}), "4\n5",
	'looking does not wait for locks');
$reader->query('ROLLBACK');
fresh('k');

# --- failing sets, roles, age -----------------------------------------------------------------------------------------

# A set that fails in the middle of an action; what was done before and what others did stays on record.
add_set($node, 'a');
add_set($node, 'b');
value('CREATE VIEW a.looks AS SELECT * FROM a.ev_p10');
($rc, $out, $err) = $node->psql('postgres', $proc);
isnt($rc, 0, 'a run with a failing set is an error');
is(value(q{SELECT outcome, sets, busy, failed FROM partman.maintenance_run}), 'failed|2|2|1', 'the run is on record as failed');
is(actions(), join("\n", (map { "a.ev|$_" } 'create|a.ev_p40|done', 'create|a.ev_p50|done', 'detach|a.ev_p0|done', 'drop|a.ev_p0|done',
	'detach|a.ev_p10|done', 'drop|a.ev_p10|failed'), map { "b.ev|$_" } 'create|b.ev_p40|done', 'create|b.ev_p50|done', 'detach|b.ev_p0|done',
	'drop|b.ev_p0|done', 'detach|b.ev_p10|done', 'drop|b.ev_p10|done'), 'and all it did, in order');
is(value(q{SELECT sqlstate, last_error FROM partman.maintenance_action a JOIN partman.partition_status s ON a.parent_table = s.parent_table
	AND a.message = s.last_error WHERE a.outcome = 'failed'}), '2BP01|cannot drop table a.ev_p10 because other objects depend on it', 'the error is that of the action');
# By psql that stops at an error, in a transaction that the caller ends himself.
value('DROP VIEW a.looks; DELETE FROM partman.maintenance_run');
$node->psql('postgres', q{BEGIN; SELECT partman.run_maintenance(); ROLLBACK});
is(runs(), '', 'a function whose caller rolls back leaves nothing');
value('SELECT partman.run_maintenance()');
is(runs(), 'function|finished', 'one that commits does');
value('DROP SCHEMA a, b CASCADE; DELETE FROM partman.part_config; DELETE FROM partman.maintenance_run');

# A maintainer with the rights that pg_partman asks for, and none on the history.
value(q{CREATE ROLE app; CREATE ROLE maintainer LOGIN; GRANT app TO maintainer;
	GRANT USAGE ON SCHEMA partman TO maintainer;
	GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_config_sub TO maintainer});
add_set($node, 'k');
value('ALTER TABLE k.ev OWNER TO app; GRANT ALL ON SCHEMA k TO app');
value(q{DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'k.ev'::regclass LOOP
	EXECUTE format('ALTER TABLE %s OWNER TO app', t); END LOOP; END $$});
my $maintainer = session($node, user => 'maintainer');
like(($maintainer->query('SELECT * FROM partman.maintenance_run'))[1], qr/permission denied/, 'he may not read it');
# He may not see how long a transaction of others is open, who it is he may.
value(q{UPDATE partman.part_policy SET lock_timeout_ms = 50, lock_tries = 1});
$reader->query(q{BEGIN; SELECT count(*) FROM k.ev});
like(($maintainer->query($proc))[1], qr/NOTICE:  deferred: 6 actions/, 'his run is deferred while a reader is there');
like(value('SELECT blocked_by FROM partman.maintenance_action'), qr/^process $pid \(\w+, reporter, transaction open for \?\)$/, 'whom he may see in part');
$reader->query('COMMIT');
value('DELETE FROM partman.maintenance_run');
is(($maintainer->query($proc))[1], '', 'then his run succeeds');
is(value('SELECT caller, role, outcome, busy FROM partman.maintenance_run'), 'procedure|maintainer|finished|1', 'and is on record under his name');
is(value(q{SELECT count(*) FROM partman.maintenance_action WHERE outcome = 'done'}), 6, 'with what it did');
like(($maintainer->query('SET pg_strata.history_retention = 1; SHOW pg_strata.history_retention'))[1], qr/permission denied/, 'he cannot have it forgotten sooner');
$maintainer->quit;

# What is too old goes, and nobody waits for a transaction that is about to delete it.
value(q{INSERT INTO partman.maintenance_run (caller, pid, backend_start, role, started_at, outcome)
	SELECT 'procedure', 1, now(), 'old', now() - interval '91 days', 'finished' FROM generate_series(1, 1500)});
$other->query('BEGIN; SELECT partman.run_maintenance()');
($rc, $out, $err) = $node->psql('postgres', $proc, on_error_stop => 0, timeout => 60);
is($rc, 0, 'a run beside a transaction that deletes old rows does not wait') or diag($err);
$other->query('ROLLBACK');
value($proc);
is(value(q{SELECT count(*) FROM partman.maintenance_run WHERE role = 'old'}), 0, 'some at a time, all of them go');

# --- dump and restore -------------------------------------------------------------------------------------------------

my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'dumped');
unlike(slurp_file($dump), qr/^COPY partman\.maintenance_/m, 'the history is not in it');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restored');
is($node->safe_psql('restored', 'SELECT count(*) FROM partman.maintenance_run'), 0, 'a restored database begins without history');
$node->safe_psql('restored', $proc);
is($node->safe_psql('restored', 'SELECT outcome, sets FROM partman.maintenance_run'), 'finished|1', 'and writes its own');
is($node->safe_psql('restored', 'SELECT parent_table, last_run = last_success, problem FROM partman.partition_status'), 'k.ev|t|', 'the status is there');

$node->stop;
done_testing();
