#include "ops/planner.hpp"

#include "core/retention.hpp"
#include "ops/archive.hpp"
#include "ops/constraints.hpp"
#include "ops/default_rows.hpp"
#include "ops/ledger.hpp"
#include "ops/observe.hpp"
#include "ops/online_drain.hpp"
#include "ops/retire.hpp"
#include "pg/relation.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

bool is_create(const core::Action& action) noexcept {
  return core::makes_partition(action.kind);
}

bool is_among(std::span<const std::string> names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Gives every creation a free name; names chosen earlier in the same plan count as taken by this set. Leftovers go
// before the plan is carried out.
void choose_names(const Extension& extension, const ManagedSet& set, std::vector<core::Action>& actions,
                  std::span<const std::string> leftovers) {
  std::vector<core::NameChoice> wanted;
  for (const core::Action& action : actions)
    if (is_create(action)) wanted.push_back(action.names);
  if (wanted.empty()) return;
  std::vector<core::TakenName> taken = taken_names(set, wanted);
  std::erase_if(taken, [&](const core::TakenName& one) { return is_among(leftovers, one.name); });
  for (core::Action& action : actions) {
    if (!is_create(action)) continue;
    std::optional<std::string> name = free_choice(extension, set, action.names, taken);
    if (!name) raise_set_changed(set);
    action.name = *std::move(name);
    action.schema = set.parent.schema;
    taken.push_back({.name = action.name,
                     .holder = {.kind = core::NameHolder::Kind::SameSet, .contract_name = action.names.contract}});
  }
}

void mark_move(core::Action& action, std::int64_t rows) {
  action.kind = core::ActionKind::Move;
  action.estimated_rows = static_cast<double>(rows);
  action.reason += "; its rows are in the default partition";
}

void mark_as_blocked(core::Action& action) {
  action.kind = core::ActionKind::Blocked;
  action.reason = "rows in the default partition belong here";
}

// Creations whose range holds rows of the default cannot be attached: they take the rows along, first of all actions,
// where these are few, else that is said and not tried. `most` counts for all of them together.
void mark_blocked(const ManagedSet& set, std::vector<core::Action>& actions, std::int64_t most) {
  if (!set.inventory.default_partition) return;
  std::vector<core::Range> ranges;
  std::vector<std::size_t> where;
  for (std::size_t n = 0; n < actions.size(); ++n) {
    if (!is_create(actions[n])) continue;
    ranges.push_back(actions[n].range);
    where.push_back(n);
  }
  if (ranges.empty()) return;
  const std::vector<std::size_t> held = blocked_by_default(set, ranges);
  bool blocked = false;
  for (const std::size_t n : held) {
    const std::int64_t rows = most > 0 ? count_in_default(set, ranges[n], most + 1) : 1;
    blocked = blocked || rows > most;
    most -= rows;
    if (blocked)
      mark_as_blocked(actions[where[n]]);
    else
      mark_move(actions[where[n]], rows);
  }
  std::ranges::stable_partition(actions,
                                [](const core::Action& action) { return action.kind == core::ActionKind::Move; });
  if (!blocked || set.inventory.children.empty()) return;
  // The plan counted on the creations when it let the last partition go.
  const Oid highest = set.inventory.children.back().oid;
  std::erase_if(actions, [highest](const core::Action& action) { return action.oid == highest; });
}

bool is_wanted(const core::Action& action) noexcept {
  return is_create(action) || action.kind == core::ActionKind::Blocked;
}

// A move of rows that takes several transactions, if one of these actions may have to do with it.
std::optional<LeftMove> move_beside(const Extension& extension, const ManagedSet& set,
                                    const std::vector<core::Action>& actions) {
  return set.config.has_move && std::ranges::any_of(actions, is_wanted) ? read_move(extension, set) : std::nullopt;
}

// A move out of the default makes partitions for its rows. Until it attaches them they are tables of their own that
// have the names, and the rows seem to stand in the way.
bool is_left_to(const LeftMove& move, const core::Action& action) {
  return is_wanted(action) && (action.kind != core::ActionKind::Create || is_among(move.names, action.names.contract) ||
                               is_among(move.names, action.names.fallback));
}

void leave_to(const LeftMove& move, const ManagedSet& set, std::vector<core::Action>& actions) {
  for (core::Action& action : actions) {
    if (!is_left_to(move, action)) continue;
    action.kind = core::ActionKind::Moving;
    action.schema = set.parent.schema;
    action.name = action.names.contract;
    action.reason = "process " + std::to_string(move.pid) + " is moving rows into it (move_progress)";
  }
}

void fill_sizes(const ManagedSet& set, std::vector<core::Action>& actions) {
  for (core::Action& action : actions) {
    for (std::size_t n = 0; n < set.facts.size(); ++n)
      if (action.oid != 0 && set.facts[n].oid == action.oid)
        action.bytes = pg::file_bytes(set.facts[n].tablespace, set.facts[n].filenode);
  }
}

// In the order of the run. The publications come first, as the caller leaves them, by the name the partition has now.
void add_detach(const ManagedSet& set, const ChildName& name, PlannedAction& planned) {
  const Oid partition = planned.action.oid;
  planned.statements = publication_statements(set, partition, name.quoted());
  planned.by_caller = planned.statements.size();
  planned.statements.push_back("ALTER TABLE " + set.parent.quoted() + " DETACH PARTITION " + name.quoted());
  if (set.config.keeps_table() && !set.config.keep_index)
    for (std::string& drop : index_drops(name, partition)) planned.statements.push_back(std::move(drop));
  if (set.config.retention_schema) planned.statements.push_back(archive_statement(set, name.quoted()));
}

const ChildFacts* facts_of(const ManagedSet& set, Oid partition) {
  const auto found = std::ranges::find(set.facts, partition, &ChildFacts::oid);
  return found == set.facts.end() ? nullptr : &*found;
}

// The server has no DETACH CONCURRENTLY beside a default. Tables whose keys point here, partitions of another owner or
// with partitions of their own, and all that is done besides in the same transaction, want the plain one.
bool can_go_concurrently(const PlannedSet& planned, const PlannedAction& action) {
  const ManagedSet& set = planned.set;
  const ChildFacts* const facts = facts_of(set, action.action.oid);
  return set.config.detach_concurrently && !OidIsValid(set.parent.default_oid) && planned.recipe.referencing.empty() &&
         action.statements.size() == 1 && facts != nullptr && facts->kind == RELKIND_RELATION &&
         facts->owner == set.parent.owner;
}

bool is_half_detached(const ManagedSet& set, const core::Action& action) {
  return set.half_detached && set.half_detached->oid == action.oid;
}

void add_detach_statements(const PlannedSet& planned, const ChildName& name, PlannedAction& action) {
  const std::string detach = "ALTER TABLE " + planned.set.parent.quoted() + " DETACH PARTITION " + name.quoted();
  if (is_half_detached(planned.set, action.action)) {
    action.statements = {detach + " FINALIZE"};
    action.lock_mode = "ACCESS EXCLUSIVE on partition";
    return;
  }
  add_detach(planned.set, name, action);
  action.lock_mode = "ACCESS EXCLUSIVE";
  if (can_go_concurrently(planned, action)) action.concurrent = detach + " CONCURRENTLY";
}

// The server wants foreign tables dropped by their own command.
std::string drop_statement(const ChildName& name, Oid partition) {
  const pg::Rows rows =
      pg::query("SELECT relkind FROM pg_catalog.pg_class WHERE oid = $1", pg::Params().oid(partition));
  const bool foreign = !rows.empty() && rows.character(0, 0) == RELKIND_FOREIGN_TABLE;
  return std::string(foreign ? "DROP FOREIGN TABLE " : "DROP TABLE ") + name.quoted();
}

PlannedAction with_statements(const Extension& extension, const PlannedSet& planned, const core::Action& action) {
  const ManagedSet& set = planned.set;
  const ChildName name{.schema = action.schema, .name = action.name};
  PlannedAction result{.action = action, .statements = {}, .lock_mode = {}};
  switch (action.kind) {
    case core::ActionKind::Create: {
      const ChildStatements statements = partition_statements(planned.recipe, set, name, action.range);
      result.statements = statements.build;
      if (planned.recipe.sub)
        result.statements.push_back(planned.recipe.sub->statement(extension, name.schema + "." + name.name));
      result.statements.push_back(statements.attach);
      result.statements.insert(result.statements.end(), statements.finish.begin(), statements.finish.end());
      // ATTACH chooses the index's name.
      if (OidIsValid(planned.recipe.identity.index))
        result.statements.push_back("ALTER TABLE " + name.quoted() + " REPLICA IDENTITY USING INDEX /* its part of " +
                                    planned.recipe.identity.index_name + " */");
      result.lock_mode = set.inventory.default_partition ? "ACCESS EXCLUSIVE on default" : "SHARE UPDATE EXCLUSIVE";
      break;
    }
    case core::ActionKind::Move:
      result.statements = {cure_for_default(extension, set)};
      result.lock_mode = "ACCESS EXCLUSIVE";
      break;
    case core::ActionKind::Blocked:
      result.statements = {cure_for_default(extension, set)};
      result.lock_mode = "none";
      break;
    case core::ActionKind::Moving:
      result.lock_mode = "none";
      break;
    case core::ActionKind::Detach:
      add_detach_statements(planned, name, result);
      break;
    case core::ActionKind::Drop:
      result.statements = {drop_statement(name, action.oid)};
      result.lock_mode = "ACCESS EXCLUSIVE on partition";
      break;
    case core::ActionKind::DropAttached:
      // A partition that foreign keys point to can only be dropped once it is out of the set.
      if (!planned.recipe.referencing.empty())
        result.statements = {"ALTER TABLE " + set.parent.quoted() + " DETACH PARTITION " + name.quoted()};
      result.statements.push_back(drop_statement(name, action.oid));
      result.lock_mode = "ACCESS EXCLUSIVE";
      break;
    case core::ActionKind::Constrain:
      result.statements = {"SELECT " + extension.object("apply_constraints") + "(" +
                           pg::quote_literal(set.parent.raw_name()) + ", " +
                           pg::quote_literal(action.schema + "." + action.name) + ")"};
      result.lock_mode = "ACCESS EXCLUSIVE on partition";
      break;
  }
  return result;
}

// Each creation makes one more partition old enough for its extra constraints (contract 3.5, 8.4), unless retention
// takes it by the same plan.
void add_constraint(const Extension& extension, const ManagedSet& set, std::vector<core::Action>& actions) {
  if (!set.config.has_constraint_cols || !std::ranges::any_of(actions, is_create)) return;
  const std::optional<core::Child> child = constraint_target(extension, set);
  if (!child || std::ranges::any_of(actions, [&](const core::Action& action) { return action.oid == child->oid; }))
    return;
  core::Action action;
  action.kind = core::ActionKind::Constrain;
  action.oid = child->oid;
  action.schema = child->schema;
  action.name = child->name;
  action.range = child->range;
  action.estimated_rows = child->estimated_rows;
  action.reason = "optimize_constraint: old enough for the constraints of constraint_cols";
  actions.push_back(std::move(action));
}

// What one decision depends on besides the set and its rows.
struct Moment {
  core::Retirement retirement;
  std::int64_t now_utc;
  core::PlanPart part;
  std::size_t drops = 0;  // of earlier runs, by the same run
};

core::SetPlan decide_on(const ManagedSet& set, const core::Observation& seen, const Moment& moment) {
  core::Policy policy = set.policy;
  policy.max_retirements = core::retirements_left(set.policy, moment.drops);
  core::SetPlan plan = value_or_raise(core::plan_maintenance(policy, set.calendar(), set.inventory, seen,
                                                             moment.now_utc, moment.retirement, name_rules()));
  return core::part_of(std::move(plan), moment.part, set.policy, set.inventory);
}

bool is_idle(const core::SetPlan& plan) {
  return plan.actions.empty() && plan.warnings.empty();
}

// Most runs find nothing to do, and for that no table need be read. Empty when one must be.
std::optional<core::SetPlan> decide_by_files(const ManagedSet& set, const Moment& moment) {
  std::optional<core::SetPlan> plan;
  for (const core::Observation& seen : observe_files(set, moment.now_utc)) {
    plan = decide_on(set, seen, moment);
    if (!is_idle(*plan)) return std::nullopt;
  }
  return plan;
}

core::SetPlan decide(const ManagedSet& set, const Moment& moment) {
  if (std::optional<core::SetPlan> idle = decide_by_files(set, moment)) return *std::move(idle);
  // As the owner: reading rows runs his policies and index expressions. Lock waits as for any action.
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  pg::LockDeadline(set.config.lock_timeout_ms).arm();
  core::SetPlan plan = decide_on(set, observe(set, moment.now_utc), moment);
  mark_blocked(set, plan.actions, set.config.heal_max_rows);
  return plan;
}

}  // namespace

const char* action_name(core::ActionKind kind) noexcept {
  switch (kind) {
    case core::ActionKind::Create:
      return "create";
    case core::ActionKind::Move:
      return "move";
    case core::ActionKind::Blocked:
      return "blocked";
    case core::ActionKind::Moving:
      return "moving";
    case core::ActionKind::Detach:
      return "detach";
    case core::ActionKind::Drop:
      return "drop";
    case core::ActionKind::DropAttached:
      return "drop attached";
    case core::ActionKind::Constrain:
      return "constrain";
  }
  return "";
}

void report_remarks(const PlannedSet& planned) {
  for (const std::string& warning : planned.warnings) pg::report({.level = WARNING, .message = warning});
  for (const std::string& notice : planned.notices)
    pg::report({.level = NOTICE, .message = notice, .detail = "part_policy.retention_max_drop limits each run."});
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

// Partitions that cannot move to the retention schema stay, and the run says why; all else is done.
void hold_back(PlannedSet& planned, std::vector<core::Action>& actions) {
  std::vector<Oid> leaving;
  for (const core::Action& action : actions)
    if (action.kind == core::ActionKind::Detach) leaving.push_back(action.oid);
  for (Obstacle& obstacle : archive_obstacles(planned.set, leaving)) {
    std::erase_if(actions, [&](const core::Action& action) { return action.oid == obstacle.partition; });
    planned.refusals.push_back(std::move(obstacle.refusal));
  }
}

// What an earlier run has left half detached comes before other retirements, which the server would refuse, and after
// creations, which need not wait for it.
void add_unfinished(const ManagedSet& set, std::vector<core::Action>& actions) {
  if (!set.half_detached) return;
  core::Action action;
  action.kind = core::ActionKind::Detach;
  action.oid = set.half_detached->oid;
  action.schema = set.half_detached->schema;
  action.name = set.half_detached->name;
  action.range = set.half_detached->range;
  action.estimated_rows = set.half_detached->estimated_rows;
  action.reason = "half detached by an earlier run";
  std::vector<core::Action> rest{action};
  action.kind = core::ActionKind::Drop;
  if (!set.policy.keep_table && !set.policy.grace) rest.push_back(action);
  const auto place = std::ranges::find_if(actions, [](const core::Action& one) {
    return one.kind == core::ActionKind::Detach || one.kind == core::ActionKind::DropAttached;
  });
  actions.insert(place, rest.begin(), rest.end());
}

bool creates(const std::vector<core::Action>& actions) {
  return std::any_of(actions.begin(), actions.end(), is_create);
}

void complete(const Extension& extension, PlannedSet& planned, std::vector<core::Action> actions) {
  hold_back(planned, actions);
  if (actions.empty()) return;
  // A template that is gone stands in the way of creations only.
  planned.recipe = read_recipe(planned.set.parent, creates(actions) ? planned.set.config.template_table : std::nullopt,
                               planned.set.config.inherit_privileges ? Privileges::CopyFromParent : Privileges::Own,
                               read_sub_config(extension, planned.set));
  std::vector<core::Range> ranges;
  for (const core::Action& action : actions)
    if (action.kind != core::ActionKind::Drop) ranges.push_back(action.range);
  planned.set.codec.prepare(ranges);
  for (const core::Action& action : actions) planned.actions.push_back(with_statements(extension, planned, action));
}

}  // namespace

namespace {

// Time is limited through rows, since these are counted anyway.
void limit_healing(const Extension& extension, ManagedSet& set) {
  Config& config = set.config;
  if (!config.heal_max_time || config.heal_max_rows == 0 || !set.inventory.default_partition) return;
  const std::int64_t rows = core::rows_within(*config.heal_max_time, move_rate(extension, config.parent_table));
  config.heal_max_rows = static_cast<int>(std::min<std::int64_t>(config.heal_max_rows, rows));
}

}  // namespace

PlannedSet plan_set(const Extension& extension, ManagedSet set, core::Retirement retirement, std::int64_t now_utc,
                    core::PlanPart part) {
  pg::wait_point("plan_begun");
  const pg::SettingsScope settings;
  require_same_sub_config(extension, set);
  limit_healing(extension, set);
  const bool retires = part != core::PlanPart::Creations;
  std::vector<core::Action> actions;
  if (retires) actions = pending_drops(extension, set, now_utc);
  const std::size_t drops = actions.size() + (retires && set.half_detached ? 1 : 0);
  core::SetPlan plan = decide(set, {.retirement = retirement, .now_utc = now_utc, .part = part, .drops = drops});
  const std::optional<LeftMove> move = move_beside(extension, set, plan.actions);
  pg::wait_point("plan_beside");
  if (move && move->running) leave_to(*move, set, plan.actions);
  add_constraint(extension, set, plan.actions);
  PlannedSet planned{.set = std::move(set),
                     .recipe = {},
                     .actions = {},
                     .warnings = std::move(plan.warnings),
                     .notices = std::move(plan.notices),
                     .authority = Authority::Configuration,
                     .became_full = plan.became_full};
  choose_names(extension, planned.set, plan.actions, move ? move->names : std::vector<std::string>{});
  fill_sizes(planned.set, plan.actions);
  if (retires) add_unfinished(planned.set, plan.actions);
  actions.insert(actions.end(), plan.actions.begin(), plan.actions.end());
  complete(extension, planned, std::move(actions));
  return planned;
}

PlannedSet plan_creations(const Extension& extension, ManagedSet set, std::vector<core::Action> actions) {
  const pg::SettingsScope settings;
  {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    pg::LockDeadline(set.config.lock_timeout_ms).arm();
    mark_blocked(set, actions, 0);
  }
  const std::optional<LeftMove> move = move_beside(extension, set, actions);
  if (move && move->running &&
      std::ranges::any_of(actions, [&](const core::Action& action) { return is_left_to(*move, action); }))
    raise_being_moved(set, move->pid);
  PlannedSet planned{.set = std::move(set), .recipe = {}, .actions = {}, .warnings = {}, .authority = Authority::Call};
  choose_names(extension, planned.set, actions, {});
  complete(extension, planned, actions);
  return planned;
}

PlannedSet plan_retirement(const Extension& extension, ManagedSet set, std::int64_t reference_utc) {
  const pg::SettingsScope settings;
  core::Observation seen;
  if (!set.is_time()) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
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
