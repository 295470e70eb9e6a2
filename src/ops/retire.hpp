// Retiring partitions: detach, then drop, each under its own locks.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// Locks, one deadline together, in this order: SHARE on tables that reference the set (DETACH must see that nothing
// references the rows), ACCESS EXCLUSIVE on parent, default and partition: what DETACH PARTITION takes itself, taken
// beforehand so that the waits share one budget. Re-checks under them that the partition is still attached with the
// planned bounds and that the configuration still asks for it.
[[nodiscard]] Attempt detach_partition(const Extension& extension, const PlannedSet& planned,
                                       const PlannedAction& planned_action, Mode mode);

// ACCESS EXCLUSIVE on the detached table only; the parent is not touched (truths 22).
[[nodiscard]] Attempt drop_detached(const Extension& extension, const PlannedSet& planned,
                                    const PlannedAction& planned_action, Mode mode);

// DROP TABLE of an attached partition: the locks of a detach, held to the end of the caller's transaction.
[[nodiscard]] Attempt drop_attached(const Extension& extension, const PlannedSet& planned,
                                    const PlannedAction& planned_action, Mode mode);

// Statements that remove the indexes of a table to be kept without them (contract 5.5).
[[nodiscard]] std::vector<std::string> index_drops(const ChildName& name, Oid relation);

}  // namespace strata::ops
