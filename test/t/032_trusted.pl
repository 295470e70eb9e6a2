# The extension in the hands of a role that may only CREATE in the database: install, use, pass on, dump, restore, drop.
# Also inside one transaction, in odd schemas, with hostile names and a hostile search_path.
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
$node->append_conf('postgresql.conf', "autovacuum = off\nlog_statement = none\n");
$node->start;
my $database = 'postgres';

sub run_sql {
	my ($role, $sql, @more) = @_;
	my ($out, $err) = ('', '');
	my $rc = $node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], on_error_stop => 1, @more);
	return ($rc, $out, $err);
}

sub do_sql {
	my ($role, $sql, $name) = @_;
	my ($rc, $out, $err) = run_sql($role, $sql);
	is($rc, 0, $name // 'setup') or diag("$sql\n$err");
	return $out;
}

sub refused {
	my ($role, $sql, $message, $name) = @_;
	my ($rc, $out, $err) = run_sql($role, "\\set VERBOSITY verbose\n$sql");
	like($err, $message, $name);
}

do_sql('postgres', q{
	CREATE ROLE dev LOGIN;
	CREATE ROLE app LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE source;
	REVOKE ALL ON DATABASE source FROM PUBLIC;
	GRANT CONNECT ON DATABASE source TO app, stranger;
	GRANT CONNECT, CREATE ON DATABASE source TO dev});
$database = 'source';

# --- install and use --------------------------------------------------------------------------------------------------

do_sql('dev', q{CREATE SCHEMA partman; CREATE EXTENSION pg_strata SCHEMA partman}, 'CREATE on the database is enough to install');
do_sql('dev', q{
	CREATE SCHEMA data;
	CREATE TABLE data.events (id bigint NOT NULL, at timestamptz NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
	CREATE TABLE data.numbers (id int NOT NULL) PARTITION BY RANGE (id);
	SELECT partman.create_parent('data.events', 'at', '1 day', p_premake := 3);
	SELECT partman.create_parent('data.numbers', 'id', '100');
	UPDATE partman.part_config SET premake = 4, retention = '2 days', retention_keep_table = false, infinite_time_partitions = true
		WHERE parent_table = 'data.events';
	SELECT partman.run_maintenance();
	INSERT INTO data.events SELECT n, now() + n * interval '1 day', 'x' FROM generate_series(10, 12) n;
	SELECT partman.partition_data_time('data.events', 10);
	INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_interval, sub_partition_type)
		SELECT 'data.numbers', 'id', '10', 'range'}, 'and to use it');
do_sql('dev', 'CALL partman.run_maintenance_proc()') if do_sql('dev', q{DELETE FROM partman.part_config_sub RETURNING 'gone'}) =~ /gone/;
is(do_sql('dev', q{SELECT count(*) FROM data.events_default}), '0', 'the drain worked');
is(do_sql('dev', q{SELECT count(*) FROM partman.part_config WHERE maintenance_last_run IS NOT NULL}), '2', 'maintenance worked');

# Grants. Not those that would let his code run as the tables' owner, who is a superuser.
do_sql('dev', q{
	GRANT USAGE ON SCHEMA partman TO app;
	GRANT SELECT, UPDATE ON partman.part_config TO app;
	GRANT SELECT ON partman.part_policy, partman.table_privs TO app WITH GRANT OPTION}, 'the installer passes his rights on');
is(do_sql('app', q{UPDATE partman.part_config SET retention_keep_index = true RETURNING 1}), "1\n1", 'they work');
is(do_sql('postgres', q{
	SELECT string_agg(DISTINCT privilege_type, ' ' ORDER BY privilege_type)
	FROM pg_class c, aclexplode(relacl) a WHERE relnamespace = 'partman'::regnamespace AND relname LIKE 'part%' AND a.grantee = 'dev'::regrole}),
	'DELETE INSERT SELECT UPDATE', 'the installer may write rows, and nothing else');
do_sql('dev', q{
	CREATE FUNCTION data.grab() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN ALTER ROLE dev SUPERUSER; RETURN NEW; END $$});
for my $table (qw(part_config part_config_sub part_policy part_pending_drop maintenance_run maintenance_action move_history)) {
	refused('dev', "CREATE TRIGGER grab BEFORE UPDATE ON partman.$table FOR EACH ROW EXECUTE FUNCTION data.grab()", qr/42501/,
		"he cannot plant a trigger on $table");
	refused('dev', "CREATE RULE grab AS ON UPDATE TO partman.$table DO ALSO SELECT 1", qr/42501/, "nor a rule on $table");
	refused('dev', "ALTER TABLE partman.$table ADD CHECK (true)", qr/42501/, "nor change $table");
}
refused('dev', 'CREATE TABLE data.refers (t text REFERENCES partman.part_config)', qr/42501/, 'nor refer to part_config');
refused('dev', q{CREATE OR REPLACE FUNCTION partman.check_epoch_type(p_type text) RETURNS boolean LANGUAGE sql AS 'SELECT true'}, qr/42501/,
	'nor replace a function');
refused('dev', 'ALTER EXTENSION pg_strata DROP FUNCTION partman.check_epoch_type(text)', qr/42501/, 'nor take one out of the extension');
do_sql('dev', q{BEGIN; UPDATE partman.part_config SET parent_table = 'data.moved' WHERE parent_table = 'data.events'; ROLLBACK});
is(do_sql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'dev'}), 'f', 'he is no superuser yet');
refused('stranger', 'SELECT * FROM partman.part_config', qr/42501/, 'nobody else got anything');
refused('stranger', "SELECT * FROM partman.$_", qr/42501/, "nor $_") for qw(maintenance_run maintenance_action maintenance_history move_history partition_status partitions);
cmp_ok(do_sql('dev', 'SELECT count(*) FROM partman.maintenance_history'), '>', 0, 'the installer sees the runs');
is(do_sql('dev', q{SELECT count(*) FROM partman.partition_status WHERE last_success IS NOT NULL}), '2', 'and how his sets stand');
refused('dev', "UPDATE partman.$_ SET outcome = 'done'", qr/42501/, "but does not rewrite $_") for qw(maintenance_run maintenance_action);
do_sql('dev', 'DELETE FROM partman.maintenance_run', 'he may delete them');

# --- dump and restore -------------------------------------------------------------------------------------------------

# A drop that another cluster, or another database, still had to do is none of ours.
do_sql('dev', q{
	INSERT INTO partman.part_config_sub (sub_parent, sub_control, sub_partition_interval, sub_partition_type) VALUES ('data.numbers', 'id', '10', 'range');
	CREATE TABLE data.detached (n int);
	INSERT INTO partman.part_pending_drop (child_oid, child_schema, child_table, parent_table, database_oid, system_identifier)
		SELECT 'data.detached'::regclass, 'data', 'detached', 'data.events', d.oid, s.system_identifier
		FROM pg_database d, pg_control_system() s WHERE d.datname = current_database();
	UPDATE partman.part_policy SET lock_tries = 7 WHERE parent_table = 'data.events'});
my @tables = qw(part_config part_config_sub part_policy part_pending_drop);
my $rows = join ' UNION ALL ', map { "SELECT '$_ ' || t::text FROM partman.$_ t" } @tables;
my $all_rows = "SELECT string_agg(row, E'\\n' ORDER BY row) FROM ($rows) s(row)";
my $before = do_sql('dev', $all_rows);
like($before, qr/part_config_sub .*part_pending_drop .*part_policy /s, 'all four tables have rows');

# A superuser who restores is the new installer: the rights of the old one, which the script gave, are his to give
# again. So what the old one had passed on cannot be restored by him.
do_sql('dev', 'REVOKE ALL ON partman.part_config, partman.part_policy, partman.table_privs FROM app');
my $regrant = q{GRANT SELECT, INSERT, UPDATE, DELETE ON partman.part_config, partman.part_config_sub, partman.part_policy, partman.part_pending_drop
	TO dev WITH GRANT OPTION};
my $children = q{SELECT count(*) FROM pg_inherits WHERE inhparent = 'data.events'::regclass};
my $children_before = do_sql('dev', $children);

my $dir = $node->basedir;
for my $role (qw(dev postgres)) {
	for my $format (qw(plain custom)) {
		my $file = "$dir/$role.$format";
		my $target = "copy_${role}_$format";
		command_ok([ 'pg_dump', '-U', $role, '-h', $node->host, '-p', $node->port, '-F', $format, '-f', $file, 'source' ], "pg_dump -F $format as $role");
		$database = 'postgres';
		do_sql('postgres', "CREATE DATABASE $target");
		do_sql('postgres', "GRANT CREATE ON DATABASE $target TO dev");
		my @to = ('-U', $role, '-h', $node->host, '-p', $node->port);
		$format eq 'plain'
			? command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', @to, '-d', $target, '-f', $file ], "restore as $role")
			: command_ok([ 'pg_restore', '-e', @to, '-d', $target, $file ], "restore as $role");
		$database = $target;
		do_sql('postgres', $regrant) if $role eq 'postgres';
		is(do_sql('dev', $all_rows), $before, 'the rows are the same');
		do_sql('dev', q{
			DELETE FROM partman.part_config_sub;
			UPDATE partman.part_config SET premake = premake + 2;
			CALL partman.run_maintenance_proc()} =~ s/;\s*CALL/;\nCALL/r, 'maintenance works after the restore');
		is(do_sql('dev', q{SELECT count(*) FROM data.detached}), '0', 'a drop pending elsewhere is not believed');
		is(do_sql('dev', q{SELECT bool_and(parent_oid = parent_table::regclass AND lock_tries = CASE parent_table WHEN 'data.events' THEN 7 ELSE 5 END)
			FROM partman.part_policy}), 't', 'the name counts, and the identity is new');
		cmp_ok(do_sql('dev', $children), '>', $children_before, 'children were made');
		$database = 'source';
	}
}
do_sql('dev', 'DELETE FROM partman.part_config_sub; DELETE FROM partman.part_pending_drop');

# --- drop -------------------------------------------------------------------------------------------------------------

do_sql('dev', 'DROP EXTENSION pg_strata', 'the installer drops it');
is(do_sql('postgres', q{SELECT count(*) FROM pg_class WHERE relnamespace = 'partman'::regnamespace AND relname NOT LIKE 'template%'}), '0', 'nothing of it is left');
do_sql('dev', 'DROP SCHEMA partman, data CASCADE');
$database = 'postgres';
do_sql('postgres', q{DROP DATABASE source; DROP DATABASE copy_dev_plain; DROP DATABASE copy_dev_custom; DROP DATABASE copy_postgres_plain;
	DROP DATABASE copy_postgres_custom} =~ s/;\s*/;\n/gr);
do_sql('postgres', 'DROP ROLE dev; DROP ROLE app; DROP ROLE stranger', 'no grant keeps the roles alive');

# --- in one transaction -----------------------------------------------------------------------------------------------

my $migration = "$dir/migration.sql";
append_to_file($migration, q{
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_strata SCHEMA partman;
	CREATE TABLE public.events (id bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
	SELECT partman.create_parent('public.events', 'at', '1 day', p_premake := 5);
	UPDATE partman.part_config SET infinite_time_partitions = true, retention = '90 days', retention_keep_table = false;
	INSERT INTO public.events SELECT n, now() + (n % 12 - 3) * interval '1 day' FROM generate_series(1, 120) n;
	SELECT partman.partition_data_time('public.events', 100);
	SELECT partman.run_maintenance('public.events');
});
for my $end ('', "SELECT 1/0;\n") {
	my $file = "$dir/migration" . length($end) . '.sql';
	append_to_file($file, slurp_file($migration) . $end);
	my @command = ('psql', '-Xq', '-1', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file);
	$end eq '' ? command_ok(\@command, 'a migration in one transaction') : command_fails(\@command, 'a migration that fails');
	is($node->safe_psql('postgres', q{SELECT count(*) || ' ' || (SELECT count(*) FROM pg_extension WHERE extname = 'pg_strata') FROM pg_class WHERE relname = 'events'}),
		$end eq '' ? '1 1' : '0 0', 'it is there as a whole, or not at all');
	next if $end ne '';
	is($node->safe_psql('postgres', 'SELECT count(*) FROM public.events, LATERAL (SELECT 1) x'), '120', 'with its rows');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM public.events_default'), '0', 'in their partitions');
	$node->safe_psql('postgres', 'DROP TABLE public.events CASCADE; DROP EXTENSION pg_strata; DROP SCHEMA partman CASCADE');
}

# --- odd schemas, hostile names ---------------------------------------------------------------------------------------

sub quote { return '"' . ($_[0] =~ s/"/""/gr) . '"'; }
sub literal { return "'" . ($_[0] =~ s/'/''/gr) . "'"; }

my @worlds = (
	{ schema => 'Mixed Case', role => 'dev', in => 'data', table => 'events', column => 'at' },
	{ schema => 'public', role => 'dev', in => 'data', table => 'events', column => 'at' },
	{ schema => q{x ; %pending_drop% DROP TABLE keep; %config%}, role => q{o'ne "two" ; three}, in => q{a "b' ; c}, table => q{t %child% USING " WHERE ' x}, column => q{k "1' %}, },
	{ schema => '%policy%', role => 'Ünïcode rôle', in => "sch\x{c3}\x{a9}ma \x{f0}\x{9f}\x{92}\x{a3}", table => 'täble ' . 'é' x 28, column => 'spälte' },
	{ schema => 'select', role => 'user', in => 'table', table => 'from', column => 'order' },
	{ schema => q{; DROP TABLE keep; x}, role => q{"; DROP TABLE keep; --}, in => q{'; DROP TABLE keep; --}, table => q{"; DROP TABLE keep; --}, column => q{$1 $$ \\}, },
);
for my $world (@worlds) {
	my ($schema, $role, $in, $table, $column) = @$world{qw(schema role in table column)};
	my $x = quote($schema);
	my $parent = quote($in) . '.' . quote($table);
	my $raw = literal("$in.$table");
	$database = 'postgres';
	# Whether utf8 or bytes in this file, what reaches the server is bytes.
	do_sql('postgres', 'DROP DATABASE IF EXISTS world');
	do_sql('postgres', 'CREATE DATABASE world');
	do_sql('postgres', 'CREATE ROLE ' . quote($role) . ' LOGIN; GRANT CREATE ON DATABASE world TO ' . quote($role));
	$database = 'world';
	my $as = 'SET SESSION AUTHORIZATION ' . quote($role) . ";\n";
	do_sql('postgres', 'CREATE TABLE public.keep (n int); GRANT CREATE ON SCHEMA public TO ' . quote($role));
	# CREATE EXTENSION does not take every name for the installer.
	my $plain = $role !~ /["'\$\\]/;
	do_sql('postgres', ($plain ? $as : '') . ($schema eq 'public' ? '' : "CREATE SCHEMA $x;") . "CREATE EXTENSION pg_strata SCHEMA $x", "$schema: installed");
	do_sql('postgres', "GRANT ALL ON SCHEMA $x TO " . quote($role) . "; GRANT ALL ON ALL TABLES IN SCHEMA $x TO " . quote($role)) if !$plain;
	do_sql('postgres', $as . 'CREATE SCHEMA ' . quote($in) . ";
		CREATE TABLE $parent (id bigint NOT NULL, " . quote($column) . " timestamptz NOT NULL, PRIMARY KEY (id, " . quote($column) . ")) PARTITION BY RANGE (" . quote($column) . ");
		SELECT $x.create_parent($raw, " . literal($column) . ", '1 day', p_premake := 2);", "$schema: created");
	my $template = do_sql('postgres', "SELECT split_part(template_table, '.', 2) FROM $x.part_config");
	do_sql('postgres', $as . 'CREATE UNIQUE INDEX ' . quote('i USING " WHERE x') . " ON $x." . quote($template) . ' (id) WHERE id > 5;
		CREATE UNIQUE INDEX ' . quote("j' ON x USING y") . " ON $x." . quote($template) . q{ ((id::text || ' WHERE ')) WHERE id::text <> ' USING '}, "$schema: template");
	do_sql('postgres', $as . "UPDATE $x.part_config SET premake = 4, retention = '3 days', retention_keep_table = false, infinite_time_partitions = true,
			inherit_privileges = true;
		GRANT SELECT ON $parent TO PUBLIC;
		INSERT INTO $parent SELECT n, now() + n * interval '1 day' FROM generate_series(20, 22) n;");
	do_sql('postgres', "CALL $x.run_maintenance_proc(0, true)", "$schema: maintained by a superuser");
	do_sql('postgres', "SELECT $x.partition_data_time($raw, 1); SELECT * FROM $x.check_default(); SELECT * FROM $x.plan_maintenance();", "$schema: drained and looked at");
	do_sql('postgres', $as . "CALL $x.partition_data_proc($raw, p_wait := 0)", "$schema: drained by its owner");
	# Past noon, one more is made ahead.
	my $but_that = "partition_tablename NOT LIKE '%' || to_char(now() + interval '5 days', 'YYYYMMDD')";
	is(do_sql('postgres', "SELECT count(*) FROM $x.show_partitions($raw) WHERE $but_that"), '10', "$schema: partitions");
	is(do_sql('postgres', "SELECT count(*) FROM $x.show_partitions($raw) s,
		$x.show_partition_info(s.partition_schemaname || '.' || s.partition_tablename, p_parent_table := $raw)
		WHERE child_start_time IS NOT NULL AND $but_that"), '10', "$schema: described");
	is(do_sql('postgres', "SELECT count(DISTINCT i.indexrelid) || ' ' || bool_and(c.relacl IS NOT NULL)::text FROM $x.show_partitions($raw) s
		JOIN pg_namespace n ON n.nspname = s.partition_schemaname JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.partition_tablename
		JOIN pg_index i ON i.indrelid = c.oid AND NOT i.indisprimary
		WHERE partition_tablename LIKE '%' || to_char(now() + interval '4 days', 'YYYYMMDD')"), '2 true', "$schema: template indexes and grants");
	is(do_sql('postgres', 'SELECT count(*) FROM public.keep'), '0', "$schema: nothing was injected");
	do_sql('postgres', ($plain ? $as : '') . 'DROP EXTENSION pg_strata; DROP SCHEMA ' . quote($in) . ' CASCADE', "$schema: dropped");
	do_sql('postgres', ($plain ? $as : '') . "DROP SCHEMA $x CASCADE") if $schema ne 'public';
	do_sql('postgres', $as . "DROP TABLE public." . quote($template)) if $schema eq 'public';
	do_sql('postgres', 'REVOKE ALL ON SCHEMA public FROM ' . quote($role));
	$database = 'postgres';
	do_sql('postgres', 'DROP DATABASE world');
	do_sql('postgres', 'DROP ROLE ' . quote($role), "$schema: the role goes");
}

# --- a hostile search_path --------------------------------------------------------------------------------------------

do_sql('postgres', q{
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_strata SCHEMA partman;
	CREATE SCHEMA evil;
	CREATE FUNCTION evil.shout(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'PLANTED % ran', what; END $$});
# Every operator and function name that occurs in our statements, for the types at hand and for any.
my @types = qw(text name oid bigint integer smallint "char" boolean timestamptz);
my $planted = '';
my $n = 0;
for my $operator ('=', '<>', '||', '<', '>', '-', '+') {
	my @pairs = map { [ $_, $_ ] } @types;
	push @pairs, [ 'name', 'text' ], [ 'text', 'name' ], [ 'text', 'integer' ], [ 'text', 'bigint' ], [ 'text', 'oid' ], [ '"char"', 'text' ], [ 'oid', 'regclass' ];
	for my $pair (@pairs) {
		my ($left, $right) = @$pair;
		my $result = $operator =~ /^(=|<>|<|>)$/ ? 'boolean' : $operator eq '||' ? 'text' : $left;
		++$n;
		$planted .= "CREATE FUNCTION evil.op$n($left, $right) RETURNS $result LANGUAGE plpgsql AS "
			. "'BEGIN PERFORM evil.shout(''$left $operator $right''); RETURN NULL; END';\n"
			. "CREATE OPERATOR evil.$operator (LEFTARG = $left, RIGHTARG = $right, FUNCTION = evil.op$n);\n";
	}
}
for my $function ('split_part(text, text, integer) RETURNS text', 'split_part(text, "char", integer) RETURNS text', 'unnest(anyarray) RETURNS SETOF anyelement',
	'format(text, text) RETURNS text', 'count(text) RETURNS bigint', 'max(timestamptz) RETURNS timestamptz', 'now() RETURNS timestamptz',
	'quote_ident(text) RETURNS text', 'lower(text) RETURNS text', 'isfinite(timestamptz) RETURNS boolean', 'width_bucket(anyelement, anyarray) RETURNS integer',
	'aclexplode(aclitem[]) RETURNS SETOF record', 'pg_get_indexdef(oid) RETURNS text', 'string_agg(text, text) RETURNS text') {
	my ($name) = $function =~ /^(\w+)/;
	my $return = $function =~ /SETOF/ ? 'RETURN' : 'RETURN NULL';
	$planted .= "CREATE FUNCTION evil.$function LANGUAGE plpgsql AS 'BEGIN PERFORM evil.shout(''$name''); $return; END';\n";
}
# Tables and types of the names we use; in pg_temp as well, where every session could put them.
my $shadows = '';
for my $relation (qw(pg_class pg_namespace pg_inherits pg_index pg_attribute part_config part_policy part_config_sub part_pending_drop maintenance_run maintenance_action move_history)) {
	$shadows .= "CREATE %s $relation (oid oid, relname name, planted int);\n";
}
$planted .= $shadows =~ s/%s/TABLE/gr =~ s/TABLE /TABLE evil./gr;
$planted .= "CREATE DOMAIN evil.$_ AS pg_catalog.text CHECK (false);\n" for qw(text name oid regclass timestamptz);
do_sql('postgres', $planted =~ s/(CREATE DOMAIN)/$1/gr, 'planted');
my $temporary = $shadows =~ s/%s/TEMPORARY TABLE/gr;
do_sql('postgres', q{
	CREATE TABLE public.t (id bigint NOT NULL, k timestamptz NOT NULL, PRIMARY KEY (id, k)) PARTITION BY RANGE (k);
	CREATE TABLE public.n (id bigint NOT NULL) PARTITION BY RANGE (id);
	CREATE TABLE public.blocker (n int)});

my @calls = (
	q{SELECT partman.create_parent('public.t', 'k', '1 day', p_premake := 2)},
	q{SELECT partman.create_parent('public.n', 'id', '10', p_premake := 2)},
	q{INSERT INTO public.t SELECT g, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(days => g) FROM pg_catalog.generate_series(30, 33) g},
	q{INSERT INTO public.n SELECT g FROM pg_catalog.generate_series(1000, 1003) g},
	q{UPDATE partman.part_config SET premake = 4, retention = '1 day', retention_keep_table = false, infinite_time_partitions = true, inherit_privileges = true
		WHERE parent_table OPERATOR(pg_catalog.=) 'public.t'},
	q{SELECT * FROM partman.plan_maintenance()},
	q{SELECT * FROM partman.plan_maintenance('public.t')},
	q{SELECT partman.run_maintenance('public.t', true)},
	q{SELECT partman.run_maintenance()},
	q{CALL partman.run_maintenance_proc(0, true)},
	q{SELECT * FROM partman.show_partitions('public.t', 'DESC', true)},
	q{SELECT * FROM partman.show_partition_name('public.t', '2001-01-01')},
	q{SELECT i.* FROM partman.show_partitions('public.t') s, partman.show_partition_info(pg_catalog.concat(s.partition_schemaname, '.', s.partition_tablename)) i},
	q{SELECT * FROM partman.show_partition_info('public.t_p20200101', p_parent_table := 'public.t', p_table_exists := false)},
	q{SELECT * FROM partman.check_default()},
	q{SELECT * FROM partman.check_default(false, true)},
	q{SELECT * FROM partman.check_partitions()},
	q{SELECT partman.assert_partitions('public.t')},
	q{SELECT * FROM partman.check_control_type('public', 't', 'k')},
	q{SELECT * FROM partman.check_name_length('x', 'y', true), partman.partman_safe_obj_name('a.b'), partman.uuid7_time_decoder('018d25e0-0000-7000-8000-000000000000')},
	q{SELECT * FROM partman.calculate_time_partition_info('1 day', pg_catalog.clock_timestamp())},
	q{SELECT partman.uuid7_time_encoder(pg_catalog.clock_timestamp())},
	q{SELECT partman.partition_data_time('public.t', 1)},
	q{CALL partman.partition_data_proc('public.t', p_wait := 0)},
	q{SELECT partman.partition_data_id('public.n', 10)},
	q{SELECT partman.create_partition_time('public.t', ARRAY['2040-01-01'::pg_catalog.timestamptz])},
	q{SELECT partman.create_partition_id('public.n', ARRAY[5000])},
	q{SELECT partman.drop_partition_time('public.t', '1 hour')},
	q{SELECT partman.drop_partition_id('public.n', 1)},
	q{SELECT * FROM partman.table_privs LIMIT 1},
	q{SELECT * FROM partman.partition_status},
	q{SELECT * FROM partman.partitions},
	q{SELECT * FROM partman.maintenance_history},
	q{SELECT * FROM partman.maintenance_jobs()},
	q{SELECT * FROM partman.explain_pruning('SELECT id FROM public.n')},
);
do_sql('postgres', q{ALTER ROLE postgres IN DATABASE postgres SET search_path = evil, pg_temp, public, pg_catalog});
for my $call (@calls) {
	# A snapshot of what our statements name would stand in pg_temp first.
	my ($rc, $out, $err) = run_sql('postgres', "SET client_min_messages = error;\n${temporary}RESET client_min_messages;\n$call");
	my $name = $call =~ s/\s+/ /gr;
	is($rc, 0, "works: $name") or diag($err);
	unlike($err, qr/PLANTED/, 'and calls nothing planted');
}
do_sql('postgres', 'ALTER ROLE postgres IN DATABASE postgres RESET search_path');
is(do_sql('postgres', q{SELECT (SELECT count(*) FROM public.t_default) + (SELECT count(*) FROM public.n_default)}), '0', 'the calls did their work');

# The same where a run is deferred: it looks for who blocks it.
do_sql('postgres', q{UPDATE partman.part_config SET premake = 9; UPDATE partman.part_policy SET lock_timeout_ms = 1, lock_tries = 1;
	ALTER ROLE postgres IN DATABASE postgres SET search_path = public, evil});
my $blocker = $node->background_psql('postgres', on_error_stop => 0);
$blocker->query_safe('BEGIN; LOCK TABLE ONLY public.t IN SHARE UPDATE EXCLUSIVE MODE');
my ($rc, $out, $err) = run_sql('postgres', 'SELECT partman.run_maintenance(); CALL partman.run_maintenance_proc()' =~ s/; /;\n/r);
like($err, qr/deferred|Locks were held by process \d+/, 'a run is deferred and says by whom');
unlike($err, qr/PLANTED/, 'and calls nothing planted');
$blocker->query_safe('ROLLBACK');
$blocker->quit;
($rc, $out, $err) = run_sql('postgres', q{SET search_path = evil, pg_catalog; SELECT 1 WHERE 'a'::pg_catalog.text = 'a'::pg_catalog.text});
like($err, qr/PLANTED/, 'what is planted would be seen');

$node->stop;
done_testing();
