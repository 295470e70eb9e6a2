#include "ops/gap_fill.hpp"

#include "ops/constraints.hpp"
#include "ops/create.hpp"

namespace strata::ops {

namespace {

std::vector<core::Action> missing_between(const ManagedSet& set) {
  const std::vector<core::Range> existing = set.ranges();
  if (existing.size() < 2) return {};
  const auto grid = core::grid_of(set.calendar(), set.policy.step, existing);
  // Beyond MINVALUE and MAXVALUE there is nothing to fill.
  const core::Bound from = existing.front().upper;
  const core::Bound to = existing.back().lower;
  if (!grid || !from.finite() || !to.finite()) return {};
  const core::PlanLimits limits;
  std::vector<core::Action> actions;
  for (const core::Range& range : core::missing_ranges(*grid, existing, from.tick, to.tick, limits.max_creations + 1))
    actions.push_back(
        value_or_raise(core::create_action(set.policy, set.calendar(), range, "gap between partitions", name_rules())));
  if (actions.size() > limits.max_creations) throw to_raise(core::too_many_creations(set.policy, limits));
  return actions;
}

}  // namespace

int fill_gaps(const Extension& extension, const std::string& parent) {
  ManagedSet set = load_set(extension, parent);
  require_owner_rights(set.parent);
  std::vector<core::Action> actions = missing_between(set);
  if (actions.empty()) return 0;
  const int count = static_cast<int>(actions.size());
  create_or_refuse(extension, std::move(set), std::move(actions));
  return count;
}

}  // namespace strata::ops
