#include "ops/planner.hpp"

#include "ops/default_rows.hpp"
#include "ops/observe.hpp"
#include "ops/retire.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

bool is_create(const core::Action& action) noexcept {
  return action.kind == core::ActionKind::Create;
}

// Gives every creation a free name; names chosen earlier in the same plan count as taken by this set.
void choose_names(const ManagedSet& set, std::vector<core::Action>& actions) {
  std::vector<core::NameChoice> wanted;
  for (const core::Action& action : actions)
    if (is_create(action)) wanted.push_back(action.names);
  if (wanted.empty()) return;
  std::vector<core::TakenName> taken = taken_names(set, wanted);
  for (core::Action& action : actions) {
    if (!is_create(action)) continue;
    action.name = value_or_raise(core::choose_name(action.names, taken));
    action.schema = set.parent.schema;
    taken.push_back({.name = action.name,
                     .holder = {.kind = core::NameHolder::Kind::SameSet, .contract_name = action.names.contract}});
  }
}

// Creations whose range holds rows of the default cannot be attached: said, not tried.
void mark_blocked(const ManagedSet& set, std::vector<core::Action>& actions) {
  if (!set.inventory.default_partition) return;
  std::vector<core::Range> ranges;
  std::vector<std::size_t> where;
  for (std::size_t n = 0; n < actions.size(); ++n) {
    if (!is_create(actions[n])) continue;
    ranges.push_back(actions[n].range);
    where.push_back(n);
  }
  if (ranges.empty()) return;
  const std::vector<std::size_t> blocked = blocked_by_default(set, ranges);
  for (const std::size_t n : blocked) {
    actions[where[n]].kind = core::ActionKind::Blocked;
    actions[where[n]].reason = "rows in the default partition belong here";
  }
  if (blocked.empty() || set.inventory.children.empty()) return;
  // The plan counted on the creations when it let the last partition go.
  const Oid highest = set.inventory.children.back().oid;
  std::erase_if(actions, [highest](const core::Action& action) { return action.oid == highest; });
}

// Children that an earlier run detached and could not drop yet. Believed only while OID and name still agree.
constexpr const char* kPendingQuery = R"sql(
SELECT d.child_oid, d.child_schema, d.child_table, d.lower_bound, d.upper_bound, c.reltuples, c.reltablespace,
       c.relfilenode
FROM %pending_drop% d
JOIN pg_catalog.pg_class c ON c.oid = d.child_oid AND c.relname = d.child_table AND NOT c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = d.child_schema
WHERE d.parent_table = $1 AND d.database_oid = $2 AND d.system_identifier = $3 AND c.relowner = $4
  AND d.retention IS NOT DISTINCT FROM $5
ORDER BY d.child_schema, d.child_table)sql";

std::vector<core::Action> pending_drops(const Extension& extension, const ManagedSet& set) {
  if (!set.config.has_pending_drops || set.config.keep_table) return {};
  const pg::DatabaseIdentity here = pg::database_identity();
  const pg::Rows rows =
      pg::query(extension.with_tables(kPendingQuery), pg::Params()
                                                          .text(set.config.parent_table)
                                                          .oid(here.database)
                                                          .int8(static_cast<std::int64_t>(here.system))
                                                          .oid(set.parent.owner)
                                                          .text_or_null(set.config.retention));
  std::vector<core::Action> actions;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    core::Action action;
    action.kind = core::ActionKind::Drop;
    action.oid = rows.oid(row, 0);
    action.schema = rows.text(row, 1);
    action.name = rows.text(row, 2);
    action.estimated_rows = rows.real(row, 5);
    action.bytes = pg::file_bytes(rows.oid(row, 6), rows.oid(row, 7));
    action.reason = "detached by an earlier run, still to be dropped";
    actions.push_back(std::move(action));
  }
  return actions;
}

void fill_sizes(const ManagedSet& set, std::vector<core::Action>& actions) {
  for (core::Action& action : actions) {
    for (std::size_t n = 0; n < set.facts.size(); ++n)
      if (action.oid != 0 && set.facts[n].oid == action.oid)
        action.bytes = pg::file_bytes(set.facts[n].tablespace, set.facts[n].filenode);
  }
}

PlannedAction with_statements(const Extension& extension, const PlannedSet& planned, const core::Action& action) {
  const ManagedSet& set = planned.set;
  const ChildName name{.schema = action.schema, .name = action.name};
  PlannedAction result{.action = action, .statements = {}, .lock_mode = {}};
  switch (action.kind) {
    case core::ActionKind::Create: {
      const ChildStatements statements =
          child_statements(planned.recipe, set.parent, name, bound_clause(set, action.range));
      result.statements = statements.build;
      result.statements.push_back(statements.attach);
      result.statements.insert(result.statements.end(), statements.finish.begin(), statements.finish.end());
      result.lock_mode = set.inventory.default_partition ? "ACCESS EXCLUSIVE on default" : "SHARE UPDATE EXCLUSIVE";
      break;
    }
    case core::ActionKind::Blocked:
      result.statements = {cure_for_default(extension, set)};
      result.lock_mode = "none";
      break;
    case core::ActionKind::Detach:
      result.statements = {"ALTER TABLE " + set.parent.quoted() + " DETACH PARTITION " + name.quoted()};
      if (set.config.keep_table && !set.config.keep_index)
        for (std::string& drop : index_drops(name, action.oid)) result.statements.push_back(std::move(drop));
      result.lock_mode = "ACCESS EXCLUSIVE";
      break;
    case core::ActionKind::Drop:
      result.statements = {"DROP TABLE " + name.quoted()};
      result.lock_mode = "ACCESS EXCLUSIVE on partition";
      break;
    case core::ActionKind::DropAttached:
      // A partition that foreign keys point to can only be dropped once it is out of the set.
      if (!planned.recipe.referencing.empty())
        result.statements = {"ALTER TABLE " + set.parent.quoted() + " DETACH PARTITION " + name.quoted()};
      result.statements.push_back("DROP TABLE " + name.quoted());
      result.lock_mode = "ACCESS EXCLUSIVE";
      break;
  }
  return result;
}

core::SetPlan decide_on(const ManagedSet& set, const core::Observation& seen, core::Retirement retirement,
                        std::int64_t now_utc) {
  return value_or_raise(
      core::plan_maintenance(set.policy, set.calendar(), set.inventory, seen, now_utc, retirement, name_rules()));
}

core::SetPlan decide(const ManagedSet& set, core::Retirement retirement, std::int64_t now_utc) {
  // Most runs find nothing to do, and for that no table need be read.
  if (const std::optional<core::Observation> most = observe_files(set, now_utc)) {
    core::SetPlan plan = decide_on(set, *most, retirement, now_utc);
    if (plan.actions.empty() && plan.warnings.empty()) return plan;
  }
  // As the owner: reading rows runs his policies and index expressions. Lock waits as for any action.
  const pg::OwnerScope as_owner(set.parent.owner);
  pg::LockDeadline(set.config.lock_timeout_ms).arm();
  core::SetPlan plan = decide_on(set, observe(set, now_utc), retirement, now_utc);
  mark_blocked(set, plan.actions);
  return plan;
}

}  // namespace

const char* action_name(core::ActionKind kind) noexcept {
  switch (kind) {
    case core::ActionKind::Create:
      return "create";
    case core::ActionKind::Blocked:
      return "blocked";
    case core::ActionKind::Detach:
      return "detach";
    case core::ActionKind::Drop:
      return "drop";
    case core::ActionKind::DropAttached:
      return "drop attached";
  }
  return "";
}

core::Retirement retirement_of(const Config& config, Mode mode) noexcept {
  return mode == Mode::Committing || config.detach_before_drop ? core::Retirement::DetachThenDrop
                                                               : core::Retirement::DropAttached;
}

std::string cure_for_default(const Extension& extension, const ManagedSet& set) {
  return "SELECT " + pg::qualified(extension.schema(), set.is_time() ? "partition_data_time" : "partition_data_id") +
         "(" + pg::quote_literal(set.parent.raw_name()) + ", 1000)";
}

namespace {

void complete(const Extension& extension, PlannedSet& planned, const std::vector<core::Action>& actions) {
  if (actions.empty()) return;
  planned.recipe = read_recipe(planned.set.parent, planned.set.config.template_table,
                               planned.set.config.inherit_privileges ? Privileges::CopyFromParent : Privileges::Own);
  for (const core::Action& action : actions) planned.actions.push_back(with_statements(extension, planned, action));
}

}  // namespace

PlannedSet plan_set(const Extension& extension, ManagedSet set, core::Retirement retirement, std::int64_t now_utc) {
  const pg::SettingsScope settings;
  core::SetPlan plan = decide(set, retirement, now_utc);
  PlannedSet planned{.set = std::move(set),
                     .recipe = {},
                     .actions = {},
                     .warnings = std::move(plan.warnings),
                     .authority = Authority::Configuration};
  choose_names(planned.set, plan.actions);
  fill_sizes(planned.set, plan.actions);
  std::vector<core::Action> actions = pending_drops(extension, planned.set);
  actions.insert(actions.end(), plan.actions.begin(), plan.actions.end());
  complete(extension, planned, actions);
  return planned;
}

PlannedSet plan_creations(const Extension& extension, ManagedSet set, std::vector<core::Action> actions) {
  const pg::SettingsScope settings;
  {
    const pg::OwnerScope as_owner(set.parent.owner);
    pg::LockDeadline(set.config.lock_timeout_ms).arm();
    mark_blocked(set, actions);
  }
  PlannedSet planned{.set = std::move(set), .recipe = {}, .actions = {}, .warnings = {}, .authority = Authority::Call};
  choose_names(planned.set, actions);
  complete(extension, planned, actions);
  return planned;
}

PlannedSet plan_retirement(const Extension& extension, ManagedSet set, std::int64_t reference_utc) {
  const pg::SettingsScope settings;
  core::Observation seen;
  if (!set.is_time()) {
    const pg::OwnerScope as_owner(set.parent.owner);
    pg::LockDeadline(set.config.lock_timeout_ms).arm();
    seen = observe(set, reference_utc);
  }
  const core::Retirement retirement = retirement_of(set.config, Mode::Caller);
  core::SetPlan plan =
      value_or_raise(core::plan_retirement(set.policy, set.calendar(), set.inventory, seen, reference_utc, retirement));
  PlannedSet planned{.set = std::move(set),
                     .recipe = {},
                     .actions = {},
                     .warnings = std::move(plan.warnings),
                     .authority = Authority::Call};
  fill_sizes(planned.set, plan.actions);
  complete(extension, planned, plan.actions);
  return planned;
}

}  // namespace strata::ops
