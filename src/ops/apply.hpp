// Carrying out one action: its own lock deadline, tries with pauses, isolation, commit where the call may commit.
#pragma once

#include "ops/set.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

// Committing: a procedure, each action is its own transaction. Caller: the caller's transaction holds everything.
enum class Mode : std::uint8_t { Committing, Caller };

struct LockBudget {
  int milliseconds = 300;  // all lock waits of one try together (truths 15)
  int tries = 5;
};
[[nodiscard]] LockBudget budget_of(const Config& config) noexcept;

enum class Outcome : std::uint8_t {
  Done,
  Deferred,  // the locks were not to be had within the budget; nothing was changed
  Changed,   // what the plan saw is no longer so; nothing was changed
};

struct Attempt {
  Outcome outcome = Outcome::Done;
  std::string blocked_by;  // Deferred: who held the locks
  int tries = 1;
  std::chrono::milliseconds lock_wait{0};  // of all tries
};

namespace detail {
[[nodiscard]] bool is_lock_failure(const pg::PgError& error) noexcept;
// Milliseconds: at least 4 times the budget plus jitter, so that clients wait behind our request at most a fifth of the
// time.
[[nodiscard]] std::int64_t pause_between_tries(const LockBudget& budget);
[[nodiscard]] std::string describe_blockers(std::span<const Oid> relations);
}  // namespace detail

// Thrown by an action that finds the plan changed after it has done something.
struct PlanChanged {};

// Calls action(deadline) until it gets its locks. The action returns false for "changed"; what it has noted by then
// stays. A try that fails or throws PlanChanged is rolled back, which releases what it had locked, before the pause.
template <class F>
Attempt try_action(const LockBudget& budget, Mode mode, std::span<const Oid> relations, F&& action) {
  const pg::LockWait waited;
  for (int attempt = 1;; ++attempt) {
    try {
      bool unchanged = true;
      pg::in_subtransaction([&] {
        const pg::SettingsScope settings;
        unchanged = action(pg::LockDeadline(budget.milliseconds));
      });
      if (mode == Mode::Committing) pg::commit_and_start();
      return {.outcome = unchanged ? Outcome::Done : Outcome::Changed,
              .blocked_by = {},
              .tries = attempt,
              .lock_wait = waited.so_far()};
    } catch (const PlanChanged&) {
      if (mode == Mode::Committing) pg::commit_and_start();
      return {.outcome = Outcome::Changed, .blocked_by = {}, .tries = attempt, .lock_wait = waited.so_far()};
    } catch (const pg::PgError& error) {
      if (!detail::is_lock_failure(error)) throw;
    }
    std::string blockers = detail::describe_blockers(relations);
    if (mode == Mode::Committing) pg::commit_and_start();
    if (attempt >= budget.tries)
      return {.outcome = Outcome::Deferred,
              .blocked_by = std::move(blockers),
              .tries = attempt,
              .lock_wait = waited.so_far()};
    pg::sleep_ms(detail::pause_between_tries(budget));
  }
}

// For calls that cannot defer: 55P03 with a hint (rulings 5).
[[noreturn]] void raise_not_locked(const std::string& parent, const Attempt& attempt);

}  // namespace strata::ops
