# Background workers that help an online move: whatever becomes of them, every row is moved once, and none outlives the
# session it helps.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use MoveTest;
use PostgreSQL::Test::Utils;
use Test::More;

# Rows are wide, so that 4,000 of them are four parts of 8 MB for a load that is shared.
my $node = new_node('main', "wal_level = replica\nmax_parallel_maintenance_workers = 2\nmax_wal_size = 4GB\n");
add_proof($node);
my $holder = holder($node);
$node->safe_psql('postgres', q{
	CREATE ROLE owner; CREATE SCHEMA s AUTHORIZATION owner;
	CREATE FUNCTION s.witness(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
		BEGIN
			IF $1 % 500 < 4 THEN RAISE LOG 'witness: % in %', current_user, pg_backend_pid(); END IF;
			RETURN $1;
		END $$;
	GRANT EXECUTE ON FUNCTION s.witness TO owner;
	GRANT USAGE ON SCHEMA partman TO owner; GRANT EXECUTE ON FUNCTION partman.capture_changes TO owner});

sub sql { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

my $content = q{SELECT count(*), sum(hashtextextended(e::text, 0)) FROM s.ev e};
my $rows;
sub fill {
	sql(q{
		SET client_min_messages = warning;
		DROP TABLE IF EXISTS s.ev;
		DELETE FROM partman.part_config;
		DELETE FROM partman.part_policy;
		CREATE TABLE s.ev (id int, at timestamptz NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
		CREATE INDEX ON s.ev (s.witness(id));
		ALTER TABLE s.ev ALTER note SET STORAGE PLAIN;
		CREATE TABLE s.ev_default PARTITION OF s.ev DEFAULT;
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('s.ev', 'at', 'range', '1 day');
		INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('s.ev', 'UTC');
		ALTER TABLE s.ev OWNER TO owner; ALTER TABLE s.ev_default OWNER TO owner;
		SET ROLE owner;
		INSERT INTO s.ev SELECT n, '2026-01-01 00:00+00'::timestamptz + n % 4 * interval '1 day', repeat(md5(n::text), 220) FROM generate_series(1, 4000) n});
	return $rows = sql($content);
}

my $helpers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_strata helper'};
sub helper_pid { return sql($helpers =~ s/count\(\*\)/pid/r); }
# The session waits after its first part and before its first index, so that there is something left for a helper.
my %waits;
sub let_wait { my (@points) = @_; $waits{$_}++ || $holder->shut($_) for @points; return; }
sub let_go { my (@points) = @_; delete $waits{$_} && $holder->open($_) for @points; return; }
sub mover {
	my ($settings) = @_;
	let_wait('online_part', 'online_index') unless $settings;
	my $mover = session($node);
	$mover->query("SET pg_strata.move_method = online; SET client_min_messages = notice; " . ($settings // ''));
	return $mover->send(q{CALL partman.partition_data_proc('s.ev', p_wait := 0)});
}

# Until a helper of this session stands there in this phase.
sub helper_stands {
	my ($mover, $point, $phase) = @_;
	my $stands = wait_for(sub {
		die 'the move has ended: ' . ($mover->answer)[1] if $mover->done;
		return sql(parked_sql("ANY (SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_strata helper')", $point)
			. " AND (SELECT phase FROM partman.move_progress) = '$phase'") eq 't' });
	let_go('online_part') if $phase eq 'loading';
	let_go('online_index') if $phase eq 'indexing';
	return $stands;
}
# All rows are there, frozen and so in sight before their transaction ends: nobody takes another part.
sub all_loaded {
	my $count = join ' + ', map { "(SELECT count(*) FROM s.ev_p2026010$_)" } 1 .. 4;
	return wait_for(sub { sql("SELECT $count") == 4000 }, 30);
}
sub ends_well {
	my ($mover, $what) = @_;
	let_go('online_part', 'online_index');
	my ($out, $err) = $mover->answer;
	like($err, qr/: 4000 rows moved/, "$what: the move succeeds");
	unlike($err, qr/ERROR|WARNING/, 'without complaint');
	return is_whole();
}
sub is_whole {
	is(sql($content), $rows, 'every row is there once');
	is(sql('SELECT count(*) FROM ONLY s.ev_default'), 0, 'in its partition');
	is(sql(q{SELECT count(*), sum(pg_relation_size(inhrelid)) / 8192 BETWEEN 4000 AND 4700 FROM pg_inherits WHERE inhparent = 's.ev'::regclass}), '5|t', 'of four, which hold nothing else');
	is(sql(q{SELECT string_agg(b, ', ') FROM proof.broken('s') b}), '', 'whose indexes are whole');
	is(sql($helpers), 0, 'and no helper is left');
	return;
}

# --- they help -----------------------------------------------------------------------------------------------------------
my %sees;
for my $phase (qw(loading indexing)) {
	fill();
	$holder->shut('helper_worked');
	my $mover = mover();
	ok(helper_stands($mover, 'helper_worked', 'loading'), 'a helper loads');
	is(sql($helpers), 1, 'one: of 64 MB of memory no more than two get 32');
	if ($phase eq 'indexing') {
		all_loaded();
		$holder->shut('helper_took');
		$holder->open('helper_worked');
		ok(helper_stands($mover, 'helper_took', 'indexing'), 'a helper is there to index');
		like(sql($helpers =~ s/count\(\*\)/query/r), qr/^partition_data_proc: indexing s\.ev_p2026010\d$/, 'and says so');
		$holder->shut('helper_worked');
		$holder->open('helper_took');
		ok(helper_stands($mover, 'helper_worked', 'indexing'), 'it indexes');
		%sees = (helper => helper_pid(), session => $mover->pid);
	}
	$holder->open('helper_worked');
	ends_well($mover, $phase);
	$mover->quit;
}
my $log = slurp_file($node->logfile);
like($log, qr/witness: owner in $sees{$_}$/m, "the $_ works as the owner of the set") for sort keys %sees;
unlike($log, qr/witness: (?!owner)/, 'so does everybody');

# --- they die ------------------------------------------------------------------------------------------------------------
my %dies = (
	'before it loads' => [ 'helper_took', 'loading' ],
	'while it loads' => [ 'helper_began', 'loading' ],
	'when it has loaded, before it commits' => [ 'helper_worked', 'loading' ]);
for my $when (sort keys %dies) {
	my ($point, $phase) = @{ $dies{$when} };
	fill();
	$holder->shut($point);
	my $mover = mover();
	ok(helper_stands($mover, $point, $phase), "a helper stands at $point");
	sql("SELECT pg_terminate_backend(${\ helper_pid()})");
	$holder->open($point);
	ends_well($mover, "a helper dies $when");
	$mover->quit;
}

fill();
$holder->shut('helper_worked');
my $mover = mover();
ok(helper_stands($mover, 'helper_worked', 'loading'), 'a helper loads');
all_loaded();
$holder->shut('helper_took');
$holder->open('helper_worked');
ok(helper_stands($mover, 'helper_took', 'indexing'), 'and is there to index');
sql("SELECT pg_terminate_backend(${\ helper_pid()})");
$holder->open('helper_took');
ends_well($mover, 'a helper dies before it indexes');
is(sql(q{SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indrelid WHERE h.inhparent = 's.ev'::regclass AND pg_relation_size(i.indexrelid) < 16384 AND h.inhrelid <> 's.ev_default'::regclass}), 0, 'no index is empty');
$mover->quit;

# --- the session goes ----------------------------------------------------------------------------------------------------
for my $how (qw(pg_cancel_backend pg_terminate_backend)) {
	fill();
	$holder->shut('helper_began');
	my $mover = mover();
	ok(helper_stands($mover, 'helper_began', 'loading'), 'a helper is at work');
	sql("SELECT $how(${\ $mover->pid})");
	ok(wait_for(sub { sql($helpers) eq '0' }, 30), "$how: the helper goes, too");
	$holder->open('helper_began');
	let_go('online_part', 'online_index');
	is(sql($content), $rows, 'every row is where it was');
	$mover = mover();
	ends_well($mover, 'the next call');
	$mover->quit;
}

# --- a move that waits ---------------------------------------------------------------------------------------------------
fill();
sql('UPDATE partman.part_policy SET move_min_free_mb = 2147483647');
$holder->shut('helper_began');
$mover = mover('SELECT');
ok(wait_for(sub { sql('SELECT phase FROM partman.move_progress') eq 'paused' }), 'the session pauses');
$holder->open('helper_began');
ok(wait_for(sub { sql(q{SELECT sum(pg_relation_size(oid)) / 8192 > 2000 FROM pg_class WHERE relname ~ '^ev_p2026' AND relkind = 'r'}) eq 't' }), 'the helper finishes its part');
sleep 2;
is(sql(q{SELECT sum(pg_relation_size(oid)) / 8192 < 3000 FROM pg_class WHERE relname ~ '^ev_p2026' AND relkind = 'r'}), 't', 'and takes no other');
sql('UPDATE partman.part_policy SET move_min_free_mb = 0');
ends_well($mover, 'with room again');
$mover->quit;

# --- no help -------------------------------------------------------------------------------------------------------------
my %none = (
	'no workers allowed' => [ 'SET max_parallel_maintenance_workers = 0', 'SELECT' ],
	'little memory' => [ q{SET maintenance_work_mem = '63MB'}, 'SELECT' ],
	'a limited rate' => [ 'SELECT', 'UPDATE partman.part_policy SET move_rate_mb = 1000' ],
	'an owner without his schema' => [ 'SELECT', 'ALTER SCHEMA s OWNER TO CURRENT_USER; REVOKE ALL ON SCHEMA s FROM owner; GRANT CREATE ON SCHEMA s TO owner' ]);
$holder->shut('helper_took');    # one that came would stay
for my $why (sort keys %none) {
	my ($setting, $change) = @{ $none{$why} };
	fill();
	sql($change);
	my $alone = mover($setting);
	ends_well($alone, $why);
	$alone->quit;
	sql('ALTER SCHEMA s OWNER TO owner; GRANT ALL ON SCHEMA s TO owner');
}
$holder->open('helper_took');
$holder->quit;
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');    # the launcher of logical replication has it
$node->restart;
fill();
$mover = mover('SELECT');
ends_well($mover, 'no slot is free');
$mover->quit;
done_testing();
