# The plan is what the run does: random sets, the plan taken by another session, a run, and what changed in the catalogs
# compared with it row for row.
#
# The plan is that of the procedure. The function does the same but for two kinds: it does not move rows along, which
# would keep readers out to its caller's end, so a planned move fails it as rows in the way do; and where nothing says
# detach first it drops in one step what the plan detaches and drops, so "drop attached" is in no plan and is counted in
# the history of the runs.
#
#   STRATA_SEED=n    other random states (the seed is printed)
#   STRATA_STATES=n  more of them
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;
use Time::HiRes qw(sleep);

my $seed = $ENV{STRATA_SEED} // 20240229;
my $states = $ENV{STRATA_STATES} // 50;
srand($seed);
diag("seed $seed") if $ENV{STRATA_SEED};
note("seed $seed");

my $node = new_node('main');
my $planner = session($node);
my $runner = session($node);
my $reader = session($node);
$_->query("SET timezone = 'UTC'; SET client_min_messages = error") for $planner, $runner, $reader;

sub one_of { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }

# Tables of a schema: name, bound or nothing, rows, indexes.
sub tables_of {
	my ($schema) = @_;
	my %tables;
	my $sql = qq{
		SELECT c.relname, coalesce(pg_get_expr(c.relpartbound, c.oid), ''), c.oid,
			(SELECT count(*) FROM pg_index WHERE indrelid = c.oid),
			(SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND conname LIKE 'partmanconstr%'),
			(xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]
		FROM pg_class c WHERE c.relnamespace = '$schema'::regnamespace AND c.relkind = 'r' ORDER BY 1};
	for (split /\n/, $planner->query($sql)) {
		my ($name, $bound, $oid, $indexes, $extra, $rows) = split /\|/;
		$tables{$name} = { bound => $bound, oid => $oid, indexes => $indexes, extra => $extra, rows => $rows };
	}
	return %tables;
}

# Bounds as the server understands them, whatever their spelling.
sub same_bound {
	my ($type, $bound, $lower, $upper) = @_;
	my ($from, $to) = $bound =~ /^FOR VALUES FROM \('?(.*?)'?\) TO \('?(.*?)'?\)$/ or return 0;
	return $planner->query("SELECT '$from'::$type = '$lower'::$type AND '$to'::$type = '$upper'::$type") eq 't';
}

# --- a random state ------------------------------------------------------------------------------------------------------

# A run beside a reader of the whole set, which DETACH ... CONCURRENTLY waits for in vain.
sub leave_half_detached {
	my ($schema) = @_;
	my $policy = sub { $planner->query("UPDATE partman.part_policy SET lock_timeout_ms = $_[0], lock_tries = $_[1] WHERE parent_table = '$schema.ev'") };
	$policy->(30, 1);
	$reader->query("BEGIN; SELECT count(*) FROM $schema.ev");
	$runner->query('CALL partman.run_maintenance_proc()');
	$reader->query('COMMIT');
	$policy->(300, 5);
	return;
}

my %steps = (    # interval, what a partition is wide, in SQL
	time => [ '1 hour', '6 hours', '1 day', '1 week', '1 month', '3 months', '1 year' ],
	date => [ '1 day', '3 days', '1 week', '1 month', '1 year' ],
	id => [ 10, 100, 1000 ]);

sub make_state {
	my ($schema) = @_;
	my $type = one_of(qw(timestamptz timestamp date bigint integer smallint));
	my $kind = $type =~ /time/ ? 'time' : $type eq 'date' ? 'date' : 'id';
	my $step = one_of(@{ $steps{$kind} });
	my $before = 1 + int rand 8;
	my $premake = 1 + int rand 4;
	my $default = chance(0.65) ? 'true' : 'false';
	my $start = $kind eq 'id' ? 0 : $planner->query("SELECT now() - $before * interval '$step'");
	my $made = $kind eq 'id' ? $before + $premake : $premake;
	my $key = chance(0.6) ? ', PRIMARY KEY (k)' : '';
	my ($out, $err) = $planner->query(qq{
		CREATE SCHEMA $schema;
		CREATE TABLE $schema.ev (k $type NOT NULL, payload text$key) PARTITION BY RANGE (k);
		CREATE INDEX ON $schema.ev (payload);
		SELECT partman.create_parent('$schema.ev', 'k', '$step', p_premake := $made, p_start_partition := '$start',
			p_default_table := $default, p_template_table := 'false')});
	die "create_parent: $err" if $err;

	# Rows where there are partitions, a random subset of the partitions, perhaps rows in the default.
	my @children = grep { $_ ne 'ev_default' } split /\n/, $planner->query(
		"SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '$schema.ev'::regclass ORDER BY c.oid");
	for my $child (@children) {
		next if chance(0.3);
		my $value = chance(0.8) ? "'x'" : 'NULL';
		my (undef, $refused) = $planner->query(qq{INSERT INTO $schema.ev SELECT (regexp_match(pg_get_expr(relpartbound, oid), '\\(''?([^'')]*)'))[1]::$type, $value
			FROM pg_class WHERE oid = '$schema.$child'::regclass});
		die "a row for $child: $refused" if $refused;
	}
	for my $child (@children) {
		next unless chance(0.25);
		$planner->query(one_of("DROP TABLE $schema.$child", "ALTER TABLE $schema.ev DETACH PARTITION $schema.$child"));
	}
	if ($default eq 'true' && chance(0.5)) {
		my $far = $kind eq 'id' ? ($before + $premake + 1 + int rand 2) * $step + 1 : "now() + (" . ($premake + 1 + int rand 2) . " * interval '$step')";
		$planner->query("INSERT INTO $schema.ev VALUES (($far)\::$type, 'stray')");
	}
	my $new_premake = 1 + int rand 6;
	my $retention = chance(0.25) ? 'NULL'
	  : $kind eq 'id' ? "'" . int(rand($before + 1)) * $step . "'" : "(" . (1 + int rand $before) . " * interval '$step')::text";
	my $columns = chance(0.4) ? "ARRAY['payload']" : 'NULL';
	my ($keep, $index, $infinite, $ignore, $first) = map { chance($_) ? 'true' : 'false' } 0.4, 0.5, 0.5, 0.5, 0.35;
	my $heal = one_of(0, 1, 1000);
	($out, $err) = $planner->query(qq{
		UPDATE partman.part_config SET premake = $new_premake, retention = $retention, retention_keep_table = $keep,
			retention_keep_index = $index, infinite_time_partitions = $infinite, ignore_default_data = $ignore,
			detach_before_drop = $first, constraint_cols = $columns, optimize_constraint = 1 WHERE parent_table = '$schema.ev';
		UPDATE partman.part_policy SET heal_max_rows = $heal WHERE parent_table = '$schema.ev'});
	die "part_config: $err" if $err;
	leave_half_detached($schema) if $default eq 'false' && $retention ne 'NULL' && chance(0.7);
	my $text = "$type by $step, $before before, premake $premake to $new_premake, retention $retention, keep table $keep, "
	  . "keep index $index, infinite $infinite, ignore default $ignore, default $default, heal $heal, constraints $columns";
	return ($type, $keep, $index, $text);
}

# --- plan, run, compare --------------------------------------------------------------------------------------------------

sub plan_of {
	my ($schema) = @_;
	my @plan;
	for (split /\n/, $planner->query(
		"SELECT step, action, coalesce(partition_table, ''), coalesce(lower_bound, ''), coalesce(upper_bound, ''), statement ~ 'FINALIZE\$' FROM partman.plan_maintenance('$schema.ev') ORDER BY step"))
	{
		my ($step, $action, $table, $lower, $upper, $finalize) = split /\|/, $_, -1;
		my $kind = ($finalize // '') eq 't' ? 'finalize' : $action;
		push @plan, { step => $step, action => $action, kind => $kind, table => $table =~ s/^$schema\.//r, lower => $lower, upper => $upper };
	}
	return @plan;
}

# Nothing may become due between plan and run: bounds and half cells lie on whole half hours.
sub away_from_borders {
	sleep 1 while $node->safe_psql('postgres', q{SELECT extract(epoch FROM clock_timestamp())::bigint % 1800 > 1790}) eq 't';
	return;
}

# What the plan says must be what happened, in both directions.
sub differences {
	my ($type, $keep, $index, $plan, $before, $after) = @_;
	my @wrong;
	my (%planned_new, %planned_gone, %planned_loose, %planned_extra);
	my $moved = 0;
	for (@$plan) {
		$planned_new{ $_->{table} } = $_ if $_->{action} =~ /^(create|move)$/;
		$planned_loose{ $_->{table} } = 1 if $_->{action} eq 'detach';
		$planned_gone{ $_->{table} } = 1 if $_->{action} =~ /^drop/;
		$planned_extra{ $_->{table} } = 1 if $_->{action} eq 'constrain';
	}
	delete $planned_loose{$_} for keys %planned_gone;
	for my $name (sort keys %$after) {
		my ($now, $then) = ($after->{$name}, $before->{$name});
		if (!$then) {
			my $action = delete $planned_new{$name};
			push @wrong, "$name was created, not planned" unless $action;
			push @wrong, "$name has $now->{rows} rows" if $action && ($now->{rows} > 0) != ($action->{action} eq 'move');
			$moved += $now->{rows};
			push @wrong, "$name has $now->{bound}, planned $action->{lower} to $action->{upper}"
			  if $action && !same_bound($type, $now->{bound}, $action->{lower}, $action->{upper});
		} elsif ($now->{oid} ne $then->{oid}) {
			push @wrong, "$name is another table";
		} elsif ($now->{bound} ne $then->{bound}) {
			push @wrong, "$name was detached, not planned" unless delete $planned_loose{$name};
			push @wrong, "$name is not detached but $now->{bound}" if $now->{bound};
			push @wrong, "$name has $now->{indexes} of $then->{indexes} indexes"
			  if $now->{indexes} != ($index eq 'true' ? $then->{indexes} : 0);
		} elsif ($now->{indexes} ne $then->{indexes}) {
			push @wrong, "$name has other indexes";
		}
		my $more = delete $planned_extra{$name} ? 1 : 0;
		push @wrong, "$name has $now->{extra} extra constraints, $more planned" if $then && $now->{extra} != $then->{extra} + $more;
		push @wrong, "$name has other rows" if $then && $now->{rows} ne $then->{rows} && $name ne 'ev_default';
	}
	push @wrong, "$moved rows were moved, the default has other rows"
	  if $before->{ev_default} && $before->{ev_default}{rows} != $after->{ev_default}{rows} + $moved;
	for my $name (sort keys %$before) {
		push @wrong, "$name is gone, not planned" if !$after->{$name} && !delete $planned_gone{$name};
	}
	push @wrong, "$_ was planned, not created" for sort keys %planned_new;
	push @wrong, "$_ was to be constrained" for sort keys %planned_extra;
	push @wrong, "$_ was to be detached" for sort keys %planned_loose;
	push @wrong, "$_ was to be dropped" for sort keys %planned_gone;
	return @wrong;
}

# States go on until each kind of action was in as many plans as it takes, if they are the usual ones.
my $enough = $ENV{STRATA_SEED} || $ENV{STRATA_STATES} ? 0 : 20;
my @kinds = (qw(create move blocked detach finalize drop constrain), 'drop attached');
my %seen;
sub seen_enough { return !grep { ($seen{$_} // 0) < $enough } @kinds; }

my $number = 0;
while (++$number <= $states || !seen_enough() && $number < 500) {
	my $schema = "s$number";
	my ($type, $keep, $index, $text) = make_state($schema);
	my $procedure = chance(0.6);
	away_from_borders();
	my %before = tables_of($schema);
	my @plan = plan_of($schema);
	my $blocked = grep { $_->{action} eq 'blocked' || $_->{action} eq 'move' && !$procedure } @plan;
	my $errors = grep { $_->{action} eq 'error' } @plan;
	my %in_plan = map { $_->{kind} => 1 } @plan;

	my ($out, $err) = $runner->query($procedure ? 'CALL partman.run_maintenance_proc()' : "SELECT partman.run_maintenance('$schema.ev')");
	my %after = tables_of($schema);
	$in_plan{'drop attached'} = 1 if $planner->query("SELECT 1 FROM partman.maintenance_action WHERE parent_table = '$schema.ev' AND action = 'drop attached' AND outcome = 'done' LIMIT 1") ne '';
	$seen{$_}++ for keys %in_plan;
	my $name = "state $number ($text, by " . ($procedure ? 'procedure' : 'function') . ')';

	# A function that fails leaves nothing; the procedure has done the rest of the set.
	my $undone = ($blocked || $errors) && !$procedure;
	my @wrong = differences($type, $keep, $index, $undone || $errors ? [] : \@plan, \%before, \%after);
	push @wrong, 'it should have failed' if ($blocked || $errors) && $err !~ /ERROR/;
	push @wrong, "it failed: $err" if !$blocked && !$errors && $err;
	# Rows that came along are the highest now, from which premake and retention count: the next runs come to rest.
	if ($in_plan{move} && !$undone && !$errors) {
		push @wrong, "$_->{table} is to be moved again" for grep { $_->{action} eq 'move' && $after{ $_->{table} } } plan_of($schema);
		$runner->query('CALL partman.run_maintenance_proc()') for 1 .. 3;
	}
	my @again = $undone || $errors ? () : grep { $_->{action} ne 'blocked' } plan_of($schema);
	push @wrong, 'the second plan still has ' . join(', ', map { "$_->{action} $_->{table}" } @again) if @again;
	is(join("\n", @wrong), '', $name)
	  or diag(join("\n", "seed $seed", (map { "$_->{step} $_->{action} $_->{table} $_->{lower} $_->{upper}" } @plan), $err));
	$planner->query("DELETE FROM partman.part_config; DELETE FROM partman.part_pending_drop; DROP SCHEMA $schema CASCADE");
}
note("$number states, with: ", join ', ', map { "$seen{$_} $_" } sort keys %seen);
cmp_ok($seen{$_} // 0, '>=', $enough, "$enough states and more had to do with $_") for @kinds;

$_->quit for $planner, $runner, $reader;
$node->stop;
done_testing();
