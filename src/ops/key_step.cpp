#include "ops/key_step.hpp"

#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// Infinite ends for what no calendar reaches.
core::Bound beyond(std::int64_t times) noexcept {
  return times < 0 ? core::Bound::min() : core::Bound::max();
}

core::Bound moved_number(core::Tick from, std::int64_t count, std::int64_t times) noexcept {
  std::int64_t distance = 0;
  core::Tick to = 0;
  if (__builtin_mul_overflow(count, times, &distance) || __builtin_add_overflow(from, distance, &to))
    return beyond(times);
  return core::Bound::at(to);
}

// Negated, for Calendar::subtract. Empty when the product is no interval.
std::optional<core::IntervalParts> negated_product(const core::IntervalParts& parts, std::int64_t times) noexcept {
  core::IntervalParts product;
  if (__builtin_mul_overflow(parts.months, -times, &product.months) ||
      __builtin_mul_overflow(parts.days, -times, &product.days) ||
      __builtin_mul_overflow(parts.micros, -times, &product.micros))
    return std::nullopt;
  return product;
}

}  // namespace

KeyStep parse_step(const ManagedSet& set, const std::string& text) {
  KeyStep step;
  if (set.is_time()) {
    const pg::IntervalValue value = with_hint("The batch interval of a time set is an interval, for example '1 hour'.",
                                              [&] { return pg::parse_interval(text); });
    step.time = {.months = value.months, .days = value.days, .micros = value.micros};
  } else {
    step.count =
        with_hint("The batch interval of an id set is a whole number.", [&] { return pg::parse_bigint(text); });
  }
  const bool enough = set.is_time() ? core::interval_span(step.time) >= core::kMicrosPerSecond : step.count >= 1;
  if (!enough)
    refuse(core::Code::InvalidParameterValue, "batch interval \"" + text + "\" is too small",
           set.is_time() ? "Give at least one second." : "Give at least 1.");
  return step;
}

KeyStep partition_step(const ManagedSet& set) {
  return {.time = set.interval, .count = set.is_time() ? 0 : set.policy.step.count};
}

bool is_smaller(const ManagedSet& set, const KeyStep& step) {
  if (!set.is_time()) return step.count < set.policy.step.count;
  return core::interval_span(step.time) < core::interval_span(set.interval);
}

core::Bound moved_by(const ManagedSet& set, core::Tick from, const KeyStep& step, std::int64_t times) {
  if (!set.is_time()) return moved_number(from, step.count, times);
  const std::optional<core::IntervalParts> distance = negated_product(step.time, times);
  if (!distance) return beyond(times);
  const std::optional<core::Tick> to = set.calendar().subtract(from, *distance);
  return to ? core::Bound::at(*to) : beyond(times);
}

}  // namespace strata::ops
