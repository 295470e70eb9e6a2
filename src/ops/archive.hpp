// What retention does to a partition besides taking it out of the set: the schema it moves to, the publications it
// leaves, the configuration that ends with it (contract 5.5).
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// Why a partition cannot move to the set's retention_schema.
struct Obstacle {
  Oid partition = InvalidOid;
  core::Refusal refusal;
};
// The schema must exist and belong to the very role that owns the partition: anybody else could take the table over
// (CVE-2026-61821; 42501). No name that moves along may be taken there (42P07). Empty where no schema is set.
[[nodiscard]] std::vector<Obstacle> archive_obstacles(const ManagedSet& set, std::span<const Oid> partitions);
// ALTER TABLE ... SET SCHEMA; empty where no schema is set.
[[nodiscard]] std::string archive_statement(const ManagedSet& set, const std::string& quoted_partition);

// ALTER PUBLICATION ... DROP TABLE for each that names the partition itself, none where it keeps them; those that hold
// it through the parent end with the detach. They run as the caller.
[[nodiscard]] std::vector<std::string> publication_statements(const ManagedSet& set, Oid partition,
                                                              const std::string& quoted_partition);
// Altering a publication needs the rights of its owner; 42501 naming it without them.
void require_publication_rights(const ManagedSet& set, Oid partition, const std::string& raw_name);

// The partitioned tables of a partition's subtree as part_config writes them. Ask before they are dropped.
[[nodiscard]] std::vector<std::string> subtree_of(Oid partition);
// Deletes their configuration, as the caller.
void forget_sets(const Extension& extension, std::span<const std::string> parents);

}  // namespace strata::ops
