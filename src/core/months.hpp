// Calendar months, whatever the interval of the set: create_monthly_partitions and drop_old_partitions.
#pragma once

#include "core/plan.hpp"

namespace strata::core {

// Start of the month of `now_utc` on the set's clock (calendar.clock()). Empty where that leaves the calendar.
[[nodiscard]] std::optional<Tick> month_of(const Calendar& calendar, std::int64_t now_utc);

// Creations for the month of now and the `months` after it, as far as no partition covers them: a month that is covered
// in part gets what it lacks.
[[nodiscard]] Result<std::vector<Action>> plan_months(const Policy& policy, const Calendar& calendar,
                                                      const Inventory& inventory, std::int64_t now_utc,
                                                      std::int64_t months, const NameRules& names,
                                                      const PlanLimits& limits = {});

}  // namespace strata::core
