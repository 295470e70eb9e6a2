#include "ops/history.hpp"

#include "ops/keeper.hpp"
#include "ops/settings.hpp"
#include "pg/relation.hpp"
#include "pg/worker.hpp"

namespace strata::ops {

namespace {

constexpr std::size_t kLongestName = 2 * NAMEDATALEN - 1;  // schema.table

// Concerns the set as a whole, not one of its partitions.
constexpr const char* kWholeSet = "set";

constexpr const char* kInsertRun = R"sql(
INSERT INTO %maintenance_run% (caller, parent_table, pid, backend_start, role, started_at, finished_at, outcome)
VALUES ($1, $2, pg_catalog.pg_backend_pid(), $3, $4, $5, CASE WHEN $6 <> 'running' THEN $5 END, $6)
RETURNING id::text)sql";

// Whoever holds the procedure's advisory lock knows that no other procedure runs: what says so ended without a word.
constexpr const char* kInsertRunAfterOthers = R"sql(
WITH dead AS (UPDATE %maintenance_run% SET outcome = 'interrupted' WHERE outcome = 'running' AND caller <> 'function' RETURNING id),
     unfinished AS (UPDATE %maintenance_action% SET outcome = 'interrupted'
                    WHERE outcome = 'running' AND run IN (SELECT id FROM dead))
INSERT INTO %maintenance_run% (caller, parent_table, pid, backend_start, role, started_at, finished_at, outcome)
VALUES ($1, $2, pg_catalog.pg_backend_pid(), $3, $4, $5, CASE WHEN $6 <> 'running' THEN $5 END, $6)
RETURNING id::text)sql";

// Also asks whether anything is old enough to go: the index gives the oldest run at once.
constexpr const char* kFinishRun = R"sql(
UPDATE %maintenance_run% SET finished_at = pg_catalog.clock_timestamp(), outcome = $2, sets = $3, busy = $4, failed = $5,
       deferred = $6
WHERE id = $1::uuid
RETURNING $7 > 0 AND (SELECT pg_catalog.min(o.started_at) FROM %maintenance_run% o) <
                     pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => $7))sql";

// Some at a time, and none that another session is about to delete: a function's caller may stay in his transaction.
constexpr const char* kPurge = R"sql(
DELETE FROM %maintenance_run% WHERE id IN (
    SELECT o.id FROM %maintenance_run% o WHERE o.started_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => $1)
    ORDER BY o.started_at LIMIT 1000 FOR UPDATE SKIP LOCKED))sql";

// Written at the begin and at the end of an action; a rollback in between may have taken the first row back.
constexpr const char* kWriteAction = R"sql(
INSERT INTO %maintenance_action% (run, ordinal, parent_table, action, partition_table, lower_bound, upper_bound, estimated_rows,
                      bytes, reason, started_at, outcome, tries, lock_wait_ms, duration_ms, sqlstate, message, hint,
                      blocked_by)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (run, ordinal) DO UPDATE SET outcome = excluded.outcome, tries = excluded.tries,
    lock_wait_ms = excluded.lock_wait_ms, duration_ms = excluded.duration_ms, sqlstate = excluded.sqlstate,
    message = excluded.message, hint = excluded.hint, blocked_by = excluded.blocked_by)sql";

const char* caller_of(Mode mode) {
  if (mode == Mode::Caller) return "function";
  return pg::in_own_worker() ? "worker" : "procedure";
}

const char* name_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Done:
      return "done";
    case Outcome::Deferred:
      return "deferred";
    case Outcome::Changed:
      return "skipped: changed";
  }
  return "";
}

pg::Params& add(pg::Params& params, const std::optional<std::int64_t>& value) {
  return value ? params.int8(*value) : params.null(INT8OID);
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// What a drop takes with it cannot be looked up afterwards.
bool drops(core::ActionKind kind) noexcept {
  return kind == core::ActionKind::Drop || kind == core::ActionKind::DropAttached;
}

// What every run ends with, here for no row: a stranger, or one who may only look, leaves no trace.
void require_maintainer(const Extension& extension) {
  pg::execute("UPDATE " + extension.object("part_config") +
              " SET maintenance_last_run = maintenance_last_run WHERE false");
}

std::int32_t count_of(std::size_t n) noexcept {
  return static_cast<std::int32_t>(n);
}

}  // namespace

History::History(const Extension& extension, Mode mode, std::optional<std::string> parent)
    : extension_(extension), mode_(mode), parent_(std::move(parent)) {
  if (parent_) parent_->resize(pg::clip_length(*parent_, kLongestName));
}

// --- the run ---------------------------------------------------------------------------------------------------------

void History::insert_run(const char* sql, const char* outcome) {
  require_maintainer(extension_);
  const std::string role = pg::role_name(pg::current_user());
  const Keeper keeper(extension_);
  const pg::Rows rows =
      pg::query(extension_.with_tables(sql), pg::Params()
                                                 .text(caller_of(mode_))
                                                 .text_or_null(parent_)
                                                 .datum(TIMESTAMPTZOID, TimestampTzGetDatum(pg::session_start()))
                                                 .text(role)
                                                 .datum(TIMESTAMPTZOID, TimestampTzGetDatum(pg::wall_clock()))
                                                 .text(outcome));
  id_ = rows.text(0, 0);
}

void History::commit_lightly() const {
  if (mode_ != Mode::Committing) return;
  pg::set_local("synchronous_commit", "off");
  pg::commit_and_start();
}

void History::begin() {
  insert_run(mode_ == Mode::Committing ? kInsertRunAfterOthers : kInsertRun, "running");
  commit_lightly();
}

void History::skip() {
  insert_run(kInsertRun, "skipped");
}

void History::saw(std::size_t sets, std::size_t busy) noexcept {
  sets_ = sets;
  busy_ = busy;
}

void History::finish() {
  bool has_old = false;
  {
    const Keeper keeper(extension_);
    const pg::Rows rows =
        pg::query(extension_.with_tables(kFinishRun), pg::Params()
                                                          .text(id_)
                                                          .text(failed_.empty() ? "finished" : "failed")
                                                          .int4(count_of(sets_))
                                                          .int4(count_of(busy_))
                                                          .int4(count_of(failed_.size()))
                                                          .int4(count_of(deferred_.size()))
                                                          .int4(history_retention_days()));
    has_old = !rows.empty() && rows.boolean(0, 0);
  }
  if (has_old) purge();
  commit_lightly();
}

void History::purge() const {
  const Keeper keeper(extension_);
  pg::execute(extension_.with_tables(kPurge), pg::Params().int4(history_retention_days()));
}

// --- its actions -----------------------------------------------------------------------------------------------------

History::Entry History::entry_of(const std::string& parent, const char* action, const char* outcome) {
  Entry entry;
  entry.parent = parent;
  entry.action = action;
  entry.outcome = outcome;
  entry.started_at = pg::wall_clock();
  entry.start = std::chrono::steady_clock::now();
  entry.ordinal = ++last_ordinal_;
  return entry;
}

History::Entry History::entry_of(const ManagedSet& set, const PlannedAction& planned, const char* outcome) {
  const core::Action& action = planned.action;
  Entry entry = entry_of(set.config.parent_table, action_name(action.kind), outcome);
  if (action.kind != core::ActionKind::Blocked) entry.partition = action.schema + "." + action.name;
  if (action.range != core::Range{} || action.kind != core::ActionKind::Drop) {
    entry.lower = set.text(action.range.lower);
    entry.upper = set.text(action.range.upper);
  }
  if (OidIsValid(action.oid) || action.kind == core::ActionKind::Move) {
    if (action.estimated_rows >= 0) entry.rows = static_cast<std::int64_t>(action.estimated_rows);
    entry.bytes = action.bytes;
  }
  entry.reason = unless_empty(action.reason);
  return entry;
}

void History::write(const Entry& entry) const {
  const std::optional<Attempt>& attempt = entry.attempt;
  std::optional<std::int64_t> took;
  if (entry.outcome != "running")
    took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - entry.start).count();
  pg::Params params;
  params.text(id_)
      .int4(entry.ordinal)
      .text(entry.parent)
      .text(entry.action)
      .text_or_null(entry.partition)
      .text_or_null(entry.lower)
      .text_or_null(entry.upper);
  add(add(params, entry.rows), entry.bytes)
      .text_or_null(entry.reason)
      .datum(TIMESTAMPTZOID, TimestampTzGetDatum(entry.started_at))
      .text(entry.outcome);
  attempt ? params.int4(attempt->tries).int8(attempt->lock_wait.count()) : params.null(INT4OID).null(INT8OID);
  add(params, took)
      .text_or_null(entry.sqlstate)
      .text_or_null(entry.message)
      .text_or_null(entry.hint)
      .text_or_null(attempt ? unless_empty(attempt->blocked_by) : std::nullopt);
  const Keeper keeper(extension_);
  pg::execute(extension_.with_tables(kWriteAction), params);
}

void History::begin_action(const ManagedSet& set, const PlannedAction& planned) {
  current_ = entry_of(set, planned, "running");
  write(*current_);
  if (mode_ == Mode::Committing && drops(planned.action.kind)) pg::commit_and_start();
}

void History::end_action(const Attempt& attempt, std::size_t waiting) {
  Entry entry = *std::exchange(current_, std::nullopt);
  entry.outcome = name_of(attempt.outcome);
  entry.attempt = attempt;
  if (attempt.outcome == Outcome::Deferred) {
    deferred_.insert(entry.parent);
    if (waiting > 0) entry.message = std::to_string(waiting) + " further actions of the set wait with it";
  }
  if (attempt.vacuum_wait.count() > 0)
    entry.message = "waited " + std::to_string(attempt.vacuum_wait.count()) + " ms for an autovacuum of the partition" +
                    (entry.message ? "; " + *entry.message : "");
  write(entry);
}

void History::blocked(const ManagedSet& set, const PlannedAction& planned) {
  write(entry_of(set, planned, "blocked"));
}

void History::put_off(const std::string& parent, const std::string& blocked_by) {
  Entry entry = entry_of(parent, kWholeSet, name_of(Outcome::Deferred));
  entry.attempt = Attempt{.outcome = Outcome::Deferred, .blocked_by = blocked_by};
  deferred_.insert(parent);
  write(entry);
}

void History::failed(const std::string& parent, const pg::Raise& failure) {
  const bool under_way = current_ && current_->parent == parent;
  Entry entry = under_way ? *current_ : entry_of(parent, kWholeSet, "");
  current_.reset();
  entry.outcome = "failed";
  entry.sqlstate = pg::sqlstate_text(failure.sqlstate);
  entry.message = failure.message;
  entry.hint = unless_empty(failure.hint);
  failed_.insert(parent);
  write(entry);
}

}  // namespace strata::ops
