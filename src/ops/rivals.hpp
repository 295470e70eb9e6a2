// Other partition managers that hold the same sets: both would create and drop the same partitions.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// One WARNING for each set that a table part_config outside our schema lists as well: this one, or all that are
// maintained automatically. One catalog cache look-up where there is no such table.
void warn_of_rivals(const Extension& extension, const std::optional<std::string>& parent);

}  // namespace strata::ops
