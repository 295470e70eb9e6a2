# Whose rights the code of a table's owner runs with when a superuser works on his set (truths 24, 25).
#
# A plain role plants marker functions wherever PostgreSQL lets him hang code on a table. Each writes a line to the
# server's log, which no rollback takes back: where it runs, as whom, and whether an attempt to get out of the
# security-restricted context succeeded. Then a superuser calls everything. No line may say superuser.
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
$node->append_conf('postgresql.conf', "log_min_messages = warning\nautovacuum = off\n");
$node->start;

sub run_sql {
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-U', $role ], on_error_stop => 1);
	return ($rc, $out, $err);
}

sub do_sql {
	my ($role, $sql, $name) = @_;
	my ($rc, $out, $err) = run_sql($role, $sql);
	is($rc, 0, $name // 'setup') or diag("$sql\n$err");
	return $out;
}

my $log_at = 0;

# Marks since the last call: place => {roles it ran as}; and successful escapes.
sub marks {
	my $log = slurp_file($node->logfile, $log_at);
	$log_at = -s $node->logfile;
	my (%seen, @escapes);
	while ($log =~ /LOG:  MARK (\S+) as (\S+) super=(\w+)/g) { $seen{$1}{"$2/$3"} = 1; }
	while ($log =~ /LOG:  (ESCAPE .*)/g) { push @escapes, $1; }
	return (\%seen, \@escapes);
}

my %seen_as_owner;

# What a superuser calls must leave marks of the owner only.
sub superuser_calls {
	my ($name, $sql) = @_;
	marks();
	do_sql('postgres', $sql, "$name succeeds");
	my ($seen, $escapes) = marks();
	my @super = grep { my $place = $_; grep { m{/t$} } keys %{ $seen->{$place} } } sort keys %$seen;
	is("@super", '', "$name runs no code of the owner as superuser");
	is("@$escapes", '', "$name: no way out of the restricted context");
	$seen_as_owner{$_} = 1 for keys %$seen;
	return $seen;
}

# --- the attacker's tools ---------------------------------------------------------------------------------------------

do_sql('postgres', q{
	CREATE ROLE owner LOGIN;
	CREATE SCHEMA partman;
	CREATE EXTENSION pg_strata SCHEMA partman;
	GRANT USAGE, CREATE ON SCHEMA partman TO owner;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partman TO owner;
	CREATE SCHEMA app AUTHORIZATION owner;
	CREATE SCHEMA spy AUTHORIZATION owner;
	CREATE SCHEMA closed;
	GRANT USAGE ON SCHEMA closed TO owner;
});

do_sql('owner', q{
	GRANT USAGE ON SCHEMA spy TO PUBLIC;
	CREATE TABLE spy.side (n int);
	CREATE FUNCTION spy.is_super() RETURNS boolean LANGUAGE sql
		AS 'SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user';

	-- Runs where a volatile function may: marks, then tries to get out.
	CREATE FUNCTION spy.act(place text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		attempt text;
	BEGIN
		RAISE LOG 'MARK % as % super=%', place, current_user, spy.is_super();
		IF session_user = 'owner' OR place = 'deferred_side' THEN RETURN; END IF;
		FOREACH attempt IN ARRAY ARRAY['SET ROLE postgres', 'RESET ROLE', 'RESET SESSION AUTHORIZATION',
				'SET SESSION AUTHORIZATION postgres', $q$SELECT pg_catalog.set_config('role', 'none', false)$q$,
				'CREATE TEMPORARY TABLE planted (n int)', 'CREATE TEMPORARY VIEW planted_view AS SELECT 1',
				'DECLARE planted_cursor CURSOR WITH HOLD FOR SELECT 1',
				'INSERT INTO spy.side VALUES (1)', 'ALTER ROLE owner SUPERUSER'] LOOP
			BEGIN
				EXECUTE attempt;
				RAISE LOG 'ESCAPE % by % (now %, super=%)', place, attempt, current_user, spy.is_super();
			EXCEPTION WHEN OTHERS THEN NULL;
			END;
		END LOOP;
		IF spy.is_super() THEN RAISE LOG 'ESCAPE % ended as %', place, current_user; END IF;
	END $$;

	-- IMMUTABLE is a lie; a volatile function called from a non-volatile one may still write.
	CREATE FUNCTION spy.yes(place text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
		AS 'BEGIN PERFORM spy.act(place); RETURN true; END';
	CREATE FUNCTION spy.row_yes(place text, value bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
		AS 'BEGIN PERFORM spy.act(place); RETURN true; END';
	CREATE FUNCTION spy.num(place text, value bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE
		AS 'BEGIN PERFORM spy.act(place); RETURN value; END';
	CREATE FUNCTION spy.touch() RETURNS trigger LANGUAGE plpgsql
		AS 'BEGIN PERFORM spy.act(TG_ARGV[0]); RETURN NEW; END';
	-- A trigger that waits for the end of the transaction, when the superuser is himself again.
	CREATE CONSTRAINT TRIGGER later AFTER INSERT ON spy.side DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION spy.touch('deferred_side');
	CREATE DOMAIN spy.odd AS bigint DEFAULT spy.num('domain_default', 1)
		CHECK (spy.yes('domain_const')) CHECK (spy.row_yes('domain_row', VALUE));
	CREATE COLLATION spy.sorted (provider = icu, locale = 'und');
	CREATE TABLE app.ref (id bigint PRIMARY KEY CHECK (spy.yes('referenced_check')));
	INSERT INTO app.ref SELECT generate_series(0, 500);
}, 'a plain role makes his tools');

# Everything a plain role can hang on a partitioned table. Operator classes of his own he cannot make.
sub plant {
	my ($schema, $key, $type) = @_;
	return qq{
	CREATE TABLE $schema.t (
		id bigint NOT NULL DEFAULT spy.num('default', 1),
		k $type NOT NULL,
		note text COLLATE spy.sorted DEFAULT 'x' || spy.num('default_const', 1),
		d spy.odd,
		g bigint GENERATED ALWAYS AS (spy.num('generated_row', id) + spy.num('generated_const', 1)) STORED,
		ref bigint REFERENCES app.ref DEFERRABLE INITIALLY DEFERRED,
		CONSTRAINT const_check CHECK (spy.yes('check_const')),
		CONSTRAINT row_check CHECK (spy.row_yes('check_row', id)),
		PRIMARY KEY (id, k)
	) PARTITION BY RANGE (k);
	CREATE INDEX t_expression ON $schema.t ((spy.num('index_row', id)));
	CREATE INDEX t_expression_const ON $schema.t ((id + spy.num('index_const', 1)));
	CREATE INDEX t_predicate ON $schema.t (note) WHERE spy.yes('predicate_const') AND spy.row_yes('predicate_row', id);
	CREATE STATISTICS $schema.t_statistics ON (spy.num('statistics_row', id)), (id * spy.num('statistics_const', 2)) FROM $schema.t;
	ALTER TABLE $schema.t ENABLE ROW LEVEL SECURITY;
	CREATE POLICY t_policy ON $schema.t USING (spy.yes('policy_const') AND spy.row_yes('policy_row', id));
	CREATE TRIGGER t_before BEFORE INSERT OR UPDATE OR DELETE ON $schema.t FOR EACH ROW EXECUTE FUNCTION spy.touch('before_row');
	CREATE TRIGGER t_after AFTER INSERT OR UPDATE OR DELETE ON $schema.t FOR EACH ROW EXECUTE FUNCTION spy.touch('after_row');
	CREATE TRIGGER t_when BEFORE INSERT ON $schema.t FOR EACH ROW WHEN (spy.yes('trigger_when')) EXECUTE FUNCTION spy.touch('when_row');
	CREATE TRIGGER t_statement AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON $schema.t EXECUTE FUNCTION spy.touch('statement');
	CREATE CONSTRAINT TRIGGER t_deferred AFTER INSERT OR DELETE ON $schema.t DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION spy.touch('deferred_trigger');
	CREATE VIEW $schema.t_view AS SELECT id, spy.yes('view') FROM $schema.t;
	CREATE RULE t_rule AS ON UPDATE TO $schema.t DO ALSO SELECT spy.yes('rule');
	};
}

# The same on the default itself, which maintenance reads and the drain empties. And template indexes.
sub plant_more {
	my ($schema) = @_;
	return qq{
	ALTER TABLE $schema.t_default ADD CONSTRAINT own_const CHECK (spy.yes('default_check_const'));
	CREATE INDEX ON $schema.t_default ((spy.num('default_index_row', id))) WHERE spy.yes('default_index_const');
	ALTER TABLE $schema.t_default ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON $schema.t_default USING (spy.yes('default_policy_const'));
	CREATE TRIGGER d_before BEFORE INSERT OR DELETE ON $schema.t_default FOR EACH ROW EXECUTE FUNCTION spy.touch('default_before');
	CREATE TRIGGER d_statement AFTER INSERT OR DELETE OR TRUNCATE ON $schema.t_default EXECUTE FUNCTION spy.touch('default_statement');
	CREATE CONSTRAINT TRIGGER d_deferred AFTER DELETE ON $schema.t_default DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION spy.touch('default_deferred');
	CREATE UNIQUE INDEX ON partman.template_${schema}_t ((spy.num('template_row', id)), (id + spy.num('template_const', 0)))
		WHERE spy.yes('template_predicate');
	};
}

# --- a time set, made by its owner ------------------------------------------------------------------------------------

do_sql('owner', plant('app', 'k', 'timestamptz'), 'markers planted before any partition');
do_sql('owner', q{SELECT partman.create_parent('app.t', 'k', '1 day', p_premake := 3)}, 'the owner makes his set');
do_sql('owner', plant_more('app'));
do_sql('owner', q{
	CREATE TABLE app.child (id bigint, k timestamptz CHECK (spy.yes('referencing_check')), FOREIGN KEY (id, k) REFERENCES app.t);
	INSERT INTO app.t (id, k, d, ref) SELECT n, now() - n * interval '1 hour', n, n FROM generate_series(0, 59) n;
	INSERT INTO app.t (id, k, d, ref) SELECT 1000 + n, now() + interval '30 days' + n * interval '1 hour', n, n FROM generate_series(1, 40) n;
	INSERT INTO app.t (id, k, d, ref) SELECT 2000 + n, now() - interval '30 days' + n * interval '1 hour', n, n FROM generate_series(1, 40) n;
}, 'rows in partitions and in the default');
my ($planted) = marks();
ok($planted->{$_}, "marker $_ works") for qw(check_const check_row index_row predicate_const domain_row generated_row
	before_row after_row statement deferred_trigger default_const trigger_when);

my $plan = superuser_calls('plan_maintenance()', q{
	UPDATE partman.part_config SET premake = 4;
	SELECT * FROM partman.plan_maintenance()});
ok($plan->{$_}, "marker $_ runs as the owner, in a superuser's plan") for qw(index_const predicate_const statistics_const);
superuser_calls('plan_maintenance(set)', q{SELECT * FROM partman.plan_maintenance('app.t')});
superuser_calls('show_partitions', q{SELECT * FROM partman.show_partitions('app.t', 'DESC', true)});
superuser_calls('show_partition_name',
	q{SELECT * FROM partman.show_partition_name('app.t', now()::text) a, partman.show_partition_name('app.t', '2001-01-01') b});
superuser_calls('show_partition_info',
	q{SELECT i.* FROM partman.show_partitions('app.t') s, partman.show_partition_info(s.partition_schemaname || '.' || s.partition_tablename) i});
superuser_calls('check_control_type', q{SELECT * FROM partman.check_control_type('app', 't', 'k')});
superuser_calls('check_default()', 'SELECT * FROM partman.check_default()');
superuser_calls('check_default(false, true)', 'SELECT * FROM partman.check_default(false, true)');
superuser_calls('create_partition_time',
	q{SELECT partman.create_partition_time('app.t', ARRAY[date_trunc('day', now()) + interval '200 days'])});
superuser_calls('run_maintenance(set)', q{
	UPDATE partman.part_config SET premake = 5 WHERE parent_table = 'app.t';
	SELECT partman.run_maintenance('app.t', true)});
superuser_calls('run_maintenance() with retention', q{
	UPDATE partman.part_config SET premake = 6, infinite_time_partitions = true, retention = '2 days',
		retention_keep_table = true, retention_keep_index = false WHERE parent_table = 'app.t';
	SELECT partman.run_maintenance(p_analyze := true)});
superuser_calls('plan_maintenance() with ignore_default_data off', q{
	UPDATE partman.part_config SET ignore_default_data = false, premake = 1, infinite_time_partitions = false WHERE parent_table = 'app.t';
	SELECT * FROM partman.plan_maintenance()});
do_sql('postgres', q{UPDATE partman.part_config SET ignore_default_data = true, premake = 7, infinite_time_partitions = true,
	retention = '1 day', retention_keep_table = false WHERE parent_table = 'app.t'});
superuser_calls('run_maintenance_proc', 'CALL partman.run_maintenance_proc(0, true)');
is(do_sql('postgres', q{SELECT maintenance_last_run > now() - interval '1 hour' FROM partman.part_config WHERE parent_table = 'app.t'}),
	't', 'the run did its work');
superuser_calls('partition_data_time', q{SELECT partman.partition_data_time('app.t', 1)});
superuser_calls('partition_data_proc', q{CALL partman.partition_data_proc('app.t', p_wait := 0)});
is(do_sql('owner', q{SELECT count(*) FROM app.t_default}), '0', 'the drain did its work');
do_sql('owner', 'DROP TABLE app.child');
superuser_calls('drop_partition_time',
	q{SELECT partman.drop_partition_time('app.t', '1 hour', false)});

# --- an id set: the highest key decides -------------------------------------------------------------------------------

do_sql('owner', q{DELETE FROM partman.part_config; DROP TABLE app.t CASCADE; DROP TABLE partman.template_app_t;});
do_sql('owner', plant('app', 'k', 'bigint'));
do_sql('owner', q{SELECT partman.create_parent('app.t', 'k', '10', p_premake := 3)});
do_sql('owner', plant_more('app'));
do_sql('owner', q{
	INSERT INTO app.t (id, k, d, ref) SELECT n, n, n, n FROM generate_series(1, 25) n;
	INSERT INTO app.t (id, k, d, ref) SELECT n, n, n, n FROM generate_series(101, 125) n;
});
superuser_calls('plan_maintenance of an id set', q{
	UPDATE partman.part_config SET retention = '15', retention_keep_table = false, ignore_default_data = false;
	SELECT * FROM partman.plan_maintenance()});
do_sql('postgres', 'UPDATE partman.part_config SET ignore_default_data = true');
superuser_calls('run_maintenance of an id set', q{SELECT partman.run_maintenance('app.t')});
superuser_calls('create_partition_id', q{SELECT partman.create_partition_id('app.t', ARRAY[300])});
superuser_calls('show_partition_name of an id set', q{SELECT * FROM partman.show_partition_name('app.t', '999')});
superuser_calls('partition_data_id', q{SELECT partman.partition_data_id('app.t', 100)});
superuser_calls('run_maintenance_proc of an id set', 'CALL partman.run_maintenance_proc()');
superuser_calls('drop_partition_id',
	q{SELECT partman.drop_partition_id('app.t', 5, false)});

# --- a superuser makes the set, and the owner may not create in the schema (truths 25) --------------------------------

do_sql('owner', q{DELETE FROM partman.part_config; DROP TABLE app.t CASCADE; DROP TABLE partman.template_app_t;});
do_sql('postgres', 'GRANT CREATE ON SCHEMA closed TO owner');
do_sql('owner', plant('closed', 'k', 'timestamptz'));
do_sql('postgres', 'REVOKE CREATE ON SCHEMA closed FROM owner');
my ($rc, $out, $err) = run_sql('owner', q{\set VERBOSITY verbose
	SELECT partman.create_parent('closed.t', 'k', '1 day')});
like($err, qr/42501.*may not create tables in schema "closed"/, 'the owner is told what is missing');
like($err, qr/HINT:.*GRANT CREATE ON SCHEMA closed TO owner/, 'and by which GRANT');
superuser_calls('create_parent, owner without CREATE', q{SELECT partman.create_parent('closed.t', 'k', '1 day', p_premake := 3)});
do_sql('postgres', 'GRANT CREATE ON SCHEMA closed TO owner');
do_sql('owner', plant_more('closed'));
do_sql('postgres', 'REVOKE CREATE ON SCHEMA closed FROM owner');
do_sql('owner', q{
	INSERT INTO closed.t (id, k, d, ref) SELECT n, now() - n * interval '1 hour', n, n FROM generate_series(1, 50) n;
	INSERT INTO closed.t (id, k, d, ref) SELECT 1000 + n, now() + interval '30 days' + n * interval '1 hour', n, n FROM generate_series(1, 40) n;
});
superuser_calls('plan_maintenance, owner without CREATE', 'SELECT * FROM partman.plan_maintenance()');
superuser_calls('run_maintenance, owner without CREATE', q{
	UPDATE partman.part_config SET premake = 5 WHERE parent_table = 'closed.t';
	SELECT partman.run_maintenance('closed.t')});
superuser_calls('run_maintenance_proc, owner without CREATE', q{
	UPDATE partman.part_config SET premake = 6, retention = '1 day', retention_keep_table = false, infinite_time_partitions = true
		WHERE parent_table = 'closed.t';
	CALL partman.run_maintenance_proc(0, true)} =~ s/;\s*CALL/;\nCALL/r);
superuser_calls('create_partition_time, owner without CREATE',
	q{SELECT partman.create_partition_time('closed.t', ARRAY[date_trunc('day', now()) + interval '200 days'])});
superuser_calls('partition_data_time, owner without CREATE', q{SELECT partman.partition_data_time('closed.t', 100)});
# The names in a superuser's statements stay what they are: the schema cannot be exchanged under them.
my $session = $node->background_psql('postgres', on_error_stop => 1);
$session->query_safe(q{UPDATE partman.part_config SET premake = 9; BEGIN; SELECT partman.run_maintenance('closed.t')});
($rc, $out, $err) = run_sql('postgres', q{SET lock_timeout = '100ms'; ALTER SCHEMA closed RENAME TO elsewhere});
like($err, qr/lock timeout/, 'the schema keeps its name until the end of the transaction');
do_sql('postgres', q{SET lock_timeout = '5s'; GRANT USAGE ON SCHEMA closed TO PUBLIC}, 'grants on it do not wait');
$session->query_safe('COMMIT');
$session->quit;
is(do_sql('postgres', q{
	SELECT count(*) FILTER (WHERE relowner <> 'owner'::regrole) || ' of ' || (count(*) > 8)
	FROM pg_class WHERE relnamespace = 'closed'::regnamespace AND relkind IN ('r', 'p')}),
	'0 of true', 'every partition belongs to the owner');

# A superuser takes a set into management that its owner prepared.
do_sql('owner', plant('app', 'k', 'date'));
superuser_calls('create_parent by a superuser', q{SELECT partman.create_parent('app.t', 'k', '1 day', p_premake := 2)});

# --- the markers would have told --------------------------------------------------------------------------------------

ok($seen_as_owner{$_}, "marker $_ ran, as the owner, in a superuser's call") for qw(check_const check_row index_row
	index_const predicate_const predicate_row generated_row statistics_row default_check_const default_index_const template_row
	template_const template_predicate);
marks();
do_sql('postgres', q{EXPLAIN SELECT * FROM closed.t WHERE id = 1; INSERT INTO closed.t (id, k) VALUES (99, now())},
	'a naive superuser');
my ($naive, $escaped) = marks();
ok($naive->{$_}{'postgres/t'}, "marker $_ catches him") for qw(check_const index_const before_row after_row statement
	deferred_trigger default_const predicate_const);
ok(scalar(@$escaped), 'and the attempts to get out would be seen');
do_sql('postgres', 'ALTER ROLE owner NOSUPERUSER');

$node->stop;
done_testing();
