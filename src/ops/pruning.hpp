// explain_pruning: how many partitions the plan of a query reads.
#pragma once

#include "ops/fail.hpp"

namespace strata::ops {

struct PrunedTable {
  std::string parent_table;
  std::int64_t partitions = 0;
  std::optional<std::int64_t> touched;  // empty where only rows are routed into it
  std::optional<std::int64_t> pruned;
  std::string detail;
};

// One row for each partitioned table that the query names, also through views. The query is planned as the caller and
// not executed; anything but one SELECT, INSERT, UPDATE, DELETE or MERGE is refused before that.
[[nodiscard]] std::vector<PrunedTable> explain_pruning(const std::string& query);

}  // namespace strata::ops
