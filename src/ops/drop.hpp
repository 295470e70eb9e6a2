// drop_partition_time and drop_partition_id: retention for one set, on demand (contract 5).
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// Arguments that are not given come from the configuration.
struct DropRequest {
  std::string parent;
  std::optional<core::Retention> retention;
  std::optional<bool> keep_table;
  std::optional<bool> keep_index;
  std::optional<std::string> retention_schema;
  std::int64_t reference_utc = 0;  // time sets
};
enum class DropKind : std::uint8_t { Time, Id };

// How many partitions were detached or dropped. Everything stays in the caller's transaction, its locks included:
// ACCESS EXCLUSIVE on parent, default and each partition.
[[nodiscard]] int drop_partitions(const Extension& extension, const DropRequest& request, DropKind kind);

// Carries out planned retirements in the caller's transaction, all or none: how many partitions left the set.
[[nodiscard]] int retire_all(const Extension& extension, const PlannedSet& planned);

}  // namespace strata::ops
