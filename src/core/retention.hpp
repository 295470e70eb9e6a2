// Which partitions a retention takes, before anyone asks whether one must stay.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/plan.hpp"

namespace strata::core {

// now − retention, on the microsecond clock of the set. Empty when that leaves the calendar: nothing is that old.
[[nodiscard]] std::optional<Tick> cutoff_of(const Calendar& calendar, const IntervalParts& retention,
                                            std::int64_t reference_utc);

// Indexes into inventory.children, ascending.
[[nodiscard]] std::vector<std::size_t> qualifying(const Calendar& calendar, const Inventory& inventory,
                                                  const Retention& retention, std::optional<Tick> max_id,
                                                  std::int64_t reference_utc);

// Whether an age takes a partition with this upper end.
[[nodiscard]] bool is_expired(const Calendar& calendar, const Retention& retention, const Bound& upper,
                              std::int64_t reference_utc);

// The last instant (microseconds UTC) at which an age leaves a partition with this upper end alone. Empty when no
// instant within the calendar takes it.
[[nodiscard]] std::optional<std::int64_t> kept_until(const Calendar& calendar, const IntervalParts& retention,
                                                     const Bound& upper);

// How many more partitions a run may retire that drops so many of earlier runs: what it drops altogether obeys the
// limit. Partitions that are only detached do not count against those that are dropped. Empty: no limit.
[[nodiscard]] std::optional<std::int32_t> retirements_left(const Policy& policy, std::size_t drops);

// Takes the highest one out again when `qualifying` would leave none of the first `partitions`.
[[nodiscard]] Retirees keep_last(std::size_t partitions, std::vector<std::size_t> qualifying);

}  // namespace strata::core
