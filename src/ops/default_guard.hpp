// A CHECK on the default that spares ATTACH its scan.
//
// ATTACH PARTITION reads a default under ACCESS EXCLUSIVE, to see that it holds no row of the new partition, unless a
// valid constraint already says so (truths 19). So where a default is too large to be read within the lock budget, a
// run that commits puts one CHECK on it that covers all partitions it is about to make, has it validated while
// everybody reads and writes, and takes it off again:
//
//   ADD CONSTRAINT ... NOT VALID   ACCESS EXCLUSIVE on the default, no scan; committed
//   VALIDATE CONSTRAINT            SHARE UPDATE EXCLUSIVE on the default, the scan; committed
//   (ATTACH of every partition)
//   DROP CONSTRAINT                ACCESS EXCLUSIVE on the default; committed
//
// While it stands, INSERTs into those ranges fail. So only ranges that nobody writes yet are covered: in the future, or
// above an empty partition of an id set. One that a killed run has left stands until the next run; where the partitions
// were made by then it does nothing, as their rows no longer go to the default.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

class DefaultGuard {
 public:
  // Decides; does nothing yet. Never in the caller's transaction, which would keep the locks.
  DefaultGuard(const PlannedSet& planned, Mode mode, std::int64_t now_utc);
  // Puts it up and validates it. Without locks, or with rows in the way, there is none, and ATTACH looks itself.
  void put_up();
  // Free where there is none.
  void take_down();

 private:
  const PlannedSet& planned_;
  std::optional<core::Range> range_;
  bool stands_ = false;
};

// Defaults on which a run has left one.
[[nodiscard]] std::set<Oid> guarded_defaults();
// Takes that off in the caller's transaction, if the lock can be had. True when it is gone.
bool take_off_guard(const ManagedSet& set);

}  // namespace strata::ops
