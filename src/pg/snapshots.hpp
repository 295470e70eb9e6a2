// Other sessions' snapshots.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// A transaction, by its virtual id, that held a snapshot.
struct SnapshotHolder {
  std::int32_t backend = 0;
  std::uint32_t transaction = 0;
  std::int32_t pid = 0;
  friend bool operator==(const SnapshotHolder&, const SnapshotHolder&) = default;
};

// The transactions of this database, but ours, that hold a snapshot now. Left out: lazy VACUUM and autovacuum, which
// read no partition through its parent. Between statements a READ COMMITTED transaction holds no snapshot.
[[nodiscard]] std::vector<SnapshotHolder> snapshot_holders();

// Waits until all of these have ended or hold no snapshot any more, and takes them off the list as they do; 55P03, its
// detail naming those that are left, when the budget (milliseconds) is used up. Sessions that wait for a lock of ours
// are taken off, too, as they cannot end before we do (see ops/drain.cpp for what that leaves open).
void wait_for_snapshots(std::vector<SnapshotHolder>& holders, std::int64_t budget_ms);
// The same for all that hold one now; not for younger ones, or there would be no end on a busy server.
void wait_for_snapshots(std::int64_t budget_ms);

}  // namespace strata::pg
