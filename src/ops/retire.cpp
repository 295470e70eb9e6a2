#include "ops/retire.hpp"

#include "ops/archive.hpp"
#include "ops/ledger.hpp"
#include "pg/bound_reader.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// Under the lock: still our partition, still these bounds, both still called what the plan's statements call them.
bool still_attached(const ManagedSet& set, const core::Action& action) {
  const pg::Rows rows = pg::query(
      "SELECT c.relpartbound::text FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class p ON p.oid = i.inhparent "
      "JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = $1 AND i.inhparent = $2 AND "
      "c.relname = $3 AND n.nspname = $4 AND p.relname = $5 AND pn.nspname = $6 AND p.relowner = $7 AND "
      "NOT i.inhdetachpending",
      pg::Params()
          .oid(action.oid)
          .oid(set.parent.oid)
          .text(action.name)
          .text(action.schema)
          .text(set.parent.table)
          .text(set.parent.schema)
          .oid(set.parent.owner));
  if (rows.empty() || rows.null(0, 0)) return false;
  return range_of(set, pg::read_bound(rows.text(0, 0))) == action.range;
}

// A retention raised while the run was under way must save the partition. Runs as the caller, whose table this is.
bool still_wanted(const Extension& extension, const PlannedSet& planned) {
  if (planned.authority == Authority::Call) return true;
  const Config& config = planned.set.config;
  return !pg::query("SELECT 1 FROM " + extension.object("part_config") +
                        " WHERE parent_table = $1 AND retention IS NOT DISTINCT FROM $2 AND retention_keep_table = $3 "
                        "AND retention_keep_index = $4 AND retention_schema IS NOT DISTINCT FROM $5 "
                        "AND retention_keep_publication = $6 AND NOT undo_in_progress",
                    pg::Params()
                        .text(config.parent_table)
                        .text_or_null(config.retention)
                        .boolean(config.keep_table)
                        .boolean(config.keep_index)
                        .text_or_null(config.retention_schema)
                        .boolean(config.keep_publication))
              .empty();
}

// The same for a grace set or raised meanwhile: what it asks to wait stays as it is.
bool still_due(const Extension& extension, const PlannedSet& planned) {
  return planned.authority == Authority::Call || grace_is_unchanged(extension, planned.set.config);
}

bool lock_for_detach(const PlannedSet& planned, Oid partition, const pg::LockDeadline& deadline) {
  for (const Oid table : planned.recipe.referenced)
    if (!pg::lock_relation(table, ShareRowExclusiveLock, deadline)) return false;
  for (const Oid table : planned.recipe.referencing)
    if (!pg::lock_relation(table, AccessExclusiveLock, deadline)) return false;
  const Parent& parent = planned.set.parent;
  if (!pg::lock_relation(parent.oid, AccessExclusiveLock, deadline)) return false;
  if (OidIsValid(parent.default_oid) && !pg::lock_relation(parent.default_oid, AccessExclusiveLock, deadline))
    return false;
  return pg::lock_relation(partition, AccessExclusiveLock, deadline);
}

std::vector<Oid> relations_of(const PlannedSet& planned, Oid partition) {
  std::vector<Oid> relations = planned.recipe.referenced;
  relations.insert(relations.end(), planned.recipe.referencing.begin(), planned.recipe.referencing.end());
  relations.push_back(planned.set.parent.oid);
  if (OidIsValid(planned.set.parent.default_oid)) relations.push_back(planned.set.parent.default_oid);
  relations.push_back(partition);
  return relations;
}

Oid owner_of_partition(Oid partition) {
  const pg::Rows rows =
      pg::query("SELECT relowner FROM pg_catalog.pg_class WHERE oid = $1", pg::Params().oid(partition));
  return rows.oid(0, 0);
}

void run_statements(const PlannedSet& planned, const PlannedAction& action, const pg::LockDeadline& deadline) {
  const std::span<const std::string> all(action.statements);
  deadline.arm();  // for what the DDL locks besides: indexes, TOAST, foreign key neighbours
  if (action.by_caller > 0 && pg::is_superuser()) hold_schema_name(action.action.schema);
  for (const std::string& statement : all.first(action.by_caller)) pg::execute(statement);
  const Parent& parent = planned.set.parent;
  {
    const pg::OwnerScope as_owner(parent.owner, parent.schema_oid);
    deadline.arm();
    pg::execute(all[action.by_caller]);
  }
  if (all.size() == action.by_caller + 1) return;
  // Once it is out of the set, what is done to it needs its own owner's rights, who may be another (archive_obstacles).
  const Oid owner = owner_of_partition(action.action.oid);
  const pg::OwnerScope as_owner(pg::has_rights_of(owner) ? owner : parent.owner, parent.schema_oid);
  deadline.arm();
  for (const std::string& statement : all.subspan(action.by_caller + 1)) pg::execute(statement);
}

// Under the lock, before anything is changed: the plan may be minutes old.
void require_archivable(const ManagedSet& set, const core::Action& action) {
  const std::array<Oid, 1> partition{action.oid};
  for (const Obstacle& obstacle : archive_obstacles(set, partition)) throw to_raise(obstacle.refusal);
  require_publication_rights(set, action.oid, action.schema + "." + action.name);
}

}  // namespace

std::vector<std::string> index_drops(const ChildName& name, Oid relation) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, x.relname, k.conname FROM pg_catalog.pg_index i "
      "JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace "
      "LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid "
      "AND k.contype IN ('p', 'u', 'x') WHERE i.indrelid = $1 ORDER BY 2",
      pg::Params().oid(relation));
  std::vector<std::string> statements;
  for (std::size_t row = 0; row < rows.size(); ++row)
    statements.push_back(rows.null(row, 2) ? "DROP INDEX " + pg::qualified(rows.text(row, 0), rows.text(row, 1))
                                           : "ALTER TABLE " + name.quoted() + " DROP CONSTRAINT " +
                                                 pg::quote_ident(rows.text(row, 2)));
  return statements;
}

Attempt detach_partition(const Extension& extension, const PlannedSet& planned, const PlannedAction& planned_action,
                         Mode mode) {
  const core::Action& action = planned_action.action;
  const ManagedSet& set = planned.set;
  const std::vector<Oid> relations = relations_of(planned, action.oid);
  LockBudget budget = budget_of(set.config);
  budget.leaving = action.oid;
  return try_action(budget, mode, relations, [&](const pg::LockDeadline& deadline) {
    if (!lock_for_detach(planned, action.oid, deadline)) return false;
    pg::wait_point("detach_locked");
    if (!still_attached(set, action) || !still_wanted(extension, planned)) return false;
    require_archivable(set, action);
    forget_sets(extension, subtree_of(action.oid));
    if (!set.config.keeps_table()) take_over(set.parent, action.oid);
    run_statements(planned, planned_action, deadline);
    if (!set.config.keeps_table()) remember_drop(extension, set, action);
    pg::wait_point("detach_done");
    return true;
  });
}

namespace {

bool is_free_standing(const PlannedSet& planned, const core::Action& action) {
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
              "WHERE c.oid = $1 AND NOT c.relispartition AND c.relname = $2 AND n.nspname = $3 AND "
              "c.relowner = $4",
              pg::Params().oid(action.oid).text(action.name).text(action.schema).oid(planned.set.parent.owner))
              .empty();
}

}  // namespace

Attempt drop_detached(const Extension& extension, const PlannedSet& planned, const PlannedAction& planned_action,
                      Mode mode) {
  const core::Action& action = planned_action.action;
  std::vector<Oid> relations = planned.recipe.referenced;
  relations.push_back(action.oid);
  LockBudget budget = budget_of(planned.set.config);
  budget.leaving = action.oid;
  if (planned.recipe.referenced.empty()) budget.set = InvalidOid;  // out of the set: no client waits for it
  return try_action(budget, mode, relations, [&](const pg::LockDeadline& deadline) {
    bool locked = true;
    for (const Oid relation : relations) locked = pg::lock_relation(relation, AccessExclusiveLock, deadline) && locked;
    pg::wait_point("drop_locked");
    if (!still_due(extension, planned)) return false;
    const bool promised = redeem_promise(extension, planned.set.config, action.oid);
    if (!locked || !promised || !is_free_standing(planned, action) || !still_wanted(extension, planned)) return false;
    run_statements(planned, planned_action, deadline);
    pg::wait_point("drop_done");
    return true;
  });
}

Attempt drop_attached(const Extension& extension, const PlannedSet& planned, const PlannedAction& planned_action,
                      Mode mode) {
  const core::Action& action = planned_action.action;
  const std::vector<Oid> relations = relations_of(planned, action.oid);
  return try_action(budget_of(planned.set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    if (!lock_for_detach(planned, action.oid, deadline)) return false;
    pg::wait_point("drop_attached_locked");
    if (!still_attached(planned.set, action) || !still_wanted(extension, planned)) return false;
    if (!still_due(extension, planned)) return false;
    forget_sets(extension, subtree_of(action.oid));
    deadline.arm();
    take_over(planned.set.parent, action.oid);
    run_statements(planned, planned_action, deadline);
    pg::wait_point("drop_attached_done");
    return true;
  });
}

}  // namespace strata::ops
