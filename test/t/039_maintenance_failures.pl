# What an operator meets at night: a prepared transaction or a forgotten session that holds locks, a full lock table, a full
# disk. Whatever was not done is told by the call, the history, the status or check_partitions; nothing is left half done; the
# next run completes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', "max_prepared_transactions = 5\n");
my $proc = 'CALL partman.run_maintenance_proc()';
sub value { return $node->safe_psql('postgres', $_[0]); }

# Exit status and messages of one run.
sub run_once {
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$proc", on_error_stop => 1);
	return ($rc, $err);
}

sub fresh_set {
	value('DROP SCHEMA IF EXISTS k CASCADE; DELETE FROM partman.part_config; DELETE FROM partman.part_pending_drop; DELETE FROM partman.maintenance_run');
	add_set($node, 'k');
	value('UPDATE partman.part_policy SET lock_timeout_ms = 50; ANALYZE k.ev');
	return;
}

# Tables that are neither a partition nor on the list of those to be dropped, and what a broken DDL would leave of indexes.
sub half_done {
	return value(q{
		SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'k'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
			AND NOT EXISTS (SELECT FROM partman.part_pending_drop p WHERE p.child_oid = c.oid)
		UNION ALL SELECT indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE c.relnamespace = 'k'::regnamespace AND NOT (indisvalid AND indisready)
		UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhdetachpending});
}

sub codes { return value('SELECT DISTINCT severity, code FROM partman.check_partitions() ORDER BY 1, 2'); }

# As a set looks that nobody disturbed.
fresh_set();
run_once();
my ($children, $payload) = (children_of($node, 'k'), payload($node, 'k'));
is($children =~ tr/\n//, 4, 'the undisturbed run left four partitions and the default') or diag($children);

my $began = time;
sub completes {
	my ($name) = @_;
	note("$name after ", time - $began, ' s');
	is(half_done(), '', "$name: nothing is half done");
	my ($rc, $err) = run_once();
	is($rc, 0, "$name: the next run succeeds") or diag($err);
	is(children_of($node, 'k'), $children, "$name: it completes the work");
	is(payload($node, 'k'), $payload, "$name: and every row is there");
	is(value('SELECT count(*) FROM partman.plan_maintenance()'), 0, "$name: nothing is left to do");
	is(codes(), '', "$name: nor to be told");
	is(value('SELECT deferred_runs, deferred_reason, last_success = last_run FROM partman.partition_status'), '0||t', "$name: the status is that of a healthy set");
	return;
}

# --- holders of locks ---------------------------------------------------------------------------------------------------

my %hold = (
	'prepared transaction' => sub {
		value("BEGIN; SELECT count(*) FROM $_[0]; PREPARE TRANSACTION 'forgotten'");
		return sub { value(q{ROLLBACK PREPARED 'forgotten'}); };
	},
	'idle in transaction' => sub {
		my $session = session($node);
		$session->query("SET application_name = 'forgotten'; BEGIN; SELECT count(*) FROM $_[0]");
		return sub { $session->query('COMMIT'); $session->quit; };
	});

for my $who (sort keys %hold) {
	for my $table (qw(k.ev k.ev_default k.ev_p10)) {
		my $name = "$who on $table";
		fresh_set();
		my $release = $hold{$who}->($table);
		my ($rc, $err) = run_once();
		is($rc, 0, "$name: the first run is deferred, no error");
		like($err, qr/NOTICE:.*deferred: \d actions? on "k\.ev"/, "$name: and says so") or diag($err);
		is(value(q{SELECT count(*) FROM partman.maintenance_action WHERE outcome = 'deferred'}), 1, "$name: the history knows");
		isnt(value('SELECT blocked_by FROM partman.maintenance_action WHERE outcome = \'deferred\''), '', "$name: and knows a holder");
		note(value('SELECT blocked_by FROM partman.maintenance_action WHERE outcome = \'deferred\''));
		is(value(q{SELECT deferred_runs, deferred_reason IS NOT NULL FROM partman.partition_status}), '1|t', "$name: so does the status");
		is(half_done(), '', "$name: nothing is half done");
		run_once();
		($rc, $err) = run_once();
		isnt($rc, 0, "$name: the third run is a failure");
		like(codes(), qr/^error\|maintenance_(deferred|failing)$/m, "$name: check_partitions finds it");
		isnt($node->psql('postgres', 'SELECT partman.assert_partitions()'), 0, "$name: assert_partitions fails");
		$release->();
		completes($name);
	}
}

# --- a full lock table --------------------------------------------------------------------------------------------------

# Advisory locks live in the same table. What is free of it is taken, then given back in part.
$node->append_conf('postgresql.conf', "max_connections = 12\nmax_locks_per_transaction = 10\nmax_wal_senders = 0\nmax_worker_processes = 1\n");
$node->restart;
value(q{CREATE FUNCTION public.fill(spare int) RETURNS int LANGUAGE plpgsql AS $$
	DECLARE n int := 0;
	BEGIN
		BEGIN
			LOOP
				PERFORM pg_advisory_lock(n);
				n := n + 1;
			END LOOP;
		EXCEPTION WHEN out_of_memory THEN
			NULL;
		END;
		PERFORM pg_advisory_unlock(i) FROM generate_series(n - spare, n - 1) i;
		RETURN n;
	END $$});
my %seen;
for my $spare (0, 2, 4, 8, 12, 16, 24, 32, 48, 64, 200) {
	my $name = "$spare locks left";
	fresh_set();
	my $filler = session($node);
	my ($out, $err) = $filler->query("SELECT public.fill($spare)");
	cmp_ok($out, '>', 200, "$name: the lock table is full");
	(my $rc, $err) = run_once();
	my $done = $rc == 0;
	$seen{ $done ? 'done' : 'failed' }++;
	like($err, $done ? qr/^(?!.*(ERROR|WARNING))/s : qr/(ERROR|WARNING|FATAL):  (53200|54000)|out of shared memory/, "$name: a run that does not do all says why");
	$filler->query('SELECT pg_advisory_unlock_all()');
	$filler->quit;
	is(value('SELECT count(*) FROM partman.plan_maintenance()') == 0, $done, "$name: the plan tells what is left to do");
	# What could not begin to write its history has told its caller.
	my $told = value(q{SELECT r.outcome, a.sqlstate FROM partman.maintenance_history r
		LEFT JOIN partman.maintenance_action a ON a.run = r.id AND a.outcome = 'failed'});
	like($told, $done ? qr/^finished\|$/ : qr/^(|failed\|(53200|54000)|interrupted\|.*)$/, "$name: so does the history, if there is one");
	note("$name: $told; ", $err =~ /\A(.*)/);
	completes($name);
}
cmp_ok($seen{$_} // 0, '>=', 2, "runs that ended thus: $_") for qw(done failed);

# --- a full disk --------------------------------------------------------------------------------------------------------

# A set with all its partitions and indexes, and the extension's history, which is emptied: in a page it has it needs no room.
sub set_to {
	my ($space) = @_;
	value(qq{DO \$\$ DECLARE r regclass; k "char"; BEGIN
		FOR r, k IN SELECT oid, relkind FROM pg_class WHERE relnamespace = 'k'::regnamespace AND relkind IN ('r', 'p', 'i', 'I') LOOP
			EXECUTE format('ALTER %s %s SET TABLESPACE $space', CASE WHEN k IN ('r', 'p') THEN 'TABLE' ELSE 'INDEX' END, r);
		END LOOP; END \$\$});
	return;
}

sub history_to {
	my ($space) = @_;
	value("TRUNCATE partman.maintenance_run CASCADE; ALTER TABLE partman.maintenance_run SET TABLESPACE $space;
		ALTER TABLE partman.maintenance_action SET TABLESPACE $space");
	return;
}

# A small file system in a mount namespace of its own, which the server reaches through /proc. Where users may not have
# one, this part is left out.
my ($space, $pid, $error) = ('', '', '');
my $keeper = eval {
	IPC::Run::start([ 'unshare', '-Urm', 'sh', '-c', 'mount -t tmpfs -o size=2m,mode=700 none /mnt && echo $$ ready && exec sleep 600' ],
		'<', \undef, '>', \$space, '2>', \$error, IPC::Run::timeout(600));
};
wait_for(sub { eval { $keeper->pump_nb; $keeper->pumpable } ? $space =~ /ready/ : 1 }, 30) if $keeper;
SKIP: {
	($pid) = $space =~ /^(\d+) ready/;
	skip "no file system of its own: $error", 1 unless $pid && -d "/proc/$pid/root/mnt";
	my $path = "/proc/$pid/root/mnt";
	value("CREATE TABLESPACE small LOCATION '$path'");
	# The partitions that exist stay where they are; new ones go where their parent says.
	for my $full ('partitions', 'history') {
		fresh_set();
		$full eq 'partitions' ? set_to('small') : history_to('small');
		value(q{CREATE TABLE public.filler (payload text) TABLESPACE small; ALTER TABLE public.filler ALTER payload SET STORAGE PLAIN;
			DO $$ BEGIN LOOP INSERT INTO public.filler SELECT repeat('x', 2000) FROM generate_series(1, 4); END LOOP;
				EXCEPTION WHEN disk_full THEN NULL; END $$; CHECKPOINT});
		my ($rc, $err) = run_once();
		isnt($rc, 0, "disk of the $full full: the run fails") or diag($err);
		like($err, qr/(ERROR|WARNING):  53100/, "disk of the $full full: and says why") or diag($err);
		is(half_done(), '', "disk of the $full full: nothing is half done");
		if ($full eq 'partitions') {
			is(value(q{SELECT r.outcome, a.action, a.outcome, a.sqlstate FROM partman.maintenance_history r JOIN partman.maintenance_action a ON a.run = r.id
				WHERE a.outcome = 'failed'}), 'failed|create|failed|53100', "disk of the $full full: the history tells");
			like(value('SELECT last_error FROM partman.partition_status'), qr/No space left/, "disk of the $full full: so does the status");
			like(codes(), qr/^error\|maintenance_failing$/m, "disk of the $full full: and check_partitions");
		} else {
			isnt(value('SELECT count(*) FROM partman.plan_maintenance()'), 0, "disk of the $full full: the plan tells what is left to do");
		}
		value('DROP TABLE public.filler');
		value('CHECKPOINT');
		completes("disk of the $full full");
		history_to('pg_default') if $full eq 'history';
	}
	value('DROP SCHEMA k CASCADE; DELETE FROM partman.part_config');
	value('DROP TABLESPACE small');
}

$node->stop;
if ($keeper) { kill 'TERM', $pid if $pid; eval { $keeper->finish }; }
done_testing();
