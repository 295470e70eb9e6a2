#include "pg/snapshots.hpp"

#include "pg/spi.hpp"
#include "pg/xact.hpp"

extern "C" {
#include "storage/proc.h"
#include "storage/sinvaladt.h"
}

namespace strata::pg {

namespace {

using Holder = SnapshotHolder;

Holder describe(const VirtualTransactionId& id) {
#if PG_VERSION_NUM >= 170000
  PGPROC* const process = ProcNumberGetProc(id.procNumber);
  const std::int32_t backend = id.procNumber;
#else
  PGPROC* const process = BackendIdGetProc(id.backendId);
  const std::int32_t backend = id.backendId;
#endif
  return {.backend = backend, .transaction = id.localTransactionId, .pid = process != nullptr ? process->pid : 0};
}

}  // namespace

std::vector<SnapshotHolder> snapshot_holders() {
  int count = 0;
  VirtualTransactionId* const ids = guarded([&count] {
    return GetCurrentVirtualXIDs(InvalidTransactionId, true, false,
                                 PROC_IS_AUTOVACUUM | PROC_IN_VACUUM | PROC_IN_SAFE_IC, &count);
  });
  std::vector<Holder> holders;
  for (int n = 0; n < count; ++n) holders.push_back(describe(ids[n]));
  pfree(ids);
  std::erase_if(holders, [](const Holder& holder) { return holder.pid == 0; });
  return holders;
}

namespace {

std::vector<std::int64_t> pids_of(const std::vector<Holder>& holders) {
  std::vector<std::int64_t> pids;
  for (const Holder& holder : holders) pids.push_back(holder.pid);
  return pids;
}

void leave_out_our_waiters(std::vector<Holder>& holders) {
  if (holders.empty()) return;
  const Rows rows = query(
      "SELECT p::pg_catalog.int4 FROM pg_catalog.unnest($1) AS p "
      "WHERE pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(p::pg_catalog.int4))",
      Params().int8s(pids_of(holders)));
  std::set<std::int32_t> waiting;
  for (std::size_t row = 0; row < rows.size(); ++row) waiting.insert(rows.int4(row, 0));
  std::erase_if(holders, [&](const Holder& holder) { return waiting.contains(holder.pid); });
}

std::string people_text(const std::vector<Holder>& holders) {
  const Rows rows = query(
      "SELECT 'process ' || p || coalesce(' (' || a.usename || ', ' || coalesce(nullif(a.application_name, ''), '?') "
      "|| ')', '') || ', whose snapshot is older' FROM pg_catalog.unnest($1) AS p LEFT JOIN "
      "pg_catalog.pg_stat_activity a ON a.pid = p "
      "ORDER BY a.xact_start LIMIT 5",
      Params().int8s(pids_of(holders)));
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) text += (row > 0 ? ", " : "") + rows.text(row, 0);
  return text;
}

void raise_still_held(const std::vector<Holder>& holders) {
  const std::string detail = people_text(holders);
  const char* const text = detail.c_str();
  guarded([text] {
    ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                    errmsg("canceling the move of rows due to older snapshots of other transactions"),
                    errdetail_internal("%s", text)));
  });
}

}  // namespace

void wait_for_snapshots(std::vector<SnapshotHolder>& holders, std::int64_t budget_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(budget_ms);
  for (;;) {
    if (!holders.empty()) {
      const std::vector<Holder> now = snapshot_holders();
      std::erase_if(holders, [&](const Holder& holder) { return std::ranges::find(now, holder) == now.end(); });
    }
    leave_out_our_waiters(holders);
    if (holders.empty()) return;
    if (std::chrono::steady_clock::now() >= end) raise_still_held(holders);
    sleep_ms(2);
  }
}

void wait_for_snapshots(std::int64_t budget_ms) {
  std::vector<Holder> holders = snapshot_holders();
  wait_for_snapshots(holders, budget_ms);
}

}  // namespace strata::pg
