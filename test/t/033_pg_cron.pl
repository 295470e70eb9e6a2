# pg_cron drives maintenance: children appear, and a failed set makes a failed job. The command lines of cron and
# systemd tell the same by their exit status.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use FindBin;
use lib $FindBin::RealBin;
use Superuser;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $library = `pg_config --pkglibdir`;
chomp $library;
-e "$library/pg_cron.so" or plan(skip_all => 'pg_cron is not installed');
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 20
autovacuum = off
});
$node->start;

sub value { return $node->safe_psql('postgres', $_[0]); }

# One day is missing in each set, so each has a child to make.
value(q{
	CREATE EXTENSION pg_cron;
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_strata SCHEMA partman;
	CREATE TABLE public.events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
	CREATE TABLE public.fixes (at timestamptz NOT NULL) PARTITION BY RANGE (at);
	SELECT partman.create_parent('public.events', 'at', '1 day', p_premake := 2);
	SELECT partman.create_parent('public.fixes', 'at', '1 day', p_premake := 2);
	INSERT INTO public.events VALUES (now());
	INSERT INTO public.fixes VALUES (now());
	UPDATE partman.part_config SET premake = 5});
my $children = q{SELECT string_agg(n::text, ' ' ORDER BY parent) FROM (
	SELECT inhparent::regclass::text AS parent, count(*) AS n FROM pg_inherits i JOIN pg_class c ON c.oid = inhparent AND relkind = 'p'
	WHERE relname IN ('events', 'fixes') GROUP BY 1) c};
is(value($children), '6 6', 'two days each way, today and the default');

# Runs the job at the next full minute, once, and gives what pg_cron recorded of it.
sub run_by_cron {
	my $job = value(q{SELECT cron.schedule('partman-maintenance', '* * * * *', $$CALL partman.run_maintenance_proc()$$)});
	my $ended = "FROM cron.job_run_details WHERE jobid = $job AND status IN ('succeeded', 'failed')";
	ok($node->poll_query_until('postgres', "SELECT count(*) > 0 $ended"), 'the run ends');
	value(q{SELECT cron.unschedule('partman-maintenance')});
	return value("SELECT status || ': ' || return_message $ended ORDER BY runid LIMIT 1");
}

like(run_by_cron(), qr/^succeeded: /, 'and succeeds');
is(value($children), '9 9', 'children have appeared');
is(value(q{SELECT count(*) FROM partman.part_config WHERE maintenance_last_run > now() - interval '5 minutes'}), '2', 'the run is recorded');

# Rows in the default stand in the way of one set.
value(q{
	INSERT INTO public.fixes SELECT now() + interval '6 days';
	UPDATE partman.part_config SET premake = 7});

# The command lines, as cron or a systemd unit would call them.
my @psql = ('psql', '-X', '-d', $node->connstr('postgres'), '-c');
command_ok([ @psql, q{SELECT partman.run_maintenance('public.events')} ], 'psql exits with 0');
command_fails_like([ @psql, q{SELECT partman.run_maintenance('public.fixes')} ], qr/ERROR:.*public\.fixes.*HINT:.*partition_data_time/s,
	'psql exits with an error that says what to do');
command_fails_like([ @psql, q{SELECT partman.run_maintenance('public.missing')} ], qr/ERROR:.*public\.missing/, 'a set that is not managed is an error');
is(value($children), '11 9', 'one set was maintained, the other not');

value(q{UPDATE partman.part_config SET premake = 8});
like(run_by_cron(), qr/^failed: ERROR:\s+maintenance failed for "public\.fixes"/, 'it fails, and the message names the set');
is(value($children), '12 11', 'the other set was maintained, and this one as far as it can be');
is(value(q{SELECT string_agg(parent_table, ' ') FROM partman.part_config WHERE maintenance_last_run IS NULL}), 'public.fixes', 'and only it has no last run');
command_fails_like([ @psql, 'CALL partman.run_maintenance_proc()' ], qr/WARNING:.*public\.fixes.*ERROR:.*maintenance failed for "public\.fixes"/s,
	'the same on the command line');

# What the message says to do cures it.
value(q{SELECT partman.partition_data_time('public.fixes', 1000)});
command_ok([ @psql, 'CALL partman.run_maintenance_proc()' ], 'cured');
is(value(q{SELECT count(*) FROM public.fixes_default}), '0', 'no row is left in the default');

$node->stop;
done_testing();
