#include "ops/grow.hpp"

namespace strata::ops {

namespace {

std::vector<Oid> relations_of(const PlannedSet& planned) {
  std::vector<Oid> relations = planned.recipe.referenced;
  relations.insert(relations.end(), planned.recipe.referencing.begin(), planned.recipe.referencing.end());
  relations.push_back(planned.set.parent.oid);
  if (OidIsValid(planned.set.parent.default_oid)) relations.push_back(planned.set.parent.default_oid);
  return relations;
}

bool lock_parent(const PlannedSet& planned, const pg::LockDeadline& deadline) {
  const pg::OwnerScope as_owner(planned.set.parent.owner, planned.set.parent.schema_oid);
  if (!pg::lock_relation(planned.set.parent.oid, ShareUpdateExclusiveLock, deadline)) return false;
  // By name and OID: the plan's statements name it.
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
              "WHERE c.oid = $1 AND c.relname = $2 AND n.nspname = $3 AND c.relkind = 'p' AND c.relowner = $4",
              pg::Params()
                  .oid(planned.set.parent.oid)
                  .text(planned.set.parent.table)
                  .text(planned.set.parent.schema)
                  .oid(planned.set.parent.owner))
              .empty();
}

// ATTACH adds key triggers on both sides of every foreign key.
bool lock_key_neighbours(const PlannedSet& planned, const pg::LockDeadline& deadline) {
  for (const Oid table : planned.recipe.referenced)
    if (!pg::lock_relation(table, ShareRowExclusiveLock, deadline)) return false;
  for (const Oid table : planned.recipe.referencing)
    if (!pg::lock_relation(table, ShareRowExclusiveLock, deadline)) return false;
  return true;
}

bool lock_for_attach(const PlannedSet& planned, const pg::LockDeadline& deadline, Writers writers = Writers::GoOn) {
  if (!lock_key_neighbours(planned, deadline)) return false;
  const Oid default_oid = planned.set.parent.default_oid;
  if (writers == Writers::Wait && OidIsValid(default_oid) &&
      !pg::lock_relation(planned.set.parent.oid, ShareRowExclusiveLock, deadline))
    return false;
  return !OidIsValid(default_oid) || pg::lock_relation(default_oid, AccessExclusiveLock, deadline);
}

struct Work {
  ChildName name;
  core::Range range;
  ChildStatements statements;
};

Work work_of(const PlannedSet& planned, const core::Action& action) {
  ChildName name{.schema = action.schema, .name = action.name};
  ChildStatements statements = partition_statements(planned.recipe, planned.set, name, action.range);
  return {.name = std::move(name), .range = action.range, .statements = std::move(statements)};
}

// Free-standing, with partitions of its own where the set says so: those belong to another set, whose configuration
// the caller writes.
void build(const Extension& extension, const PlannedSet& planned, const Work& work, Oid creator) {
  {
    const pg::OwnerScope as_owner(planned.set.parent.owner, planned.set.parent.schema_oid);
    build_child(work.statements, planned.set.parent, work.name, creator);
  }
  if (!planned.recipe.sub) return;
  create_subset(extension, *planned.recipe.sub, {.upper = planned.set, .range = work.range},
                work.name.schema + "." + work.name.name);
}

void raise_blocked(const Extension& extension, const ManagedSet& set, const pg::PgError& error) {
  const core::Refusal refusal{
      .code = core::Code::CheckViolation,
      .message = "rows in the default partition of \"" + set.parent.raw_name() + "\" belong to a new partition",
      .detail = error.message(),
      .hint = "Move them with " + cure_for_default(extension, set) + ", then run maintenance again."};
  throw to_raise(refusal);
}

// Whether the partitions are no longer those the plan saw.
bool inventory_changed(const PlannedSet& planned) {
  const std::array<Oid, 1> parents{planned.set.parent.oid};
  const std::map<Oid, ReadChildren> now = read_children(parents);
  const auto found = now.find(planned.set.parent.oid);
  std::set<Oid> before;
  for (const core::Child& child : planned.set.inventory.children) before.insert(child.oid);
  if (planned.set.inventory.default_partition) before.insert(planned.set.inventory.default_partition->oid);
  std::set<Oid> after;
  if (found != now.end())
    for (const core::Child& child : found->second.children) after.insert(child.oid);
  return !std::includes(before.begin(), before.end(), after.begin(), after.end());
}

// The plan has found the names free.
bool name_is_taken(const PlannedSet& planned) {
  std::vector<std::string> names;
  for (const PlannedAction& action : planned.actions) names.push_back(action.action.name);
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relname = ANY ($2::text[]::name[]) "
              "AND NOT relispartition LIMIT 1",
              pg::Params().oid(planned.set.parent.schema_oid).texts(names))
              .empty();
}

// An overlap or a taken name means that somebody else was here since the plan, or that something is really wrong. A
// name that somebody takes at the same moment is a duplicate key of pg_class or pg_type.
template <class F>
Attempt unless_changed(const Extension& extension, const PlannedSet& planned, F&& attempt) {
  try {
    return attempt();
  } catch (const pg::PgError& error) {
    if (error.sqlstate() == ERRCODE_CHECK_VIOLATION) raise_blocked(extension, planned.set, error);
    const bool of_name = error.sqlstate() == ERRCODE_DUPLICATE_TABLE || error.sqlstate() == ERRCODE_UNIQUE_VIOLATION;
    const bool suspicious = of_name || error.sqlstate() == ERRCODE_INVALID_OBJECT_DEFINITION;
    if (!suspicious || !(inventory_changed(planned) || (of_name && name_is_taken(planned)))) throw;
    return {.outcome = Outcome::Changed, .blocked_by = {}};
  }
}

}  // namespace

Attempt create_partition(const Extension& extension, const PlannedSet& planned, const PlannedAction& planned_action,
                         Mode mode, Writers writers) {
  const Parent& parent = planned.set.parent;
  const Work work = work_of(planned, planned_action.action);
  const Oid creator = creator_for(parent);
  const std::vector<Oid> relations = relations_of(planned);
  return unless_changed(extension, planned, [&] {
    return try_action(budget_of(planned.set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
      if (!lock_parent(planned, deadline)) return false;
      const pg::LockDeadline rest = deadline.after([&] { build(extension, planned, work, creator); });
      pg::wait_point("create_built");
      const pg::OwnerScope as_owner(parent.owner, parent.schema_oid);
      if (!lock_for_attach(planned, rest, writers)) throw PlanChanged{};  // what is built goes
      rest.arm();
      attach_child(work.statements, planned.recipe, work.name);
      pg::wait_point("create_attached");
      return true;
    });
  });
}

Attempt create_partitions(const Extension& extension, const PlannedSet& planned) {
  const Parent& parent = planned.set.parent;
  require_lock_space(planned.recipe, planned.actions.size());
  const Oid creator = creator_for(parent);
  const std::vector<Oid> relations = relations_of(planned);
  return unless_changed(extension, planned, [&] {
    return try_action(budget_of(planned.set.config), Mode::Caller, relations, [&](const pg::LockDeadline& deadline) {
      if (!lock_parent(planned, deadline)) return false;
      std::vector<Work> works;
      const pg::LockDeadline rest = deadline.after([&] {
        for (const PlannedAction& planned_action : planned.actions) {
          pg::check_interrupts();
          works.push_back(work_of(planned, planned_action.action));
          build(extension, planned, works.back(), creator);
        }
      });
      const pg::OwnerScope as_owner(parent.owner, parent.schema_oid);
      if (!lock_for_attach(planned, rest)) throw PlanChanged{};
      for (const Work& work : works) {
        pg::check_interrupts();
        attach_child(work.statements, planned.recipe, work.name);
      }
      return true;
    });
  });
}

namespace {

// An unattached table of the contract's name is taken (contract 3.4.8), if it is the owner's.
std::optional<Table> free_table(const Parent& parent, const std::string& name) {
  const bool free = !pg::query(
                         "SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relname = $2 AND relkind = 'r' "
                         "AND NOT relispartition AND relowner = $3",
                         pg::Params().oid(parent.schema_oid).text(name).oid(parent.owner))
                         .empty();
  return free ? find_table(parent.schema, name) : std::nullopt;
}

// What LIKE would not have given it.
void finish_table(const ChildRecipe& recipe, const Table& table) {
  std::vector<std::string> statements = missing_keys(recipe.keys, table.oid);
  statements.insert(statements.end(), recipe.before_attach.begin(), recipe.before_attach.end());
  for (std::string& change : persistence_change(table, recipe.unlogged)) statements.push_back(std::move(change));
  for (const std::string& statement : statements) pg::execute(with_child(statement, table.quoted()));
}

}  // namespace

Attempt create_default(const PlannedSet& planned) {
  const Parent& parent = planned.set.parent;
  const core::NameChoice choice = core::default_name(parent.table, parent.raw_name(), name_rules());
  const std::optional<Table> existing = choice.clipped ? std::nullopt : free_table(parent, choice.contract);
  const std::array<core::NameChoice, 1> wanted{choice};
  const std::string chosen =
      existing ? choice.contract : value_or_raise(core::choose_name(choice, taken_names(planned.set, wanted)));
  const ChildName name{.schema = parent.schema, .name = chosen};
  const ChildStatements statements = child_statements(planned.recipe, parent, name, "DEFAULT");
  const Oid creator = creator_for(parent);
  const std::vector<Oid> relations = relations_of(planned);
  const auto build = [&](const pg::LockDeadline& deadline) {
    if (!lock_parent(planned, deadline)) return false;
    const pg::OwnerScope as_owner(parent.owner, parent.schema_oid);
    if (!existing) build_child(statements, parent, name, creator);
    if (!lock_key_neighbours(planned, deadline)) return false;
    deadline.arm();
    if (existing) finish_table(planned.recipe, *existing);
    attach_child(statements, planned.recipe, name);
    return true;
  };
  return with_hint(
      "A table of the default partition's name must fit the parent: rename it, or pass p_default_table := false.",
      [&] { return try_action(budget_of(planned.set.config), Mode::Caller, relations, build); });
}

}  // namespace strata::ops
