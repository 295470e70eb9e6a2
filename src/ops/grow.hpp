// Creating partitions where no row moves.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// One partition under one lock deadline. SHARE UPDATE EXCLUSIVE on the parent (no client is blocked) keeps other DDL
// away while the child is built; then SHARE ROW EXCLUSIVE on tables at the other end of foreign keys (ATTACH adds key
// triggers) and, last and for the attach only, ACCESS EXCLUSIVE on the default, whose constraint changes.
//
// A client that inserts into the new range while its partition is attached gets 23514: it was sent to the default
// before and finds it changed. Where clients may do so, Writers::Wait: SHARE ROW EXCLUSIVE on the parent for the
// attach.
enum class Writers : std::uint8_t { GoOn, Wait };
[[nodiscard]] Attempt create_partition(const Extension& extension, const PlannedSet& planned,
                                       const PlannedAction& planned_action, Mode mode, Writers writers = Writers::GoOn);

// Many at once in the caller's transaction (create_parent, create_partition_time/_id).
[[nodiscard]] Attempt create_partitions(const Extension& extension, const PlannedSet& planned);

// The default partition (contract 3.4.8): built, or the existing unattached table of that name taken.
[[nodiscard]] Attempt create_default(const PlannedSet& planned);

}  // namespace strata::ops
