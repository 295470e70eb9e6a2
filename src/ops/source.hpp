// Moving the rows of a table outside the set into its partitions (contract 7.2 to 7.4, p_source_table).
#pragma once

#include "ops/drain.hpp"
#include "ops/transfer.hpp"

namespace strata::ops {

struct SourceRequest {
  DrainRequest data;   // its interval may be smaller than the partition interval
  std::string source;  // schema.table
  Identity identity = Identity::AsDeclared;
};

// partition_data_time / partition_data_id: rows moved in the caller's transaction; 0 when the source holds none that
// could move, -1 when lock_wait_seconds was given and used up. Locks: ROW EXCLUSIVE on the source and the partition,
// row locks on what moves; a partition that is missing is created as maintenance does it.
[[nodiscard]] std::int64_t move_from_source(const Extension& extension, const SourceRequest& request, KeyKind kind);

// partition_data_proc: one batch per transaction.
void move_from_source_committing(const Extension& extension, const SourceRequest& request, const BatchLoop& loop);

// The partition of this range, created when it is missing (in its own transaction where the call may commit). Raises
// 23514 when rows of the default belong there. Also for the asynchronous move.
enum class Existence : std::uint8_t { Existed, Created };
struct ProvidedPartition {
  Attempt attempt;
  Existence existence = Existence::Existed;
};
[[nodiscard]] ProvidedPartition provide_partition(const Extension& extension, const ManagedSet& set,
                                                  const core::Range& range, const LockBudget& budget, Mode mode);
// The one that holds this range; nullptr when there is none.
[[nodiscard]] const core::Child* partition_for(const ManagedSet& set, const core::Range& range) noexcept;

}  // namespace strata::ops
