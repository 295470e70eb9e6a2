#include "core/change_interval.hpp"

#include <utility>

#include "core/arith.hpp"

namespace strata::core {

namespace {

Refusal refuse_endless(const Policy& policy) {
  return {.code = Code::NotInPrerequisiteState,
          .message = "the last partition of \"" + policy.parent + "\" has no end",
          .detail = "No partition of another interval can follow it.",
          .hint = "Replace it by one with a finite upper bound first."};
}

Refusal refuse_range(const Policy& policy) {
  return {.code = Code::InvalidParameterValue,
          .message = "the next boundary of the new interval leaves the range of the partition key of \"" +
                     policy.parent + "\"",
          .detail = {},
          .hint = "Use a shorter interval."};
}

// Names that count quarters or weeks want them whole.
TruncField field_of(const Policy& policy, const NewInterval& interval) {
  if (interval.trunc && goes_with(*interval.trunc, policy.step)) return *interval.trunc;
  if (policy.pattern == NamePattern::Quarter && goes_with(TruncField::Quarter, policy.step)) return TruncField::Quarter;
  if (policy.pattern == NamePattern::Week && goes_with(TruncField::Week, policy.step)) return TruncField::Week;
  return trunc_field_for(interval.parts);
}

// Where the grid that holds `tick` may be counted from. Empty at the ends of the calendar.
std::optional<Tick> origin_for(const Policy& policy, const Calendar& calendar, const NewInterval& interval, Tick tick) {
  if (is_time(policy.key)) return calendar.truncate(tick, field_of(policy, interval));
  return tick - floor_mod(tick, policy.step.count);
}

}  // namespace

bool goes_with(TruncField field, const Step& step) noexcept {
  const auto months = [&step](std::int64_t count) { return step.unit == Step::Unit::Month && step.count % count == 0; };
  switch (field) {
    case TruncField::Millennium:
      return months(12'000);
    case TruncField::Century:
      return months(1'200);
    case TruncField::Decade:
      return months(120);
    case TruncField::Year:
      return months(12);
    case TruncField::Quarter:
      return months(3);
    case TruncField::Month:
      return months(1);
    case TruncField::Week:
      return step.unit == Step::Unit::Day && step.count % 7 == 0;
    case TruncField::Day:
      return step.unit == Step::Unit::Day;
    default:
      return step.unit == Step::Unit::Micro;
  }
}

Result<std::optional<Action>> plan_transition(const Policy& policy, const Calendar& calendar,
                                              const Inventory& inventory, const NewInterval& interval,
                                              const NameRules& names) {
  if (auto refusal = wrong_pattern(policy.pattern, policy.key, policy.step, policy.parent)) return *std::move(refusal);
  if (inventory.children.empty() || policy.full) return std::optional<Action>{};
  const Bound last = inventory.children.back().range.upper;
  if (!last.finite() || !calendar.in_range(last.tick)) return refuse_endless(policy);
  if (!policy.within_limits(last)) return std::optional<Action>{};
  const auto origin = origin_for(policy, calendar, interval, last.tick);
  if (!origin) return refuse_range(policy);
  const Grid grid(calendar, policy.step, *origin);
  const std::int64_t here = grid.cell_of(last.tick);
  if (grid.boundary(here) == std::optional(last.tick)) return std::optional<Action>{};
  const auto end = grid.boundary(here + 1);
  if (!end) return refuse_range(policy);
  auto action = create_action(policy, calendar, {.lower = last, .upper = Bound::at(*end)},
                              "transition to the grid of the new interval", names);
  if (!action) return action.refusal();
  return std::optional<Action>{std::move(action).value()};
}

}  // namespace strata::core
