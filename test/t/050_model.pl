# Random lives of partition sets against a plain model (Model.pm): create, insert, update, delete, drain, maintain, retire,
# fill gaps, change the configuration, undo, take back, over every kind of key; with steps from hours to years, rows without
# a key, and sessions in other zones than that of the set. After each step the server must have the partitions of the model
# with its bounds, and in each the rows of the model: nothing lost, doubled, overlapping or between.
#
#   STRATA_SEED=n       other lives (the seed is printed)
#   STRATA_SEQUENCES=n  more of them
#   STRATA_FIRST=n      from this one on; with STRATA_SEQUENCES=1 only that one
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Calendar;
use MaintenanceTest;
use Model;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep);
use Time::Local qw(timegm);

my $seed = $ENV{STRATA_SEED} // 20240229;
my $sequences = $ENV{STRATA_SEQUENCES} // 60;
my $first = $ENV{STRATA_FIRST} // 1;
diag("seed $seed") if $ENV{STRATA_SEED};
note("seed $seed, sequences $first to " . ($first + $sequences - 1));

use constant { MS => 1_000, SECOND => 1_000_000, HOUR => 3_600_000_000, DAY => 86_400_000_000 };
my $node = new_node('main');
# Rows in the default stay in the way.
$node->safe_psql('postgres', 'ALTER TABLE partman.part_policy ALTER heal_max_rows SET DEFAULT 0');
my ($session, $opened, $zone, $kind);

sub one_of { return $_[ int rand @_ ]; }
sub chance { return rand() < $_[0]; }
sub pick { my ($from, $to) = @_; return $from + int rand($to - $from + 1); }

# A session ends after three minutes; long runs take several.
sub connect_again {
	$session->quit if $session;
	($session, $opened) = (session($node, verbosity => 'verbose'), time);
	$zone = 'UTC';
	$session->query("SET timezone = '$zone'; SET datestyle = 'ISO'; SET client_min_messages = error");
	return;
}
connect_again();
$session->query(q{
	CREATE SCHEMA model;
	CREATE FUNCTION model.enc(timestamptz) RETURNS text LANGUAGE sql AS
		$$ SELECT 'K' || pg_catalog.to_char($1 AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') $$;
	CREATE FUNCTION model.dec(text) RETURNS timestamptz LANGUAGE sql AS
		$$ SELECT pg_catalog.to_timestamp(pg_catalog.substr($1, 2) || '+00', 'YYYYMMDDHH24MISSTZH') $$;
	-- Every plain table with its bound and its rows, then the clock and what is left of the configuration.
	CREATE FUNCTION model.state() RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE r record; ids text;
	BEGIN
		FOR r IN SELECT relname, pg_get_expr(relpartbound, oid) AS bound FROM pg_class
			WHERE relnamespace = 'm'::regnamespace AND relkind = 'r'
		LOOP
			EXECUTE format('SELECT string_agg(id::text, '','') FROM ONLY m.%I', r.relname) INTO ids;
			RETURN NEXT concat_ws('|', '#table', r.relname, coalesce(r.bound, ''), coalesce(ids, ''));
		END LOOP;
		RETURN NEXT '#now|' || (extract(epoch FROM now()) * 1000000)::bigint;
		RETURN NEXT '#sets|' || (SELECT count(*) FROM partman.part_config);
		RETURN NEXT '#rest|' || (SELECT count(*) FROM partman.part_pending_drop);
	END $$});

# --- kinds of keys -------------------------------------------------------------------------------------------------------

sub stamp {
	my ($tick) = @_;
	my $second = Calendar::floor_div($tick, SECOND);
	return strftime('%Y-%m-%d %H:%M:%S', gmtime $second) . sprintf('.%06d+00', $tick - $second * SECOND);
}

# Whatever the zone of the session, it says how far it is from UTC.
sub tick_of_stamp {
	my ($text) = @_;
	my ($y, $m, $d, $h, $i, $s, $fraction, $sign, $hours, $minutes) = $text =~
	  /^K?(\d{4})-?(\d\d)-?(\d\d)(?: ?(\d\d):?(\d\d):?(\d\d)(?:\.(\d+))?(?:([-+])(\d\d)(?::(\d\d))?)?)?$/ or return -1;
	my $ahead = (($hours // 0) * 3600 + ($minutes // 0) * 60) * (($sign // '') eq '-' ? -1 : 1);
	return (timegm($s // 0, $i // 0, $h // 0, $d, $m - 1, $y) - $ahead) * SECOND + substr(($fraction // 0) . '000000', 0, 6);
}

# Intervals of Calendar.pm and how to write so many of them at once.
sub hours { return { ticks => $_[0] * HOUR, text => "$_[0] hours" }; }
sub days { return { days => $_[0], text => "$_[0] days" }; }
sub months { my $count = shift; return { months => $count, text => $count % 12 ? "$count months" : $count / 12 . " years" }; }
sub number { return { ticks => $_[0], text => $_[0] }; }

sub repeated {
	my ($by, $count) = @_;
	my ($unit) = grep { $by->{$_} } qw(months days ticks);
	my $all = $by->{$unit} * $count;
	return $unit eq 'months' ? months($all) : $unit eq 'days' ? days($all) : $kind->{time} ? hours($all / HOUR) : number($all);
}

my @short = (hours(1), hours(6), days(1), days(7));
my @long = (months(1), months(3), months(12));
my @numbers = map { number($_) } 7, 10, 100;

# type: of the key; unit: ticks between two keys; last: this and more keys of one tick; write, read: tick to SQL and back.
sub kind {
	my ($name, $type, %fields) = @_;
	return { name => $name, type => $type, time => 1, unit => 1, steps => [ @short, @long ], method => 'RANGE', more => '',
		read => \&tick_of_stamp, write => sub { "'" . stamp($_[0]) . "'" }, %fields };
}

sub epoch_kind {
	my ($name, $type, $per_second, %fields) = @_;
	my $unit = $per_second > SECOND ? 1 : SECOND / $per_second;
	my $scale = $per_second > SECOND ? $per_second / SECOND : 1;
	return kind($name, $type, unit => $unit, more => ", p_epoch := '$name'", read => sub { $_[0] / $scale * $unit },
		write => sub { my ($tick, $last) = @_; Calendar::floor_div($tick, $unit) * $scale + ($last ? $scale - 1 : 0) }, %fields);
}

sub number_kind {
	my ($name, $type, %fields) = @_;
	return kind($name, $type, time => 0, steps => \@numbers, read => sub { $_[0] }, write => sub { $_[0] }, %fields);
}

sub write_uuid {
	my ($tick, $last) = @_;
	my $hex = sprintf('%012x', $tick / MS);
	return "'" . substr($hex, 0, 8) . '-' . substr($hex, 8) . ($last ? "-7fff-bfff-ffffffffffff'" : "-7000-8000-000000000000'");
}

my @kinds = (
	kind('timestamptz', 'timestamptz'),
	kind('timestamp', 'timestamp', walled => 1, write => sub { "'" . stamp($_[0]) =~ s/\+00$//r . "'" }),
	kind('date', 'date', walled => 1, unit => DAY, steps => [ days(1), days(3), days(7), @long ]),
	epoch_kind('seconds', 'int', 1, steps => \@short),
	epoch_kind('milliseconds', 'bigint', 1_000),
	epoch_kind('microseconds', 'numeric', 1_000_000),
	epoch_kind('nanoseconds', 'bigint', 1_000_000_000),
	kind('uuid', 'uuid', unit => MS, write => \&write_uuid,
		read => sub { hex(join '', $_[0] =~ /^(\w{8})-(\w{4})/) * MS },
		more => ", p_time_encoder := 'partman.uuid7_time_encoder', p_time_decoder := 'partman.uuid7_time_decoder'"),
	kind('text', 'text COLLATE "C"', unit => SECOND,
		write => sub { strftime("'K%Y%m%d%H%M%S'", gmtime Calendar::floor_div($_[0], SECOND)) },
		more => ", p_time_encoder := 'model.enc', p_time_decoder := 'model.dec'"),
	number_kind('int2', 'int2'),
	number_kind('int4', 'int'),
	number_kind('int8', 'bigint'),
	number_kind('numeric', 'numeric', write => sub { $_[1] ? "$_[0] + 0.9" : $_[0] }),
	number_kind('list', 'int', steps => [ number(1) ], method => 'LIST', more => ", p_type := 'list'"));

# --- the set under test --------------------------------------------------------------------------------------------------

my ($model, $now, $next_id, $renamed, $nullable, @steps, @zones, @log, %done);

# As a key.
sub present { return $model->{calendar}->key_at($now); }

sub server_now { return $session->query('SELECT (extract(epoch FROM now()) * 1000000)::bigint'); }

# A zone with names of its own whose clock goes forward or back in some day about now, whatever the season.
sub changing_zone {
	my ($one, $other) = map { ((gmtime)[7] + $_) % 365 + 1 } pick(-6, 6), 182;
	($one, $other) = ($other, $one) if chance(0.5);
	return "AAA-1BBB,J$one/2,J$other/3";
}

# Somebody in one zone made the set, somebody in another maintains it.
sub switch_zone {
	my $other = one_of(@zones);
	return if $other eq $zone;
	$zone = $other;
	push @log, "SET timezone = '$zone'";
	$session->query($log[-1]);
	return;
}

# Cells and their middles change at whole half hours: no step may see one clock and the model another.
sub away_from_borders {
	my $second = time % 1800;
	sleep 1806 - $second if $second > 1794;
	switch_zone() if chance(0.3);
	$now = server_now();
	return;
}

# What the server has: partitions with bounds in ticks, loose tables, and what the step printed.
sub run {
	my ($sql) = @_;
	push @log, $sql =~ s/\s+/ /gr;
	my ($out, $err) = $session->query("$sql;\nSELECT model.state()");
	my %state = (parts => [], loose => {}, err => $err, said => []);
	for (split /\n/, $out) {
		my ($what, $name, $bound, $ids) = split /\|/, $_, -1;
		if ($what eq '#table') { add_table(\%state, $name, $bound, $ids) }
		elsif ($what =~ /^#(\w+)/) { $state{$1} = $name }
		else { push @{ $state{said} }, $_ }
	}
	$now = $state{now} // die "no state after $sql: $err";
	return \%state;
}

sub add_table {
	my ($state, $name, $bound, $ids) = @_;
	my @ids = sort { $a <=> $b } split /,/, $ids;
	my $read = $kind->{read};
	if ($bound eq 'DEFAULT') { $state->{default} = \@ids }
	elsif ($bound =~ /^FOR VALUES FROM \('?(.*?)'?\) TO \('?(.*?)'?\)$/) {
		push @{ $state->{parts} }, { name => $name, lo => $read->($1), up => $read->($2), ids => \@ids };
	}
	elsif ($bound =~ /^FOR VALUES IN \('?(.*?)'?\)$/) {
		push @{ $state->{parts} }, { name => $name, lo => $1, up => $1 + 1, ids => \@ids };
	}
	elsif ($name eq 'target') { $state->{target} = \@ids }
	else { $state->{loose}{$name} = \@ids }
	return;
}

sub list_of { return join ' ', sort { $a <=> $b } @_; }

sub contract_name {
	my ($part) = @_;
	return "ev_p$part->{lo}" unless $kind->{time};
	my $pattern = $model->{step}{ticks} ? 'ev_p%Y%m%d_%H%M%S' : 'ev_p%Y%m%d';
	return strftime($pattern, gmtime $model->{calendar}->local_of($part->{lo}) / SECOND);
}

# One line per partition: bounds, rows and, until the interval changed and where no other can have it, the name.
sub picture {
	my ($parts, $default, $target) = @_;
	my @lines = map {
		my $rows = $_->{ids} // [ keys %{ $_->{rows} } ];
		my $unsure = $renamed || $kind->{time} && $model->{calendar}->is_doubled($_->{lo});
		"$_->{lo} to $_->{up}" . ($unsure ? '' : ' ' . ($_->{name} // contract_name($_))) . ': ' . list_of(@$rows)
	} sort { $a->{lo} <=> $b->{lo} } @$parts;
	push @lines, 'default: ' . list_of(@$default) if $default;
	return join "\n", @lines, 'target: ' . list_of(@{ $target // [] });
}

# Complaints: empty when the server agrees with the model and the step said what it should.
sub compare {
	my ($state, %expected) = @_;
	my $default = $model->{default} ? [ keys %{ $model->{default} } ] : undef;
	my $is = picture(@$state{qw(parts default target)});
	my $should = picture($model->{parts}, $default, [ keys %{ $model->{target} } ]);
	my @wrong;
	push @wrong, "is\n$is\nshould be\n$should" if $is ne $should;
	push @wrong, "error '$state->{err}', expected '" . ($expected{error} // '') . "'"
	  if defined $expected{error} ? $state->{err} !~ /ERROR:  $expected{error}/ : $state->{err} ne '';
	push @wrong, "said '@{ $state->{said} }', expected '$expected{said}'"
	  if defined $expected{said} && "@{ $state->{said} }" ne $expected{said};
	my $loose = join "\n", sort map { list_of(@$_) } values %{ $state->{loose} };
	my $kept = join "\n", sort map { list_of(keys %{ $_->{rows} }) } @{ $expected{kept} // [] };
	push @wrong, "tables outside the set hold\n$loose\nshould hold\n$kept" if $loose ne $kept;
	push @wrong, "$state->{rest} partitions wait for their drop" if $state->{rest};
	run('DROP TABLE ' . join(', ', map { "m.\"$_\"" } sort keys %{ $state->{loose} })) if %{ $state->{loose} };
	return join "\n", @wrong;
}

# --- steps: each changes the model, then the server, and compares --------------------------------------------------------

# A key where it hurts: at an edge of a cell or between, near the partitions there are; or none.
sub random_tick {
	my $parts = $model->{parts};
	my $unit = $kind->{unit};
	my ($lo, $up) = chance(0.7) || !$model->{default} ? @{ one_of(@$parts) }{qw(lo up)}
	  : $model->cell(one_of($model->advance($parts->[0]{lo}, -pick(1, 3)), $model->advance($parts->[-1]{up}, pick(0, 2)),
		one_of(@$parts)->{up}));
	return if $nullable && chance(0.1);
	return one_of($lo, $up - $unit, $lo + pick(0, ($up - $lo) / $unit - 1) * $unit);
}

sub literal {
	my ($tick) = @_;
	return (defined $tick ? $kind->{write}->($tick, chance(0.4)) : 'NULL') . "::$kind->{type}";
}

sub step_insert {
	my @values;
	for (1 .. pick(1, 6)) {
		my ($tick, $id) = (scalar random_tick(), $next_id++);
		my $home = $model->home($tick) // next;
		$home->{$id} = $tick;
		push @values, '(' . literal($tick) . ", $id)";
	}
	return unless @values;
	return compare(run('INSERT INTO m.ev VALUES ' . join ', ', @values));
}

sub step_update {
	my @ids = sort { $a <=> $b } $model->ids;
	return unless @ids;
	my ($id, $tick) = (one_of(@ids), scalar random_tick());
	my $home = $model->home($tick) // return;
	$model->remove($id);
	$home->{$id} = $tick;
	return compare(run('UPDATE m.ev SET k = ' . literal($tick) . " WHERE id = $id"));
}

sub step_delete {
	my @ids = sort { $a <=> $b } $model->ids;
	return unless @ids;
	my $id = one_of(@ids);
	$model->remove($id);
	return compare(run("DELETE FROM m.ev WHERE id = $id"));
}

sub step_drain {
	return unless $model->{default};
	my ($batches, $order) = (pick(1, 4), one_of('ASC', 'DESC'));
	my $function = $kind->{time} ? 'partition_data_time' : 'partition_data_id';
	my $moved = $model->drain($batches, $order);
	return compare(run("SELECT partman.$function('m.ev', $batches, p_order := '$order')"), said => $moved);
}

sub step_drain_proc {
	return unless $model->{default};
	my $order = one_of('ASC', 'DESC');
	$kind->{name} eq 'list' ? $model->drain(1000, $order) : $model->drain_closing($order, present());
	return compare(run("CALL partman.partition_data_proc('m.ev', p_wait := 0, p_order := '$order', p_quiet := true)"));
}

sub step_drain_async {
	return unless $model->{default} && $kind->{time} && $kind->{name} ne 'date';
	$model->drain(1000, 'ASC');
	my $batch = one_of('20 minutes', '59 minutes');
	return compare(run("CALL partman.partition_data_async('m.ev', p_interval := '$batch', p_wait := 0, p_quiet := true)"));
}

# Rows of the default that belong to a wanted partition block it: the function then does nothing, the procedure the rest.
sub step_maintain {
	my $procedure = chance(0.5);
	my @wanted = $model->wanted(present());
	my @blocked = grep { $model->has_default_rows($_) } @wanted;
	my %expected;
	$expected{error} = $procedure ? '55000' : '23514' if @blocked;
	if (!@blocked || $procedure) {
		my @made = grep { !$model->has_default_rows($_) } @wanted;
		my @gone = $model->expired($model->{retention}, present());
		@gone = $model->spare_last(@gone) unless @made;
		$model->add(@made);
		$model->retire(@gone);
		$expected{kept} = \@gone if $model->{keep};
	}
	$done{'refused run'}++ if @blocked;
	my $state = run($procedure ? 'CALL partman.run_maintenance_proc()' : "SELECT partman.run_maintenance('m.ev')");
	my $wrong = compare($state, %expected);
	return $wrong if $wrong || @blocked && !$procedure;
	# What is blocked still may be fewer: a row of the default that counts is current, and gaps are closed after it only.
	my $left = grep { $model->has_default_rows($_) } $model->wanted(present());
	return compare(run("SELECT count(*) FILTER (WHERE action <> 'blocked'), count(*) FROM partman.plan_maintenance('m.ev')"),
		said => "0|$left");
}

# At the edge of a partition's retention and one key beside it.
sub step_retire {
	my $part = one_of(@{ $model->{parts} });
	my $keep = one_of(0, 1);
	my ($retention, $reference, $call);
	if ($kind->{time}) {
		$retention = chance(0.5) ? hours(pick(0, 200)) : repeated(one_of(@steps), pick(0, 3));
		my $instant = $model->{calendar}->instant_of($model->advance($part->{up}, 1, $retention)) + pick(-1, 1);
		$reference = $model->{calendar}->key_at($instant);
		$call = "drop_partition_time('m.ev', '$retention->{text}', p_reference_timestamp := '" . stamp($instant) . "', ";
	} else {
		my $filled = $model->highest_filled // return;
		my $highest = (sort { $a <=> $b } values %{ $filled->{rows} })[-1];
		$retention = number($highest - $part->{up} + pick(-1, 1));
		$call = "drop_partition_id('m.ev', $retention->{text}, ";
	}
	my @gone = $model->spare_last($model->expired($retention, $reference));
	$model->retire(@gone);
	return compare(run("SELECT partman.${call}p_keep_table := $keep\::boolean)"), said => scalar @gone,
		kept => $keep ? \@gone : []);
}

sub step_gap_fill {
	my @gaps = $model->missing($model->{parts}[0]{up}, $model->{parts}[-1]{lo});
	my %expected = (said => scalar @gaps);
	if (grep { $model->has_default_rows($_) } @gaps) { %expected = (error => '23514') }
	else { $model->add(@gaps) }
	return compare(run("SELECT partman.partition_gap_fill('m.ev')"), %expected);
}

# A partition somebody wants: on the grid, before, between or after the others.
sub step_create_one {
	my $parts = $model->{parts};
	my ($lo) = $model->cell(one_of($model->advance($parts->[0]{lo}, -pick(1, 3)), random_tick() // $parts->[0]{up},
		$model->advance($parts->[-1]{up}, pick(0, 3))));
	my ($up, $instant) = ($model->advance($lo, 1), $model->{calendar}->instant_of($lo));
	return if $model->{calendar}->key_at($instant) != $lo;    # no clock shows it
	return if grep { $_->{lo} < $up && $lo < $_->{up} } @{ $model->{parts} };
	my $part = { lo => $lo, up => $up, rows => {} };
	my %expected = (said => 't');
	if ($model->has_default_rows($part)) { %expected = (error => '23514') }
	else { $model->add($part) }
	return compare(run($kind->{time} ? "SELECT partman.create_partition_time('m.ev', ARRAY['" . stamp($instant) . "'::timestamptz])"
			: "SELECT partman.create_partition_id('m.ev', ARRAY[$lo]::bigint[])"), %expected);
}

# Somebody drops a partition by hand.
sub step_drop_one {
	return if @{ $model->{parts} } < 2;
	my $part = one_of(@{ $model->{parts} });
	$model->retire($part);
	my $name = (grep { $_->{lo} == $part->{lo} } @{ run('SELECT 1')->{parts} })[0]{name};
	return compare(run("DROP TABLE m.\"$name\""));
}

sub step_configure {
	@$model{qw(premake infinite ignore_default keep)} = (pick(1, 5), pick(0, 1), chance(0.7) ? 1 : 0, pick(0, 1));
	# So many months ahead age() no longer counts them all.
	$model->{premake} = pick(37, 40) if ($model->{step}{months} // 0) == 1 && chance(0.4);
	$model->{retention} = chance(0.4) ? undef : repeated($model->{step}, pick(0, 6));
	$model->{retention} = hours(24 * $model->{retention}{days}) if $model->{retention} && $model->{retention}{days} && chance(0.5);
	my $text = $model->{retention} ? "'$model->{retention}{text}'" : 'NULL';
	my $first = pick(0, 1);
	my $interval = '';
	if (chance(0.3)) {
		my $step = one_of(@steps);
		$renamed = 1 if $step->{text} ne $model->{step}{text};
		$model->{step} = $step;
		$interval = ", partition_interval = '$step->{text}'";
	}
	return compare(run("UPDATE partman.part_config SET premake = $model->{premake}, retention = $text, retention_keep_table = "
		  . "$model->{keep}::boolean, infinite_time_partitions = $model->{infinite}::boolean, ignore_default_data = "
		  . "$model->{ignore_default}::boolean, detach_before_drop = $first\::boolean$interval"));
}

# Every row of the set or of the target, as before the undo; the model then takes over what is left of the set.
sub undone {
	my ($state, $before) = @_;
	my @ids = map { @{ $_->{ids} } } @{ $state->{parts} };
	my $is = list_of(@ids, @{ $state->{default} // [] }, @{ $state->{target} });
	my $should = list_of(keys %$before);
	my @wrong = $is eq $should ? () : ("rows after undo\n$is\nshould be\n$should");
	push @wrong, "error $state->{err}" if $state->{err};
	push @wrong, 'rows in detached tables: ' . join ' ', map { @$_ } values %{ $state->{loose} }
	  if grep { @$_ } values %{ $state->{loose} };
	my $rows = sub { return { map { $_ => $before->{$_} } @{ $_[0] } } };
	my %bounds = map { $_->{lo} => $_->{up} } @{ $model->{parts} };
	my @left = sort { $a->{lo} <=> $b->{lo} } @{ $state->{parts} };
	push @wrong, map { "new partition $_->{lo}" } grep { ($bounds{ $_->{lo} } // '') ne $_->{up} } @left;
	$model->{parts} = [ map { { lo => $_->{lo}, up => $_->{up}, rows => $rows->($_->{ids}) } } @left ];
	$model->{default} = $state->{default} && $rows->($state->{default});
	$model->{target} = $rows->($state->{target});
	push @wrong, "$state->{sets} sets are configured" if $state->{sets} != (@left || $state->{default} ? 1 : 0);
	run('DROP TABLE ' . join(', ', map { "m.\"$_\"" } sort keys %{ $state->{loose} })) if %{ $state->{loose} };
	return join "\n", @wrong;
}

sub all_rows {
	return { map { %$_ } $model->{target}, $model->{default} // {}, map { $_->{rows} } @{ $model->{parts} } };
}

# What a call says it did is what it did.
sub undo_some {
	my ($batches) = @_;
	my ($rows, $parts) = (all_rows(), @{ $model->{parts} } + ($model->{default} ? 1 : 0));
	my $out = keys %{ $model->{target} };
	my $keep = one_of('true', 'false');
	my $state = run("SELECT * FROM partman.undo_partition('m.ev', 'm.target', $batches, p_keep_table := $keep)");
	my $wrong = undone($state, $rows);
	my $said = ($parts - @{ $model->{parts} } - ($model->{default} ? 1 : 0)) . '|' . (keys(%{ $model->{target} }) - $out);
	$wrong .= "said @{ $state->{said} }, did $said" if "@{ $state->{said} }" ne $said;
	return $wrong;
}

# Somebody changes his mind after a part of it.
sub step_undo_part {
	my $wrong = undo_some(pick(1, 3));
	return $wrong if $wrong;
	return @{ $model->{parts} } || $model->{default} ? abandon() : step_recreate();
}

sub abandon {
	return undo_all() unless @{ $model->{parts} };
	return compare(run('UPDATE partman.part_config SET undo_in_progress = false'));
}

sub undo_all {
	if (chance(0.5)) {
		my $wrong = '';
		$wrong = undo_some(pick(1, 20)) while !$wrong && (@{ $model->{parts} } || $model->{default});
		return $wrong || step_recreate();
	}
	my $rows = all_rows();
	my $state = run("CALL partman.undo_partition_proc('m.ev', 'm.target', p_wait := 0, p_quiet := true)");
	return undone($state, $rows) || (@{ $model->{parts} } || $model->{default} ? 'not all was undone' : step_recreate());
}

sub step_undo { return undo_all(); }

# The set anew, and the rows back into it.
sub step_recreate {
	return step_create() || step_take_back();
}

sub step_take_back {
	my $target = $model->{target};
	my @ids = grep { defined $target->{$_} } keys %$target or return;
	for my $tick (Model::keys_of($model->{default} // {})) {
		return if grep { $model->cell_number($target->{$_}) == $model->cell_number($tick) } @ids;
	}
	$model->pour(map { $_ => delete $target->{$_} } @ids);
	my $function = $kind->{time} ? 'partition_data_time' : 'partition_data_id';
	return compare(run("SELECT partman.$function('m.ev', 1000, p_source_table := 'm.target')"), said => scalar @ids);
}

sub step_create {
	my ($step, $premake) = (one_of(@steps), pick(1, 3));
	$renamed = 0;
	my $default = chance(0.85);
	$model = Model->new(time => $kind->{time}, step => $step, premake => $premake, target => $model->{target} // {},
		default => $default ? {} : undef, calendar => Calendar->new(zone => $zone, walled => $kind->{walled}));
	my $calendar = $model->{calendar};
	my $instant = $calendar->instant_of($model->advance(present(), -pick(0, 5)));
	my $start = chance(0.3) ? undef : $kind->{time} ? $calendar->key_at($instant) : $model->advance(0, pick(-3, 9));
	my $field = $step->{months} && defined $start && chance(0.3) ? 'day' : undef;
	$field = undef if $field && (Calendar::civil($calendar->local_of($start)))[2] > 28;    # refused
	$model->create(present(), $start, $field);
	my $more = "'false'$kind->{more}" . ($nullable ? ', p_control_not_null := false' : '')
	  . ($field ? ", p_date_trunc_interval := '$field'" : '');
	my $text = !defined $start ? 'NULL' : $kind->{time} ? "'" . stamp($instant) . "'" : "'$start'";
	return compare(run("SELECT partman.create_parent('m.ev', 'k', '$step->{text}', p_premake := $premake, "
		  . "p_start_partition := $text, p_default_table := " . ($default ? 'true' : 'false') . ", p_template_table := $more)"), said => 't');
}

# --- lives ---------------------------------------------------------------------------------------------------------------

my %often = (insert => 30, update => 6, delete => 3, drain => 8, drain_proc => 4, drain_async => 3, maintain => 20, retire => 10,
	gap_fill => 5, create_one => 8, drop_one => 6, configure => 12, undo_part => 5, undo => 5);
my @deck = map { ($_) x $often{$_} } sort keys %often;

# Complaints of the first step that went wrong.
sub live {
	my ($number) = @_;
	srand($seed * 1_000_003 + $number);
	($kind, $model, $next_id, @log) = ($kinds[ $number % @kinds ], {}, 1);
	$nullable = chance(0.3);
	@zones = !$kind->{time} || chance(0.3) ? 'UTC'
	  : (one_of('UTC', 'Asia/Kolkata'), one_of('Europe/Paris', 'America/New_York'), changing_zone());
	switch_zone();
	my $from = pick(0, $#{ $kind->{steps} });
	@steps = @{ $kind->{steps} }[ $from, $from < $#{ $kind->{steps} } ? $from + 1 : () ];
	away_from_borders();
	my $columns = "(k $kind->{type}" . ($nullable ? '' : ' NOT NULL') . ', id int)';
	run("CREATE SCHEMA m; CREATE TABLE m.ev $columns PARTITION BY $kind->{method} (k); CREATE TABLE m.target $columns");
	my $wrong = step_create();
	for (1 .. 15) {
		last if $wrong;
		away_from_borders();
		my $step = one_of(@deck);
		my $said = main->can("step_$step")->();
		$done{$step}++ if defined $said;
		$wrong = $said;
	}
	$session->query('DROP SCHEMA m CASCADE; DELETE FROM partman.part_config; DELETE FROM partman.part_pending_drop');
	return $wrong;
}

my %failed;
for my $number ($first .. $first + $sequences - 1) {
	connect_again() if time - $opened > 60;
	my $wrong = live($number) or next;
	diag(join "\n", "seed $seed, sequence $number, $kind->{name}:", @log, $wrong) if keys %failed < 10;
	push @{ $failed{ $kind->{name} } }, $number;
}
note(join ', ', map { "$done{$_} $_" } sort keys %done);
is("@{ $failed{$_->{name}} // [] }", '', "sequences of $_->{name} that went wrong") for @kinds;
for my $step ($ENV{STRATA_SEED} || $ENV{STRATA_SEQUENCES} ? () : sort keys %often) {
	cmp_ok($done{$step} // 0, '>', 0, "the lives had $step in them");
}

$session->quit;
$node->stop;
done_testing();
