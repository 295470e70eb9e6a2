// Transactions: error isolation, commit per action, advisory locks, waiting.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

namespace raw {
struct SubtransactionFrame {
  MemoryContext memory;
  ResourceOwner owner;
};
[[nodiscard]] SubtransactionFrame begin_subtransaction();
void release_subtransaction(const SubtransactionFrame& frame);
void rollback_subtransaction(const SubtransactionFrame& frame);
}  // namespace raw

// Runs f in a subtransaction: committed to the parent on return, rolled back when f throws, which passes on. The abort
// also puts back the user, settings, locks, snapshots and SPI state that f left behind.
template <class F>
void in_subtransaction(F&& f) {
  const raw::SubtransactionFrame frame = guarded([] { return raw::begin_subtransaction(); });
  try {
    f();
    guarded([&] { raw::release_subtransaction(frame); });
  } catch (...) {
    guarded([&] { raw::rollback_subtransaction(frame); });
    throw;
  }
}

// Ends the transaction and starts the next one; only where the call is not atomic.
void commit_and_start();

// Gives the transaction that has just begun one snapshot for all its statements, as REPEATABLE READ does.
void keep_one_snapshot();

// Table locks that last over commits. The transaction must hold each already; they go with this object, also while an
// error unwinds.
class SessionLocks {
 public:
  SessionLocks() = default;
  SessionLocks(const SessionLocks&) = delete;
  SessionLocks& operator=(const SessionLocks&) = delete;
  ~SessionLocks();
  void keep(Oid table, LOCKMODE mode);

 private:
  std::vector<std::pair<Oid, LOCKMODE>> held_;
};

// A session-level advisory lock with the key hashtext(name) or (hashtext(name), hashtext(second)), as the peer's.
// Unlike other scopes it also releases while an error unwinds: a session lock would outlive the transaction's abort.
class AdvisoryLock {
 public:
  explicit AdvisoryLock(std::string_view name, std::optional<std::string_view> second = std::nullopt);
  AdvisoryLock(const AdvisoryLock&) = delete;
  AdvisoryLock& operator=(const AdvisoryLock&) = delete;
  ~AdvisoryLock();
  [[nodiscard]] bool held() const noexcept { return held_; }

 private:
  std::int32_t first_;
  std::optional<std::int32_t> second_;
  bool held_ = false;
};
// The same until the end of the transaction.
[[nodiscard]] bool try_transaction_lock(std::string_view name);

// Sleeps, waking for interrupts.
void sleep_ms(long milliseconds);

// Tests only (-DSTRATA_TESTING): stops while another session holds the advisory lock hashtext('strata:' || name).
// Absent from the shipped build.
#ifdef STRATA_TESTING
void wait_point(const char* name);
#else
inline void wait_point(const char* /*name*/) noexcept {}
#endif

}  // namespace strata::pg
