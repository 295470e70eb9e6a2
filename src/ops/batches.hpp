// The loop of a procedure that moves rows: one batch, a commit, a pause, the next.
#pragma once

#include "ops/apply.hpp"

namespace strata::ops {

inline constexpr std::int64_t kShortestTry = 10;  // milliseconds

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
  int batches = 1;        // how many of the loop it stands for
};

// Until a batch moves nothing or the loop's limit is reached; the number of rows moved.
std::uint64_t run_batches(const BatchLoop& loop, const std::string& parent, const std::function<Batch()>& next);

// Milliseconds to pause after a failed try when so many are left, so that the last try ends with them.
[[nodiscard]] std::int64_t pause_before_last(const LockBudget& budget, std::int64_t left);

// Goes on trying for so many seconds, and waits no longer, whatever the budget of a try; negative: one try; 0: the
// tries of the budget. `f` takes a budget and returns something with an `attempt`.
template <class F>
auto try_for(double seconds, LockBudget budget, F&& f) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  if (seconds == 0) return f(budget);
  budget.tries = 1;
  if (!(seconds > 0)) return f(budget);
  constexpr double for_ever = 1e9;
  const auto end = steady_clock::now() + milliseconds(static_cast<std::int64_t>(1000 * std::min(seconds, for_ever)));
  const auto left = [&] { return std::chrono::duration_cast<milliseconds>(end - steady_clock::now()).count(); };
  for (;;) {
    LockBudget each = budget;
    each.milliseconds = static_cast<int>(std::clamp<std::int64_t>(left(), 1, budget.milliseconds));
    auto tried = f(each);
    if (tried.attempt.outcome != Outcome::Deferred || left() <= kShortestTry) return tried;
    pg::sleep_ms(pause_before_last(budget, left()));
  }
}

void notice(const std::string& message);

}  // namespace strata::ops
