#include "ops/apply.hpp"

namespace strata::ops {

LockBudget budget_of(const Config& config) noexcept {
  return {.milliseconds = config.window_lock_budget.value_or(config.lock_timeout_ms),
          .tries = config.lock_tries,
          .duty_cycle = config.duty_cycle,
          .set = config.parent};
}

namespace {

// What this session has kept clients out of, the latest. Plain data: a module has no destructors to run at exit.
struct Account {
  core::DutyLog log;
  Oid set;
};
Account account{};

std::int64_t now_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::int64_t pause_for_duty(const LockBudget& budget) noexcept {
  if (!OidIsValid(budget.set) || account.set != budget.set) return 0;
  return account.log.pause_before(now_ms(), budget.milliseconds, budget.duty_cycle);
}

namespace detail {

bool is_lock_failure(const pg::PgError& error) noexcept {
  return error.sqlstate() == ERRCODE_LOCK_NOT_AVAILABLE || error.sqlstate() == ERRCODE_T_R_DEADLOCK_DETECTED;
}

std::int64_t pause_between_tries(const LockBudget& budget) {
  std::random_device seed;
  std::uniform_int_distribution<int> jitter(0, budget.milliseconds);
  std::mt19937 engine(seed());
  return 4L * budget.milliseconds + jitter(engine);
}

void begin_try() noexcept {
  pg::forget_kept_out();
}

void end_try(const LockBudget& budget) noexcept {
  const std::int64_t kept_out = pg::kept_out_for().count();
  if (!OidIsValid(budget.set) || kept_out == 0) return;
  if (account.set != budget.set) account = {.log = {}, .set = budget.set};
  const std::int64_t now = now_ms();
  account.log.add({.begin = now - kept_out, .end = now});
}

namespace {

// Locks of prepared transactions have no process. Their virtual transaction is that of the session that prepared them,
// or -1/xid after a restart; either way it holds the lock on their own id.
constexpr const char* kBlockers = R"sql(
SELECT DISTINCT coalesce(
         'process ' || a.pid || ' (' || coalesce(a.usename, 'background') || ', '
           || coalesce(nullif(a.application_name, ''), a.backend_type, '?') || ', transaction open for '
           || coalesce(pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)::text, '?') || ')',
         'prepared transaction ' || pg_catalog.quote_literal(x.gid) || ' (' || x.owner || ', prepared '
           || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - x.prepared)::text || ' ago)')
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
LEFT JOIN (pg_catalog.pg_locks o JOIN pg_catalog.pg_prepared_xacts x ON x.transaction = o.transactionid)
  ON l.pid IS NULL AND o.pid IS NULL AND o.granted AND o.mode = 'ExclusiveLock' AND o.virtualtransaction = l.virtualtransaction
WHERE l.locktype = 'relation' AND l.relation = ANY ($1) AND l.granted
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND (a.pid IS NOT NULL OR x.gid IS NOT NULL)
ORDER BY 1 LIMIT 5)sql";

constexpr const char* kOnlyAutovacuum = R"sql(
SELECT coalesce(pg_catalog.bool_or(l.relation = $2) AND pg_catalog.bool_and(a.backend_type = 'autovacuum worker'), false),
       (1000 * pg_catalog.date_part('epoch', pg_catalog.current_setting('deadlock_timeout')::interval))::int4
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.relation = ANY ($1) AND l.granted
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid())sql";

// Beyond the deadlock check, for autovacuum to notice and end.
constexpr int kVacuumGraceMs = 1000;

}  // namespace

std::string describe_blockers(std::span<const Oid> relations) {
  const pg::Rows rows = pg::query(kBlockers, pg::Params().oids(relations));
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) text += (row > 0 ? ", " : "") + rows.text(row, 0);
  return text.empty() ? "a session that has ended meanwhile" : text;
}

std::chrono::milliseconds wait_for_autovacuum(Oid leaving, std::span<const Oid> relations) {
  if (!OidIsValid(leaving)) return {};
  const pg::SettingsScope settings;
  const pg::Rows rows = pg::query(kOnlyAutovacuum, pg::Params().oids(relations).oid(leaving));
  if (!rows.boolean(0, 0)) return {};
  const pg::LockWait waited;
  try {
    pg::in_subtransaction([&] {
      (void)pg::lock_relation(leaving, ShareUpdateExclusiveLock, pg::LockDeadline(rows.int4(0, 1) + kVacuumGraceMs));
    });
  } catch (const pg::PgError& error) {
    if (!is_lock_failure(error)) throw;  // against wraparound, or others came
  }
  return std::max(waited.so_far(), std::chrono::milliseconds(1));
}

}  // namespace detail

void raise_not_locked(const std::string& parent, const Attempt& attempt) {
  refuse(core::Code::LockNotAvailable, "could not lock table \"" + parent + "\" and its partitions in time",
         "Try again when the blocking transaction has ended, or raise part_policy.lock_timeout_ms or lock_tries.",
         "Locks were held by " + attempt.blocked_by + ".");
}

}  // namespace strata::ops
