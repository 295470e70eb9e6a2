# DETACH PARTITION ... CONCURRENTLY through a background worker, where a set has no default: clients read and write
# beside it; what is left half detached is finished by a later run; kill -9 of worker and server at every wait point.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "restart_after_crash = on\n");
$node->safe_psql('postgres', q{CREATE ROLE nologin_owner NOLOGIN; CREATE ROLE maintainer LOGIN IN ROLE nologin_owner;
	GRANT CREATE ON DATABASE postgres TO nologin_owner;
	GRANT USAGE ON SCHEMA partman TO maintainer; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA partman TO maintainer;
	GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_config_sub TO maintainer});
my $run = 'CALL partman.run_maintenance_proc()';
my $number = 0;

# Children 0 to 30 by tens without a default, rows up to 35: two to retire. $config goes into the UPDATE of part_config,
# $policy into that of part_policy.
sub make {
	my (%with) = @_;
	my $s = 's' . ++$number;
	my $config = $with{config} // 'retention_keep_table = false';
	my $policy = $with{policy} ? ", $with{policy}" : '';
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $s;
		CREATE TABLE $s.ev (id bigint NOT NULL PRIMARY KEY, payload text) PARTITION BY RANGE (id);
		SELECT partman.create_parent('$s.ev', 'id', '10', p_premake := 3, p_start_partition := '0',
			p_template_table := 'false', p_default_table := false);
		INSERT INTO $s.ev SELECT i, md5(i::text) FROM generate_series(0, 35) i;
		UPDATE partman.part_config SET premake = 2, retention = '10', $config WHERE parent_table = '$s.ev';
		UPDATE partman.part_policy SET lock_tries = 2$policy WHERE parent_table = '$s.ev';
	});
	return $s;
}
sub forget { my ($s) = @_; return $node->safe_psql('postgres', "DELETE FROM partman.part_config; DROP SCHEMA $s CASCADE") }
sub attached {
	my ($s) = @_;
	return $node->safe_psql('postgres', qq{SELECT string_agg(c.relname || CASE WHEN i.inhdetachpending THEN '?' ELSE '' END,
		' ' ORDER BY length(c.relname), c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = '$s.ev'::regclass});
}
sub alone {
	my ($s) = @_;
	return $node->safe_psql('postgres', qq{SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
		WHERE relkind = 'r' AND NOT relispartition AND relnamespace = '$s'::regnamespace});
}
sub policy {
	my ($s, $what) = @_;
	return $node->safe_psql('postgres', "SELECT $what FROM partman.part_policy WHERE parent_table = '$s.ev'");
}
sub promises { return $node->safe_psql('postgres', 'SELECT count(*) FROM partman.part_pending_drop') }
# The worker's statements, in the server's log from $from on.
sub logged { my ($from) = @_; return substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $from) }
sub run { my ($what) = @_; return $node->psql('postgres', $what // $run) }

my $clean = 'ev_p20 ev_p30 ev_p40 ev_p50';

# --- nobody in the way
my $s = make();
is($node->safe_psql('postgres', "SELECT statement, lock_mode FROM partman.plan_maintenance('$s.ev') WHERE action = 'detach' LIMIT 1"),
	"ALTER TABLE $s.ev DETACH PARTITION $s.ev_p0 CONCURRENTLY|SHARE UPDATE EXCLUSIVE", 'the plan says so');
my $from = -s $node->logfile;
my ($rc, $out, $err) = run();
is($rc, 0, 'run') or diag($err);
is(attached($s), $clean, 'two are retired');
is(alone($s), '', 'and dropped');
is(policy($s, 'detaching_oid'), '', 'nothing is under way');
is(promises(), 0, 'nothing is promised');
unlike(logged($from), qr/ERROR|not finished/, 'no error in the log');
forget($s);

# A table that is kept has the CHECK that the server leaves, which only CONCURRENTLY does; not in the function, not if
# the policy says no.
my $checked = sub {
	my ($s) = @_;
	return $node->safe_psql('postgres', "SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conrelid = '$s.ev_p0'::regclass");
};
$s = make(config => 'retention_keep_table = true');
run();
is(attached($s), $clean, 'kept: retired');
is($checked->($s), 1, 'kept: concurrently');
is(promises(), 0, 'kept: nothing is promised');
forget($s);
$s = make(config => 'retention_keep_table = true');
run("SELECT partman.run_maintenance('$s.ev')");
is(attached($s), $clean, 'function: retired');
is($checked->($s), 0, 'function: plainly');
forget($s);
$s = make(config => 'retention_keep_table = true', policy => 'detach_concurrently = false');
is($node->safe_psql('postgres', "SELECT count(*) FROM partman.plan_maintenance('$s.ev') WHERE statement ~ 'CONCURRENTLY'"), 0, 'policy: plan');
run();
is(attached($s), $clean, 'policy: retired');
is($checked->($s), 0, 'policy: plainly');
forget($s);
# A key that points to the set wants the plain one.
$s = make(config => 'retention_keep_table = true');
$node->safe_psql('postgres', "CREATE TABLE $s.ref (id bigint REFERENCES $s.ev)");
run();
is(attached($s), $clean, 'inbound key: retired');
is($checked->($s), 0, 'inbound key: plainly');
forget($s);

# --- an owner who may not log in, and whose code must not get a superuser's rights
$s = make(config => 'retention_keep_table = true');
$node->safe_psql('postgres', qq{
	CREATE FUNCTION $s.spy(i bigint) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS \$\$
	BEGIN
		BEGIN PERFORM set_config('role', 'postgres', false); RAISE LOG 'spy % got through', current_user;
		EXCEPTION WHEN OTHERS THEN RAISE LOG 'spy % denied: %', current_user, SQLERRM; END;
		RETURN true;
	END \$\$;
	ALTER SCHEMA $s OWNER TO nologin_owner; ALTER FUNCTION $s.spy OWNER TO nologin_owner;
	ALTER TABLE $s.ev ADD CONSTRAINT c CHECK ($s.spy(1::bigint));
});
$node->safe_psql('postgres', "ALTER TABLE $_ OWNER TO nologin_owner")
  for split /\n/, $node->safe_psql('postgres', "SELECT oid::regclass FROM pg_class WHERE relnamespace = '$s'::regnamespace AND relkind IN ('r', 'p')");
$from = -s $node->logfile;
($rc, $out, $err) = $node->psql('postgres', $run, extra_params => [ '-U', 'maintainer' ]);
is($rc, 0, 'NOLOGIN owner: run') or diag($err);
is(attached($s), $clean, 'NOLOGIN owner: two are retired');
is($checked->($s), 2, 'NOLOGIN owner: concurrently');
like(logged($from), qr/spy nologin_owner denied/, 'its code runs as itself');
unlike(logged($from), qr/got through|spy postgres/, 'and nowhere else');
unlike(logged($from), qr/ERROR/, 'no error in the log');
forget($s);

# --- a long reader: the plain detach gives up; clients go on beside the other one
my $reader = session($node);
$s = make(policy => 'detach_concurrently = false');
$reader->query("BEGIN; SELECT count(*) FROM $s.ev");
run();
is(attached($s), "ev_p0 ev_p10 $clean", 'the plain detach is put off');
$node->safe_psql('postgres', "UPDATE partman.part_policy SET detach_concurrently = true, lock_timeout_ms = 20000");
my $runner = session($node);
$runner->send($run);
ok($node->poll_query_until('postgres', "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = '$s.ev_p0'::regclass"), 'the other one waits');
is($node->safe_psql('postgres', qq{SET statement_timeout = 1000; INSERT INTO $s.ev VALUES (37); UPDATE $s.ev SET payload = 'x' WHERE id = 37;
	DELETE FROM $s.ev WHERE id = 37; SELECT count(*) FROM $s.ev}), 26, 'clients read and write');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = " . $runner->pid . " AND locktype = 'relation'"), 0,
	'the session that waits holds no lock');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = " . $runner->pid . " AND backend_xmin IS NOT NULL"), 0,
	'and no snapshot');
is($node->safe_psql('postgres', qq{SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
	WHERE a.backend_type ~ 'detach' AND l.locktype = 'relation' AND l.relation >= 16384}), 0, 'nor does the worker');
is(promises(), 1, 'the drop is promised');
$reader->query('COMMIT');
$runner->answer;
is(attached($s), $clean, 'all done when the reader has gone');
is(alone($s), '', 'and dropped');
# a cancel of the session leaves the worker to finish
forget($s);
$s = make(policy => 'lock_timeout_ms = 20000');
$reader->query("BEGIN; SELECT count(*) FROM $s.ev");
$runner->send($run);
ok($node->poll_query_until('postgres', "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = '$s.ev_p0'::regclass"), 'cancel: it waits');
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . $runner->pid . ')');
my (undef, $said) = $runner->answer;
like($said, qr/canceling statement/, 'cancel: the run ends');
(undef, undef, $said) = run();
like($said, qr/background worker/, 'cancel: another run leaves the worker alone');
$reader->query('COMMIT');
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type ~ 'detach')"), 'cancel: the worker ends');
run();
is(attached($s), $clean, 'cancel: the next run goes on');
is(alone($s), '', 'cancel: and drops what it detached');
is(policy($s, 'detaching_oid'), '', 'cancel: nothing is under way');
forget($s);
for my $keep ('false', 'true') {
	$s = make(config => "retention_keep_table = $keep");
	$reader->query("BEGIN; SELECT count(*) FROM $s.ev");
	$from = -s $node->logfile;
	($rc, $out, $err) = run();
	is($rc, 0, "reader, $keep: run") or diag($err);
	like($err, qr/deferred: .*Locks were held by process/s, "reader, $keep: put off");
	is(attached($s), "ev_p0? ev_p10 $clean", "reader, $keep: half detached");
	like(logged($from), qr/not finished in time/, "reader, $keep: the log says so");
	is($node->safe_psql('postgres', "SELECT count(*) FROM $s.ev"), 26, "reader, $keep: out of the set for new queries");
	$node->safe_psql('postgres', "INSERT INTO $s.ev VALUES (36); DELETE FROM $s.ev WHERE id = 36");
	is($node->safe_psql('postgres', "SELECT string_agg(code, ' ' ORDER BY code) FROM partman.check_partitions('$s.ev') WHERE code ~ 'detach|overdue'"),
		'detach_pending retention_overdue', "reader, $keep: the check knows, and that the other one waits");
	is($node->safe_psql('postgres', "SELECT statement FROM partman.plan_maintenance('$s.ev') LIMIT 1"),
		"ALTER TABLE $s.ev DETACH PARTITION $s.ev_p0 FINALIZE", "reader, $keep: so does the plan");
	# other verbs do not work on it; creations do not wait for it
	($rc, $out, $err) = run("SELECT partman.create_partition_id('$s.ev', '{100}')");
	like($err, qr/half detached/, "reader, $keep: others refuse");
	$node->safe_psql('postgres', "INSERT INTO $s.ev VALUES (45)");
	($rc, $out, $err) = run();
	is($rc, 0, "reader, $keep: second run") or diag($err);
	is(attached($s), "ev_p0? ev_p10 $clean ev_p60", "reader, $keep: creations do not wait");
	$reader->query('COMMIT');
	$node->safe_psql('postgres', "DELETE FROM $s.ev WHERE id = 45");
	($rc, $out, $err) = $keep eq 'true' ? run("SELECT partman.run_maintenance('$s.ev')") : run();
	is($rc, 0, "reader, $keep: third run") or diag($err);
	is(attached($s), "$clean ev_p60", "reader, $keep: finished");
	is(alone($s), $keep eq 'true' ? 'ev_p0 ev_p10' : '', "reader, $keep: and " . ($keep eq 'true' ? 'kept' : 'dropped'));
	is(policy($s, 'detaching_oid'), '', "reader, $keep: nothing is under way");
	is(promises(), 0, "reader, $keep: nothing is promised");
	forget($s);
}

# A retention raised meanwhile: what is half detached cannot come back, but stays as a table.
$s = make();
$reader->query("BEGIN; SELECT count(*) FROM $s.ev");
run();
$reader->query('COMMIT');
$node->safe_psql('postgres', "UPDATE partman.part_config SET retention = '1000' WHERE parent_table = '$s.ev'");
run() for 1 .. 2;
is(attached($s), "ev_p10 $clean", 'raised: finished');
is(alone($s), 'ev_p0', 'raised: the table stays');
is(promises(), 0, 'raised: nothing is promised');
forget($s);

# What somebody else has left half detached is not ours to finish.
$s = make(policy => 'detach_concurrently = false');
$reader->query("BEGIN; SELECT count(*) FROM $s.ev");
$node->command_fails([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', 'SET lock_timeout = 100',
		'-c', "ALTER TABLE $s.ev DETACH PARTITION $s.ev_p0 CONCURRENTLY" ], 'by hand');
$reader->query('COMMIT');
($rc, $out, $err) = run();
isnt($rc, 0, 'by hand: the set fails');
like($err, qr/half detached/, 'by hand: and says why');
is(attached($s), 'ev_p0? ev_p10 ev_p20 ev_p30', 'by hand: it is left alone');
forget($s);

# --- no worker to be had
$node->append_conf('postgresql.conf', "max_worker_processes = 0\n");
$node->restart;
$s = make(config => 'retention_keep_table = true');
($rc, $out, $err) = run();
is($rc, 0, 'no slot: run') or diag($err);
is(attached($s), $clean, 'no slot: retired');
is($checked->($s), 0, 'no slot: plainly');
forget($s);
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$node->restart;

# --- deaths. Who stands at the point: the session, or the worker that the session waits for.
my %kill = (
	kill => sub {
		my ($pid) = @_;
		kill 9, $pid;
		wait_for(sub { !kill 0, $pid });
		ok(is_back($node), 'the server is back');
	},
	server => sub {
		my ($pid) = @_;
		$node->kill9;
		wait_for(sub { !kill 0, $pid });
		wait_for(sub { $node->start(fail_ok => 1) }, 30);
	});
my $at = sub {
	my ($point) = @_;
	return "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = "
	  . "(hashtext('strata:$point')::bigint & 4294967295)::oid";
};
for my $point (qw(detach_recorded worker_checked detach_awaited finish_done)) {
	for my $way ('kill', 'server') {
		$s = make();
		if ($point eq 'finish_done') {
			my $other = session($node);
			$other->query("BEGIN; SELECT count(*) FROM $s.ev");
			run();
			$other->query('COMMIT');
			is(attached($s), "ev_p0? ev_p10 $clean", "$point, $way: half detached");
		}
		my $holder = holder($node);
		$holder->shut($point);
		my $runner = session($node)->send($run);
		my $pid;
		ok(wait_for(sub { $pid = $node->safe_psql('postgres', $at->($point)) }), "$point, $way: it stands there");
		$kill{$way}->($pid);
		$_->kill_psql for $runner, $holder;
		($rc, $out, $err) = run();
		is($rc, 0, "$point, $way: the next run succeeds") or diag($err);
		is(attached($s), $clean, "$point, $way: same partitions");
		is(alone($s), '', "$point, $way: no orphan");
		is(policy($s, 'detaching_oid'), '', "$point, $way: nothing is under way");
		is(promises(), 0, "$point, $way: nothing is promised");
		is($node->safe_psql('postgres', "SELECT count(*) FROM $s.ev"), 16, "$point, $way: same rows");
		forget($s);
	}
}

# --- a worker that comes late finds that it is not wanted any more
$s = make();
my $holder = holder($node);
$holder->shut('worker_checked');
($rc, $out, $err) = run();
is($rc, 0, 'late: the run goes on') or diag($err);
like($err, qr/deferred/, 'late: put off');
($rc, $out, $err) = run();
like($err, qr/background worker/, 'late: the next run leaves it alone');
is(attached($s), "ev_p0 ev_p10 $clean", 'late: nothing was done');
$holder->kill_psql;
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = '$s.ev_p0'::regclass)"), 'late: it is detached');
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type ~ 'detach')"), 'late: it ends');
run();
is(attached($s), $clean, 'late: the next run goes on');
is(alone($s), '', 'late: and drops what it detached');
forget($s);

# So does one that starts so late that a run of another kind, which does not retire, has written off its order; retention
# still asks for the same.
$s = make();
$holder = holder($node);
$holder->shut('worker_started');
($rc, $out, $err) = run();
like($err, qr/deferred/, 'written off: put off');
is(policy($s, 'detaching_oid IS NOT NULL'), 't', 'written off: the order stands');
($rc, $out, $err) = run('CALL partman.run_provisioning()');
is($rc, 0, 'written off: another run') or diag($err);
is(policy($s, 'detaching_oid IS NULL'), 't', 'written off: it does not stand any more');
$holder->kill_psql;
ok($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type ~ 'detach')"), 'written off: the worker ends');
is(attached($s), "ev_p0 ev_p10 $clean", 'written off: nothing was done');
is(promises(), 0, 'written off: nothing is promised');
run();
is(attached($s), $clean, 'written off: the next run detaches them');
forget($s);

$node->stop;
done_testing();
