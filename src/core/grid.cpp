#include "core/grid.hpp"

#include <algorithm>
#include <limits>
#include <ranges>

#include "core/arith.hpp"

namespace strata::core {

namespace {

// Mean length in the key's unit: 400 Gregorian years have 4800 months of 2629746 seconds on average.
constexpr Wide kMicrosPerMeanMonth = Wide{2'629'746} * kMicrosPerSecond;

std::int64_t saturate(Wide value) noexcept {
  constexpr Wide kLow = std::numeric_limits<std::int64_t>::min();
  constexpr Wide kHigh = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(value, kLow, kHigh));
}

Wide mean_length(const Step& step) noexcept {
  switch (step.unit) {
    case Step::Unit::Month:
      return kMicrosPerMeanMonth * step.count;
    case Step::Unit::Day:
      return Wide{kMicrosPerDay} * step.count;
    case Step::Unit::Micro:
    case Step::Unit::Integer:
      break;
  }
  return step.count;
}

bool usable(const Calendar& calendar, const Bound& bound) noexcept {
  return bound.finite() && calendar.in_range(bound.tick);
}

// The first of the ascending ranges that ends above `tick`: it contains the tick or is the next one after it.
std::span<const Range>::iterator first_above(std::span<const Range> ranges, Tick tick) noexcept {
  return std::ranges::partition_point(ranges, [tick](const Range& r) { return r.upper <= Bound::at(tick); });
}

}  // namespace

std::optional<Tick> Grid::boundary(std::int64_t n) const noexcept {
  return calendar_.advance(origin_, step_, n);
}

std::int64_t Grid::cell_of(Tick tick) const noexcept {
  const Tick inside = std::clamp(tick, calendar_.lowest(), calendar_.highest());
  const Wide unit = calendar_.key() == KeyType::Date ? kMicrosPerDay : 1;
  const std::int64_t estimate = saturate(floor_div((Wide{inside} - origin_) * unit, mean_length(step_)));
  const bool uniform = step_.unit == Step::Unit::Micro || step_.unit == Step::Unit::Integer;
  if (uniform) return estimate;

  // Boundaries beyond the key's range count as infinitely far away.
  const auto starts_by = [&](std::int64_t n) {
    const auto start = boundary(n);
    return start ? *start <= inside : n < 0;
  };
  std::int64_t n = estimate;
  while (!starts_by(n)) --n;
  while (starts_by(n + 1)) ++n;
  return n;
}

std::optional<Range> Grid::cell(std::int64_t n) const noexcept {
  std::int64_t next = 0;
  if (__builtin_add_overflow(n, 1, &next)) return std::nullopt;
  const auto lower = boundary(n);
  const auto upper = boundary(next);
  if (!lower || !upper) return std::nullopt;
  return Range{.lower = Bound::at(*lower), .upper = Bound::at(*upper)};
}

std::optional<Grid> grid_of(const Calendar& calendar, const Step& step, std::span<const Range> existing) {
  for (const Range& range : existing | std::views::reverse) {
    if (!usable(calendar, range.upper)) continue;
    const bool regular =
        usable(calendar, range.lower) && calendar.advance(range.lower.tick, step, 1) == std::optional(range.upper.tick);
    return Grid{calendar, step, regular ? range.lower.tick : range.upper.tick};
  }
  const auto lowest = std::ranges::find_if(existing, [&](const Range& range) { return usable(calendar, range.lower); });
  if (lowest == existing.end()) return std::nullopt;
  return Grid{calendar, step, lowest->lower.tick};
}

std::optional<Range> range_for(const Grid& grid, std::span<const Range> existing, Tick value) {
  const auto next = first_above(existing, value);
  if (next != existing.end() && next->contains(value)) return *next;
  if (!grid.calendar().in_range(value)) return std::nullopt;
  auto range = grid.cell(grid.cell_of(value));
  if (!range) return std::nullopt;
  if (next != existing.end()) range->upper = std::min(range->upper, next->lower);
  if (next != existing.begin()) range->lower = std::max(range->lower, std::prev(next)->upper);
  return range;
}

std::vector<Range> missing_ranges(const Grid& grid, std::span<const Range> existing, Tick from, Tick to,
                                  std::size_t limit) {
  std::vector<Range> missing;
  Bound at = Bound::at(from);
  // Covered stretches are jumped over whole, however many cells they span.
  while (missing.size() < limit && at < Bound::at(to)) {
    const auto range = range_for(grid, existing, at.tick);
    if (!range) break;
    const auto next = first_above(existing, at.tick);
    const bool covered = next != existing.end() && next->contains(at.tick);
    if (!covered) missing.push_back(*range);
    at = range->upper;
  }
  return missing;
}

}  // namespace strata::core
