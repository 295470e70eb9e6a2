# A published set while its rows move: a real subscriber ends with the same rows, whether the publication names the set's
# partitions or its root (publish_via_partition_root) or the whole schema, and goes on following changes of moved rows.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use MoveTest;
use Test::More;

my $conf = "timezone = 'UTC'\nmax_wal_senders = 10\nmax_replication_slots = 10\nmax_logical_replication_workers = 8\nwal_retrieve_retry_interval = 100ms\n";
my $node = new_node('publisher', $conf, allows_streaming => 'logical');
my $subscriber = new_node('subscriber', $conf, allows_streaming => 1);
add_proof($node);

# Days 1 to 5 of March, 400 rows in all (STRATA_FULL=1: 200,000). Day 1 has a partition from the beginning.
my $rows = $ENV{STRATA_FULL} ? 200_000 : 400;
my $copied = $rows * 3 / 4;
my $later = $rows + 1_000_000;
my $first = "'2026-03-01 00:00'::timestamptz";
sub columns { return 'id bigint NOT NULL, at timestamptz NOT NULL, payload text' . ($_[0] eq 'key' ? ', PRIMARY KEY (id, at)' : ''); }

sub publish {
	my ($name, $identity, $root, $what) = @_;
	my $full = $identity eq 'full' ? join('', map { "ALTER TABLE $name.$_ REPLICA IDENTITY FULL;" } qw(ev ev_default ev_p20260301)) : '';
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA $name;
		CREATE TABLE $name.ev (@{[ columns($identity) ]}) PARTITION BY RANGE (at);
		CREATE TABLE $name.ev_default PARTITION OF $name.ev DEFAULT;
		CREATE TABLE $name.ev_p20260301 PARTITION OF $name.ev FOR VALUES FROM ('2026-03-01') TO ('2026-03-02');
		$full
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
			VALUES ('$name.ev', 'at', 'range', '1 day');
		INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('$name.ev', 'UTC');
		INSERT INTO $name.ev SELECT i, $first + i % 120 * interval '1 hour', md5(i::text) FROM generate_series(1, $copied) i;
		CREATE PUBLICATION $name FOR $what WITH (publish_via_partition_root = $root)});
	$subscriber->safe_psql('postgres', "CREATE SCHEMA $name; " . join '', map {
		"CREATE TABLE $name.$_ (@{[ columns($identity) ]});" . ($identity eq 'full' ? "ALTER TABLE $name.$_ REPLICA IDENTITY FULL;" : '')
	} followers($root));
	$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION $name CONNECTION \$\$" . $node->connstr("postgres") . "\$\$ PUBLICATION $name");
	synchronized($name);
	# These come by the stream, not by the first copy.
	$node->safe_psql('postgres', qq{
		INSERT INTO $name.ev SELECT i, $first + i % 120 * interval '1 hour', md5(i::text) FROM generate_series($copied + 1, $rows) i;
		UPDATE $name.ev SET payload = 'before' WHERE id % 10 = 1;
		DELETE FROM $name.ev WHERE id % 10 = 2});
	return;
}

# Plain tables on the other side: one for the whole set, or one for each partition there will be.
sub followers { return $_[0] eq 'true' ? 'ev' : ('ev_default', map { "ev_p2026030$_" } 1 .. 5); }

sub synchronized {
	my ($name) = @_;
	ok(wait_for(sub { $subscriber->safe_psql('postgres', q{SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')}) eq 't' }, 30),
		"$name: tables are synchronized") or diag(complaints());
	return;
}

sub complaints { return join "\n", grep { /ERROR|DETAIL/ } (split /\n/, PostgreSQL::Test::Utils::slurp_file($subscriber->logfile))[ -15 .. -1 ]; }

# When the subscriber has applied all there is until now.
sub same {
	my ($name, $root, $when) = @_;
	my $until = $node->safe_psql('postgres', 'SELECT pg_current_wal_lsn()');
	my $caught_up = wait_for(sub { $node->safe_psql('postgres',
		"SELECT count(*) > 0 FROM pg_stat_replication WHERE application_name = '$name' AND replay_lsn >= '$until'") eq 't' }, 20);
	ok($caught_up, "$name, $when: the subscriber follows") or diag(complaints());
	my $here = $node->safe_psql('postgres', 'SELECT ' . digest("$name.ev"));
	my $there = $subscriber->safe_psql('postgres', 'SELECT ' . digest(map { "$name.$_" } followers($root)));
	is($there, $here, "$name, $when: the subscriber has the same rows");
	return;
}

sub forget {
	my ($name) = @_;
	$subscriber->safe_psql('postgres', "DROP SUBSCRIPTION $name");
	$node->safe_psql('postgres', "DROP PUBLICATION $name; DROP SCHEMA $name CASCADE; DELETE FROM partman.part_config");
	return;
}

my %move = (
	proc => "CALL partman.partition_data_proc('%.ev', p_wait := 0, p_quiet := true)",
	func => "SELECT partman.partition_data_time('%.ev', 100)",
	async => "CALL partman.partition_data_async('%.ev', p_interval := '6 hours', p_wait := 0, p_quiet := true)",
	source => "CALL partman.partition_data_proc('%.ev', p_wait := 0, p_quiet := true); CALL partman.partition_data_proc('%.ev', p_wait := 0, p_quiet := true, p_source_table := 'aside.%')",
	undo => "CALL partman.undo_partition_proc('%.ev', 'aside.%', p_keep_table := false, p_wait := 0, p_quiet := true)");
$node->safe_psql('postgres', 'CREATE SCHEMA aside');

my @cases = (
	[qw(key false TABLE proc)], [qw(key false TABLE func)], [qw(key false TABLE source)], [qw(key false SCHEMA proc)],
	[qw(key true TABLE proc)], [qw(key true TABLE func)], [qw(key true TABLE source)], [qw(key true TABLE async)],
	[qw(key true TABLE undo)], [qw(key true SCHEMA proc)], [qw(key true SCHEMA func)],
	[qw(full false TABLE proc)], [qw(full true TABLE func)]);
for my $case (@cases) {
	my ($identity, $root, $what, $form) = @$case;
	my $name = join '_', $identity, $root eq 'true' ? 'root' : 'leaves', lc $what, $form;
	publish($name, $identity, $root, $what eq 'TABLE' ? "TABLE $name.ev" : "TABLES IN SCHEMA $name");
	$node->safe_psql('postgres', "CREATE TABLE aside.$name (@{[ columns('none') ]});"
		. ($form eq 'source' ? "INSERT INTO aside.$name SELECT $later + 1000 + i, $first + i % 120 * interval '1 hour', 's' FROM generate_series(1, 200) i" : ''));
	my $count = $node->safe_psql('postgres', "SELECT count(*) FROM $name.ev");
	for my $call (split /; /, $move{$form} =~ s/%/$name/gr) {
		my ($rc, undef, $err) = $node->psql('postgres', $call);
		is($rc, 0, "$name: the move succeeds") or diag($err);
	}
	is($node->safe_psql('postgres', "SELECT count(*) FROM $name.ev"), $form eq 'source' ? $count + 200 : $form eq 'undo' ? 0 : $count, "$name: all rows");
	is($node->safe_psql('postgres', "SELECT count(*) FROM ONLY $name.ev_default"), 0, "$name: the default is empty") if $form ne 'undo';
	if ($root eq 'false') {
		$subscriber->safe_psql('postgres', "ALTER SUBSCRIPTION $name REFRESH PUBLICATION");
		synchronized($name);
	}
	same($name, $root, 'after the move');
	if ($form ne 'undo') {
		$node->safe_psql('postgres', qq{
			UPDATE $name.ev SET payload = 'after' WHERE id % 10 = 3;
			UPDATE $name.ev SET at = at + interval '1 hour' WHERE id % 10 = 4 AND at < '2026-03-05 12:00';
			DELETE FROM $name.ev WHERE id % 10 = 5;
			INSERT INTO $name.ev SELECT $later + i, $first + i * interval '1 hour', 'new' FROM generate_series(0, 119) i});
		same($name, $root, 'when moved rows change');
	}
	forget($name);
}

# Removals that could not be told are not made.
publish('none', 'full', 'true', 'TABLE none.ev');
$node->safe_psql('postgres', 'ALTER TABLE none.ev REPLICA IDENTITY DEFAULT; ALTER TABLE none.ev_default REPLICA IDENTITY DEFAULT');
for my $form (qw(proc func)) {
	my ($rc, undef, $err) = $node->psql('postgres', $move{$form} =~ s/%/none/gr);
	isnt($rc, 0, "$form: refused without a replica identity");
	like($err, qr/replica identity/, "$form: says why");
}
same('none', 'true', 'after refused moves');
forget('none');

$_->stop for $subscriber, $node;
done_testing();
