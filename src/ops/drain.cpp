// The drain of a default partition: load, remove, attach.
//
// One switch moves the rows of one or more cells. Who is locked out, in the order of the code:
//
//   read the plan    ACCESS SHARE on the default. Nobody.
//   lock             SHARE ROW EXCLUSIVE on tables with foreign keys from or to the set, then EXCLUSIVE on the parent
//   and
//                    on the default, under one deadline. Writers of the set wait; readers go on. The parent too,
//                    because a writer that already holds its lock there and waits for the default's would deadlock the
//                    upgrade.
//   load             the rows into free-standing children in one pass, then their indexes and foreign keys
//                    (ops/drain_load.cpp); by INSERT ... SELECT where they cannot be copied as they are. No user
//                    trigger fires, as LIKE copies none.
//   remove           heap-level deletes in the default; where it is no local heap, load and remove are one statement.
//                    Nobody can wait for our transaction id: whatever locks rows takes at least ROW SHARE on the table
//                    first (truths 3). Readers see the rows as long as we run. Where few rows stay, nothing yet: the
//                    load has put them into a next file for the default, which the switch gives it.
//   switch           ACCESS EXCLUSIVE on the tables the set refers to, on the parent and on the default (a second
//                    deadline), because a query planned without the new child but run after our commit would miss the
//                    rows (truths 1). ATTACH, commit. Its length depends on the size of the default's file, which is
//                    scanned once, not on the rows moved; with a new file on the rows that stay, whose indexes are
//                    built.
//
// Snapshots. A new partition is visible to every query planned after our commit, its rows only to snapshots taken after
// it. A query with an older snapshot finds the old versions in the default, but not if its WHERE lets the planner leave
// the default out: then it would miss the rows. READ COMMITTED takes a new snapshot after waiting for our lock, so this
// is about REPEATABLE READ, SERIALIZABLE and queries inside STABLE functions. Therefore, with the parent locked ACCESS
// EXCLUSIVE, we wait until all transactions of the database that hold a snapshot have ended or given it up, again right
// before the end, and give up the try where they do not. With a new file that is all: its rows and those of the
// children are frozen, so that the snapshots that are left see each of them. With deleted rows three cases remain open:
//
//   - a transaction of these kinds whose snapshot is younger than the last look (less than a millisecond before the
//     commit; in the function form: before the caller's commit);
//   - one that waits for our lock itself, its snapshot taken before it queued: it cannot be told from READ COMMITTED,
//     and waiting for it would be a deadlock;
//   - standby servers, whose snapshots we cannot see.
//
// In these cases a query that reads only the new child can miss the moved rows until its transaction ends. None can
// see them twice, and a write by one of them finds no row rather than a wrong one.
//
// An error or a crash at any point leaves the rows in the default: everything is one transaction.
#include "ops/drain.hpp"

#include "ops/analyze.hpp"

#include <numeric>

#include "ops/child.hpp"
#include "ops/constraints.hpp"
#include "ops/default_rows.hpp"
#include "ops/drain_move.hpp"
#include "ops/drain_published.hpp"
#include "ops/far_rows.hpp"
#include "ops/ledger.hpp"
#include "ops/online_drain.hpp"
#include "ops/settings.hpp"
#include "ops/observe.hpp"
#include "ops/transfer.hpp"
#include "pg/relation.hpp"
#include "pg/snapshots.hpp"

namespace strata::ops {

void require_kind(const ManagedSet& set, KeyKind kind) {
  if (set.is_time() == (kind == KeyKind::Time)) return;
  refuse(core::Code::DatatypeMismatch,
         "the key of partition set \"" + set.parent.raw_name() + "\" is of type " + pg::type_name(set.parent.key_type),
         set.is_time() ? "Use partition_data_time() for this set." : "Use partition_data_id() for this set.");
}

void require_idle(const ManagedSet& set) {
  if (!set.config.undo_in_progress && !set.config.async_in_progress) return;
  refuse(core::Code::NotInPrerequisiteState,
         "partition set \"" + set.parent.raw_name() + "\" is in the middle of " +
             (set.config.undo_in_progress ? "being undone" : "an asynchronous move"),
         set.config.undo_in_progress ? "Finish undo_partition, or set part_config.undo_in_progress to false."
                                     : "Finish partition_data_async first.");
}

Order order_of(const std::string& text) {
  if (text == "ASC") return Order::Ascending;
  if (text == "DESC") return Order::Descending;
  refuse(core::Code::InvalidParameterValue, "p_order must be ASC or DESC, not \"" + text + "\"",
         "It is written in capital letters.");
}

namespace {

constexpr int kReplans = 10;

// --- what is checked first, as the caller ---------------------------------------------------------------------------

bool same_interval(const ManagedSet& set, const std::string& text) {
  if (!set.is_time()) return pg::parse_bigint(text) == set.policy.step.count;
  const pg::IntervalValue value = pg::parse_interval(text);
  return core::interval_span({.months = value.months, .days = value.days, .micros = value.micros}) ==
         core::interval_span(set.interval);
}

void require_interval(const ManagedSet& set, const std::optional<std::string>& interval) {
  if (!interval || same_interval(set, *interval)) return;
  refuse(core::Code::InvalidParameterValue,
         "rows of the default partition move in batches of the partition interval, " + set.config.partition_interval,
         "Leave the batch interval out; smaller batches are what partition_data_async is for.");
}

// Rules could turn a DELETE into anything; temporary tables cannot have the partitions we make.
void require_movable_default(const ManagedSet& set) {
  const pg::Rows rows = pg::query("SELECT relpersistence, relhasrules FROM pg_catalog.pg_class WHERE oid = $1",
                                  pg::Params().oid(set.parent.default_oid));
  if (!rows.empty() && rows.character(0, 0) != RELPERSISTENCE_TEMP && !rows.boolean(0, 1)) return;
  refuse(core::Code::FeatureNotSupported,
         "rows cannot be moved out of the default partition of \"" + set.parent.raw_name() + "\"",
         "Drop its rules, or attach a default partition that is not temporary.",
         "It is a temporary table or has rules.");
}

// The rows are copied as they are now, so our own snapshot must be as young as our locks.
void require_read_committed() {
  if (!IsolationUsesXactSnapshot()) return;
  refuse(core::Code::NotInPrerequisiteState, "rows cannot be moved in a transaction with one snapshot",
         "Use SET TRANSACTION ISOLATION LEVEL READ COMMITTED first.");
}

enum class Readiness : std::uint8_t { Ready, NoDefault };

Readiness check_request(const ManagedSet& set, const DrainRequest& request) {
  require_owner_rights(set.parent);
  require_idle(set);
  require_interval(set, request.interval);
  if (request.cells.infinity == Infinity::Ignore && set.config.time_encoder)
    refuse(core::Code::InvalidParameterValue,
           "p_ignore_infinity cannot be used with partition set \"" + set.parent.raw_name() +
               "\", whose keys are encoded times",
           "Keys of type uuid or text have no infinity: leave it out.");
  (void)order_of(request.order);
  require_read_committed();
  if (!OidIsValid(set.parent.default_oid)) {
    pg::report({.level = NOTICE,
                .sqlstate = 0,
                .message = "partition set \"" + set.parent.raw_name() + "\" has no default partition to move rows from",
                .detail = {},
                .hint = {}});
    return Readiness::NoDefault;
  }
  require_movable_default(set);
  return Readiness::Ready;
}

// --- the switch -----------------------------------------------------------------------------------------------------

// Deferrable keys were checked loosely so far; after the move nobody would come back to them (truths 9). What the
// caller has deferred elsewhere stays deferred.
void check_deferred_keys(const ChildName& name) {
  const pg::Rows rows = pg::query(
      "SELECT conname, condeferred FROM pg_catalog.pg_constraint WHERE conrelid = $1::regclass AND condeferrable AND "
      "contype IN ('p', 'u', 'x')",
      pg::Params().text(name.quoted()));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string set = "SET CONSTRAINTS " + pg::qualified(name.schema, rows.text(row, 0));
    pg::execute(set + " IMMEDIATE");
    if (rows.boolean(row, 1)) pg::execute(set + " DEFERRED");
  }
}

// By statements, one partition after the other: where the rows cannot be copied as they are.
Load load_by_statements(const Move& move) {
  Load load;
  for (const Target& target : move.targets) {
    pg::check_interrupts();
    load.rows.push_back(pg::execute("INSERT INTO " + target.name.quoted() + " (" + move.columns + ") SELECT " +
                                    move.columns + " FROM " + default_source(move.set) + " WHERE " +
                                    key_condition(move.set, target.range)));
    check_deferred_keys(target.name);
  }
  return load;
}

// Nothing when the plan no longer fits.
std::optional<Load> load_rows(const Move& move) {
  if (move.recipe.sub || !move.all_columns) return load_by_statements(move);
  const std::vector<Landing> landings = landings_of(move);
  const LoadPlan plan = plan_load(move.set, landings);
  if (plan.way == Way::Statements) return load_by_statements(move);
  return bulk_load_default(move.set, landings, move.columns, plan);
}

void require_all(const Move& move, std::uint64_t loaded, std::uint64_t removed) {
  if (removed == loaded) return;
  throw pg::Raise{.sqlstate = ERRCODE_DATA_CORRUPTED,
                  .message = "loaded " + std::to_string(loaded) + " rows into new partitions but would remove " +
                             std::to_string(removed) + " from the default partition of \"" +
                             move.set.parent.raw_name() + "\"",
                  .detail = "Nothing was changed.",
                  .hint = "Check the default partition's indexes with amcheck.",
                  .schema = move.set.parent.schema,
                  .table = move.set.parent.table};
}

// --- a default that is no local heap: foreign, partitioned, of another access method ---------------------------------

// One statement per cell takes the rows out and puts them in, so that what it deletes is what it inserts. Where the
// default is foreign, writers that go to the remote table itself are not locked out: what they add stays there.
std::uint64_t transfer_all(const Move& move) {
  const Oid default_oid = move.set.parent.default_oid;
  const std::array<Oid, 2> emptied{move.set.parent.oid, default_oid};
  require_no_delete_action(emptied);
  std::optional<DisabledTriggers> silent(default_oid);
  std::uint64_t rows = 0;
  for (const Target& target : move.targets) {
    pg::check_interrupts();
    rows += transfer_rows({.from = default_oid,
                           .from_sql = default_source(move.set),
                           .to = find_table(target.name.schema, target.name.name).value_or(Table{}).oid,
                           .to_sql = target.name.quoted(),
                           .columns = move.columns,
                           .condition = key_condition(move.set, target.range),
                           .identity = Identity::OverrideSystemValue})
                .rows;
  }
  silent.reset();
  for (const Target& target : move.targets) finish_load(move, target);
  pg::wait_point("drain_loaded");
  return rows;
}

struct Moved {
  Attempt attempt;
  std::uint64_t rows = 0;
  Load load = {};
  std::optional<std::string> far = {};  // the newest key that stays in the default
};

// Nothing when the plan no longer fits.
std::optional<Moved> load_and_remove(const Move& move) {
  if (!is_local_heap(move.set.default_facts)) return Moved{.attempt = {}, .rows = transfer_all(move)};
  const std::optional<Load> load = load_rows(move);
  if (!load) return std::nullopt;
  for (const Target& target : move.targets) finish_load(move, target);
  pg::wait_point("drain_loaded");
  const std::uint64_t loaded = std::accumulate(load->rows.begin(), load->rows.end(), std::uint64_t{0});
  if (load->way != Way::Swap) require_all(move, loaded, remove_loaded(move.set, ranges_of(move)));
  return Moved{.attempt = {}, .rows = loaded, .load = *load};
}

Moved remove_shelved(const Move& move, std::span<const Shelf> shelves) {
  Moved moved;
  for (const Shelf& shelf : shelves) moved.load.rows.push_back(shelf.rows);
  moved.load.way = Way::Copy;
  moved.rows = std::accumulate(moved.load.rows.begin(), moved.load.rows.end(), std::uint64_t{0});
  pg::wait_point("drain_loaded");
  require_all(move, moved.rows, remove_loaded(move.set, ranges_of(move)));
  return moved;
}

// Everything inside one try. False when the plan no longer fits.
bool carry_out(const Makers& makers, const Move& move, const MoveNote& note, const LockBudget& budget,
               const pg::LockDeadline& deadline, Moved& moved) {
  {
    const pg::OwnerScope as_owner(move.set.parent.owner, move.set.parent.schema_oid);
    if (!lock_tables(locks_against_writers(move), deadline) || !still_as_planned(move) || !names_are_free(move))
      return false;
  }
  pg::wait_point("drain_locked");
  for (const Target& target : move.targets) build(makers, move, target);
  const bool told = is_local_heap(move.set.default_facts) && is_told_by_root(move.set);
  const std::vector<Shelf> shelves = told ? shelve(makers, move) : std::vector<Shelf>{};
  const pg::OwnerScope as_owner(move.set.parent.owner, move.set.parent.schema_oid);
  std::optional<Moved> done = told ? remove_shelved(move, shelves) : load_and_remove(move);
  if (!done) throw PlanChanged{};
  moved = *std::move(done);
  // All that is waited for from here on, locks and snapshots, has the budget once more. Snapshots first before readers
  // are locked out as well: they need not wait for somebody's old report to end.
  const pg::LockDeadline upgrade(budget.milliseconds);
  pg::wait_for_snapshots(upgrade.left());
  if (!lock_against_readers(move, upgrade)) throw PlanChanged{};
  pg::wait_for_snapshots(upgrade.left());
  const pg::LockDeadline rest = upgrade.after([&] {
    upgrade.arm();
    if (moved.load.way == Way::Swap) renew_default(move.set, moved.load);
    attach_all(move, moved.load.way);
    unshelve(move, shelves);
    note.add({.rows = moved.rows, .checksum = moved.load.checksum});
    pg::wait_point("drain_switched");
  });
  pg::wait_for_snapshots(rest.left());
  pg::wait_point("drain_before_commit");
  return true;
}

Moved carry_out_move(const Makers& makers, const Move& move, const MoveNote& note, const LockBudget& budget,
                     Mode mode) {
  Moved moved;
  const std::array<Oid, 2> relations{move.set.parent.oid, move.set.parent.default_oid};
  const Attempt attempt = try_action(budget, mode, relations, [&](const pg::LockDeadline& deadline) {
    return carry_out(makers, move, note, budget, deadline, moved);
  });
  moved.attempt = attempt;
  if (attempt.outcome != Outcome::Done) moved.rows = 0;
  return moved;
}

// --- what takes too long with writers locked out ---------------------------------------------------------------------

// What a move of one partition manages in a millisecond where many rows stay in the default (bench/README.md).
constexpr std::int64_t kRowsPerMillisecond = 80;
constexpr std::uint64_t kRowsThatTell = 10'000;

std::int64_t count_rows(const Move& move, const std::string& limit) {
  return pg::query("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM " + default_source(move.set) + " WHERE " +
                   hull_condition(move.set, ranges_of(move)) + limit + ") AS s")
      .int8(0, 0);
}

// Under ACCESS SHARE: nobody waits for the count.
void require_short(const Move& move, const DrainRequest::Stall& stall) {
  const std::int64_t most = std::max<std::int64_t>(1, stall.milliseconds) * stall.rows_per_millisecond;
  if (count_rows(move, " LIMIT " + std::to_string(most + 1)) <= most) return;
  const std::int64_t rows = count_rows(move, "");
  const std::string seconds = std::to_string(rows / (1000 * stall.rows_per_millisecond) + 1);
  refuse(core::Code::NotInPrerequisiteState,
         "moving " + std::to_string(rows) + " rows out of the default partition of \"" + move.set.parent.raw_name() +
             "\" would keep its writers waiting for about " + seconds + " s",
         "Remove the cause, or accept the wait with p_lock_wait => " + seconds +
             " or by setting pg_strata.move_method to locked.",
         "The rows cannot move while writers go on: " + stall.obstacle + ".");
}

// --- one batch ------------------------------------------------------------------------------------------------------

[[noreturn]] void raise_changing(const std::string& parent) {
  refuse(core::Code::NotInPrerequisiteState,
         "the partitions of \"" + parent + "\" change faster than rows can be moved",
         "Try again when other sessions have stopped changing them.");
}

Moved plan_and_move(const Extension& extension, const DrainRequest& request, const LockBudget& budget, Mode mode) {
  CellRequest cells = request.cells;
  cells.order = order_of(request.order);
  for (int replan = 0; replan < kReplans; ++replan) {
    ManagedSet set = load_set(extension, request.parent);
    if (request.yields && set.config.has_move) return {.attempt = {.outcome = Outcome::Changed, .blocked_by = {}}};
    if (replan > 0) require_no_move(extension, set, mode);
    if (check_request(set, request) == Readiness::NoDefault || !default_may_hold_rows(set)) return {};
    const Makers makers{
        .extension = extension, .creator = creator_for(set.parent), .sub = read_sub_config(extension, set)};
    const Attempt ours = take_over(set, set.parent.default_oid, budget, mode);
    if (ours.outcome != Outcome::Done) return {.attempt = ours, .rows = 0};
    const std::array<Oid, 1> read{set.parent.default_oid};
    Move move;
    const Attempt planned = try_action(budget, mode, read, [&](const pg::LockDeadline& deadline) {
      const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
      // The parent first, as everybody does: an ALTER TABLE between the two would make a deadlock of our next locks.
      if (!pg::lock_relation(set.parent.oid, AccessShareLock, deadline) ||
          !pg::lock_relation(set.parent.default_oid, AccessShareLock, deadline))
        return false;
      move = plan_move(set, cells, request.ignored_columns, makers);
      if (request.stall && !move.targets.empty()) require_short(move, *request.stall);
      return true;
    });
    if (planned.outcome == Outcome::Deferred) return {.attempt = planned, .rows = 0};
    if (planned.outcome == Outcome::Changed) continue;
    if (move.targets.empty()) return {.attempt = {}, .rows = 0, .load = {}, .far = std::move(move.far)};
    Moved moved = carry_out_move(makers, move, *request.note, budget, mode);
    moved.far = std::move(move.far);
    if (moved.attempt.outcome != Outcome::Changed) return moved;
  }
  raise_changing(request.parent);
}

MoveNote note_of_drain(const Extension& extension, const ManagedSet& set, std::string operation) {
  return MoveNote(extension, {.operation = std::move(operation),
                              .parent_table = set.config.parent_table,
                              .from_table = raw_name_of(set.parent.default_oid),
                              .to_table = set.parent.raw_name()});
}

// What the plan of maintenance leaves out as well: no partition is made for it, and none up to it.
void tell_of_far_rows(const ManagedSet& set, const std::optional<std::string>& newest) {
  if (!newest) return;
  pg::report(
      {.level = NOTICE,
       .message = "rows up to key " + *newest + " stay in the default partition of \"" + set.parent.raw_name() + "\"",
       .detail = why_far(set),
       .hint = "Correct or delete them, or raise part_policy.outlier_horizon and move them then."});
}

Moved move_batch(const Extension& extension, const DrainRequest& request, const LockBudget& budget, Mode mode) {
  return try_for(request.lock_wait_seconds, budget,
                 [&](const LockBudget& each) { return plan_and_move(extension, request, each, mode); });
}

}  // namespace

Attempt drain_range(const Extension& extension, const std::string& parent, const core::Range& range, Mode mode) {
  const ManagedSet set = load_set(extension, parent);
  if (std::ranges::any_of(set.ranges(), [&](const core::Range& one) { return one.overlaps(range); }))
    return {.outcome = Outcome::Changed, .blocked_by = {}};
  const MoveNote note =
      note_of_drain(extension, set, mode == Mode::Committing ? "run_maintenance_proc" : "run_maintenance");
  DrainRequest request;
  request.parent = parent;
  request.note = &note;
  request.cells.wanted = {range};
  request.yields = true;
  const Moved moved = plan_and_move(extension, request, budget_of(set.config), mode);
  if (moved.attempt.outcome == Outcome::Done && moved.rows == 0) return {.outcome = Outcome::Changed, .blocked_by = {}};
  return moved.attempt;
}

std::int64_t drain_default(const Extension& extension, const DrainRequest& asked, KeyKind kind) {
  const ManagedSet set = load_set(extension, asked.parent);
  require_owner_rights(set.parent);
  require_kind(set, kind);
  require_no_move(extension, set, Mode::Caller);
  const MoveNote note = note_of_drain(extension, set, set.is_time() ? "partition_data_time" : "partition_data_id");
  DrainRequest request = asked;
  request.note = &note;
  const Moved moved = move_batch(extension, request, budget_of(set.config), Mode::Caller);
  if (moved.attempt.outcome == Outcome::Deferred) {
    if (request.lock_wait_seconds == 0) raise_not_locked(set.parent.raw_name(), moved.attempt);
    return -1;
  }
  tell_of_far_rows(set, moved.far);
  if (moved.rows > 0) constrain_after_creation(extension, set.config.parent_table, Mode::Caller);
  if (moved.rows > 0 && request.analyze == AnalyzeParent::Yes) analyze_set(set, Mode::Caller);
  return static_cast<std::int64_t>(moved.rows);
}

namespace {

// The batches of one call: as many partitions at once as may be, while clients go on where that takes longer than the
// lock budget, else in one short switch; one by one where neither is possible.
class Drainer {
 public:
  Drainer(const Extension& extension, const DrainRequest& request, const BatchLoop& loop)
      : extension_(extension), request_(request), loop_(loop) {}
  Batch next();
  void give_up() noexcept {
    if (online_ != nullptr) online_->give_up();
  }

  // The newest key that was left where it is, when the last batch was planned.
  [[nodiscard]] const std::optional<std::string>& far() const noexcept { return far_; }

 private:
  [[nodiscard]] std::size_t left() const {
    const int limit = loop_.batches.value_or(0);
    return limit > 0 ? static_cast<std::size_t>(std::max(1, limit - done_)) : std::numeric_limits<std::size_t>::max();
  }
  [[nodiscard]] Batch online(const LockBudget& budget);
  [[nodiscard]] Batch at_once(const DrainRequest& request, const LockBudget& budget);
  [[nodiscard]] Batch one_by_one(const LockBudget& budget);

  const Extension& extension_;
  const DrainRequest& request_;
  const BatchLoop& loop_;
  std::unique_ptr<OnlineDrain> online_;
  std::string obstacle_;                                     // to moving online
  std::int64_t rows_per_millisecond_ = kRowsPerMillisecond;  // of the last batch that tells
  int done_ = 0;                                             // partitions
  bool deferred_ = false;                                    // the last batch
  bool alone_ = false;                                       // a helper has died
  bool is_unfit_ = false;                                    // no online move
  std::optional<std::string> far_;
};

Batch Drainer::online(const LockBudget& budget) {
  const OnlineDrain::Result result =
      try_for(request_.lock_wait_seconds, budget, [&](const LockBudget&) { return online_->run(); });
  alone_ = alone_ || online_->lost_helper();
  if (online_->is_unfit()) obstacle_ = "its new partitions have NOT NULL or CHECK constraints that it has not";
  is_unfit_ = is_unfit_ || online_->is_unfit();
  if (result.attempt.outcome != Outcome::Deferred) online_ = nullptr;
  return {.attempt = result.attempt, .rows = result.rows, .batches = result.partitions};
}

Batch Drainer::at_once(const DrainRequest& request, const LockBudget& budget) {
  const Moved moved = move_batch(extension_, request, budget, Mode::Committing);
  far_ = moved.far;
  // Partitions without rows fill a gap: they are no batches.
  const auto filled = std::ranges::count_if(moved.load.rows, [](std::uint64_t rows) { return rows > 0; });
  return {.attempt = moved.attempt, .rows = moved.rows, .batches = std::max(1, static_cast<int>(filled))};
}

// Each switch as long as the rows of its partition take. Whoever has chosen to lock writers out has accepted that.
Batch Drainer::one_by_one(const LockBudget& budget) {
  DrainRequest one = request_;
  if (move_method() == MoveMethod::Auto)
    one.stall = {
        .milliseconds = std::max<std::int64_t>(budget.milliseconds, std::llround(1000 * request_.lock_wait_seconds)),
        .rows_per_millisecond = rows_per_millisecond_,
        .obstacle = obstacle_};
  const auto start = std::chrono::steady_clock::now();
  Batch batch = at_once(one, budget);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  if (batch.rows >= kRowsThatTell)
    rows_per_millisecond_ =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(batch.rows) / std::max<std::int64_t>(1, took));
  return batch;
}

Batch Drainer::next() {
  Batch batch;
  for (int replan = 0; replan < kReplans; ++replan) {
    const ManagedSet set = load_set(extension_, request_.parent);
    const LockBudget budget = budget_of(set.config);
    // Our waits are too short to end it as other waits for locks do (truths 17).
    if (std::exchange(deferred_, false)) cancel_autovacuum(extension_, std::array<Oid, 1>{set.parent.default_oid});
    if (online_ == nullptr && set.config.has_move &&
        clear_leftovers(extension_, set, Mode::Committing) == Leftovers::Locked)
      return {.attempt = {.outcome = Outcome::Deferred, .blocked_by = "users of the default partition"}};
    if (online_ == nullptr && check_request(set, request_) == Readiness::NoDefault) return {};
    DrainRequest several = request_;
    several.cells.count = left();
    several.cells.in_parts = true;
    several.alone = alone_;
    if (online_ == nullptr && !is_unfit_) {
      OnlineDrain::Beginning beginning = OnlineDrain::begin(extension_, several, budget, done_ == 0);
      if (beginning.attempt.outcome == Outcome::Deferred) {
        deferred_ = true;
        return {.attempt = std::move(beginning.attempt)};
      }
      online_ = std::move(beginning.move);
      obstacle_ = std::move(beginning.obstacle);
    }
    if (online_ != nullptr)
      batch = online(budget);
    else
      batch = takes_longer_than(set, budget) ? one_by_one(budget) : at_once(several, budget);
    if (batch.attempt.outcome == Outcome::Changed) continue;
    deferred_ = batch.attempt.outcome == Outcome::Deferred;
    if (batch.rows > 0) constrain_after_creation(extension_, set.config.parent_table, Mode::Committing);
    if (!deferred_) done_ += batch.batches;
    return batch;
  }
  raise_changing(request_.parent);
}

}  // namespace

void drain_default_committing(const Extension& extension, const DrainRequest& asked, const BatchLoop& loop) {
  const ManagedSet set = load_set(extension, asked.parent);
  require_owner_rights(set.parent);
  const pg::AdvisoryLock lock("pg_partman partition_data_proc", set.config.parent_table);
  if (!lock.held()) {
    notice("partition_data_proc is already running for \"" + set.config.parent_table + "\"");
    return;
  }
  require_no_move(extension, set, Mode::Committing);
  const MoveNote note = note_of_drain(extension, set, "partition_data_proc");
  DrainRequest request = asked;
  request.note = &note;
  request.cells.gaps = Gaps::Close;
  Drainer drainer(extension, request, loop);
  std::uint64_t total = 0;
  try {
    total = run_batches(loop, set.parent.raw_name(), [&] { return drainer.next(); });
  } catch (...) {
    drainer.give_up();
    throw;
  }
  tell_of_far_rows(set, drainer.far());
  if (loop.notices == BatchLoop::Notices::All) notice("total rows moved: " + std::to_string(total));
  notice("run VACUUM ANALYZE on \"" + set.parent.raw_name() + "\" and its default partition to finish");
}

}  // namespace strata::ops
