// partition_gap_fill: the partitions missing between the lowest and the highest (contract 8.3).
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// Creates them in the caller's transaction and gives their number. Moves no rows: those of the default that belong in a
// gap are an error (23514), before anything is created. Gaps off the grid are closed by narrower partitions.
int fill_gaps(const Extension& extension, const std::string& parent);

}  // namespace strata::ops
