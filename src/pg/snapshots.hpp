// Other sessions' snapshots.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// Waits until every transaction of this database that holds a snapshot now has ended or holds none any more; 55P03,
// its detail naming those that are left, when the budget (milliseconds) is used up.
//
// Left out: lazy VACUUM and autovacuum, which read no partition through its parent; sessions that wait for a lock of
// ours, as they cannot end before we do (see ops/drain.cpp for what that leaves open); and transactions whose snapshot
// is younger than this call, or there would be no end on a busy server. Between statements a READ COMMITTED transaction
// holds no snapshot.
void wait_for_snapshots(std::int64_t budget_ms);

}  // namespace strata::pg
