// Building the indexes of the copies of an online move, table by table, by the session and its helpers.
#pragma once

#include "ops/apply.hpp"
#include "ops/drain_load.hpp"
#include "ops/helper.hpp"

namespace strata::ops {

struct CopyToIndex {
  std::string table_sql;
  LoadedHeap heap;
};

// And ANALYZE of these columns ("a, b", quoted). Every table in a try of its own, which commits. What a helper could
// not do is done again.
[[nodiscard]] Attempt index_copies(const ManagedSet& set, std::span<const CopyToIndex> copies,
                                   const std::string& columns, const LockBudget& budget);

// In the helper.
void help_to_index(const pg::HelperSeat& seat, std::size_t piece, const pg::LockDeadline& deadline);

}  // namespace strata::ops
