#include "ops/plan_lines.hpp"

#include "ops/fail.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

PlanLine line_of(const ManagedSet& set, const PlannedAction& planned) {
  const core::Action& action = planned.action;
  const bool bounded = action.kind != core::ActionKind::Drop || action.range != core::Range{};
  PlanLine line{.parent_table = set.parent.raw_name(),
                .action = action_name(action.kind),
                .partition_table = std::nullopt,
                .lower_bound = std::nullopt,
                .upper_bound = std::nullopt,
                .lock_mode = planned.concurrent.empty() ? planned.lock_mode : "SHARE UPDATE EXCLUSIVE",
                .estimated_rows = static_cast<std::int64_t>(std::max(0.0, action.estimated_rows)),
                .bytes = action.bytes,
                .reason = action.reason,
                .statement = {}};
  if (action.kind != core::ActionKind::Blocked) line.partition_table = action.schema + "." + action.name;
  if (bounded) {
    line.lower_bound = set.text(action.range.lower);
    line.upper_bound = set.text(action.range.upper);
  }
  if (!planned.concurrent.empty()) {
    line.statement = planned.concurrent;
    return line;
  }
  for (const std::string& statement : planned.statements)
    line.statement += (line.statement.empty() ? "" : "; ") + statement;
  return line;
}

PlanLine error_line(const std::string& parent, const pg::Raise& failure) {
  return {.parent_table = parent,
          .action = "error",
          .partition_table = std::nullopt,
          .lower_bound = std::nullopt,
          .upper_bound = std::nullopt,
          .lock_mode = "none",
          .estimated_rows = 0,
          .bytes = 0,
          .reason = failure.message,
          .statement = failure.hint};
}

void add_lines(std::vector<PlanLine>& lines, const Extension& extension, LoadedSet& loaded) {
  if (loaded.refusal) throw to_raise(*loaded.refusal);
  const PlannedSet planned = plan_set(extension, std::move(*loaded.set), retirement_of(loaded.config, Mode::Committing),
                                      pg::transaction_start());
  for (const PlannedAction& action : planned.actions) lines.push_back(line_of(planned.set, action));
  for (const core::Refusal& refusal : planned.refusals)
    lines.push_back(error_line(planned.set.parent.raw_name(), to_raise(refusal)));
  report_remarks(planned);
}

}  // namespace

std::vector<PlanLine> plan_lines(const Extension& extension, const std::optional<std::string>& parent) {
  std::vector<PlanLine> lines;
  std::vector<LoadedSet> sets =
      load_sets(extension, parent ? Selection::Named : Selection::Automatic, parent.value_or(""));
  if (parent && sets.empty()) (void)load_set(extension, *parent);
  for (LoadedSet& loaded : sets) {
    if (is_hidden(loaded)) {
      if (parent)
        refuse(core::Code::InsufficientPrivilege, "permission denied for table " + *parent,
               "Membership in its owner, or SELECT that no row-level security restricts, is needed.");
      continue;
    }
    const std::string name = loaded.config.parent_table;
    const std::optional<pg::Raise> failure = failure_of([&]() -> std::optional<pg::Raise> {
      pg::in_subtransaction([&] { add_lines(lines, extension, loaded); });
      return std::nullopt;
    });
    if (failure) lines.push_back(error_line(name, *failure));
  }
  return lines;
}

}  // namespace strata::ops
