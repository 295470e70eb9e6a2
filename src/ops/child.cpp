#include "ops/child.hpp"

#include "ops/ledger.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kLikeOptions =
    "INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED "
    "INCLUDING STATISTICS INCLUDING STORAGE";

// As the default privileges of whoever creates it will make it. One that is partitioned itself has them before its own
// partitions are made, which take theirs from it.
void add_grants(ChildRecipe& recipe, const Parent& parent) {
  const bool by_owner = pg::may_create_in(parent.schema_oid, parent.owner) || !pg::is_superuser();
  const Oid creator = by_owner ? parent.owner : pg::current_user();
  for (std::string& statement :
       grant_statements(grants_of(parent.oid), grants_of_new(parent.schema_oid, creator, parent.owner)))
    (recipe.sub ? recipe.before_attach : recipe.after_attach).push_back(std::move(statement));
}

void add_foreign_keys(ChildRecipe& recipe, Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT DISTINCT conrelid = $1, CASE WHEN conrelid = $1 THEN confrelid ELSE conrelid END "
      "FROM pg_catalog.pg_constraint WHERE contype = 'f' AND (conrelid = $1 OR confrelid = $1) ORDER BY 2",
      pg::Params().oid(parent));
  for (std::size_t row = 0; row < rows.size(); ++row)
    (rows.boolean(row, 0) ? recipe.referenced : recipe.referencing).push_back(rows.oid(row, 1));
}

}  // namespace

ChildRecipe read_recipe(const Parent& parent, const std::optional<std::string>& template_table, Privileges privileges,
                        std::optional<SubConfig> sub) {
  ChildRecipe recipe;
  const pg::Rows rows = pg::query(
      "SELECT t.spcname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace "
      "WHERE c.oid = $1",
      pg::Params().oid(parent.oid));
  const TableIndexes indexes = read_indexes(parent.oid);
  TemplateProperties properties;
  // Partitioned tables take nothing from a template; their own partitions do (contract 6.2).
  if (template_table && !sub) properties = read_template(*template_table, parent.raw_name(), indexes, parent.owner);
  recipe.create = std::string("CREATE ") + (properties.unlogged ? "UNLOGGED " : "") + "TABLE %child% (LIKE " +
                  parent.quoted() + " " + kLikeOptions + ")" + (sub ? " " + sub->partition_clause() : "") +
                  (rows.empty() ? "" : " TABLESPACE " + pg::quote_ident(rows.text(0, 0)));
  recipe.sub = std::move(sub);
  recipe.unlogged = properties.unlogged;
  recipe.keys = std::move(properties.keys);
  recipe.locks_per_child += indexes.count + static_cast<int>(recipe.keys.size());
  for (const std::string& statement : {statistics_statement(parent.oid), properties.options})
    if (!statement.empty()) recipe.before_attach.push_back(statement);
  if (privileges == Privileges::CopyFromParent) add_grants(recipe, parent);
  recipe.identity = replica_identity_of(parent.oid);
  if (!recipe.identity.statement.empty()) recipe.after_attach.push_back(recipe.identity.statement);
  add_foreign_keys(recipe, parent.oid);
  return recipe;
}

std::string bound_clause(const ManagedSet& set, const core::Range& range) {
  if (set.is_list()) return "FOR VALUES IN (" + set.literal(range.lower) + ")";
  return "FOR VALUES FROM (" + set.literal(range.lower) + ") TO (" + set.literal(range.upper) + ")";
}

namespace {

// While the table is empty and by itself, so that nothing is scanned.
std::string epoch_check(const ManagedSet& set, const ChildName& name, const core::Range& range) {
  const std::string key = set.codec.time_expression(pg::quote_ident(set.parent.key_column));
  const auto constant = [&](const core::Bound& end) {
    return pg::quote_literal(pg::timestamptz_text(end.tick, set.zone->server())) + "::pg_catalog.timestamptz";
  };
  const std::string whole = name.name + "_partition_check";
  const core::NameRules rules = name_rules();
  return "ALTER TABLE " + name.quoted() + " ADD CONSTRAINT " +
         pg::quote_ident(whole.substr(0, rules.clip(whole, rules.max_bytes))) + " CHECK (" + key +
         " >= " + constant(range.lower) + " AND " + key + " < " + constant(range.upper) + ")";
}

}  // namespace

ChildStatements partition_statements(const ChildRecipe& recipe, const ManagedSet& set, const ChildName& name,
                                     const core::Range& range) {
  ChildStatements statements = child_statements(recipe, set.parent, name, bound_clause(set, range));
  if (range.lower.finite() && range.upper.finite() && set.codec.has_time_expression(range.lower.tick))
    statements.build.push_back(epoch_check(set, name, range));
  return statements;
}

std::string ChildStatements::joined() const {
  std::string text;
  for (const std::string& statement : build) text += statement + "; ";
  text += attach;
  for (const std::string& statement : finish) text += "; " + statement;
  return text;
}

ChildStatements child_statements(const ChildRecipe& recipe, const Parent& parent, const ChildName& name,
                                 const std::string& bound) {
  const std::string child = name.quoted();
  ChildStatements statements;
  statements.build.push_back(with_child(recipe.create, child));
  for (const TemplateKey& key : recipe.keys) statements.build.push_back(with_child(key.statement, child));
  statements.by_creator = statements.build.size();
  for (const std::string& text : recipe.before_attach) statements.build.push_back(with_child(text, child));
  statements.attach = "ALTER TABLE " + parent.quoted() + " ATTACH PARTITION " + child + " " + bound;
  for (const std::string& text : recipe.after_attach) statements.finish.push_back(with_child(text, child));
  return statements;
}

Oid creator_for(const Parent& parent) {
  if (pg::may_create_in(parent.schema_oid, parent.owner)) return parent.owner;
  if (pg::is_superuser()) return pg::current_user();
  const std::string owner = pg::role_name(parent.owner);
  refuse(core::Code::InsufficientPrivilege,
         "owner \"" + owner + "\" of table \"" + parent.raw_name() + "\" may not create tables in schema \"" +
             parent.schema + "\"",
         "Run GRANT CREATE ON SCHEMA " + pg::quote_ident(parent.schema) + " TO " + pg::quote_ident(owner) +
             ", or call as a superuser.");
}

void hold_schema_name(const std::string& schema) {
  // A renaming updates the name, a key; grants and changes of owner do not wait.
  const pg::Rows rows = pg::query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::name FOR KEY SHARE",
                                  pg::Params().text(schema));
  if (rows.empty()) refuse(core::Code::NotInPrerequisiteState, "schema \"" + schema + "\" was renamed", "Call again.");
}

namespace {

// Those of another owner, if the caller has his rights, too.
std::vector<ChildName> strange_partitions(const Parent& parent, std::span<const Oid> partitions) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname, c.relowner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = $2 "
      "WHERE c.oid = ANY ($1) AND c.relowner <> $3",
      pg::Params().oids(partitions).oid(parent.oid).oid(parent.owner));
  std::vector<ChildName> names;
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (pg::has_rights_of(rows.oid(row, 2))) names.push_back({.schema = rows.text(row, 0), .name = rows.text(row, 1)});
  return names;
}

}  // namespace

void take_over(const Parent& parent, std::span<const Oid> partitions) {
  const pg::SettingsScope settings;
  for (const ChildName& name : strange_partitions(parent, partitions))
    pg::execute("ALTER TABLE " + name.quoted() + " OWNER TO " + pg::quote_ident(pg::role_name(parent.owner)));
}

void take_over(const Parent& parent, Oid partition) {
  take_over(parent, std::array<Oid, 1>{partition});
}

Attempt take_over(const ManagedSet& set, Oid partition, const LockBudget& budget, Mode mode) {
  const std::array<Oid, 1> relations{partition};
  if (strange_partitions(set.parent, relations).empty()) return {};
  return try_action(budget, mode, relations, [&](const pg::LockDeadline& deadline) {
    if (!pg::lock_relation(partition, AccessExclusiveLock, deadline)) return false;
    deadline.arm();
    take_over(set.parent, partition);
    return true;
  });
}

void build_child(const ChildStatements& statements, const Parent& parent, const ChildName& name, Oid creator) {
  std::size_t done = 0;
  if (creator != parent.owner) {
    // LIKE copies stored expressions and runs none. The owner has the table before its first index is made: the server
    // folds and computes index expressions as the table's owner, whoever makes the index.
    const pg::OwnerScope as_superuser(creator);
    hold_schema_name(name.schema);
    pg::execute(statements.build.front());
    pg::execute("ALTER TABLE " + name.quoted() + " OWNER TO " + pg::quote_ident(pg::role_name(parent.owner)));
    for (done = 1; done < statements.by_creator; ++done) pg::execute(statements.build[done]);
  }
  for (; done < statements.build.size(); ++done) pg::execute(statements.build[done]);
}

void attach_child(const ChildStatements& statements, const ChildRecipe& recipe, const ChildName& name) {
  pg::execute(statements.attach);
  for (const std::string& statement : statements.finish) pg::execute(statement);
  if (!OidIsValid(recipe.identity.index)) return;
  // The child's index under the parent's exists only now.
  const std::string statement = identity_index_statement(recipe.identity.index, name.quoted());
  if (!statement.empty()) pg::execute(statement);
}

std::size_t children_at_once(const ChildRecipe& recipe) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, pg::lock_table_size() / recipe.locks_per_child));
}

void require_lock_space(const ChildRecipe& recipe, std::size_t children) {
  const auto needed = static_cast<std::int64_t>(children) * recipe.locks_per_child;
  const std::int64_t available = pg::lock_table_size();
  if (needed <= available) return;
  refuse(core::Code::ProgramLimitExceeded,
         "creating " + std::to_string(children) + " partitions in one transaction needs about " +
             std::to_string(needed) + " locks, but the lock table holds about " + std::to_string(available),
         "Create fewer at once (lower premake, later p_start_partition), or raise max_locks_per_transaction.");
}

std::vector<core::TakenName> taken_names(const ManagedSet& set, std::span<const core::NameChoice> names) {
  std::vector<std::string> wanted;
  for (const core::NameChoice& name : names) {
    wanted.push_back(name.contract);
    wanted.push_back(name.fallback);
  }
  const pg::Rows rows = pg::query(
      "SELECT c.relname, i.inhparent, c.oid FROM pg_catalog.pg_class c "
      "LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition "
      "WHERE c.relnamespace = $1 AND c.relname = ANY ($2::text[]::name[])",
      pg::Params().oid(set.parent.schema_oid).texts(wanted));
  std::vector<core::TakenName> taken;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    core::NameHolder holder;
    if (!rows.null(row, 1) && rows.oid(row, 1) != set.parent.oid) holder.kind = core::NameHolder::Kind::OtherSet;
    if (rows.oid(row, 1) == set.parent.oid) {
      holder.kind = core::NameHolder::Kind::SameSet;
      for (const core::Child& child : set.inventory.children) {
        if (child.oid != rows.oid(row, 2)) continue;
        auto action = core::create_action(set.policy, set.calendar(), child.range, {}, name_rules());
        if (action) holder.contract_name = action->names.contract;
      }
    }
    taken.push_back({.name = rows.text(row, 0), .holder = std::move(holder)});
  }
  return taken;
}

namespace {

// Whether a partition of this name has come since the set was read.
bool has_come(const ManagedSet& set, const std::string& name) {
  const pg::Rows rows = pg::query(
      "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid WHERE "
      "c.relnamespace = $1 AND c.relname = $2 AND i.inhparent = $3",
      pg::Params().oid(set.parent.schema_oid).text(name).oid(set.parent.oid));
  return !rows.empty() &&
         std::ranges::find(set.inventory.children, rows.oid(0, 0), &core::Child::oid) == set.inventory.children.end();
}

}  // namespace

std::optional<std::string> free_choice(const Extension& extension, const ManagedSet& set,
                                       const core::NameChoice& choice, const std::vector<core::TakenName>& taken) {
  core::Result<std::string> name = core::choose_name(choice, taken);
  if (name) return std::move(name).value();
  if (has_come(set, name.refusal().table)) return std::nullopt;
  const std::optional<LeftMove> move = read_move(extension, set);
  if (move && !set.config.has_move) return std::nullopt;
  // Whoever asks has left alone what a move was making when he looked.
  if (move && move->running && std::ranges::find(move->names, name.refusal().table) != move->names.end())
    return std::nullopt;
  throw to_raise(name.refusal());
}

void raise_set_changed(const ManagedSet& set) {
  throw SetChanged{to_raise(
      {.code = core::Code::NotInPrerequisiteState,
       .message = "table " + in_quotes(set.parent.raw_name()) + " was changed while its partitions were planned",
       .detail = {},
       .hint = "Call again."})};
}

std::string free_name(const Parent& parent, const std::string& table, const std::string& what) {
  const core::NameRules rules = name_rules();
  for (int n = 0;; ++n) {
    const std::string ending = what + (n == 0 ? "" : std::to_string(n));
    std::string name = table.substr(0, rules.clip(table, rules.max_bytes - ending.size())) + ending;
    const pg::Rows rows = pg::query(
        "SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relname = $2::name UNION ALL "
        "SELECT 1 FROM pg_catalog.pg_type WHERE typnamespace = $1 AND typname = $2::name",
        pg::Params().oid(parent.schema_oid).text(name));
    if (rows.empty()) return name;
  }
}

}  // namespace strata::ops
