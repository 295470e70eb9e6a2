// What a session can set: the extension's GUCs.
#pragma once

#include <cstdint>
#include <string>

namespace strata::ops {

// pg_strata.strict_maintenance (rulings 1): on, a failed set makes maintenance fail; off, it is reported and skipped,
// as pg_partman does.
[[nodiscard]] bool strict_maintenance() noexcept;

// pg_strata.move_method: how partition_data_proc takes rows out of a default. Auto: while clients go on writing where a
// move in one transaction would keep them waiting longer than the lock budget, and that is possible. Online: always so,
// or an error. Locked: never.
enum class MoveMethod : std::uint8_t { Auto, Online, Locked };
[[nodiscard]] MoveMethod move_method() noexcept;

// pg_strata.history_retention: after how many days the history of maintenance is deleted; 0: never.
[[nodiscard]] int history_retention_days() noexcept;

// pg_strata.lock_timeout, lock_tries, duty_cycle, deferred_limit: what holds where part_policy says nothing.
struct LockSettings {
  int timeout_ms = 300;
  int tries = 5;
  int duty_cycle = 20;     // percent
  int deferred_limit = 3;  // runs
};
[[nodiscard]] LockSettings lock_settings() noexcept;

// What the background worker is told by pg_strata_bgw.*, or, where those are not given, by pg_partman_bgw.*.
struct WorkerSettings {
  std::string databases;  // as written; empty: none
  std::string role;
  int interval_seconds = 0;
  int wait_seconds = 0;
  bool analyze = false;
  bool jobmon = false;
};
[[nodiscard]] WorkerSettings worker_settings();

// Tells the server about them. Runs once per process, when the module is loaded; may leave by longjmp.
void define_settings();

}  // namespace strata::ops
