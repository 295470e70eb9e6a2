#include "ops/source.hpp"

#include "ops/analyze.hpp"
#include "ops/default_rows.hpp"
#include "ops/grow.hpp"
#include "ops/observe.hpp"
#include "ops/source_online.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace from_source {

namespace {

constexpr std::size_t kMostTogether = 400;  // partitions that one pass fills

MoveNote note_of(const Extension& extension, const Work& work, const char* operation) {
  return MoveNote(extension, {.operation = operation,
                              .parent_table = work.set.config.parent_table,
                              .from_table = work.source.raw_name(),
                              .to_table = work.set.parent.raw_name()});
}

// --- one batch -------------------------------------------------------------------------------------------------------

// Where the last batch ended, if there was one: the index is full of its dead rows, which a search from the end would
// all look at. Rows that have come there since are for the next call.
std::optional<core::Tick> next_key(const Work& work) {
  std::string where = work.set.codec.finite_condition(pg::quote_ident(work.set.parent.key_column));
  if (work.done && !work.set.is_list() && !work.set.codec.foreign()) {
    const core::Range beyond = work.order == Order::Ascending
                                   ? core::Range{.lower = work.done->upper, .upper = core::Bound::max()}
                                   : core::Range{.lower = core::Bound::min(), .upper = work.done->lower};
    where += " AND " + key_condition(work.set, beyond);
  }
  return extreme_key(work.set, work.order == Order::Ascending ? End::Lowest : End::Highest, source_sql(work.source),
                     where, work.check);
}

struct Slice {
  core::Range cell;
  core::Range rows;  // the part of it that moves now
};

// Upwards from the cell's lower end to a step above the lowest key, or a step below the highest to the upper end.
std::optional<Slice> next_slice(const Work& work) {
  const std::optional<core::Tick> key = next_key(work);
  if (!key) return std::nullopt;
  const core::Range cell = range_of_key(work.set, *key);
  Slice slice{.cell = cell, .rows = cell};
  if (work.set.is_list()) return slice;
  if (work.order == Order::Descending) {
    slice.rows.lower = std::max(cell.lower, moved_by(work.set, *key, work.step, -1));
    return slice;
  }
  // Dates hide the time of day, so that less than a day may not move them.
  const core::Bound past_key = core::Bound::at(*key == std::numeric_limits<core::Tick>::max() ? *key : *key + 1);
  slice.rows.upper = std::min(cell.upper, std::max(past_key, moved_by(work.set, *key, work.step, 1)));
  return slice;
}

// Gives what moved; nothing when something has changed since.
std::optional<MovedRows> move_slice(const Work& work, const SourceRequest& request, const Slice& slice,
                                    const pg::LockDeadline& deadline) {
  const core::Child& child = *partition_for(work.set, slice.cell);
  deadline.arm();
  take_over(work.set.parent, child.oid);
  const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
  const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
  if (!pg::lock_relation(work.source.oid, RowExclusiveLock, deadline) ||
      !is_still_called(work.source.oid, work.source.schema, work.source.table) ||
      !pg::lock_relation(child.oid, RowExclusiveLock, deadline) ||
      !is_still_called(child.oid, child.schema, child.name))
    return std::nullopt;
  deadline.arm();
  const MovedRows moved =
      transfer_rows({.from = work.source.oid,
                     .from_sql = source_sql(work.source),
                     .to = child.oid,
                     .to_sql = pg::qualified(child.schema, child.name),
                     .columns = moved_columns(work.source.oid, work.set.parent.oid, request.data.ignored_columns),
                     .all_columns = request.data.ignored_columns.empty(),
                     .condition = key_condition(work.set, slice.rows),
                     .identity = request.identity,
                     .check = work.check});
  request.data.note->add(moved);
  pg::wait_point("source_moved");
  return moved;
}

// Reading the source waits for locks, too.
Attempt find_slice(const Work& work, const LockBudget& budget, Mode mode, std::optional<Slice>& slice) {
  const std::array<Oid, 1> read{work.source.oid};
  return try_action(budget, mode, read, [&](const pg::LockDeadline& deadline) {
    const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    deadline.arm();
    slice = next_slice(work);
    return true;
  });
}

Moved try_batch(const Extension& extension, const SourceRequest& request, const std::optional<core::Range>& done,
                const LockBudget& budget, Mode mode) {
  Moved moved;
  for (int replan = 0; replan < kReplans; ++replan) {
    Work work = prepare(extension, request);
    work.done = done;
    std::optional<Slice> slice;
    moved.attempt = find_slice(work, budget, mode, slice);
    if (moved.attempt.outcome == Outcome::Deferred || !slice) return moved;
    moved.range = slice->rows;
    const ProvidedPartition provided = provide_partition(extension, work.set, slice->cell, budget, mode);
    moved.attempt = provided.attempt;
    if (provided.attempt.outcome == Outcome::Deferred) return moved;
    if (provided.attempt.outcome == Outcome::Changed) continue;
    if (provided.existence == Existence::Created) {
      moved.partition = Existence::Created;
      work.set = load_set(extension, request.data.parent);
      if (partition_for(work.set, slice->cell) == nullptr) continue;
    }
    const std::array<Oid, 2> tables{work.source.oid, partition_for(work.set, slice->cell)->oid};
    moved.attempt = try_action(budget, mode, tables, [&](const pg::LockDeadline& deadline) {
      const std::optional<MovedRows> done = move_slice(work, request, *slice, deadline);
      moved.rows = done.value_or(MovedRows{}).rows;
      return done.has_value();
    });
    if (moved.attempt.outcome != Outcome::Done) moved.rows = 0;
    if (moved.attempt.outcome != Outcome::Changed) return moved;
  }
  refuse(core::Code::NotInPrerequisiteState,
         "the partitions of \"" + request.data.parent + "\" change faster than rows can be moved",
         "Try again when other sessions have stopped changing them.");
}

Moved move_batch(const Extension& extension, const SourceRequest& request, const std::optional<core::Range>& done,
                 const LockBudget& budget, Mode mode) {
  return try_for(request.data.lock_wait_seconds, budget,
                 [&](const LockBudget& each) { return try_batch(extension, request, done, each, mode); });
}

// --- many partitions in one pass -------------------------------------------------------------------------------------

// Batches are whole partitions, and the index tells which without a scan for each.
bool may_move_together(const Work& work, const SourceRequest& request) {
  const bool whole = !request.data.interval || !is_smaller(work.set, parse_step(work.set, *request.data.interval));
  return whole && request.data.cells.count > 1 && request.data.ignored_columns.empty() && !work.set.is_list() &&
         !work.set.codec.foreign() && has_index_on(work.source.oid, work.set.parent.key_column);
}

// Those with rows in the source, in the order of the request.
std::vector<core::Range> cells_ahead(Work work, std::size_t count) {
  std::vector<core::Range> cells;
  for (std::optional<Slice> slice; cells.size() < count && (slice = next_slice(work)).has_value();) {
    cells.push_back(slice->cell);
    work.done = slice->cell;
  }
  return cells;
}

Attempt find_cells(const Work& work, std::size_t count, const LockBudget& budget, Mode mode,
                   std::vector<core::Range>& cells) {
  const std::array<Oid, 1> read{work.source.oid};
  return try_action(budget, mode, read, [&](const pg::LockDeadline& deadline) {
    const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    deadline.arm();
    cells = cells_ahead(work, std::min(count, kMostTogether));
    std::ranges::sort(cells, {}, &core::Range::lower);
    return true;
  });
}

// Nothing where it cannot be done so, or something has changed: then partition after partition.
std::optional<Moved> move_together(const Extension& extension, const SourceRequest& request, std::size_t count,
                                   const std::optional<core::Range>& done, const LockBudget& budget, Mode mode) {
  Work work = prepare(extension, request);
  if (!may_move_together(work, request)) return std::nullopt;
  work.done = done;
  Moved moved;
  std::vector<core::Range> cells;
  moved.attempt = find_cells(work, count, budget, mode, cells);
  if (moved.attempt.outcome == Outcome::Deferred || cells.empty()) return moved;
  for (const core::Range& cell : cells) {
    const ProvidedPartition provided = provide_partition(extension, work.set, cell, budget, mode);
    moved.attempt = provided.attempt;
    if (provided.attempt.outcome == Outcome::Deferred) return moved;
    if (provided.attempt.outcome == Outcome::Changed) return std::nullopt;
    if (provided.existence == Existence::Created) moved.partition = Existence::Created;
  }
  work.set = load_set(extension, request.data.parent);
  std::vector<const core::Child*> children;
  for (const core::Range& cell : cells) children.push_back(partition_for(work.set, cell));
  if (std::ranges::find(children, nullptr) != children.end()) return std::nullopt;
  std::vector<Oid> tables = oids_of(children);
  tables.push_back(work.source.oid);
  std::optional<MovedRows> rows;
  moved.attempt = try_action(budget, mode, tables, [&](const pg::LockDeadline& deadline) {
    return spread(work, request, children, hull_condition(work.set, cells), deadline, rows);
  });
  if (moved.attempt.outcome == Outcome::Changed || (moved.attempt.outcome == Outcome::Done && !rows))
    return std::nullopt;
  moved.rows = rows.value_or(MovedRows{}).rows;
  moved.range = work.order == Order::Ascending ? cells.back() : cells.front();
  return moved;
}

// Of one call: -1 when the locks were not to be had.
std::int64_t report(const Work& work, const SourceRequest& request, const Attempt& deferred) {
  if (request.data.lock_wait_seconds == 0) raise_not_locked(work.source.raw_name(), deferred);
  return -1;
}

}  // namespace

}  // namespace from_source

const core::Child* partition_for(const ManagedSet& set, const core::Range& range) noexcept {
  const auto& children = set.inventory.children;
  const auto found = std::ranges::find_if(children, [&](const core::Child& child) {
    return set.is_list() ? child.range.lower == range.lower : child.range.overlaps(range);
  });
  return found != children.end() ? &*found : nullptr;
}

ProvidedPartition provide_partition(const Extension& extension, const ManagedSet& set, const core::Range& range,
                                    const LockBudget& budget, Mode mode) {
  if (partition_for(set, range) != nullptr) return {};
  std::vector<core::Action> actions{
      value_or_raise(core::create_action(set.policy, set.calendar(), range, "rows to move in", name_rules()))};
  PlannedSet planned;
  try {
    planned = plan_creations(extension, set, std::move(actions));
  } catch (const SetChanged&) {
    return {.attempt = {.outcome = Outcome::Changed, .blocked_by = {}}};
  }
  if (planned.actions.front().action.kind == core::ActionKind::Blocked)
    refuse(core::Code::CheckViolation,
           "rows in the default partition of \"" + set.parent.raw_name() + "\" belong to a partition that is missing",
           "Move them first with " + cure_for_default(extension, set) + ".");
  planned.set.config.lock_timeout_ms = budget.milliseconds;
  planned.set.config.lock_tries = budget.tries;
  // In one transaction with the move writers would wait for all of it.
  const Writers writers = mode == Mode::Committing ? Writers::Wait : Writers::GoOn;
  return {.attempt = create_partition(extension, planned, planned.actions.front(), mode, writers),
          .existence = Existence::Created};
}

std::int64_t move_from_source(const Extension& extension, const SourceRequest& asked, KeyKind kind) {
  const from_source::Work work = from_source::prepare(extension, asked);
  require_kind(work.set, kind);
  const MoveNote note =
      from_source::note_of(extension, work, kind == KeyKind::Time ? "partition_data_time" : "partition_data_id");
  SourceRequest request = asked;
  request.data.note = &note;
  const LockBudget budget = budget_of(work.set.config);
  std::int64_t total = 0;
  Existence last = Existence::Existed;
  std::optional<core::Range> done;
  bool together = true;
  for (std::size_t left = request.data.cells.count; left > 0;) {
    pg::check_interrupts();
    from_source::Moved moved;
    if (together)
      moved = try_for(request.data.lock_wait_seconds, budget, [&](const LockBudget& each) {
        std::optional<from_source::Moved> all =
            from_source::move_together(extension, request, left, done, each, Mode::Caller);
        together = all.has_value();
        return all.value_or(from_source::Moved{});
      });
    if (!together) moved = from_source::move_batch(extension, request, done, budget, Mode::Caller);
    if (moved.attempt.outcome == Outcome::Deferred) return from_source::report(work, request, moved.attempt);
    if (moved.rows == 0) break;
    left -= std::min(left, together ? from_source::kMostTogether : 1);
    last = moved.partition;
    done = moved.range;
    total += static_cast<std::int64_t>(moved.rows);
  }
  if (last == Existence::Created && request.data.analyze == AnalyzeParent::Yes) analyze_set(work.set, Mode::Caller);
  return total;
}

void move_from_source_committing(const Extension& extension, const SourceRequest& asked, const BatchLoop& loop) {
  const from_source::Work work = from_source::prepare(extension, asked);
  const pg::AdvisoryLock lock("pg_partman partition_data_proc", work.set.config.parent_table);
  if (!lock.held()) {
    notice("partition_data_proc is already running for \"" + work.set.config.parent_table + "\"");
    return;
  }
  const MoveNote note = from_source::note_of(extension, work, "partition_data_proc");
  SourceRequest request = asked;
  request.data.note = &note;
  from_source::OnlineSource online(extension, request, work.source);
  from_source::SourcePass pass(extension, request);
  bool in_parts = from_source::may_move_in_parts(work, request, loop);
  bool goes_online = in_parts;
  const auto next = [&]() -> Batch {
    if (goes_online)
      if (std::optional<Batch> batch = online.next()) return *std::move(batch);
    goes_online = false;
    if (in_parts) {
      Batch batch = pass.next();
      in_parts = batch.rows > 0 || batch.attempt.outcome == Outcome::Deferred;
      if (in_parts) return batch;
    }
    // From the start each time: what has come meanwhile moves, too, and dead rows are passed once.
    const from_source::Moved moved =
        from_source::move_batch(extension, request, std::nullopt, budget_of(work.set.config), Mode::Committing);
    return {.attempt = moved.attempt, .rows = moved.rows};
  };
  std::uint64_t total = 0;
  try {
    total = run_batches(loop, work.source.raw_name(), next);
  } catch (...) {
    online.give_up();
    throw;
  }
  if (loop.notices == BatchLoop::Notices::All) notice("total rows moved: " + std::to_string(total));
  notice("run VACUUM ANALYZE on \"" + work.set.parent.raw_name() + "\" and \"" + work.source.raw_name() +
         "\" to finish");
}

}  // namespace strata::ops
