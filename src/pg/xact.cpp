#include "pg/xact.hpp"

namespace strata::pg {

namespace raw {

SubtransactionFrame begin_subtransaction() {
  const SubtransactionFrame frame{.memory = CurrentMemoryContext, .owner = CurrentResourceOwner};
  BeginInternalSubTransaction(nullptr);
  MemoryContextSwitchTo(frame.memory);
  return frame;
}

void release_subtransaction(const SubtransactionFrame& frame) {
  ReleaseCurrentSubTransaction();
  MemoryContextSwitchTo(frame.memory);
  CurrentResourceOwner = frame.owner;
}

void rollback_subtransaction(const SubtransactionFrame& frame) {
  RollbackAndReleaseCurrentSubTransaction();
  MemoryContextSwitchTo(frame.memory);
  CurrentResourceOwner = frame.owner;
}

}  // namespace raw

namespace {

std::int32_t hash_text(std::string_view text) {
  return guarded([text] {
    const Datum value = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
    return DatumGetInt32(DirectFunctionCall1Coll(hashtext, DEFAULT_COLLATION_OID, value));
  });
}

}  // namespace

void commit_and_start() {
  guarded([] { SPI_commit(); });
}

void keep_one_snapshot() {
  guarded([] {
    if (FirstSnapshotSet) elog(ERROR, "the transaction has a snapshot already");
    XactIsoLevel = XACT_REPEATABLE_READ;
  });
}

void SessionLocks::keep(Oid table, LOCKMODE mode) {
  held_.reserve(held_.size() + 1);
  guarded([=] {
    LockRelId id{.relId = table, .dbId = MyDatabaseId};
    LockRelationIdForSession(&id, mode);
  });
  held_.emplace_back(table, mode);
}

SessionLocks::~SessionLocks() {
  for (const auto& [table, mode] : held_) {
    try {
      guarded([table = table, mode = mode] {
        LockRelId id{.relId = table, .dbId = MyDatabaseId};
        UnlockRelationIdForSession(&id, mode);
      });
    } catch (...) {  // NOLINT(bugprone-empty-catch): the session's end releases it
    }
  }
}

AdvisoryLock::AdvisoryLock(std::string_view name, std::optional<std::string_view> second) : first_(hash_text(name)) {
  if (second) second_ = hash_text(*second);
  held_ = guarded([this] {
    if (second_)
      return DatumGetBool(
          DirectFunctionCall2(pg_try_advisory_lock_int4, Int32GetDatum(first_), Int32GetDatum(*second_)));
    return DatumGetBool(DirectFunctionCall1(pg_try_advisory_lock_int8, Int64GetDatum(first_)));
  });
}

AdvisoryLock::~AdvisoryLock() {
  if (!held_) return;
  try {
    guarded([this] {
      if (second_)
        DirectFunctionCall2(pg_advisory_unlock_int4, Int32GetDatum(first_), Int32GetDatum(*second_));
      else
        DirectFunctionCall1(pg_advisory_unlock_int8, Int64GetDatum(first_));
    });
  } catch (...) {  // NOLINT(bugprone-empty-catch): the session's end releases it
  }
}

bool try_transaction_lock(std::string_view name) {
  const std::int32_t key = hash_text(name);
  return guarded(
      [key] { return DatumGetBool(DirectFunctionCall1(pg_try_advisory_xact_lock_int8, Int64GetDatum(key))); });
}

void sleep_ms(long milliseconds) {
  if (milliseconds <= 0) return;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    check_interrupts();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    guarded([&] {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, static_cast<long>(left.count()),
                      PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
    });
  }
}

#ifdef STRATA_TESTING
// Really waits for the lock, so that the isolation tester sees a blocked session. The action's lock deadline is not for
// this wait.
void wait_point(const char* name) {
  const std::int32_t key = hash_text(std::string("strata:") + name);
  guarded([key] {
    const int level = NewGUCNestLevel();
    (void)set_config_option("lock_timeout", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    DirectFunctionCall1(pg_advisory_lock_shared_int8, Int64GetDatum(key));
    DirectFunctionCall1(pg_advisory_unlock_shared_int8, Int64GetDatum(key));
    AtEOXact_GUC(false, level);
  });
}
#endif

}  // namespace strata::pg
