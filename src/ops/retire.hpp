// Retiring partitions: detach, then drop, each under its own locks.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// Locks, one deadline together, in this order: SHARE ROW EXCLUSIVE on tables the set references (key triggers go),
// ACCESS EXCLUSIVE on tables that reference it (their constraint rows go), on parent, default and partition: what
// DETACH PARTITION takes itself, taken beforehand so that the waits share one budget. Re-checks under them that the
// partition is still attached with the planned bounds and that the configuration still asks for it.
[[nodiscard]] Attempt detach_partition(const Extension& extension, const PlannedSet& planned,
                                       const PlannedAction& planned_action, Mode mode);

// ACCESS EXCLUSIVE on the detached table, and on tables it references, whose key triggers go with it; the parent is not
// touched (truths 22). Only what a detach of this set promised to drop, under the same retention.
[[nodiscard]] Attempt drop_detached(const Extension& extension, const PlannedSet& planned,
                                    const PlannedAction& planned_action, Mode mode);

// DROP TABLE of an attached partition: the locks of a detach, held to the end of the caller's transaction.
[[nodiscard]] Attempt drop_attached(const Extension& extension, const PlannedSet& planned,
                                    const PlannedAction& planned_action, Mode mode);

// Statements that remove the indexes of a table to be kept without them (contract 5.5).
[[nodiscard]] std::vector<std::string> index_drops(const ChildName& name, Oid relation);

}  // namespace strata::ops
