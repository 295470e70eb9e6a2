# Indexes of small partitions are built without parallel workers, whatever the server would ask for; of large ones as it
# decides. The server says at DEBUG1 how it builds an index.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $node = new_node('main', "wal_level = replica\nmin_parallel_table_scan_size = 128kB\nmax_parallel_maintenance_workers = 2\n");

# Rows of ten days in the default of ev, as many in "other", padded to so many bytes.
sub fill {
	my ($rows, $width) = @_;
	$node->safe_psql('postgres', qq{
		SET client_min_messages = warning;
		DROP TABLE IF EXISTS ev, other;
		DELETE FROM partman.part_config;
		CREATE TABLE ev (id int, at timestamptz NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
		CREATE INDEX ON ev (at);
		ALTER TABLE ev ALTER note SET STORAGE PLAIN;
		CREATE TABLE ev_default PARTITION OF ev DEFAULT;
		INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('public.ev', 'at', 'range', '1 day');
		INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('public.ev', 'UTC') ON CONFLICT DO NOTHING;
		CREATE TABLE other (LIKE ev INCLUDING ALL);
		INSERT INTO ev SELECT n, '2026-01-01 00:00+00'::timestamptz + n % 10 * interval '1 day', repeat('x', $width) FROM generate_series(1, $rows) n;
		INSERT INTO other TABLE ev});
	return;
}

# How the indexes of new partitions were built: the words of the server, each once. Those of tables without a page it takes
# for 80 kB.
sub builds {
	my ($call) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "SET client_min_messages = debug1; $call");
	is($rc, 0, 'the move succeeds') or diag($err);
	my %ways = map { $_ => 1 } $err =~ /building index "ev_p\w+" on table "ev_p\w+" (serially|with request for)/g;
	return join ',', sort keys %ways;
}

my %move = (
	function => q{SELECT partman.partition_data_time('public.ev', 20)},
	procedure => q{CALL partman.partition_data_proc('public.ev')},
	source => q{SELECT partman.partition_data_time('public.ev', 20, p_source_table => 'public.other')});
for my $way (sort keys %move) {
	fill(20_000, 100);    # ten partitions of 280 kB
	$node->safe_psql('postgres', 'TRUNCATE ev') if $way eq 'source';
	is(builds($move{$way}), 'serially', "$way: small partitions by one process");
}
fill(60_000, 7000);    # ten partitions of 48 MB
like(builds($move{function}), qr/with request for/, 'large ones with workers');
done_testing();
