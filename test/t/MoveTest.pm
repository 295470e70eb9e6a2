# What the proofs that moving rows loses nothing (055 to 057) share. They know the SQL interface only, not how rows move:
# whatever the engine does meanwhile, at the end it has left nothing but rows and partitions.
package MoveTest;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run ();
use MaintenanceTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(add_proof online_setting digest things locks_left sorted_out);

# Tables of the extension that may grow: configuration, and what is kept of moves that have ended.
my $kept = join ', ', map { "'$_'" } qw(part_config part_config_sub part_policy maintenance_run maintenance_action move_history);

sub add_proof {
	my ($node) = @_;
	$node->safe_psql('postgres', qq{
		CREATE SCHEMA proof;
		CREATE EXTENSION amcheck SCHEMA proof;
		-- Everything a move could leave behind. Partitions of the set and their indexes are no leavings.
		CREATE FUNCTION proof.things(set regclass) RETURNS SETOF text LANGUAGE plpgsql AS \$\$
		DECLARE journal regclass; n bigint;
		BEGIN
			RETURN QUERY
			WITH part AS MATERIALIZED (SELECT relid FROM pg_partition_tree(set) WHERE level > 0),
			own AS MATERIALIZED (
				SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
				WHERE s.nspname !~ '^pg_' AND s.nspname <> 'information_schema')
			SELECT format('relation %s', o.oid::regclass) FROM own o
			WHERE o.oid NOT IN (SELECT relid FROM part)
				AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = o.oid AND i.indrelid IN (SELECT relid FROM part))
			UNION ALL SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT format('rule %s on %s', rulename, ev_class::regclass) FROM pg_rewrite
				WHERE rulename <> '_RETURN' AND ev_class IN (SELECT oid FROM own)
			UNION ALL SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
				WHERE s.nspname !~ '^pg_' AND s.nspname NOT IN ('information_schema', 'proof')
			UNION ALL SELECT format('check %s on the default or no partition: %s', conname, conrelid::regclass) FROM pg_constraint
				JOIN own o ON o.oid = conrelid
				WHERE contype = 'c' AND (conrelid NOT IN (SELECT relid FROM part)
					OR conrelid IN (SELECT partdefid FROM pg_partitioned_table))
			UNION ALL SELECT format('not valid: %s on %s', conname, conrelid::regclass) FROM pg_constraint
				JOIN own o ON o.oid = conrelid WHERE contype = 'c' AND NOT convalidated
			UNION ALL SELECT format('invalid index %s', indexrelid::regclass) FROM pg_index JOIN own o ON o.oid = indexrelid
				WHERE NOT indisvalid OR NOT indisready;
			FOR journal IN
				SELECT c.oid FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
					AND d.deptype = 'e' WHERE c.relkind = 'r' AND c.relnamespace = 'partman'::regnamespace
					AND c.relname NOT IN ($kept)
			LOOP
				EXECUTE format('SELECT count(*) FROM %s', journal) INTO n;
				IF n > 0 THEN RETURN NEXT format('%s rows in %s', n, journal); END IF;
			END LOOP;
		END \$\$;
		-- Rows outside the bounds of their partition, and what amcheck finds in heaps and indexes.
		CREATE FUNCTION proof.broken(space regnamespace) RETURNS SETOF text LANGUAGE plpgsql AS \$\$
		DECLARE part record; n bigint;
		BEGIN
			FOR part IN SELECT oid, oid::regclass AS name, coalesce(pg_get_partition_constraintdef(oid), 'true') AS bound
				FROM pg_class WHERE relnamespace = space AND relkind = 'r'
			LOOP
				EXECUTE format('SELECT count(*) FROM ONLY %s WHERE NOT (%s)', part.name, part.bound) INTO n;
				IF n > 0 THEN RETURN NEXT format('%s rows outside the bounds of %s', n, part.name); END IF;
				RETURN QUERY SELECT format('%s, block %s: %s', part.name, blkno, msg) FROM proof.verify_heapam(part.name);
			END LOOP;
			FOR part IN SELECT indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
				WHERE c.relnamespace = space AND c.relkind = 'i'
			LOOP
				BEGIN
					PERFORM proof.bt_index_check(part.indexrelid, true);
				EXCEPTION WHEN OTHERS THEN
					RETURN NEXT format('%s: %s', part.indexrelid::regclass, SQLERRM);
				END;
			END LOOP;
		END \$\$});
	return;
}

# What makes partition_data_proc move rows while clients go on writing however few they are, where there is such a way.
sub online_setting {
	my ($node) = @_;
	my $there = $node->safe_psql('postgres', q{SET client_min_messages = error; SELECT FROM partman.check_default();
		SELECT count(*) FROM pg_settings WHERE name = 'pg_strata.move_method'}) =~ /1$/;
	return $there ? 'SET pg_strata.move_method = online; ' : '';
}

# An expression for number and content of all rows of some tables, in no order. Two of them in one statement see the same
# moment.
sub digest {
	my (@tables) = @_;
	my $rows = join ' UNION ALL ', map { "SELECT id, at, payload FROM $_" } @tables;
	return "(SELECT count(*) || ' rows, ' || coalesce(sum(hashtextextended(r::text, 1)::numeric), 0) FROM ($rows) r)";
}

sub things {
	my ($node, $set) = @_;
	return $node->safe_psql('postgres', qq{SELECT t FROM proof.things('$set') t ORDER BY t COLLATE "C"});
}

# Locks on anything that is not a catalog, by others than who asks.
sub locks_left {
	my ($node) = @_;
	return $node->safe_psql('postgres', q{SELECT concat_ws(' ', locktype, relation::regclass, mode, pid) FROM pg_locks
		WHERE pid IS DISTINCT FROM pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = 'postgres')
			AND (locktype <> 'relation' OR relation >= 16384)});
}

# What is in the first list of lines and not in the second.
sub sorted_out {
	my ($new, $old) = @_;
	my %old = map { $_ => 1 } split /\n/, $old;
	return join "\n", grep { !$old{$_} } split /\n/, $new;
}

1;
