// What file sizes alone tell of a set: enough for a run that finds nothing to do to read no table.
#pragma once

#include "core/plan.hpp"

namespace strata::core {

// With infinite_time_partitions "now" is current unless a later partition holds rows, so partitions that end at or
// before this are not looked at.
[[nodiscard]] Bound lowest_of_interest(const Policy& policy, const Calendar& calendar, std::int64_t now_utc);

// The extremes of what can be where no partition above `highest_with_pages` has a row, and default data does not count
// or there is no default: where each of their plans is empty, that of the true observation is. One of them alone will
// not do: with infinite_time_partitions no row at all can want more than a row in a partition that ends soon after now.
// Empty with gaps between partitions, which each of the many partitions in use would close another way.
[[nodiscard]] std::vector<Observation> extreme_observations(const Policy& policy, const Calendar& calendar,
                                                            const Inventory& inventory,
                                                            std::optional<std::size_t> highest_with_pages,
                                                            std::int64_t now_utc);

}  // namespace strata::core
