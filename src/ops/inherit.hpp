// The properties of contract 6 given to tables that exist. Creation does the same through its recipe (child.hpp).
//
// Each call works on one table as its owner, who the caller must be or be a member of; it waits for that table's lock
// no longer than the budget allows (55P03) and refuses before it changes anything.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// Schema and name as the catalogs hold them.
struct TableName {
  std::string schema;
  std::string name;
};

// ACCESS EXCLUSIVE on the child. False, and nothing done, when it is itself partitioned. Keys it has are not made
// again.
[[nodiscard]] bool inherit_template_properties(const Extension& extension, const std::string& parent,
                                               const TableName& child);
// Statistics targets. SHARE UPDATE EXCLUSIVE on the child.
void inherit_parent_properties(const TableName& parent, const TableName& child);
// ACCESS EXCLUSIVE on the child.
void inherit_replica_identity(const TableName& parent, const TableName& child);

// Grants, then the owner (contract 6.5). ACCESS EXCLUSIVE on the child when its owner changes.
void apply_privileges(const Extension& extension, const TableName& parent, const TableName& child);
// The same for all partitions, the default included.
void reapply_privileges(const Extension& extension, const std::string& parent);

// Refuses partitioned parents (42809).
void apply_cluster(const TableName& parent, const TableName& child);

// autovacuum_enabled of a table, an optional second one and the children of the first. The server refuses it on
// partitioned tables (22023).
enum class Autovacuum : std::uint8_t { Off, Reset };
void set_autovacuum(const TableName& parent, const std::optional<TableName>& source, Autovacuum setting);

}  // namespace strata::ops
