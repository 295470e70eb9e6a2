#include "core/drift.hpp"

#include <algorithm>

#include "core/reach.hpp"

namespace strata::core {

namespace {

bool is_one_step(const Calendar& calendar, const Step& step, const Range& range) {
  if (!range.lower.finite() || !range.upper.finite() || !calendar.in_range(range.lower.tick)) return false;
  const std::optional<Tick> end = calendar.advance(range.lower.tick, step, 1);
  return end && *end == range.upper.tick;
}

// The name that this partition would be given now; empty where none is made.
std::optional<NameChoice> right_name(const Policy& policy, const Calendar& calendar, const Range& range,
                                     const NameRules& names) {
  const Result<Action> action = create_action(policy, calendar, range, {}, names);
  return action ? std::optional(action->names) : std::nullopt;
}

// Where premake from now cannot reach, whatever the data are: id sets have no such place.
Bound horizon(const Policy& policy, const Calendar& calendar, std::int64_t now_utc) {
  if (!is_time(policy.key)) return Bound::max();
  const std::optional<Tick> end = calendar.advance(calendar.from_utc(now_utc), policy.step, policy.premake + 2);
  return end ? Bound::at(*end) : Bound::max();
}

class Look {
 public:
  Look(const Policy& policy, const Calendar& calendar, const Inventory& inventory, const NameRules& names) noexcept
      : policy_(policy), calendar_(calendar), inventory_(inventory), names_(names) {}

  [[nodiscard]] std::vector<BoundsFinding> all(std::int64_t now_utc) {
    const Bound reach = horizon(policy_, calendar_, now_utc);
    const std::size_t in_use = reach_of(policy_, calendar_, inventory_, now_utc).end;
    for (std::size_t n = 0; n < in_use; ++n) {
      gap_before(n, reach);
      width(n);
      name(n);
    }
    for (std::size_t n = in_use; n < inventory_.children.size(); ++n)
      found_.push_back({.drift = Drift::Outlier, .partition = n, .range = inventory_.children[n].range, .name = {}});
    return std::move(found_);
  }

 private:
  void gap_before(std::size_t n, const Bound& reach) {
    if (n == 0) return;
    const Range gap{.lower = inventory_.children[n - 1].range.upper, .upper = inventory_.children[n].range.lower};
    if (gap.lower >= gap.upper) return;
    far_ = far_ || gap.upper >= reach;
    found_.push_back({.drift = far_ ? Drift::Far : Drift::Gap, .partition = n, .range = gap, .name = {}});
  }

  void width(std::size_t n) {
    const Range& range = inventory_.children[n].range;
    if (!range.lower.finite() || !range.upper.finite()) return;
    const bool right = is_one_step(calendar_, policy_.step, range);
    if (!right && right_width_)
      found_.push_back({.drift = Drift::Misbounded, .partition = n, .range = range, .name = {}});
    right_width_ = right_width_ || right;
  }

  void name(std::size_t n) {
    const Child& child = inventory_.children[n];
    const std::optional<NameChoice> choice = right_name(policy_, calendar_, child.range, names_);
    if (!choice) return;
    const bool right = child.name == choice->contract || child.name == choice->fallback;
    if (!right && right_name_)
      found_.push_back({.drift = Drift::Misnamed, .partition = n, .range = child.range, .name = choice->contract});
    right_name_ = right_name_ || right;
  }

  const Policy& policy_;
  const Calendar& calendar_;
  const Inventory& inventory_;
  const NameRules& names_;
  std::vector<BoundsFinding> found_;
  bool far_ = false;
  bool right_width_ = false;
  bool right_name_ = false;
};

}  // namespace

std::vector<BoundsFinding> find_drift(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                                      std::int64_t now_utc, const NameRules& names) {
  return Look(policy, calendar, inventory, names).all(now_utc);
}

std::optional<Bound> covered_until(const Inventory& inventory, Tick from) {
  const auto& children = inventory.children;
  auto child = std::ranges::find_if(children, [from](const Child& one) { return one.range.contains(from); });
  if (child == children.end()) return std::nullopt;
  Bound end = child->range.upper;
  while (++child != children.end() && child->range.lower == end) end = child->range.upper;
  return end;
}

}  // namespace strata::core
