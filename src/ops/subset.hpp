// Sub-partitioning: part_config_sub says how the partitions of a set are partitioned themselves (contract 2.2, 3.9).
//
// A new partition becomes a set of its own while it stands free: built partitioned, given its row of part_config, its
// partitions and its default, then attached as a whole. So every lock on the upper set is held for the ATTACH only.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// What create_partition is called with for each new partition; the rest of the row is copied in SQL.
struct SubConfig {
  std::string parent_table;  // sub_parent
  std::string control;
  std::string interval;
  std::string type;
  std::string epoch;
  int premake = 4;
  std::string automatic;
  std::optional<std::vector<std::string>> constraint_cols;
  std::optional<std::string> template_table;
  std::optional<std::string> date_trunc_interval;
  std::optional<std::string> encoder;
  std::optional<std::string> decoder;
  bool default_table = true;
  bool control_not_null = true;
  bool jobmon = true;
  std::optional<std::string> start;  // of one call only

  // "PARTITION BY RANGE (column)"
  [[nodiscard]] std::string partition_clause() const;
  // The call that makes a partition a set, as plans print it.
  [[nodiscard]] std::string statement(const Extension& extension, const std::string& raw_name) const;
};

// How the partitions of this set are to be partitioned; empty when they are plain tables.
[[nodiscard]] std::optional<SubConfig> read_sub_config(const Extension& extension, const ManagedSet& upper);

// Where a sub-set has its place: the range of its table in the upper set.
struct Place {
  const ManagedSet& upper;
  core::Range range;
  std::optional<core::Child> replaced = {};  // the plain table whose rows it will get
};

// The place in the keys of the sub-set. Empty when the two are not counted alike: time within time, ids within ids;
// keys with an encoder never limit (contract 8.6).
[[nodiscard]] std::optional<core::Range> limits_of(const Place& place, const ManagedSet& set);
// The same for a set whose table is attached to the upper one.
[[nodiscard]] std::optional<core::Range> limits_within(const ManagedSet& upper, const ManagedSet& set);

// Makes the free-standing partition of this name a set. As the caller, whose configuration tables these are to write;
// call outside any OwnerScope.
void create_subset(const Extension& extension, const SubConfig& config, const Place& place,
                   const std::string& raw_name);

// The rest of the row: what part_config_sub says beyond the arguments of create_partition (contract 2.3).
void copy_sub_settings(const Extension& extension, const std::string& upper, const std::string& sub_set);

// Refuses a set whose sub-sets are to be partitioned differently: which way a new one goes would be a matter of chance
// (contract 4.3).
void require_same_sub_config(const Extension& extension, const ManagedSet& upper);

// A set that joins others whose partitions are sub-partitioned is so, too: one of their rows, exactly (contract 3.4.3).
void copy_sibling_sub_config(const Extension& extension, Oid upper, const std::string& sub_set);

}  // namespace strata::ops
