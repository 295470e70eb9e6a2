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

# So can the status; the calls have left nothing, there or at the primary.
my $status = 'SELECT parent_table, partitions, first_bound, last_bound, rows_in_default, problem FROM partman.partition_status';
is($standby->safe_psql('postgres', $status), $primary->safe_psql('postgres', $status), 'the status is the primary\'s, too');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM partman.partitions'), 5, 'and the partitions');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM partman.maintenance_history'), 0, 'no run is on record');
is($standby->safe_psql('postgres', q{SELECT touched FROM partman.explain_pruning('SELECT * FROM app.ev WHERE id = 5')}), 1, 'plans are explained');
# A run of the primary is none that was interrupted.
$primary->safe_psql('postgres', q{INSERT INTO partman.maintenance_run (caller, pid, backend_start, role, started_at, outcome)
	VALUES ('procedure', 1, now(), 'x', now(), 'running')});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT outcome FROM partman.maintenance_history'), 'running', 'a run of the primary is what the primary says');

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
