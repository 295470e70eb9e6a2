// From one interval to another (set_partition_interval): existing partitions stay, and what lies between the last of
// them and the grid of the new interval becomes one partition of its own.
#pragma once

#include "core/plan.hpp"

namespace strata::core {

// A new interval of a time set and what says where its grid begins.
struct NewInterval {
  IntervalParts parts;              // time sets
  std::optional<TruncField> trunc;  // part_config.date_trunc_interval
};

// Whether boundaries of this step can all lie on boundaries of that field, so that truncating to it makes sense.
[[nodiscard]] bool goes_with(TruncField field, const Step& step) noexcept;

// The partition between the end of the last one and the next boundary of the new grid, which begins where create_parent
// would begin it: times at the truncation for the interval, ids at whole multiples. Empty where the end is such a
// boundary, and where nothing is created any more. `policy` has the new step already.
[[nodiscard]] Result<std::optional<Action>> plan_transition(const Policy& policy, const Calendar& calendar,
                                                            const Inventory& inventory, const NewInterval& interval,
                                                            const NameRules& names);

}  // namespace strata::core
