# The background worker: rounds over several databases, what fails in one of them, reload, end, standby; and what a
# server has of it that does not preload the library.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use FindBin;
use lib $FindBin::RealBin;
use Superuser;
use Test::More;
use Time::HiRes qw(sleep time);

my $main_name = 'pg_strata master background worker';
my $type = 'pg_strata background worker';

sub new_server {
	my ($name, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%init);
	$node->append_conf('postgresql.conf',
		"autovacuum = off\nlog_statement = none\nrestart_after_crash = on\nmax_connections = 30\nlog_min_messages = debug1\nlog_line_prefix = '%m [%p] %b|%a|%u|%d '\n");
	return $node;
}

# The log from a place on.
sub log_from { my ($node, $offset) = @_; return substr(slurp_file($node->logfile), $offset); }
sub log_end { my ($node) = @_; return -s $node->logfile; }

# Until the condition holds.
sub wait_for {
	my ($condition, $name) = @_;
	my $end = time + 90;
	until ($condition->()) {
		if (time > $end) { fail($name); die "waited too long\n"; }
		sleep 0.05;
	}
	pass($name);
	return 1;
}

# Until the query gives true; also over a restart.
sub polled {
	my ($node, $database, $query, $name) = @_;
	return wait_for(sub { my ($rc, $out) = $node->psql($database, $query); return $rc == 0 && $out eq 't'; }, $name);
}

# Until the log from a place on tells something; gives what the parentheses caught.
sub logged {
	my ($node, $pattern, $offset, $name) = @_;
	my @found;
	wait_for(sub { @found = log_from($node, $offset) =~ $pattern; return scalar @found; }, $name);
	return $found[0];
}

sub set { my ($node, %settings) = @_; set_for($node, 'pg_strata_bgw', %settings); return; }

# Settings as an administrator changes them; undef takes one out.
sub set_for {
	my ($node, $prefix, %settings) = @_;
	for my $name (sort keys %settings) {
		my $value = $settings{$name};
		$value =~ s/'/''/g if defined $value;
		$node->safe_psql('postgres', defined $value ? qq{ALTER SYSTEM SET $prefix."$name" = '$value'} : qq{ALTER SYSTEM RESET $prefix."$name"});
	}
	return;
}

# A database with a set of integers that has two partitions to make, owned by the maintaining role.
sub add_database {
	my ($node, $database, $schema) = @_;
	my $quoted = $database =~ s/"/""/gr;
	$node->safe_psql('postgres', qq{CREATE DATABASE "$quoted"});
	$node->safe_psql($database, qq{
		CREATE SCHEMA IF NOT EXISTS "$schema";
		CREATE EXTENSION pg_strata SCHEMA "$schema";
		GRANT USAGE ON SCHEMA "$schema" TO partman_maintainer;
		GRANT ALL ON ALL TABLES IN SCHEMA "$schema" TO partman_maintainer;
		CREATE SCHEMA app AUTHORIZATION partman_maintainer});
	add_set($node, $database, $schema, 'ev');
	return;
}

sub add_set {
	my ($node, $database, $schema, $table) = @_;
	$node->safe_psql($database, qq{
		CREATE TABLE app.$table (id bigint NOT NULL) PARTITION BY RANGE (id);
		SELECT "$schema".create_parent('app.$table', 'id', '10', p_premake := 2, p_start_partition := '0', p_template_table := 'false');
		INSERT INTO app.$table VALUES (5);
		ALTER TABLE app.$table OWNER TO partman_maintainer;
		UPDATE "$schema".part_config SET premake = 4 WHERE parent_table = 'app.$table'});
	my $alter = $node->safe_psql($database, qq{SELECT string_agg(format('ALTER TABLE %s OWNER TO partman_maintainer', inhrelid::regclass), ';')
		FROM pg_inherits WHERE inhparent = 'app.$table'::regclass});
	$node->safe_psql($database, $alter);
	return;
}

sub children {
	my ($node, $database, $table) = @_;
	$table //= 'ev';
	return $node->safe_psql($database, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'app.$table'::regclass");
}

# Takes the newest partition away, so that the next round has one to make.
sub give_work {
	my ($node, $database) = @_;
	my $newest = $node->safe_psql($database, q{SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
		WHERE inhparent = 'app.ev'::regclass AND relname <> 'ev_default' ORDER BY length(relname) DESC, relname DESC LIMIT 1});
	$node->safe_psql($database, "DROP TABLE $newest");
	return;
}

sub maintained {
	my ($node, $database, $count, $name) = @_;
	polled($node, $database, "SELECT count(*) = $count FROM pg_inherits WHERE inhparent = 'app.ev'::regclass", $name);
	return;
}

sub main_pid { my ($node, $offset) = @_; return logged($node, qr/\[(\d+)\] [^\n]*LOG:  \Q$main_name\E started/, $offset, 'the main worker starts'); }

# --- not preloaded ----------------------------------------------------------------------------------------------------

my $node = new_server('main', allows_streaming => 1);
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE partman_maintainer LOGIN');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_settings WHERE name LIKE '%\_bgw.%'}), 0, 'no settings');
my $settings = q{SELECT string_agg(concat(name, '=', setting, '/', context), ' ' ORDER BY name COLLATE "C") FROM pg_settings WHERE name LIKE };
my %expected = map { ($_ => "$_.analyze=off/sighup $_.dbname=/sighup $_.interval=3600/sighup $_.jobmon=on/sighup "
	. "$_.maintenance_wait=0/sighup $_.role=partman_maintainer/sighup") } qw(pg_strata_bgw pg_partman_bgw);
is($node->safe_psql('postgres', "LOAD 'pg_strata'; $settings '$_.%'"), $expected{$_}, "$_: defaults where the library is loaded") for sort keys %expected;
add_database($node, 'one', 'partman');
add_database($node, 'Two, "2"', 'Part Man');
add_database($node, 'd' x 63, 'public');
$node->safe_psql('postgres', 'CREATE DATABASE bare; CREATE DATABASE broken');
is(children($node, 'one'), 4, 'three partitions and a default');
unlike(log_from($node, 0), qr/background worker "pg_strata/, 'and no worker');
is($node->safe_psql('one', 'SELECT count(*) FROM partman.maintenance_jobs()'), 0, 'nor is one said to maintain');

# --- several databases, most of them with something wrong -------------------------------------------------------------

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_strata'\nmax_worker_processes = 4\n");
my $start = log_end($node);
$node->restart;
my $pid = main_pid($node, $start);
is($node->safe_psql('postgres', "$settings '$_.%'"), $expected{$_}, "$_: defaults when preloaded") for sort keys %expected;
unlike(log_from($node, $start), qr/starting maintenance/, 'no database is listed, none is maintained');

$node->safe_psql('broken', 'CREATE SCHEMA closed; CREATE EXTENSION pg_strata SCHEMA closed');
my $mark = log_end($node);
set($node, dbname => 'missing, BARE,broken , one,"Two, ""2""",' . 'd' x 63);
$node->reload;
maintained($node, 'd' x 63, 6, 'the last database of the list is maintained');
is(children($node, 'one'), 6, 'and one before it');
is(children($node, 'Two, "2"'), 6, 'and one that needs quotes');
is($node->safe_psql('one', 'SELECT DISTINCT caller, role FROM partman.maintenance_run'), 'worker|partman_maintainer', 'the history knows it for the worker');
my $jobs = 'SELECT scheduler, schedule, role, active FROM';
is($node->safe_psql('one', "$jobs partman.maintenance_jobs()"), 'pg_strata_bgw|pg_strata_bgw: every 3600 s|partman_maintainer|t', 'it is known as what maintains here');
is($node->safe_psql('Two, "2"', "$jobs \"Part Man\".maintenance_jobs()"), 'pg_strata_bgw|pg_strata_bgw: every 3600 s|partman_maintainer|t', 'wherever it is told to');
is($node->safe_psql('one', 'SELECT schedule FROM partman.partition_status'), 'pg_strata_bgw: every 3600 s', 'the status of a set tells it');
my $log = log_from($node, $mark);
like($log, qr/FATAL:  database "missing" does not exist\n[^\n]*CONTEXT:  pg_strata dynamic background worker \(dbname=missing\), connecting as role "partman_maintainer"/,
	'what is missing is named');
like($log, qr/ERROR:  permission denied for schema closed/, 'a database whose schema is closed to the role fails');
like($log, qr/STATEMENT:  CALL closed\.run_maintenance_proc\(p_wait => 0, p_analyze => false, p_jobmon => true\)/, 'with the statement');
unlike($log, qr/(ERROR|FATAL|WARNING)[^\n]*bare/i, 'one without the extension is passed over');
like($log, qr/database "missing".*database "bare".*database "broken".*database "one".*database "Two, "2"".*database "d{63}"/s, 'in the order of the list, folded as identifiers are');
like($log, qr/pg_strata dynamic background worker \(dbname=d{47}\.\.\.\)/, 'a long name is cut') if $log =~ /starting background worker process/;
unlike($log, qr/\Q$main_name\E"? .*exited/, 'the main worker lives on');

# --- role -------------------------------------------------------------------------------------------------------------

give_work($node, 'one');
$node->safe_psql('postgres', 'CREATE ROLE sleeper NOLOGIN');
for my $case ([ 'no_such_role', qr/FATAL:  role "no_such_role" does not exist/ ], [ '', qr/FATAL:  role "" does not exist/ ],
	[ 'sleeper', qr/FATAL:  role "sleeper" is not permitted to log in/ ])
{
	my ($role, $message) = @$case;
	$mark = log_end($node);
	set($node, dbname => 'one', role => $role);
	$node->reload;
	like(logged($node, qr/($message.*?dbname=one.*?)\n/s, $mark, "role '$role' cannot connect"), qr/connecting as role "$role"/, 'the message names it');
}
is(children($node, 'one'), 5, 'and nobody else, least of all a superuser, has done the work');
set($node, role => undef);
$node->reload;
maintained($node, 'one', 6, 'the default role does it after the next reload');
is($node->safe_psql('one', q{SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ' ') FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
	WHERE inhparent = 'app.ev'::regclass}), 'partman_maintainer', 'partitions belong to the owner of the set');

# --- interval ---------------------------------------------------------------------------------------------------------

give_work($node, 'one');
set($node, interval => 1);
$node->reload;
maintained($node, 'one', 6, 'a reload starts a round');
for my $round (1, 2) {
	give_work($node, 'one');
	maintained($node, 'one', 6, "interval of a second, round $round");
}
my ($rc, $out, $err) = $node->psql('postgres', "ALTER SYSTEM SET pg_strata_bgw.interval = 0");
like($err, qr/0 is outside the valid range/, 'an interval of 0 is refused');

# --- a malformed list -------------------------------------------------------------------------------------------------

$mark = log_end($node);
set($node, dbname => 'one,,two');
$node->reload;
logged($node, qr/LOG:  (invalid list of databases in "pg_strata_bgw.dbname": one,,two)/, $mark, 'a malformed list is logged');
give_work($node, 'one');
$mark = log_end($node);
set($node, dbname => 'one', interval => 3600);
$node->reload;
maintained($node, 'one', 6, 'and when it is corrected and reloaded, work goes on');
unlike(log_from($node, $mark), qr/\Q$main_name\E started/, 'by the same worker');

# --- a worker at work: what is seen of it, cancel, terminate, kill ----------------------------------------------------

# After a set it had work with it waits as long as p_wait says, and that is where it is found.
add_set($node, 'one', 'partman', 'second');
my $working = "SELECT pid FROM pg_stat_activity WHERE backend_type = '$type' AND wait_event = 'Extension' AND datname = 'one'";

sub park {
	my ($what) = @_;
	set($node, dbname => 'one, "Two, ""2"""', analyze => 'on', jobmon => 'yes', maintenance_wait => 10000);
	give_work($node, $_) for 'one', 'Two, "2"';
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = '$type'");
	$node->reload;
	polled($node, 'postgres', "SELECT count(*) = 1 FROM ($working) w", "$what: a worker");
	return $node->safe_psql('postgres', $working);
}

my $worker = park('look');
is($node->safe_psql('postgres', "SELECT concat_ws('|', datname, usename, application_name, state, query) FROM pg_stat_activity WHERE pid = $worker"),
	"one|partman_maintainer|$type|active|CALL partman.run_maintenance_proc(p_wait => 10000, p_analyze => true, p_jobmon => false)",
	'what a worker does is seen, as whom, and with the settings');
is($node->safe_psql('postgres', "SELECT rolsuper FROM pg_stat_activity JOIN pg_roles ON rolname = usename WHERE pid = $worker"), 'f', 'not as a superuser');
like(children($node, 'one', 'second') . ' ' . children($node, 'one'), qr/^(4 6|6 5)$/, 'it has committed one set before it waits for the next');

$mark = log_end($node);
$node->safe_psql('postgres', "SELECT pg_cancel_backend($worker)");
maintained($node, 'Two, "2"', 6, 'after a cancel the next database has its turn');
like(log_from($node, $mark), qr/ERROR:  canceling statement due to user request/, 'the cancel is logged');

$worker = park('terminate');
$mark = log_end($node);
$node->safe_psql('postgres', "SELECT pg_terminate_backend($worker)");
maintained($node, 'Two, "2"', 6, 'after a terminated worker the next database has its turn');
like(log_from($node, $mark), qr/FATAL:  terminating background worker "$type" due to administrator command/, 'that is logged, too');
is($node->safe_psql('one', q{SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
	WHERE locktype = 'advisory' AND datname = 'one'}), 0, 'no advisory lock stays behind');

# SIGKILL takes all sessions with it, as it does with any of them; then the worker comes back at once.
$worker = park('kill');
$mark = log_end($node);
kill 'KILL', $worker;
my $new_pid = main_pid($node, $mark);
isnt($new_pid, $pid, 'after a crash it is a new one');
polled($node, 'postgres', "SELECT count(*) = 1 FROM ($working) w", 'and it works');

# SIGTERM to the main worker while it waits for the other, which goes on.
$worker = $node->safe_psql('postgres', $working);
$mark = log_end($node);
kill 'TERM', $new_pid;
logged($node, qr/background worker "$type" \(PID $new_pid\) (exited with exit code 0)/, $mark, 'SIGTERM ends the main worker cleanly');
is($node->safe_psql('postgres', $working), $worker, 'and leaves the other alone');

# A fast shutdown does not wait for anybody.
give_work($node, 'one');
$node->restart;
polled($node, 'postgres', "SELECT count(*) = 1 FROM ($working) w", 'a worker after the restart');
my $begin = time;
$node->stop('fast');
cmp_ok(time - $begin, '<', 60, 'a fast shutdown does not wait for a worker that waits');
unlike(log_from($node, $mark), qr/PANIC|terminated by signal/, 'nothing crashed');

# --- no free worker ---------------------------------------------------------------------------------------------------

$node->append_conf('postgresql.conf', "max_worker_processes = 2\n"); # core's launcher of logical replication has one
$mark = log_end($node);
$node->start;
$pid = main_pid($node, $mark);
logged($node, qr/WARNING:  (no background worker is free for the maintenance of database "one").*"Two, "2"".*HINT:  Consider increasing max_worker_processes/s,
	$mark, 'a full table of workers is logged for each database');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");
unlike(log_from($node, $mark), qr/\(PID $pid\) exited/, 'and does not end the main worker');

# --- the names of pg_partman ------------------------------------------------------------------------------------------

set($node, map { $_ => undef } qw(dbname analyze jobmon maintenance_wait interval));
set_for($node, 'pg_partman_bgw', dbname => 'one', interval => 1);
give_work($node, 'one');
$node->restart;
maintained($node, 'one', 6, 'pg_partman_bgw.dbname is used');
give_work($node, 'one');
maintained($node, 'one', 6, 'and its interval');
$mark = log_end($node);
set($node, dbname => 'bare', interval => 3600);
$node->reload;
logged($node, qr/(starting maintenance of database "bare")/, $mark, 'where ours is given');
unlike(log_from($node, $mark) =~ s/.*?database "bare"//sr, qr/database "one"/, 'it wins, be it with its default value');

set_for($node, 'pg_partman_bgw', dbname => undef, interval => undef);

# --- standby ----------------------------------------------------------------------------------------------------------

set($node, dbname => 'one', interval => 1);
$node->restart;
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
unlike(log_from($standby, 0), qr/\Q$main_name\E started/, 'no worker starts on a standby');
$node->stop;
$standby->promote;
main_pid($standby, 0);
give_work($standby, 'one');
maintained($standby, 'one', 6, 'after the promotion it works');
$standby->stop;

done_testing();
