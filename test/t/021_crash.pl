# kill -9 of the backend, and of the whole server, at every wait point of maintenance. After a restart and one more run:
# the same partitions as in an undisturbed set, the same rows, no orphan relation, no advisory lock.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "restart_after_crash = on\n");
my $schema = 0;

# Every relation outside the catalogs.
my $relations = q{SELECT format('%s.%s', n.nspname, c.relname) AS name FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY c.relname COLLATE "C"};

# What a set looks like after maintenance that nobody disturbed.
add_set($node, 'calm');
$node->safe_psql('postgres', 'CALL partman.run_maintenance_proc(p_analyze := true)');
my $children = children_of($node, 'calm');
my $payload = payload($node, 'calm');
is($children =~ tr/\n//, 4, 'the undisturbed run left four partitions and the default') or diag($children);
my $known = $node->safe_psql('postgres', $relations) =~ s/^calm\./%./gmr;
$node->safe_psql('postgres', 'DROP SCHEMA calm CASCADE; DELETE FROM partman.part_config');

my %kill = (
	backend => sub {
		my ($pid) = @_;
		kill 9, $pid;
		# The others are told to go, then the server recovers; both take a moment.
		wait_for(sub { !kill 0, $pid });
		ok(is_back($node), 'the server is back');
	},
	server => sub {
		my ($pid) = @_;
		$node->kill9;
		wait_for(sub { !kill 0, $pid });
		# Its shared memory is free when its last child is gone, too.
		wait_for(sub { $node->start(fail_ok => 1) }, 30);
	},
	immediate => sub { $node->stop('immediate'); $node->start; });

sub disturb {
	my ($point, $way, $call) = @_;
	my $name = 's' . ++$schema;
	add_set($node, $name, 'detach_before_drop = ' . ($call =~ /_proc/ ? 'true' : 'false'));
	my $holder = holder($node);
	$holder->shut($point);
	my $runner = session($node)->send($call =~ s/%/$name/r);
	my $parked = $runner->wait_parked($point);
	ok($parked, "$point, $way: the run stands there");
	$kill{$way}->($runner->pid);
	$_->kill_psql for $runner, $holder;

	my $locks = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'});
	is($locks, 0, "$point, $way: no advisory lock");
	my ($rc, $out, $err) = $node->psql('postgres', 'CALL partman.run_maintenance_proc(p_analyze := true)');
	is($rc, 0, "$point, $way: the next run succeeds") or diag($err);
	is(children_of($node, $name), $children, "$point, $way: same partitions");
	is(payload($node, $name), $payload, "$point, $way: same rows");
	is($node->safe_psql('postgres', $relations) =~ s/^$name\./%./gmr, $known, "$point, $way: no orphan");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM partman.part_pending_drop'), 0, "$point, $way: no promise left");
	$node->safe_psql('postgres', "DROP SCHEMA $name CASCADE; DELETE FROM partman.part_config");
	return;
}

my $proc = 'CALL partman.run_maintenance_proc(p_analyze := true)';
my $func = "SELECT partman.run_maintenance('%.ev', p_analyze := true)";
my @points = qw(maintain_sorted maintain_planned create_built create_attached action_done analyze_done detach_locked
  detach_done drop_locked drop_done maintain_finished);
my $n = 0;
for my $point (@points) {
	disturb($point, 'backend', $proc);
	disturb($point, $n++ % 2 ? 'immediate' : 'server', $proc);
}
disturb($_, 'backend', $func) for qw(drop_attached_locked drop_attached_done);

$node->stop;
done_testing();
