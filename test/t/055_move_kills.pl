# Moves that die at a random moment while others write: kill -9 of the backend, pg_terminate_backend, pg_cancel_backend, the
# server stopped with -m immediate. After each death every row that a client was told of is there once, the same call made
# again (it may die again) ends the work, and nothing is left over: no relation, trigger, constraint, journal row or lock.
#
# Writers change the set and a plain copy of it, proof.shadow, in one transaction, and number their transactions in
# proof.log: so the copy says what must be in the set, and the log that what was acknowledged is in the copy.
#
#   STRATA_FULL=1   100 kills and more, at least five in each phase that partman.move_progress tells
#   STRATA_KILLS=n  so many
#   STRATA_SEED=n   other moments (the seed is printed)
#   STRATA_FORM=s   only moves whose name matches
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run ();
use List::Util qw(max);
use MaintenanceTest;
use MoveTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $full = $ENV{STRATA_FULL};
my $seed = $ENV{STRATA_SEED} // ($full ? int(time) : 7);
my $kills = $ENV{STRATA_KILLS} // ($full ? 100 : 12);
my $rows = $full ? 60_000 : 20_000;
srand $seed;
note("seed $seed");

my $node = new_node('main', "restart_after_crash = on\ntimezone = 'UTC'\nlog_min_messages = fatal\ncheckpoint_timeout = 1h\n");
add_proof($node);

sub sql { return $node->safe_psql('postgres', $_[0]); }
sub one_of { return $_[ int rand @_ ]; }

# --- the moves ------------------------------------------------------------------------------------------------------------

# key: primary key with the partition key in it, infinite keys stay; loose: keys may be NULL and then stay.
# writers: strict ones know which rows there are; others follow what they find, since rows are out of sight by contract
# (async) or may be in either of two tables.
my $proc = q{CALL partman.partition_data_proc('m.ev', p_wait := 0, p_quiet := true};
my $pass = q{p_ignore_infinity := true};
my $undo = q{'m.ev', 'm.target', p_keep_table := false};
my %form = (
	proc            => { table => 'key', call => "$proc, $pass)" },
	proc_referenced => { table => 'key', call => "$proc, $pass)", referenced => 1 },
	proc_loose      => { table => 'loose', call => "$proc, p_lock_wait := 30)" },
	proc_id         => { table => 'loose', id => 1, call => "$proc, p_lock_wait := 30)" },
	func            => { table => 'key', call => "SELECT partman.partition_data_time('m.ev', 1000, $pass)" },
	func_referenced => { table => 'key', call => "SELECT partman.partition_data_time('m.ev', 1000, $pass)", referenced => 1 },
	func_id         => { table => 'loose', id => 1, call => "SELECT partman.partition_data_id('m.ev', 1000)" },
	source          => { table => 'key', home => 'src', call => "$proc, p_source_table := 'm.src')" },
	source_small    => { table => 'key', home => 'src', call => "$proc, p_source_table := 'm.src', p_interval := '6 hours')" },
	source_func     => { table => 'key', home => 'src', call => "SELECT partman.partition_data_time('m.ev', 1000, p_source_table := 'm.src')" },
	undo            => { table => 'key', home => 'target', call => "CALL partman.undo_partition_proc($undo, p_wait := 0, p_quiet := true)" },
	undo_func       => { table => 'key', home => 'target', call => "SELECT partman.undo_partition($undo, p_loop_count := 1000)" },
	async           => { table => 'key', no_inserts => 1, call => "CALL partman.partition_data_async('m.ev', p_interval := '6 hours', p_wait := 0, p_quiet := true)" });
my $online = online_setting($node);
if ($online) {
	$form{"${_}_online"} = { %{ $form{$_} }, call => $online . $form{$_}{call} } for qw(proc proc_referenced source);
}
my $wanted_form = $ENV{STRATA_FORM} // '';
my @order = grep { $form{$_} && /$wanted_form/ } qw(proc_online source_online proc func source undo proc_referenced_online proc_id
  async proc_online source_online proc_loose func_id source_func proc_referenced proc_online undo_func source_small func_referenced);

sub key_of {
	my ($form, $minute) = @_;
	return $form->{id} ? int $minute : "'2026-03-01 00:00'::timestamptz + interval '" . int($minute) . " min'";
}

# A set over $rows rows of five days (or five times 1440 numbers), every 500th toasted, a hundred that stay.
sub prepare {
	my ($form) = @_;
	my ($type, $key, $interval, $more, $stay) = ('timestamptz', "'2026-03-01 00:00'::timestamptz + i % 7200 * interval '1 min'", '1 day');
	($type, $key, $interval) = ('bigint', 'i % 7200', '1440') if $form->{id};
	($more, $stay) = $form->{table} eq 'key' ? ('PRIMARY KEY (id, at)', "'infinity'") : ('UNIQUE (id, at)', 'NULL');
	my $home = ($form->{home} // '') eq 'src' ? 'm.src' : 'm.ev';
	sql(qq{
		SET client_min_messages = warning;
		DROP SCHEMA IF EXISTS m CASCADE;
		DROP TABLE IF EXISTS proof.shadow, proof.log;
		DELETE FROM partman.part_config;
		CREATE SCHEMA m;
		CREATE TABLE m.ev (id bigint, at $type, payload text, $more) PARTITION BY RANGE (at);
		CREATE INDEX ON m.ev (at);
		CREATE TABLE m.ev_default PARTITION OF m.ev DEFAULT;
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval)
			VALUES ('m.ev', 'at', 'range', '$interval');
		INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('m.ev', CASE WHEN '$interval' = '1 day' THEN 'UTC' END);
		CREATE TABLE proof.shadow AS
			SELECT i AS id, $key AS at, CASE WHEN i % 500 = 0
					THEN (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 100) j) ELSE md5(i::text) END AS payload
				FROM generate_series(1::bigint, $rows) i;
		INSERT INTO proof.shadow SELECT i, $stay, md5(i::text) FROM generate_series($rows + 1::bigint, $rows + 100) i
			WHERE '$home' = 'm.ev';
		ALTER TABLE proof.shadow ADD PRIMARY KEY (id);
		CREATE TABLE proof.log (writer int, n int);
		INSERT INTO m.ev SELECT * FROM proof.shadow WHERE '$home' = 'm.ev'});
	sql('CREATE TABLE m.src (LIKE m.ev INCLUDING INDEXES); INSERT INTO m.src SELECT * FROM proof.shadow') if $home eq 'm.src';
	sql(q{CREATE TABLE m.detail (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES m.ev ON DELETE CASCADE);
		INSERT INTO m.detail SELECT id, at FROM proof.shadow WHERE id % 100 = 0}) if $form->{referenced};
	return unless ($form->{home} // '') eq 'target';
	sql(q{CREATE TABLE m.target (LIKE m.ev INCLUDING INDEXES)});
	sql("CALL partman.partition_data_proc('m.ev', p_wait := 0, p_quiet := true, $pass)");
	return;
}

# All rows that clients ever wrote, wherever the move has them.
sub tables_of {
	my ($form) = @_;
	my @tables = ('m.ev', map { "m.$_" } grep { $_ } $form->{home});
	push @tables, sql("SELECT to_regclass('m.partman_tmp_storage_ev')") || () if $form->{call} =~ /async/;
	return @tables;
}

sub unfinished {
	my ($form) = @_;
	return sql('SELECT count(*) FROM partman.part_config') if ($form->{home} // '') eq 'target';
	my $from = ($form->{home} // '') eq 'src' ? 'm.src' : 'ONLY m.ev_default';
	my $movable = $form->{table} eq 'key' ? 'isfinite(at)' : 'at IS NOT NULL';
	return sql(qq{SELECT (SELECT count(*) FROM $from WHERE $movable) + (SELECT count(*) FROM partman.part_config
		WHERE undo_in_progress OR async_partitioning_in_progress IS NOT NULL)});
}

# --- writers --------------------------------------------------------------------------------------------------------------

my ($next_writer, @writers) = (0);

# One transaction of a writer. Rows of $parity are its own; every hundredth row is nobody's, since it is referenced.
sub write_something {
	my ($form, $writer, $n) = @_;
	my $own = sub {
		my $id;
		do { $id = 1 + $writer % 2 + 2 * int rand($rows / 2) } until $id % 100;
		return rand() < 0.2 && $n > 5 ? 1_000_000 * $writer + 1 + int rand $n : $id;
	};
	my $text = "'" . ($n % 40 ? "w$writer n$n" : "w$writer n$n " . join '', map { int rand 1e9 } 1 .. 400) . "'";
	my $home = $form->{home} // '';
	my $new = 1_000_000 * $writer + $n;
	my $key = key_of($form, rand 8 * 1440);
	my $what = rand;
	if ($what < 0.4 && $home ne 'target' && !$form->{no_inserts}) {
		# A row of the default whose partition is missing keeps a move from elsewhere from creating it.
		my $into = $home && $what < 0.2 ? "m.$home" : 'm.ev';
		$key = key_of($form, (100 + rand 8) * 1440) if $home && $into eq 'm.ev';
		return "INSERT INTO $into VALUES ($new, $key, $text); INSERT INTO proof.shadow VALUES ($new, $key, $text);";
	}
	my $id = $own->();
	my $set = $what < 0.8 ? "payload = $text" : "at = $key, payload = $text";
	my $delete = $what > 0.9;
	# Strict: the row must be found where it is, whatever the mover does.
	if (!$home && $form->{call} !~ /async/) {
		my $only = $form->{table} eq 'key' ? '' : ' AND at IS NOT NULL';    # those without a key stay without
		return join ' ', map { $delete ? "DELETE FROM $_ WHERE id = $id$only;" : "UPDATE $_ SET $set WHERE id = $id$only;" } qw(m.ev proof.shadow);
	}
	my $where = $home ? one_of('m.ev', "m.$home") : 'm.ev';
	$set = "payload = $text";
	return $delete
	  ? "WITH w AS (DELETE FROM $where WHERE id = $id RETURNING id) DELETE FROM proof.shadow s USING w WHERE s.id = w.id;"
	  : "WITH w AS (UPDATE $where SET $set WHERE id = $id RETURNING *) UPDATE proof.shadow s SET at = w.at, payload = w.payload FROM w WHERE s.id = w.id;";
}

sub start_writers {
	my ($form) = @_;
	for (1 .. 2) {
		my $writer = ++$next_writer;
		my $file = "$PostgreSQL::Test::Utils::tmp_check/writer$writer.sql";
		open my $script, '>', $file or die;
		print $script "\\o /dev/null\n";
		for my $n (1 .. 1500) {
			print $script 'BEGIN; ', write_something($form, $writer, $n), " INSERT INTO proof.log VALUES ($writer, $n); COMMIT;\n",
			  "\\echo $n\nSELECT pg_sleep(0.002);\n";
		}
		close $script;
		my $self = { writer => $writer, in => '', out => '', err => '', file => $file };
		$self->{run} = IPC::Run::start(
			[ $node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose',
				'-d', $node->connstr('postgres') . ' application_name=writer', '-f', $file ],
			'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err});
		push @writers, $self;
	}
	return;
}

# What a client may be told when its server goes down.
my $gone = join '|', 'terminating connection', 'connection to server', 'server closed the connection', 'terminated abnormally',
  'before or while processing', 'another server process', 'the database system is', 'roll back the current', 'should be able to reconnect',
  'could not connect', 'no connection to the server', '57P0[123]', '^LOCATION: ';

# Ends the writers and says what is wrong with them: an error that the server's death does not explain, or a transaction
# that was acknowledged and is not there.
my $written = 0;
sub stop_writers {
	my @wrong;
	for my $self (@writers) {
		eval { $self->{run}->pump_nb };
		eval { $self->{run}->kill_kill(grace => 1) };
		unlink $self->{file};
	}
	ok(wait_for(sub { sql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'writer'}) eq '0' }), 'the writers are gone');
	for my $self (@writers) {
		push @wrong, grep { !/$gone/ && /\S/ } split /\n/, $self->{err};
		my $acknowledged = () = $self->{out} =~ /^\d+$/mg;
		my $there = sql("SELECT count(*) FROM proof.log WHERE writer = $self->{writer} AND n <= $acknowledged");
		push @wrong, "writer $self->{writer}: $acknowledged acknowledged, $there there" if $acknowledged != $there;
		$written += $acknowledged;
	}
	@writers = ();
	return join "\n", @wrong;
}

# --- deaths ---------------------------------------------------------------------------------------------------------------


my %death = (
	kill9 => sub {
		my ($pid) = @_;
		kill 9, $pid;
		wait_for(sub { !kill 0, $pid });
		is_back($node);
	},
	terminate => sub { my ($pid, $session) = @_; $session->query("SELECT pg_terminate_backend($pid)"); wait_for(sub { !kill 0, $pid }) },
	cancel    => sub { my ($pid, $session) = @_; $session->query("SELECT pg_cancel_backend($pid)") },
	# What pg_ctl stop -m immediate does, without the time that pg_ctl takes.
	immediate => sub {
		my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
		kill 'QUIT', $postmaster;
		wait_for(sub { !kill 0, $postmaster });
		$node->{_pid} = undef;
		$node->start;
	});
my @deaths = qw(kill9 immediate kill9 terminate immediate cancel);

my $has_phases = sql(q{SELECT to_regclass('partman.move_progress')});
# usual: how long a move takes, found by trial: shorter when a death comes too late, longer when not.
my (%histogram, %by_phase, %usual);

# Where the move is: as it says itself, else how much of its usual time has gone.
sub phase_of {
	my ($watcher, $pid, $name, $elapsed) = @_;
	my $phase = $has_phases ? $watcher->query("SELECT phase FROM partman.move_progress p WHERE to_jsonb(p)->>'pid' = '$pid'") : '';
	return $phase || sprintf '%3d %%', 20 * int(5 * $elapsed / ($usual{$name} || 1));
}

# Starts the move and lets it die: whether it was struck, and whether that was before its end.
sub die_once {
	my ($name, $form, $way, $wanted) = @_;
	my ($mover, $watcher) = (session($node, verbosity => 'verbose'), session($node));
	my $start = time;
	$mover->send($form->{call});
	my $until = $start + rand 1.05 * $usual{$name};
	if ($wanted) {
		sleep 0.002 until $mover->done || phase_of($watcher, $mover->pid, $name, 0) eq $wanted;
	} else {
		sleep 0.001 until time >= $until || $mover->done;
	}
	if ($mover->done) {
		my (undef, $err) = $mover->answer;
		blame_mover($name, $err);
		$usual{$name} = max(0.02, 0.8 * $usual{$name});
		$_->quit for $mover, $watcher;
		return (0, 0);
	}
	my $phase = phase_of($watcher, $mover->pid, $name, time - $start);
	$death{$way}->($mover->pid, $watcher);
	my ($end, $in_time) = (time + 60, 1);
	sleep 0.005 until $mover->done || time > $end;
	my ($out, $err) = @$mover{qw(out err)};
	blame_mover($name, $err =~ s/^.*(?:$gone).*$//mgr);
	# Only an answer that came before, or a request to stop that found nothing to stop, is too late.
	$in_time = 0 if $err !~ /$gone|57014/;
	$mover->kill_psql;
	$watcher->kill_psql;
	if ($in_time) {
		$usual{$name} *= 1.1;
		$histogram{"$phase, $name"}{$way}++;
		$by_phase{$phase}++;
	} else {
		$usual{$name} = max(0.02, 0.8 * $usual{$name});
	}
	return (1, $in_time);
}

# A move that has company may not get its locks in time, and says so. Nothing else may go wrong.
sub blame_mover {
	my ($name, $err) = @_;
	my @errors = grep { !/55P03|57014|57P01/ } grep { /ERROR|FATAL|PANIC/ } split /\n/, $err;
	is(join("\n", @errors), '', "$name: no error of the mover");
	return;
}

sub check_rows {
	my ($name, $form, $when) = @_;
	my ($there, $expected) = split /\|/, sql('SELECT ' . digest(tables_of($form)) . ', ' . digest('proof.shadow'));
	is($there, $expected, "$name, $when: every row once");
	return if $there eq $expected;
	my $all = join ' UNION ALL ', map { "SELECT tableoid::regclass AS place, id, at, payload FROM $_" } tables_of($form);
	diag(sql(qq{WITH a AS ($all) SELECT 'missing', 'proof.shadow', s.id, s.at, left(s.payload, 40) FROM proof.shadow s WHERE NOT EXISTS
			(SELECT FROM a WHERE a.id = s.id AND a.at IS NOT DISTINCT FROM s.at AND a.payload = s.payload) UNION ALL
		SELECT 'too many', place::text, id, at, left(payload, 40) FROM (SELECT *, row_number() OVER (PARTITION BY id) AS n FROM a) a WHERE n > 1
			OR NOT EXISTS (SELECT FROM proof.shadow s WHERE a.id = s.id) LIMIT 20}));
	return;
}

# Once more from the start until nothing is left to do.
sub finish {
	my ($name, $form) = @_;
	for (1 .. 5) {
		last unless unfinished($form);
		my (undef, undef, $err) = $node->psql('postgres', $form->{call}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
		blame_mover($name, $err);
	}
	is(unfinished($form), 0, "$name: the same call ends the work");
	return;
}

sub one_round {
	my ($name, $way, $wanted) = @_;
	my $form = $form{$name};
	prepare($form);
	my $known = things($node, 'm.ev');
	start_writers($form);
	my ($struck, $died) = die_once($name, $form, $way, $wanted);
	if ($struck) {
		is(stop_writers(), '', "$name, $way: writers saw nothing but the death");
		check_rows($name, $form, "after $way");
		start_writers($form);
		# The next call has to clear up after the first. It may die as well.
		if (rand() < 0.3) {
			my $again = one_of(@deaths);
			$died += (die_once($name, $form, $again, $wanted))[1];
			is(stop_writers(), '', "$name, $again: writers saw nothing but the second death");
			check_rows($name, $form, "after $way and $again");
			start_writers($form);
		}
		if (unfinished($form)) {
			my (undef, undef, $err) = $node->psql('postgres', $form->{call}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
			blame_mover($name, $err);
		}
	}
	is(stop_writers(), '', "$name, $way: the writers saw no error");
	check_rows($name, $form, 'with writers');
	finish($name, $form);
	check_rows($name, $form, 'at the end');
	my $gone = ($form->{home} // '') eq 'target' ? $known =~ s/^relation m\.ev_template.*\n?//mr : $known;
	is(sorted_out(things($node, 'm.ev'), $gone), '', "$name, $way: nothing is left over");
	is(sorted_out($gone, things($node, 'm.ev')), '', "$name, $way: nothing is missing");
	is(sql(q{SELECT proof.broken('m')}), '', "$name, $way: bounds, heaps and indexes are right");
	is(locks_left($node), '', "$name, $way: no lock");
	is(sql('SELECT count(*), count(e.id) FROM m.detail d LEFT JOIN m.ev e USING (id, at)'), join('|', ($rows / 100 + 1) x 2),
		"$name, $way: references are all there") if $form->{referenced};
	return $died;
}

my ($n, $killed, $began) = (0, 0, time);
$usual{$_} = $full ? 0.4 : 0.2 for keys %form;
while ($killed < $kills && $n < 3 * $kills) {
	my $name = $order[ $n % @order ];
	$killed += one_round($name, $deaths[ ($n + int($n / @deaths)) % @deaths ]);
	$n++;
	note(sprintf '%.1f s: %d rounds, %d deaths, %s usually takes %.2f s', time - $began, $n, $killed, $name, $usual{$name});
	BAIL_OUT('the server is lost') unless is_back($node);
}
cmp_ok($killed, '>=', $kills, "$killed moves died in $n rounds");

# In the long form no phase may be met less than five times.
if ($full && $has_phases) {
	for my $phase (grep { !/%/ } sort keys %by_phase) {    # not the parts of the time of moves that tell no phase
		for (1 .. 40) {
			last if $by_phase{$phase} >= 5;
			my @with = grep { /^\Q$phase\E, / } sort keys %histogram;
			one_round(one_of(@with) =~ s/^.*, //r, one_of(@deaths), $phase);
		}
		cmp_ok($by_phase{$phase}, '>=', 5, "phase $phase was met");
	}
}
for my $where (sort keys %histogram) {
	note(sprintf '%-40s %s', $where, join ', ', map { "$_ $histogram{$where}{$_}" } sort keys %{ $histogram{$where} });
}
note(sprintf '%-40s %d', $_, $by_phase{$_}) for sort keys %by_phase;
note("$written transactions were acknowledged meanwhile");

$node->stop;
done_testing();
