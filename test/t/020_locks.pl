# Locks of maintenance: one budget for all waits of a try; clients beside a long reader; the modes that docs/operations.md
# promises; nothing held after a run that was ended.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('main');
my $full = $ENV{STRATA_FULL};

# --- three sessions block parent, default and one partition in turn: one try waits no longer than the budget -----------

# Blocks a table of the set budget.ev until the maintainer has waited for it for 0.3 s; ends also when he gives up.
$node->safe_psql('postgres', q{
	CREATE PROCEDURE block(blocked regclass, maintainer int) LANGUAGE plpgsql AS $$
	DECLARE waited boolean := false;
	BEGIN
		EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', blocked);
		PERFORM pg_advisory_lock_shared(hashtext('blocking'));
		LOOP
			PERFORM pg_stat_clear_snapshot();
			IF EXISTS (SELECT FROM pg_locks WHERE pid = maintainer AND relation = blocked AND NOT granted AND
					clock_timestamp() >= waitstart + interval '0.3 s') THEN
				RETURN;
			END IF;
			waited := waited OR EXISTS (SELECT FROM pg_stat_activity WHERE pid = maintainer AND state = 'active');
			IF waited AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = maintainer AND state = 'idle') THEN RETURN; END IF;
			PERFORM pg_sleep(0.005);
		END LOOP;
	END $$;
	-- From the maintainer's first wait to his last, in milliseconds, and for how many relations he waited.
	CREATE FUNCTION watch(maintainer int, OUT milliseconds int, OUT relations int) LANGUAGE plpgsql AS $$
	DECLARE first timestamptz; last timestamptz; seen oid[] := '{}'; waiting record; worked boolean := false;
	BEGIN
		LOOP
			PERFORM pg_stat_clear_snapshot();
			SELECT relation, waitstart INTO waiting FROM pg_locks
				WHERE pid = maintainer AND locktype = 'relation' AND NOT granted AND waitstart IS NOT NULL;
			IF FOUND THEN
				first := coalesce(first, waiting.waitstart);
				last := clock_timestamp();
				IF waiting.relation <> ALL (seen) THEN seen := seen || waiting.relation; END IF;
			END IF;
			worked := worked OR EXISTS (SELECT FROM pg_stat_activity WHERE pid = maintainer AND state = 'active');
			EXIT WHEN worked AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = maintainer AND state = 'idle');
			PERFORM pg_sleep(0.002);
		END LOOP;
		milliseconds := extract(epoch FROM last - first) * 1000;
		relations := cardinality(seen);
	END $$;
});

my $budget = 500;
add_set($node, 'budget');
$node->safe_psql('postgres', qq{
	UPDATE partman.part_config SET retention = NULL;
	CALL partman.run_maintenance_proc();
	UPDATE partman.part_config SET retention = '10';
	UPDATE partman.part_policy SET lock_timeout_ms = $budget});
my (@waits, @relations);
for my $run (1 .. 5) {
	my $maintainer = session($node);
	my $pid = $maintainer->pid;
	my @blockers = map { session($node)->send("BEGIN; CALL block('budget.$_', $pid); COMMIT") } qw(ev ev_default ev_p0);
	wait_for(sub { $node->safe_psql('postgres',
		q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock'}) == 3 });
	my $watch = session($node)->send("SELECT * FROM watch($pid)");
	my ($out, $err) = $maintainer->query('CALL partman.run_maintenance_proc()');
	like($err, qr/NOTICE:  deferred: \d actions on "budget\.ev" wait for the next run/, "run $run is deferred") if $run <= 2;
	my ($milliseconds, $relations) = split /\|/, $watch->answer;
	push @waits, $milliseconds;
	push @relations, $relations;
	$_->answer for @blockers;
	$_->quit for @blockers, $maintainer, $watch;
}
note("waited @waits ms for @relations relations");
cmp_ok(median(@waits), '<=', $budget + 100, 'one try waits no longer than the budget');
cmp_ok(median(@relations), '>=', 2, 'although it had to wait for more than one table');
like(children_of($node, 'budget'), qr/^ev_p0\|/m, 'and changed nothing');
$node->safe_psql('postgres', 'CALL partman.run_maintenance_proc()');
unlike(children_of($node, 'budget'), qr/^ev_p0\|/m, 'free of blockers it does its work');
$node->safe_psql('postgres', 'DROP SCHEMA budget CASCADE; DELETE FROM partman.part_config');

# --- two clients beside a reader of the whole set ---------------------------------------------------------------------

# Longest wait of any statement of the clients, in milliseconds. pgbench logs each; a failed one would end it.
sub longest {
	my ($prefix, $from) = @_;
	my $longest = 0;
	for my $file (glob "$prefix.*") {
		for (split /\n/, slurp_file($file)) {
			my ($client, $number, $micros, $script, $second) = split ' ';
			$longest = $micros if $second >= $from && $micros > $longest;
		}
	}
	return $longest / 1000;
}

sub client_scripts {
	my ($schema) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/insert.sql", "\\sleep 5 ms\nINSERT INTO $schema.ev (id) VALUES (9999);\n");
	append_to_file("$dir/select.sql", "\\sleep 5 ms\nSELECT count(*) FROM $schema.ev;\n");
	return $dir;
}

sub start_clients {
	my ($dir, $seconds, $prefix) = @_;
	my $out = '';
	my $run = IPC::Run::start(
		[ $node->installed_command('pgbench'), '-n', '-c', 2, '-j', 2, '-T', $seconds, '-l', "--log-prefix=$prefix",
			'-f', "$dir/insert.sql", '-f', "$dir/select.sql", $node->connstr('postgres') ],
		'<', \undef, '>', \$out, '2>&1', IPC::Run::timeout(180));
	return { run => $run, out => \$out };
}

my $reader_seconds = $full ? 20 : 8;
my (@stalls, @noise);
for my $run (1 .. ($full ? 5 : 3)) {
	my $schema = "stall$run";
	# 3 to create beside an empty default, 5 to retire.
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema;
		CREATE TABLE $schema.ev (id bigint NOT NULL, payload text) PARTITION BY RANGE (id);
		SELECT partman.create_parent('$schema.ev', 'id', '1000', p_premake := 9, p_start_partition := '0',
			p_template_table := 'false');
		INSERT INTO $schema.ev SELECT i FROM generate_series(0, 9999, 10) i;
		INSERT INTO $schema.ev VALUES (9999);
		UPDATE partman.part_config SET premake = 3, retention = '4999', retention_keep_table = false;
		ANALYZE $schema.ev});
	is($node->safe_psql('postgres', 'SELECT count(*) FILTER (WHERE action = \'create\'), count(*) FILTER (WHERE action = \'detach\') FROM partman.plan_maintenance()'),
		'3|5', "run $run: 3 to create, 5 to retire");
	my $dir = client_scripts($schema);
	my $quiet = start_clients($dir, 3, "$dir/quiet");
	$quiet->{run}->finish;
	push @noise, longest("$dir/quiet", 0);

	my $clients = start_clients($dir, $reader_seconds + 6, "$dir/log");
	sleep 1;
	my $reader = session($node);
	$reader->query("BEGIN; SELECT count(*) FROM $schema.ev");
	my $began = time;
	my $maintainer = session($node);
	$maintainer->send('CALL partman.run_maintenance_proc()');
	sleep 0.1 while time < $began + $reader_seconds;
	$reader->query('COMMIT');
	my ($out, $err) = $maintainer->answer;
	unlike($err, qr/ERROR/, "run $run: the run beside the reader is no failure");
	$node->safe_psql('postgres', 'CALL partman.run_maintenance_proc()');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM partman.plan_maintenance()'), 0,
		"run $run: complete within one more run");
	is($node->safe_psql('postgres', "SELECT string_agg(relname, ' ' ORDER BY oid) FROM pg_class WHERE relnamespace = '$schema'::regnamespace AND relkind = 'r' AND relname <> 'ev_default'"),
		join(' ', map { "ev_p${_}000" } 5 .. 12), "run $run: the right partitions are left");
	$clients->{run}->finish;
	is($clients->{run}->result(0), 0, "run $run: no client failed") or diag(${ $clients->{out} });
	unlike(${ $clients->{out} }, qr/error|aborted/i, "run $run: nor had an error");
	push @stalls, longest("$dir/log", 0);
	$_->quit for $reader, $maintainer;
	$node->safe_psql('postgres', "DROP SCHEMA $schema CASCADE; DELETE FROM partman.part_config");
}
note("longest stalls @stalls ms, without maintenance @noise ms");
# On a busy machine clients stall by themselves, too: what they did just before is granted on top.
cmp_ok(median(@stalls), '<=', 300 + 100 + median(@noise), 'longest stall of a client: the budget and 100 ms');
cmp_ok(median(@stalls), '>', 100, 'and the reader really was in the way');

# --- the table in docs/operations.md ----------------------------------------------------------------------------------

my @weakest_first = ('ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE',
	'ACCESS EXCLUSIVE');
my %strength = map { $weakest_first[$_] => $_ } 0 .. $#weakest_first;
my %promised;
for (grep { /^\|/ } split /\n/, slurp_file("$FindBin::RealBin/../../docs/operations.md") =~ s/.*^## Locks per action$//msr =~ s/^## .*//msr) {
	my (undef, $action, $relation, $mode, $during) = map { s/^\s+|\s+$//gr } split /\|/;
	next if $action eq 'action' || $action =~ /^-/;
	$promised{$action}{$relation} = { mode => $mode, during => $during };
}
is(join(', ', sort keys %promised), 'analyze, create, detach, drop, drop attached', 'docs/operations.md has its table');

# Strongest lock of the process per kind of relation.
sub held {
	my ($pid, $schema) = @_;
	my %held;
	my $sql = qq{
		SELECT CASE WHEN c.relname = 'ev' THEN 'parent' WHEN c.relname = 'ev_default' THEN 'default'
				WHEN c.relname = 'kind' THEN 'referenced table' WHEN c.relname = 'pointer' THEN 'referencing table'
				WHEN c.relname LIKE 'template%' THEN 'template' ELSE 'partition' END,
			upper(trim(regexp_replace(replace(l.mode, 'Lock', ''), '([A-Z])', ' \\1', 'g')))
		FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
		WHERE l.pid = $pid AND l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock' AND
			l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND
			(c.oid IS NULL AND l.relation >= 16384 OR c.relkind IN ('r', 'p') AND (c.relnamespace = '$schema'::regnamespace OR c.relname LIKE 'template%'))};
	for (split /\n/, $node->safe_psql('postgres', $sql)) {
		my ($relation, $mode) = split /\|/;
		$held{$relation} = $mode if !$held{$relation} || $strength{$mode} > $strength{ $held{$relation} };
	}
	return \%held;
}

my $sets = 0;

# A set with keys in both directions and a template, at whose next run the wanted action comes first.
sub locked_set {
	my ($action) = @_;
	my $schema = 'locks' . ++$sets;
	my $create = $action =~ /create|analyze/ ? 1 : 0;
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema;
		CREATE TABLE $schema.kind (k int PRIMARY KEY);
		CREATE TABLE $schema.ev (id bigint PRIMARY KEY, k int REFERENCES $schema.kind) PARTITION BY RANGE (id);
		CREATE TABLE $schema.pointer (ev bigint REFERENCES $schema.ev);
		SELECT partman.create_parent('$schema.ev', 'id', '10', p_premake := 3, p_start_partition := '0');
		INSERT INTO $schema.ev SELECT generate_series(0, 35);
		UPDATE partman.part_config SET premake = 1 + $create, retention = '10', retention_keep_table = false;
		UPDATE partman.part_policy SET lock_tries = 1;
		-- one partition after the one in use
		CREATE TABLE $schema.ev_p40 PARTITION OF $schema.ev FOR VALUES FROM (40) TO (50)});
	return $schema;
}

# At the first point the locks of the whole action are there, at the second all and no others.
sub check_action {
	my ($action, $call, $early, $late) = @_;
	for my $point (grep { $_ } $early, $late) {
		my $schema = locked_set($action);
		my $holder = holder($node);
		$holder->shut($point);
		my $runner = session($node)->send($call =~ s/%/$schema/r);
		ok($runner->wait_parked($point), "$action stands at $point");
		my $held = held($runner->pid, $schema);
		my %want = %{ $promised{$action} };
		for my $relation (sort keys %want) {
			my ($mode, $during) = @{ $want{$relation} }{qw(mode during)};
			next if $point ne $late && $during ne 'whole action';
			is($held->{$relation}, $mode, "$action at $point: $mode on $relation");
		}
		is(join(', ', grep { !$want{$_} } sort keys %$held), '', "$action at $point: no lock on anything else");
		$holder->open($point);
		my ($out, $err) = $runner->answer;
		unlike($err, qr/ERROR/, "$action is carried out");
		is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_locks WHERE pid = ' . $runner->pid), 0, 'no lock is left');
		$_->quit for $runner, $holder;
		$node->safe_psql('postgres', "DROP SCHEMA $schema CASCADE; DELETE FROM partman.part_config; DROP TABLE partman.template_${schema}_ev");
	}
	return;
}

my $proc = 'CALL partman.run_maintenance_proc()';
check_action('create', $proc, 'create_built', 'create_attached');
check_action('detach', $proc, 'detach_locked', 'detach_done');
check_action('drop', $proc, 'drop_locked', 'drop_done');
check_action('drop attached', "SELECT partman.run_maintenance('%.ev')", 'drop_attached_locked', 'drop_attached_done');
check_action('analyze', 'CALL partman.run_maintenance_proc(p_analyze := true)', undef, 'analyze_done');

# --- a run that was ended holds nothing; what it had finished stays ----------------------------------------------------

my %ways = (
	cancel => sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") },
	terminate => sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") },
	statement_timeout => sub { });
my %said = (
	cancel => qr/canceling statement due to user request/,
	terminate => qr/terminating connection|server closed/,
	statement_timeout => qr/canceling statement due to statement timeout/);

for my $point (qw(maintain_sorted maintain_planned create_built create_attached detach_locked detach_done drop_locked
	drop_done analyze_done maintain_finished))
{
	for my $way (sort keys %ways) {
		my $name = "$way at $point";
		add_set($node, 'ended');
		my $holder = holder($node);
		$holder->shut($point);
		my $runner = session($node);
		$runner->query(q{SET statement_timeout = '1s'}) if $way eq 'statement_timeout';
		$runner->send('CALL partman.run_maintenance_proc(p_analyze := true)');
		ok($runner->wait_parked($point) || $way eq 'statement_timeout', "$name: the run stands there");
		$ways{$way}->($runner->pid);
		my ($out, $err) = $runner->answer;
		like($err, $said{$way}, "$name: it ends");
		wait_for(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM pg_stat_activity WHERE pid = ' . $runner->pid) == 0 }, 30)
		  if $way eq 'terminate';
		is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_locks WHERE pid = ' . $runner->pid), 0, "$name: no lock is left");
		if ($way ne 'statement_timeout') {
			my $children = children_of($node, 'ended') =~ s/\|.*//gmr =~ s/\n/ /gr;
			my $finished = $point =~ /sorted|planned|create/ ? 'ev_default ev_p0 ev_p10 ev_p20 ev_p30'
			  : $point =~ /^detach/ ? 'ev_default ev_p0 ev_p10 ev_p20 ev_p30 ev_p40 ev_p50'
			  : $point =~ /^drop/ ? 'ev_default ev_p10 ev_p20 ev_p30 ev_p40 ev_p50' : 'ev_default ev_p20 ev_p30 ev_p40 ev_p50';
			is($children, $finished, "$name: what was finished stays");
		}
		$holder->open($point);
		$node->safe_psql('postgres', 'CALL partman.run_maintenance_proc()');
		is($node->safe_psql('postgres', 'SELECT count(*) FROM partman.plan_maintenance()'), 0, "$name: the next run completes the work");
		$_->quit for $runner, $holder;
		$node->safe_psql('postgres', 'DROP SCHEMA ended CASCADE; DELETE FROM partman.part_config');
	}
}

# A lock conflict, and the function: what its transaction did is gone with it.
add_set($node, 'ended');
my $blocker = session($node);
$blocker->query('BEGIN; SELECT count(*) FROM ended.ev');
my $runner = session($node);
my ($out, $err) = $runner->query($proc);
like($err, qr/NOTICE:  deferred: 6 actions on "ended\.ev"/, 'a lock conflict defers');
like($err, qr/process \d+ \(.*, 020_locks\.pl, transaction open for/, 'and names who stood in the way');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_locks WHERE pid = ' . $runner->pid), 0, 'no lock is left after it');
$blocker->query('COMMIT');
my $before = children_of($node, 'ended');
my $holder = holder($node);
$holder->shut('drop_attached_done');
$runner->send("SELECT partman.run_maintenance('ended.ev')");
ok($runner->wait_parked('drop_attached_done'), 'the function stands before its end');
$ways{cancel}->($runner->pid);
($out, $err) = $runner->answer;
like($err, $said{cancel}, 'it is cancelled');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_locks WHERE pid = ' . $runner->pid), 0, 'no lock is left');
is(children_of($node, 'ended'), $before, 'nothing of it stays');
$_->quit for $runner, $holder, $blocker;

$node->stop;
done_testing();
