# What a session keeps of the catalogs (src/pg/children.cpp) is never old: whatever another session, or itself, does to a
# partition, it sees what a new session sees.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main');
$node->safe_psql('postgres', q{
	CREATE SCHEMA k; CREATE SCHEMA other; CREATE ROLE somebody;
	CREATE TABLE k.ev (id bigint NOT NULL PRIMARY KEY, payload text) PARTITION BY RANGE (id);
	SELECT partman.create_parent('k.ev', 'id', '10', p_premake := 5, p_start_partition := '0', p_template_table := 'false');
	INSERT INTO k.ev SELECT i FROM generate_series(0, 35) i;
	UPDATE partman.part_config SET premake = 2, retention = '10', retention_keep_table = false;
	SELECT partman.run_maintenance('k.ev')});
$node->safe_psql('postgres', q{SELECT partman.create_partition_id('k.ev', '{0,10,20}')});

# Names, bounds, sizes and owners of what is to go and to come, and everything that differs.
my $look = q{
	SELECT concat('plan: ', string_agg(concat_ws(' ', action, partition_table, lower_bound, upper_bound, estimated_rows, bytes), ', ' ORDER BY step))
	FROM partman.plan_maintenance('k.ev')
	UNION ALL SELECT concat('check: ', string_agg(concat_ws(' ', code, partition_table, detail), ', ' ORDER BY code, partition_table, detail))
	FROM partman.check_partitions('k.ev')};
my $other = session($node);
my $this = session($node);
$_->query('SET client_min_messages = error') for $this, $other;
my $seen;

sub same {
	my ($what) = @_;
	my $now = $this->query($look);
	is($now, $node->safe_psql('postgres', $look), "$what: as a new session sees it");
	return $now;
}
# Something that shows.
sub changed {
	my ($what) = @_;
	my $now = same($what);
	isnt($now, $seen, "$what: seen");
	$seen = $now;
	return;
}

$seen = same('first');
like($seen, qr/k\.ev_p0 0 10 /, 'partitions are in it');
same('again');
for my $change (
	'ALTER TABLE k.ev_p0 RENAME TO ev_first',
	'ALTER TABLE k.ev_first RENAME TO ev_p0',
	'ALTER TABLE k.ev DETACH PARTITION k.ev_p10',
	'ALTER TABLE k.ev ATTACH PARTITION k.ev_p10 FOR VALUES FROM (10) TO (20)',
	'ALTER TABLE k.ev_p0 SET SCHEMA other',
	'ALTER SCHEMA other RENAME TO elsewhere',
	'ALTER TABLE elsewhere.ev_p0 SET SCHEMA k',
	'ALTER TABLE k.ev_p0 OWNER TO somebody',
	'ALTER TABLE k.ev_p0 OWNER TO CURRENT_USER',
	'ALTER TABLE k.ev_p10 REPLICA IDENTITY FULL',
	'ALTER TABLE k.ev_p10 REPLICA IDENTITY DEFAULT',
	'ALTER TABLE k.ev_p10 ENABLE ROW LEVEL SECURITY',
	'ALTER TABLE k.ev_p10 DISABLE ROW LEVEL SECURITY',
	'ALTER TABLE k.ev_p10 SET (autovacuum_enabled = off)',
	'ALTER TABLE k.ev_p10 RESET (autovacuum_enabled)',
	'ALTER TABLE k.ev_p10 SET UNLOGGED',
	'ALTER TABLE k.ev_p10 SET LOGGED',
	'INSERT INTO k.ev VALUES (5); ANALYZE k.ev_p0',
	'TRUNCATE k.ev_p0; INSERT INTO k.ev SELECT generate_series(0, 9); ANALYZE k.ev_p0',
	'TRUNCATE k.ev_p40; INSERT INTO k.ev VALUES (45)',
	'DROP TABLE k.ev_p10',
	'CREATE TABLE k.ev_p10 PARTITION OF k.ev FOR VALUES FROM (10) TO (20)',
	'ALTER TABLE k.ev_p10 RENAME TO ev_tenth; ALTER TABLE k.ev_tenth SET UNLOGGED',
	'DROP TABLE k.ev_tenth; CREATE TABLE k.ev_p10 PARTITION OF k.ev FOR VALUES FROM (10) TO (20)')
{
	my (undef, $err) = $other->query($change);
	is($err, '', $change);
	changed($change);
	same("$change, again");
}

# Its own changes, and those it takes back.
my $now = sub { return $this->query($look) };
$this->query('BEGIN');
$now->();
$this->query('ALTER TABLE k.ev_p0 RENAME TO ev_mine');
like($now->(), qr/ev_mine/, 'own change');
$this->query('SAVEPOINT a; ALTER TABLE k.ev_p20 RENAME TO ev_twenty');
like($now->(), qr/ev_twenty/, 'in a subtransaction');
$this->query('ROLLBACK TO a');
unlike($now->(), qr/ev_twenty/, 'which is rolled back');
like($now->(), qr/ev_mine/, 'and nothing but that');
$this->query('ROLLBACK');
is($now->(), $seen, 'all is rolled back');
$this->query('BEGIN; ALTER TABLE k.ev_p0 RENAME TO ev_mine');
$now->();
$this->query('COMMIT');
changed('own change, committed');

# An old snapshot leaves nothing that is old behind.
$this->query('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($now->(), $seen, 'repeatable read');
$other->query('ALTER TABLE k.ev_mine RENAME TO ev_p0');
like($now->(), qr/ev_mine/, 'it sees what it saw');
$this->query('COMMIT');
changed('after it');

# A run in between does what it says, in a session that has looked before.
my $premake = 4;
for my $round (1 .. 3) {
	same("round $round");
	$this->query(sprintf q{UPDATE partman.part_config SET premake = %d, retention = '%d'}, ++$premake, 30 - 5 * $round);
	same("round $round, configured");
	my (undef, $err) = $this->query('CALL partman.run_maintenance_proc()');
	is($err, '', "round $round: maintained");
	same("round $round, maintained");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM partman.plan_maintenance('k.ev')}), 0, "round $round: nothing is left");
}
$_->quit for $this, $other;
$node->stop;
done_testing();
