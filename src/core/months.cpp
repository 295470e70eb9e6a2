#include "core/months.hpp"

#include <utility>

namespace strata::core {

namespace {

constexpr Step kOneMonth{.unit = Step::Unit::Month, .count = 1};

Refusal refuse_range(const Policy& policy) {
  return {.code = Code::DatetimeOverflow,
          .message = "the months asked for leave the range of the partition key of \"" + policy.parent + "\"",
          .detail = {},
          .hint = "Ask for fewer months."};
}

}  // namespace

std::optional<Tick> month_of(const Calendar& calendar, std::int64_t now_utc) {
  const Calendar clock = calendar.clock();
  return clock.truncate(clock.from_utc(now_utc), TruncField::Month);
}

Result<std::vector<Action>> plan_months(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                                        std::int64_t now_utc, std::int64_t months, const NameRules& names,
                                        const PlanLimits& limits) {
  const auto first = month_of(calendar, now_utc);
  if (!first) return refuse_range(policy);
  if (std::cmp_greater(months, limits.max_creations)) return too_many_creations(policy, limits);
  const Grid grid(calendar, kOneMonth, calendar.at_or_before(*first));
  const auto from = grid.boundary(0);
  const auto to = grid.boundary(months + 1);
  if (!from || !to) return refuse_range(policy);
  std::vector<Action> actions;
  for (const Range& range : missing_ranges(grid, inventory.ranges(), *from, *to, limits.max_creations + 1)) {
    auto action = create_action(policy, calendar, range, "month asked for", names);
    if (!action) return action.refusal();
    actions.push_back(std::move(action).value());
  }
  if (actions.size() > limits.max_creations) return too_many_creations(policy, limits);
  return actions;
}

}  // namespace strata::core
