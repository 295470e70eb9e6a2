// Moving the rows of a default partition into partitions of their own (contract 7.2 to 7.4).
#pragma once

#include "ops/apply.hpp"
#include "ops/create.hpp"
#include "ops/drain_cells.hpp"

namespace strata::ops {

enum class AnalyzeParent : std::uint8_t { No, Yes };

struct DrainRequest {
  std::string parent;
  std::optional<std::string> interval;  // as text; only the partition interval itself is allowed
  double lock_wait_seconds = 0;         // > 0: go on trying that long; < 0: one try; 0: the set's tries
  std::string order = "ASC";
  CellRequest cells;  // order is taken from the text above
  AnalyzeParent analyze = AnalyzeParent::No;
};

// partition_data_time / partition_data_id: everything in one switch, in the caller's transaction, which holds the locks
// to its end. Rows moved; 0 when there is nothing to move, -1 when lock_wait_seconds was given and used up. Without it,
// 55P03.
[[nodiscard]] std::int64_t drain_default(const Extension& extension, const DrainRequest& request, KeyKind kind);

struct DrainLoop {
  std::optional<int> batches;  // none, 0 or less: until the default is empty
  int lock_failures = 10;      // batches that may fail to get their locks, in a row
  int wait_seconds = 1;        // between batches
  enum class Notices : std::uint8_t { All, Reminder } notices = Notices::All;
};

// partition_data_proc: one partition per switch, each its own transaction.
void drain_default_committing(const Extension& extension, const DrainRequest& request, const DrainLoop& loop);

}  // namespace strata::ops
