#include "core/coverage.hpp"

namespace strata::core {

std::optional<Bound> covered_until(const std::vector<Child>& children, Tick tick) {
  const Bound here = Bound::at(tick);
  std::optional<Bound> end;
  for (const Child& child : children) {
    const bool begins_later = child.range.lower > here;
    if (begins_later && (!end || *end <= here || child.range.lower > *end)) break;
    end = child.range.upper;
  }
  return end;
}

}  // namespace strata::core
