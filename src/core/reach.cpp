#include "core/reach.hpp"

#include <algorithm>
#include <utility>

#include "core/arith.hpp"
#include "core/retention.hpp"

namespace strata::core {

namespace {

// Calendars are asked only where there is a gap: this runs with every plan, over all partitions.
bool is_too_far(const Policy& policy, const Calendar& calendar, const Bound& lower, const Bound& base) {
  return lower > base && lower > limit_beyond(policy, calendar, base);
}

// Ids: the end of the group that is in use.
std::size_t end_of_largest_group(const Policy& policy, const Calendar& calendar, const std::vector<Child>& children) {
  std::size_t end = 0;
  std::size_t most = 0;
  for (std::size_t first = 0; first < children.size();) {
    std::size_t next = first + 1;
    while (next < children.size() &&
           !is_too_far(policy, calendar, children[next].range.lower, children[next - 1].range.upper))
      ++next;
    if (next - first > most) {
      most = next - first;
      end = next;
    }
    first = next;
  }
  return most > 1 ? end : children.size();
}

// Times: the end of what can be reached from now without a step too far.
std::size_t end_of_present(const Policy& policy, const Calendar& calendar, const std::vector<Child>& children,
                           Bound base) {
  std::size_t end = 0;
  for (; end < children.size(); ++end) {
    if (is_too_far(policy, calendar, children[end].range.lower, base)) break;
    base = std::max(base, children[end].range.upper);
  }
  return end;
}

}  // namespace

Bound limit_beyond(const Policy& policy, const Calendar& calendar, const Bound& end) {
  if (!policy.outlier_horizon || !end.finite() || !calendar.in_range(end.tick)) return Bound::max();
  const std::optional<Tick> limit = calendar.advance(end.tick, policy.step, *policy.outlier_horizon);
  return limit ? Bound::at(*limit) : Bound::max();
}

Reach reach_of(const Policy& policy, const Calendar& calendar, const Inventory& inventory, std::int64_t now_utc) {
  const std::vector<Child>& children = inventory.children;
  if (!policy.outlier_horizon || children.empty()) return {.end = children.size(), .limit = Bound::max()};
  if (!is_time(policy.key)) {
    const std::size_t end = end_of_largest_group(policy, calendar, children);
    return {.end = end, .limit = limit_beyond(policy, calendar, children[end - 1].range.upper)};
  }
  // In whole seconds, which every key of times can express.
  const Bound now = Bound::at(calendar.from_utc(floor_div(now_utc, kMicrosPerSecond) * kMicrosPerSecond));
  const std::size_t end = end_of_present(policy, calendar, children, std::max(now, children.front().range.upper));
  return {.end = end, .limit = limit_beyond(policy, calendar, std::max(now, children[end - 1].range.upper))};
}

std::vector<Range> ranges_between(const Policy& policy, const Grid& grid, const Inventory& inventory,
                                  const std::vector<Range>& made, std::int64_t now_utc) {
  const std::size_t in_use = reach_of(policy, grid.calendar(), inventory, now_utc).end;
  if (in_use == 0 || made.empty()) return {};
  const Bound top = std::ranges::max_element(made, {}, &Range::lower)->lower;
  std::vector<Range> existing = inventory.ranges();
  existing.insert(existing.end(), made.begin(), made.end());
  std::ranges::sort(existing, {}, &Range::lower);
  const auto most = static_cast<std::size_t>(policy.outlier_horizon.value_or(kOutlierHorizon));
  std::vector<Range> between;
  Bound from = inventory.children[in_use - 1].range.upper;
  auto next = std::ranges::upper_bound(existing, from, {}, &Range::upper);
  for (; next != existing.end() && from.finite() && from < top; ++next) {
    if (from < next->lower) {
      const std::vector<Range> gap = missing_ranges(grid, existing, from.tick, next->lower.tick, most + 1);
      const bool is_near = std::cmp_less_equal(gap.size(), policy.premake);
      if (gap.size() <= most && !is_near) between.insert(between.end(), gap.begin(), gap.end());
    }
    from = next->upper;
  }
  const Bound now = is_time(policy.key) ? Bound::at(grid.calendar().from_utc(now_utc)) : Bound::min();
  std::erase_if(between, [&](const Range& range) {
    return range.upper <= now ||
           (policy.retention && is_expired(grid.calendar(), *policy.retention, range.upper, now_utc));
  });
  return between;
}

}  // namespace strata::core
