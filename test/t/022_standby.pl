# On a hot standby maintenance does nothing, says nothing and fails nothing; the plan can be read there.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_node('primary', '', allows_streaming => 1);
add_set($primary, 'app');
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);

is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');
my $before = children_of($standby, 'app');
for my $call ('SELECT partman.run_maintenance()', "SELECT partman.run_maintenance('app.ev', p_analyze := true)",
	"SELECT partman.run_maintenance('no.such')", 'CALL partman.run_maintenance_proc()',
	'CALL partman.run_maintenance_proc(1, true)')
{
	my ($rc, $out, $err) = $standby->psql('postgres', $call);
	is($rc, 0, "$call succeeds");
	is($err, '', "$call says nothing");
}
is(children_of($standby, 'app'), $before, 'nothing has changed');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), 0, 'no advisory lock');

my $plan = q{SELECT step, action, partition_table, lower_bound, upper_bound, statement FROM partman.plan_maintenance() ORDER BY step};
my ($rc, $out, $err) = $standby->psql('postgres', $plan);
is($rc, 0, 'the plan can be read on the standby') or diag($err);
is($out, $primary->safe_psql('postgres', $plan), 'and is the primary\'s');
like($out, qr/create\|app\.ev_p40.*detach\|app\.ev_p0/s, 'with creations and retirements');

# What would write says why it cannot.
($rc, $out, $err) = $standby->psql('postgres', "SELECT partman.create_parent('app.other', 'id', '10')");
isnt($rc, 0, 'create_parent fails there');

# After the promotion it works.
$primary->stop;
$standby->promote;
$standby->safe_psql('postgres', 'CALL partman.run_maintenance_proc()');
isnt(children_of($standby, 'app'), $before, 'a promoted standby maintains its sets');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM partman.plan_maintenance()'), 0, 'all of them');

$standby->stop;
done_testing();
