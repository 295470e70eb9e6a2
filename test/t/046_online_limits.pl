# The limits that a set's policy puts on an online move, what move_progress tells of it, and who cleans up after it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node('main', "wal_level = replica\nautovacuum = on\nautovacuum_naptime = 1s\n");
$node->safe_psql('postgres', q{
	CREATE TABLE ev (id int, at timestamptz NOT NULL, payload text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
	CREATE TABLE ev_default PARTITION OF ev DEFAULT;
	INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('public.ev', 'at', 'range', '1 day');
	INSERT INTO partman.part_policy (parent_table, time_zone, move_rate_mb) VALUES ('public.ev', 'UTC', 1);
	INSERT INTO ev SELECT h, '2026-01-01 00:00+00'::timestamptz + h * interval '1 minute', repeat(md5(h::text), 25)
		FROM generate_series(0, 2879) h;});
my $call = "CALL partman.partition_data_proc('public.ev', p_wait := 0)";
my $content = 'SELECT count(*), sum(hashtextextended(e::text, 0)) FROM ev e';
my $rows = $node->safe_psql('postgres', $content);

sub policy { my ($what) = @_; return $node->safe_psql('postgres', "UPDATE partman.part_policy SET $what"); }
sub progress { my ($what) = @_; return $node->safe_psql('postgres', "SELECT $what FROM partman.move_progress"); }
sub reaches { my ($phase) = @_; return wait_for(sub { progress('phase') eq $phase }, 30); }
sub mover {
	my $mover = session($node);
	$mover->query('SET pg_strata.move_method = online');
	return $mover->send($call);
}

# No disk has so much room.
policy('move_min_free_mb = 2147483647');
my $mover = mover();
ok(reaches('paused'), 'too little room: it pauses');
is(progress(q{concat_ws(' ', operation, parent_table, source_table, running, bytes_done BETWEEN 1 AND bytes_total - 1, rows_done < 2880)}),
	'partition_data_proc public.ev public.ev_default t t t', 'move_progress tells of it');
$node->safe_psql('postgres', "INSERT INTO ev VALUES (-1, '2026-01-01 00:00+00', 'meanwhile'); DELETE FROM ev WHERE id = 5");
$rows = $node->safe_psql('postgres', $content);
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT partman.partition_data_time('public.ev')");
like($err, qr/55006: rows of partition set "public.ev" are being moved\n.*process @{[ $mover->pid ]}/s, 'the function does not take its rows away');
$node->safe_psql('postgres', 'SELECT partman.run_maintenance()');
is(progress('phase'), 'paused', 'maintenance leaves it alone');
policy('move_min_free_mb = 0');
($out, $err) = $mover->answer;
like($err, qr/NOTICE:  paused: only \d+ MB are free on disk\n.*batches 1 to 2: 2880 rows moved/s, 'it goes on when there is room');
is($node->safe_psql('postgres', $content), $rows, 'all rows are there, those that changed meanwhile as they are now');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ev_default'), 0, 'in their partitions');

# A slot that nobody reads from.
sub refill {
	$node->safe_psql('postgres', q{SELECT format('DROP TABLE %s', inhrelid::regclass) FROM pg_inherits
		WHERE inhparent = 'ev'::regclass AND inhrelid <> 'ev_default'::regclass \gexec});
	return $node->safe_psql('postgres', q{INSERT INTO ev SELECT h, '2026-01-01 00:00+00'::timestamptz + h * interval '1 minute',
		repeat(md5(h::text), 25) FROM generate_series(0, 2879) h});
}
refill();
$rows = $node->safe_psql('postgres', $content);
policy('move_max_lag_mb = 1');
$node->safe_psql('postgres', "SELECT pg_create_physical_replication_slot('idle', true)");
$node->safe_psql('postgres', 'CREATE TABLE noise AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 3000) n');
$mover = mover();
ok(reaches('paused'), 'a slot is far behind: it pauses');
$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('idle')");
($out, $err) = $mover->answer;
like($err, qr/paused: a standby or a replication slot is \d+ MB of write-ahead log behind/, 'and says why');
is($node->safe_psql('postgres', $content), $rows, 'all rows are there');

# One megabyte a second, of three.
refill();
policy('move_max_lag_mb = NULL');
my $start = time;
mover()->answer;
cmp_ok(time - $start, '>=', 2, 'the rate is kept');

# A session that ends in the middle.
refill();
$rows = $node->safe_psql('postgres', $content);
policy('move_min_free_mb = 2147483647');
$mover = mover();
ok(reaches('paused'), 'it pauses');
my $pid = $mover->pid;
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
wait_for(sub { $node->safe_psql('postgres', "SELECT NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = $pid)") eq 't' });
is(progress('running'), 'f', 'move_progress tells that it was interrupted');
my $working = q{SELECT count(*) FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname LIKE 'ev%' AND NOT relispartition};
my $triggers = q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'ev_default'::regclass};
is($node->safe_psql('postgres', $working), 3, 'two partitions and the log are left');
$node->safe_psql('postgres', "SELECT partman.run_maintenance()");
is($node->safe_psql('postgres', $working), 0, 'maintenance drops them');
is($node->safe_psql('postgres', $triggers), 0, 'and the triggers');
is(progress('count(*)'), 0, 'nothing is left to tell of');
is($node->safe_psql('postgres', $content), $rows, 'all rows are there');

# Autovacuum on the default would be in the way for hours. It goes when a lock was not to be had.
policy('move_min_free_mb = 0, move_rate_mb = NULL, lock_tries = 1');
$node->safe_psql('postgres', q{
	ALTER TABLE ev_default SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100,
		autovacuum_vacuum_cost_limit = 1);
	UPDATE ev SET payload = payload || '!'});
$rows = $node->safe_psql('postgres', $content);
ok(wait_for(sub { $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid)
	WHERE a.query LIKE 'autovacuum: VACUUM%ev_default' AND l.relation = 'ev_default'::regclass AND l.granted}) }, 60), 'autovacuum is at the default');
($rc, $out, $err) = $node->psql('postgres', "SET pg_strata.move_method = online; CALL partman.partition_data_proc('public.ev', p_wait := 0, p_lock_wait_tries := 4)");
is($rc, 0, 'the move ends well') or diag($err);
like($err, qr/locks were not available/, 'which was in the way at first');
is($node->safe_psql('postgres', $content), $rows, 'all rows are there');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ev_default'), 0, 'in their partitions');

$node->stop;
done_testing();
