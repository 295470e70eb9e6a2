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
	ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0;
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
	is(value(q{SELECT scheduler, job_name, schedule, active, parent_table FROM partman.maintenance_jobs()}), 'pg_cron|partman-maintenance|* * * * *|t|',
		'the job is known as one that maintains all sets');
	is(value(q{SELECT DISTINCT schedule FROM partman.partition_status}), '* * * * *', 'the status tells the schedule');
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

# Which jobs maintain what: other jobs, other databases, one set, a paused one.
value(q{
	SELECT cron.schedule('all', '0 2 * * *', 'SELECT "partman".run_maintenance()');
	SELECT cron.schedule('one', '5 * * * *', $$SELECT partman.run_maintenance('public.fixes', p_analyze => true)$$);
	SELECT cron.schedule('named', '6 * * * *', $$SELECT partman.run_maintenance(p_analyze := true, p_parent_table := 'public.events')$$);
	SELECT cron.schedule('paused', '7 * * * *', 'CALL partman.run_maintenance_proc()');
	SELECT cron.schedule('other', '8 * * * *', 'VACUUM');
	SELECT cron.schedule('elsewhere', '9 * * * *', 'CALL partman.run_maintenance_proc()');
	UPDATE cron.job SET active = false WHERE jobname = 'paused';
	UPDATE cron.job SET database = 'template1' WHERE jobname = 'elsewhere'});
is(value('SELECT job_name, active, parent_table FROM partman.maintenance_jobs()'),
	"all|t|\none|t|public.fixes\nnamed|t|public.events\npaused|f|", 'jobs are told apart');
value(q{UPDATE partman.part_config SET automatic_maintenance = 'off' WHERE parent_table = 'public.events'});
is(value('SELECT parent_table, schedule FROM partman.partition_status ORDER BY 1'),
	"public.events|6 * * * *\npublic.fixes|0 2 * * *; 5 * * * *", 'each set has its own');
# pg_cron shows everybody his own jobs.
value(q{CREATE ROLE other; GRANT USAGE ON SCHEMA partman TO other});
is(value('SET ROLE other; SELECT count(*) FROM partman.maintenance_jobs()'), 0, 'those of others are not shown');
value('REVOKE ALL ON SCHEMA cron FROM PUBLIC');
is(value('SET ROLE other; SELECT count(*) FROM partman.maintenance_jobs()'), 0, 'nor is it an error that they cannot be read');
value(q{SELECT cron.unschedule(jobid) FROM cron.job; UPDATE partman.part_config SET automatic_maintenance = 'on'; DROP OWNED BY other; DROP ROLE other});

# --- schedule_maintenance -----------------------------------------------------------------------------------------------

my $jobs = q{SELECT string_agg(concat_ws('|', jobname, schedule, command, database, username), ' ' ORDER BY jobname, username) FROM cron.job};
my $own = 'CALL partman.run_maintenance_proc()|postgres|postgres';
my $number = value(q{SELECT partman.schedule_maintenance('0 2 * * *')});
is(value($jobs), "partman-maintenance|0 2 * * *|$own", 'the job');
is(value('SELECT jobid FROM cron.job'), $number, 'its number');
is(value(q{SELECT partman.schedule_maintenance('30 3 * * 1')}), $number, 'again: the same job');
is(value($jobs), "partman-maintenance|30 3 * * 1|$own", 'with the new schedule');
value(q{SELECT partman.schedule_maintenance(p_schedule => '5 * * * *', p_job_name => 'It''s "hourly"')});
is(value($jobs), qq{It's "hourly"|5 * * * *|$own partman-maintenance|30 3 * * 1|$own}, 'another name, another job');
is(value(q{SELECT partman.unschedule_maintenance('It''s "hourly"')}), 't', 'gone');
is(value(q{SELECT partman.unschedule_maintenance('It''s "hourly"')}), 'f', 'there is none any more');
command_fails_like([ @psql, q{SELECT partman.schedule_maintenance('every night')} ], qr/ERROR:.*invalid schedule: every night/, 'no schedule');
for my $wrong (q{''}, q{repeat('x', 64)}) {
	command_fails_like([ @psql, "SELECT partman.schedule_maintenance('0 2 * * *', $wrong)" ], qr/ERROR:.*p_job_name must have 1 to 63 bytes/, 'no name of a job');
}
command_fails_like([ @psql, q{SELECT partman.schedule_maintenance(NULL)} ], qr/ERROR:.*p_schedule must not be null/, 'no schedule at all');
is(value($jobs), "partman-maintenance|30 3 * * 1|$own", 'nothing was made by those');

# As the caller: his job beside that of others, and only if he may use pg_cron.
value(q{CREATE ROLE nightly LOGIN; GRANT USAGE ON SCHEMA partman TO nightly});
my @nightly = ('psql', '-X', '-d', $node->connstr('postgres') . ' user=nightly', '-c');
command_fails_like([ @nightly, q{SELECT partman.schedule_maintenance('0 4 * * *')} ], qr/ERROR:.*permission denied for schema cron.*HINT:.*USAGE on schema cron/s, 'who may not use pg_cron');
value('GRANT USAGE ON SCHEMA cron TO nightly');
command_ok([ @nightly, q{SELECT partman.schedule_maintenance('0 4 * * *')} ], 'who may');
is(value($jobs), "partman-maintenance|0 4 * * *|CALL partman.run_maintenance_proc()|postgres|nightly partman-maintenance|30 3 * * 1|$own", 'has a job of his own');
is(value('SELECT partman.unschedule_maintenance()'), 't', 'each removes his own');
is(value($jobs), 'partman-maintenance|0 4 * * *|CALL partman.run_maintenance_proc()|postgres|nightly', 'and no other');
command_ok([ @nightly, 'SELECT partman.unschedule_maintenance()' ], 'and so does he');
is(value($jobs), '', 'none is left');

# The job runs: a child that is due appears.
value(q{UPDATE partman.part_config SET premake = 11; SELECT partman.schedule_maintenance('* * * * *')});
ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM cron.job_run_details WHERE command = 'CALL partman.run_maintenance_proc()' AND status = 'succeeded'
	AND jobid = (SELECT jobid FROM cron.job)}), 'the job runs');
cmp_ok((split / /, value($children))[0], '>', 14, 'and has made children');
value('SELECT partman.unschedule_maintenance()');

# Elsewhere than in pg_cron's database, and without pg_cron: what to do instead.
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE SCHEMA "My Part"; CREATE EXTENSION pg_strata SCHEMA "My Part"');
my @other = ('psql', '-X', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('other'), '-c');
command_fails_like([ @other, q{SELECT "My Part".schedule_maintenance('0 2 * * *')} ],
	qr/ERROR:  0A000: .*pg_cron is not installed in this database.*HINT:  In database "postgres": (SELECT cron\.schedule_in_database\('partman-maintenance', .*, 'other'\));/s,
	'another database');
my ($out, $err) = ('', '');
$node->psql('other', q{SELECT "My Part".schedule_maintenance('0 2 * * *')}, stderr => \$err);
my ($hint) = $err =~ /(SELECT cron\.schedule_in_database\(.*\));/;
value($hint);
is(value($jobs), 'partman-maintenance|0 2 * * *|CALL "My Part".run_maintenance_proc()|other|postgres', 'what the hint says makes the job');
command_fails_like([ @other, q{SELECT "My Part".unschedule_maintenance()} ], qr/ERROR:  0A000: .*HINT:/s, 'nor can it be removed from there');
$node->safe_psql('other', 'GRANT USAGE ON SCHEMA "My Part" TO nightly');
command_fails_like([ @other[0 .. 3], '-d', $node->connstr('other') . ' user=nightly', '-c', q{SELECT "My Part".schedule_maintenance('0 2 * * *')} ],
	qr/ERROR:  0A000: .*HINT:  Install pg_cron, or preload pg_strata/s, 'who may not see the settings of pg_cron');
value('DROP EXTENSION pg_cron');
command_fails_like([ @psql, q{SELECT partman.schedule_maintenance('0 2 * * *')} ],
	qr/ERROR:.*pg_cron is not installed.*HINT:  Run CREATE EXTENSION pg_cron, or preload pg_strata and set pg_strata_bgw.dbname, or let the system's cron run: psql -d 'postgres' -c 'CALL partman.run_maintenance_proc\(\)'/s,
	'without the extension');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$node->restart;
command_fails_like([ @psql, q{SELECT partman.schedule_maintenance('0 2 * * *')} ], qr/HINT:  Install pg_cron, or preload/, 'without the library');

$node->stop;
done_testing();
