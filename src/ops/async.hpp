// Emptying the default partition in batches smaller than a partition, through a working table (contract 7.5).
#pragma once

#include "ops/batches.hpp"
#include "ops/move_note.hpp"

namespace strata::ops {

struct AsyncRequest {
  std::string parent;
  std::string interval;          // of a batch, smaller than the partition interval
  std::optional<int> batches;    // committed ones; none, 0 or less: until the default is empty
  double lock_wait_seconds = 0;  // as in DrainRequest; what cannot be locked ends the call with 55P03
  std::string order = "ASC";     // nothing else
  std::vector<std::string> ignored_columns;
  const MoveNote* note = nullptr;  // as in DrainRequest
};

// partition_data_async. Every batch is its own transaction; between two of them every row is in the default, in the
// working table beside the parent, or in its partition. Rows in the working table are in no partition of the set; what
// is left there when the call ends, in whatever way, the next call finishes first.
void move_async(const Extension& extension, const AsyncRequest& request);

}  // namespace strata::ops
