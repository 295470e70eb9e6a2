# Random lives of sub-partitioned sets of two levels, in the four combinations of times and ids. No model knows what must be
# there; after each step this must hold: every row is there once and with its keys, or went with a partition that the step
# took away; every table is in the tree; every partitioned table in it is a configured set, and no other is; after a run
# nothing is left to plan, and after the partition in use there are premake more without a gap, up to the end of the table.
#
#   STRATA_SEED=n       other lives (the seed is printed)
#   STRATA_SEQUENCES=n  more of them
#   STRATA_FIRST=n      from this one on; with STRATA_SEQUENCES=1 only that one
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MaintenanceTest;
use Test::More;

my $seed = $ENV{STRATA_SEED} // 20240229;
my $sequences = $ENV{STRATA_SEQUENCES} // 8;
my $first = $ENV{STRATA_FIRST} // 1;
note("seed $seed, sequences $first to " . ($first + $sequences - 1));

my $node = new_node('main');
# Rows in the default stay in the way.
$node->safe_psql('postgres', 'ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0');
my ($session, $opened);

sub one_of { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }
sub pick { my ($from, $to) = @_; return $from + int rand($to - $from + 1); }

# A session ends after three minutes; long runs take several.
sub connect_again {
	$session->quit if $session;
	($session, $opened) = (session($node, verbosity => 'verbose'), time);
	$session->query("SET timezone = 'UTC'; SET datestyle = 'ISO'; SET client_min_messages = error");
	return;
}
connect_again();
$session->query(q{
	CREATE SCHEMA model;
	-- Tables of m with the one above, kind and bounds; the rows of the tree; rows outside of it; sets; what is planned.
	CREATE FUNCTION model.state() RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE r record; ids text;
	BEGIN
		RETURN QUERY SELECT concat_ws('|', '#table', c.relname, p.relname, c.relkind, pg_get_expr(c.relpartbound, c.oid))
			FROM pg_class AS c LEFT JOIN pg_inherits ON inhrelid = c.oid LEFT JOIN pg_class AS p ON p.oid = inhparent
			WHERE c.relnamespace = 'm'::regnamespace AND c.relkind IN ('r', 'p');
		RETURN QUERY SELECT concat_ws('|', '#row', n, relname, id, at) FROM m.ev JOIN pg_class AS c ON c.oid = ev.tableoid;
		FOR r IN SELECT oid, relname FROM pg_class
			WHERE relnamespace = 'm'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'ev'
		LOOP
			EXECUTE format('SELECT string_agg(n::text, '','') FROM m.%I', r.relname) INTO ids;
			RETURN NEXT concat_ws('|', '#loose', r.relname, ids);
		END LOOP;
		RETURN QUERY SELECT concat_ws('|', '#set', substr(parent_table, 3), premake) FROM partman.part_config;
		RETURN QUERY SELECT concat_ws('|', '#rest', child_table) FROM partman.part_pending_drop;
		RETURN QUERY SELECT concat_ws('|', '#plan', action, parent_table, lower_bound) FROM partman.plan_maintenance();
	END $$});

# --- the tree under test -------------------------------------------------------------------------------------------------

# Of each level: the column, intervals that fit into one another, and what a key looks like.
my %levels = (at => [ '7 days', '1 day', '6 hours' ], id => [ 100, 20 ]);
my @kinds = map { my $top = $_; map { [ $top, $_ ] } qw(at id) } qw(at id);
my ($kind, $next_row, $state, %rows, %retention, @log, %done);

sub run {
	my ($sql) = @_;
	push @log, $sql =~ s/\s+/ /gr;
	my ($out, $err) = $session->query("$sql;\nSELECT model.state()");
	my %is = (err => $err, said => [], table => {}, row => {}, loose => {}, set => {}, rest => {}, plan => []);
	for (split /\n/, $out) {
		my ($what, $name, @rest) = split /\|/;
		if ($what eq '#plan') { push @{ $is{plan} }, { action => $name, set => $rest[0] =~ s/^m\.//r, lo => $rest[1] } }
		elsif ($what eq '#row' && $is{row}{$name}) { $is{doubled} .= " $name" }
		elsif ($what =~ /^#(\w+)/) { $is{$1}{$name} = \@rest }
		else { push @{ $is{said} }, $_ }
	}
	for my $name (keys %{ $is{table} }) {
		my ($above, $relkind, $bound) = @{ $is{table}{$name} } > 2 ? @{ $is{table}{$name} } : ('', @{ $is{table}{$name} });
		my ($lo, $up) = ($bound // '') =~ /^FOR VALUES FROM \('?(.*?)'?\) TO \('?(.*?)'?\)$/;
		$is{table}{$name} = { name => $name, above => $above, partitioned => $relkind eq 'p', lo => $lo, up => $up };
	}
	return \%is;
}

sub children {
	my ($is, $set) = @_;
	my @children = grep { $_->{above} eq $set && defined $_->{lo} } values %{ $is->{table} };
	return sort { $a->{lo} =~ /-\d\d-/ ? $a->{lo} cmp $b->{lo} : $a->{lo} <=> $b->{lo} } @children;
}

# Whether the table, or one below it, holds rows.
sub is_filled {
	my ($is, $table) = @_;
	for my $leaf (map { $_->[0] } values %{ $is->{row} }) {
		return 1 if $leaf eq $table->{name} || $is->{table}{$leaf}{above} eq $table->{name};
	}
	return 0;
}

# What a run must have seen to.
sub unready {
	my ($is, $set) = @_;
	my @children = children($is, $set);
	my @ahead;
	for my $child (reverse @children) {
		unshift @ahead, $child;
		last if is_filled($is, $child);
	}
	return unless @ahead && is_filled($is, $ahead[0]);
	# Hours count from that of the creation: the last one may reach over the end of the table. Such a set is full and skipped
	# from then on, even when a partition is dropped by hand.
	my $limit = $kind->[0] eq $kind->[1] ? $is->{table}{$set}{up} : undef;
	return if defined $limit && $kind->[0] eq 'at' && $children[-1]{up} gt $limit;
	for my $count (1 .. $is->{set}{$set}[0]) {
		my $up = $ahead[ $count - 1 ]{up};
		return if defined $limit && ($kind->[0] eq 'at' ? $up ge $limit : $up >= $limit);
		return "$set has no partition after $ahead[$count - 1]{name}"
		  if !$ahead[$count] || $up ne $ahead[$count]{lo};
	}
	return;
}

# Complaints: empty when all that must hold does. Rows may leave with tables that the step takes away.
sub check {
	my ($is, %may) = @_;
	my @wrong;
	push @wrong, "error $is->{err}" if $is->{err} && !($may{error} && $is->{err} =~ /ERROR:  $may{error}/);
	push @wrong, "rows twice:$is->{doubled}" if $is->{doubled};
	my %out = map { $_ => 1 } map { split /,/, $_->[0] // '' } values %{ $is->{loose} };
	for my $row (sort { $a <=> $b } keys %rows) {
		my $now = $is->{row}{$row};
		my $leaf = $state->{row}{$row} && $state->{row}{$row}[0];
		push @wrong, "row $row is inside and outside" if $now && $out{$row};
		push @wrong, "row $row has the keys @$now[1, 2], not @{ $rows{$row} }" if $now && "@$now[1, 2]" ne "@{ $rows{$row} }";
		push @wrong, "row $row is lost" if !$now && !($may{take} && ($out{$row} || $leaf && !$is->{table}{$leaf}));
		delete $rows{$row} unless $now;
	}
	push @wrong, map { "row $_ is new" } grep { !$rows{$_} } keys %{ $is->{row} };
	push @wrong, map { "table $_ is outside of the tree" } keys %{ $is->{loose} } unless $may{take};
	push @wrong, map { "$_ waits for its drop" } keys %{ $is->{rest} };
	my %loose = map { $_ => 1 } keys %{ $is->{loose} };
	my @sets = grep { $_->{partitioned} && !$loose{ $_->{name} } && !$loose{ $_->{above} } } values %{ $is->{table} };
	my ($are, $should) = map { join ' ', sort @$_ } [ keys %{ $is->{set} } ], [ map { $_->{name} } @sets ];
	push @wrong, "the sets are $are, should be $should" if $are ne $should;
	push @wrong, map { "no plan for $_->{set}" } grep { $_->{action} eq 'error' } @{ $is->{plan} };
	$state = $is;
	$state = run('DROP TABLE ' . join(', ', map { "m.\"$_\"" } sort keys %loose)) if %loose;
	return join "\n", @wrong;
}

# --- steps ---------------------------------------------------------------------------------------------------------------

sub random_keys {
	my $hours = chance(0.8) ? pick(-72, 72) : pick(-900, 900);
	return (chance(0.8) ? pick(0, 150) : pick(-150, 500), "date_trunc('hour', now()) + '$hours hours'");
}

sub step_insert {
	my @values;
	for (1 .. pick(1, 6)) {
		my ($id, $at) = random_keys();
		push @values, join ', ', $next_row++, $id, $at;
	}
	my $is = run('INSERT INTO m.ev (n, id, at) VALUES ' . join ', ', map { "($_)" } @values);
	for my $value (@values) {
		my ($row, $id) = split /, /, $value;
		my $now = $is->{row}{$row} or return "row $row is not there $is->{err}";
		$rows{$row} = [ $id, $now->[2] ];
	}
	return check($is);
}

# From one leaf to another.
sub step_update {
	my $row = one_of(sort keys %rows) // return;
	my ($id, $at) = random_keys();
	my $is = run("UPDATE m.ev SET id = $id, at = $at WHERE n = $row");
	$rows{$row} = [ $id, $is->{row}{$row}[2] ] if $is->{row}{$row};
	return check($is);
}

sub step_delete {
	my $row = one_of(sort keys %rows) // return;
	delete $rows{$row};
	return check(run("DELETE FROM m.ev WHERE n = $row"));
}

sub random_set { return one_of(sort keys %{ $state->{set} }); }
sub column_of { my ($set) = @_; return $kind->[ $set eq 'ev' ? 0 : 1 ]; }
sub suffix_of { my ($set) = @_; return column_of($set) eq 'at' ? 'time' : 'id'; }

sub step_drain {
	my $set = random_set();
	my ($batches, $order) = (pick(1, 4), one_of('ASC', 'DESC'));
	return check(run("SELECT partman.partition_data_" . suffix_of($set) . "('m.$set', $batches, p_order := '$order')"));
}

sub step_drain_proc {
	my $set = random_set();
	return check(run("CALL partman.partition_data_proc('m.$set', p_wait := 0, p_quiet := true)"));
}

# Sub-sets that a run creates are maintained by the next one.
sub step_maintain {
	for (1 .. 2) {
		my $wrong = check(run('CALL partman.run_maintenance_proc()'), error => '55000', take => 1);
		return $wrong if $wrong;
	}
	my @left = grep { $_->{action} ne 'blocked' } @{ $state->{plan} };
	return join "\n", map { "$_->{set} still wants $_->{action} $_->{lo}" } @left if @left;
	return "error although nothing is blocked" if $state->{err} && !@{ $state->{plan} };
	my %blocked = map { $_->{set} => 1 } @{ $state->{plan} };
	$done{'blocked run'}++ if %blocked;
	# Where old ones would go at once, none are made.
	return join "\n", map { unready($state, $_) // () } grep { !$blocked{$_} && ($retention{ column_of($_) } // 'NULL') eq 'NULL' }
	  sort keys %{ $state->{set} };
}

sub step_maintain_one {
	my $set = random_set();
	my $blocked = grep { $_->{set} eq $set && $_->{action} eq 'blocked' } @{ $state->{plan} };
	return check(run("SELECT partman.run_maintenance('m.$set')"), take => 1, error => $blocked ? '23514' : undef);
}

sub step_retire {
	my $set = random_set();
	my $keep = one_of('true', 'false');
	my $retention = suffix_of($set) eq 'time' ? "'" . pick(-1, 10) . " days'" : pick(-20, 200);
	return check(run("SELECT partman.drop_partition_" . suffix_of($set) . "('m.$set', $retention, $keep)"), take => 1);
}

sub step_gap_fill {
	my $set = random_set();
	return check(run("SELECT partman.partition_gap_fill('m.$set')"), error => '23514');
}

# Somebody drops a partition by hand; that of a sub-set leaves its configuration, so only leaves.
sub step_drop_one {
	my @leaves = sort map { $_->{name} } grep { !$_->{partitioned} && defined $_->{lo} } values %{ $state->{table} };
	return if @leaves < 2;
	my $leaf = one_of(@leaves);
	my @siblings = children($state, $state->{table}{$leaf}{above});
	return if @siblings < 2;
	return check(run("DROP TABLE m.\"$leaf\""), take => 1);
}

sub step_configure {
	my ($premake, $infinite, $keep) = (pick(1, 3), one_of('true', 'false'), one_of('true', 'false'));
	%retention = (at => chance(0.6) ? 'NULL' : "'" . pick(3, 20) . " days'",
		id => chance(0.6) ? 'NULL' : "'" . pick(50, 300) . "'");
	return check(run("UPDATE partman.part_config SET premake = $premake, infinite_time_partitions = $infinite, "
		  . "retention_keep_table = $keep, retention = CASE control WHEN 'at' THEN $retention{at} ELSE $retention{id} END; "
		  . "UPDATE partman.part_config_sub SET sub_premake = $premake, sub_infinite_time_partitions = $infinite"));
}

# --- lives ---------------------------------------------------------------------------------------------------------------

my %often = (insert => 30, update => 6, delete => 2, drain => 8, drain_proc => 8, maintain => 20, maintain_one => 6, retire => 5,
	gap_fill => 4, drop_one => 4, configure => 7);
my @deck = map { ($_) x $often{$_} } sort keys %often;

# Rows that are there before the declaration are carried over.
sub create {
	my ($top, $sub) = @$kind;
	my @intervals = $top eq $sub ? sort { $a <=> $b } (pick(0, $#{ $levels{$top} } - 1), $#{ $levels{$top} }) : (pick(0, 1), pick(0, 1));
	my ($above, $below) = ($levels{$top}[ $intervals[0] ], $levels{$sub}[ $intervals[1] ]);
	my $wrong = check($state = run("CREATE SCHEMA m; CREATE TABLE m.ev (n int NOT NULL, id int NOT NULL, at timestamptz NOT NULL) "
		  . "PARTITION BY RANGE ($top); SELECT partman.create_parent('m.ev', '$top', '$above', p_premake := " . pick(1, 2)
		  . ", p_template_table := 'false')")) || step_insert();
	return $wrong || check(run("SELECT partman.create_sub_partition('m.ev', '$sub', '$below', p_premake := " . pick(1, 2)
		  . ", p_declarative_check := 'yes')"));
}

# Complaints of the first step that went wrong.
sub live {
	my ($number) = @_;
	srand($seed * 1_000_003 + $number);
	($kind, $next_row, $state, @log) = ($kinds[ $number % @kinds ], 1, {});
	%rows = %retention = ();
	my $wrong = create();
	for (1 .. 15) {
		last if $wrong;
		my $step = one_of(@deck);
		my $said = main->can("step_$step")->();
		$done{$step}++ if defined $said;
		$wrong = $said;
	}
	$session->query('DROP SCHEMA m CASCADE; DELETE FROM partman.part_config_sub; DELETE FROM partman.part_config; '
		  . 'DELETE FROM partman.part_pending_drop');
	return $wrong;
}

my %failed;
for my $number ($first .. $first + $sequences - 1) {
	connect_again() if time - $opened > 60;
	my $wrong = live($number) or next;
	diag(join "\n", "seed $seed, sequence $number, $kind->[1] in $kind->[0]:", @log, $wrong) if keys %failed < 10;
	push @{ $failed{"@$kind"} }, $number;
}
note(join ', ', map { "$done{$_} $_" } sort keys %done);
is("@{ $failed{\"@$_\"} // [] }", '', "sequences of $_->[1] in $_->[0] that went wrong") for @kinds;

$session->quit;
$node->stop;
done_testing();
