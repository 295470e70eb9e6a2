// How far ahead a set is provided for.
#pragma once

#include <optional>
#include <vector>

#include "core/plan.hpp"

namespace strata::core {

// Where the unbroken row of partitions ends that begins with the one of this tick. Where there is none for it: where
// the last partition below it ends; nothing without such a partition.
[[nodiscard]] std::optional<Bound> covered_until(const std::vector<Child>& children, Tick tick);

}  // namespace strata::core
