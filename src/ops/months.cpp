#include "ops/months.hpp"

#include "core/months.hpp"
#include "ops/constraints.hpp"
#include "ops/drop.hpp"
#include "ops/grow.hpp"
#include "ops/jobmon.hpp"

namespace strata::ops {

namespace {

constexpr core::Step kOneMonth{.unit = core::Step::Unit::Month, .count = 1};

Parent parent_of(Oid table) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.oid = $1",
      pg::Params().oid(table));
  const std::string name = rows.empty() ? "" : rows.text(0, 0);
  std::optional<Parent> parent = find_parent(name);
  if (!parent || parent->oid != table)
    refuse(core::Code::InvalidName, "table name " + in_quotes(name) + " contains more than one period",
           "Names that contain a period are not supported.");
  return *std::move(parent);
}

void require_range_of_time(const Parent& parent) {
  const std::string name = in_quotes(parent.raw_name());
  if (parent.strategy == '\0')
    refuse(core::Code::WrongObjectType, name + " is not a partitioned table",
           "Declare it with PARTITION BY RANGE on its time column.");
  if (parent.strategy != 'r')
    refuse(core::Code::WrongObjectType, name + " is not partitioned by RANGE",
           "Months are ranges of one timestamptz, timestamp or date column.");
  const auto key = key_type_of(parent.key_type);
  if (parent.key_columns != 1 || !key || !core::is_time(*key))
    refuse(core::Code::DatatypeMismatch, name + " is not partitioned by one timestamptz, timestamp or date column",
           "Sets with other keys are managed by create_parent.");
}

// As if it were a monthly set that nobody has configured: the session's zone, unless the bounds speak for another.
ManagedSet unconfigured_set(const Parent& parent) {
  require_range_of_time(parent);
  Config config;
  config.parent_table = parent.raw_name();
  config.control = parent.key_column;
  config.partition_interval = "1 month";
  config.partition_type = "range";
  config.epoch = "none";
  config.keep_table = false;
  const std::array<Oid, 1> parents{parent.oid};
  ReadChildren read = std::move(read_children(parents)[parent.oid]);
  if (read.refusal) throw to_raise(*read.refusal);
  return value_or_raise(assemble(std::move(config), parent, std::move(read.children), std::move(read.facts)));
}

struct MonthlySet {
  ManagedSet set;
  bool configured = false;
};

MonthlySet monthly_set(const Extension& extension, const Parent& parent) {
  const bool configured = !load_sets(extension, Selection::Named, parent.raw_name()).empty();
  ManagedSet set = configured ? load_set(extension, parent.raw_name()) : unconfigured_set(parent);
  if (!set.is_time())
    refuse(core::Code::DatatypeMismatch, in_quotes(parent.raw_name()) + " is an id set", "Ids have no months.");
  return {.set = std::move(set), .configured = configured};
}

void require_count(int months) {
  if (months < 0)
    refuse(core::Code::InvalidParameterValue, "p_months must not be negative, but is " + std::to_string(months),
           "It counts whole months from the current one.");
}

// --- creating --------------------------------------------------------------------------------------------------------

void require_monthly(const ManagedSet& set) {
  if (set.policy.step == kOneMonth) return;
  refuse(core::Code::NotInPrerequisiteState,
         "partition set " + in_quotes(set.config.parent_table) + " is partitioned by " + set.config.partition_interval +
             ", not by month",
         "Use run_maintenance(), or change its interval with set_partition_interval().");
}

void refuse_blocked(const Extension& extension, const PlannedSet& planned, bool configured) {
  for (const PlannedAction& action : planned.actions) {
    if (action.action.kind != core::ActionKind::Blocked) continue;
    refuse(core::Code::CheckViolation,
           "rows in the default partition of " + in_quotes(planned.set.parent.raw_name()) +
               " belong to a partition that was asked for",
           configured ? "Move them with " + cure_for_default(extension, planned.set) + "."
                      : "Take them out of the default, or let create_parent() manage the table and move them with " +
                            cure_for_default(extension, planned.set) + ".",
           "They lie between " + planned.set.text(action.action.range.lower) + " and " +
               planned.set.text(action.action.range.upper) + ".");
  }
}

// Empty when the table was changed between the plan and the lock: somebody else may have created the same months.
std::optional<int> try_months(const Extension& extension, const Parent& parent, int months) {
  MonthlySet monthly = monthly_set(extension, parent);
  require_monthly(monthly.set);
  monthly.set.policy.pattern = core::NamePattern::Month;
  std::vector<core::Action> actions =
      value_or_raise(core::plan_months(monthly.set.policy, monthly.set.calendar(), monthly.set.inventory,
                                       pg::transaction_start(), months, name_rules()));
  if (actions.empty()) return 0;
  const PlannedSet planned = plan_creations(extension, std::move(monthly.set), std::move(actions));
  refuse_blocked(extension, planned, monthly.configured);
  const Attempt attempt = create_partitions(extension, planned);
  if (attempt.outcome == Outcome::Deferred) raise_not_locked(parent.raw_name(), attempt);
  if (attempt.outcome == Outcome::Changed) return std::nullopt;
  if (monthly.configured) constrain_after_creation(extension, parent.raw_name(), Mode::Caller);
  return static_cast<int>(planned.actions.size());
}

int create_missing(const Extension& extension, const Parent& parent, int months) {
  constexpr int kTries = 3;
  for (int attempt = 0; attempt < kTries; ++attempt)
    if (const std::optional<int> created = try_months(extension, parent, months)) return *created;
  refuse(core::Code::NotInPrerequisiteState,
         "table " + in_quotes(parent.raw_name()) + " was changed while partitions were created", "Call again.");
}

// --- dropping --------------------------------------------------------------------------------------------------------

// Retention takes what ends before reference minus retention. A moment after the month has begun also takes what ends
// with the last month that is old enough.
std::int64_t reference_for(const ManagedSet& set) {
  const auto month = core::month_of(set.calendar(), pg::transaction_start());
  if (!month) refuse(core::Code::DatetimeOverflow, "the current month leaves the range of the partition key");
  return (set.policy.key == core::KeyType::Timestamptz ? *month : set.zone->to_utc(*month)) + 1;
}

int drop_older(const Extension& extension, const Parent& parent, int months) {
  ManagedSet set = monthly_set(extension, parent).set;
  set.policy.retention = core::IntervalParts{.months = months, .days = 0, .micros = 0};
  const std::int64_t reference = reference_for(set);
  const PlannedSet planned = plan_retirement(extension, std::move(set), reference);
  if (!planned.refusals.empty()) throw to_raise(planned.refusals.front());
  report_remarks(planned);
  return retire_all(extension, planned);
}

}  // namespace

int create_months(const Extension& extension, Oid table, int months) {
  const pg::SettingsScope settings;
  const Parent parent = parent_of(table);
  require_owner_rights(parent);
  require_count(months);
  return logged(Job("PARTMAN CREATE TABLE: " + parent.raw_name(), extension, parent.raw_name()),
                "Creating the partitions of months", Mode::Caller, [&](Job& job) {
                  const int created = create_missing(extension, parent, months);
                  if (created == 0) job.notice("All of them exist");
                  return created;
                });
}

int drop_months(const Extension& extension, Oid table, int months) {
  const pg::SettingsScope settings;
  const Parent parent = parent_of(table);
  require_owner_rights(parent);
  require_count(months);
  if (!pg::try_transaction_lock("pg_partman drop_partition_time")) {
    pg::report({.level = NOTICE, .message = "partitions are being dropped by another session already"});
    return 0;
  }
  return logged(Job("PARTMAN DROP TIME PARTITION: " + parent.raw_name(), extension, parent.raw_name()),
                "Retiring partitions", Mode::Caller, [&](Job&) { return drop_older(extension, parent, months); });
}

}  // namespace strata::ops
