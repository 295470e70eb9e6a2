#include "ops/apply.hpp"

namespace strata::ops {

LockBudget budget_of(const Config& config) noexcept {
  return {.milliseconds = config.lock_timeout_ms, .tries = config.lock_tries};
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

std::string describe_blockers(std::span<const Oid> relations) {
  const pg::Rows rows = pg::query(
      "SELECT DISTINCT 'process ' || a.pid || ' (' || coalesce(a.usename, 'background') || ', ' || "
      "coalesce(nullif(a.application_name, ''), a.backend_type, '?') || ', transaction open for ' || "
      "coalesce(pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)::text, '?') || ')' "
      "FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) "
      "WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
      "pg_catalog.current_database()) AND l.relation = ANY ($1) AND l.granted AND l.pid <> pg_catalog.pg_backend_pid() "
      "ORDER BY 1 LIMIT 5",
      pg::Params().oids(relations));
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) text += (row > 0 ? ", " : "") + rows.text(row, 0);
  return text.empty() ? "a session that has ended meanwhile" : text;
}

}  // namespace detail

void raise_not_locked(const std::string& parent, const Attempt& attempt) {
  refuse(core::Code::LockNotAvailable, "could not lock table \"" + parent + "\" and its partitions in time",
         "Try again when the blocking transaction has ended, or raise part_policy.lock_timeout_ms or lock_tries.",
         "Locks were held by " + attempt.blocked_by + ".");
}

}  // namespace strata::ops
