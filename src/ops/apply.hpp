// Carrying out one action: its own lock deadline, tries with pauses, isolation, commit where the call may commit.
#pragma once

#include "core/duty.hpp"
#include "ops/set.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

// Committing: a procedure, each action is its own transaction. Caller: the caller's transaction holds everything.
enum class Mode : std::uint8_t { Committing, Caller };

struct LockBudget {
  int milliseconds = 300;  // all lock waits of one try together (truths 15)
  int tries = 5;
  int duty_cycle = core::kDutyPercent;  // percent of any ten seconds in which clients may be kept out of the set
  Oid set = InvalidOid;                 // whose clients; none: not counted
  Oid leaving = InvalidOid;             // a partition that is to go: its autovacuum is worth one longer wait
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
  std::chrono::milliseconds lock_wait{0};    // of all tries
  std::chrono::milliseconds vacuum_wait{0};  // the one for an autovacuum, when there was one
};

namespace detail {
[[nodiscard]] bool is_lock_failure(const pg::PgError& error) noexcept;
// Milliseconds: at least 4 times the budget plus jitter, so that clients wait behind our request at most a fifth of the
// time.
[[nodiscard]] std::int64_t pause_between_tries(const LockBudget& budget);
[[nodiscard]] std::string describe_blockers(std::span<const Oid> relations);
// Where nothing but autovacuum holds these tables, of them the one that is leaving: waits for it with a lock that keeps
// no client out. A wait of more than deadlock_timeout makes the server cancel autovacuum, unless it is against
// wraparound; our tries are too short for that (truths 17). A transaction of its own. How long; nothing when there was
// no such wait.
[[nodiscard]] std::chrono::milliseconds wait_for_autovacuum(Oid leaving, std::span<const Oid> relations);
// How long clients were kept out since the try began, for the set's account.
void begin_try() noexcept;
void end_try(const LockBudget& budget) noexcept;
}  // namespace detail

// Milliseconds to wait before the next try on this set, so that its clients are not kept out for more than its share of
// any ten seconds, by what this session has done.
[[nodiscard]] std::int64_t pause_for_duty(const LockBudget& budget) noexcept;

// Thrown by an action that finds the plan changed after it has done something.
struct PlanChanged {};

// Calls action(deadline) until it gets its locks. The action returns false for "changed"; what it has noted by then
// stays. A try that fails or throws PlanChanged is rolled back, which releases what it had locked, before the pause.
template <class F>
Attempt try_action(const LockBudget& budget, Mode mode, std::span<const Oid> relations, F&& action) {
  const pg::LockWait waited;
  std::chrono::milliseconds vacuum_wait{0};
  for (int attempt = 1;; ++attempt) {
    std::string blockers;
    const auto ended = [&](Outcome outcome, std::string blocked_by) {
      return Attempt{.outcome = outcome,
                     .blocked_by = std::move(blocked_by),
                     .tries = attempt,
                     .lock_wait = waited.so_far(),
                     .vacuum_wait = vacuum_wait};
    };
    detail::begin_try();
    try {
      bool unchanged = true;
      pg::in_subtransaction([&] {
        const pg::SettingsScope settings;
        unchanged = action(pg::LockDeadline(budget.milliseconds));
      });
      if (mode == Mode::Committing) pg::commit_and_start();
      detail::end_try(budget);
      return ended(unchanged ? Outcome::Done : Outcome::Changed, {});
    } catch (const PlanChanged&) {
      if (mode == Mode::Committing) pg::commit_and_start();
      detail::end_try(budget);
      return ended(Outcome::Changed, {});
    } catch (const pg::PgError& error) {
      detail::end_try(budget);
      if (!detail::is_lock_failure(error)) throw;
      if (error.sqlstate() == ERRCODE_LOCK_NOT_AVAILABLE) blockers = error.detail();  // pg/snapshots names the holders
    }
    if (blockers.empty()) blockers = detail::describe_blockers(relations);
    if (mode == Mode::Committing) pg::commit_and_start();
    if (mode == Mode::Committing && vacuum_wait.count() == 0) {
      vacuum_wait = detail::wait_for_autovacuum(budget.leaving, relations);
      if (vacuum_wait.count() > 0) continue;
    }
    if (attempt >= budget.tries) return ended(Outcome::Deferred, std::move(blockers));
    const std::int64_t pause = mode == Mode::Committing ? pause_for_duty(budget) : 0;
    pg::sleep_ms(std::max(pause, detail::pause_between_tries(budget)));
  }
}

// For calls that cannot defer: 55P03 with a hint (rulings 5).
[[noreturn]] void raise_not_locked(const std::string& parent, const Attempt& attempt);

}  // namespace strata::ops
