// Moving the rows of a default partition into partitions of their own (contract 7.2 to 7.4).
#pragma once

#include "ops/batches.hpp"
#include "ops/create.hpp"
#include "ops/drain_cells.hpp"
#include "ops/move_note.hpp"

namespace strata::ops {

enum class AnalyzeParent : std::uint8_t { No, Yes };

struct DrainRequest {
  std::string parent;
  std::optional<std::string> interval;  // as text; only the partition interval itself is allowed
  double lock_wait_seconds = 0;         // > 0: go on trying that long; < 0: one try; 0: the set's tries
  std::string order = "ASC";
  CellRequest cells;  // order is taken from the text above
  AnalyzeParent analyze = AnalyzeParent::No;
  std::vector<std::string> ignored_columns = {};  // get their default in the new partition
  const MoveNote* note = nullptr;                 // the caller's, of what has moved
  // For how long writers may wait for one partition, and why its rows cannot move while they go on.
  struct Stall {
    std::int64_t milliseconds = 0;
    std::int64_t rows_per_millisecond = 1;
    std::string obstacle;
  };
  std::optional<Stall> stall = {};
  std::optional<StandIn> source = {};  // in the place of the default
  bool alone = false;                  // without background workers that help
  bool yields = false;                 // to an online move that has begun since, which otherwise is an error
};

// What all moves of rows of a set ask first: the right kind of key, a valid p_order, no undo or asynchronous move under
// way.
void require_kind(const ManagedSet& set, KeyKind kind);
[[nodiscard]] Order order_of(const std::string& text);
void require_idle(const ManagedSet& set);

// partition_data_time / partition_data_id: everything in one switch, in the caller's transaction, which holds the locks
// to its end. Rows moved; 0 when there is nothing to move, -1 when lock_wait_seconds was given and used up. Without it,
// 55P03.
[[nodiscard]] std::int64_t drain_default(const Extension& extension, const DrainRequest& request, KeyKind kind);

// Maintenance: the partition of this range with its rows, in one switch. Changed when the default holds none (any
// more), or the range is no longer free.
[[nodiscard]] Attempt drain_range(const Extension& extension, const std::string& parent, const core::Range& range,
                                  Mode mode);

// partition_data_proc: one partition per switch, each its own transaction.
void drain_default_committing(const Extension& extension, const DrainRequest& request, const BatchLoop& loop);

}  // namespace strata::ops
