# The alerts of docs/operations.md, as that file has them: none is raised on a healthy database, and each where its
# condition is brought about, seen by a role with the grants of the same section.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $library = `pg_config --pkglibdir`;
chomp $library;
-e "$library/pg_cron.so" or plan(skip_all => 'pg_cron is not installed');

my $node = new_node('main', q{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 20
});
my $proc = 'CALL partman.run_maintenance_proc()';
sub value { return $node->safe_psql('postgres', $_[0]); }
sub run_quietly { $node->psql('postgres', $proc); return; }

my $section = slurp_file("$FindBin::RealBin/../../docs/operations.md") =~ s/.*^### Alerts$//msr =~ s/^### .*//msr;
my ($grants) = $section =~ /^```sql\n(.*?)^```$/ms;
my @alerts;
for (grep { /^\|/ } split /\n/, $section) {
	my (undef, $name, $query, $threshold, $advice) = map { s/^\s+|\s+$//gr } split /\|/;
	next if $name eq 'alert' || $name =~ /^-/;
	push @alerts, { name => $name, query => $query =~ s/^`|`$//gr, threshold => $threshold =~ s/^`|`$//gr, advice => $advice };
}

# --- a healthy database -----------------------------------------------------------------------------------------------

# Every schedule here is that of the 31st of February.
value(q{
	CREATE EXTENSION pg_cron;
	CREATE TABLE public.security_event (id bigint NOT NULL, created_at timestamptz NOT NULL, note text) PARTITION BY RANGE (created_at);
	CREATE TABLE public.orders (id bigint NOT NULL, note text) PARTITION BY RANGE (id);
	SELECT partman.create_parent('public.security_event', 'created_at', '1 day', p_premake := 10);
	SELECT partman.create_parent('public.orders', 'id', '1000', p_premake := 4);
	INSERT INTO public.security_event SELECT i, now() - interval '1 day' * (i % 5), 'x' FROM generate_series(1, 100) i;
	INSERT INTO public.orders SELECT i, 'x' FROM generate_series(1, 100) i;
	UPDATE partman.part_config SET infinite_time_partitions = true, retention = '8 days', retention_keep_table = false
		WHERE parent_table = 'public.security_event';
	ANALYZE;
	SELECT partman.schedule_maintenance('0 0 31 2 *')});
value($proc);
value($grants . 'GRANT SELECT ON public.orders TO monitor');
my $monitor = session($node, user => 'monitor');

sub raised {
	my ($alert) = @_;
	my ($out, $err) = $monitor->query("SELECT coalesce(($alert->{query}) $alert->{threshold}, false)");
	return $err ne '' ? $err : $out;
}

# One more partition to be created by the next run.
sub more_due { value(q{UPDATE partman.part_config SET premake = premake + 1 WHERE parent_table = 'public.security_event'}); return; }

sub told { return $monitor->query('SELECT parent_table, severity, code, partition_table, detail FROM partman.check_partitions()'); }

sub all_raised { return join ', ', map { my $said = raised($_); $said eq 'f' ? () : "$_->{name}: $said" } @alerts; }

cmp_ok(scalar @alerts, '>=', 20, 'docs/operations.md has its alerts');
is(join(', ', grep { !$_->{advice} } @alerts), '', 'each with something to do');
is(all_raised(), '', 'on a healthy database none is raised') or diag(told());
is($monitor->query(q{SELECT count(*) FROM partman.partition_status}), 2, 'the monitoring role sees all sets');
is($monitor->query(q{SELECT count(*) FROM partman.partition_status WHERE schedule = '0 0 31 2 *'}), 2, 'and what maintains them');
like(($monitor->query('DELETE FROM partman.part_config'))[1], qr/permission denied/, 'but changes nothing');

# --- each condition brought about, and put right ----------------------------------------------------------------------

my $set = q{WHERE parent_table = 'public.security_event'};
my ($reader, $runner, $holder);

# One run of the past that ended so, and how to forget it.
sub past_run {
	my ($outcome, $count) = @_;
	return (
		"INSERT INTO partman.maintenance_run (caller, pid, backend_start, role, started_at, finished_at, outcome)
			SELECT 'procedure', 1, now(), 'past', now() - interval '3 hours', now() - interval '2 hours', '$outcome'
			FROM generate_series(1, $count)",
		q{DELETE FROM partman.maintenance_run WHERE role = 'past'});
}

sub deferred_runs {
	my ($count) = @_;
	value('UPDATE partman.part_policy SET lock_timeout_ms = 50, lock_tries = 1');
	more_due();
	$reader = session($node);
	$reader->query('BEGIN; SELECT count(*) FROM public.security_event');
	run_quietly() for 1 .. $count;
	$reader->query('COMMIT');
	$reader->quit;
	return;
}

# A set that plans to create a partition whose rows are in the default.
my $stray = q{INSERT INTO public.security_event SELECT 1000, max(lower_time) + interval '36 hours', 'stray' FROM partman.partitions
	WHERE parent_table = 'public.security_event'};
my $drained = q{CALL partman.partition_data_proc('public.security_event', p_quiet := true); VACUUM ANALYZE public.security_event_default};    # which premake counts from now

my $fresh_history = sub { value('DELETE FROM partman.maintenance_run'); value($proc); };
my $forget_move = 'DELETE FROM partman.part_move';
sub move {
	my ($pid, $since) = @_;
	return "INSERT INTO partman.part_move (parent_table, operation, source_table, phase, started_at, phase_since, pid, source_oid, working_schema,
			database_oid, system_identifier)
		SELECT 'public.security_event', 'drain', 'public.security_event_default', 'loading', clock_timestamp() - interval '$since',
			clock_timestamp() - interval '$since', $pid, 0, 'public', d.oid, s.system_identifier
		FROM pg_database d, pg_control_system() s WHERE d.datname = current_database()";
}

# alert => [ brings it about, puts it right ]: SQL or code
my %provoked = (
	'set out of order' => [ 'ALTER TABLE public.orders RENAME COLUMN id TO number', 'ALTER TABLE public.orders RENAME COLUMN number TO id' ],
	'set drifting' => [
		q{DO $$ BEGIN EXECUTE format('ALTER TABLE public.orders DETACH PARTITION %s', 'public.orders_p1000'); END $$},
		q{ALTER TABLE public.orders ATTACH PARTITION public.orders_p1000 FOR VALUES FROM (1000) TO (2000)} ],
	'set unreadable' => [ q{UPDATE partman.part_config SET control = 'note' } . $set, q{UPDATE partman.part_config SET control = 'created_at' } . $set ],
	'short runway' => [
		sub {
			value(q{DO $$ DECLARE t text; BEGIN FOR t IN SELECT format('%I.%I', partition_schema, partition_table) FROM partman.partitions
				WHERE parent_table = 'public.security_event' AND lower_time > now() + interval '1 day' LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$});
		},
		$proc ],
	'rows in default' => [ "$stray; ANALYZE public.security_event_default", "$drained; $proc" ],
	'no recent run' => [ q{UPDATE partman.maintenance_run SET started_at = started_at - interval '30 hours'}, $fresh_history ],
	'run failed' => [
		sub {
			value('ALTER TABLE public.orders RENAME TO gone');
			value(q{UPDATE partman.part_policy SET parent_oid = 0});
			run_quietly();
		},
		sub { value('ALTER TABLE public.gone RENAME TO orders'); $fresh_history->(); } ],
	'run interrupted' => [
		sub {
			more_due();
			$holder = holder($node);
			$holder->shut('create_built');
			$runner = session($node)->send($proc);
			$runner->wait_parked('create_built') or die 'no run stands';
			value('SELECT pg_terminate_backend(' . $runner->pid . ', 60000)');
			$holder->quit;
		},
		$fresh_history ],
	'run endless' => [
		sub {
			more_due();
			$holder = holder($node);
			$holder->shut('create_built');
			$runner = session($node)->send($proc);
			$runner->wait_parked('create_built') or die 'no run stands';
			value(q{UPDATE partman.maintenance_run SET started_at = started_at - interval '3 hours' WHERE outcome = 'running'});
		},
		sub { $holder->open('create_built'); $runner->answer; $_->quit for $runner, $holder; $fresh_history->(); } ],
	'runs overlap' => [ past_run('skipped', 4) ],
	'set failing' => [
		sub {
			value('ALTER TABLE public.orders RENAME TO gone');
			value(q{UPDATE partman.part_policy SET parent_oid = 0});
			run_quietly();
		},
		sub { value('ALTER TABLE public.gone RENAME TO orders'); $fresh_history->(); } ],
	'set not maintained' => [
		"UPDATE partman.part_config SET maintenance_last_run = now() - interval '30 hours' $set", $proc ],
	'set not scheduled' => [ 'SELECT partman.unschedule_maintenance()', q{SELECT partman.schedule_maintenance('0 0 31 2 *')} ],
	'set deferred' => [ sub { deferred_runs(2) }, $fresh_history ],
	'creation blocked' => [ sub { value('UPDATE partman.part_policy SET heal_max_rows = 0'); value($stray); more_due(); run_quietly(); },
		sub { value('UPDATE partman.part_policy SET heal_max_rows = DEFAULT'); value($_) for split /; /, $drained; $fresh_history->(); } ],
	'long lock waits' => [
		sub { deferred_runs(1); value('UPDATE partman.maintenance_action SET lock_wait_ms = lock_wait_ms + 1000'); }, $fresh_history ],
	'lock budget too long' => [
		"UPDATE partman.part_policy SET lock_timeout_ms = 2000 $set", 'UPDATE partman.part_policy SET lock_timeout_ms = 300' ],
	'retention overdue' => [ "UPDATE partman.part_config SET retention = '1 day' $set", $proc ],
	'drop overdue' => [
		q{CREATE TABLE public.old (); INSERT INTO partman.part_pending_drop (child_oid, child_schema, child_table, parent_table, lower_bound,
			upper_bound, database_oid, system_identifier, retention, detached_at)
			SELECT 'public.old'::regclass, 'public', 'old', 'public.security_event', '', '', d.oid, s.system_identifier, 'never', now() - interval '2 days'
			FROM pg_database d, pg_control_system() s WHERE d.datname = current_database()},
		'DELETE FROM partman.part_pending_drop; DROP TABLE public.old' ],
	'move interrupted' => [ move(1, '1 minute'), $forget_move ],
	'move stands still' => [ sub { value(move($monitor->pid, '0')); value(q{UPDATE partman.part_move SET phase_since = phase_since - interval '3 hours'}) }, $forget_move ],
	'pg_cron: job failed' => [
		q{INSERT INTO cron.job_run_details (jobid, runid, command, status, start_time)
			SELECT jobid, 1, command, 'failed', now() - interval '1 hour' FROM cron.job},
		'DELETE FROM cron.job_run_details' ],
	'pg_cron: no job' => [ q{SELECT partman.unschedule_maintenance()}, q{SELECT partman.schedule_maintenance('0 0 31 2 *')} ],
);

is(join(', ', sort keys %provoked), join(', ', sort map { $_->{name} } @alerts), 'every alert of the table is tried');
for my $alert (@alerts) {
	my ($provoke, $right) = @{ $provoked{ $alert->{name} } // next };
	ref $provoke ? $provoke->() : value($provoke);
	is(raised($alert), 't', "$alert->{name}: raised");
	if (ref $right) { $right->() } else { value($_) for split /; /, $right }
	is(all_raised(), '', "$alert->{name}: none after it was put right") or diag(told());
}

$monitor->quit;
$node->stop;
done_testing();
