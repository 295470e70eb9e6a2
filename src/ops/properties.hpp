// What a partition takes from its parent and from the template of its set (contract 6), read from the catalogs as
// values and turned into statements. Creation puts the statements into its recipe, the inherit_* and apply_* functions
// run them on a table that exists. Nothing here changes anything.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// Stands for the quoted name of the table that gets the properties.
inline constexpr std::string_view kChildMark = "%child%";
[[nodiscard]] std::string with_child(std::string statement, const std::string& quoted_name);

// Any table, by schema and name as the catalogs hold them.
struct Table {
  Oid oid = InvalidOid;
  Oid schema_oid = InvalidOid;
  std::string schema;
  std::string name;
  Oid owner = InvalidOid;
  char kind = 0;
  char persistence = 0;
  [[nodiscard]] std::string quoted() const { return pg::qualified(schema, name); }
  [[nodiscard]] std::string raw_name() const { return schema + "." + name; }
};
[[nodiscard]] std::optional<Table> find_table(const std::string& schema, const std::string& name);
// schema.name, empty when there is no such table.
[[nodiscard]] std::string raw_name_of(Oid table);

// --- indexes ---------------------------------------------------------------------------------------------------------

struct TableIndexes {
  std::set<std::string> tails;         // definitions from USING on, of the valid ones
  std::optional<std::string> primary;  // names of the primary key's columns
  int count = 0;
};
[[nodiscard]] TableIndexes read_indexes(Oid table);
// ALTER TABLE %child% CLUSTER ON the index of `table` that is defined as the one `parent` is clustered on; empty
// without.
[[nodiscard]] std::string cluster_statement(Oid parent, Oid table);

// --- template --------------------------------------------------------------------------------------------------------

struct TemplateKey {
  std::string tail;
  std::optional<std::string> primary;  // as above, when it is the primary key
  std::string statement;
};
struct TemplateProperties {
  std::vector<TemplateKey> keys;  // unique and primary indexes that the parent lacks
  std::string options;            // ALTER TABLE ... SET (...) of storage options, toast.* included; empty: none
  bool unlogged = false;
};

// The index expressions of a template run with the rights of `child_owner`, who owns the table that gets them. Refuses
// (42501) a template whose owner has not all those rights anyway (contract 10.4), and one that is missing (42P01).
[[nodiscard]] TemplateProperties read_template(const std::string& template_table, const std::string& parent_name,
                                               const TableIndexes& parent_indexes, Oid child_owner);
// The statements of those that `table` has not got yet.
[[nodiscard]] std::vector<std::string> missing_keys(std::span<const TemplateKey> keys, Oid table);
// SET UNLOGGED or SET LOGGED where `table` is not as wanted.
[[nodiscard]] std::vector<std::string> persistence_change(const Table& table, bool unlogged);

// --- parent ----------------------------------------------------------------------------------------------------------

// ALTER TABLE %child% ALTER COLUMN ... SET STATISTICS ...; empty when the parent sets no target.
[[nodiscard]] std::string statistics_statement(Oid parent);

struct ReplicaIdentity {
  std::string statement;     // FULL or NOTHING; empty: default, or by index
  Oid index = InvalidOid;    // of the parent
  std::string index_name{};  // quoted, with schema
};
[[nodiscard]] ReplicaIdentity replica_identity_of(Oid parent);
// REPLICA IDENTITY USING the index that `table` has under the parent's; empty when it has none.
[[nodiscard]] std::string identity_index_statement(Oid parent_index, const std::string& quoted_table);

// --- privileges ------------------------------------------------------------------------------------------------------

// Table privileges by grantee; no name stands for PUBLIC. Grant options and columns are left out (contract 6.5).
using Grants = std::map<std::optional<std::string>, std::set<std::string>>;
[[nodiscard]] Grants grants_of(Oid table);
// Those of a table that `creator` makes in the schema and hands over to `owner`: default privileges apply.
[[nodiscard]] Grants grants_of_new(Oid schema, Oid creator, Oid owner);
// GRANT and REVOKE that turn `present` into `wanted`.
[[nodiscard]] std::vector<std::string> grant_statements(const Grants& wanted, const Grants& present);

}  // namespace strata::ops
