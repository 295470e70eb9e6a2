// Taking a partition set apart: rows move to a plain table, emptied partitions are detached, at the end the
// configuration goes (contract 8.1, 8.2). The parent stays, empty and without partitions.
#pragma once

#include "ops/batches.hpp"

namespace strata::ops {

struct UndoRequest {
  std::string parent;
  std::string target;
  std::optional<int> batches = 1;       // moves of rows in one call; none: no limit
  std::optional<std::string> interval;  // of a batch; the partition interval otherwise
  double lock_wait_seconds = 0;         // as in DrainRequest
  std::vector<std::string> ignored_columns;
  enum class Emptied : std::uint8_t { Kept, Dropped, DroppedCascade } emptied = Emptied::Kept;
};

struct Undone {
  Attempt attempt;  // Deferred: locks were not to be had within lock_wait_seconds
  int partitions = 0;
  std::uint64_t rows = 0;
  bool complete = false;  // no partition is left, the set is no longer configured
};

// undo_partition: the default first, then ascending. Moves hold EXCLUSIVE on the parent and the partition, detaching
// ACCESS EXCLUSIVE, to the end of the transaction. 55P03 when locks are not to be had and no lock_wait_seconds is
// given.
[[nodiscard]] Undone undo(const Extension& extension, const UndoRequest& request);

// undo_partition_proc: every move and every detaching is its own transaction.
void undo_committing(const Extension& extension, const UndoRequest& request, const BatchLoop& loop);

}  // namespace strata::ops
