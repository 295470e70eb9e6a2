// How a partition of one set is built: everything it inherits, read once per set, and the statements that make it.
#pragma once

#include "ops/apply.hpp"
#include "ops/properties.hpp"
#include "ops/subset.hpp"

namespace strata::ops {

// What a new child gets besides LIKE parent (contract 3.5, 6). "%child%" stands for its quoted name.
struct ChildRecipe {
  std::string create;                      // CREATE TABLE %child% (LIKE parent ...) with persistence and tablespace
  bool unlogged = false;                   // as the template is
  std::vector<TemplateKey> keys;           // of the template
  std::vector<std::string> before_attach;  // statistics targets, storage options, grants of a partitioned one
  std::vector<std::string> after_attach;   // grants, replica identity FULL or NOTHING
  std::optional<SubConfig> sub;            // partitions are partitioned themselves
  ReplicaIdentity identity;                // by index: set after ATTACH, which makes or finds the child's index
  std::vector<Oid> referenced;             // tables the parent's foreign keys point to
  std::vector<Oid> referencing;            // tables whose foreign keys point to the parent
  int locks_per_child = 3;                 // entries in the lock table, estimated (truths 23)
};

enum class Privileges : std::uint8_t { Own, CopyFromParent };

[[nodiscard]] ChildRecipe read_recipe(const Parent& parent, const std::optional<std::string>& template_table,
                                      Privileges privileges, std::optional<SubConfig> sub = std::nullopt);

struct ChildName {
  std::string schema;
  std::string name;
  [[nodiscard]] std::string quoted() const { return pg::qualified(schema, name); }
};

// FOR VALUES FROM (...) TO (...), or IN (...)
[[nodiscard]] std::string bound_clause(const ManagedSet& set, const core::Range& range);
// The statements of a creation in order, as they will be run: the last before ATTACH, ATTACH, the rest.
struct ChildStatements {
  std::vector<std::string> build;
  std::size_t by_creator = 1;  // the first of them, which need CREATE on the schema
  std::string attach;
  std::vector<std::string> finish;
  [[nodiscard]] std::string joined() const;
};
[[nodiscard]] ChildStatements child_statements(const ChildRecipe& recipe, const Parent& parent, const ChildName& name,
                                               const std::string& bound);
// The same for a partition of this range, with what the kind of key asks for besides: epoch keys get the CHECK
// <child>_partition_check, so that conditions on their time are proved and misread units noticed (contract 3.5).
[[nodiscard]] ChildStatements partition_statements(const ChildRecipe& recipe, const ManagedSet& set,
                                                   const ChildName& name, const core::Range& range);

// The role that runs CREATE TABLE: the owner, or (owner without CREATE on the schema) a superuser caller, who hands the
// table over at once. Raises 42501 naming the GRANT when neither can (rulings 14). Call outside any OwnerScope.
[[nodiscard]] Oid creator_for(const Parent& parent);

// Keeps a schema's name to the end of the transaction: without it, whoever owns the schema could rename another one to
// that name between two statements of a superuser and lead the second to somebody else's table. Superusers only.
void hold_schema_name(const std::string& schema);

// A partition may belong to somebody else: ALTER TABLE ... OWNER TO changes the parent alone. Before it is altered or
// dropped as the owner of the parent it is handed to him, if the caller has the rights of both; else nothing happens,
// and the server refuses what follows. Call outside any OwnerScope, with a lock deadline armed: ACCESS EXCLUSIVE on it.
void take_over(const Parent& parent, Oid partition);
void take_over(const Parent& parent, std::span<const Oid> partitions);
// The same as an action of its own; free where nothing is to be done.
[[nodiscard]] Attempt take_over(const ManagedSet& set, Oid partition, const LockBudget& budget, Mode mode);

// Builds the free-standing child. Takes ACCESS SHARE on the parent (LIKE). Call inside an OwnerScope of the owner.
void build_child(const ChildStatements& statements, const Parent& parent, const ChildName& name, Oid creator);
// Attaches it and finishes. The parent must be locked SHARE UPDATE EXCLUSIVE or more.
void attach_child(const ChildStatements& statements, const ChildRecipe& recipe, const ChildName& name);

// How many children one transaction can make without filling the lock table; at least one.
[[nodiscard]] std::size_t children_at_once(const ChildRecipe& recipe);
// Refuses (54000) what the lock table cannot hold in one transaction.
void require_lock_space(const ChildRecipe& recipe, std::size_t children);

// Relations (and types) that hold any of these names in this schema.
[[nodiscard]] std::vector<core::TakenName> taken_names(const ManagedSet& set, std::span<const core::NameChoice> names);

// The one of these names that is free. Nothing when the set is no longer what was read: somebody has attached a
// partition of that name meanwhile, or begun to move rows out of the default. Raises 42P07 when something else is in
// the way, 55006 when it is the table of a move that runs.
[[nodiscard]] std::optional<std::string> free_choice(const Extension& extension, const ManagedSet& set,
                                                     const core::NameChoice& choice,
                                                     const std::vector<core::TakenName>& taken);
// Raised where that ends a call (55000).
struct SetChanged : pg::Raise {};
[[noreturn]] void raise_set_changed(const ManagedSet& set);

// The name of a table in the parent's schema with an ending, and a number where that is taken.
[[nodiscard]] std::string free_name(const Parent& parent, const std::string& table, const std::string& what);

}  // namespace strata::ops
