# kill -9 of the backend, and of the whole server, at every wait point of an asynchronous move, of an undo, of a move from
# a source table and of an online move. After each crash every row is in exactly one place, and the same call, made again, ends as if
# nothing had happened: the same rows, no working table, no orphan, no lock.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "restart_after_crash = on\n");

# Two days of hourly rows. Where they begin is up to the move.
sub add_rows {
	my ($schema, $home) = @_;
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $schema;
		CREATE TABLE $schema.ev (id int, at timestamptz NOT NULL, payload text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
		CREATE TABLE $schema.ev_default PARTITION OF $schema.ev DEFAULT;
		CREATE TABLE $schema.plain (LIKE $schema.ev INCLUDING INDEXES);
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
			VALUES ('$schema.ev', 'at', 'range', '1 day');
		INSERT INTO partman.part_policy (parent_table, time_zone, lock_tries) VALUES ('$schema.ev', 'UTC', 1);
		INSERT INTO $schema.$home SELECT h, '2026-01-01 00:00+00'::timestamptz + h * interval '1 hour', md5(h::text)
			FROM generate_series(0, 47) h;});
	return;
}

# All rows, wherever they are: the set, the plain table, the working table.
sub everywhere {
	my ($schema) = @_;
	my $working = $node->safe_psql('postgres', "SELECT to_regclass('$schema.partman_tmp_storage_ev')");
	my $more = $working ? "UNION ALL SELECT id, at, payload FROM $working" : '';
	return $node->safe_psql('postgres', qq{SELECT count(*), count(DISTINCT id), md5(string_agg(id || payload || at, ',' ORDER BY id))
		FROM (SELECT * FROM $schema.ev UNION ALL SELECT * FROM $schema.plain $more) e});
}

# Relations, bounds, what is configured, and where each row is.
sub outcome {
	my ($schema) = @_;
	my $rows = join "\n", map { $node->safe_psql('postgres', "SELECT tableoid::regclass, id FROM $schema.$_ ORDER BY id") } qw(ev plain);
	my $relations = $node->safe_psql('postgres', qq{SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class
		WHERE relnamespace = '$schema'::regnamespace ORDER BY relname COLLATE "C"});
	my $config = $node->safe_psql('postgres',
		'SELECT undo_in_progress, async_partitioning_in_progress FROM partman.part_config');
	return "$rows\n$relations\n$config" =~ s/^$schema\.//gmr;
}

my %move = (
	async => { home => 'ev', call => "CALL partman.partition_data_async('%.ev', NULL, '6 hours')", points => [qw(async_taken async_put)] },
	online => {
		home => 'ev', points => [qw(online_captured online_part online_locked online_last_round online_switched)], once => 1,
		call => "SET pg_strata.move_method = online; CALL partman.partition_data_proc('%.ev', p_wait := 0)"
	},
	source_online => {
		home => 'plain', points => [qw(online_captured online_part online_locked online_last_round online_switched)], once => 1,
		call => "SET pg_strata.move_method = online; CALL partman.partition_data_proc('%.ev', p_source_table := '%.plain', p_wait := 0)"
	},
	source => {
		home => 'plain', points => ['source_moved'],
		call => "CALL partman.partition_data_proc('%.ev', p_source_table := '%.plain', p_interval := '6 hours', p_wait := 0)"
	},
	undo => {
		home => 'ev', points => [qw(undo_moved undo_detached)],
		call => "CALL partman.undo_partition_proc('%.ev', '%.plain', p_interval := '6 hours', p_wait := 0)",
		before => "CALL partman.partition_data_proc('%.ev', p_wait := 0)"
	});

my %kill = (
	backend => sub {
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

sub prepare {
	my ($name, $move) = @_;
	add_rows($name, $move->{home});
	$node->safe_psql('postgres', $move->{before} =~ s/%/$name/gr) if $move->{before};
	return;
}

sub clear {
	my ($name) = @_;
	$node->safe_psql('postgres', "DROP SCHEMA $name CASCADE; DELETE FROM partman.part_config");
	return;
}

my $n = 0;
for my $what (sort keys %move) {
	my $move = $move{$what};
	prepare('calm', $move);
	my $rows = everywhere('calm');
	$node->safe_psql('postgres', $move->{call} =~ s/%/calm/gr);
	is(everywhere('calm'), $rows, "$what, undisturbed: all rows");
	my $expected = outcome('calm');
	clear('calm');
	for my $point (@{ $move->{points} }) {
		for my $way (sort keys %kill) {
			for my $passes ($move->{once} ? 0 : (0, 1)) {
				my $name = 's' . ++$n;
				prepare($name, $move);
				my $holder = holder($node);
				$holder->shut($point);
				my $runner = session($node)->send($move->{call} =~ s/%/$name/gr);
				ok($runner->wait_parked($point), "$what, $point, $way: it stands there");
				# Once more round: what was committed before must survive.
				if ($passes) {
					my $next = holder($node);
					$next->send("SELECT pg_advisory_lock(hashtext('strata:$point'))");
					wait_for(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = "
						. $next->pid . " AND NOT granted") });
					$holder->open($point);
					$next->answer;
					ok($runner->wait_parked($point), "$what, $point, $way: and a second time");
					$holder->kill_psql;
					$holder = $next;
				}
				$kill{$way}->($runner->pid);
				$_->kill_psql for $runner, $holder;
				is(everywhere($name), $rows, "$what, $point, $way: every row in one place after the crash");
				my ($rc, $out, $err) = $node->psql('postgres', $move->{call} =~ s/%/$name/gr);
				is($rc, 0, "$what, $point, $way: the next call succeeds") or diag($err);
				is(everywhere($name), $rows, "$what, $point, $way: all rows at the end");
				is(outcome($name), $expected, "$what, $point, $way: the end is that of an undisturbed move");
				is($node->safe_psql('postgres', 'SELECT count(*) FROM partman.move_progress'), 0, "$what, $point, $way: nothing is left to do");
				is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0,
					"$what, $point, $way: no advisory lock");
				clear($name);
			}
		}
	}
}

$node->stop;
done_testing();
