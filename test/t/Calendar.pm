# Civil time for Model.pm, by the C library: steps of months, days or ticks, zones, date_trunc, age(). Ticks are
# microseconds since 1970, instants in UTC, local ones as read from the wall clock of the zone.
package Calendar;
use strict;
use warnings;
use List::Util qw(min);
use Time::Local qw(timegm);

use constant { SECOND => 1_000_000, HOUR => 3_600_000_000, DAY => 86_400_000_000 };

sub floor_div {
	my ($value, $by) = @_;
	use integer;
	my $quotient = $value / $by;
	return $value % $by && $value < 0 ? $quotient - 1 : $quotient;
}

# --- the wall clock ------------------------------------------------------------------------------------------------------

# Year, month from 0, day, ticks since midnight.
sub civil {
	my ($local) = @_;
	my $day = floor_div($local, DAY);
	my @fields = gmtime $day * 86_400;
	return ($fields[5] + 1900, $fields[4], $fields[3], $local - $day * DAY);
}

sub from_civil {
	my ($year, $month, $day, $rest) = @_;
	return timegm(0, 0, 0, $day, $month, $year) * SECOND + $rest;
}

sub days_in {
	my ($year, $month) = @_;
	my $leap = $year % 4 == 0 && ($year % 100 != 0 || $year % 400 == 0) ? 1 : 0;
	return (31, 28 + $leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[$month];
}

# The day is cut to the length of the month.
sub add_months {
	my ($local, $months) = @_;
	my ($year, $month, $day, $rest) = civil($local);
	$month += $year * 12 + $months;
	($year, $month) = (floor_div($month, 12), $month % 12);
	return from_civil($year, $month, min($day, days_in($year, $month)), $rest);
}

# age() in days: years are 365.25, months 30 days.
sub age {
	my ($until, $since) = @_;
	return -age($since, $until) if $until < $since;
	my ($year, $month, $day, $rest) = civil($until);
	my ($year0, $month0, $day0, $rest0) = civil($since);
	my ($months, $days, $ticks) = (($year - $year0) * 12 + $month - $month0, $day - $day0, $rest - $rest0);
	($days, $ticks) = ($days - 1, $ticks + DAY) if $ticks < 0;
	($months, $days) = ($months - 1, $days + days_in($year0, $month0)) if $days < 0;
	return epoch({ months => $months, days => $days, ticks => $ticks });
}

# How long an interval counts.
sub epoch {
	my ($by) = @_;
	my ($months, $days, $ticks) = map { $_ // 0 } @$by{qw(months days ticks)};
	return int($months / 12) * (365 * DAY + 6 * HOUR) + ($months % 12 * 30 + $days) * DAY + $ticks;
}

# --- the clock of a set --------------------------------------------------------------------------------------------------

# walled: its keys are local times.
sub new {
	my ($class, %fields) = @_;
	return bless { zone => 'UTC', walled => 0, %fields }, $class;
}

sub offset {
	my ($self, $instant) = @_;
	return 0 if $self->{zone} eq 'UTC';
	my $second = floor_div($instant, SECOND);
	return $self->{known}{$second} //= do {
		local $ENV{TZ} = $self->{zone};
		my @fields = localtime $second;
		(timegm(@fields[ 0 .. 4 ], $fields[5] + 1900) - $second) * SECOND;
	};
}

# A local time that the clock skips is read with the offset before, one that it shows twice with the one after.
sub to_instant {
	my ($self, $local) = @_;
	my ($before, $after) = map { $local - $self->offset($local + $_) } -DAY, DAY;
	return $after if $after - $local == -$self->offset($after);
	return $before;
}

# The key that stands for an instant, and back.
sub key_at { my ($self, $instant) = @_; return $self->{walled} ? $instant + $self->offset($instant) : $instant; }
sub instant_of { my ($self, $key) = @_; return $self->{walled} ? $self->to_instant($key) : $key; }

sub local_of { my ($self, $key) = @_; return $self->{walled} ? $key : $key + $self->offset($key); }
sub key_of_local { my ($self, $local) = @_; return $self->{walled} ? $local : $self->to_instant($local); }

# Whether another key has the same local time.
sub is_doubled {
	my ($self, $key) = @_;
	return scalar grep { $self->local_of($key + $_) == $self->local_of($key) } -HOUR, HOUR;
}

# Months and days on the wall clock, ticks beside it.
sub advance {
	my ($self, $key, $by, $times) = @_;
	my ($months, $days, $ticks) = map { $times * ($_ // 0) } @$by{qw(months days ticks)};
	$key = $self->key_of_local(add_months($self->local_of($key), $months) + $days * DAY) if $months || $days;
	return $key + $ticks;
}

sub cut {
	my ($self, $key, $field) = @_;
	my $local = $self->local_of($key);
	return $key - ($local - floor_div($local, HOUR) * HOUR) if $field eq 'hour';
	my ($year, $month, $day) = civil($local);
	return $self->key_of_local(from_civil($year, $field eq 'year' ? 0 : $month, $field eq 'day' ? $day : 1, 0));
}

1;
