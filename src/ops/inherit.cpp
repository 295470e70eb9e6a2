#include "ops/inherit.hpp"

#include "ops/apply.hpp"
#include "ops/child.hpp"

namespace strata::ops {

namespace {

Table required_table(const TableName& name) {
  std::optional<Table> table = find_table(name.schema, name.name);
  if (!table)
    refuse(core::Code::UndefinedTable, "table \"" + name.schema + "." + name.name + "\" does not exist",
           "Names are given as the catalogs hold them, without quotes.");
  return *std::move(table);
}

Table owned_table(const TableName& name) {
  Table table = required_table(name);
  if (!pg::has_rights_of(table.owner))
    refuse(core::Code::InsufficientPrivilege, "must be owner of table " + table.raw_name(),
           "Act as role \"" + pg::role_name(table.owner) + "\" or as a member of it.");
  return table;
}

// Under the lock: the statements name the table.
bool is_unchanged(const Table& table) {
  const std::optional<Table> now = find_table(table.schema, table.name);
  return now && now->oid == table.oid && now->owner == table.owner;
}

// What happens to one table. `new_owner` is the last step, and the caller's: the old owner may not be a member.
struct Change {
  LOCKMODE lock = AccessExclusiveLock;
  std::vector<std::string> statements;  // with %child% for the table
  Oid new_owner = InvalidOid;
};

void run_as_owner(const Table& table, const Change& change, const pg::LockDeadline& deadline) {
  const pg::OwnerScope as_owner(table.owner, table.schema_oid);
  deadline.arm();
  for (const std::string& statement : change.statements) pg::execute(with_child(statement, table.quoted()));
}

void give_away(const Table& table, Oid owner) {
  if (pg::is_superuser()) hold_schema_name(table.schema);
  pg::execute("ALTER TABLE " + table.quoted() + " OWNER TO " + pg::quote_ident(pg::role_name(owner)));
}

void apply_change(const Table& table, const Change& change, const LockBudget& budget = {}) {
  if (change.statements.empty() && !OidIsValid(change.new_owner)) return;
  const std::array<Oid, 1> relations{table.oid};
  const Attempt attempt = try_action(budget, Mode::Caller, relations, [&](const pg::LockDeadline& deadline) {
    if (!pg::lock_relation(table.oid, change.lock, deadline) || !is_unchanged(table)) return false;
    run_as_owner(table, change, deadline);
    if (OidIsValid(change.new_owner)) give_away(table, change.new_owner);
    return true;
  });
  if (attempt.outcome == Outcome::Deferred) raise_not_locked(table.raw_name(), attempt);
  if (attempt.outcome == Outcome::Changed)
    refuse(core::Code::NotInPrerequisiteState, "table \"" + table.raw_name() + "\" was changed meanwhile",
           "Call again.");
}

std::vector<std::string> unless_empty(std::string statement) {
  if (statement.empty()) return {};
  return {std::move(statement)};
}

struct Configured {
  Config config;
  Parent parent;
};

// The configuration of a set whose table exists, whatever else may be wrong with it.
Configured required_set(const Extension& extension, const std::string& name) {
  std::vector<LoadedSet> sets = load_sets(extension, Selection::Named, name);
  if (sets.empty()) (void)load_set(extension, name);  // raises, with the hint
  if (!sets[0].parent) throw to_raise(*sets[0].refusal);
  return {.config = std::move(sets[0].config), .parent = *std::move(sets[0].parent)};
}

}  // namespace

// --- template and parent ---------------------------------------------------------------------------------------------

bool inherit_template_properties(const Extension& extension, const std::string& parent, const TableName& child) {
  const pg::SettingsScope settings;
  const Configured set = required_set(extension, parent);
  if (!set.config.template_table)
    refuse(core::Code::NotInPrerequisiteState, "partition set \"" + parent + "\" has no template table",
           "Name one in part_config.template_table.");
  const Table table = owned_table(child);
  const TemplateProperties properties =
      read_template(*set.config.template_table, parent, read_indexes(set.parent.oid), table.owner);
  if (table.kind == RELKIND_PARTITIONED_TABLE) return false;
  Change change{.statements = missing_keys(properties.keys, table.oid)};
  for (std::string& statement : persistence_change(table, properties.unlogged))
    change.statements.push_back(std::move(statement));
  for (std::string& statement : unless_empty(properties.options)) change.statements.push_back(std::move(statement));
  apply_change(table, change, budget_of(set.config));
  return true;
}

void inherit_parent_properties(const TableName& parent, const TableName& child) {
  const pg::SettingsScope settings;
  const Table from = required_table(parent);
  apply_change(owned_table(child),
               {.lock = ShareUpdateExclusiveLock, .statements = unless_empty(statistics_statement(from.oid))});
}

void inherit_replica_identity(const TableName& parent, const TableName& child) {
  const pg::SettingsScope settings;
  const ReplicaIdentity identity = replica_identity_of(required_table(parent).oid);
  const Table table = owned_table(child);
  apply_change(table, {.statements = unless_empty(OidIsValid(identity.index)
                                                      ? identity_index_statement(identity.index, table.quoted())
                                                      : identity.statement)});
}

// --- privileges ------------------------------------------------------------------------------------------------------

namespace {

void copy_privileges(const Table& parent, const Grants& wanted, const Table& child, const LockBudget& budget) {
  Change change{.lock = AccessShareLock,  // keeps the name: GRANT takes no lock on the table
                .statements = grant_statements(wanted, grants_of(child.oid))};
  if (child.owner != parent.owner) {
    change.lock = AccessExclusiveLock;
    change.new_owner = parent.owner;
  }
  apply_change(child, change, budget);
}

std::vector<TableName> children_of(Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE i.inhparent = $1 ORDER BY 1, 2",
      pg::Params().oid(parent));
  std::vector<TableName> names;
  for (std::size_t row = 0; row < rows.size(); ++row)
    names.push_back({.schema = rows.text(row, 0), .name = rows.text(row, 1)});
  return names;
}

}  // namespace

void apply_privileges(const Extension& extension, const TableName& parent, const TableName& child) {
  const pg::SettingsScope settings;
  const Configured set = required_set(extension, parent.schema + "." + parent.name);
  const Table from = required_table({.schema = set.parent.schema, .name = set.parent.table});
  copy_privileges(from, grants_of(from.oid), owned_table(child), budget_of(set.config));
}

void reapply_privileges(const Extension& extension, const std::string& parent) {
  const pg::SettingsScope settings;
  const Configured set = required_set(extension, parent);
  const Table from = owned_table({.schema = set.parent.schema, .name = set.parent.table});
  const Grants wanted = grants_of(from.oid);
  for (const TableName& child : children_of(from.oid)) {
    pg::check_interrupts();
    copy_privileges(from, wanted, owned_table(child), budget_of(set.config));
  }
}

// --- kept for their callers ------------------------------------------------------------------------------------------

void apply_cluster(const TableName& parent, const TableName& child) {
  const pg::SettingsScope settings;
  const Table from = required_table(parent);
  const Table table = owned_table(child);  // first: a stranger is told nothing of the parent
  if (from.kind == RELKIND_PARTITIONED_TABLE)
    refuse(core::Code::WrongObjectType,
           "\"" + from.raw_name() + "\" is a partitioned table, which has no CLUSTER setting",
           "Run ALTER TABLE ... CLUSTER ON on the partitions.");
  apply_change(table,
               {.lock = ShareUpdateExclusiveLock, .statements = unless_empty(cluster_statement(from.oid, table.oid))});
}

void set_autovacuum(const TableName& parent, const std::optional<TableName>& source, Autovacuum setting) {
  const pg::SettingsScope settings;
  const Change change{.lock = ShareUpdateExclusiveLock,
                      .statements = {setting == Autovacuum::Off
                                         ? "ALTER TABLE %child% SET (autovacuum_enabled = false, "
                                           "toast.autovacuum_enabled = false)"
                                         : "ALTER TABLE %child% RESET (autovacuum_enabled, toast.autovacuum_enabled)"}};
  const Table top = owned_table(parent);
  std::vector<TableName> others = children_of(top.oid);
  if (source) others.insert(others.begin(), *source);
  with_hint("A partitioned table has no storage parameters: set them on the template table, or on the partitions.",
            [&] { apply_change(top, change); });
  for (const TableName& name : others) apply_change(owned_table(name), change);
}

}  // namespace strata::ops
