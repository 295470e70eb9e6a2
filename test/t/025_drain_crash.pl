# kill -9 of the backend, and of the whole server, at every wait point of a drain. After a restart and one more drain:
# the same rows in the set, each once and in its own partition, an empty default, no orphan relation, no lock.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "restart_after_crash = on\n");

# Children 0 to 30; stray rows of three further ranges sit in the default.
sub add_strays {
	my ($schema) = @_;
	add_set($node, $schema);
	$node->safe_psql('postgres', qq{
		UPDATE partman.part_config SET retention = NULL WHERE parent_table = '$schema.ev';
		INSERT INTO $schema.ev (id, payload) SELECT i, md5(i::text) FROM generate_series(100, 129) i;
		-- So large a file that it is exchanged where all rows go (the function), not emptied row by row (the procedure).
		ALTER TABLE $schema.ev_default SET (autovacuum_enabled = off);
		INSERT INTO $schema.ev (id, payload) SELECT i, repeat('dead', 100) FROM generate_series(1000, 4000) i;
		DELETE FROM $schema.ev WHERE id >= 1000;});
	return;
}

# Partition of each row, and its content.
sub placed {
	my ($schema) = @_;
	return $node->safe_psql('postgres', qq{SELECT count(*), count(DISTINCT id), md5(string_agg(
		replace(tableoid::regclass::text, '$schema.', '') || id || payload || at, ',' ORDER BY id)) FROM $schema.ev});
}

my $relations = q{SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY c.relname COLLATE "C"};

my %call = (
	procedure => "CALL partman.partition_data_proc('%.ev', p_wait := 0, p_quiet := true)",
	function  => "SELECT partman.partition_data_id('%.ev', 1000)");

add_strays('calm');
$node->safe_psql('postgres', $call{procedure} =~ s/%/calm/r);
is($node->safe_psql('postgres', 'SELECT count(*) FROM ONLY calm.ev_default'), 0, 'the undisturbed drain is complete');
my $rows = placed('calm');
my $children = children_of($node, 'calm');
my $known = $node->safe_psql('postgres', $relations) =~ s/^calm\./%./gmr;
$node->safe_psql('postgres', 'DROP SCHEMA calm CASCADE; DELETE FROM partman.part_config');

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

my $n = 0;
for my $point (qw(drain_locked drain_loaded drain_switched drain_before_commit)) {
	for my $way (sort keys %kill) {
		my $form = $n % 3 ? 'procedure' : 'function';
		my $name = 's' . ++$n;
		add_strays($name);
		my $total = $node->safe_psql('postgres', "SELECT count(*) FROM $name.ev");
		my $holder = holder($node);
		$holder->shut($point);
		my $runner = session($node)->send($call{$form} =~ s/%/$name/r);
		ok($runner->wait_parked($point), "$point, $way, $form: the drain stands there");
		$kill{$way}->($runner->pid);
		$_->kill_psql for $runner, $holder;
		is($node->safe_psql('postgres', "SELECT count(*) FROM $name.ev"), $total, "$point, $way: all rows after the crash");
		my ($rc, $out, $err) = $node->psql('postgres', $call{procedure} =~ s/%/$name/r);
		is($rc, 0, "$point, $way: the next drain succeeds") or diag($err);
		is(placed($name), $rows, "$point, $way: every row once, in its place");
		is(children_of($node, $name), $children, "$point, $way: same partitions");
		is($node->safe_psql('postgres', $relations) =~ s/^$name\./%./gmr, $known, "$point, $way: no orphan");
		is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0,
			"$point, $way: no advisory lock");
		$node->safe_psql('postgres', "DROP SCHEMA $name CASCADE; DELETE FROM partman.part_config");
	}
}

$node->stop;
done_testing();
