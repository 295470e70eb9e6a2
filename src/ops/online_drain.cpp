#include "ops/online_drain.hpp"

#include "ops/copy_indexes.hpp"
#include "ops/default_rows.hpp"
#include "ops/ledger.hpp"
#include "ops/observe.hpp"
#include "ops/settings.hpp"
#include "ops/stand_in.hpp"
#include "ops/transfer.hpp"
#include "pg/bulk_load.hpp"
#include "pg/constraint.hpp"
#include "pg/heap_file.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kLockName = "pg_partman partition_data_proc";
// What a drain in one transaction does in a millisecond, on a slow day: copies, indexes and all (bench/README.md).
constexpr std::int64_t kBytesPerMillisecond = 64 * 1024;
constexpr std::int64_t kMegabyte = 1024 * 1024;
// Keys that a last round may find: what it does to them it does with writers locked out.
constexpr std::uint64_t kKeysAtTheEnd = 500;
constexpr int kRounds = 20;
constexpr std::chrono::milliseconds kTellEvery{250};
// How long one try waits, locking nobody out, for other transactions' old snapshots: so many lock budgets.
constexpr std::int64_t kPatience = 100;

bool may_use_trigger(const Extension& extension, Oid owner) {
  return pg::query(
             "SELECT pg_catalog.has_schema_privilege($1, $2::name::text, 'USAGE') AND "
             "pg_catalog.has_function_privilege($1, $3, 'EXECUTE')",
             pg::Params().oid(owner).text(extension.schema()).text(extension.object("capture_changes") + "()"))
      .boolean(0, 0);
}

// Foreign keys of the set that the new partitions can get as the default has them.
bool has_plain_foreign_keys(const Move& move) {
  const std::array<Oid, 2> tables{move.set.parent.oid, move.set.drained()};
  return pg::query(
             "SELECT pg_catalog.count(*) FILTER (WHERE conrelid = $2 AND conparentid = 0) = $3 AND "
             "coalesce(pg_catalog.bool_and(convalidated AND confrelid <> $2), true) FROM pg_catalog.pg_constraint "
             "WHERE conrelid = ANY ($1) AND contype = 'f'",
             pg::Params()
                 .oids(tables)
                 .oid(move.set.parent.oid)
                 .int8(static_cast<std::int64_t>(move.foreign_keys.size())))
      .boolean(0, 0);
}

// What forbids an online move, as the end of "because ..."; empty when nothing does.
std::string obstacle(const Extension& extension, const Move& move, const Makers& makers, std::size_t most) {
  const Parent& parent = move.set.parent;
  if (move.set.stands_in)
    if (std::string why = obstacle_to_stand_in(move); !why.empty()) return why;
  if (move.recipe.sub) return "its partitions are partitioned themselves";
  if (!move.all_columns) return "columns are ignored";
  if (!has_plain_foreign_keys(move))
    return "it has a foreign key to itself, one that is not valid, or one that its owner may not declare";
  if (makers.creator != parent.owner) return "its owner may not create tables in its schema";
  if (pg::hides_rows(move.set.drained())) return "row-level security hides rows from its owner";
  if (!may_swap(move.set))
    return "it has generated columns, constraints that are not valid, or a publication, or the write-ahead log is "
           "decoded";
  if (!may_use_trigger(extension, parent.owner))
    return "its owner may not use schema \"" + extension.schema() + "\" and the function capture_changes() in it";
  if (rows_that_stay(move.set, ranges_of(move)) > kMostToRewrite)
    return "more than " + std::to_string(kMostToRewrite) + " rows would stay in " +
           (move.set.stands_in ? "it" : "the default partition") +
           (move.targets.size() == most ? ", since p_loop_count leaves them there" : "");
  return {};
}

std::int64_t pages_of(const ManagedSet& set) {
  return pg::query("SELECT pg_catalog.pg_relation_size($1) / pg_catalog.current_setting('block_size')::int8",
                   pg::Params().oid(set.drained()))
      .int8(0, 0);
}

std::int64_t estimated_rows(const ManagedSet& set) {
  return pg::query("SELECT greatest(reltuples, 0)::int8 FROM pg_catalog.pg_class WHERE oid = $1",
                   pg::Params().oid(set.drained()))
      .int8(0, 0);
}

// Milliseconds for which writers wait when all of it moves in one transaction.
std::int64_t expected_stall(const ManagedSet& set) {
  return pg::file_bytes(set.default_facts.tablespace, set.default_facts.filenode) / kBytesPerMillisecond;
}

void tell_why_not(const ManagedSet& set, const std::string& why, MoveMethod method) {
  const std::string message = "rows of " + name_of_drained(set) + " cannot be moved online";
  if (method == MoveMethod::Online)
    refuse(core::Code::FeatureNotSupported, message, "Remove the cause, or set pg_strata.move_method to auto.",
           "Reason: " + why + ".");
  if (set.stands_in) return;  // its rows move part by part then, and keep nobody waiting for long
  pg::report({.level = NOTICE,
              .sqlstate = 0,
              .message = message,
              .detail = "Reason: " + why + ". They move partition by partition while writers of the set wait: about " +
                        std::to_string(std::max<std::int64_t>(1, expected_stall(set) / 1000)) + " s in all.",
              .hint = {}});
}

// With the table in it that the request names.
std::optional<ManagedSet> load_for(const Extension& extension, const DrainRequest& request) {
  ManagedSet set = load_set(extension, request.parent);
  if (request.source && !let_stand_in(set, *request.source)) return std::nullopt;
  return set;
}

CellRequest as_many_as_fit(const DrainRequest& request) {
  CellRequest cells = request.cells;
  cells.order = order_of(request.order);
  cells.in_parts = true;
  return cells;
}

// Nothing where rows of a stand-in belong to partitions that exist: they are moved first, in another way. Others may
// write such rows at any moment, for which no cell is found then.
std::optional<Move> plan_online(const ManagedSet& set, const DrainRequest& request, const Makers& makers) {
  if (set.stands_in && has_rows_for_existing(set)) return std::nullopt;
  try {
    return plan_move(set, as_many_as_fit(request), request.ignored_columns, makers);
  } catch (const pg::Raise&) {
    if (!set.stands_in) throw;
    return std::nullopt;
  }
}

}  // namespace

template <class F>
Attempt OnlineDrain::act(const LockBudget& budget, F&& action) {
  const std::array<Oid, 2> relations{set_.parent.oid, set_.drained()};
  return try_action(budget, Mode::Committing, relations, std::forward<F>(action));
}

OnlineDrain::OnlineDrain(const Extension& extension, const DrainRequest& request, const LockBudget& budget,
                         ManagedSet set, CaptureKey key)
    : extension_(extension), request_(request), budget_(budget), set_(std::move(set)), key_(std::move(key)) {}

bool takes_longer_than(const ManagedSet& set, const LockBudget& budget) {
  return expected_stall(set) >= budget.milliseconds;
}

OnlineDrain::Beginning OnlineDrain::begin(const Extension& extension, const DrainRequest& request,
                                          const LockBudget& budget, bool first) {
  std::optional<ManagedSet> loaded = load_for(extension, request);
  if (!loaded) return {.attempt = {.outcome = Outcome::Changed, .blocked_by = {}}, .move = nullptr, .obstacle = {}};
  ManagedSet& set = *loaded;
  const MoveMethod method = move_method();
  if (method == MoveMethod::Locked || !is_local_heap(set.default_facts)) return {};
  if (method == MoveMethod::Auto && !takes_longer_than(set, budget)) return {};
  const Makers makers{
      .extension = extension, .creator = creator_for(set.parent), .sub = read_sub_config(extension, set)};
  std::optional<CaptureKey> key;
  std::string why;
  if (set.stands_in && IsolationUsesXactSnapshot()) why = "the session's transactions have one snapshot each";
  if (set.stands_in && !is_within_reach(set)) why = "the owner of the partitioned table may not read it";
  if (!why.empty()) {
    tell_why_not(set, why, method);
    return {};
  }
  const std::array<Oid, 1> read{set.drained()};
  Attempt attempt = try_action(budget, Mode::Committing, read, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    if (!pg::lock_relation(set.drained(), AccessShareLock, deadline)) return false;
    const std::optional<Move> move = plan_online(set, request, makers);
    if (!move) return false;
    if (move->targets.empty()) return true;
    why = obstacle(extension, *move, makers, request.cells.count);
    if (why.empty()) key = capture_key(set.parent.oid, set.drained());
    if (why.empty() && !key) why = "no unique index over columns that are NOT NULL identifies its rows";
    return true;
  });
  if (!why.empty() && (first || method == MoveMethod::Online)) tell_why_not(set, why, method);
  if (!key) return {.attempt = std::move(attempt), .move = nullptr, .obstacle = why};
  return {.attempt = {},
          .move = std::unique_ptr<OnlineDrain>(
              new OnlineDrain(extension, request, budget, std::move(set), *std::move(key))),
          .obstacle = {}};
}

void OnlineDrain::tell(const char* phase) {
  record_phase(extension_, set_, phase);
}

Attempt OnlineDrain::start_capture() {
  return act(budget_, [&](const pg::LockDeadline& deadline) {
    {
      const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
      if (!pg::lock_relation(set_.drained(), ShareRowExclusiveLock, deadline)) return false;
      const std::optional<Parent> now = find_parent(set_.parent.raw_name());
      if (!now || now->oid != set_.parent.oid || now->owner != set_.parent.owner ||
          now->default_oid != set_.parent.default_oid)
        return false;
      capture_ = begin_capture(extension_, set_.parent, set_.drained(), default_source(set_), key_);
    }
    const std::array<std::string, 1> log{capture_.log_name.name};
    record_move(extension_, set_,
                {.operation = "partition_data_proc",
                 .source_table = capture_.table_sql,
                 .source = set_.drained(),
                 .rows = estimated_rows(set_),
                 .bytes = pages_of(set_) * BLCKSZ});
    record_working_tables(extension_, set_, log);
    return true;
  });
}

// Planned anew: what was written between the first look and the trigger is in no log. SHARE UPDATE EXCLUSIVE on the
// parent, which keeps no client waiting: maintenance, which makes partitions under it, must not want the same names
// now.
Attempt OnlineDrain::plan_and_make() {
  return act(budget_, [&](const pg::LockDeadline& deadline) {
    {
      const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
      if (!pg::lock_relation(set_.parent.oid, ShareUpdateExclusiveLock, deadline) ||
          !pg::lock_relation(set_.drained(), AccessShareLock, deadline))
        return false;
    }
    std::optional<ManagedSet> loaded = load_for(extension_, request_);
    if (!loaded) return false;
    set_ = *std::move(loaded);
    const Makers makers{
        .extension = extension_, .creator = creator_for(set_.parent), .sub = read_sub_config(extension_, set_)};
    {
      const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
      std::optional<Move> move = plan_online(set_, request_, makers);
      if (!move) return false;
      move_ = *std::move(move);
      if (move_.targets.empty() || !obstacle(extension_, move_, makers, request_.cells.count).empty()) return false;
      definition_ = definition_of(set_.parent.oid, set_.drained());
    }
    std::vector<std::string> names;
    for (const Target& target : move_.targets) {
      build(makers, move_, target);
      names.push_back(target.name.name);
    }
    record_working_tables(extension_, set_, names);
    const std::vector<Landing> landings = landings_of(move_);
    heaps_ = heaps_of(set_, landings);
    if (heaps_.empty()) throw PlanChanged{};
    is_unfit_ = !is_as_strict(set_.drained(), heaps_.begin()->second.oid);  // all are made alike
    if (is_unfit_) throw PlanChanged{};
    copies_.clear();
    for (const Target& target : move_.targets)
      copies_.push_back({.range = target.range,
                         .table = target.name.quoted(),
                         .condition = key_condition(set_, target.range),
                         .route = route_target(set_, target.range, heaps_.at(target.name.name).oid)});
    std::ranges::sort(copies_, {}, [](const Copy& copy) { return copy.range.lower; });
    tell("loading");
    return true;
  });
}

bool OnlineDrain::is_unchanged() const {
  return still_as_planned(move_) && is_intact(capture_) &&
         definition_of(set_.parent.oid, set_.drained()) == definition_;
}

// Empty for none.
std::string OnlineDrain::reason_to_pause() const {
  const Config& config = set_.config;
  const auto in_megabytes = [](std::int64_t bytes) { return std::to_string(bytes / kMegabyte) + " MB"; };
  if (config.move_min_free_mb > 0) {
    const std::int64_t free = pg::free_bytes(set_.default_facts.tablespace, set_.default_facts.filenode);
    if (free < config.move_min_free_mb * kMegabyte) return "only " + in_megabytes(free) + " are free on disk";
  }
  if (config.move_max_lag_mb) {
    const std::int64_t lag = replication_lag(extension_);
    if (lag > *config.move_max_lag_mb * kMegabyte)
      return "a standby or a replication slot is " + in_megabytes(lag) + " of write-ahead log behind";
  }
  return {};
}

// No slower and no faster than the set's policy wants. Without a snapshot while it sleeps.
Attempt OnlineDrain::keep_pace(const LoadProgress& progress, pg::Helpers& helpers) {
  if (set_.config.move_rate_mb) {
    const std::int64_t bytes = std::int64_t{progress.just_now} * BLCKSZ;
    const auto due = progress.began + std::chrono::milliseconds(1000 * bytes / (*set_.config.move_rate_mb * kMegabyte));
    pg::sleep_ms(std::chrono::duration_cast<std::chrono::milliseconds>(due - std::chrono::steady_clock::now()).count());
  }
  for (bool paused = false;; paused = true) {
    std::string reason;
    Attempt attempt = act(budget_, [&](const pg::LockDeadline&) {
      if (paused) set_.config = load_set(extension_, request_.parent).config;  // somebody may have changed the limit
      reason = reason_to_pause();
      if (paused || !reason.empty()) tell(reason.empty() ? "loading" : "paused");
      return true;
    });
    helpers.hold(attempt.outcome == Outcome::Done && !reason.empty());
    if (attempt.outcome != Outcome::Done || reason.empty()) return attempt;
    if (!paused_) notice("paused: " + reason);
    paused_ = true;
    pg::sleep_ms(1000);
  }
}

Attempt OnlineDrain::after_part(const LoadProgress& progress, pg::Helpers& helpers) {
  Attempt attempt;
  const auto now = std::chrono::steady_clock::now();
  if (progress.over || now - told_ >= kTellEvery) {
    told_ = now;
    attempt = act(budget_, [&](const pg::LockDeadline&) {
      record_progress(extension_, set_, static_cast<std::int64_t>(progress.rows),
                      static_cast<std::int64_t>(progress.pages) * BLCKSZ);
      return true;
    });
  }
  if (progress.over || attempt.outcome != Outcome::Done) return attempt;
  return keep_pace(progress, helpers);
}

// Pages that the default gets meanwhile hold rows that the log tells of.
Attempt OnlineDrain::load() {
  if (!load_) {
    LoadOrder order{.parent = set_.parent.oid,
                    .source = set_.drained(),
                    .log = capture_.log,
                    .key = capture_.key.numbers(),
                    .routes = {},
                    .definition = definition_};
    for (const Copy& copy : copies_) order.routes.push_back(copy.route);
    load_.emplace(set_, std::move(order), static_cast<std::uint32_t>(pages_of(set_)), request_.alone);
  }
  Attempt attempt = load_->run(
      budget_, [this](const LoadProgress& progress, pg::Helpers& helpers) { return after_part(progress, helpers); });
  rows_ = load_->rows();
  checksum_ = load_->checksum();
  return attempt;
}

// Counted by the server while it built the index of the key, in a column that is exact to 24 bits; -1 for none.
double OnlineDrain::indexed_rows(Oid table) {
  return pg::query(
             "SELECT greatest(pg_catalog.max(c.reltuples), 0) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON "
             "c.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisunique AND i.indpred IS NULL",
             pg::Params().oid(table))
      .real(0, 0);
}

// An index has entries of rows that are gone, too, as long as somebody may see them.
void OnlineDrain::require_arrived(double arrived, std::uint64_t removed) const {
  const auto copied = static_cast<double>(rows_);
  const double inexact = copied / (1 << 22);
  if (arrived >= copied - inexact && arrived <= copied + static_cast<double>(removed) + inexact) return;
  throw pg::Raise{.sqlstate = ERRCODE_DATA_CORRUPTED,
                  .message = "copied " + std::to_string(rows_) + " rows of " + name_of_drained(set_) + " but found " +
                             std::to_string(std::llround(arrived)) + " in the new partitions",
                  .detail = "Nothing was changed.",
                  .hint = "Check that table and its indexes with amcheck.",
                  .schema = set_.parent.schema,
                  .table = set_.parent.table};
}

Attempt OnlineDrain::index() {
  std::uint64_t removed = 0;
  Attempt attempt = act(budget_, [&](const pg::LockDeadline& deadline) {
    {
      const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
      deadline.arm();
      removed = remove_logged(capture_, set_.parent.oid, copies_);
    }
    tell("indexing");
    return true;
  });
  if (attempt.outcome != Outcome::Done) return attempt;
  rows_ -= removed;
  std::vector<CopyToIndex> copies;
  for (const Target& target : move_.targets)
    copies.push_back({.table_sql = target.name.quoted(), .heap = heaps_.at(target.name.name)});
  attempt = index_copies(set_, copies, move_.columns, budget_);
  if (attempt.outcome != Outcome::Done) return attempt;
  attempt = act(budget_, [&](const pg::LockDeadline&) {
    double arrived = 0;
    for (const auto& [name, heap] : heaps_) arrived += indexed_rows(heap.oid);
    require_arrived(arrived, removed);
    tell("catching up");
    return true;
  });
  older_ = pg::snapshot_holders();
  return attempt;
}

Attempt OnlineDrain::one_round(const LockBudget& budget, std::uint64_t& keys) {
  pg::commit_and_start();
  pg::keep_one_snapshot();
  CaughtUp done;
  const Attempt attempt = act({.milliseconds = budget.milliseconds, .tries = 1}, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
    deadline.arm();
    done = catch_up(capture_, set_.parent.oid, copies_, move_.columns);
    return done.strangers <= static_cast<std::uint64_t>(kMostToRewrite);
  });
  if (attempt.outcome == Outcome::Deferred) return attempt;
  rows_ += done.added;
  rows_ -= done.removed;
  keys = done.keys;
  if (keys > 0) older_ = pg::snapshot_holders();
  return attempt;
}

Attempt OnlineDrain::catch_up_while_open() {
  std::uint64_t keys = 0;
  for (int round = 0; round < kRounds; ++round) {
    Attempt attempt = one_round(budget_, keys);
    if (attempt.outcome != Outcome::Done || keys <= kKeysAtTheEnd) return attempt;
  }
  return {};
}

Attempt OnlineDrain::wait_for_older(std::int64_t milliseconds) {
  std::string holders;
  Attempt attempt = act({.milliseconds = budget_.milliseconds, .tries = 1}, [&](const pg::LockDeadline&) {
    try {
      pg::wait_for_snapshots(older_, milliseconds);
    } catch (const pg::PgError& error) {
      if (error.sqlstate() == ERRCODE_LOCK_NOT_AVAILABLE) holders = error.detail();
      throw;
    }
    return true;
  });
  if (!holders.empty()) attempt.blocked_by = holders;
  return attempt;
}

// Under ACCESS EXCLUSIVE.
void OnlineDrain::exchange(const pg::LockDeadline& deadline) {
  const Oid table = set_.drained();
  std::uint64_t rows = 0;
  Oid rest = InvalidOid;
  if (logged_keys(capture_, kMostToRewrite + 1) > kMostToRewrite) throw PlanChanged{};
  if (!pg::query(logged_rows(capture_) + " LIMIT 1").empty()) {
    rest = pg::new_heap_like(table);
    rows = pg::bulk_copy_rows(table, rest, logged_rows(capture_));
  }
  deadline.arm();
  end_capture(capture_);
  if (OidIsValid(rest))
    pg::replace_heap(table, rest, rows);
  else
    pg::empty_heap(table);
  // Not before: on a copy they would make clients' deletes in the referenced table fail for rows that are gone from the
  // set. Not checked: the rows are those of the default.
  for (const Target& target : move_.targets) {
    for (const std::string& key : move_.foreign_keys)
      pg::execute("ALTER TABLE " + target.name.quoted() + " " + key + " NOT VALID");
    if (!move_.foreign_keys.empty()) pg::mark_foreign_keys_valid(heaps_.at(target.name.name).oid);
  }
  attach_all(move_, Way::Swap);
}

Attempt OnlineDrain::switch_over() {
  const LockBudget once{.milliseconds = budget_.milliseconds, .tries = 1};
  const std::vector<TableLock> locks = locks_against_writers(move_);
  pg::SessionLocks kept;
  std::optional<pg::LockDeadline> deadline;
  Attempt attempt = act(once, [&](const pg::LockDeadline& budget) {
    deadline = budget;
    const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
    if (!lock_tables(locks, budget)) return false;
    for (const TableLock& lock : locks) kept.keep(lock.table, lock.mode);
    return true;
  });
  if (attempt.outcome != Outcome::Done) return attempt;
  pg::wait_point("online_locked");
  std::uint64_t keys = 0;
  deadline = deadline->after([&] { attempt = one_round(once, keys); });
  if (attempt.outcome != Outcome::Done) return attempt;
  pg::wait_point("online_last_round");
  attempt = wait_for_older(deadline->left());
  if (attempt.outcome != Outcome::Done) return attempt;
  attempt = act(once, [&](const pg::LockDeadline&) {
    {
      const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
      if (!lock_against_readers(move_, *deadline) || !is_unchanged()) throw PlanChanged{};
      if (set_.stands_in && default_is_in_the_way(move_)) throw PlanChanged{};
      exchange(*deadline);
    }
    forget_move(extension_, set_);
    request_.note->add({.rows = rows_, .checksum = checksum_});
    pg::wait_point("online_switched");
    return true;
  });
  return attempt;
}

OnlineDrain::Result OnlineDrain::run() {
  const auto next = [&](Attempt attempt, Step step) {
    if (attempt.outcome == Outcome::Done) step_ = step;
    return attempt;
  };
  Attempt attempt;
  while (step_ != Step::Done && attempt.outcome == Outcome::Done) {
    switch (step_) {
      case Step::Capture:
        attempt = next(start_capture(), Step::Plan);
        pg::wait_point("online_captured");
        break;
      case Step::Plan:
        attempt = next(plan_and_make(), Step::Load);
        break;
      case Step::Load:
        attempt = next(load(), Step::Index);
        break;
      case Step::Index:
        attempt = next(index(), Step::Switch);
        break;
      case Step::Switch:
        attempt = catch_up_while_open();
        if (attempt.outcome == Outcome::Done) attempt = wait_for_older(kPatience * budget_.milliseconds);
        if (attempt.outcome == Outcome::Done) attempt = catch_up_while_open();
        if (attempt.outcome == Outcome::Done) attempt = next(switch_over(), Step::Done);
        break;
      case Step::Done:
        break;
    }
  }
  if (attempt.outcome == Outcome::Changed) give_up();
  return {.attempt = attempt,
          .rows = attempt.outcome == Outcome::Done ? rows_ : 0,
          .partitions = static_cast<int>(move_.targets.size())};
}

void OnlineDrain::give_up() noexcept {
  try {
    if (step_ != Step::Capture && step_ != Step::Done) (void)clear_leftovers(extension_, set_, Mode::Committing);
  } catch (...) {  // NOLINT(bugprone-empty-catch): part_move names what is left
  }
}

// --- what was left --------------------------------------------------------------------------------------------------

Leftovers clear_leftovers(const Extension& extension, const ManagedSet& set, Mode mode) {
  const pg::AdvisoryLock lock(kLockName, set.config.parent_table);
  if (!lock.held()) return Leftovers::Running;
  const std::optional<LeftMove> left = read_move(extension, set);
  if (!left) return Leftovers::None;
  const std::array<Oid, 1> relations{left->source};
  const Attempt attempt = try_action(budget_of(set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    {
      const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
      // DROP TRIGGER takes ACCESS EXCLUSIVE.
      if (pg::lock_relation(left->source, AccessExclusiveLock, deadline)) drop_triggers(left->source);
      deadline.arm();
      for (const std::string& table : left->tables) pg::execute("DROP TABLE " + table);
    }
    forget_move(extension, set);
    return true;
  });
  return attempt.outcome == Outcome::Done ? Leftovers::Cleared : Leftovers::Locked;
}

void raise_being_moved(const ManagedSet& set, std::int32_t pid) {
  refuse(core::Code::ObjectInUse, "rows of partition set \"" + set.parent.raw_name() + "\" are being moved",
         "Wait until partition_data_proc has ended (see move_progress), or cancel it.",
         "By the session of process " + (pid != 0 ? std::to_string(pid) : "unknown") + ".");
}

void require_no_move(const Extension& extension, const ManagedSet& set, Mode mode) {
  if (!set.config.has_move) return;
  const Leftovers left = clear_leftovers(extension, set, mode);
  if (left == Leftovers::None || left == Leftovers::Cleared) return;
  const std::optional<LeftMove> move = read_move(extension, set);
  const std::int32_t pid = move ? move->pid : 0;
  if (left == Leftovers::Running) raise_being_moved(set, pid);
  refuse(core::Code::LockNotAvailable,
         "could not clean up after an interrupted move of rows of \"" + set.parent.raw_name() + "\"",
         "Call again when the transactions that use its default partition have ended.",
         "It was begun by process " + std::to_string(pid) + ".");
}

}  // namespace strata::ops
