// The loop of a procedure that moves rows: one batch, a commit, a pause, the next.
#pragma once

#include "ops/apply.hpp"

namespace strata::ops {

struct BatchLoop {
  std::optional<int> batches;  // none, 0 or less: until nothing is left
  int lock_failures = 10;      // batches that may fail to get their locks, in a row
  int wait_seconds = 1;        // between batches
  enum class Notices : std::uint8_t { All, Reminder } notices = Notices::All;
};

struct Batch {
  Attempt attempt;
  std::uint64_t rows = 0;
  std::string more = {};  // for the notice, after the rows
  bool last = false;      // nothing is left although rows were moved
};

// Until a batch moves nothing or the loop's limit is reached; the number of rows moved.
std::uint64_t run_batches(const BatchLoop& loop, const std::string& parent, const std::function<Batch()>& next);

// Goes on trying for so many seconds; negative: one try; 0: the tries of the budget. `f` takes a budget and returns
// something with an `attempt`.
template <class F>
auto try_for(double seconds, LockBudget budget, F&& f) {
  if (seconds == 0) return f(budget);
  budget.tries = 1;
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * seconds));
  for (;;) {
    auto tried = f(budget);
    if (tried.attempt.outcome != Outcome::Deferred || std::chrono::steady_clock::now() >= end) return tried;
    detail::pause_between_tries(budget);
  }
}

void notice(const std::string& message);

}  // namespace strata::ops
