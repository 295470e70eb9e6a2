#include "ops/source.hpp"

#include "ops/analyze.hpp"
#include "ops/default_rows.hpp"
#include "ops/grow.hpp"
#include "ops/key_step.hpp"
#include "ops/observe.hpp"
#include "pg/bulk_load.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr int kReplans = 10;
constexpr std::size_t kMostTogether = 400;  // partitions that one pass fills

// --- what is checked first, as the caller ----------------------------------------------------------------------------

void require_outside(const ManagedSet& set, const Parent& source) {
  if (source.oid == set.parent.default_oid)
    refuse(core::Code::InvalidParameterValue,
           "source table \"" + source.raw_name() + "\" is the default partition of the set",
           "Leave p_source_table out to move rows from the default partition.");
  const pg::Rows rows = pg::query("SELECT 1 FROM pg_catalog.pg_partition_ancestors($1) AS a WHERE a.relid = $2",
                                  pg::Params().oid(source.oid).oid(set.parent.oid));
  if (!rows.empty() || source.oid == set.parent.oid)
    refuse(core::Code::InvalidParameterValue,
           "source table \"" + source.raw_name() + "\" is part of the set \"" + set.parent.raw_name() + "\"",
           "Rows move into the set from tables outside of it, or from its default partition.");
  if (source.kind == RELKIND_PARTITIONED_TABLE)
    refuse(core::Code::WrongObjectType, "source table \"" + source.raw_name() + "\" is partitioned",
           "Name its partitions one by one.");
}

// Types that are read and compared alike.
bool same_family(Oid type, Oid other) {
  const auto is_integer = [](Oid t) { return t == INT2OID || t == INT4OID || t == INT8OID; };
  const auto is_text = [](Oid t) { return t == TEXTOID || t == VARCHAROID; };
  return type == other || (is_integer(type) && is_integer(other)) || (is_text(type) && is_text(other));
}

void require_key_column(const ManagedSet& set, const Parent& source) {
  const std::optional<TableColumn> column = find_column(source.oid, set.parent.key_column);
  if (!column)
    refuse(core::Code::UndefinedColumn,
           "source table \"" + source.raw_name() + "\" has no column \"" + set.parent.key_column + "\"",
           "The control column must have the same name there.");
  if (!same_family(column->type, set.parent.key_type))
    refuse(core::Code::DatatypeMismatch,
           "column \"" + set.parent.key_column + "\" of source table \"" + source.raw_name() + "\" is not of type " +
               pg::type_name(set.parent.key_type),
           "The control column must have the same type there; integers may differ in size.");
}

// p_batch_interval where it is smaller than the partition interval, which it cannot exceed.
KeyStep step_of(const ManagedSet& set, const std::optional<std::string>& interval) {
  if (!interval) return partition_step(set);
  const KeyStep step = parse_step(set, *interval);
  return is_smaller(set, step) ? step : partition_step(set);
}

struct Work {
  ManagedSet set;
  Parent source;
  KeyStep step;
  Order order = Order::Ascending;
  pg::CheckAs check = {};
  std::optional<core::Range> done = {};  // what this call has moved last
};

Work prepare(const Extension& extension, const SourceRequest& request) {
  if (request.data.cells.infinity == Infinity::Ignore)
    refuse(core::Code::InvalidParameterValue, "p_ignore_infinity cannot be used together with p_source_table",
           "Rows with an infinite key stay in a source table anyway.");
  Work work{.set = load_set(extension, request.data.parent), .source = {}, .step = {}};
  require_owner_rights(work.set.parent);
  require_idle(work.set);
  work.source = other_table(request.source, "p_source_table");
  require_outside(work.set, work.source);
  require_key_column(work.set, work.source);
  work.check = require_privileges(work.source, work.set.parent.owner, {"SELECT", "DELETE"});
  const std::array<Oid, 1> tables{work.source.oid};
  require_no_delete_action(tables);
  work.step = step_of(work.set, request.data.interval);
  work.order = order_of(request.data.order);
  return work;
}

MoveNote note_of(const Extension& extension, const Work& work, const char* operation) {
  return MoveNote(extension, {.operation = operation,
                              .parent_table = work.set.config.parent_table,
                              .from_table = work.source.raw_name(),
                              .to_table = work.set.parent.raw_name()});
}

// --- one batch -------------------------------------------------------------------------------------------------------

std::string source_sql(const Parent& source) {
  return "ONLY " + source.quoted();
}

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

struct Moved {
  Attempt attempt;
  std::uint64_t rows = 0;
  Existence partition = Existence::Existed;
  std::optional<core::Range> range = {};
};

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

std::vector<Oid> oids_of(std::span<const core::Child* const> children) {
  std::vector<Oid> oids;
  for (const core::Child* child : children) oids.push_back(child->oid);
  return oids;
}

bool are_still_called(std::span<const core::Child* const> children) {
  std::vector<std::string> names;
  for (const core::Child* child : children) names.push_back(child->schema + "." + child->name);
  return pg::query(
             "SELECT pg_catalog.count(*) = pg_catalog.cardinality($1) FROM ROWS FROM (pg_catalog.unnest($1), "
             "pg_catalog.unnest($2::text[])) AS t(oid, "
             "name) JOIN pg_catalog.pg_class c ON c.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = "
             "c.relnamespace WHERE pg_catalog.concat(n.nspname, '.', c.relname) = t.name",
             pg::Params().oids(oids_of(children)).texts(names))
      .boolean(0, 0);
}

// False when something has changed since. `moved` stays empty where statements are needed.
bool spread(const Work& work, const SourceRequest& request, std::span<const core::Child* const> children,
            const std::string& condition, const pg::LockDeadline& deadline, std::optional<MovedRows>& moved) {
  deadline.arm();
  take_over(work.set.parent, oids_of(children));
  const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
  const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
  if (!pg::lock_relation(work.source.oid, RowExclusiveLock, deadline) ||
      !is_still_called(work.source.oid, work.source.schema, work.source.table))
    return false;
  Spread all{.from = work.source.oid,
             .from_sql = source_sql(work.source),
             .parent = work.set.parent.oid,
             .to = {},
             .condition = condition,
             .identity = request.identity,
             .check = work.check};
  for (const core::Child* child : children) {
    if (!pg::lock_relation(child->oid, RowExclusiveLock, deadline)) return false;
    all.to.push_back(route_target(work.set, child->range, child->oid));
  }
  if (!are_still_called(children)) return false;
  deadline.arm();
  moved = spread_rows(all);
  request.data.note->add(moved.value_or(MovedRows{}));
  pg::wait_point("source_moved");
  return true;
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

// --- all of it, part by part -----------------------------------------------------------------------------------------

constexpr std::uint32_t kFirstPages = 128;
constexpr std::uint32_t kMostPages = 16 * 1024;
constexpr std::size_t kStraysAtOnce = 1000;
constexpr std::size_t kMostOfPart = 1000;  // partitions, each with a lock of its own and those of its indexes
constexpr std::uint64_t kRowsOfBatch = 1'000'000;

// The procedure without a limit: some pages of the source at a time, whose rows go where they belong, in a transaction
// that takes about as long as the lock budget. So long whoever changes one of these rows waits for us, whether the rows
// of a partition lie together or not, and whether there is an index that finds them or not.
class SourcePass {
 public:
  SourcePass(const Extension& extension, const SourceRequest& request) : extension_(extension), request_(request) {}
  // As many parts as make a batch. No rows: what is left, if anything, has come meanwhile, or needs statements.
  [[nodiscard]] Batch next();

 private:
  struct Seen {
    std::vector<const core::Child*> filled;  // partitions with rows of this part
    std::vector<core::Range> missing;        // partitions that other rows need
  };
  [[nodiscard]] std::string condition(const Work& work) const;
  [[nodiscard]] Seen look(const Work& work) const;
  [[nodiscard]] Moved move_part(const LockBudget& budget);
  [[nodiscard]] Moved step(const LockBudget& budget);
  void keep_to(const LockBudget& budget);

  const Extension& extension_;
  const SourceRequest& request_;
  bool over_ = false;
  bool is_partial_ = false;                        // rows of further partitions are left in the current part
  std::chrono::steady_clock::duration took_ = {};  // the last move
  std::uint32_t first_ = 0;
  std::uint32_t count_ = kFirstPages;
  std::optional<std::uint32_t> pages_;  // of the source when it began
};

bool may_move_in_parts(const Work& work, const SourceRequest& request, const BatchLoop& loop) {
  const bool whole = !request.data.interval || !is_smaller(work.set, parse_step(work.set, *request.data.interval));
  return whole && loop.batches.value_or(0) <= 0 && work.order == Order::Ascending &&
         request.data.ignored_columns.empty() && !work.set.is_list() && !work.set.codec.foreign() &&
         work.source.kind == RELKIND_RELATION && !OidIsValid(work.check.relation);
}

std::string SourcePass::condition(const Work& work) const {
  const auto at = [](std::uint32_t page) { return "'(" + std::to_string(page) + ",0)'::pg_catalog.tid"; };
  return work.set.codec.finite_condition(pg::quote_ident(work.set.parent.key_column)) + " AND ctid >= " + at(first_) +
         " AND ctid < " + at(first_ + count_);
}

std::vector<core::Tick> ticks_of(const ManagedSet& set, const std::vector<std::string>& keys) {
  std::vector<core::Tick> ticks;
  if (keys.empty()) return ticks;
  const pg::Rows rows = pg::query("SELECT " + set.codec.row_expression("k.key") +
                                      " FROM pg_catalog.unnest($1::text[]::" + set.key_type_name() + "[]) AS k(key)",
                                  pg::Params().texts(keys));
  for (std::size_t row = 0; row < rows.size(); ++row) ticks.push_back(set.codec.row_tick(rows, row, 0));
  return ticks;
}

// One scan tells both.
SourcePass::Seen SourcePass::look(const Work& work) const {
  Seen seen;
  const std::vector<core::Child>& children = work.set.inventory.children;  // ascending
  std::vector<pg::RouteTarget> targets;
  for (const core::Child& child : children) targets.push_back(route_target(work.set, child.range, child.oid));
  const pg::RoutedKeys routed =
      pg::route_keys(work.set.parent.oid, targets,
                     "SELECT " + pg::quote_ident(work.set.parent.key_column) + "::" + work.set.key_type_name() +
                         " FROM " + source_sql(work.source) + " WHERE " + condition(work),
                     kStraysAtOnce);
  for (std::size_t n = 0; n < children.size() && seen.filled.size() < kMostOfPart; ++n)
    if (routed.counts[n] > 0) seen.filled.push_back(&children[n]);
  for (const core::Tick tick : ticks_of(work.set, routed.stray_keys)) {
    const auto holds = [tick](const core::Range& range) { return range.contains(tick); };
    if (std::ranges::none_of(seen.missing, holds)) seen.missing.push_back(range_of_key(work.set, tick));
  }
  return seen;
}

// Some of the rows of the current part. Changed: look again. Done without rows: none of them has a place.
Moved SourcePass::move_part(const LockBudget& budget) {
  Work work = prepare(extension_, request_);
  if (!pages_)
    pages_ = static_cast<std::uint32_t>(
        pg::query("SELECT pg_catalog.pg_relation_size($1)", pg::Params().oid(work.source.oid)).int8(0, 0) / BLCKSZ);
  Seen seen;
  const std::array<Oid, 1> read{work.source.oid};
  Moved moved;
  moved.attempt = try_action(budget, Mode::Committing, read, [&](const pg::LockDeadline& deadline) {
    const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    deadline.arm();
    seen = look(work);
    return true;
  });
  if (moved.attempt.outcome != Outcome::Done) return moved;
  for (const core::Range& cell : seen.missing) {
    moved.attempt = provide_partition(extension_, work.set, cell, budget, Mode::Committing).attempt;
    if (moved.attempt.outcome != Outcome::Done) return moved;
  }
  if (!seen.missing.empty()) return {.attempt = {.outcome = Outcome::Changed, .blocked_by = {}}};
  is_partial_ = seen.filled.size() == kMostOfPart;
  took_ = {};
  if (seen.filled.empty()) return moved;
  std::vector<Oid> tables = oids_of(seen.filled);
  tables.push_back(work.source.oid);
  std::optional<MovedRows> rows;
  moved.attempt = try_action(budget, Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
    const auto start = std::chrono::steady_clock::now();
    const bool done = spread(work, request_, seen.filled, condition(work), deadline, rows);
    took_ = std::chrono::steady_clock::now() - start;
    return done;
  });
  over_ = moved.attempt.outcome == Outcome::Done && !rows;
  if (moved.attempt.outcome == Outcome::Done) moved.rows = rows.value_or(MovedRows{}).rows;
  return moved;
}

Moved SourcePass::step(const LockBudget& budget) {
  for (int replan = 0; replan < kReplans; ++replan) {
    Moved moved = move_part(budget);
    if (moved.attempt.outcome != Outcome::Changed) return moved;
  }
  over_ = true;  // the loop behind us knows how to give up
  return {};
}

// The next part is chosen so that it takes between a third of the budget and all of it.
void SourcePass::keep_to(const LockBudget& budget) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(took_).count();
  if (took > budget.milliseconds) count_ = std::max(1U, count_ / 2);
  if (took < budget.milliseconds / 3) count_ = std::min(kMostPages, count_ * 2);
}

Batch SourcePass::next() {
  Batch batch;
  while (!over_ && batch.rows < kRowsOfBatch) {
    pg::check_interrupts();
    const LockBudget budget = budget_of(load_set(extension_, request_.data.parent).config);
    const Moved moved =
        try_for(request_.data.lock_wait_seconds, budget, [&](const LockBudget& each) { return step(each); });
    if (moved.attempt.outcome == Outcome::Deferred && batch.rows == 0) batch.attempt = moved.attempt;
    if (moved.attempt.outcome == Outcome::Deferred) break;
    batch.rows += moved.rows;
    if (is_partial_) continue;
    first_ += count_;
    over_ = over_ || first_ >= pages_.value_or(0);
    keep_to(budget);
  }
  return batch;
}

// Of one call: -1 when the locks were not to be had.
std::int64_t report(const Work& work, const SourceRequest& request, const Attempt& deferred) {
  if (request.data.lock_wait_seconds == 0) raise_not_locked(work.source.raw_name(), deferred);
  return -1;
}

}  // namespace

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
  PlannedSet planned = plan_creations(extension, set, std::move(actions));
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
  const Work work = prepare(extension, asked);
  require_kind(work.set, kind);
  const MoveNote note = note_of(extension, work, kind == KeyKind::Time ? "partition_data_time" : "partition_data_id");
  SourceRequest request = asked;
  request.data.note = &note;
  const LockBudget budget = budget_of(work.set.config);
  std::int64_t total = 0;
  Existence last = Existence::Existed;
  std::optional<core::Range> done;
  bool together = true;
  for (std::size_t left = request.data.cells.count; left > 0;) {
    pg::check_interrupts();
    Moved moved;
    if (together)
      moved = try_for(request.data.lock_wait_seconds, budget, [&](const LockBudget& each) {
        std::optional<Moved> all = move_together(extension, request, left, done, each, Mode::Caller);
        together = all.has_value();
        return all.value_or(Moved{});
      });
    if (!together) moved = move_batch(extension, request, done, budget, Mode::Caller);
    if (moved.attempt.outcome == Outcome::Deferred) return report(work, request, moved.attempt);
    if (moved.rows == 0) break;
    left -= std::min(left, together ? kMostTogether : 1);
    last = moved.partition;
    done = moved.range;
    total += static_cast<std::int64_t>(moved.rows);
  }
  if (last == Existence::Created && request.data.analyze == AnalyzeParent::Yes) analyze_set(work.set, Mode::Caller);
  return total;
}

void move_from_source_committing(const Extension& extension, const SourceRequest& asked, const BatchLoop& loop) {
  const Work work = prepare(extension, asked);
  const pg::AdvisoryLock lock("pg_partman partition_data_proc", work.set.config.parent_table);
  if (!lock.held()) {
    notice("partition_data_proc is already running for \"" + work.set.config.parent_table + "\"");
    return;
  }
  const MoveNote note = note_of(extension, work, "partition_data_proc");
  SourceRequest request = asked;
  request.data.note = &note;
  SourcePass pass(extension, request);
  bool in_parts = may_move_in_parts(work, request, loop);
  const std::uint64_t total = run_batches(loop, work.source.raw_name(), [&]() -> Batch {
    if (in_parts) {
      Batch batch = pass.next();
      in_parts = batch.rows > 0 || batch.attempt.outcome == Outcome::Deferred;
      if (in_parts) return batch;
    }
    // From the start each time: what has come meanwhile moves, too, and dead rows are passed once.
    const Moved moved = move_batch(extension, request, std::nullopt, budget_of(work.set.config), Mode::Committing);
    return {.attempt = moved.attempt, .rows = moved.rows};
  });
  if (loop.notices == BatchLoop::Notices::All) notice("total rows moved: " + std::to_string(total));
  notice("run VACUUM ANALYZE on \"" + work.set.parent.raw_name() + "\" and \"" + work.source.raw_name() +
         "\" to finish");
}

}  // namespace strata::ops
