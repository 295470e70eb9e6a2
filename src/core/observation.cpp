#include "core/observation.hpp"

#include <algorithm>

namespace strata::core {

namespace {

bool has_gaps(const Inventory& inventory) {
  return std::ranges::adjacent_find(inventory.children, [](const Child& a, const Child& b) {
           return a.range.upper != b.range.lower;
         }) != inventory.children.end();
}

// The highest partition in use with its highest key.
Observation filled_to_the_end(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                              std::size_t filled) {
  const Bound& upper = inventory.children[filled].range.upper;
  const Tick highest = upper.finite() ? upper.tick - 1 : calendar.highest();
  Observation seen;
  seen.highest_filled = filled;
  if (is_time(policy.key))
    seen.latest = highest;
  else
    seen.max_id = highest;
  return seen;
}

}  // namespace

Bound lowest_of_interest(const Policy& policy, const Calendar& calendar, std::int64_t now_utc) {
  if (!is_time(policy.key) || !policy.infinite_time_partitions) return Bound::min();
  return Bound::at(calendar.from_utc(now_utc));
}

std::vector<Observation> extreme_observations(const Policy& policy, const Calendar& calendar,
                                              const Inventory& inventory, std::optional<std::size_t> highest_with_pages,
                                              std::int64_t now_utc) {
  if (has_gaps(inventory)) return {};
  std::vector<Observation> extremes(1);  // no row at all
  if (!highest_with_pages) return extremes;
  const Bound lowest = lowest_of_interest(policy, calendar, now_utc);
  const Bound top = inventory.children[*highest_with_pages].range.upper;
  // Premake counts from one interval before the end of the partition in use, or from a little later. So lower ones want
  // less, but for those that end within an interval of the highest.
  const std::optional<Tick> near = top.finite() ? calendar.advance(top.tick, policy.step, -1) : std::nullopt;
  for (std::size_t n = *highest_with_pages + 1; n-- > 0;) {
    const Bound upper = inventory.children[n].range.upper;
    if (upper <= lowest || (n < *highest_with_pages && near && upper < Bound::at(*near))) break;
    extremes.push_back(filled_to_the_end(policy, calendar, inventory, n));
  }
  return extremes;
}

}  // namespace strata::core
