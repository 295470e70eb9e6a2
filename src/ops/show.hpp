// Looking at one set: its partitions, the partition of a value, the bounds of a partition.
//
// Bounds come from the catalogs, never from names or from the interval, and every question costs a handful of queries
// however many partitions there are. Options that only maintenance reads do not keep a set from being looked at.
// Whoever may not look (rulings 21) gets 42501.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

enum class Direction : std::uint8_t { Ascending, Descending };
enum class DefaultPartition : std::uint8_t { Left, Included };

struct ListedPartition {
  std::string schema;
  std::string name;
};
// By lower bound; the default, if wanted, comes first in either direction.
[[nodiscard]] std::vector<ListedPartition> list_partitions(const Extension& extension, const std::string& parent,
                                                           Direction direction, DefaultPartition wanted);

struct NamedPartition {
  std::string schema;
  std::string name;
  std::optional<std::int64_t> lower_time;  // microseconds UTC; time sets
  std::optional<std::int64_t> lower_id;    // id sets; empty for MINVALUE
  bool exists = false;
};
// The partition that contains the value, or the one that maintenance would make for it. A time without an offset is
// read in the set's zone.
[[nodiscard]] NamedPartition name_partition(const Extension& extension, const std::string& parent,
                                            const std::string& value);

// All empty for the default partition. MINVALUE and MAXVALUE are -infinity and infinity for times, empty for ids.
struct PartitionInfo {
  std::optional<std::int64_t> start_time;
  std::optional<std::int64_t> end_time;
  std::optional<std::int64_t> start_id;
  std::optional<std::int64_t> end_id;
  std::optional<std::string> suffix;  // of the lower bound truncated for the interval: not always that of the name
};
struct InfoRequest {
  std::string child;
  std::optional<std::string> interval;  // for the suffix; the configured one otherwise
  std::optional<std::string> parent;    // found in the catalogs otherwise
};
[[nodiscard]] PartitionInfo describe_partition(const Extension& extension, const InfoRequest& request);
// The same for a partition that need not exist, from its name alone; the ends stay empty. Needs the parent.
[[nodiscard]] PartitionInfo describe_name(const Extension& extension, const InfoRequest& request);

}  // namespace strata::ops
