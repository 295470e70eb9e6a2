# The rungs of the lock ladder: settings and policy, the duty cycle, a daily window, one longer wait for autovacuum, when
# a deferred set counts as failed, and who is named as blocker.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('main', "deadlock_timeout = 500ms\nmax_prepared_transactions = 3\n");
my $proc = 'CALL partman.run_maintenance_proc()';
sub value { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub policy { my ($what) = @_; return value("UPDATE partman.part_policy SET $what"); }
# Of the last run.
sub actions {
	my ($columns) = @_;
	return value("SELECT $columns FROM partman.maintenance_action WHERE run = (SELECT id FROM partman.maintenance_run
		ORDER BY started_at DESC LIMIT 1)");
}
sub fresh {
	value(q{DROP SCHEMA IF EXISTS k CASCADE; DELETE FROM partman.part_config; DELETE FROM partman.maintenance_run;
		DELETE FROM partman.part_pending_drop});
	add_set($node, 'k');
	return policy('lock_timeout_ms = 50');
}
# Until it is told to go, with a lock that keeps everything out but readers of other tables.
my $reader = session($node);
sub block { my ($table) = @_; return $reader->query("BEGIN; LOCK TABLE ONLY $table IN ACCESS SHARE MODE"); }

# --- settings and policy ----------------------------------------------------------------------------------------------

add_set($node, 'k');
is(value('SELECT lock_timeout_ms, duty_cycle, deferred_limit, window_start FROM partman.part_policy'), '|||', 'the policy leaves it to the settings');
my @usual = map { value("SELECT count(*) FROM partman.check_default(); SHOW pg_strata.$_") } qw(lock_timeout lock_tries duty_cycle deferred_limit);
is(join(' ', map { (split /\n/)[-1] } @usual), '300ms 5 20 3', 'which have the usual values');
for my $wrong ('lock_timeout = 0', 'lock_timeout = 60001', 'lock_tries = 0', 'duty_cycle = 0', 'duty_cycle = 101', 'deferred_limit = 0') {
	my ($rc, $out, $err) = $node->psql('postgres', "SELECT * FROM partman.check_default(); SET pg_strata.$wrong");
	like($err, qr/is outside the valid range/, "not $wrong");
}
for my $wrong ('duty_cycle = 0', 'duty_cycle = 101', 'deferred_limit = 0', q{window_start = '1:00'}, q{window_lock_budget = 5}, 'heal_max_time = 0',
	q{window_start = '1:00', window_end = '1:00', window_lock_budget = 5}, q{window_start = '1:00', window_end = '2:00', window_lock_budget = 0}) {
	my ($rc, $out, $err) = $node->psql('postgres', "UPDATE partman.part_policy SET $wrong");
	like($err, qr/violates check constraint "part_policy_/, "nor $wrong");
}

policy('lock_tries = NULL');
block('k.ev_default');
value("SET pg_strata.lock_timeout = 20; SET pg_strata.lock_tries = 3; $proc");
is(actions('tries, lock_wait_ms < 300, outcome'), '3|t|deferred', 'the settings count');
policy('lock_timeout_ms = 30, lock_tries = 1');
value("SET pg_strata.lock_timeout = 20; SET pg_strata.lock_tries = 3; $proc");
is(actions('tries, outcome'), '1|deferred', 'where the policy says nothing');

# --- when a deferred set has failed -----------------------------------------------------------------------------------

is(value('SELECT deferred_runs, deferred_too_often FROM partman.partition_status'), '2|f', 'two runs are too few');
policy('deferred_limit = 4');
my ($rc, $out, $err) = $node->psql('postgres', $proc);
is($rc, 0, 'below the limit a run succeeds');
like($err, qr/NOTICE:  deferred: .*\nDETAIL:  Locks were held by process \d+ /, 'with a notice');
is(value(q{SELECT count(*) FROM partman.check_partitions() WHERE code = 'maintenance_deferred'}), 0, 'and no finding');
($rc, $out, $err) = $node->psql('postgres', $proc);
like($err, qr/WARNING:  maintenance of "k\.ev" failed: .* in 4 runs\nDETAIL:  Locks were held by process \d+ .*\nHINT:  End that transaction/,
	'at the limit it warns of who is in the way and what to do');
like($err, qr/ERROR:  maintenance failed for "k\.ev"/, 'and fails');
is(value(q{SELECT severity, code FROM partman.check_partitions() WHERE code = 'maintenance_deferred'}), 'error|maintenance_deferred', 'the check says so');
is(value('SELECT deferred_too_often FROM partman.partition_status'), 't', 'the status, too');
is(value(q{SET pg_strata.deferred_limit = 9; UPDATE partman.part_policy SET deferred_limit = NULL;
	SELECT deferred_too_often FROM partman.partition_status}), 'f', 'by the setting where the policy says nothing');
$reader->query('ROLLBACK');
value($proc);
is(value('SELECT deferred_runs, deferred_too_often FROM partman.partition_status'), '0|f', 'then all is well');

# --- a daily window ---------------------------------------------------------------------------------------------------

fresh();
policy(q{time_zone = 'Pacific/Apia', lock_timeout_ms = 10, window_start = ((now() + interval '12 hours') AT TIME ZONE 'Pacific/Apia')::time,
	window_end = ((now() + interval '13 hours') AT TIME ZONE 'Pacific/Apia')::time, window_lock_budget = 60000});
block('k.ev_default');
my $start = time;
value($proc);
is(actions('outcome'), 'deferred', 'outside the window the budget is that of other hours');
cmp_ok(time - $start, '<', 30, 'and nobody waits for long');
policy(q{window_start = '00:00', window_end = '24:00'});
my $runner = session($node)->send($proc);
ok(wait_for(sub { value(q{SELECT count(*) FROM pg_locks WHERE relation = 'k.ev_default'::regclass AND NOT granted
	AND clock_timestamp() > waitstart + interval '0.7 s'}) }), 'within it an action waits longer');
$reader->query('ROLLBACK');
$runner->answer;
is(actions("string_agg(DISTINCT outcome, ' ')"), 'done', 'and gets its locks');
$runner->quit;

# --- prepared transactions --------------------------------------------------------------------------------------------

fresh();
value(q{BEGIN; LOCK TABLE ONLY k.ev_default IN ACCESS SHARE MODE; PREPARE TRANSACTION 'left by it''s owner'});
my $who = value('SELECT current_user');
value($proc);
like(actions('blocked_by'), qr/^prepared transaction 'left by it''s owner' \($who, prepared \d\d:\d\d:\d\d ago\)$/, 'one is named with owner and age');
$node->restart;
$reader->quit;
$reader = session($node);
value($proc);
like(actions('blocked_by'), qr/^prepared transaction 'left by it''s owner'/, 'also after a restart');
value(q{ROLLBACK PREPARED 'left by it''s owner'});

# --- the duty cycle ---------------------------------------------------------------------------------------------------

# A try of 0.8 s keeps clients out as long: of ten seconds one may be, so 0.6 s have to leave the window before the next.
fresh();
policy('lock_timeout_ms = 800, lock_tries = 1, duty_cycle = 100');
block('k.ev');
$reader->query('LOCK TABLE ONLY k.ev_default IN ACCESS SHARE MODE');
$runner = session($node);
for my $case ([ 100, 0, 7 ], [ 10, 5, 60 ]) {
	my ($percent, $least, $most) = @$case;
	policy("duty_cycle = $percent, deferred_runs = 0");
	$runner->query($proc);
	$start = time;
	$runner->query($proc);
	my $took = time - $start;
	note("$percent percent: $took s");
	cmp_ok($took, '>=', $least, "$percent percent: a second run waits");
	cmp_ok($took, '<=', $most, "$percent percent: no longer than it has to");
}
# While it waits it holds nothing, and can be cancelled.
my $pid = $runner->pid;
$runner->send($proc);
ok(wait_for(sub { value("SELECT wait_event = 'Extension' AND backend_xid IS NULL AND backend_xmin IS NULL FROM pg_stat_activity WHERE pid = $pid") eq 't' }), 'it sleeps outside any transaction');
is(value("SELECT count(*) FROM pg_locks WHERE pid = $pid AND locktype = 'relation' AND mode <> 'AccessShareLock'"), 0, 'without locks');
value("SELECT pg_cancel_backend($pid)");
($out, $err) = $runner->answer;
like($err, qr/canceling statement due to user request/, 'and can be cancelled');
$reader->query('ROLLBACK');
$runner->quit;

# --- one longer wait when only autovacuum is in the way ---------------------------------------------------------------

fresh();
value(q{ALTER TABLE k.ev_p0 SET (autovacuum_enabled = true, autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
		autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_freeze_max_age = 2000000000)});
for my $round (1 .. 120) {
	value('BEGIN; UPDATE k.ev SET payload = repeat(md5(random()::text), 50) WHERE id < 10; COMMIT');
}
$node->append_conf('postgresql.conf', "autovacuum = on\nautovacuum_naptime = 1s\nlog_autovacuum_min_duration = 0\n");
$node->reload;
policy('lock_timeout_ms = 100, lock_tries = 1');
ok(wait_for(sub { value(q{SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.backend_type = 'autovacuum worker'
	AND l.relation = 'k.ev_p0'::regclass AND l.granted}) }), 'autovacuum is at work');
# Others besides: no reason to wait.
block('k.ev_p0');
value($proc);
is(actions(q{string_agg(outcome, ' ') FILTER (WHERE action = 'detach'), string_agg(message, '') LIKE '%waited%'}), 'deferred|f', 'with a client in the way, too, it does not wait');
$reader->query('ROLLBACK');
value($proc);
my $waited = actions(q{min(message) FILTER (WHERE action = 'detach' AND partition_table = 'k.ev_p0')});
like($waited, qr/^waited \d+ ms for an autovacuum of the partition$/, 'it waited for autovacuum alone');
is(actions(q{string_agg(DISTINCT outcome, ' ')}), 'done', 'and then did everything');
my ($ms) = $waited =~ /(\d+)/;
cmp_ok($ms, '>=', 400, 'for longer than deadlock_timeout');
like(slurp_file($node->logfile), qr/canceling autovacuum task/, 'which the server cancelled');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'no deadlock');

done_testing();
