# What roles without rights on a set can do to it, and find out about it, through this extension: nothing. And what a
# role that may write the configuration can make a superuser's maintenance do: nothing but maintenance.
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

sub run_sql {
	my ($role, $sql, @more) = @_;
	my ($out, $err) = ('', '');
	my $rc = $node->psql('postgres', $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $role ], @more);
	return ($rc, $out, $err);
}

sub do_sql {
	my ($role, $sql, $name) = @_;
	my ($rc, $out, $err) = run_sql($role, $sql, on_error_stop => 1);
	is($rc, 0, $name // 'setup') or diag("$sql\n$err");
	return $out;
}

# --- the sets ---------------------------------------------------------------------------------------------------------

do_sql('postgres', q{
	CREATE ROLE owner LOGIN;
	CREATE ROLE nothing LOGIN;
	CREATE ROLE usage_only LOGIN;
	CREATE ROLE reads_config LOGIN;
	CREATE ROLE writes_config LOGIN;
	CREATE ROLE reads_table LOGIN;
	CREATE ROLE reads_some LOGIN;
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_strata SCHEMA partman;
	ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0;
	GRANT USAGE ON SCHEMA partman TO owner, usage_only, reads_config, writes_config, reads_table, reads_some;
	GRANT CREATE ON SCHEMA partman TO owner;
	GRANT SELECT ON partman.part_config TO reads_config;
	GRANT SELECT ON ALL TABLES IN SCHEMA partman TO reads_table, reads_some;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman TO owner, writes_config;
	CREATE SCHEMA app AUTHORIZATION owner;
});
do_sql('owner', q{
	CREATE TABLE app.t (id bigint NOT NULL, k timestamptz NOT NULL, note text) PARTITION BY RANGE (k);
	CREATE TABLE app.n (id bigint NOT NULL, note text) PARTITION BY RANGE (id);
	CREATE TABLE app.plain (k timestamptz NOT NULL);
	CREATE TABLE app.fresh (k timestamptz NOT NULL) PARTITION BY RANGE (k);
	SELECT partman.create_parent('app.t', 'k', '1 day'), partman.create_parent('app.n', 'id', '1000');
	INSERT INTO app.t SELECT 777000 + n, now() - interval '400 days' * (n > 1)::int + interval '6 days' * (n = 1)::int, 'secret' || n FROM generate_series(1, 37) n;
	INSERT INTO app.t SELECT 777000 + n, now(), 'secret' || n FROM generate_series(1, 41) n;
	INSERT INTO app.n SELECT 555444300 + n, 'secret' || n FROM generate_series(1, 37) n;
	INSERT INTO app.n SELECT 2400 + n, 'secret' || n FROM generate_series(1, 43) n;
	ANALYZE app.plain;
	UPDATE partman.part_config SET retention = '2 days', retention_keep_table = false, infinite_time_partitions = true,
		premake = 8 WHERE parent_table = 'app.t';
	UPDATE partman.part_config SET retention = '500', ignore_default_data = false WHERE parent_table = 'app.n';
});
my $child = do_sql('owner', q{SELECT partition_schemaname || '.' || partition_tablename FROM partman.show_partitions('app.t') LIMIT 1});

# Everything that a call could change, rows with their system columns.
my $fingerprint = q{
	SELECT md5(string_agg(part, E'\n' ORDER BY part)) FROM (
		SELECT 'class ' || c::text AS part FROM pg_class c WHERE relnamespace NOT IN ('pg_toast'::regnamespace, 'pg_catalog'::regnamespace)
		UNION ALL SELECT 'attribute ' || a::text FROM pg_attribute a WHERE attrelid >= 16384
		UNION ALL SELECT 'inherits ' || i::text FROM pg_inherits i
		UNION ALL SELECT 'constraint ' || c::text FROM pg_constraint c
		UNION ALL SELECT 'index ' || i::text FROM pg_index i WHERE indexrelid >= 16384
		UNION ALL SELECT 'trigger ' || t::text FROM pg_trigger t
		UNION ALL SELECT 'statistic ' || starelid || staattnum FROM pg_statistic WHERE starelid >= 16384
		UNION ALL SELECT 'schema ' || n::text FROM pg_namespace n
		UNION ALL SELECT 'proc ' || p.oid FROM pg_proc p
		UNION ALL SELECT 'role ' || r::text FROM pg_authid r
		UNION ALL SELECT 'setting ' || s::text FROM pg_db_role_setting s
		UNION ALL SELECT 'time row ' || tableoid || ctid || xmin || xmax || t::text FROM app.t
		UNION ALL SELECT 'id row ' || tableoid || ctid || xmin || xmax || n::text FROM app.n
		UNION ALL SELECT 'config ' || (to_jsonb(c) - 'maintenance_last_run')::text FROM partman.part_config c
		UNION ALL SELECT 'sub ' || c::text FROM partman.part_config_sub c
		UNION ALL SELECT 'policy ' || c::text FROM partman.part_policy c
		UNION ALL SELECT 'pending ' || c::text FROM partman.part_pending_drop c) s};
my $last_runs = q{SELECT string_agg(parent_table || coalesce(maintenance_last_run::text, '-') || xmin, ' ' ORDER BY 1) FROM partman.part_config};

# --- every function, every stranger -----------------------------------------------------------------------------------

# Values by parameter name; what is not here takes its default, or NULL.
my %value = (
	p_control => q{'k'}, p_interval => q{'1 day'}, p_type => q{'range'}, p_partition_times => q{ARRAY[now() + interval '90 days']},
	p_partition_ids => 'ARRAY[90000]', p_child_table => "'$child'", p_value => q{'2026-01-01'}, p_parent_schema => q{'app'},
	p_child_schema => q{'app'}, p_parent_tablename => q{'t'}, p_parent_schemaname => q{'app'}, p_top_parent => q{'app.t'},
	p_child_tablename => "'" . ($child =~ s/^app\.//r) . "'", p_target_table => q{'app.plain'}, p_retention => undef,
	p_source_schema => q{'app'}, p_source_tablename => q{'t'}, p_object_name => q{'app.t'}, ts => 'now()',
	uuidv7 => q{'018d25e0-0000-7000-8000-000000000000'}, p_time_interval => q{'1 day'}, p_start_time => 'now()',
	p_automatic_maintenance => undef, p_query => q{'SELECT * FROM app.t'}, p_months => '1', p_schedule => q{'0 2 * * *'},
	p_batch_count => '100', p_wait => '0', p_lock_wait => '-1', p_keep_table => 'false');

my @functions = map { [ split /\|/, $_, -1 ] } split /\n/, do_sql('postgres', q{
	SELECT p.proname, p.prokind, p.prorettype = 'trigger'::regtype,
		(SELECT string_agg(name, ',' ORDER BY n) FROM unnest(p.proargnames) WITH ORDINALITY a(name, n) WHERE n <= p.pronargs),
		p.pronargs - p.pronargdefaults
	FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
	WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_strata') ORDER BY 1}, 'list of functions');
cmp_ok(scalar(@functions), '>', 40, 'the extension has functions');

sub call_of {
	my ($function, $set) = @_;
	my ($name, $kind, $trigger, $arguments, $required) = @$function;
	my @names = split /,/, $arguments;
	my %here = (%value, p_parent_table => $set, p_table => $set);
	$here{p_value} = q{'555444333'} if ($set // '') eq q{'app.n'};
	my @given;
	for my $n (0 .. $#names) {
		my $given = $here{ $names[$n] };
		$given //= $names[$n] =~ /^p_keep_table|p_batch|p_lock/ ? undef : 'NULL' if $n < $required;
		push @given, "$names[$n] => $given" if defined $given;
	}
	my $call = "partman.$name(" . join(', ', @given) . ')';
	return $kind eq 'p' ? "CALL $call" : "SELECT * FROM $call AS result";
}

# What anybody may ask: it tells nothing of any set but what stands in the catalogs.
my %open = map { $_ => 1 } qw(check_automatic_maintenance_value check_epoch_type check_partition_type check_name_length
	partman_safe_obj_name uuid7_time_encoder uuid7_time_decoder calculate_time_partition_info check_control_type maintenance_jobs);

# Returns the calls that ended otherwise than expected, and all that was said.
sub call_everything {
	my ($role, $allowed) = @_;
	my (@script, @odd);
	for my $function (@functions) {
		my %seen;
		for my $set (q{'app.t'}, q{'app.n'}, q{'app.fresh'}, q{'app.missing'}, undef) {
			my $call = call_of($function, $set);
			next if $seen{$call}++;
			my $echo = $call =~ s/'/''/gr;
			push @script, "$call;\n\\echo RESULT $function->[0] :SQLSTATE :ROW_COUNT '$echo'\n";
		}
	}
	my ($rc, $out, $err) = run_sql($role, join('', @script), on_error_stop => 0);
	my $results = 0;
	while ($out =~ /^RESULT (\S+) (\S+) (\d+) (.*)$/mg) {
		my ($name, $state, $rows, $call) = ($1, $2, $3, $4);
		++$results;
		next if $open{$name} && $state ne '42501' && $role ne 'nothing';
		push @odd, "$state ($rows rows) $call" unless $allowed->($name, $state, $rows, $call);
	}
	cmp_ok($results, '>', 60, "$role: every call was made") or diag($err);
	return (\@odd, $out . $err);
}

sub learns_nothing {
	my ($role, $said) = @_;
	$said =~ s/^RESULT.*$//mg;
	unlike($said, qr/secret|7770\d\d|5554443\d\d/, "$role sees no value of a row");
	unlike($said, qr/\b(37|41|43|78|80)\b(?!:)/, "$role sees no number of rows");
}

# What is told beyond that: a NULL where there may be none, a table that the catalogs do not know, either.
my $refused = sub {
	my ($name, $state, $rows, $call) = @_;
	return 1 if $state eq '42501' || $state eq '0A000';
	return 1 if $state eq '22004' && $call =~ /NULL/;
	return 1 if $state eq '42P01' && $call =~ /app\.(missing|fresh)/;    # app.fresh is configured by nobody
	# Silent where there is nothing to do, as in pg_partman: no sub-configuration, no constraint_cols, nothing one may analyze.
	return 1 if $state eq '00000' && $name eq 'check_subpart_sameconfig' && $rows == 0;
	return 1 if $state eq '00000' && $name =~ /^(apply_constraints|run_analyze)$/;
	return 1 if $state eq '00000' && $name =~ /^check_(default|partitions)$/ && $rows == 0;
	return 1 if $state eq '00000' && $name eq 'assert_partitions' && $call !~ /p_parent_table => '/;    # of what one may not see
	return 1 if $state eq '22023' && $name eq 'assert_partitions';
	return 1 if $state eq '00000' && $name eq 'check_subpartition_limits' && $call =~ /app\.(missing|fresh)/;    # has none
	return 1 if $state eq '00000' && $name eq 'stop_sub_partition' && $call =~ /app\.missing|NULL/;
	return $state eq '42804' && $name =~ /^(?:part_config_check|capture_changes)$/;    # no calls of triggers
};
my $before = do_sql('postgres', $fingerprint);
my $runs_before = do_sql('postgres', $last_runs);
for my $role (qw(nothing usage_only reads_config)) {
	my ($odd, $said) = call_everything($role, $refused);
	is(join("\n", @$odd), '', "$role is refused everywhere");
	learns_nothing($role, $said);
}
is(do_sql('postgres', $last_runs), $runs_before, 'no run was recorded');
is(do_sql('postgres', 'SELECT count(*) FROM partman.maintenance_run'), 0, 'nor is there a trace of one in the history');

# Over all sets, those one has no rights on are left out, or fail; a set that does not exist is reported as such to
# those who can read the configuration.
my ($odd, $said) = call_everything('writes_config', sub {
	my ($name, $state, $rows, $call) = @_;
	return 1 if $refused->(@_);
	return 1 if $call =~ /app\.fresh/ && $state eq '42P01';
	return 1 if $name =~ /^(plan_maintenance|check_default|check_partitions|show_status|show_children)$/ && $state eq '00000' && $rows == 0;
	return 1 if $name eq 'run_maintenance' && $state eq '00000' && $call !~ /p_parent_table => '/;
	return 1 if $name =~ /^run_(?:maintenance_proc|provisioning|cleanup|all)$/ && $state eq '55000' && $call !~ /p_parent_table => '/;
	return 0;
});
is(join("\n", @$odd), '', 'writes_config is refused everywhere');
learns_nothing('writes_config', $said);
like($said, qr/WARNING:  maintenance of "app.t" failed: must be owner of table app.t/, 'its maintenance of all sets is told why not');
is(do_sql('postgres', $fingerprint), $before, 'nothing was changed by any of them');

# Who may read the table may look, and still not act. Where policies hide rows from him the plan would tell of them.
do_sql('owner', q{GRANT USAGE ON SCHEMA app TO reads_table, reads_some;
	GRANT SELECT ON app.t, app.n TO reads_table, reads_some});
like(do_sql('reads_table', 'SELECT * FROM partman.plan_maintenance()'), qr/^app\.t\|\d+\|blocked\|/m, 'who may read the table sees the plan');
do_sql('owner', 'ALTER TABLE app.t ENABLE ROW LEVEL SECURITY; ALTER TABLE app.n ENABLE ROW LEVEL SECURITY');
$before = do_sql('postgres', $fingerprint);
my $looks = sub {
	my ($name, $state, $rows, $call) = @_;
	return 1 if $refused->(@_) || $state =~ /^(42P01|22004|42809|22P02|22007)$/;
	return $name =~ /^(show_|explain_pruning|plan_maintenance|check_default|check_subpartition_limits|dump_partitioned_table_definition)/;
};
($odd, $said) = call_everything('reads_some', $looks);
is(join("\n", @$odd), '', 'reads_some may look, and not act');
learns_nothing('reads_some', $said =~ s/\b555444333\b//gr);
unlike($said, qr/^app\.[tn]\|\d+\|blocked\|/m, 'the plan does not tell him of rows in the default that policies hide');
is(do_sql('postgres', $fingerprint), $before, 'nothing was changed');

# --- poisoned configuration -------------------------------------------------------------------------------------------

do_sql('postgres', q{
	DELETE FROM partman.part_config;
	CREATE TABLE app.keep (n int);
	INSERT INTO app.keep VALUES (1);
	CREATE SCHEMA good;
	CREATE TABLE good.t (k timestamptz NOT NULL) PARTITION BY RANGE (k);
	CREATE TABLE app.listed (k int NOT NULL) PARTITION BY LIST (k);
	CREATE TABLE app.hashed (k int NOT NULL) PARTITION BY HASH (k);
	CREATE TABLE app.pair (k int NOT NULL, l int NOT NULL) PARTITION BY RANGE (k, l);
	CREATE TABLE app.expression (k int NOT NULL) PARTITION BY RANGE ((k + 1));
	CREATE VIEW app.view AS SELECT * FROM app.keep;
	CREATE TABLE app.poison (k timestamptz NOT NULL) PARTITION BY RANGE (k);
	SELECT partman.create_parent('good.t', 'k', '1 day'), partman.create_parent('app.poison', 'k', '1 day');
	UPDATE partman.part_config SET maintenance_order = 1, infinite_time_partitions = true;
	UPDATE partman.part_config SET maintenance_order = 2 WHERE parent_table = 'good.t';
	CREATE TABLE app.saved AS SELECT * FROM partman.part_config;
	CREATE TABLE app.saved_policy AS SELECT * FROM partman.part_policy;
});
my $canary = q{SELECT (SELECT count(*) FROM app.keep) || ' ' || (SELECT count(*) FROM pg_class WHERE relname IN ('keep', 'saved'))
	|| ' ' || (SELECT count(*) FROM pg_roles WHERE rolsuper) || ' ' || (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_')};
my $alive = do_sql('postgres', $canary);

# A superuser's run over everything, twice over: the good set must come through. One session, as each costs.
sub survives {
	my ($name) = @_;
	my $before = q{UPDATE partman.part_config SET maintenance_last_run = '2000-01-01', premake = least(premake + 1, 30) WHERE parent_table = 'good.t';};
	my $after = q{SELECT 'DONE ' || min(maintenance_last_run) > 'DONE 2001' FROM partman.part_config WHERE parent_table = 'good.t';};
	my $script = join "\n", q{SELECT count(*) FROM partman.plan_maintenance();}, '\echo PLANNED :SQLSTATE', q{SELECT count(*) FROM partman.check_default();},
		'\echo CHECKED :SQLSTATE', $before, q{CALL partman.run_maintenance_proc();}, '\echo CALLED :SQLSTATE', $after, $before,
		q{SELECT partman.run_maintenance();}, '\echo RAN :SQLSTATE', $after, "$canary;\n";
	my ($rc, $out, $err) = run_sql('postgres', $script, on_error_stop => 0, timeout => 120);
	like($out, qr/PLANNED 00000\n.*CHECKED 00000\n/s, "$name: looking works") or diag($err);
	like($out, qr/CALLED (00000|55000)\nt\n/, "$name: the procedure maintains the good set, and ends as it should") or diag($err);
	like($out, qr/RAN 00000\nt\n/, "$name: so does the function") or diag($err);
	like($out, qr/^\Q$alive\E$/m, "$name: nothing else happened");
	unlike($err, qr/syntax error|XX\d\d\d|reference leak|not closed|terminated|active snapshot/, "$name: nothing odd was said");
}

my $reset = q{
	DELETE FROM partman.part_config WHERE parent_table NOT IN ('good.t');
	DELETE FROM partman.part_pending_drop;
	INSERT INTO partman.part_config SELECT * FROM app.saved WHERE parent_table = 'app.poison';
	INSERT INTO partman.part_policy SELECT * FROM app.saved_policy WHERE parent_table = 'app.poison'};

# Names: all at once, as rows of their own.
my @names = (q{app.keep'; DROP TABLE app.keep; --}, q{app.keep"; DROP TABLE app.keep; --}, q{"app"."poison"}, q{app."poison}, 'app', '', '.',
	'..', 'app.', '.keep', 'app.poison.x', 'pg_catalog.pg_class', 'partman.part_config', 'information_schema.tables', 'app.keep',
	'app.view', 'app.listed', 'app.hashed', 'app.pair', 'app.expression', 'app.%child%', '%pending_drop%.%config%', 'app.$1', "app.\n--\tx",
	"app.\x{e4}\x{1f4a3}", 'x' x 2000, "app.keep\\'; DROP TABLE app.keep; --", q{app.$$; DROP TABLE app.keep; $$});
my $inserts = '';
for my $name (@names) {
	utf8::encode($name) if utf8::is_utf8($name);
	my $quoted = $name =~ s/'/''/gr;
	$inserts .= "INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, retention, retention_keep_table,"
		. " maintenance_order) VALUES ('$quoted', 'k', '1 day', 'range', '1 day', false, -1);\n";
}
my $rc;
($rc, undef, my $err) = run_sql('writes_config', $inserts, on_error_stop => 0);
is($err, '', 'names of every kind can be written');
survives('odd names');
for my $name (@names) {
	my $quoted = $name =~ s/'/''/gr;
	$inserts = "SELECT * FROM partman.show_partitions('$quoted'); SELECT * FROM partman.show_partition_name('$quoted', '1');\n"
		. "SELECT partman.partition_data_time('$quoted'); SELECT partman.run_maintenance('$quoted');\n";
	($rc, undef, $err) = run_sql('postgres', "\\set VERBOSITY verbose\n$inserts", on_error_stop => 0);
	unlike($err, qr/ERROR:  (42601|XX)/, 'each is taken as a name') or diag("$name\n$err");
}
is(do_sql('postgres', $canary), $alive, 'and none as a statement');
do_sql('postgres', $reset);

# Texts: one column at a time, where the table takes the value at all.
my @payloads = (q{x'; DROP TABLE app.keep; --}, q{x"; DROP TABLE app.keep; --}, q{app.keep}, q{pg_catalog.pg_authid}, '',
	'%child%', q{1 day'::interval; DROP TABLE app.keep; --}, '178000000 years', '-1 year', '1 microsecond', '9223372036854775807', 'infinity', 'NaN',
	'../../../etc/passwd', 'x' x 100000);
my @columns = map { [ 'part_config', $_ ] } qw(control time_encoder time_decoder partition_interval partition_type automatic_maintenance
	template_table retention retention_schema epoch datetime_string date_trunc_interval maintenance_role async_partitioning_in_progress);
push @columns, [ 'part_policy', 'time_zone' ], [ 'part_policy', 'deferred_reason' ];
my $taken = 0;
for my $column (@columns) {
	my ($table, $name) = @$column;
	my $script = "\\set VERBOSITY verbose\n";
	for my $payload (@payloads) {
		my $quoted = $payload =~ s/'/''/gr;
		$script .= "SET ROLE writes_config; UPDATE partman.$table SET $name = '$quoted' WHERE parent_table = 'app.poison';\n"
			. "\\echo UPDATED :SQLSTATE\nRESET ROLE; SELECT partman.run_maintenance();\n\\echo RAN :SQLSTATE\n";
	}
	my ($src, $sout, $serr) = run_sql('postgres', $script, on_error_stop => 0, timeout => 180);
	my $updated = () = $sout =~ /^UPDATED 00000$/mg;
	my $ran = () = $sout =~ /^RAN 00000$/mg;
	$taken += $updated;
	is($ran, scalar(@payloads), "$name: every run comes through") or diag($serr);
	unlike($serr, qr/syntax error|XX\d\d\d|reference leak|active snapshot/, "$name: nothing odd was said");
	survives("$name poisoned");
	do_sql('postgres', $reset);
}
cmp_ok($taken, '>', 30, 'values were written at all');

# Numbers, and values stored out of line.
for my $update (
	q{part_config SET premake = 2147483647}, q{part_config SET partition_interval = '1 second', datetime_string = 'YYYYMMDD_HH24MISS', premake = 1000000},
	q{part_config SET premake = 2147483647, infinite_time_partitions = false, ignore_default_data = false},
	q{part_config SET maintenance_order = -2147483648, optimize_constraint = -2147483648},
	q{part_config SET template_table = (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 100000) n)},
	q{part_config SET datetime_string = '"' || (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 10000) n) || '"'},
	q{part_config SET constraint_cols = ARRAY['x''; DROP TABLE app.keep; --', NULL]},
	q{part_policy SET lock_timeout_ms = 60000, lock_tries = 1000, deferred_runs = 2147483647},
	q{part_policy SET parent_oid = 'app.keep'::regclass, parent_table = parent_table},
	q{part_policy SET parent_oid = 4294967295, database_oid = 0, system_identifier = -1}) {
	($rc, undef, $err) = run_sql('postgres', "SET ROLE writes_config; UPDATE partman.$update WHERE parent_table = 'app.poison'",
		on_error_stop => 1);
	$rc == 0 or next;
	survives(substr($update, 0, 70));
	do_sql('postgres', $reset);
}

# Pending drops are believed for tables of the set's own owner only, of the very name and OID.
do_sql('postgres', 'ALTER TABLE app.keep OWNER TO owner');
run_sql('writes_config', q{
	INSERT INTO partman.part_pending_drop SELECT c.oid, 'app', c.relname, 'app.poison', 'x''; DROP TABLE app.keep; --', NULL,
		d.oid, s.system_identifier FROM pg_class c, pg_database d, pg_control_system() s
		WHERE c.relname IN ('keep', 'view') AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'app') AND d.datname = current_database();
	INSERT INTO partman.part_pending_drop SELECT 1, 'app', 'saved', 'app.poison', NULL, NULL, d.oid, s.system_identifier
		FROM pg_database d, pg_control_system() s WHERE d.datname = current_database();
	INSERT INTO partman.part_pending_drop SELECT 'partman.part_config'::regclass, 'partman', 'part_config', 'app.poison', NULL, NULL,
		d.oid, s.system_identifier FROM pg_database d, pg_control_system() s WHERE d.datname = current_database()}, on_error_stop => 1);
is(do_sql('postgres', 'SELECT count(*) FROM partman.part_pending_drop'), '4', 'poisoned pending drops are written');
survives('pending drops poisoned');

# An owner's code fails with the SQLSTATE of a cancelled query: his set fails, the others do not.
do_sql('postgres', $reset);
do_sql('owner', q{
	CREATE FUNCTION app.bomb() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
	CREATE TABLE app.bombed (k timestamptz NOT NULL) PARTITION BY RANGE (k);
	SELECT partman.create_parent('app.bombed', 'k', '1 day');
	INSERT INTO app.bombed SELECT now() + interval '30 days';
	CREATE INDEX ON app.bombed_default ((app.bomb()));
	CREATE OR REPLACE FUNCTION app.bomb() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN RAISE EXCEPTION 'boom' USING ERRCODE = 'query_canceled'; END $$;
	UPDATE partman.part_config SET maintenance_order = 0, premake = 60, infinite_time_partitions = true WHERE parent_table = 'app.bombed'});
survives('an owner who raises query_canceled');
is(do_sql('postgres', q{SELECT maintenance_last_run IS NULL FROM partman.part_config WHERE parent_table = 'app.bombed'}), 't', 'his set failed');

$node->stop;
done_testing();
