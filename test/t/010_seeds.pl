# The users' own flows (test/seeds), on servers set up as theirs: pg_cron preloaded for seed 000, plain for seed 001.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use FindBin;
use lib $FindBin::RealBin;
use Superuser;
use Test::More;

my $seeds = 'test/seeds';

# Runs a file as psql would: the first error ends it. Returns exit status, output, messages.
sub run_file
{
	my ($node, $db, $file, @options) = @_;
	my ($out, $err);
	my $rc = IPC::Run::run(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @options, '-d', $node->connstr($db), '-f', "$seeds/$file"
		],
		'>', \$out, '2>', \$err) ? 0 : $? >> 8;
	return ($rc, $out, $err);
}

# A file that must come through without an error or a warning.
sub passes
{
	my ($node, $db, $file, $what, @options) = @_;
	my ($rc, $out, $err) = run_file($node, $db, $file, @options);
	my @complaints = grep { /ERROR|FATAL|WARNING/ } split /\n/, $err;
	ok($rc == 0 && @complaints == 0, $what) or diag("$file: exit status $rc\n$err");
	return $out;
}

sub command
{
	my ($node, $db, $sql) = @_;
	my ($out, $err);
	my $rc = IPC::Run::run([ 'psql', '-d', $node->connstr($db), '-c', $sql ], '>', \$out, '2>', \$err) ? 0 : $? >> 8;
	return ($rc, $err);
}

# --- seed 000: Flyway's migration, pg_cron -------------------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('idp');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_stat_statements,pg_cron'
cron.database_name = 'idpserver'
timezone = 'UTC'
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE idpserver');

my $out = passes($node, 'idpserver', 'seed_000.sql', 'seed 000: the migration runs in one transaction', '-1');
is(() = $out =~ /^ t$/mg, 2, 'create_parent says true for both tables');
passes($node, 'idpserver', 'seed_000_later.sql', 'seed 000: maintenance, monitoring, a longer retention');
passes($node, 'idpserver', 'seed_000_late.sql', 'seed 000: rows arrive before their children');

my ($rc, $err) = command($node, 'idpserver', 'CALL partman.run_maintenance_proc()');
is($rc, 1, 'maintenance fails, and a unit or cron job sees it');
like($err, qr/ERROR: .*"public\.security_event"/, 'it names the set');
like($err, qr/SELECT partman\.partition_data_time\('public\.security_event', 1000\)/, 'and the call to make');
is($node->safe_psql('idpserver', 'SELECT maintenance_last_run IS NULL FROM partman.part_config'), 't', 'the set counts as failed');
is( $node->safe_psql('idpserver',
		"SELECT count(*) FROM seed.parts('security_event') WHERE lo::date - current_date IN (200, 201, 202)"),
	'0', 'no child was made over the rows that wait');
passes($node, 'idpserver', 'seed_000_cured.sql', 'seed 000: partition_data_time cures it, maintenance then completes');

# --- the same, already on PR #951 ------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'DROP DATABASE idpserver (FORCE)');
$node->safe_psql('postgres', 'CREATE DATABASE idpserver');
passes($node, 'idpserver', 'seed_000_adopted_before.sql', 'seed 000 on PR #951: the old state', '-1');
$out = passes($node, 'idpserver', 'seed_000_adopted.sql', 'seed 000 on PR #951: the migration runs in one transaction', '-1');
is(() = $out =~ /^ t$/mg, 4, 'two jobs unscheduled, and create_parent says true for both tables');
passes($node, 'idpserver', 'seed_000_adopted_run.sql', 'seed 000 on PR #951: retention, the stray row, and nothing left to do');
$node->stop;

# --- seed 001: diesel's migration, a systemd timer --------------------------------------------------------------------

$node = PostgreSQL::Test::Cluster->new('soar');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE soar');
passes($node, 'soar', 'seed_001_before.sql', 'seed 001: the old table', '-1');
$out = passes($node, 'soar', 'seed_001.sql', 'seed 001: the migration runs in one transaction', '-1');
is(() = $out =~ /^ t$/mg, 1, 'create_parent says true');
passes($node, 'soar', 'seed_001_run.sql', 'seed 001: maintenance, monitoring, pruning');

# the unit's command line and its exit status
($rc, $err) = command($node, 'soar', q{SELECT partman.run_maintenance('public.fixes')});
is($rc, 0, 'the unit succeeds') or diag($err);
$node->safe_psql('soar',
	"INSERT INTO fixes (device_address, latitude, longitude, received_at) VALUES ('x', 0, 0, current_date + 40);
	 UPDATE partman.part_config SET ignore_default_data = false");
($rc, $err) = command($node, 'soar', q{SELECT partman.run_maintenance('public.fixes')});
is($rc, 1, 'the unit fails when maintenance does');
like($err, qr/HINT: .*partition_data_time\('public\.fixes', 1000\)/, 'and its journal says what to do');
passes($node, 'soar', 'seed_001_revert.sql', 'seed 001: the migration is reverted');
$node->stop;

done_testing();
