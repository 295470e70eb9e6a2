// Where the bounds and names of a set's partitions differ from what its policy would have made.
//
// Pure: decides from the inventory alone, in one pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/plan.hpp"

namespace strata::core {

enum class Drift : std::uint8_t {
  Gap,         // between two partitions; `partition` is the one above it
  Far,         // a partition above a gap that begins where no premake reaches
  Outlier,     // too far above the others to count (core/reach.hpp)
  Misbounded,  // not one interval wide
  Misnamed,    // `name` is what it would have been called
};

struct BoundsFinding {
  Drift drift = Drift::Gap;
  std::size_t partition = 0;  // index into the inventory
  Range range;                // Gap: what no partition covers
  std::string name;
  friend bool operator==(const BoundsFinding&, const BoundsFinding&) = default;
};

// A width or a name counts as wrong only where an older partition has it right: what lies before the first right one
// was adopted, or made under an earlier interval or name pattern. The first partition after a change of interval may
// end early (transition), and the sub-partitions of a set are judged as any others.
[[nodiscard]] std::vector<BoundsFinding> find_drift(const Policy& policy, const Calendar& calendar,
                                                    const Inventory& inventory, std::int64_t now_utc,
                                                    const NameRules& names);

// The end of what is covered without a gap from the partition of `from` on: empty when none contains it.
[[nodiscard]] std::optional<Bound> covered_until(const Inventory& inventory, Tick from);

}  // namespace strata::core
