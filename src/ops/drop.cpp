#include "ops/drop.hpp"

#include "ops/jobmon.hpp"
#include "ops/retire.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

void require_kind(const ManagedSet& set, DropKind kind) {
  if (set.is_time() == (kind == DropKind::Time)) return;
  refuse(core::Code::DatatypeMismatch,
         "\"" + set.parent.raw_name() + "\" is " + (set.is_time() ? "a time set" : "an id set"),
         set.is_time() ? "Use drop_partition_time." : "Use drop_partition_id.");
}

void take_arguments(ManagedSet& set, const DropRequest& request) {
  if (request.retention) set.policy.retention = request.retention;
  if (!set.policy.retention)
    refuse(core::Code::NotInPrerequisiteState, "no retention is configured for \"" + request.parent + "\"",
           "Pass p_retention, or set part_config.retention.");
  if (request.retention_schema) set.config.retention_schema = request.retention_schema;
  set.config.keep_table = request.keep_table.value_or(set.config.keep_table);
  set.policy.keep_table = set.config.keeps_table();
  set.policy.keep_index = set.config.keep_index = request.keep_index.value_or(set.config.keep_index);
}

Attempt retire_one(const Extension& extension, const PlannedSet& planned, const PlannedAction& action) {
  switch (action.action.kind) {
    case core::ActionKind::Detach:
      return detach_partition(extension, planned, action, Mode::Caller);
    case core::ActionKind::Drop:
      return drop_detached(extension, planned, action, Mode::Caller);
    default:
      return drop_attached(extension, planned, action, Mode::Caller);
  }
}

}  // namespace

int retire_all(const Extension& extension, const PlannedSet& planned) {
  int count = 0;
  for (const PlannedAction& action : planned.actions) {
    pg::check_interrupts();
    const Attempt attempt = retire_one(extension, planned, action);
    if (attempt.outcome == Outcome::Deferred) raise_not_locked(planned.set.config.parent_table, attempt);
    if (attempt.outcome == Outcome::Done && action.action.kind != core::ActionKind::Drop) ++count;
  }
  return count;
}

int drop_partitions(const Extension& extension, const DropRequest& request, DropKind kind) {
  if (!pg::try_transaction_lock(kind == DropKind::Time ? "pg_partman drop_partition_time"
                                                       : "pg_partman drop_partition_id")) {
    pg::report({.level = NOTICE, .message = "partitions are being dropped by another session already"});
    return 0;
  }
  ManagedSet set = load_set(extension, request.parent);
  require_owner_rights(set.parent);
  require_kind(set, kind);
  take_arguments(set, request);
  const PlannedSet planned = plan_retirement(extension, std::move(set), request.reference_utc);
  if (!planned.refusals.empty()) throw to_raise(planned.refusals.front());
  report_remarks(planned);
  if (planned.actions.empty()) return 0;
  const std::string job = kind == DropKind::Time ? "PARTMAN DROP TIME PARTITION: " : "PARTMAN DROP ID PARTITION: ";
  return logged(Job(job + request.parent, extension, request.parent), "Retiring partitions", Mode::Caller,
                [&](Job&) { return retire_all(extension, planned); });
}

}  // namespace strata::ops
