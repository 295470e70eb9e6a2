#include "ops/maintain.hpp"

#include "ops/analyze.hpp"
#include "ops/constraints.hpp"
#include "ops/default_guard.hpp"
#include "ops/drain.hpp"
#include "ops/detach_concurrently.hpp"
#include "ops/fail.hpp"
#include "ops/grow.hpp"
#include "ops/history.hpp"
#include "ops/jobmon.hpp"
#include "ops/ledger.hpp"
#include "ops/online_drain.hpp"
#include "ops/registry.hpp"
#include "ops/retire.hpp"
#include "ops/rivals.hpp"
#include "ops/settings.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// What a run did with one set.
struct SetResult {
  int created = 0;
  int retired = 0;
  int skipped = 0;         // changed since the plan
  int deferred = 0;        // actions put off to the next run
  std::string blocked_by;  // why
  std::optional<pg::Raise> failure;
};

core::Child partition_of(const core::Action& action) {
  return {.oid = action.oid, .schema = action.schema, .name = action.name, .range = action.range};
}

Attempt detach(const Extension& extension, const PlannedSet& planned, const PlannedAction& action, Mode mode) {
  const std::optional<core::Child>& half = planned.set.half_detached;
  if (half && half->oid == action.action.oid) return finish_detach(extension, planned, action, mode);
  if (mode == Mode::Committing && !action.concurrent.empty()) return detach_concurrently(extension, planned, action);
  return detach_partition(extension, planned, action, mode);
}

Attempt apply(const Extension& extension, const PlannedSet& planned, const PlannedAction& action, Mode mode) {
  switch (action.action.kind) {
    case core::ActionKind::Create:
      return create_partition(extension, planned, action, mode);
    case core::ActionKind::Detach:
      return detach(extension, planned, action, mode);
    case core::ActionKind::Drop:
      return drop_detached(extension, planned, action, mode);
    case core::ActionKind::DropAttached:
      return drop_attached(extension, planned, action, mode);
    case core::ActionKind::Constrain:
      return constrain_partition(extension, planned.set, partition_of(action.action), mode);
    case core::ActionKind::Move:
      return drain_range(extension, planned.set.config.parent_table, action.action.range, mode);
    case core::ActionKind::Blocked:
    case core::ActionKind::Moving:
      break;
  }
  return {};
}

const char* job_of(core::ActionKind kind, bool is_time) noexcept {
  switch (kind) {
    case core::ActionKind::Create:
    case core::ActionKind::Move:
      return "PARTMAN CREATE TABLE: ";
    case core::ActionKind::Constrain:
      return "PARTMAN CREATE CONSTRAINT: ";
    default:
      return is_time ? "PARTMAN DROP TIME PARTITION: " : "PARTMAN DROP ID PARTITION: ";
  }
}

// As a job of its own where pg_jobmon is installed.
Attempt apply_logged(const Extension& extension, const PlannedSet& planned, const PlannedAction& action, Mode mode) {
  const std::string& parent = planned.set.config.parent_table;
  return logged(Job(job_of(action.action.kind, planned.set.is_time()) + parent, extension, parent),
                std::string(action_name(action.action.kind)) + " " + action.action.schema + "." + action.action.name,
                mode, [&](Job& job) {
                  Attempt attempt = apply(extension, planned, action, mode);
                  if (attempt.outcome == Outcome::Deferred) job.notice("Deferred: locks held by " + attempt.blocked_by);
                  if (attempt.outcome == Outcome::Changed) job.notice("Skipped: changed since the plan");
                  return attempt;
                });
}

void report_skipped(const PlannedAction& action) {
  pg::report({.level = NOTICE,
              .message = "skipped: changed (" + std::string(action_name(action.action.kind)) + " " +
                         in_quotes(action.action.schema + "." + action.action.name) + ")",
              .detail = "It is no longer as it was when the run was planned.",
              .hint = "The next run plans anew."});
}

void count(SetResult& result, const PlannedAction& action, const Attempt& attempt) {
  switch (attempt.outcome) {
    case Outcome::Done:
      if (core::makes_partition(action.action.kind)) ++result.created;
      break;
    case Outcome::Changed:
      ++result.skipped;
      report_skipped(action);
      break;
    case Outcome::Deferred:
      ++result.deferred;
      result.blocked_by = attempt.blocked_by;
      break;
  }
}

pg::Raise blocked_failure(const Extension& extension, const ManagedSet& set, const PlannedAction& action) {
  return to_raise({.code = core::Code::CheckViolation,
                   .message = "rows in the default partition of " + in_quotes(set.parent.raw_name()) +
                              " belong to a partition that is due",
                   .detail = "They lie between " + set.text(action.action.range.lower) + " and " +
                             set.text(action.action.range.upper) + ".",
                   .hint = "Move them with " + cure_for_default(extension, set) + ", then run maintenance again."});
}

// After the first action that cannot get its locks the rest of the set waits for the next run: the same transaction
// would block them too, and clients have waited enough.
class Executor {
 public:
  Executor(const Extension& extension, const PlannedSet& planned, Mode mode, History& history)
      : extension_(extension),
        planned_(planned),
        mode_(mode),
        history_(history),
        guard_(planned, mode, pg::transaction_start()) {}

  SetResult run() {
    report_remarks(planned_);
    for (const PlannedAction& action : planned_.actions) {
      pg::check_interrupts();
      one(action);
    }
    guard_.take_down();
    if (!result_.failure && !planned_.refusals.empty()) result_.failure = to_raise(planned_.refusals.front());
    return std::move(result_);
  }

  // After an error that ends the set, but not the session.
  void clean_up() { guard_.take_down(); }

 private:
  void one(const PlannedAction& action) {
    if (action.action.kind == core::ActionKind::Blocked) return blocked(action);
    if (action.action.kind == core::ActionKind::Moving) return left_to_move(action);
    if (result_.deferred > 0) {
      ++result_.deferred;
      return;
    }
    if (action.action.kind == core::ActionKind::Create)
      guard_.put_up();
    else
      guard_.take_down();
    keep_to_duty(action);
    history_.begin_action(planned_.set, action);
    const Attempt attempt = apply_logged(extension_, planned_, action, mode_);
    history_.end_action(attempt, static_cast<std::size_t>(&planned_.actions.back() - &action));
    count(result_, action, attempt);
    pg::wait_point("action_done");
  }

  // Nobody is kept out by the drop of a table that is out of the set and has no foreign keys.
  void keep_to_duty(const PlannedAction& action) {
    if (mode_ != Mode::Committing || action.action.kind == core::ActionKind::Drop) return;
    const std::int64_t pause = pause_for_duty(budget_of(planned_.set.config));
    if (pause == 0) return;
    pg::commit_and_start();
    pg::sleep_ms(pause);
  }

  void left_to_move(const PlannedAction& action) {
    if (std::exchange(told_of_move_, true)) return;
    pg::report({.level = NOTICE,
                .message = "partitions of " + in_quotes(planned_.set.parent.raw_name()) +
                           " that are due are left to a move of rows that is under way",
                .detail = "The first is " + in_quotes(action.action.name) + ": " + action.action.reason + "."});
  }

  void blocked(const PlannedAction& action) {
    if (result_.failure) return;
    history_.blocked(planned_.set, action);
    result_.failure = blocked_failure(extension_, planned_.set, action);
  }

  const Extension& extension_;
  const PlannedSet& planned_;
  Mode mode_;
  History& history_;
  DefaultGuard guard_;
  SetResult result_;
  bool told_of_move_ = false;
};

SetResult carry_out(const Extension& extension, const PlannedSet& planned, Mode mode, History& history) {
  Executor executor(extension, planned, mode, history);
  try {
    return executor.run();
  } catch (const pg::PgError& error) {
    if (!error.is_interrupt()) executor.clean_up();
    throw;
  } catch (const pg::Raise&) {
    executor.clean_up();
    throw;
  }
}

// --- bookkeeping: in part_config as the caller, never waiting for a row that somebody else has locked ----------------

std::string lockable_rows(const Extension& extension) {
  return "(SELECT parent_table FROM " + extension.object("part_config") +
         " WHERE parent_table = ANY ($1) ORDER BY 1 FOR NO KEY UPDATE SKIP LOCKED)";
}

enum class LastRun : std::uint8_t { Now, Failed };

void write_last_run(const Extension& extension, std::span<const std::string> parents, LastRun last_run) {
  const pg::SettingsScope settings;
  pg::execute("UPDATE " + extension.object("part_config") + " SET maintenance_last_run = " +
                  (last_run == LastRun::Now ? "pg_catalog.clock_timestamp()" : "NULL") + " WHERE parent_table IN " +
                  lockable_rows(extension),
              pg::Params().texts(parents));
}

// A run that went well. A cleanup alone does not hide that provisioning failed, and what was put off counts on until
// neither part has anything left to do: `settled` names the sets of which that is so.
void record_success(const Extension& extension, std::span<const std::string> parents, core::PlanPart part,
                    std::span<const std::string> settled) {
  if (part != core::PlanPart::Retirements) write_last_run(extension, parents, LastRun::Now);
  clear_deferred(extension, settled);
}

void forget_promises(const Extension& extension, const ManagedSet& set) {
  for (const std::string& table : forget_stale_promises(extension, set))
    pg::report({.level = NOTICE,
                .message = "table " + in_quotes(table) + " will not be dropped any more",
                .detail = "It was detached by retention, and since then it or the retention was changed."});
}

bool is_registered(const ManagedSet& set) noexcept {
  return set.config.has_policy && set.config.time_zone && set.config.known_parent == set.parent.oid;
}

// A set restored or inserted by hand gets its policy; a renamed one its new name; both once.
void repair(const Extension& extension, ManagedSet& set) {
  const pg::SettingsScope settings;
  const std::string name = set.parent.raw_name();
  if (set.renamed) {
    pg::execute("UPDATE " + extension.object("part_config") + " SET parent_table = $2 WHERE parent_table = $1",
                pg::Params().text(set.config.parent_table).text(name));
    rename_promises(extension, set.config.parent_table, name);
    pg::report({.level = NOTICE,
                .message = "table " + in_quotes(set.config.parent_table) + " is now " + in_quotes(name) +
                           ", its configuration follows"});
    set.config.parent_table = name;
    set.renamed = false;
  }
  settle_detach(extension, set);
  if (set.config.has_pending_drops) forget_promises(extension, set);
  if (!is_registered(set)) record_policy(extension, set);
}

bool needs_repair(const ManagedSet& set) noexcept {
  return set.config.has_pending_drops || OidIsValid(set.config.detaching) || set.renamed || !is_registered(set);
}

// --- one set ---------------------------------------------------------------------------------------------------------

bool left_alone(const LoadedSet& loaded) {
  if (loaded.config.undo_in_progress) return true;
  if (!loaded.config.async_in_progress) return false;
  pg::report({.level = WARNING,
              .message = "maintenance of " + in_quotes(loaded.config.parent_table) + " is skipped",
              .detail = "An unfinished partition_data_async holds rows of it.",
              .hint = "Finish that first, or clear async_partitioning_in_progress after checking its working table."});
  return true;
}

// What an online move has left goes whatever becomes of the set's maintenance; not while it runs, and not where the
// default cannot be locked now.
void clear_interrupted_move(const Extension& extension, const LoadedSet& loaded) {
  if (!loaded.config.has_move || !loaded.set || !pg::has_rights_of(loaded.set->parent.owner)) return;
  pg::in_subtransaction([&] { (void)clear_leftovers(extension, *loaded.set, Mode::Caller); });
}

// Whether the part that was not run has nothing to do either. Asked only of sets that were put off before.
bool is_settled(const Extension& extension, const std::string& parent) {
  bool settled = false;
  (void)failure_of([&]() -> std::optional<pg::Raise> {
    pg::in_subtransaction([&] {
      std::vector<LoadedSet> sets = load_sets(extension, Selection::Named, parent);
      if (sets.empty() || !sets[0].set) return;
      const core::Retirement retirement = retirement_of(sets[0].config, Mode::Committing);
      settled = plan_set(extension, std::move(*sets[0].set), retirement, pg::transaction_start()).actions.empty();
    });
    return std::nullopt;
  });
  return settled;
}

bool is_settled_by(core::PlanPart part, const Extension& extension, const Config& config) {
  return part == core::PlanPart::All || config.deferred_runs == 0 || is_settled(extension, config.parent_table);
}

// So does a constraint that a killed run has left on the default, if its lock can be had.
void clear_left_guard(const LoadedSet& loaded, const std::set<Oid>& guarded) {
  if (!loaded.set || !guarded.contains(loaded.parent->default_oid) || !pg::has_rights_of(loaded.parent->owner)) return;
  pg::in_subtransaction([&] { (void)take_off_guard(*loaded.set); });
}

void finish(const Extension& extension, const ManagedSet& set, core::PlanPart part, SetResult& result) {
  if (result.failure) return;
  if (result.deferred == 0) {
    const std::array<std::string, 1> names{set.config.parent_table};
    const bool settled = is_settled_by(part, extension, set.config);
    record_success(extension, names, part, std::span<const std::string>(names).first(settled ? 1 : 0));
    return;
  }
  count_deferred(extension, set.config.parent_table, result.blocked_by);
  const std::string number = std::to_string(result.deferred);
  // Rulings 4: a run that is put off once too often counts as failed.
  if (set.config.deferred_runs + 1 < set.config.deferred_limit) {
    pg::report({.level = NOTICE,
                .message = "deferred: " + number + " actions on " + in_quotes(set.config.parent_table) +
                           " wait for the next run",
                .detail = "Locks were held by " + result.blocked_by + "."});
    return;
  }
  result.failure =
      to_raise({.code = core::Code::LockNotAvailable,
                .message = number + " actions on " + in_quotes(set.config.parent_table) +
                           " could not get their locks in " + std::to_string(set.config.deferred_runs + 1) + " runs",
                .detail = "Locks were held by " + result.blocked_by + ".",
                .hint = "End that transaction, raise part_policy.lock_timeout_ms, or set a daily window with a longer "
                        "part_policy.window_lock_budget."});
}

void mark_full(const Extension& extension, const std::string& parent) {
  pg::execute(
      "UPDATE " + extension.object("part_config") + " SET sub_partition_set_full = true WHERE parent_table = $1",
      pg::Params().text(parent));
}

// Everything before the first action, in a subtransaction of its own so that an error leaves the transaction usable.
PlannedSet prepare(const Extension& extension, ManagedSet set, core::PlanPart part, Mode mode) {
  std::optional<PlannedSet> planned;
  pg::in_subtransaction([&] {
    require_owner_rights(set.parent);
    if (needs_repair(set)) repair(extension, set);
    if (mode == Mode::Caller) set.config.heal_max_rows = 0;
    const core::Retirement retirement = retirement_of(set.config, mode);
    planned = plan_set(extension, std::move(set), retirement, pg::transaction_start(), part);
    if (planned->became_full) mark_full(extension, planned->set.config.parent_table);
  });
  if (mode == Mode::Committing) pg::commit_and_start();
  return std::move(*planned);
}

// Planning reads partitions; a lock that it cannot get puts the whole set off, as one that an action cannot get does.
SetResult put_off(const ManagedSet& set) {
  std::vector<Oid> relations{set.parent.oid};
  for (const ChildFacts& facts : set.facts) relations.push_back(facts.oid);
  if (OidIsValid(set.parent.default_oid)) relations.push_back(set.parent.default_oid);
  SetResult result;
  result.deferred = 1;
  result.blocked_by = detail::describe_blockers(relations);
  return result;
}

SetResult maintain(const Extension& extension, const ManagedSet& set, const MaintenanceOptions& options, Mode mode,
                   History& history) {
  std::optional<PlannedSet> prepared;
  try {
    prepared = prepare(extension, set, options.part, mode);
  } catch (const pg::PgError& error) {
    if (!detail::is_lock_failure(error)) throw;
    SetResult result = put_off(set);
    history.put_off(set.config.parent_table, result.blocked_by);
    pg::in_subtransaction([&] { finish(extension, set, options.part, result); });
    return result;
  }
  const PlannedSet& planned = *prepared;
  pg::wait_point("maintain_planned");
  SetResult result = carry_out(extension, planned, mode, history);
  if (options.analyze && result.created > 0) analyze_set(planned.set, mode);
  pg::in_subtransaction([&] { finish(extension, planned.set, options.part, result); });
  pg::wait_point("maintain_finished");
  if (mode == Mode::Committing) pg::commit_and_start();
  return result;
}

void warn_failed(const std::string& parent, const pg::Raise& failure) {
  pg::report({.level = WARNING,
              .sqlstate = failure.sqlstate,
              .message = "maintenance of " + in_quotes(parent) + " failed: " + failure.message,
              .detail = failure.detail,
              .hint = failure.hint});
}

void record_failure(const Extension& extension, const std::string& parent, const pg::Raise& failure, History& history) {
  const std::array<std::string, 1> names{parent};
  pg::in_subtransaction([&] {
    keep_last_success(extension, parent);
    write_last_run(extension, names, LastRun::Failed);
    history.failed(parent, failure);
  });
  warn_failed(parent, failure);
}

// --- all sets: those with nothing to do first, in one pass over the catalogs -----------------------------------------

struct Triage {
  std::vector<std::string> idle;
  std::vector<std::string> settled;  // of those: nothing is put off any more
  std::vector<std::string> busy;
  std::vector<std::string> failed;
};

bool has_work(const Extension& extension, LoadedSet& loaded, core::PlanPart part, Mode mode) {
  if (loaded.parent) require_owner_rights(*loaded.parent);
  if (loaded.refusal) throw to_raise(*loaded.refusal);
  if (needs_repair(*loaded.set)) return true;
  if (mode == Mode::Caller) loaded.set->config.heal_max_rows = 0;  // it would keep readers out to the caller's end
  const core::Retirement retirement = retirement_of(loaded.config, mode);
  return !plan_set(extension, std::move(*loaded.set), retirement, pg::transaction_start(), part).empty();
}

// What cannot be read now, or changes while it is planned, is looked at again, and put off if it still cannot be.
bool has_work_or_is_locked(const Extension& extension, LoadedSet& loaded, core::PlanPart part, Mode mode) {
  bool work = true;
  try {
    pg::in_subtransaction([&] { work = has_work(extension, loaded, part, mode); });
  } catch (const pg::PgError& error) {
    if (!detail::is_lock_failure(error)) throw;
  } catch (const SetChanged&) {  // looked at again, too
    return true;
  }
  return work;
}

// One set by name is worked on whatever its automatic_maintenance says.
std::vector<LoadedSet> load_wanted(const Extension& extension, const MaintenanceOptions& options) {
  if (!options.only) return load_sets(extension, Selection::Automatic);
  std::vector<LoadedSet> sets = load_sets(extension, Selection::Named, *options.only);
  if (sets.empty()) (void)load_set(extension, *options.only);  // raises, with the hint
  if (sets[0].parent) require_owner_rights(*sets[0].parent);
  if (sets[0].config.undo_in_progress)
    refuse(core::Code::NotInPrerequisiteState, "partition set " + in_quotes(*options.only) + " is being undone",
           "Finish that, or set part_config.undo_in_progress to false.");
  return sets;
}

Triage sort_out(const Extension& extension, const MaintenanceOptions& options, Mode mode, History& history) {
  Triage triage;
  std::vector<LoadedSet> sets = load_wanted(extension, options);
  const std::set<Oid> guarded = guarded_defaults();
  for (LoadedSet& loaded : sets) {
    pg::check_interrupts();
    if (left_alone(loaded)) continue;
    clear_interrupted_move(extension, loaded);
    clear_left_guard(loaded, guarded);
    const std::string name = loaded.config.parent_table;
    bool work = false;
    const std::optional<pg::Raise> failure = failure_of([&]() -> std::optional<pg::Raise> {
      work = has_work_or_is_locked(extension, loaded, options.part, mode);
      return std::nullopt;
    });
    if (failure) {
      record_failure(extension, name, *failure, history);
      triage.failed.push_back(name);
    } else {
      (work ? triage.busy : triage.idle).push_back(name);
      if (!work && is_settled_by(options.part, extension, loaded.config)) triage.settled.push_back(name);
    }
  }
  record_success(extension, triage.idle, options.part, triage.settled);
  history.saw(sets.size(), triage.busy.size());
  return triage;
}

std::optional<pg::Raise> maintain_once(const Extension& extension, const std::string& parent,
                                       const MaintenanceOptions& options, Mode mode, History& history) {
  std::vector<LoadedSet> sets;
  // The run goes on after an error here, so what the error leaves behind must be rolled back.
  pg::in_subtransaction([&] { sets = load_sets(extension, Selection::Named, parent); });
  if (sets.empty() || left_alone(sets[0])) return std::nullopt;
  clear_interrupted_move(extension, sets[0]);
  clear_left_guard(sets[0], guarded_defaults());
  if (sets[0].parent) require_owner_rights(*sets[0].parent);
  if (sets[0].refusal) throw to_raise(*sets[0].refusal);
  return maintain(extension, *sets[0].set, options, mode, history).failure;
}

// The set as it is now: the triage may be minutes old. Nothing when it is gone or taken over meanwhile.
std::optional<pg::Raise> maintain_again(const Extension& extension, const std::string& parent,
                                        const MaintenanceOptions& options, Mode mode, History& history) {
  constexpr int kLooks = 3;
  for (int look = 1;; ++look) {
    try {
      return maintain_once(extension, parent, options, mode, history);
    } catch (const SetChanged&) {
      if (look == kLooks) throw;
    }
  }
}

std::optional<pg::Raise> maintain_in_subtransaction(const Extension& extension, const std::string& parent,
                                                    const MaintenanceOptions& options, History& history) {
  return failure_of([&]() -> std::optional<pg::Raise> {
    pg::in_subtransaction([&] {
      const std::optional<pg::Raise> failure = maintain_again(extension, parent, options, Mode::Caller, history);
      if (failure) throw *failure;
    });
    return std::nullopt;
  });
}

void run_named(const Extension& extension, const std::string& parent, const MaintenanceOptions& options,
               History& history) {
  if (load_sets(extension, Selection::Named, parent).empty()) {
    if (strict_maintenance()) (void)load_set(extension, parent);  // raises, with the hint
    return;
  }
  history.saw(1, 1);
  const std::optional<pg::Raise> failure = maintain_in_subtransaction(extension, parent, options, history);
  if (!failure) return;
  if (strict_maintenance()) throw *failure;
  record_failure(extension, parent, *failure, history);
}

void run_all(const Extension& extension, const MaintenanceOptions& options, History& history) {
  const Triage triage = sort_out(extension, options, Mode::Caller, history);
  for (const std::string& name : triage.busy) {
    const std::optional<pg::Raise> failure = maintain_in_subtransaction(extension, name, options, history);
    if (failure) record_failure(extension, name, *failure, history);
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + in_quotes(name);
  return text;
}

const char* name_of(core::PlanPart part) noexcept {
  if (part == core::PlanPart::All) return "maintenance";
  return part == core::PlanPart::Creations ? "provisioning" : "cleanup";
}

Job maintenance_job(const MaintenanceOptions& options) {
  return {"PARTMAN RUN MAINTENANCE", options.jobmon ? Job::Wanted::Yes : Job::Wanted::No};
}

constexpr const char* kMaintenanceStep = "Running maintenance of partition sets";
constexpr const char* kAlreadyRunning = "maintenance is already running in another session";

}  // namespace

void run_maintenance(const Extension& extension, const std::optional<std::string>& parent,
                     const MaintenanceOptions& options) {
  if (pg::in_recovery()) return;
  History history(extension, Mode::Caller, parent);
  if (!pg::try_transaction_lock("pg_partman run_maintenance")) {
    history.skip();
    pg::report({.level = NOTICE, .message = kAlreadyRunning});
    return;
  }
  history.begin();
  warn_of_rivals(extension, parent);
  logged(maintenance_job(options), kMaintenanceStep, Mode::Caller, [&](Job&) {
    if (parent) return run_named(extension, *parent, options, history);
    run_all(extension, options, history);
  });
  history.finish();
}

namespace {

// A set's failure becomes a value only after the rollback of what it had begun, so the error at the end finds the
// transaction usable.
void maintain_committing(const Extension& extension, const MaintenanceOptions& options, History& history) {
  Triage triage = sort_out(extension, options, Mode::Committing, history);
  pg::wait_point("maintain_sorted");
  // So far only times of runs were written, and a crash may take those back: a run with nothing to do need not wait for
  // the disk, nor for standbys.
  pg::set_local("synchronous_commit", "off");
  pg::commit_and_start();
  for (const std::string& name : triage.busy) {
    const std::optional<pg::Raise> failure =
        failure_of([&] { return maintain_again(extension, name, options, Mode::Committing, history); });
    if (failure) {
      record_failure(extension, name, *failure, history);
      triage.failed.push_back(name);
    }
    pg::commit_and_start();
    pg::sleep_ms(1000L * options.wait_seconds);
  }
  history.finish();
  const bool raises = options.failures == MaintenanceOptions::Failures::Raise || strict_maintenance();
  if (triage.failed.empty() || !raises) return;
  throw SetsFailed{
      {.sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
       .message = std::string(name_of(options.part)) + " failed for " + joined(triage.failed),
       .detail = "All other sets were maintained. The reason for each is in the warnings before this error.",
       .hint =
           "SELECT * FROM " + pg::qualified(extension.schema(), "plan_maintenance") + "() shows what is left to do."}};
}

}  // namespace

void run_maintenance_committing(const Extension& extension, const MaintenanceOptions& options) {
  if (pg::in_recovery()) return;
  const pg::AdvisoryLock lock("pg_partman run_maintenance_proc");
  History history(extension, Mode::Committing, std::nullopt);
  if (!lock.held()) {
    history.skip();
    pg::report({.level = NOTICE, .message = kAlreadyRunning});
    return;
  }
  history.begin();
  warn_of_rivals(extension, std::nullopt);
  logged(maintenance_job(options), kMaintenanceStep, Mode::Committing,
         [&](Job&) { maintain_committing(extension, options, history); });
}

}  // namespace strata::ops
