// What a session can set: the extension's GUCs.
#pragma once

#include <string>

namespace strata::ops {

// pg_strata.strict_maintenance (rulings 1): on, a failed set makes maintenance fail; off, it is reported and skipped,
// as pg_partman does.
[[nodiscard]] bool strict_maintenance() noexcept;

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
