// Locks. A move holds EXCLUSIVE on the parent and the partition before the first row is deleted: writers of the set
// wait for the table, readers go on. With row locks alone, a writer that holds its lock on the parent and waits for one
// of our rows would deadlock the detaching, which comes later in the same transaction (truths 3). Detaching takes what
// DETACH takes, under one deadline, and looks again whether the partition is empty. Before that it waits for snapshots
// older than the move, holding no lock in the procedure.
#include "ops/undo.hpp"

#include "ops/child.hpp"
#include "ops/forget.hpp"
#include "ops/jobmon.hpp"
#include "ops/key_step.hpp"
#include "ops/observe.hpp"
#include "ops/online_drain.hpp"
#include "ops/properties.hpp"
#include "ops/transfer.hpp"
#include "pg/snapshots.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

constexpr int kReplans = 100;

// --- what is checked first, as the caller ----------------------------------------------------------------------------

struct Partition {
  core::Child child;
  char kind = 'r';
  [[nodiscard]] std::string quoted() const { return pg::qualified(child.schema, child.name); }
  [[nodiscard]] std::string source() const { return (kind == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ") + quoted(); }
};

struct Work {
  ManagedSet set;
  Parent target;
  KeyStep step;
  pg::CheckAs check = {};
};

// The default first.
std::vector<Partition> partitions_of(const ManagedSet& set) {
  std::vector<Partition> partitions;
  if (set.inventory.default_partition)
    partitions.push_back({.child = *set.inventory.default_partition, .kind = set.default_facts.kind});
  for (std::size_t n = 0; n < set.inventory.children.size(); ++n)
    partitions.push_back({.child = set.inventory.children[n], .kind = set.facts[n].kind});
  return partitions;
}

void require_no_subpartitions(const ManagedSet& set) {
  std::vector<Oid> children;
  for (const core::Child& child : set.inventory.children) children.push_back(child.oid);
  const pg::Rows rows = pg::query(
      "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.oid = ANY ($1) AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhparent = "
      "c.oid) ORDER BY 1 LIMIT 1",
      pg::Params().oids(children));
  if (rows.empty()) return;
  refuse(core::Code::NotInPrerequisiteState,
         "partition \"" + rows.text(0, 0) + "\" of \"" + set.parent.raw_name() + "\" has partitions of its own",
         "Undo that set first: sub-partitioned sets are undone from the bottom up.");
}

Parent checked_target(const ManagedSet& set, const std::string& name) {
  Parent target = other_table(name, "p_target_table");
  const pg::Rows rows = pg::query("SELECT 1 FROM pg_catalog.pg_partition_ancestors($1) AS a WHERE a.relid = $2",
                                  pg::Params().oid(target.oid).oid(set.parent.oid));
  if (!rows.empty() || target.oid == set.parent.oid)
    refuse(core::Code::InvalidParameterValue, "target table \"" + name + "\" is part of the set that is being undone",
           "Name a table outside of the set.");
  return target;
}

void require_plain_undo(const ManagedSet& set) {
  if (!set.config.async_in_progress) return;
  refuse(core::Code::NotInPrerequisiteState,
         "partition set \"" + set.parent.raw_name() + "\" is in the middle of an asynchronous move",
         "Finish partition_data_async first: its working table holds rows of the set.");
}

Work prepare(const Extension& extension, const UndoRequest& request) {
  if (request.target == request.parent)
    refuse(core::Code::InvalidParameterValue, "target table must not be the parent table \"" + request.parent + "\"",
           "Name a table outside of the set.");
  Work work{.set = load_set(extension, request.parent), .target = {}, .step = {}};
  require_owner_rights(work.set.parent);
  require_plain_undo(work.set);
  require_no_move(extension, work.set, Mode::Caller);
  require_no_subpartitions(work.set);
  work.target = checked_target(work.set, request.target);
  work.check = require_privileges(work.target, work.set.parent.owner, {"INSERT"});
  work.step = request.interval ? parse_step(work.set, *request.interval) : partition_step(work.set);
  std::vector<Oid> tables{work.set.parent.oid};
  for (const Partition& partition : partitions_of(work.set)) tables.push_back(partition.child.oid);
  require_no_delete_action(tables);
  return work;
}

// --- one partition ---------------------------------------------------------------------------------------------------

bool is_attached(const ManagedSet& set, const Partition& partition) {
  return is_still_called(set.parent.oid, set.parent.schema, set.parent.table) &&
         is_still_called(partition.child.oid, partition.child.schema, partition.child.name) &&
         !pg::query(
              "SELECT 1 FROM pg_catalog.pg_inherits WHERE inhrelid = $1 AND inhparent = $2 AND NOT "
              "inhdetachpending",
              pg::Params().oid(partition.child.oid).oid(set.parent.oid))
              .empty();
}

bool is_empty(const Partition& partition) {
  return pg::query("SELECT 1 FROM " + partition.source() + " LIMIT 1").empty();
}

// Up to and with the lowest key plus `times` steps (contract 8.1: the lowest key is read anew and the factor grows).
// Everything where no key says where that is.
std::string batch_condition(const Work& work, const Partition& partition, std::int64_t times) {
  const std::string key = pg::quote_ident(work.set.parent.key_column);
  const std::optional<core::Tick> lowest =
      extreme_key(work.set, End::Lowest, partition.source(), work.set.codec.finite_condition(key));
  if (!lowest) return "true";
  const core::Bound limit = moved_by(work.set, *lowest, work.step, times);
  if (!limit.finite()) return "true";
  try {
    return key + " <= " + work.set.literal(limit) + "::" + work.set.key_type_name();
  } catch (const pg::Raise&) {  // a time that no key can be written for
    return "true";
  }
}

enum class Left : std::uint8_t { Rows, Nothing };

struct Step {
  Attempt attempt;
  std::uint64_t rows = 0;
  Left left = Left::Rows;
};

Step move_rows(const Work& work, const UndoRequest& request, const MoveNote& note, const Partition& partition,
               std::int64_t times, const LockBudget& budget, Mode mode) {
  Step step;
  const std::array<Oid, 3> tables{work.set.parent.oid, partition.child.oid, work.target.oid};
  step.attempt = try_action(budget, mode, tables, [&](const pg::LockDeadline& deadline) {
    const pg::SchemaLoan target_schema(work.target.schema_oid, work.set.parent.owner);
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    if (!pg::lock_relation(work.set.parent.oid, ExclusiveLock, deadline) ||
        !pg::lock_relation(partition.child.oid, ExclusiveLock, deadline) ||
        !pg::lock_relation(work.target.oid, RowExclusiveLock, deadline) || !is_attached(work.set, partition) ||
        !is_still_called(work.target.oid, work.target.schema, work.target.table))
      return false;
    deadline.arm();
    Transfer transfer{.from = partition.child.oid,
                      .from_sql = partition.source(),
                      .to = work.target.oid,
                      .to_sql = work.target.quoted(),
                      .columns = moved_columns(work.target.oid, work.target.oid, request.ignored_columns),
                      .all_columns = request.ignored_columns.empty(),
                      .condition = batch_condition(work, partition, times),
                      .check = work.check};
    MovedRows moved = transfer_rows(transfer);
    if (moved.rows == 0) {  // keys that do not sort as they decode: no batch is better than another
      transfer.condition = "true";
      moved = transfer_rows(transfer);
    }
    step.rows = moved.rows;
    note.add(moved);
    step.left = is_empty(partition) ? Left::Nothing : Left::Rows;
    pg::wait_point("undo_moved");
    return true;
  });
  return step;
}

// A partition that never had a row hides none.
bool has_file(const Partition& partition) {
  return pg::query("SELECT pg_catalog.pg_relation_size($1) > 0", pg::Params().oid(partition.child.oid)).boolean(0, 0);
}

bool lock_for_detach(const ManagedSet& set, const ChildRecipe& recipe, Oid partition,
                     const pg::LockDeadline& deadline) {
  for (const Oid table : recipe.referenced)
    if (!pg::lock_relation(table, ShareRowExclusiveLock, deadline)) return false;
  for (const Oid table : recipe.referencing)
    if (!pg::lock_relation(table, AccessExclusiveLock, deadline)) return false;
  if (!pg::lock_relation(set.parent.oid, AccessExclusiveLock, deadline)) return false;
  const Oid default_oid = find_parent(set.parent.raw_name()).value_or(Parent{}).default_oid;
  if (OidIsValid(default_oid) && !pg::lock_relation(default_oid, AccessExclusiveLock, deadline)) return false;
  return pg::lock_relation(partition, AccessExclusiveLock, deadline);
}

void detach(const ManagedSet& set, const Partition& partition, UndoRequest::Emptied emptied) {
  pg::execute("ALTER TABLE " + set.parent.quoted() + " DETACH PARTITION " + partition.quoted());
  if (emptied == UndoRequest::Emptied::Kept) return;
  pg::execute(std::string("DROP ") + (partition.kind == RELKIND_FOREIGN_TABLE ? "FOREIGN TABLE " : "TABLE ") +
              partition.quoted() + (emptied == UndoRequest::Emptied::DroppedCascade ? " CASCADE" : ""));
}

// False when something has changed since. Transactions with a snapshot from before the rows moved find them in their
// partition, and nowhere once that is out of the set: they are waited for, before anything is locked. In the caller's
// transaction, whose move is not committed yet, once more with readers locked out; what that leaves open is told in
// docs/operations.md.
bool lock_and_detach(const ManagedSet& set, const UndoRequest& request, const Partition& partition,
                     const pg::LockDeadline& deadline, int budget_ms, Mode mode) {
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  const ChildRecipe recipe = read_recipe(set.parent, std::nullopt, Privileges::Own);
  const bool had_rows = has_file(partition);
  const pg::LockDeadline rest = deadline.after([&] {
    if (had_rows) pg::wait_for_snapshots(budget_ms);
  });
  if (!lock_for_detach(set, recipe, partition.child.oid, rest) || !is_attached(set, partition)) return false;
  if (had_rows && mode == Mode::Caller) pg::wait_for_snapshots(budget_ms);
  rest.arm();
  if (!is_empty(partition)) return false;
  detach(set, partition, request.emptied);
  pg::wait_point("undo_detached");
  return true;
}

Step detach_if_empty(const Work& work, const UndoRequest& request, const Partition& partition, const LockBudget& budget,
                     Mode mode) {
  const ManagedSet& set = work.set;
  const std::array<Oid, 2> tables{set.parent.oid, partition.child.oid};
  return {.attempt = try_action(budget, mode, tables, [&](const pg::LockDeadline& deadline) {
            return lock_and_detach(set, request, partition, deadline, budget.milliseconds, mode);
          })};
}

// --- the end ---------------------------------------------------------------------------------------------------------

bool is_named(const Extension& extension, const std::string& template_table) {
  return !pg::query("SELECT 1 FROM " + extension.object("part_config") +
                        " WHERE template_table = $1 UNION ALL SELECT 1 "
                        "FROM " +
                        extension.object("part_config_sub") + " WHERE sub_template_table = $1",
                    pg::Params().text(template_table))
              .empty();
}

Attempt forget(const Extension& extension, const ManagedSet& set, const LockBudget& budget, Mode mode) {
  const std::array<Oid, 1> tables{set.parent.oid};
  return try_action(budget, mode, tables, [&](const pg::LockDeadline& deadline) {
    deadline.arm();
    pg::execute("DELETE FROM " + extension.object("part_config") + " WHERE parent_table = $1",
                pg::Params().text(set.config.parent_table));
    if (const auto& name = set.config.template_table; name && !is_named(extension, *name))
      drop_template(extension, {.name = set.parent.raw_name(), .owner = set.parent.owner}, *name, deadline);
    return true;
  });
}

// --- one call --------------------------------------------------------------------------------------------------------

// Everything one call knows and counts.
struct Run {
  const Extension& extension;
  const UndoRequest& request;
  const MoveNote& note;
  LockBudget budget;
  Mode mode;
  Undone done = {};
  int batches = 0;
  [[nodiscard]] bool limit_reached() const noexcept { return request.batches && batches >= *request.batches; }
};

template <class F>
Step try_step(const Run& run, F&& step) {
  return try_for(run.request.lock_wait_seconds, run.budget, std::forward<F>(step));
}

enum class Went : std::uint8_t { On, Stopped, Changed };

// Deferred ends the call; what is done stays done.
Went stop_at(Run& run, const Attempt& attempt) {
  if (attempt.outcome == Outcome::Changed) return Went::Changed;
  run.done.attempt = attempt;
  return attempt.outcome == Outcome::Deferred ? Went::Stopped : Went::On;
}

// Keeps maintenance away from now on. Whoever holds the row is maintaining the set, or somebody's transaction is open.
Went mark(Run& run, const ManagedSet& set) {
  if (set.config.undo_in_progress) return Went::On;
  const std::string table = run.extension.object("part_config");
  std::array<Oid, 1> tables{};
  {
    const pg::SettingsScope settings;
    tables[0] = pg::query("SELECT $1::pg_catalog.regclass", pg::Params().text(table)).oid(0, 0);
  }
  const Step step = try_step(run, [&](const LockBudget& budget) -> Step {
    return {.attempt = try_action(budget, run.mode, tables, [&](const pg::LockDeadline& deadline) {
              deadline.arm();
              pg::execute("UPDATE " + table + " SET undo_in_progress = true WHERE parent_table = $1",
                          pg::Params().text(set.config.parent_table));
              return true;
            })};
  });
  return stop_at(run, step.attempt);
}

Step look(const Work& work, const Partition& partition, const LockBudget& budget, Mode mode) {
  Step step;
  const std::array<Oid, 1> tables{partition.child.oid};
  step.attempt = try_action(budget, mode, tables, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    if (!pg::lock_relation(partition.child.oid, AccessShareLock, deadline) || !is_attached(work.set, partition))
      return false;
    deadline.arm();
    step.left = is_empty(partition) ? Left::Nothing : Left::Rows;
    return true;
  });
  return step;
}

// Moves rows batch by batch until the partition is empty or the limit is reached, and detaches it when it is empty.
Went undo_one(Run& run, const Work& work, const Partition& partition) {
  const Step ours = try_step(run, [&](const LockBudget& budget) -> Step {
    return {.attempt = take_over(work.set, partition.child.oid, budget, run.mode)};
  });
  if (const Went went = stop_at(run, ours.attempt); went != Went::On) return went;
  const Step seen = try_step(run, [&](const LockBudget& budget) { return look(work, partition, budget, run.mode); });
  if (const Went went = stop_at(run, seen.attempt); went != Went::On) return went;
  bool empty = seen.left == Left::Nothing;
  for (std::int64_t times = 1; !empty; ++times) {
    pg::check_interrupts();
    const Step step = try_step(run, [&](const LockBudget& budget) {
      return move_rows(work, run.request, run.note, partition, times, budget, run.mode);
    });
    if (const Went went = stop_at(run, step.attempt); went != Went::On) return went;
    run.done.rows += step.rows;
    ++run.batches;
    empty = step.left == Left::Nothing;
    if (!empty && run.limit_reached()) return Went::Stopped;
  }
  const Step step = try_step(
      run, [&](const LockBudget& budget) { return detach_if_empty(work, run.request, partition, budget, run.mode); });
  if (const Went went = stop_at(run, step.attempt); went != Went::On) return went;
  ++run.done.partitions;
  return run.limit_reached() ? Went::Stopped : Went::On;
}

Went undo_all(Run& run, const Work& work) {
  for (const Partition& partition : partitions_of(work.set)) {
    pg::check_interrupts();
    if (const Went went = undo_one(run, work, partition); went != Went::On) return went;
  }
  return Went::On;
}

void finish(Run& run, const Work& work) {
  const std::array<Oid, 1> parents{work.set.parent.oid};
  if (run.done.attempt.outcome == Outcome::Deferred || !read_children(parents)[work.set.parent.oid].children.empty())
    return;
  const Step step = try_step(run, [&](const LockBudget& budget) -> Step {
    return {.attempt = forget(run.extension, work.set, budget, run.mode)};
  });
  run.done.attempt = step.attempt;
  run.done.complete = step.attempt.outcome == Outcome::Done;
}

MoveNote note_of(const Extension& extension, const UndoRequest& request, const char* operation) {
  return MoveNote(extension, {.operation = operation,
                              .parent_table = request.parent,
                              .from_table = request.parent,
                              .to_table = request.target});
}

Undone run_undo(const Extension& extension, const UndoRequest& request, const MoveNote& note, Mode mode) {
  Work work = prepare(extension, request);
  Run run{.extension = extension, .request = request, .note = note, .budget = budget_of(work.set.config), .mode = mode};
  if (mark(run, work.set) == Went::Stopped) return std::move(run.done);
  for (int replan = 0; undo_all(run, work) == Went::Changed; ++replan) {
    if (replan == kReplans)
      refuse(core::Code::NotInPrerequisiteState, "the partitions of \"" + request.parent + "\" change all the time",
             "Try again when other sessions have stopped changing them.");
    work = prepare(extension, request);
  }
  finish(run, work);
  return std::move(run.done);
}

constexpr const char* kLock = "pg_partman undo_partition";

// -1 is not for those who did not ask to wait.
void require_locked(const UndoRequest& request, const Undone& undone) {
  if (undone.attempt.outcome == Outcome::Deferred && request.lock_wait_seconds == 0)
    raise_not_locked(request.parent, undone.attempt);
}

std::string partitions_text(int partitions) {
  return std::to_string(partitions) + (partitions == 1 ? " partition removed" : " partitions removed");
}

}  // namespace

Undone undo(const Extension& extension, const UndoRequest& request) {
  if (!pg::try_transaction_lock(kLock)) {
    notice("another session is undoing partitions already");
    return {.attempt = {.outcome = Outcome::Deferred, .blocked_by = "another call of undo_partition"}};
  }
  Undone undone = run_undo(extension, request, note_of(extension, request, "undo_partition"), Mode::Caller);
  require_locked(request, undone);
  if (undone.attempt.outcome == Outcome::Deferred)
    notice("could not lock the partitions of \"" + request.parent + "\" in time; " + std::to_string(undone.rows) +
           " rows were moved before");
  else
    notice(std::to_string(undone.rows) + " rows moved, " + partitions_text(undone.partitions));
  return undone;
}

void undo_committing(const Extension& extension, const UndoRequest& request, const BatchLoop& loop) {
  (void)prepare(extension, request);
  const pg::AdvisoryLock lock("pg_partman undo_partition_proc", request.parent);
  if (!lock.held()) {
    notice("undo_partition_proc is already running for \"" + request.parent + "\"");
    return;
  }
  const MoveNote note = note_of(extension, request, "undo_partition_proc");
  int partitions = 0;
  const auto next = [&]() -> Batch {
    if (!pg::try_transaction_lock(kLock))
      return {.attempt = {.outcome = Outcome::Deferred, .blocked_by = "another call of undo_partition"}};
    const Undone undone = run_undo(extension, request, note, Mode::Committing);
    partitions += undone.partitions;
    return {.attempt = undone.attempt,
            .rows = undone.rows,
            .more = ", " + partitions_text(undone.partitions),
            .last = undone.complete};
  };
  const std::uint64_t rows = logged(Job("PARTMAN UNDO PARTITIONING: " + request.parent, extension, request.parent),
                                    "Moving rows to " + request.target, Mode::Committing,
                                    [&](Job&) { return run_batches(loop, request.parent, next); });
  if (loop.notices == BatchLoop::Notices::All)
    notice("total rows moved: " + std::to_string(rows) + ", " + partitions_text(partitions));
  notice("run VACUUM ANALYZE on \"" + request.target + "\" to finish");
}

}  // namespace strata::ops
