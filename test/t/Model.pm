# The plain reference model of a partition set for 050_model.pl: which partitions there must be and which row must be
# where, written from the documentation, without SQL. Keys are ticks: microseconds since 1970, or the number itself.
package Model;
use strict;
use warnings;
use List::Util qw(max min first);

# parts: [{ lo, up, rows => { id => tick } }] ascending; default: { id => tick } or nothing; target: ids taken out by undo.
sub new {
	my ($class, %fields) = @_;
	return bless { premake => 4, infinite => 0, ignore_default => 1, keep => 1, retention => undef, parts => [],
		target => {}, %fields }, $class;
}

sub floor_div {
	my ($value, $by) = @_;
	use integer;
	my $quotient = $value / $by;
	return $value % $by && $value < 0 ? $quotient - 1 : $quotient;
}

# --- the grid ------------------------------------------------------------------------------------------------------------

# Cells are counted from the last partition; from its end when it is of another width.
sub cell {
	my ($self, $tick) = @_;
	my ($last, $width) = ($self->{parts}[-1], $self->{width});
	my $origin = $last->{up} - $last->{lo} == $width ? $last->{lo} : $last->{up};
	my $lo = $origin + floor_div($tick - $origin, $width) * $width;
	return ($lo, $lo + $width);
}

sub part_of {
	my ($self, $tick) = @_;
	return first { $_->{lo} <= $tick && $tick < $_->{up} } @{ $self->{parts} };
}

# The cell around a key that no partition holds, cut where partitions are.
sub free_cell {
	my ($self, $tick) = @_;
	my ($lo, $up) = $self->cell($tick);
	for my $part (@{ $self->{parts} }) {
		$lo = max($lo, $part->{up}) if $part->{up} <= $tick;
		$up = min($up, $part->{lo}) if $part->{lo} > $tick;
	}
	return { lo => $lo, up => $up, rows => {} };
}

sub missing {
	my ($self, $from, $to) = @_;
	my @missing;
	for (my $at = $from; $at < $to;) {
		my $part = $self->part_of($at);
		push @missing, $part = $self->free_cell($at) unless $part;
		$at = $part->{up};
	}
	return @missing;
}

sub add {
	my ($self, @parts) = @_;
	$self->{parts} = [ sort { $a->{lo} <=> $b->{lo} } @{ $self->{parts} }, @parts ];
	return;
}

sub has_default_rows {
	my ($self, $part) = @_;
	return scalar grep { $part->{lo} <= $_ && $_ < $part->{up} } values %{ $self->{default} // {} };
}

# --- rows ----------------------------------------------------------------------------------------------------------------

# Where a row of this key goes, if anywhere.
sub home {
	my ($self, $tick) = @_;
	my $part = $self->part_of($tick);
	return $part ? $part->{rows} : $self->{default};
}

sub ids {
	my ($self) = @_;
	return map { keys %$_ } $self->{default} // {}, map { $_->{rows} } @{ $self->{parts} };
}

# Takes a row away and says which key it had.
sub remove {
	my ($self, $id) = @_;
	for my $rows ($self->{default} // {}, map { $_->{rows} } @{ $self->{parts} }) {
		return delete $rows->{$id} if exists $rows->{$id};
	}
	die "the model has no row $id";
}

# Every batch fills one new partition; says how many rows moved.
sub drain {
	my ($self, $batches, $order) = @_;
	my $moved = 0;
	while ($batches-- && %{ $self->{default} // {} }) {
		my @keys = values %{ $self->{default} };
		my $part = $self->free_cell($order eq 'ASC' ? min(@keys) : max(@keys));
		for my $id (keys %{ $self->{default} }) {
			next if $self->{default}{$id} < $part->{lo} || $self->{default}{$id} >= $part->{up};
			$part->{rows}{$id} = delete $self->{default}{$id};
			$moved++;
		}
		$self->add($part);
	}
	return $moved;
}

# Rows of a source: into the partition that owns the key, which is made where it is missing.
sub pour {
	my ($self, %rows) = @_;
	for my $id (sort { $rows{$a} <=> $rows{$b} } keys %rows) {
		$self->add($self->free_cell($rows{$id})) unless $self->part_of($rows{$id});
		$self->part_of($rows{$id})->{rows}{$id} = $rows{$id};
	}
	return;
}

# --- creation ------------------------------------------------------------------------------------------------------------

# Contract 3.4.5 and 3.4.6 for a set without rows.
sub create {
	my ($self, $now, $start) = @_;
	my ($width, $premake) = @$self{qw(width premake)};
	my @lows;
	if ($self->{time}) {
		my $unit = $width >= 86_400_000_000 ? 86_400_000_000 : 3_600_000_000;
		my $base = $start // floor_div($now - $premake * $width, $unit) * $unit;
		push @lows, $base;
		push @lows, $lows[-1] + $width while $lows[-1] + $width < $now + $premake * $width;
	} else {
		@lows = map { ($start // 0) + $_ * $width } 0 .. $premake;
	}
	$self->{parts} = [ map { { lo => $_, up => $_ + $width, rows => {} } } @lows ];
	return;
}

# --- maintenance ---------------------------------------------------------------------------------------------------------

sub highest_filled {
	my ($self) = @_;
	return first { %{ $_->{rows} } } reverse @{ $self->{parts} };
}

# The range that premake counts from: the highest partition with rows, the cell of the highest row of the default where
# that counts, or, where no row reaches it, the present.
sub current {
	my ($self, $now) = @_;
	my $filled = $self->highest_filled;
	my $by_clock = $self->{time} && $self->{infinite} && (!$filled || max(values %{ $filled->{rows} }) < $now);
	my $from = $by_clock ? $now : $filled ? $filled->{lo} : undef;
	my $stray = $self->{ignore_default} ? undef : max(values %{ $self->{default} // {} });
	return { %{ $self->free_cell($stray) }, key => $stray } if defined $stray && (!defined $from || $stray > $from);
	return $by_clock ? 'now' : $filled && { %$filled, key => max(values %{ $filled->{rows} }) };
}

# The present's own partition and premake more.
sub span_of_now {
	my ($self, $now) = @_;
	my ($lo, $up) = $self->cell($now);
	return ($lo, $up + $self->{premake} * $self->{width});
}

# Contract 4.4: age() of a lower bound, in days that are years of 365.25 and months of 30, but no shorter than a day.
sub age {
	my ($until, $since) = @_;
	my ($day, $month, $year, $rest) = civil($until);
	my ($day0, $month0, $year0, $rest0) = civil($since);
	return -age($since, $until) if $until < $since;
	my ($days, $months, $micros) = ($day - $day0, ($year - $year0) * 12 + $month - $month0, $rest - $rest0);
	($micros, $days) = ($micros + 86_400_000_000, $days - 1) if $micros < 0;
	($days, $months) = ($days + (31, 28 + is_leap($year0), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[ $month0 - 1 ], $months - 1) if $days < 0;
	return int($months / 12) * 31_557_600_000_000 + ($months % 12 * 30 + $days) * 86_400_000_000 + $micros;
}

sub civil {
	my ($tick) = @_;
	my $seconds = floor_div($tick, 1_000_000);
	my @fields = gmtime $seconds;
	return ($fields[3], $fields[4] + 1, $fields[5] + 1900, $tick - floor_div($tick, 86_400_000_000) * 86_400_000_000);
}

sub is_leap {
	my ($year) = @_;
	return $year % 4 == 0 && ($year % 100 != 0 || $year % 400 == 0) ? 1 : 0;
}

# How many widths a lower bound is ahead: times rounded, numbers not.
sub ahead {
	my ($self, $lo, $since) = @_;
	return int(($lo - $since) / $self->{width}) unless $self->{time};
	my $passed = age($lo, $since) / $self->{width};
	return $passed < 0 ? -int(0.5 - $passed) : int($passed + 0.5);
}

# Where the partition ends that is premake ahead. Numbers count from multiples of the width, whatever the offset.
sub end_of_premake {
	my ($self, $current, $now) = @_;
	my ($since, $at) = ($now) x 2;
	if (ref $current) {
		my ($key, $width) = ($current->{key}, $self->{width});
		$at = $since = $current->{up} - $width;
		$since = $key - ($key < 0 ? -(-$key % $width) : $key % $width) if !$self->{time} && $current->{lo} == $since;
	}
	my ($lo) = $self->cell($at);
	$lo += $self->{width} while $self->ahead($lo, $since) < $self->{premake};
	return $lo + $self->{width};
}

# No partition that retention would take at once.
sub not_yet_expired {
	my ($self, $now, $from) = @_;
	return $from unless $self->{time} && defined $self->{retention};
	my ($lo) = $self->cell($now - $self->{retention});
	return max($from, $lo);
}

# A cell may be cut short by its neighbours, and then end before the cutoff.
sub is_expired {
	my ($self, $now, $part) = @_;
	return $self->{time} && defined $self->{retention} && $part->{up} < $now - $self->{retention};
}

sub wanted {
	my ($self, $now) = @_;
	my $current = $self->current($now) // return ();
	my $start = ref $current ? $current->{up} : ($self->cell($now))[0];
	my $end = $self->end_of_premake($current, $now);
	my $from = min($start, $self->{parts}[-1]{up});
	my @wanted;
	if ($self->{time}) {    # rows ran ahead of the clock: what the present needs comes on top
		my ($lo, $up) = $self->span_of_now($now);
		my $first = $self->not_yet_expired($now, max($lo, $self->{parts}[0]{up}));
		@wanted = $self->missing($first, min($up, $from)) if $lo < $from;
		$from = max($from, $wanted[-1]{up}) if @wanted;
	}
	return grep { !$self->is_expired($now, $_) } @wanted, $self->missing($self->not_yet_expired($now, $from), $end);
}

# What retention may take: from real ends; time strictly before the reference minus the retention, numbers at least the
# retention below the highest key.
sub expired {
	my ($self, $retention, $reference) = @_;
	return () unless defined $retention;
	return grep { $_->{up} < $reference - $retention } @{ $self->{parts} } if $self->{time};
	my $filled = $self->highest_filled // return ();
	my $highest = max(values %{ $filled->{rows} });
	return grep { $retention <= $highest - $_->{up} } @{ $self->{parts} };
}

sub retire {
	my ($self, @gone) = @_;
	my %gone = map { $_->{lo} => 1 } @gone;
	$self->{parts} = [ grep { !$gone{ $_->{lo} } } @{ $self->{parts} } ];
	return;
}

# The last partition stays.
sub spare_last {
	my ($self, @gone) = @_;
	pop @gone if @gone && @gone == @{ $self->{parts} };
	return @gone;
}

1;
