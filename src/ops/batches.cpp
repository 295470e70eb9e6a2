#include "ops/batches.hpp"

namespace strata::ops {

void notice(const std::string& message) {
  pg::report({.level = NOTICE, .sqlstate = 0, .message = message, .detail = {}, .hint = {}});
}

std::int64_t pause_before_last(const LockBudget& budget, std::int64_t left) {
  const std::int64_t leaves_a_try = std::max<std::int64_t>(left - budget.milliseconds, left / 2);
  return std::min(detail::pause_between_tries(budget), leaves_a_try);
}

namespace {

std::string numbered(int first, int last) {
  if (first == last) return "batch " + std::to_string(first);
  return "batches " + std::to_string(first) + " to " + std::to_string(last);
}

}  // namespace

std::uint64_t run_batches(const BatchLoop& loop, const std::string& parent, const std::function<Batch()>& next) {
  std::uint64_t total = 0;
  const bool tell = loop.notices == BatchLoop::Notices::All;
  const int limit = loop.batches.value_or(0);
  for (int batch = 0, failures = 0; limit <= 0 || batch < limit;) {
    const Batch done = next();
    if (done.attempt.outcome == Outcome::Deferred) {
      if (++failures > loop.lock_failures) raise_not_locked(parent, done.attempt);
      if (tell) notice("batch " + std::to_string(batch + 1) + ": locks were not available, trying again");
    } else {
      if (done.rows == 0) break;
      failures = 0;
      total += done.rows;
      const int first = batch + 1;
      batch += done.batches;
      if (tell) notice(numbered(first, batch) + ": " + std::to_string(done.rows) + " rows moved" + done.more);
      if (done.last || (limit > 0 && batch >= limit)) break;
    }
    pg::commit_and_start();
    pg::sleep_ms(1000L * loop.wait_seconds);
  }
  return total;
}

}  // namespace strata::ops
