// Draining a set that is published by way of its root (publish_via_partition_root).
//
// A subscriber is told of the removal of rows from the default as a DELETE in the root. It is told of their arrival
// only if the table they arrive in is a partition by then: what is loaded into a free-standing table is lost there, or
// stops the replication where the publication covers a whole schema. So the rows wait in an unlogged table, which
// nobody publishes, and are loaded after the attach. Readers are locked out for that long.
#pragma once

#include "ops/drain_move.hpp"

namespace strata::ops {

// Whether changes of the default are decoded and published under the name of a table above it.
[[nodiscard]] bool is_told_by_root(const ManagedSet& set);

// Where the rows of one target wait.
struct Shelf {
  ChildName name;
  std::uint64_t rows = 0;
};

// Copies the rows to shelves of their own. Outside any OwnerScope, with writers locked out.
[[nodiscard]] std::vector<Shelf> shelve(const Makers& makers, const Move& move);
// Loads them into the attached partitions and drops the shelves. Inside an OwnerScope. No trigger of users fires.
void unshelve(const Move& move, std::span<const Shelf> shelves);

}  // namespace strata::ops
