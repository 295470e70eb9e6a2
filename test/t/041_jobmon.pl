# pg_jobmon: silent where it is not installed, logged where it is and wanted, and never in the way of the work. A
# stand-in with its API keeps the jobs in tables; what it is told is also a NOTICE, which outlives a rollback as the
# rows of pg_jobmon do.
use strict;
use warnings;
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use FindBin;
use lib $FindBin::RealBin;
use Superuser;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;

# --- the stand-in -----------------------------------------------------------------------------------------------------

my $files = PostgreSQL::Test::Utils::tempdir . '/stand_in';
chomp(my $share = `pg_config --sharedir`);
chomp(my $library = `pg_config --pkglibdir`);

sub write_file {
	my ($path, $text) = @_;
	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close $file or die "$path: $!";
}

# The server looks for extensions in one more place; ours must stay there too.
my $conf = slurp_file($ENV{TEMP_CONFIG});
my $directory;
if ($conf =~ /^extension_destdir = '([^']*)'/m) {
	make_path("$files$share/extension", "$files$library");
	symlink($_, "$files$share/extension/" . (split m{/})[-1]) for glob("$1$share/extension/pg_strata*");
	symlink($_, "$files$library/" . (split m{/})[-1]) for glob("$1$library/pg_strata*");
	$node->append_conf('postgresql.conf', "extension_destdir = '$files'\n");
	$directory = "$files$share/extension";
}
elsif ($conf =~ /^extension_control_path = '([^']*)'/m) {
	make_path("$files/extension");
	$node->append_conf('postgresql.conf', "extension_control_path = '$files:$1'\n");
	$directory = "$files/extension";
}
else {
	plan(skip_all => 'no directory for a stand-in extension');
}
write_file("$directory/pg_jobmon.control", "default_version = '1'\nrelocatable = false\n");
write_file("$directory/pg_jobmon--1.sql", q{
CREATE TABLE @extschema@.job_log (job_id bigint GENERATED ALWAYS AS IDENTITY, job_name text, status text, owner name DEFAULT current_user);
CREATE TABLE @extschema@.job_detail (step_id bigint GENERATED ALWAYS AS IDENTITY, job_id bigint, action text, status text, message text);
CREATE FUNCTION @extschema@.add_job(text) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE id bigint;
	BEGIN INSERT INTO @extschema@.job_log (job_name) VALUES ($1) RETURNING job_id INTO id; RETURN id; END $$;
CREATE FUNCTION @extschema@.add_step(bigint, text) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE id bigint;
	BEGIN INSERT INTO @extschema@.job_detail (job_id, action) VALUES ($1, $2) RETURNING step_id INTO id; RETURN id; END $$;
CREATE FUNCTION @extschema@.update_step(bigint, text, text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		UPDATE @extschema@.job_detail SET status = $2, message = $3 WHERE step_id = $1;
		RAISE NOTICE 'step: % %', $2, $3;
	END $$;
CREATE FUNCTION @extschema@.close_job(bigint) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN UPDATE @extschema@.job_log SET status = 'OK' WHERE job_id = $1; RAISE NOTICE 'job closed'; END $$;
CREATE FUNCTION @extschema@.fail_job(bigint) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN UPDATE @extschema@.job_log SET status = 'CRITICAL' WHERE job_id = $1; RAISE NOTICE 'job failed'; END $$;
});
$node->start;

sub value { return $node->safe_psql('postgres', $_[0]); }

sub run_sql {
	my ($sql, @more) = @_;
	my ($out, $err) = ('', '');
	my $rc = $node->psql('postgres', $sql, stdout => \$out, stderr => \$err, @more);
	return ($rc, $out, $err);
}

# Name and status of the jobs since the last call.
my $jobs = q{SELECT job_name || ' ' || coalesce(status, 'open') FROM "job mon".job_log ORDER BY job_id};
sub jobs {
	my $list = value($jobs);
	value('DELETE FROM "job mon".job_log');
	return $list;
}

# --- absent -----------------------------------------------------------------------------------------------------------

value(q{
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_strata SCHEMA partman;
	CREATE TABLE public.ids (id int NOT NULL, v int) PARTITION BY RANGE (id)});
my ($rc, $out, $err) = run_sql(q{
	SELECT partman.create_parent('public.ids', 'id', '10', p_premake := 2);
	INSERT INTO public.ids VALUES (15);
	SELECT partman.run_maintenance()});
is($rc, 0, 'without pg_jobmon everything runs');
is($err, '', 'and nothing is said of it');

# --- installed --------------------------------------------------------------------------------------------------------

value(q{CREATE SCHEMA "job mon"; CREATE EXTENSION pg_jobmon SCHEMA "job mon"});

value(q{CREATE TABLE public."it's" (id int NOT NULL, v int) PARTITION BY RANGE (id)});
value(q{SELECT partman.create_parent('public.it''s', 'id', '10', p_premake := 1)});
is(jobs(), q{PARTMAN SETUP PARENT: public.it's OK}, 'create_parent');
value(q{SELECT partman.create_partition_id('public.it''s', '{100}')});
is(jobs(), q{PARTMAN CREATE TABLE: public.it's OK}, 'create_partition_id');
value(q{SELECT partman.run_maintenance('public.it''s')});
is(jobs(), 'PARTMAN RUN MAINTENANCE OK', 'run_maintenance with nothing to create');
value(q{INSERT INTO public.ids VALUES (35); SELECT partman.run_maintenance('public.ids')});
is(jobs(), join("\n", 'PARTMAN RUN MAINTENANCE OK', ('PARTMAN CREATE TABLE: public.ids OK') x 2), 'run_maintenance that creates');
is(value(q{SELECT count(*) FROM "job mon".job_detail WHERE action = 'create public.ids_p50' AND status = 'OK' AND message = 'Done'}), '1', 'its steps name the partition');
value(q{CALL partman.run_maintenance_proc()});
is(jobs(), 'PARTMAN RUN MAINTENANCE OK', 'the procedure');
value(q{SELECT partman.drop_partition_id('public.ids', 10)});
is(jobs(), 'PARTMAN DROP ID PARTITION: public.ids OK', 'drop_partition_id');
value(q{SELECT partman.drop_partition_id('public.ids', 10)});
is(jobs(), '', 'nothing dropped, no job');
value(q{UPDATE partman.part_config SET constraint_cols = '{v}' WHERE parent_table = 'public.ids'});
my $child = value(q{SELECT partition_tablename FROM partman.show_partitions('public.ids') LIMIT 1});
value(qq{SELECT partman.apply_constraints('public.ids', 'public.$child'); SELECT partman.drop_constraints('public.ids', 'public.$child')});
is(jobs(), "PARTMAN CREATE CONSTRAINT: public.ids OK\nPARTMAN DROP CONSTRAINT: public.ids OK", 'constraints');
value(qq{SELECT partman.apply_constraints('public.ids', 'public.$child', p_job_id := "job mon".add_job('mine'))});
is(jobs(), 'mine open', 'p_job_id: steps of the job of the caller, who closes it');
value(qq{SELECT partman.apply_privileges('public', 'ids', 'public', '$child'); SELECT partman.reapply_privileges('public.ids')});
is(jobs(), "PARTMAN APPLYING PRIVILEGES TO CHILD TABLE: public.$child OK\nPARTMAN RE-APPLYING PRIVILEGES TO ALL CHILD TABLES OF: public.ids OK", 'privileges');
value(q{SELECT partman.stop_sub_partition('public.ids')});
is(jobs(), 'PARTMAN STOP SUBPARTITIONING: public.ids OK', 'stop_sub_partition');
value(q{CREATE TABLE public.home (id int, v int); SELECT partman.undo_partition('public.it''s', 'public.home', p_loop_count := 20)});
is(jobs(), q{PARTMAN UNDO PARTITIONING: public.it's OK}, 'undo_partition');

value(q{CREATE TABLE public.times (at timestamptz NOT NULL, id int) PARTITION BY RANGE (at)});
value(q{SELECT partman.create_parent('public.times', 'at', '1 day', p_premake := 2); DELETE FROM "job mon".job_log});
value(q{SELECT partman.create_partition_time('public.times', ARRAY[now() + interval '30 days'])});
is(jobs(), 'PARTMAN CREATE TABLE: public.times OK', 'create_partition_time');
value(q{SELECT partman.drop_partition_time('public.times', '1 hour', p_keep_table := false)});
is(jobs(), 'PARTMAN DROP TIME PARTITION: public.times OK', 'drop_partition_time');
value(q{INSERT INTO public.times VALUES (now(), 1); CREATE TABLE public.was (LIKE public.times)});
value(q{CALL partman.undo_partition_proc('public.times', 'public.was', p_wait := 0, p_quiet := true)});
is(jobs(), 'PARTMAN UNDO PARTITIONING: public.times OK', 'undo_partition_proc: one job for the whole call');
is(value(q{SELECT count(*) FROM "job mon".job_detail WHERE status IS NULL OR status NOT IN ('OK', 'NOTICE', 'CRITICAL')}), '0', 'every step has an end');

# --- not wanted -------------------------------------------------------------------------------------------------------

value(q{
	UPDATE partman.part_config SET jobmon = false WHERE parent_table = 'public.ids';
	INSERT INTO public.ids VALUES (55);
	SELECT partman.run_maintenance('public.ids', p_jobmon := false);
	SELECT partman.create_partition_id('public.ids', '{500}');
	SELECT partman.stop_sub_partition('public.ids', p_jobmon := false);
	CREATE TABLE public.quiet (id int NOT NULL) PARTITION BY RANGE (id);
	SELECT partman.create_parent('public.quiet', 'id', '10', p_jobmon := false)});
is(jobs(), '', 'jobmon = false and p_jobmon := false: no job');

# --- errors of the work -----------------------------------------------------------------------------------------------

value(q{UPDATE partman.part_config SET jobmon = true WHERE parent_table = 'public.ids'});
($rc, $out, $err) = run_sql(q{
	\set VERBOSITY verbose
	SELECT partman.create_partition_id('public.ids', '{5, 8}')});
like($err, qr/step: CRITICAL ERROR: partition/, 'the step is critical and has the message');
like($err, qr/job failed.*ERROR:  42P17/s, 'the job fails, the error keeps its SQLSTATE');
jobs();
($rc, $out, $err) = run_sql(q{
	SELECT partman.create_partition_id('public.ids', '{600}');
	UPDATE partman.part_config SET retention_schema = 'nowhere', retention = '10';
	SELECT partman.run_maintenance()});
is($rc, 0, 'a failing set does not fail run_maintenance()');
like($err, qr/WARNING:  maintenance of .* failed/, 'it warns');
like(jobs(), qr/^PARTMAN RUN MAINTENANCE OK$/m, 'and its own job closes normally');
value(q{UPDATE partman.part_config SET retention_schema = NULL, retention = NULL});

# --- errors of pg_jobmon ----------------------------------------------------------------------------------------------

value(q{CREATE OR REPLACE FUNCTION "job mon".add_step(bigint, text) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$log is full$$; END'});
($rc, $out, $err) = run_sql(q{INSERT INTO public.ids VALUES (75); SELECT partman.run_maintenance('public.ids')});
is($rc, 0, 'an error of pg_jobmon breaks nothing');
like($err, qr/WARNING:  pg_jobmon does not log job "PARTMAN RUN MAINTENANCE": log is full/, 'and is told');
is(value(q{SELECT count(*) FROM partman.show_partitions('public.ids') WHERE partition_tablename = 'ids_p90'}), '1', 'the partitions are there');
jobs();

# --- whose rights -----------------------------------------------------------------------------------------------------

value(q{
	CREATE OR REPLACE FUNCTION "job mon".add_step(bigint, text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
	CREATE ROLE plain LOGIN;
	CREATE SCHEMA plain AUTHORIZATION plain;
	GRANT USAGE, CREATE ON SCHEMA partman TO plain;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman TO plain;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partman TO plain;
	CREATE TABLE plain.t (id int NOT NULL) PARTITION BY RANGE (id);
	ALTER TABLE plain.t OWNER TO plain});
($rc, $out, $err) = run_sql(q{SELECT partman.create_parent('plain.t', 'id', '10')}, extra_params => [ '-U', 'plain' ]);
is($out, 't', 'who may not use pg_jobmon works without it');
like($err, qr/WARNING:  pg_jobmon does not log .*permission denied for schema job mon/, 'and is told why');
value(q{
	GRANT USAGE ON SCHEMA "job mon" TO plain;
	GRANT ALL ON ALL TABLES IN SCHEMA "job mon" TO plain});
run_sql(q{SELECT partman.create_partition_id('plain.t', '{900}')}, extra_params => [ '-U', 'plain' ]);
is(value(q{SELECT owner FROM "job mon".job_log}), 'plain', 'jobs are added as the caller');

done_testing();
