# Seed 003: the sample sets of its tool as that would have left them, adopted and maintained. The names, numbers and
# bounds are the tool's; the calls are psql one-liners whose exit status a scheduler looks at. The server's clock is set
# so that partitions become due and old.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use FindBin;
use lib $FindBin::RealBin;
use Superuser;
use Test::More;
use Time::Local qw(timegm);

my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
$faketime or plan(skip_all => 'libfaketime is not installed');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# Not UTC, so that it shows who relies on it.
$node->append_conf('postgresql.conf', "autovacuum = off\ntimezone = 'America/New_York'\n");

# Restarts the server at this moment of UTC; its clock then goes on.
sub at {
	my ($moment) = @_;
	$node->stop if $node->{_pid};
	my ($y, $mo, $d, $h, $mi) = $moment =~ /^(\d+)-(\d+)-(\d+) (\d+):(\d+)$/ or die;
	local $ENV{LD_PRELOAD} = $faketime;
	local $ENV{FAKETIME} = sprintf '%+d', timegm(0, $mi, $h, $d, $mo - 1, $y) - time;
	local $ENV{FAKETIME_DONT_FAKE_MONOTONIC} = 1;
	local $ENV{DONT_FAKE_MONOTONIC} = 1;
	$node->start;
	return;
}

sub value { return $node->safe_psql('postgres', $_[0]); }

# What a cron job or a Kubernetes job does: one command, its exit status.
sub command {
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', $sql ], '>', \$out, '2>', \$err);
	return ($ok ? 0 : $? >> 8, $err);
}

sub runs {
	my ($call, $name) = @_;
	my ($rc, $err) = command("CALL partman.$call");
	is($rc, 0, "$call exits with 0: $name") or diag($err);
	unlike($err, qr/WARNING|ERROR/, "$call: no complaint");
	return;
}

# Names and bounds of a set, a line each.
sub partitions {
	my ($table) = @_;
	return value(qq{
		SELECT string_agg(replace(c.relname, '${table}_', '') || ' ' || b[1] || ' ' || b[2], E'\\n' ORDER BY b[1])
		FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
		regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']*)''\\) TO \\(''([^'']*)') b WHERE inhparent = 'public.$table'::regclass});
}

# The tool's: from 7 before to 7 after the current one, or 3 and 1; bounds of its version 7 UUIDs are those of an instant
# with version and variant.
my $uuid7 = q{(SELECT lpad(to_hex((extract(epoch FROM m AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0'))};
sub tool_sql {
	my ($now) = @_;
	return qq{
		CREATE TABLE public.by_date (id bigint NOT NULL, created_at date NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
		CREATE TABLE public.by_timestamp (id bigint NOT NULL, created_at timestamp NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
		CREATE TABLE public.by_uuidv7 (id uuid PRIMARY KEY, value bigint) PARTITION BY RANGE (id);
		CREATE FUNCTION pg_temp.bound(m timestamp) RETURNS text LANGUAGE sql AS
			\$\$ SELECT substr(x, 1, 8) || '-' || substr(x, 9) || '-7000-8000-000000000000' FROM $uuid7 AS u(x) \$\$;
		SELECT format('CREATE TABLE public.%I PARTITION OF public.by_date FOR VALUES FROM (%L) TO (%L)',
			to_char(m, '"by_date_"YYYY'), m::date, (m + interval '1 year')::date)
			FROM generate_series(date_trunc('year', timestamp '$now') - interval '7 years', date_trunc('year', timestamp '$now') + interval '7 years', '1 year') m \\gexec
		SELECT format('CREATE TABLE public.%I PARTITION OF public.by_timestamp FOR VALUES FROM (%L) TO (%L)',
			to_char(m, '"by_timestamp_"YYYY_MM_DD'), m, m + interval '1 day')
			FROM generate_series(timestamp '$now' - interval '7 days', timestamp '$now' + interval '7 days', '1 day') m \\gexec
		SELECT format('CREATE TABLE public.%I PARTITION OF public.by_uuidv7 FOR VALUES FROM (%L) TO (%L)',
			to_char(m, '"by_uuidv7_"YYYY_MM'), pg_temp.bound(m), pg_temp.bound(m + interval '1 month'))
			FROM generate_series(date_trunc('month', timestamp '$now') - interval '3 months', date_trunc('month', timestamp '$now') + interval '1 month', '1 month') m \\gexec
	};
}

at('2025-03-05 12:00');
value(tool_sql('2025-03-05'));
value('CREATE SCHEMA partman; CREATE EXTENSION pg_strata SCHEMA partman');
my %left = map { $_ => partitions($_) } qw(by_date by_timestamp by_uuidv7);
is($left{by_uuidv7} =~ /^2025_03 (\S+)/m && $1, '01954f00-b000-7000-8000-000000000000', "the tool's bound of 2025-03-01");

# --- adopted: nothing is made, renamed or moved -------------------------------------------------------------------------

value(q{
	SET TimeZone = 'UTC';
	SELECT partman.create_parent('public.by_date', 'created_at', '1 year', p_premake := 7, p_default_table := false);
	SELECT partman.create_parent('public.by_timestamp', 'created_at', '1 day', p_premake := 7, p_default_table := false);
	SELECT partman.create_parent('public.by_uuidv7', 'id', '1 month', p_premake := 1, p_default_table := false,
		p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder');
	UPDATE partman.part_policy SET name_pattern = v.pattern FROM (VALUES ('public.by_date', '_YYYY'), ('public.by_timestamp', '_YYYY_MM_DD'),
		('public.by_uuidv7', '_YYYY_MM')) AS v(set, pattern) WHERE parent_table = v.set;
	UPDATE partman.part_config SET infinite_time_partitions = true, retention_keep_table = false,
		retention = CASE parent_table WHEN 'public.by_date' THEN '7 years' WHEN 'public.by_timestamp' THEN '7 days' ELSE '3 months' END});
is(partitions($_), $left{$_}, "$_ is as the tool left it") for sort keys %left;
is(value('SELECT string_agg(DISTINCT time_zone, $$ $$) FROM partman.part_policy'), 'UTC', 'all live by UTC');
runs('run_all()', 'on the same day');
# The rule of pg_partman rounds the distance to a premade partition, so one more may be made than the tool would.
for my $table (sort keys %left) {
	is(substr(partitions($table), 0, length $left{$table}), $left{$table}, "$table keeps what it had");
}

# --- later --------------------------------------------------------------------------------------------------------------

# 03:00 UTC is still the day before in New York.
at('2025-03-08 03:00');
runs('run_provisioning()', 'three days later');
like(partitions('by_timestamp'), qr/^2025_02_26 .*^2025_03_15 2025-03-15 00:00:00 2025-03-16 00:00:00$/ms, 'days ahead by the names of the tool, none gone');
unlike(partitions('by_timestamp'), qr/^(?!\d{4}_\d\d_\d\d )/m, 'all of them');
runs('run_cleanup()', 'three days later');
like(partitions('by_timestamp'), qr/\A2025_03_01 /, 'seven days before today are kept');
is(value(q{SELECT count(*) FROM pg_class WHERE relname LIKE 'by_timestamp_2025_02%' AND relkind = 'r'}), '0', 'those before are dropped');
runs('run_all()', 'again');
my $days = partitions('by_timestamp');
runs('run_all()', 'and again');
is(partitions('by_timestamp'), $days, 'nothing to do');

# Rows find their places, also those of version 7 UUIDs next to a bound.
value(q{INSERT INTO public.by_timestamp VALUES (1, '2025-03-14 23:59:59'), (2, '2025-03-15'); INSERT INTO public.by_date VALUES (1, '2031-12-31')});
is(value(q{SELECT string_agg(tableoid::regclass::text, ' ' ORDER BY id) FROM public.by_timestamp}), 'by_timestamp_2025_03_14 by_timestamp_2025_03_15', 'rows by timestamp');

# Detached instead of dropped: the tool's other policy.
value(q{UPDATE partman.part_config SET retention_keep_table = true WHERE parent_table = 'public.by_uuidv7'});
at('2025-06-01 00:30');
runs('run_all()', 'in June');
my $months = partitions('by_uuidv7');
like($months, qr/^2025_04 01/m, 'April is there');
like($months, qr/\A2025_03 01954f00-b000-7000-8000-000000000000 /, 'three months before June are kept');
like($months, qr/^2025_07 /m, 'and July is there');
is(join(' ', map { (split / /)[0] } grep { /^2025_0[3-7]/ } split /\n/, $months), '2025_03 2025_04 2025_05 2025_06 2025_07', 'month by month');
is(join("\n", map { (split / /)[1] } (split /\n/, $months)[ 1 .. 4 ]), join("\n", map { (split / /)[2] } (split /\n/, $months)[ 0 .. 3 ]), 'without a hole');
is(value(q{SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname LIKE 'by_uuidv7_202%' AND relkind = 'r' AND NOT relispartition}),
	'by_uuidv7_2024_12 by_uuidv7_2025_01 by_uuidv7_2025_02', 'older ones are detached and kept');
like(partitions('by_timestamp'), qr/\A2025_05_25 .*^2025_06_08 /ms, 'days, after months without a run');

at('2026-01-01 00:30');
runs('run_all()', 'in the new year, which has not begun in New York');
like(partitions('by_date'), qr/\A2019 2019-01-01 2020-01-01\n.*^2033 2033-01-01 2034-01-01/ms, 'years: seven before, seven ahead');

# A lower premake takes nothing back.
my %before = map { $_ => partitions($_) } sort keys %left;
value('UPDATE partman.part_config SET premake = 1');
runs($_, 'premake lowered') for qw(run_provisioning() run_cleanup() run_all());
is(partitions($_), $before{$_}, "$_: no future partition is gone") for sort keys %before;

# --- what fails exits with a status ------------------------------------------------------------------------------------

value(q{UPDATE partman.part_policy SET name_pattern = '_YYYY' WHERE parent_table = 'public.by_timestamp';
	UPDATE partman.part_config SET premake = 9 WHERE parent_table <> 'public.by_date'});
my ($rc, $err) = command('CALL partman.run_all()');
is($rc, 1, 'psql -c exits with 1');
like($err, qr/WARNING:.*name_pattern "_YYYY" cannot tell the partitions of "public.by_timestamp" apart.*ERROR:  provisioning failed for "public.by_timestamp"/s, 'and says why');
like(partitions('by_uuidv7'), qr/^2026_10 /m, 'the others were worked on');
($rc, $err) = command("CALL partman.run_provisioning('public.by_timestamp')");
is($rc, 1, 'one set');
($rc, $err) = command("CALL partman.run_provisioning('public.by_uuidv7')");
is($rc, 0, 'another') or diag($err);

$node->stop;
done_testing();
