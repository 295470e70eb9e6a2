// set_partition_interval: another interval from the end of the last partition on.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// In the caller's transaction: the configuration, and where the last partition ends off the new grid a partition up to
// its next boundary. Existing partitions stay as they are. Locks: those of create_partition_time.
void change_interval(const Extension& extension, const std::string& parent, const std::string& interval);

}  // namespace strata::ops
