# A row that is not in its new place as it was read ends the move with an error, and nothing has moved. What spoils them
# here (the setting strata_testing.spoil) is only in the build for tests.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use MoveTest;
use Test::More;

my $node = new_node('main', "wal_level = replica\n");
add_proof($node);
# Values of all kinds: in line, compressed, out of line.
$node->safe_psql('postgres', q{
	CREATE TABLE ev (id int, at timestamptz NOT NULL, note text, wide text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
	ALTER TABLE ev ALTER wide SET STORAGE EXTERNAL;
	CREATE TABLE ev_default PARTITION OF ev DEFAULT;
	INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('public.ev', 'at', 'range', '1 day');
	INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('public.ev', 'UTC');
	CREATE TABLE other (LIKE ev INCLUDING ALL);
	CREATE TABLE back (LIKE ev INCLUDING ALL);
	CREATE VIEW rows AS SELECT h AS id, '2026-01-01 00:00+00'::timestamptz + h * interval '1 hour' AS at,
		repeat(md5(h::text), h % 300) AS note, CASE WHEN h % 7 = 0 THEN repeat(md5(h::text), 100) END AS wide
		FROM generate_series(0, 71) h;
	CREATE TABLE loose (LIKE ev) PARTITION BY RANGE (at);
	CREATE TABLE loose_default PARTITION OF loose DEFAULT;
	INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval) VALUES ('public.loose', 'at', 'range', '1 day');
	INSERT INTO partman.part_policy (parent_table, time_zone) VALUES ('public.loose', 'UTC');});

sub fill {
	my ($table) = @_;
	return $node->safe_psql('postgres', "INSERT INTO $table SELECT * FROM rows");
}
sub content { my ($table) = @_; return $node->safe_psql('postgres', "SELECT count(*), sum(hashtextextended(e::text, 0)) FROM $table e"); }
sub parts { return $node->safe_psql('postgres', q{SELECT count(*) FROM pg_inherits}); }

# One way to move rows: first spoilt, then not.
sub moves {
	my ($way, $from, $call) = @_;
	fill($from);
	my ($rows, $parts) = (content($from), parts());
	my $things = things($node, 'ev');
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET strata_testing.spoil = on; $call");
	like($err, qr/ERROR:  XX001: a row that was moved to "\w+" differs from what was read/, "$way: a spoilt row is an error");
	is(content($from), $rows, "$way: the rows are where they were");
	is(things($node, 'ev'), $things, "$way: nothing else is left behind") or diag("$things\n");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM partman.move_history'), 0, "$way: and nothing is on record");
	$node->safe_psql('postgres', $call);
	is($node->safe_psql('postgres', 'SELECT sum(rows_left) = 72 AND sum(rows_arrived) = 72 AND bool_and(checksum > 0) FROM partman.move_history'), 't',
		"$way: sound rows move");
	$node->safe_psql('postgres', q{DELETE FROM partman.move_history});
	return;
}

sub clear {
	$node->safe_psql('postgres', q{SELECT format('DROP TABLE %s', inhrelid::regclass) FROM pg_inherits JOIN pg_class ON oid = inhrelid
		WHERE relkind = 'r' AND inhrelid::regclass::text !~ 'default' \gexec});
	return $node->safe_psql('postgres', 'TRUNCATE ev, other, back, loose');
}

moves('function', 'ev_default', q{SELECT partman.partition_data_time('public.ev', 10)});
clear();
moves('one switch', 'ev_default', q{CALL partman.partition_data_proc('public.ev', p_wait => 0)});
clear();
moves('online', 'ev_default', q{SET pg_strata.move_method = online; CALL partman.partition_data_proc('public.ev', p_wait => 0)});
clear();
# Rows of a key that is no key cannot be moved online; a publication forbids a new file.
$node->safe_psql('postgres', 'ALTER TABLE loose_default REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR TABLE loose');
moves('one by one', 'loose_default', q{SELECT partman.partition_data_time('public.loose', 10)});
$node->safe_psql('postgres', 'DROP PUBLICATION p');
clear();
moves('source into new partitions', 'other', q{SELECT partman.partition_data_time('public.ev', 10, p_source_table => 'public.other')});
$node->safe_psql('postgres', 'TRUNCATE ev, other');
moves('source into partitions that exist', 'other', q{CALL partman.partition_data_proc('public.ev', p_wait => 0, p_source_table => 'public.other')});
$node->safe_psql('postgres', 'TRUNCATE ev, other');
moves('undo', 'ev', q{CALL partman.undo_partition_proc('public.ev', 'public.back', p_wait => 0, p_keep_table => false)});
is(content('back'), content('rows'), 'the rows are as they were');

done_testing();
