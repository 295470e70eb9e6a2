#include "ops/constraints.hpp"

#include "core/constraint.hpp"
#include "ops/analyze.hpp"
#include "ops/child.hpp"
#include "ops/observe.hpp"

namespace strata::ops {

namespace {

// What part_config says of them.
struct Wanted {
  std::vector<std::string> columns;
  std::size_t optimize = 0;  // partitions below the highest filled one that still count as young
  bool valid = true;         // false: stay NOT VALID
};

// Empty when the set is not configured.
std::optional<Wanted> read_settings(const Extension& extension, const std::string& parent) {
  const pg::Rows rows =
      pg::query("SELECT w.name, c.optimize_constraint, c.constraint_valid FROM " + extension.object("part_config") +
                    " c LEFT JOIN pg_catalog.unnest(c.constraint_cols) WITH ORDINALITY AS w(name, "
                    "ord) ON true WHERE c.parent_table = $1 ORDER BY w.ord",
                pg::Params().text(parent));
  if (rows.empty()) return std::nullopt;
  Wanted wanted{
      .columns = {}, .optimize = static_cast<std::size_t>(std::max(0, rows.int4(0, 1))), .valid = rows.boolean(0, 2)};
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string column = rows.text(row, 0);
    const bool named = std::ranges::find(wanted.columns, column) != wanted.columns.end();
    if (!named && !rows.null(row, 0)) wanted.columns.push_back(std::move(column));
  }
  return wanted;
}

// Empty also when it names no columns.
std::optional<Wanted> read_wanted(const Extension& extension, const std::string& parent) {
  std::optional<Wanted> wanted = read_settings(extension, parent);
  if (wanted && wanted->columns.empty()) wanted.reset();
  return wanted;
}

// The constraints a partition has on the wanted columns. By columns, not by name: a renamed table keeps its own.
struct State {
  std::vector<std::string> missing;      // columns without one
  std::vector<std::string> unvalidated;  // constraints
  std::vector<std::string> names;        // all
};

State read_state(Oid partition, const Wanted& wanted) {
  const pg::Rows rows = pg::query(
      "SELECT w.name, a.attnum, k.conname, k.convalidated FROM pg_catalog.unnest($2) WITH ORDINALITY AS w(name, ord) "
      "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = $1 AND a.attname = w.name AND a.attnum > 0 "
      "LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = $1 AND k.contype = 'c' AND a.attnum = ANY (k.conkey) "
      "AND pg_catalog.starts_with(k.conname::text, $3) ORDER BY w.ord, k.conname",
      pg::Params().oid(partition).texts(wanted.columns).text(core::kConstraintPrefix));
  State state;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (rows.null(row, 1))
      refuse(core::Code::UndefinedColumn, "column \"" + rows.text(row, 0) + "\" of constraint_cols does not exist",
             "Correct part_config.constraint_cols.");
    if (rows.null(row, 2)) {
      state.missing.push_back(rows.text(row, 0));
      continue;
    }
    // One constraint may involve several columns.
    if (std::ranges::find(state.names, rows.text(row, 2)) != state.names.end()) continue;
    state.names.push_back(rows.text(row, 2));
    if (!rows.boolean(row, 3)) state.unvalidated.push_back(rows.text(row, 2));
  }
  return state;
}

ChildName name_of(const core::Child& child) {
  return {.schema = child.schema, .name = child.name};
}

bool is_still(const core::Child& child, const Parent& parent) {
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid "
              "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
              "WHERE c.oid = $1 AND i.inhparent = $2 AND n.nspname = $3 AND c.relname = $4",
              pg::Params().oid(child.oid).oid(parent.oid).text(child.schema).text(child.name))
              .empty();
}

// The first value in one direction, which an index answers at once; min() is not there for every type that sorts.
std::string first_value(const std::string& table, const std::string& column, const char* direction) {
  return "(SELECT " + column + " FROM " + table + " WHERE " + column + " IS NOT NULL ORDER BY " + column +
         " USING OPERATOR(pg_catalog." + direction + ") LIMIT 1)::text";
}

// ", ADD CONSTRAINT ..." for every column that has a value; literals without a type take the column's.
std::string additions(const core::Child& child, const std::vector<std::string>& columns) {
  pg::set_local("extra_float_digits", "3");  // texts that read back to the same number
  const std::string table = name_of(child).quoted();
  std::string clauses;
  for (const std::string& name : columns) {
    const std::string column = pg::quote_ident(name);
    const pg::Rows ends =
        pg::query("SELECT " + first_value(table, column, "<") + ", " + first_value(table, column, ">"));
    if (ends.null(0, 0)) continue;
    clauses += std::string(clauses.empty() ? "" : ",") + " ADD CONSTRAINT " +
               pg::quote_ident(core::constraint_name(child.name, name, name_rules())) + " CHECK (" + column +
               " OPERATOR(pg_catalog.>=) " + pg::quote_literal(ends.text(0, 0)) + " AND " + column +
               " OPERATOR(pg_catalog.<=) " + pg::quote_literal(ends.text(0, 1)) + ") NOT VALID";
  }
  return clauses;
}

Attempt add_missing(const ManagedSet& set, const core::Child& child, const Wanted& wanted, Mode mode) {
  const std::array<Oid, 1> relations{child.oid};
  return try_action(budget_of(set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    if (!pg::lock_relation(child.oid, ShareRowExclusiveLock, deadline) || !is_still(child, set.parent)) return false;
    const std::string clauses = additions(child, read_state(child.oid, wanted).missing);
    if (clauses.empty()) return true;
    pg::wait_point("constraint_read");
    const pg::LockDeadline upgrade(set.config.lock_timeout_ms);
    if (!pg::lock_relation(child.oid, AccessExclusiveLock, upgrade)) return false;
    upgrade.arm();
    pg::execute("ALTER TABLE " + name_of(child).quoted() + clauses);
    return true;
  });
}

// Also what an earlier call left NOT VALID because it was interrupted.
Attempt validate(const ManagedSet& set, const core::Child& child, const Wanted& wanted, Mode mode) {
  const std::array<Oid, 1> relations{child.oid};
  return try_action(budget_of(set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    if (!pg::lock_relation(child.oid, ShareUpdateExclusiveLock, deadline) || !is_still(child, set.parent)) return false;
    deadline.arm();
    for (const std::string& name : read_state(child.oid, wanted).unvalidated)
      pg::execute("ALTER TABLE " + name_of(child).quoted() + " VALIDATE CONSTRAINT " + pg::quote_ident(name));
    return true;
  });
}

Attempt constrain(const ManagedSet& set, const core::Child& child, const Wanted& wanted, Mode mode) {
  const State before = read_state(child.oid, wanted);
  const Attempt ours = take_over(set, child.oid, budget_of(set.config), mode);
  if (ours.outcome != Outcome::Done) return ours;
  if (!before.missing.empty()) {
    const Attempt added = add_missing(set, child, wanted, mode);
    if (added.outcome != Outcome::Done) return added;
  }
  const bool incomplete = !before.missing.empty() || !before.unvalidated.empty();
  return wanted.valid && incomplete ? validate(set, child, wanted, mode) : Attempt{};
}

std::string drop_statement(const core::Child& child, const std::vector<std::string>& names) {
  std::string statement = "ALTER TABLE " + name_of(child).quoted();
  for (std::size_t n = 0; n < names.size(); ++n)
    statement += std::string(n > 0 ? "," : "") + " DROP CONSTRAINT " + pg::quote_ident(names[n]);
  return statement;
}

Attempt drop(const ManagedSet& set, const core::Child& child, const Wanted& wanted, Statements statements, Mode mode) {
  if (read_state(child.oid, wanted).names.empty()) return {};
  const Attempt ours = take_over(set, child.oid, budget_of(set.config), mode);
  if (ours.outcome != Outcome::Done) return ours;
  const std::array<Oid, 1> relations{child.oid};
  return try_action(budget_of(set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    if (!pg::lock_relation(child.oid, AccessExclusiveLock, deadline) || !is_still(child, set.parent)) return false;
    const std::vector<std::string> names = read_state(child.oid, wanted).names;
    if (names.empty()) return true;
    const std::string statement = drop_statement(child, names);
    if (statements == Statements::Shown) pg::report({.level = NOTICE, .message = statement});
    deadline.arm();
    pg::execute(statement);
    return true;
  });
}

// --- choosing partitions -------------------------------------------------------------------------------------------

// As the owner: finding rows runs his policies and index expressions (truths 24).
std::optional<std::size_t> highest_filled_as_owner(const ManagedSet& set) {
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  pg::LockDeadline(set.config.lock_timeout_ms).arm();
  return highest_with_rows(set);
}

std::optional<core::Child> young_no_more(const ManagedSet& set, const Wanted& wanted,
                                         std::optional<std::size_t> highest) {
  const std::optional<std::size_t> index = core::partition_below(highest, wanted.optimize + 1);
  return index ? std::optional(set.inventory.children[*index]) : std::nullopt;
}

// Without one there is no smallest and largest value, and so nothing to add.
bool has_value(const ManagedSet& set, const core::Child& child, const std::vector<std::string>& columns) {
  std::string condition;
  for (const std::string& column : columns)
    condition += (condition.empty() ? "" : " OR ") + pg::quote_ident(column) + " IS NOT NULL";
  if (condition.empty()) return false;
  const auto facts = std::ranges::find(set.facts, child.oid, &ChildFacts::oid);
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  pg::LockDeadline(set.config.lock_timeout_ms).arm();
  return !pg::query_checked_as("SELECT 1 FROM " + name_of(child).quoted() + " WHERE " + condition + " LIMIT 1",
                               facts == set.facts.end() ? pg::CheckAs{} : reading(set, *facts))
              .empty();
}

// Names are raw; the schema is always the parent's (contract 8.4).
std::optional<core::Child> find_child(const ManagedSet& set, const std::string& raw_name) {
  const auto period = raw_name.find('.');
  if (period == std::string::npos) return std::nullopt;
  const std::string name = raw_name.substr(period + 1);
  const auto is_it = [&](const core::Child& child) { return child.schema == set.parent.schema && child.name == name; };
  const auto found = std::ranges::find_if(set.inventory.children, is_it);
  if (found != set.inventory.children.end()) return *found;
  const std::optional<core::Child>& other = set.inventory.default_partition;
  return other && is_it(*other) ? other : std::nullopt;
}

void require_done(const core::Child& child, const Attempt& attempt) {
  const std::string name = child.schema + "." + child.name;
  if (attempt.outcome == Outcome::Deferred) raise_not_locked(name, attempt);
  if (attempt.outcome == Outcome::Changed)
    refuse(core::Code::NotInPrerequisiteState, "partition \"" + name + "\" was changed meanwhile", "Call again.");
}

void notice(std::string message, std::string detail = {}) {
  pg::report({.level = NOTICE, .sqlstate = 0, .message = std::move(message), .detail = std::move(detail), .hint = {}});
}

}  // namespace

std::optional<core::Child> constraint_target(const Extension& extension, const ManagedSet& set) {
  const std::optional<Wanted> wanted = read_wanted(extension, set.config.parent_table);
  if (!wanted) return std::nullopt;
  const std::optional<core::Child> child = young_no_more(set, *wanted, highest_filled_as_owner(set));
  if (!child || !has_value(set, *child, read_state(child->oid, *wanted).missing)) return std::nullopt;
  return child;
}

Attempt constrain_partition(const Extension& extension, const ManagedSet& set, const core::Child& child, Mode mode) {
  const std::optional<Wanted> wanted = read_wanted(extension, set.config.parent_table);
  return wanted ? constrain(set, child, *wanted, mode) : Attempt{};
}

void constrain_after_creation(const Extension& extension, const std::string& parent, Mode mode) {
  const std::optional<Wanted> wanted = read_wanted(extension, parent);
  if (!wanted) return;
  const ManagedSet set = load_set(extension, parent);
  const std::optional<core::Child> child = young_no_more(set, *wanted, highest_filled_as_owner(set));
  if (!child) return;
  const Attempt attempt = constrain(set, *child, *wanted, mode);
  if (attempt.outcome == Outcome::Deferred)
    notice("constraints on \"" + child->schema + "." + child->name + "\" were put off",
           "Locks were held by " + attempt.blocked_by + ".");
}

void apply_constraints(const Extension& extension, const std::string& parent, const std::optional<std::string>& child,
                       Analyze analyze) {
  const std::optional<Wanted> wanted = read_wanted(extension, parent);
  if (!wanted) return;
  const ManagedSet set = load_set(extension, parent);
  require_owner_rights(set.parent);
  const std::optional<core::Child> target =
      child ? find_child(set, *child) : young_no_more(set, *wanted, highest_filled_as_owner(set));
  if (!target) return;
  require_done(*target, constrain(set, *target, *wanted, Mode::Caller));
  if (analyze == Analyze::Yes) analyze_set(set, Mode::Caller);
}

namespace {

void require_columns(const Wanted& wanted, const std::string& parent) {
  if (!wanted.columns.empty()) return;
  refuse(core::Code::NotInPrerequisiteState, "no constraint_cols are configured for \"" + parent + "\"",
         "Name the columns in part_config.constraint_cols.");
}

}  // namespace

void drop_constraints(const Extension& extension, const std::string& parent, const std::string& child,
                      Statements statements) {
  const ManagedSet set = load_set(extension, parent);
  require_owner_rights(set.parent);
  const Wanted wanted = read_settings(extension, parent).value_or(Wanted{});
  require_columns(wanted, parent);
  const std::optional<core::Child> target = find_child(set, child);
  if (!target)
    refuse(core::Code::UndefinedTable, "\"" + child + "\" is not a partition of \"" + parent + "\"",
           "Name a partition in the schema of the parent, as schema.table without quotes.");
  require_done(*target, drop(set, *target, wanted, statements, Mode::Caller));
}

namespace {

// Every partition is looked at again under its lock, so that one gone meanwhile is only skipped.
void report_unless_done(const core::Child& child, const Attempt& attempt) {
  if (attempt.outcome == Outcome::Deferred) require_done(child, attempt);
  if (attempt.outcome == Outcome::Changed) notice("skipped: changed (\"" + child.schema + "." + child.name + "\")");
}

void reapply_one(const ManagedSet& set, const core::Child& child, const Wanted& wanted, const ReapplyRequest& request) {
  const std::string name = "\"" + child.schema + "." + child.name + "\"";
  if (request.dry_run) {
    if (request.drop) notice("would drop the constraints of " + name);
    if (request.apply) notice("would apply constraints to " + name);
    return;
  }
  if (request.drop) {
    report_unless_done(child, drop(set, child, wanted, Statements::Silent, Mode::Committing));
    pg::commit_and_start();
  }
  if (request.apply) {
    report_unless_done(child, constrain(set, child, wanted, Mode::Committing));
    pg::commit_and_start();
  }
  pg::sleep_ms(1000L * request.wait_seconds);
}

}  // namespace

void reapply_constraints(const Extension& extension, const ReapplyRequest& request) {
  const ManagedSet set = load_set(extension, request.parent);
  require_owner_rights(set.parent);
  const pg::AdvisoryLock lock("pg_partman reapply_constraints");
  if (!lock.held()) return notice("reapply_constraints_proc is already running in another session");
  const Wanted wanted = read_settings(extension, request.parent).value_or(Wanted{});
  if (request.drop) require_columns(wanted, request.parent);
  const std::optional<std::size_t> last = core::partition_below(highest_filled_as_owner(set), wanted.optimize);
  if (!last) return;
  for (std::size_t n = 0; n <= *last; ++n) {
    pg::check_interrupts();
    reapply_one(set, set.inventory.children[n], wanted, request);
  }
  if (request.analyze == Analyze::No) return;
  if (request.dry_run) return notice("would analyze \"" + request.parent + "\"");
  analyze_set(set, Mode::Committing);
}

}  // namespace strata::ops
