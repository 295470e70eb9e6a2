# The plain reference model of a partition set for 050_model.pl: which partitions there must be and which row must be
# where, written from the documentation, without SQL. Keys are ticks: microseconds since 1970, or the number itself.
package Model;
use strict;
use warnings;
use Calendar;
use List::Util qw(max min first);

# step, retention: { months, days or ticks }; parts: [{ lo, up, rows => { id => tick } }] ascending; default: { id => tick }
# or nothing; target: ids taken out by undo. A row without a key has no tick; it lies in the default and stays there.
sub new {
	my ($class, %fields) = @_;
	return bless { premake => 4, infinite => 0, ignore_default => 1, keep => 1, retention => undef, parts => [],
		target => {}, calendar => Calendar->new, %fields }, $class;
}

# So many steps from here.
sub advance {
	my ($self, $tick, $times, $by) = @_;
	return $self->{calendar}->advance($tick, $by // $self->{step}, $times);
}

# --- the grid ------------------------------------------------------------------------------------------------------------

# Cells are counted from the last partition; from its end when it is of another width.
sub boundary {
	my ($self, $number) = @_;
	my $last = $self->{parts}[-1];
	return $self->advance($self->advance($last->{lo}, 1) == $last->{up} ? $last->{lo} : $last->{up}, $number);
}

sub cell_number {
	my ($self, $tick) = @_;
	my $number = Calendar::floor_div($tick - $self->boundary(0), Calendar::epoch($self->{step}));
	$number-- while $self->boundary($number) > $tick;
	$number++ while $self->boundary($number + 1) <= $tick;
	return $number;
}

sub cell {
	my ($self, $tick) = @_;
	my $number = $self->cell_number($tick);
	return map { $self->boundary($_) } $number, $number + 1;
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
	return scalar grep { $part->{lo} <= $_ && $_ < $part->{up} } keys_of($self->{default} // {});
}

# --- rows ----------------------------------------------------------------------------------------------------------------

sub keys_of {
	my ($rows) = @_;
	return grep { defined } values %$rows;
}

# Where a row of this key goes, if anywhere.
sub home {
	my ($self, $tick) = @_;
	my $part = defined $tick && $self->part_of($tick);
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
	while ($batches-- && (my @keys = keys_of($self->{default}))) {
		my $part = $self->free_cell($order eq 'ASC' ? min(@keys) : max(@keys));
		for my $id (keys %{ $self->{default} }) {
			my $tick = $self->{default}{$id} // next;
			next if $tick < $part->{lo} || $tick >= $part->{up};
			$part->{rows}{$id} = delete $self->{default}{$id};
			$moved++;
		}
		$self->add($part);
	}
	return $moved;
}

# The procedure leaves no gap wider than premake above the partitions there were, but for what is past or expired.
sub drain_closing {
	my ($self, $order, $now) = @_;
	my $top = $self->{parts}[-1]{up};
	$self->drain(1000, $order);
	my @above = grep { $_->{up} > $top } @{ $self->{parts} };
	for my $part (@above) {
		my @gap = $top < $part->{lo} ? $self->missing($top, $part->{lo}) : ();
		$top = $part->{up};
		next if @gap <= $self->{premake};
		$self->add(grep { !($self->{time} && $_->{up} <= $now) && !$self->is_expired($now, $_) } @gap);
	}
	return;
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
	my ($self, $now, $start, $field) = @_;
	my ($calendar, $step, $premake) = @$self{qw(calendar step premake)};
	my ($base, $count) = ($start // 0, $premake);
	if ($self->{time}) {
		my $months = $step->{months} // 0;
		$field //= $months >= 12 ? 'year' : $months ? 'month' : Calendar::epoch($step) >= Calendar::DAY ? 'day' : 'hour';
		$base = $calendar->cut($start // $self->advance($now, -$premake), $field);
		$count = 0;
		$count++ while $self->advance($base, $count + 1) < $self->advance($now, $premake);
	}
	$self->{parts} = [ map { { lo => $self->advance($base, $_), up => $self->advance($base, $_ + 1), rows => {} } } 0 .. $count ];
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
	my $stray = $self->{ignore_default} ? undef : max(keys_of($self->{default} // {}));
	return { %{ $self->free_cell($stray) }, key => $stray } if defined $stray && (!defined $from || $stray > $from);
	return $by_clock ? 'now' : $filled && { %$filled, key => max(values %{ $filled->{rows} }) };
}

# The present's own partition and premake more.
sub span_of_now {
	my ($self, $now) = @_;
	my $number = $self->cell_number($now);
	return ($self->boundary($number), $self->boundary($number + 1 + $self->{premake}));
}

# How many steps a lower bound is ahead: times by age() and rounded (contract 4.4), numbers not.
sub ahead {
	my ($self, $lo, $since) = @_;
	my $length = Calendar::epoch($self->{step});
	return int(($lo - $since) / $length) unless $self->{time};
	my $passed = Calendar::age(map { $self->{calendar}->local_of($_) } $lo, $since) / $length;
	return $passed < 0 ? -int(0.5 - $passed) : int($passed + 0.5);
}

# Where the partition ends that is premake ahead. Numbers count from multiples of the width, whatever the offset.
sub end_of_premake {
	my ($self, $current, $now) = @_;
	my ($since, $at) = ($now) x 2;
	if (ref $current) {
		my ($key, $width) = ($current->{key}, $self->{step}{ticks});
		$at = $since = $self->advance($current->{up}, -1);
		$since = $key - ($key < 0 ? -(-$key % $width) : $key % $width) if !$self->{time} && $current->{lo} == $since;
	}
	my $number = $self->cell_number($at);
	$number++ while $self->ahead($self->boundary($number), $since) < $self->{premake};
	return $self->boundary($number + 1);
}

# What is older is past its time.
sub cutoff {
	my ($self, $retention, $reference) = @_;
	return $self->advance($reference, -1, $retention);
}

# No partition that retention would take at once.
sub not_yet_expired {
	my ($self, $now, $from) = @_;
	return $from unless $self->{time} && defined $self->{retention};
	my ($lo) = $self->cell($self->cutoff($self->{retention}, $now));
	return max($from, $lo);
}

# A cell may be cut short by its neighbours, and then end before the cutoff.
sub is_expired {
	my ($self, $now, $part) = @_;
	return $self->{time} && defined $self->{retention} && $part->{up} < $self->cutoff($self->{retention}, $now);
}

sub wanted {
	my ($self, $now) = @_;
	my $current = $self->current($now) // return ();
	my $start = ref $current ? $current->{up} : ($self->part_of($now) // $self->free_cell($now))->{lo};
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
	my $cutoff = $self->{time} && $self->cutoff($retention, $reference);
	return grep { $_->{up} < $cutoff } @{ $self->{parts} } if $self->{time};
	my $filled = $self->highest_filled // return ();
	my $highest = max(values %{ $filled->{rows} });
	return grep { $retention->{ticks} <= $highest - $_->{up} } @{ $self->{parts} };
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
