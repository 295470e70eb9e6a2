# check_partitions: every kind of drift, one at a time. A healthy set gives nothing; the drift gives its code and no
# other; its fix, run as it stands by the owner of the set in a session of his own, clears it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use FindBin;
use lib $FindBin::RealBin;
use Superuser;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nallow_in_place_tablespaces = on\nallow_system_table_mods = on\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE own LOGIN; CREATE ROLE other LOGIN; GRANT other TO own;
	CREATE SCHEMA partman; CREATE EXTENSION pg_strata SCHEMA partman;
	GRANT ALL ON SCHEMA partman TO own; GRANT ALL ON ALL TABLES IN SCHEMA partman TO own;
	GRANT CREATE ON DATABASE postgres TO own;
	CREATE TABLESPACE slow LOCATION '';
	CREATE FUNCTION part(n int) RETURNS text LANGUAGE sql AS $$ SELECT 'app.t_p' || to_char(current_date + n, 'YYYYMMDD') $$;
	GRANT EXECUTE ON FUNCTION part TO PUBLIC;
	CREATE FUNCTION on_part(n int, statement text) RETURNS void LANGUAGE plpgsql AS
		$$ BEGIN EXECUTE replace(statement, '%', part(n)); END $$;
	CREATE FUNCTION bounds(n int, m int) RETURNS text LANGUAGE sql AS
		$$ SELECT format('FOR VALUES FROM (%L) TO (%L)', current_date + n, current_date + m) $$});

# Five days back, four ahead, as the owner makes it.
my $columns = 'id bigint NOT NULL, ts timestamptz NOT NULL, v text, w text, PRIMARY KEY (id, ts)';
my %set = (
	plain => "CREATE TABLE app.t ($columns) PARTITION BY RANGE (ts);
		SELECT partman.create_parent('app.t', 'ts', '1 day', p_start_partition := (current_date - 5)::text, %)",
	numbers => "CREATE TABLE app.t (id bigint NOT NULL PRIMARY KEY, v text) PARTITION BY RANGE (id);
		SELECT partman.create_parent('app.t', 'id', '1000', p_start_partition := '0', %)",
	uuids => "CREATE FUNCTION app.enc(timestamptz) RETURNS uuid LANGUAGE sql STABLE AS 'SELECT partman.uuid7_time_encoder(\$1)';
		CREATE FUNCTION app.decode(text) RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT partman.uuid7_time_decoder(\$1)';
		CREATE TABLE app.t (id uuid NOT NULL PRIMARY KEY, v text) PARTITION BY RANGE (id);
		SELECT partman.create_parent('app.t', 'id', '1 month', p_time_encoder := 'app.enc', p_time_decoder := 'app.decode', %)");

sub as_owner {
	my ($sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql, connstr => $node->connstr('postgres') . ' user=own');
	return $rc == 0 ? '' : $err;
}

sub findings {
	my ($columns) = @_;
	return $node->safe_psql('postgres', "SELECT DISTINCT $columns FROM partman.check_partitions() ORDER BY 1");
}

# kind, code, set, drift as SQL or code, [what the set needs before]
sub drift {
	my ($name, $code, $set, $inject, $before) = @_;
	subtest "$code: $name" => sub {
		$node->safe_psql('postgres', q{
			DROP SCHEMA IF EXISTS app CASCADE; DELETE FROM partman.part_config; DELETE FROM partman.part_pending_drop;
			DELETE FROM partman.part_move; DROP SCHEMA IF EXISTS archive CASCADE; DROP PUBLICATION IF EXISTS p;
			DROP TABLE IF EXISTS partman.template_app_t; CREATE SCHEMA app AUTHORIZATION own});
		my $sql = $set{$set};
		my $more = ref $before eq 'HASH' ? $before->{create} : 'p_premake := 4';
		my $first = ref $before eq 'HASH' ? $before->{sql} : $before;
		$sql =~ s/%/$more/;
		is(as_owner($sql), '', 'made');
		$node->safe_psql('postgres', $first) if $first;
		is(findings('code, detail'), '', 'healthy');
		ref $inject ? $inject->() : $node->safe_psql('postgres', $inject);
		is(findings('code'), $code, 'the code, and no other');
		for my $fix (split /\n--\n/, $node->safe_psql('postgres', q{
			SELECT string_agg(DISTINCT fix, E'\n--\n') FROM partman.check_partitions()})) {
			is(as_owner($fix), '', "as the owner: $fix");
		}
		is(findings('code, detail'), '', 'cleared');
	};
	return;
}

# --- the set and its configuration ------------------------------------------------------------------------------------

drift('dropped', 'parent_missing', 'plain', 'DROP TABLE app.t');
drift('renamed', 'parent_renamed', 'plain', 'ALTER TABLE app.t RENAME TO t2');
drift('another table of its name', 'parent_replaced', 'plain', q{
	ALTER TABLE app.t RENAME TO old;
	CREATE TABLE app.t (LIKE app.old INCLUDING ALL) PARTITION BY RANGE (ts);
	ALTER TABLE app.t OWNER TO own;
	DO $$ DECLARE c record; BEGIN
		FOR c IN SELECT inhrelid::regclass AS part, pg_get_expr(relpartbound, oid) AS bound
			FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'app.old'::regclass
		LOOP
			EXECUTE format('ALTER TABLE app.old DETACH PARTITION %s', c.part);
			EXECUTE format('ALTER TABLE app.t ATTACH PARTITION %s %s', c.part, c.bound);
		END LOOP; END $$;
	DROP TABLE app.old});
drift('a plain table', 'not_partitioned', 'plain', 'DROP TABLE app.t; CREATE TABLE app.t (id int); ALTER TABLE app.t OWNER TO own');
drift('another column', 'control_changed', 'plain', q{UPDATE partman.part_config SET control = 'v'});
drift('made anew with numbers', 'key_type_changed', 'plain', q{
	DROP TABLE app.t; CREATE TABLE app.t (ts bigint NOT NULL) PARTITION BY RANGE (ts); ALTER TABLE app.t OWNER TO own});
drift('unknown', 'time_zone_unknown', 'plain', q{UPDATE partman.part_policy SET time_zone = 'Mars/Olympus'});
drift('gone', 'unsafe_encoder', 'uuids', 'DROP FUNCTION app.enc');
drift('dropped', 'template_missing', 'plain', 'DROP TABLE partman.template_app_t');
drift('dropped', 'retention_schema_missing', 'plain', 'DROP SCHEMA archive', q{
	CREATE SCHEMA archive AUTHORIZATION own;
	UPDATE partman.part_config SET retention = '30 days', retention_schema = 'archive'});
drift('dropped', 'maintenance_role_missing', 'plain', q{UPDATE partman.part_config SET maintenance_role = 'nobody'});
drift('dropped', 'constraint_column_missing', 'plain', 'ALTER TABLE app.t DROP COLUMN w',
	q{UPDATE partman.part_config SET constraint_cols = '{v,w}'});
drift('left on', 'undo_unfinished', 'plain', 'UPDATE partman.part_config SET undo_in_progress = true');
drift('its session is gone', 'move_interrupted', 'plain', q{
	INSERT INTO partman.part_move (parent_table, operation, phase, pid, started_at, phase_since, source_table, source_oid,
		working_schema, database_oid, system_identifier)
	SELECT 'app.t', 'partition_data_proc', 'loading', 1, now(), now(), 'app.t_default', 'app.t_default'::regclass, 'app',
		(SELECT oid FROM pg_database WHERE datname = current_database()), system_identifier FROM pg_control_system()});
drift('three times', 'maintenance_deferred', 'plain', q{
	UPDATE partman.part_policy SET deferred_runs = 3, deferred_reason = 'locks held by process 1'});
drift('as long as deadlock_timeout', 'lock_budget_too_long', 'plain', 'UPDATE partman.part_policy SET lock_timeout_ms = 1000');
drift('nine days ago', 'maintenance_stale', 'plain',
	q{UPDATE partman.part_config SET maintenance_last_run = now() - interval '9 days'});
drift('for nine days', 'never_maintained', 'plain', q{UPDATE partman.part_policy SET registered_at = now() - interval '9 days'});

# Without rows, and without infinite_time_partitions, no run goes on with a set.
my $in_use = 'INSERT INTO app.t VALUES (1, now())';

drift('a failed run', 'maintenance_failing', 'plain', sub {
	$node->safe_psql('postgres', q{SELECT on_part(4, 'DROP TABLE %'); SELECT on_part(4, 'CREATE TABLE % (id int)')});
	$node->psql('postgres', 'CALL partman.run_maintenance_proc()');
	$node->safe_psql('postgres', q{SELECT on_part(4, 'DROP TABLE %')});
	$node->safe_psql('postgres', q{SELECT on_part(4, 'CREATE TABLE % PARTITION OF app.t ' || bounds(4, 5)); SELECT on_part(4, 'ALTER TABLE % OWNER TO own')});
}, $in_use);
drift('of a killed run', 'guard_left', 'plain', q{
	ALTER TABLE app.t_default ADD CONSTRAINT pg_strata_guard CHECK (ts < '2090-01-01') NOT VALID});

# --- bounds, names, plan ----------------------------------------------------------------------------------------------

drift('in the middle', 'gap', 'plain', q{SELECT on_part(2, 'DROP TABLE %')});
drift('of numbers', 'gap', 'numbers', q{DROP TABLE app.t_p2000});
drift('in 2100', 'unexpected_partition', 'plain', q{
	CREATE TABLE app.t_p21000101 PARTITION OF app.t FOR VALUES FROM ('2100-01-01') TO ('2100-01-02');
	ALTER TABLE app.t_p21000101 OWNER TO own});
drift('two days in one, with rows', 'misbounded_partition', 'plain', q{
	SELECT on_part(-3, 'DROP TABLE %'); SELECT on_part(-2, 'DROP TABLE %');
	SELECT on_part(-3, 'CREATE TABLE % PARTITION OF app.t ' || bounds(-3, -1)); SELECT on_part(-3, 'ALTER TABLE % OWNER TO own');
	INSERT INTO app.t SELECT g, current_date - 3 + g * interval '12 hours' FROM generate_series(0, 3) g});
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT tableoid), min(ts)::date - current_date FROM app.t'), '4|2|-3',
	'its rows are in the set, where they belong');
drift('by hand', 'misnamed_partition', 'plain', q{SELECT on_part(3, 'ALTER TABLE % RENAME TO mine')});
drift('the last one', 'missing_partition', 'plain', q{SELECT on_part(4, 'DROP TABLE %')}, $in_use);
drift('three of four', 'missing_partition', 'numbers', q{INSERT INTO app.t SELECT 3500});
# In the afternoon premake asks for one more (contract 4.4).
drift('none for today', 'short_runway', 'plain', q{SELECT on_part(n, 'DROP TABLE IF EXISTS %') FROM generate_series(0, 5) n},
	q{INSERT INTO app.t VALUES (1, current_date - 1); UPDATE partman.part_config SET infinite_time_partitions = true; SELECT partman.run_maintenance('app.t')});
drift('two of five', 'retention_overdue', 'plain', q{UPDATE partman.part_config SET retention = '2 days', retention_keep_table = false});
drift('detached by a run that died', 'drop_overdue', 'plain', q{
	SELECT on_part(-5, 'ALTER TABLE app.t DETACH PARTITION %');
	INSERT INTO partman.part_pending_drop (child_oid, child_schema, child_table, parent_table, database_oid, system_identifier, retention)
	SELECT part(-5)::regclass, 'app', split_part(part(-5), '.', 2), 'app.t',
		(SELECT oid FROM pg_database WHERE datname = current_database()), system_identifier, '4 days' FROM pg_control_system();
	UPDATE partman.part_config SET retention = '4 days', retention_keep_table = false});
drift('of a stranger', 'name_collision', 'plain', q{
	SELECT on_part(4, 'DROP TABLE %'); SELECT on_part(4, 'CREATE TABLE % (id int)'); SELECT on_part(4, 'ALTER TABLE % OWNER TO own')}, $in_use);
drift('of the past', 'rows_in_default', 'plain', q{INSERT INTO app.t VALUES (1, current_date - 6)});
drift('of a day that is due', 'rows_in_default', 'plain', q{
	SELECT on_part(4, 'DROP TABLE %'); INSERT INTO app.t VALUES (1, current_date + 4)}, $in_use);

# --- what partitions have otherwise than parent and template -----------------------------------------------------------

drift('interrupted', 'detach_pending', 'plain', sub {
	my $reader = $node->background_psql('postgres');
	$reader->query_safe('BEGIN; SELECT count(*) FROM app.t');
	my $part = $node->safe_psql('postgres', 'SELECT part(-5)');
	my ($rc) = $node->psql('postgres', "SET statement_timeout = '1s'", extra_params => [ '-c', "SET statement_timeout = '1s'",
		'-c', "ALTER TABLE app.t DETACH PARTITION $part CONCURRENTLY" ]);
	$reader->quit;
}, { create => 'p_default_table := false' });
drift('another', 'owner_differs', 'plain', q{SELECT on_part(-2, 'ALTER TABLE % OWNER TO other')});
drift('unlogged', 'persistence_differs', 'plain', q{SELECT on_part(1, 'ALTER TABLE % SET UNLOGGED')});
drift('of a new one', 'tablespace_differs', 'plain', q{SELECT on_part(4, 'ALTER TABLE % SET TABLESPACE slow')});
drift('full', 'replica_identity_differs', 'plain', q{SELECT on_part(0, 'ALTER TABLE % REPLICA IDENTITY FULL')});
drift('full on the parent', 'replica_identity_differs', 'plain', q{ALTER TABLE ONLY app.t REPLICA IDENTITY FULL});
drift('on a partition', 'row_security_differs', 'plain', q{SELECT on_part(0, 'ALTER TABLE % ENABLE ROW LEVEL SECURITY')});
drift('a fill factor', 'storage_options_differ', 'plain', q{ALTER TABLE partman.template_app_t SET (fillfactor = 70)});
drift('left off', 'autovacuum_disabled', 'plain', q{SELECT on_part(0, 'ALTER TABLE % SET (autovacuum_enabled = off)')});
drift('granted on the parent', 'privileges_differ', 'plain', q{
	UPDATE partman.part_config SET inherit_privileges = true; GRANT SELECT ON app.t TO other});
drift('made with ONLY', 'index_missing', 'plain', q{CREATE INDEX t_v ON ONLY app.t (v) WHERE v <> 'x'});
drift('a unique constraint with ONLY', 'index_missing', 'plain', q{ALTER TABLE ONLY app.t ADD CONSTRAINT t_u UNIQUE (v, ts)});
drift('a build that died', 'index_invalid', 'plain', q{
	SELECT on_part(0, 'CREATE INDEX mine ON % (v)'); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.mine'::regclass});
drift('of the template', 'template_index_missing', 'plain', q{CREATE UNIQUE INDEX ON partman.template_app_t (v)});
drift('NOT VALID', 'constraint_not_valid', 'plain', q{SELECT on_part(0, 'ALTER TABLE % ADD CONSTRAINT mine CHECK (id > 0) NOT VALID')});
drift('disabled', 'trigger_differs', 'plain', q{SELECT on_part(0, 'ALTER TABLE % DISABLE TRIGGER mine')}, q{
	CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER mine BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f()});
drift('external', 'column_storage_differs', 'plain', q{SELECT on_part(0, 'ALTER TABLE % ALTER v SET STORAGE EXTERNAL')});
drift('on the parent only', 'statistics_target_differs', 'plain', q{ALTER TABLE ONLY app.t ALTER v SET STATISTICS 500});
drift('partitions one by one', 'publication_differs', 'plain', q{
	CREATE PUBLICATION p; SELECT on_part(0, 'ALTER PUBLICATION p ADD TABLE %'); ALTER PUBLICATION p OWNER TO own});
drift('of a referencing table', 'key_unindexed', 'plain', q{
	CREATE TABLE app.child (a int, id bigint, ts timestamptz, FOREIGN KEY (id, ts) REFERENCES app.t);
	ALTER TABLE app.child OWNER TO own});
drift('nine megabytes', 'statistics_missing', 'plain', q{
	INSERT INTO app.t SELECT g, current_date + interval '1 hour', repeat('x', 1000) FROM generate_series(1, 9000) g});

# --- who may ask, and the assertion -----------------------------------------------------------------------------------

drift('a day', 'gap', 'plain', sub {
	$node->safe_psql('postgres', q{SELECT on_part(2, 'DROP TABLE %')});
	my ($rc, $out, $err) = $node->psql('postgres', 'SELECT partman.assert_partitions()');
	is($rc, 0, 'no error for a warning');
	($rc, $out, $err) = $node->psql('postgres', q{SELECT partman.assert_partitions('app.t', 'warning')});
	is($rc, 3, 'an exit code where it counts');
	like($err, qr/1 findings of severity warning or worse.*app\.t: gap: No partition covers/s, 'with the finding');
	($rc, $out, $err) = $node->psql('postgres', q{SELECT partman.assert_partitions(p_min_severity := 'fatal')});
	like($err, qr/severity "fatal" is not known/, 'an unknown severity');
	($rc, $out, $err) = $node->psql('postgres', q{SELECT partman.check_partitions('app.no')});
	like($err, qr/"app\.no" is not managed/, 'an unknown set');
	$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN; GRANT USAGE ON SCHEMA partman TO stranger;
		GRANT SELECT ON partman.part_config, partman.part_config_sub TO stranger');
	my $stranger = $node->connstr('postgres') . ' user=stranger';
	($rc, $out) = $node->psql('postgres', 'SELECT * FROM partman.check_partitions()', connstr => $stranger);
	is("$rc $out", '0 ', 'a stranger sees nothing');
	($rc, $out, $err) = $node->psql('postgres', q{SELECT * FROM partman.check_partitions('app.t')}, connstr => $stranger);
	like($err, qr/permission denied for table app\.t/, 'nor does he by name');
});

done_testing();
