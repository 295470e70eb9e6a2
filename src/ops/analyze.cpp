#include "ops/analyze.hpp"

#include "ops/ledger.hpp"

namespace strata::ops {

namespace {

struct Target {
  std::string name;
  std::optional<Parent> parent;
  LockBudget budget;
};

Attempt analyze(const Parent& parent, const LockBudget& budget, Mode mode) {
  const std::array<Oid, 1> relations{parent.oid};
  return try_action(budget, mode, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(parent.owner, parent.schema_oid);
    if (!pg::lock_relation(parent.oid, ShareUpdateExclusiveLock, deadline)) return false;
    pg::execute("ANALYZE " + parent.quoted());
    pg::wait_point("analyze_done");
    return true;
  });
}

// The server asks for each lock itself, and goes on without what it does not get.
void analyze_unlocked(const Parent& parent) {
  pg::in_subtransaction([&] {
    const pg::OwnerScope as_owner(parent.owner, parent.schema_oid);
    pg::execute("ANALYZE (SKIP_LOCKED) " + parent.quoted());
  });
}

void report_put_off(const std::string& name, const Attempt& attempt) {
  if (attempt.outcome != Outcome::Deferred) return;
  pg::report({.level = NOTICE,
              .sqlstate = 0,
              .message = "ANALYZE of \"" + name + "\" was put off",
              .detail = "Locks were held by " + attempt.blocked_by + ".",
              .hint = {}});
}

// Not load_sets: statistics are of use to a set that maintenance cannot work on, too.
std::vector<Target> read_targets(const Extension& extension, const std::optional<std::string>& wanted) {
  const pg::Rows rows = pg::query("SELECT c.parent_table FROM " + extension.object("part_config") +
                                      " c WHERE c.parent_table = coalesce($1, c.parent_table) "
                                      "ORDER BY c.maintenance_order NULLS LAST, c.parent_table",
                                  pg::Params().text_or_null(wanted));
  std::vector<Config> configs(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) configs[row].parent_table = rows.text(row, 0);
  add_ledger(extension, configs);
  std::vector<Target> targets;
  for (const Config& config : configs)
    targets.push_back({.name = config.parent_table, .parent = std::nullopt, .budget = budget_of(config)});
  return targets;
}

void analyze_target(Target& target, const AnalyzeRequest& request) {
  target.parent = find_parent(target.name);
  if (!target.parent)
    refuse(core::Code::UndefinedTable, "configured table \"" + target.name + "\" does not exist",
           "Delete its row from part_config, or update part_config.parent_table to its new name.");
  require_owner_rights(*target.parent);
  if (request.notices == AnalyzeRequest::Notices::Each)
    pg::report({.level = NOTICE,
                .sqlstate = 0,
                .message = "analyzing partition set \"" + target.name + "\"",
                .detail = {},
                .hint = {}});
  if (request.locked == AnalyzeRequest::Locked::Skip) return analyze_unlocked(*target.parent);
  report_put_off(target.name, analyze(*target.parent, target.budget, Mode::Committing));
}

void warn(const std::string& name, const pg::Raise& failure) {
  pg::report({.level = WARNING,
              .sqlstate = failure.sqlstate,
              .message = "ANALYZE of \"" + name + "\" failed: " + failure.message,
              .detail = failure.detail,
              .hint = failure.hint});
}

}  // namespace

void analyze_lightly(const std::string& quoted_table, const std::string& columns) {
  analyze_lightly(quoted_table + " (" + columns + ")");
}

void analyze_lightly(const std::string& quoted_table) {
  constexpr const char* setting = "default_statistics_target";
  const int usual =
      pg::query("SELECT pg_catalog.current_setting($1)::pg_catalog.int4", pg::Params().text(setting)).int4(0, 0);
  pg::set_local(setting, std::to_string(std::max(std::min(usual, 10), usual / 10)));
  pg::execute("ANALYZE " + quoted_table);
  pg::set_local(setting, std::to_string(usual));
}

void analyze_set(const ManagedSet& set, Mode mode) {
  report_put_off(set.parent.raw_name(), analyze(set.parent, budget_of(set.config), mode));
}

void run_analyze(const Extension& extension, const AnalyzeRequest& request) {
  const pg::AdvisoryLock lock("pg_partman run_analyze");
  if (!lock.held()) {
    pg::report({.level = NOTICE,
                .sqlstate = 0,
                .message = "run_analyze is already running in another session",
                .detail = {},
                .hint = {}});
    return;
  }
  for (Target& target : read_targets(extension, request.parent)) {
    pg::check_interrupts();
    const std::optional<pg::Raise> failure = failure_of([&]() -> std::optional<pg::Raise> {
      analyze_target(target, request);
      return std::nullopt;
    });
    if (failure) warn(target.name, *failure);
    pg::commit_and_start();
  }
}

}  // namespace strata::ops
