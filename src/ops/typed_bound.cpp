#include "ops/typed_bound.hpp"

namespace strata::ops {

namespace {

std::int64_t instant_of(const ManagedSet& set, const core::Bound& bound) {
  if (!bound.finite() || !set.calendar().in_range(bound.tick))
    return bound < core::Bound::at(0) ? DT_NOBEGIN : DT_NOEND;
  if (set.policy.key == core::KeyType::Timestamptz) return bound.tick;
  return set.zone->to_utc(set.calendar().to_local(bound.tick));
}

}  // namespace

std::optional<std::int64_t> time_of(const ManagedSet& set, const core::Bound& bound) {
  return set.is_time() ? std::optional(instant_of(set, bound)) : std::nullopt;
}

std::optional<std::int64_t> id_of(const ManagedSet& set, const core::Bound& bound) {
  return !set.is_time() && bound.finite() ? std::optional(bound.tick) : std::nullopt;
}

}  // namespace strata::ops
