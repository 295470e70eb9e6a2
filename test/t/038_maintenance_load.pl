# Maintenance in a loop while clients write, autovacuum is eager, tables are altered, and foreign keys lead to the set and
# from it: no deadlock, no autovacuum cancelled on a table that stays, no client with an error, no row lost.
#
#   STRATA_FULL=1     ten minutes
#   STRATA_SECONDS=n  so long
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{STRATA_SECONDS} // ($ENV{STRATA_FULL} ? 600 : 12);

my $node = new_node('main', q{
max_connections = 60
max_locks_per_transaction = 512
log_lock_waits = on
autovacuum = on
autovacuum_naptime = 1s
autovacuum_max_workers = 4
log_autovacuum_min_duration = 0
autovacuum_vacuum_cost_delay = 0
autovacuum_vacuum_threshold = 20
autovacuum_vacuum_scale_factor = 0
autovacuum_vacuum_insert_threshold = 20
autovacuum_vacuum_insert_scale_factor = 0
autovacuum_analyze_threshold = 20
autovacuum_analyze_scale_factor = 0
});
sub sql { return $node->safe_psql('postgres', $_[0]); }

# What leaves load.ev goes to a schema and can be counted there; what leaves load.log is dropped.
sql(q{
	CREATE SCHEMA load;
	CREATE SCHEMA archive;
	CREATE SEQUENCE load.ids START 10000;
	CREATE TABLE load.kind (k int PRIMARY KEY, uses bigint NOT NULL DEFAULT 0);
	INSERT INTO load.kind SELECT generate_series(0, 9);
	CREATE TABLE load.ev (id bigint PRIMARY KEY, k int NOT NULL REFERENCES load.kind, payload text) PARTITION BY RANGE (id);
	CREATE TABLE load.log (id bigint PRIMARY KEY, k int NOT NULL REFERENCES load.kind, payload text) PARTITION BY RANGE (id);
	CREATE TABLE load.pointer (ev bigint NOT NULL REFERENCES load.ev ON DELETE CASCADE);
	CREATE INDEX ON load.pointer (ev);
	CREATE TABLE load.shadow (set text, id bigint, payload text, PRIMARY KEY (set, id));
	SELECT partman.create_parent('load.ev', 'id', '1000', p_premake := 30, p_start_partition := '0');
	SELECT partman.create_parent('load.log', 'id', '1000', p_premake := 30, p_start_partition := '0');
	UPDATE partman.part_config SET retention = '6000', retention_keep_table = false;
	UPDATE partman.part_config SET retention_schema = 'archive' WHERE parent_table = 'load.ev';
	INSERT INTO load.ev SELECT i, i % 10, md5(i::text) FROM generate_series(1, 9999) i;
	INSERT INTO load.log SELECT id, k, payload FROM load.ev;
	-- far from everything, so that attaching has a default to look at
	INSERT INTO load.ev SELECT 1000000000000 + i, i % 10, md5(i::text) FROM generate_series(1, 2000) i;
	-- whose autovacuum takes more than deadlock_timeout, after which it is cancelled by who waits for it
	ALTER TABLE load.ev_default SET (autovacuum_vacuum_cost_delay = 30, autovacuum_vacuum_cost_limit = 1);
	INSERT INTO load.shadow SELECT 'ev', id, payload FROM load.ev;
	INSERT INTO load.shadow SELECT 'log', id, payload FROM load.log});

# --- clients ----------------------------------------------------------------------------------------------------------

my $dir = PostgreSQL::Test::Utils::tempdir();
my $recent = q{
SELECT last_value AS hi FROM load.ids \gset
\set id random(:hi - 1500, :hi)
\set r random(1, 1000000)
};
my %script = (
	insert => q{
		\set r random(1, 1000000)
		BEGIN;
		WITH n AS (INSERT INTO load.ev SELECT nextval('load.ids'), (:r + i) % 10, 'i' || :r::text FROM generate_series(1, 5) i RETURNING id, payload)
			INSERT INTO load.shadow SELECT 'ev', id, payload FROM n;
		WITH n AS (INSERT INTO load.log SELECT nextval('load.ids'), (:r + i) % 10, 'i' || :r::text FROM generate_series(1, 5) i RETURNING id, payload)
			INSERT INTO load.shadow SELECT 'log', id, payload FROM n;
		COMMIT;},
	update => qq{$recent
		BEGIN;
		UPDATE load.ev SET payload = 'u' || :r::text WHERE id = :id;
		UPDATE load.shadow SET payload = 'u' || :r::text WHERE set = 'ev' AND id = :id;
		COMMIT;},
	delete => qq{$recent
		BEGIN;
		DELETE FROM load.ev WHERE id = :id;
		DELETE FROM load.shadow WHERE set = 'ev' AND id = :id;
		COMMIT;},
	point => qq{$recent
		INSERT INTO load.pointer SELECT id FROM (SELECT id FROM load.ev WHERE id = :id FOR KEY SHARE) e;},
	far => q{
		\set id 1000000000000 + random(1, 2000)
		\set r random(1, 1000000)
		BEGIN;
		UPDATE load.ev SET payload = 'f' || :r::text WHERE id = :id;
		UPDATE load.shadow SET payload = 'f' || :r::text WHERE set = 'ev' AND id = :id;
		COMMIT;},
	kind => q{
		\set r random(0, 9)
		UPDATE load.kind SET uses = uses + 1 WHERE k = :r;},
	read => qq{$recent
		SELECT count(*) FROM load.ev JOIN load.kind USING (k) WHERE id > :id;},
	report => q{
		BEGIN;
		SELECT count(payload) FROM load.log;
		\sleep 150 ms
		SELECT count(payload) FROM load.ev;
		COMMIT;});
append_to_file("$dir/$_.sql", $script{$_} =~ s/^\t+//gmr . "\n") for keys %script;

my %bench;
sub bench {
	my ($name, $options, %weight) = @_;
	my $self = $bench{$name} = { out => '', err => '' };
	$self->{run} = IPC::Run::start(
		[ $node->installed_command('pgbench'), '-n', '-T', $seconds, @$options, map({ ('-f', "$dir/$_.sql\@$weight{$_}") } sort keys %weight),
			$node->connstr('postgres') ],
		'<', \undef, '>', \$self->{out}, '2>', \$self->{err}, IPC::Run::timeout($seconds + 120));
	return;
}
my %work = (insert => 5, update => 3, delete => 1, point => 2, kind => 1, far => 2, read => 3);
bench('fresh', [qw(-C -c 2 -R 60)], %work);
bench('prepared', [qw(-M prepared -c 3 -R 200)], %work);
bench('reports', [qw(-c 1 -R 1)], report => 1);

# --- maintenance and other changes ------------------------------------------------------------------------------------

# Who changes tables by hand waits no longer than maintenance; half a change would be seen by check_partitions.
my @changes = (
	'CREATE INDEX by_payload ON load.ev (payload)', 'ALTER TABLE load.ev ADD COLUMN extra int', 'DROP INDEX load.by_payload',
	'ALTER TABLE load.ev DROP COLUMN extra', 'ALTER TABLE load.log ADD CONSTRAINT short CHECK (length(payload) < 100) NOT VALID',
	'ALTER TABLE load.log VALIDATE CONSTRAINT short', 'ALTER TABLE load.log DROP CONSTRAINT short',
	'CREATE TABLE load.more (ev bigint REFERENCES load.ev)', 'DROP TABLE load.more', 'ALTER TABLE load.kind ADD COLUMN extra int',
	'ALTER TABLE load.kind DROP COLUMN extra', 'VACUUM ANALYZE load.log', 'ALTER TABLE load.ev ALTER COLUMN payload SET STATISTICS 50',
	'ALTER TABLE load.ev ALTER COLUMN payload SET STATISTICS -1');
my ($next, %count, @errors) = (0);
my %what = (
	maintain => sub { return ++$count{maintain} % 3 ? 'CALL partman.run_maintenance_proc()' : q{SELECT partman.run_maintenance('load.log')}; },
	# Rows that are pointed to could not leave.
	tidy => sub { return 'DELETE FROM load.pointer WHERE ev < (SELECT last_value - 2000 FROM load.ids)'; },
	change => sub { return $changes[ $next % @changes ]; });
my %session;
sub open_sessions {
	%session = map { $_ => session($node, verbosity => 'verbose') } keys %what;
	$session{change}->query(q{SET lock_timeout = '300ms'; SET client_min_messages = error});
	return time;
}

sub collect {
	my ($who) = @_;
	my ($out, $err) = $session{$who}->answer;
	my @lines = grep { /ERROR|FATAL|PANIC|WARNING/ } split /\n/, $err;
	if ($who eq 'tidy') {
		push @errors, map { "tidy: $_" } @lines;
	} elsif ($who eq 'change') {
		# A change that did not get its lock is tried again.
		$next++, $count{change}++ unless @lines;
		$count{'change put off'}++ if $err =~ /55P03/;
		push @errors, map { "change: $_" } grep { !/55P03/ } @lines;
	} elsif ($err =~ /55P03|could not get their locks in/) {
		$count{'maintenance failed for locks'}++;
	} else {
		push @errors, map { "maintenance: $_" } @lines;
	}
	return;
}

my ($end, $born, %busy, %due) = (time + $seconds, open_sessions());
while (time < $end - 0.5) {
	if (time - $born > 100) {    # psql of a session has three minutes
		collect($_) for grep { $busy{$_} } keys %session;
		%busy = ();
		$_->quit for values %session;
		$born = open_sessions();
	}
	for my $who (sort keys %session) {
		if ($busy{$who} && $session{$who}->done) {
			collect($who);
			$busy{$who} = 0;
			$due{$who} = time + ($who eq 'maintain' ? 0.05 : 0.2);
		}
		next if $busy{$who} || time < ($due{$who} // 0);
		$session{$who}->send($what{$who}->());
		$busy{$who} = 1;
	}
	sleep 0.01;
}
collect($_) for grep { $busy{$_} } keys %session;
$_->quit for values %session;

# --- what came of it ----------------------------------------------------------------------------------------------------

is(join("\n", @errors), '', 'maintenance and changes ended well');
for my $name (sort keys %bench) {
	$bench{$name}{run}->finish;
	is(join("\n", grep { /error|abort|fatal|panic/i } split /\n/, $bench{$name}{err}), '', "$name: no error");
	($count{"$name transactions"}) = $bench{$name}{out} =~ /transactions actually processed: (\d+)/;
}
my $log = slurp_file($node->logfile);
unlike($log, qr/deadlock detected/, 'no deadlock');
is(sql(q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'}), 0, 'nor do the statistics know of one');
my %stays = map { $_ => 1 } split /\n/, sql(q{SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace IN ('load'::regnamespace, 'archive'::regnamespace)});
my @cancelled = $log =~ /canceling autovacuum task.*?automatic \w+ of table "postgres\.(\S+?)"/gs;
is(join(' ', grep { $stays{$_} } @cancelled), '', 'no autovacuum was cancelled on a table that stays');
$count{autovacuums} = sql(q{SELECT sum(autovacuum_count + autoanalyze_count) FROM pg_stat_user_tables});
cmp_ok($count{autovacuums}, '>', 5, 'autovacuum was eager');
my @took = $log =~ /automatic vacuum of table "postgres\.load\.ev_default".*?elapsed: ([\d.]+) s/gs;
note("vacuums of the default took @took s");
ok(scalar(grep { $_ > 1 } @took), 'and on the default slow enough to be cancelled');

sql('DELETE FROM load.pointer WHERE ev < (SELECT last_value - 2500 FROM load.ids)');
sql('CALL partman.run_maintenance_proc()') for 1 .. 2;
is(sql('SELECT count(*) FROM partman.plan_maintenance()'), 0, 'then nothing is left to do');
is(sql(q{SELECT severity, code, partition_table, detail FROM partman.check_partitions() WHERE severity = 'error'}), '', 'no set is in disorder');
for (split /\n/, sql(q{SELECT action || ' ' || outcome, count(*) FROM partman.maintenance_action GROUP BY 1})) {
	my ($what, $number) = split /\|/;
	$count{$what} = $number;
}
cmp_ok($count{$_} // 0, '>', 0, "there was to do: $_") for 'create done', 'detach done', 'drop done';
cmp_ok($count{change} // 0, '>', 0, 'tables were changed');

sub digest {
	my ($rows) = @_;
	return "(SELECT count(*) || ' rows, ' || coalesce(sum(hashtextextended(id || payload, 1)::numeric), 0) FROM ($rows) r)";
}
my $kept = join ' UNION ALL ', 'SELECT id, payload FROM load.ev',
  map { "SELECT id, payload FROM $_" } split /\n/, sql(q{SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'archive'::regnamespace});
my ($there, $expected) = split /\|/, sql('SELECT ' . digest($kept) . ', ' . digest(q{SELECT id, payload FROM load.shadow WHERE set = 'ev'}));
is($there, $expected, 'every row of the set that is kept is there once');
my $lowest = sql(q{SELECT min(lower_id) FROM partman.partitions WHERE parent_table = 'load.log'});
($there, $expected) = split /\|/,
  sql('SELECT ' . digest('SELECT id, payload FROM load.log') . ', ' . digest("SELECT id, payload FROM load.shadow WHERE set = 'log' AND id >= $lowest"));
is($there, $expected, 'and of the other one every row that is not past its retention');
cmp_ok($lowest, '<=', sql('SELECT max(id) - 6000 FROM load.log WHERE id < 1000000'), 'which took nothing too early');
note("$_: $count{$_}") for sort keys %count;

$node->stop;
done_testing();
