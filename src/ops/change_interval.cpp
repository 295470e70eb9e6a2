#include "ops/change_interval.hpp"

#include "core/change_interval.hpp"
#include "ops/create.hpp"
#include "ops/jobmon.hpp"

namespace strata::ops {

namespace {

void require_changeable(const ManagedSet& set) {
  const std::string name = in_quotes(set.config.parent_table);
  if (set.is_list())
    refuse(core::Code::FeatureNotSupported, "the interval of the LIST set " + name + " cannot be changed",
           "Every partition of a LIST set holds one value.");
  if (set.config.undo_in_progress)
    refuse(core::Code::NotInPrerequisiteState, "partition set " + name + " is being undone", "Finish that first.");
  if (set.config.async_in_progress)
    refuse(core::Code::NotInPrerequisiteState, "an unfinished partition_data_async holds rows of " + name,
           "Finish that first.");
}

// A run that has been planned already would go on in the old interval.
void keep_maintenance_out(const std::string& parent) {
  for (const char* const lock : {"pg_partman run_maintenance", "pg_partman run_maintenance_proc"})
    if (!pg::try_transaction_lock(lock))
      refuse(core::Code::LockNotAvailable, "maintenance is running in another session",
             "Change the interval of " + in_quotes(parent) + " when it has ended.");
}

std::optional<core::TruncField> trunc_of(const ManagedSet& set) {
  if (!set.config.date_trunc_interval) return std::nullopt;
  const core::Result<core::TruncField> field = core::parse_trunc_field(*set.config.date_trunc_interval);
  return field ? std::optional(*field) : std::nullopt;
}

Interval new_interval(const ManagedSet& set, const std::string& interval) {
  CreateRequest request;
  request.parent = set.config.parent_table;
  request.interval = interval;
  request.epoch = set.config.epoch;
  request.type = set.config.partition_type;
  return checked_interval(request, set.parent);
}

// Everything that can be refused without writing is.
core::Step checked_step(const ManagedSet& set, const Interval& interval) {
  const core::Step step = set.is_time()
                              ? value_or_raise(core::time_step(interval.parts, set.policy.key))
                              : value_or_raise(core::id_step(pg::parse_bigint(interval.text), set.policy.key));
  const auto refusal = core::wrong_pattern(set.policy.pattern, set.policy.key, step, set.config.parent_table);
  if (refusal) throw to_raise(*refusal);
  return step;
}

// A truncation that the new interval has no use for would put its boundaries anywhere.
void write_config(const Extension& extension, const ManagedSet& set, const Interval& interval, const core::Step& step) {
  const auto trunc = trunc_of(set);
  const bool keep = trunc && core::goes_with(*trunc, step);
  const std::optional<std::string> format =
      set.is_time() ? std::optional(std::string(core::datetime_string_for(interval.parts))) : std::nullopt;
  pg::execute(
      "UPDATE " + extension.object("part_config") +
          " SET partition_interval = $2, datetime_string = $3, date_trunc_interval = $4 WHERE parent_table = $1",
      pg::Params()
          .text(set.config.parent_table)
          .text(interval.text)
          .text_or_null(format)
          .text_or_null(keep ? set.config.date_trunc_interval : std::nullopt));
}

void change(const Extension& extension, const std::string& parent, const std::string& text) {
  const ManagedSet before = load_set(extension, parent);
  require_owner_rights(before.parent);
  require_changeable(before);
  require_same_sub_config(extension, before);
  const Interval interval = new_interval(before, text);
  write_config(extension, before, interval, checked_step(before, interval));
  ManagedSet set = load_set(extension, parent);
  const std::optional<core::Action> transition = value_or_raise(core::plan_transition(
      set.policy, set.calendar(), set.inventory, {.parts = set.interval, .trunc = trunc_of(set)}, name_rules()));
  if (transition) create_or_refuse(extension, std::move(set), {*transition});
}

}  // namespace

void change_interval(const Extension& extension, const std::string& parent, const std::string& interval) {
  const pg::SettingsScope settings;
  keep_maintenance_out(parent);
  logged(Job("PARTMAN CREATE TABLE: " + parent, extension, parent), "Changing the interval", Mode::Caller,
         [&](Job&) { change(extension, parent, interval); });
}

}  // namespace strata::ops
