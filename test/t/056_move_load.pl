# Rows move while everybody works: fresh and prepared connections insert into past, current and future ranges, update across
# ranges, delete and lock; readers count rows that never change, in READ COMMITTED and REPEATABLE READ, over the whole set and
# over one day; the default is filled again and again, emptied by procedure and function, and maintenance runs. No row is
# lost or doubled, no client sees an error, and none a wrong count. The longest stall is told, and judged in the long form.
#
#   STRATA_FULL=1     ten minutes
#   STRATA_SECONDS=n  so long
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use MaintenanceTest;
use MoveTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $full = $ENV{STRATA_FULL};
my $seconds = $ENV{STRATA_SECONDS} // ($full ? 600 : 12);
my $batch = $full ? 20_000 : 2_000;    # rows of one refill
my $pause = $full ? 8 : 1;

my $node = new_node('main', "timezone = 'UTC'\nmax_connections = 60\nautovacuum = on\nautovacuum_naptime = 3s\nlog_lock_waits = on\n");
add_proof($node);
sub sql { return $node->safe_psql('postgres', $_[0]); }

# Refill number g goes two ways: to day 3g + 3 and to day -g - 3, seen from the first day of the test. fixed rows are never
# touched again. Clients write to all days up to that of the last refill but one, and before the first: not to
# the day that maintenance is about to create behind the last, since the default refuses a row whose partition was attached
# between routing and insertion, as it does when the partition is attached by hand.
my $day = sql(q{SELECT date_trunc('day', now())});
sql(qq{
	CREATE SCHEMA load;
	CREATE TABLE load.ev (id bigint NOT NULL, at timestamptz NOT NULL, payload text, fixed boolean NOT NULL DEFAULT false,
		PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
	CREATE INDEX ON load.ev (at);
	SELECT partman.create_parent('load.ev', 'at', '1 day', p_premake := 1, p_start_partition := ('$day'::timestamptz - interval '1 day')::text);
	CREATE TABLE proof.shadow (id bigint PRIMARY KEY, at timestamptz NOT NULL, payload text);
	CREATE TABLE load.fill (g int PRIMARY KEY, rows bigint NOT NULL, ids bigint NOT NULL);
	INSERT INTO load.ev SELECT i, '$day'::timestamptz + (i % 5000 - 2000) * interval '1 min', md5(i::text), true FROM generate_series(1::bigint, 5000) i;
	INSERT INTO proof.shadow SELECT id, at, payload FROM load.ev;
	INSERT INTO load.fill SELECT 0, count(*), sum(id) FROM load.ev;
	CREATE FUNCTION load.expect(counted text, wanted text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
		IF counted IS DISTINCT FROM wanted THEN RAISE 'counted %, not %', counted, wanted; END IF;
	END \$\$;
	CREATE PROCEDURE load.refill(n int) LANGUAGE plpgsql AS \$\$
	DECLARE gen int := (SELECT max(g) + 1 FROM load.fill);
	BEGIN
		INSERT INTO load.ev SELECT gen * 1000000::bigint + i,
			'$day'::timestamptz + (CASE i % 2 WHEN 0 THEN 3 * gen + 3 ELSE -gen - 3 END) * interval '1 day' + i % 1440 * interval '1 min',
			md5(i::text), i % 4 < 2 FROM generate_series(1, n) i;
		INSERT INTO proof.shadow SELECT id, at, payload FROM load.ev WHERE id > gen * 1000000::bigint AND id < (gen + 1) * 1000000::bigint;
		INSERT INTO load.fill SELECT gen, count(*), sum(id) FROM load.ev
			WHERE fixed AND id > gen * 1000000::bigint AND id < (gen + 1) * 1000000::bigint;
	END \$\$});

sql("CALL load.refill($batch)");
my $known = things($node, 'load.ev');

# --- clients --------------------------------------------------------------------------------------------------------------

my $dir = "$PostgreSQL::Test::Utils::tmp_check/load";
mkdir $dir or die;

# Each client has rows of its own, numbered from :base on; what it does it does to the shadow as well.
my $own = q{
SELECT max(g) AS g FROM load.fill \gset
\set minute random(-(:g + 4) * 1440, (3 * :g + 1) * 1440 - 1)
\set r random(1, 1000000)
\set id (:base + :client_id) * 1000000000 + random(1, greatest(:n, 1))
};
my $at = "'$day'::timestamptz + :minute * interval '1 min'";
my $whole = q{SELECT load.expect((SELECT count(*) || ' ' || sum(id) FROM load.ev WHERE fixed), (SELECT sum(rows) || ' ' || sum(ids) FROM load.fill))};
my %script = (
	insert => qq{$own
		\\set n :n + 1
		\\set id (:base + :client_id) * 1000000000 + :n
		BEGIN;
		INSERT INTO load.ev VALUES (:id, $at, 'r' || :r::text);
		INSERT INTO proof.shadow VALUES (:id, $at, 'r' || :r::text);
		COMMIT;},
	across => qq{$own
		BEGIN;
		UPDATE load.ev SET at = $at, payload = 'u' || :r::text WHERE id = :id;
		UPDATE proof.shadow SET at = $at, payload = 'u' || :r::text WHERE id = :id;
		COMMIT;},
	update => qq{$own
		BEGIN;
		UPDATE load.ev SET payload = 'p' || :r::text WHERE id = :id;
		UPDATE proof.shadow SET payload = 'p' || :r::text WHERE id = :id;
		COMMIT;},
	lock => qq{$own
		BEGIN;
		SELECT count(*) FROM (SELECT FROM load.ev WHERE id = :id FOR UPDATE) l;
		UPDATE load.ev SET payload = 'l' || :r::text WHERE id = :id;
		UPDATE proof.shadow SET payload = 'l' || :r::text WHERE id = :id;
		COMMIT;},
	delete => qq{$own
		BEGIN;
		DELETE FROM load.ev WHERE id = :id;
		DELETE FROM proof.shadow WHERE id = :id;
		COMMIT;},
	count => "$whole;",
	# The planner sees the bounds: only the partition of the day and, while the day has none, the default are read.
	count_day => qq{
		SELECT '$day'::timestamptz + (3 * g + 3) * interval '1 day' AS lo, '$day'::timestamptz + (3 * g + 4) * interval '1 day' AS hi
			FROM load.fill WHERE g > 0 ORDER BY random() LIMIT 1 \\gset
		SELECT load.expect((SELECT count(*)::text FROM load.ev WHERE fixed AND at >= ':lo' AND at < ':hi'), '@{[ $batch / 4 ]}');},
	# A snapshot older than any lock on the set, and one that comes with it.
	repeatable => qq{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SELECT count(*) FROM load.fill;
		\\sleep 20 ms
		$whole;
		\\sleep 10 ms
		$whole;
		COMMIT;},
	repeatable_set => qq{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		$whole;
		\\sleep 10 ms
		$whole;
		COMMIT;},
	repeatable_update => qq{$own
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SELECT count(*) FROM load.fill;
		UPDATE load.ev SET payload = 'q' || :r::text WHERE id = :id;
		UPDATE proof.shadow SET payload = 'q' || :r::text WHERE id = :id;
		COMMIT;});
for (keys %script) {
	open my $file, '>', "$dir/$_.sql" or die;
	print $file $script{$_} =~ s/^\t+//gmr, "\n";
	close $file;
}

my %bench;
sub bench {
	my ($name, $options, %weight) = @_;
	my $self = $bench{$name} = { out => '', err => '', scripts => [ sort keys %weight ] };
	$self->{run} = IPC::Run::start(
		[ $node->installed_command('pgbench'), '-n', '-T', $seconds, '-h', $node->host, '-p', $node->port, '-U', 'postgres',
			'--log', "--log-prefix=$dir/$name", '-D', 'n=0', '-D', 'base=' . keys(%bench) * 100, @$options,
			map { ('-f', "$dir/$_.sql\@$weight{$_}") } @{ $self->{scripts} } ],
		'>', \$self->{out}, '2>', \$self->{err}, IPC::Run::timeout($seconds + 120));
	return;
}
my %writes = (insert => 4, across => 3, update => 3, lock => 2, delete => 1);
bench('writers_fresh', [qw(-C -c 2 -R 60)], %writes);
bench('writers_prepared', [qw(-M prepared -c 2 -R 120)], %writes);
bench('readers_fresh', [qw(-C -c 2 -R 30)], count => 3, count_day => 3, repeatable => 1, repeatable_set => 1);
bench('readers_prepared', [qw(-M prepared -c 2 -R 30)], count => 3, repeatable => 1, repeatable_set => 1);
# A snapshot may be too old for a row that another has changed; here every row has one writer, and only the mover is left.
bench('repeatable_writers', [qw(-c 1 -R 20 --max-tries=50 --verbose-errors)], insert => 1, repeatable_update => 3);

# --- movers ---------------------------------------------------------------------------------------------------------------

my ($published, $online) = (0, online_setting($node));
my ($refills, $moves, $deferred, $maintained, $blocked, @errors) = (0, 0, 0, 0, 0);
my %session = map { $_ => session($node, verbosity => 'verbose') } qw(refill move maintain);
my %due = map { $_ => 0 } keys %session;
# Which moves ran when. The function has writers wait for all of its move, and one by one rows leave slowly; neither is
# meant to be quick for clients.
my @ran;
my $proc = q{CALL partman.partition_data_proc('load.ev', p_wait := 0, p_quiet := true)};
my %what = (
	refill   => sub { $refills++; "CALL load.refill($batch)" },
	move     => sub {
		my $function = $moves++ % 3 == 2;
		push @ran, { kind => $function ? 'function' : $published ? 'procedure, published' : 'procedure', begin => time };
		return q{SELECT 'moved', partman.partition_data_time('load.ev', 1000)} if $function;
		return ($moves % 2 && !$published ? $online : $online && 'RESET pg_strata.move_method; ') . $proc;
	},
	maintain => sub { $maintained++; 'CALL partman.run_maintenance_proc()' });
my %busy;
sub collect {
	my ($who) = @_;
	my ($out, $err) = $session{$who}->answer;
	$busy{$who} = 0;
	$ran[-1]{end} = time if $who eq 'move';
	my @lines = grep { /ERROR|FATAL|PANIC|WARNING/ } split /\n/, $err;
	# Not having got a lock is no error here, nor is it one that maintenance creates no partition whose rows are in the default.
	if ($who eq 'maintain' && $err =~ /rows in the default/) {
		$blocked++;
	} elsif ($who ne 'refill' && (grep { /55P03/ } @lines or $out =~ /moved\|-1/)) {
		$deferred++;
	} else {
		push @errors, map { "$who: $_" } @lines;
	}
	return;
}
my ($end, $born) = (time + $seconds, time);
while (time < $end - 1) {
	# psql of a session has three minutes.
	if (time - $born > 100) {
		collect($_) for grep { $busy{$_} } sort keys %session;
		$_->quit for values %session;
		%session = map { $_ => session($node, verbosity => 'verbose') } keys %session;
		$born = time;
	}
	# In the second half the set is published: rows have to leave the default one by one.
	sql('SET client_min_messages = error; CREATE PUBLICATION load FOR TABLE load.ev') if !$published && time > $end - $seconds / 2 && ++$published;
	for my $who (sort keys %session) {
		collect($who) if $busy{$who} && $session{$who}->done;
		next if $busy{$who} || time < $due{$who};
		$session{$who}->send($what{$who}->());
		$busy{$who} = 1;
		$due{$who} = time + ($who eq 'refill' ? $pause : $who eq 'maintain' ? 1.3 : 0.1);
	}
	sleep 0.005;
}
collect($_) for grep { $busy{$_} } sort keys %session;
$_->quit for values %session;

# --- what was seen --------------------------------------------------------------------------------------------------------

is(join("\n", @errors), '', 'movers and maintenance ended well');
my (%longest, %stall, %transactions, $serialization);
for my $name (sort keys %bench) {
	my $self = $bench{$name};
	$self->{run}->finish;
	my @lines = split /\n/, $self->{err};
	$serialization += grep { /could not serialize/ } @lines;
	is(join("\n", grep { /error|abort|fatal|panic/i && !/could not serialize/ } @lines), '', "$name: no error");
	for my $log (glob "$dir/$name.*") {
		open my $file, '<', $log or die;
		while (<$file>) {
			my (undef, undef, $time, $script, $second, $micro, $lag) = split;
			next if $time !~ /^\d+$/;
			my $kind = $self->{scripts}[$script];
			my $took = ($time - ($lag // 0)) / 1e6 - ($kind eq 'repeatable' ? 0.03 : $kind eq 'repeatable_set' ? 0.01 : 0);
			my $at = $second + $micro / 1e6;
			if ($took > 0.05) {
				my %kinds = map { $_->{kind} => 1 } grep { $_->{begin} < $at && ($_->{end} // $at) > $at - $took } @ran;
				my $beside = join(' and ', sort keys %kinds) || 'no move';
				$stall{$beside} = $took if $took > ($stall{$beside} // 0);
			}
			$longest{$kind} = $took if $took > ($longest{$kind} // 0);
			$transactions{$kind}++;
		}
	}
}
is($serialization, 0, 'no writer with an old snapshot had to try again');
is(sql(q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'}), 0, 'no deadlock');
cmp_ok($transactions{$_} // 0, '>', 0, "clients did: $_") for sort keys %script;
cmp_ok($refills, '>', 2, "$refills refills");

for (1 .. 5) {
	last if $node->psql('postgres', q{CALL partman.partition_data_proc('load.ev', p_wait := 0, p_quiet := true)}) == 0;
}
is(sql('SELECT count(*) FROM ONLY load.ev_default'), 0, 'the default is empty in the end');
my ($there, $expected) = split /\|/, sql('SELECT ' . digest('load.ev') . ', ' . digest('proof.shadow'));
is($there, $expected, 'every acknowledged row is there once');
is(sql(q{SELECT proof.broken('load')}), '', 'bounds, heaps and indexes are right');
is(sorted_out(things($node, 'load.ev'), $known), '', 'nothing is left over');

note("$refills refills of $batch rows, $moves moves, $maintained runs of maintenance; $deferred times no lock, $blocked times blocked");
note(sprintf '%-18s %6d transactions, longest %.3f s', $_, $transactions{$_} // 0, $longest{$_} // 0) for sort keys %script;
note(sprintf 'longest stall %.3f s beside: %s', $stall{$_}, $_) for sort keys %stall;
cmp_ok($stall{procedure} // 0, '<=', 1, 'no client waited for the procedure for more than a second') if $full;

$node->stop;
done_testing();
