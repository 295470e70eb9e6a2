// DETACH PARTITION ... CONCURRENTLY: clients read and write while the server waits for those who still see the
// partition.
//
// It is a command of its own that commits in the middle, so a background worker runs it, and the session that waits for
// the worker holds neither lock nor snapshot on the set (truths 20). What the detach needs besides is committed first:
// the session writes into part_policy.detaching_oid which partition it is, the worker into part_pending_drop that it is
// to be dropped. So whatever dies, a later run finds the partition attached (and forgets), half detached (and finishes)
// or free-standing (and goes on).
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// Only where the call may commit. Falls back to the plain detach where no worker can be had or the worker refuses.
// Deferred when the worker is not done within lock_tries times the budget: clients that still see the partition.
[[nodiscard]] Attempt detach_concurrently(const Extension& extension, const PlannedSet& planned,
                                          const PlannedAction& action);

// FINALIZE of what an earlier run left half detached. SHARE ROW EXCLUSIVE on tables the set references, SHARE UPDATE
// EXCLUSIVE on the parent, ACCESS EXCLUSIVE on the partition, which no new query sees any more; waits within the same
// budget until no transaction of the database has an older snapshot.
[[nodiscard]] Attempt finish_detach(const Extension& extension, const PlannedSet& planned, const PlannedAction& action,
                                    Mode mode);

// Forgets a detach that an earlier run began and that left nothing half done. Leaves it while its worker is at work.
void settle_detach(const Extension& extension, ManagedSet& set);

// The worker. Checks everything anew, as whoever called maintenance, and detaches as the table's owner.
void run_worker_detach();

}  // namespace strata::ops
