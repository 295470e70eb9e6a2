// partition_status and partitions: how every set stands, and what it consists of.
//
// Both read catalogs, configuration and sizes of files: no table is opened, no lock is waited for, and the number of
// queries does not depend on how many sets and partitions there are. Sets the caller may not see are left out.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

struct SetStatus {
  std::string parent_table;
  std::optional<std::int32_t> partitions;  // without the default
  std::optional<std::string> first_bound;
  std::optional<std::string> last_bound;
  std::optional<std::int64_t> covered_until;  // time sets
  std::optional<std::string> default_table;
  std::optional<std::int64_t> rows_in_default;  // estimated; empty when nothing is known
  std::optional<std::int64_t> default_bytes;
  std::optional<std::int64_t> total_bytes;
  std::optional<std::string> retention;
  std::optional<std::int64_t> next_retirement;     // time sets
  std::optional<std::int64_t> next_retirement_id;  // id sets: when the highest id gets there
  std::optional<std::string> problem;              // why the set cannot be worked on
};
[[nodiscard]] std::vector<SetStatus> all_statuses(const Extension& extension);

struct PartitionRow {
  std::string parent_table;
  std::string schema;
  std::string table;
  bool is_default = false;
  std::optional<std::string> lower_bound;
  std::optional<std::string> upper_bound;
  std::optional<std::int64_t> lower_time;
  std::optional<std::int64_t> upper_time;
  std::optional<std::int64_t> lower_id;
  std::optional<std::int64_t> upper_id;
  std::optional<std::int64_t> estimated_rows;
  std::int64_t bytes = 0;
  std::int64_t index_bytes = 0;
  std::string owner;
};
// By set, then by bound, the default last.
[[nodiscard]] std::vector<PartitionRow> all_partitions(const Extension& extension);

}  // namespace strata::ops
