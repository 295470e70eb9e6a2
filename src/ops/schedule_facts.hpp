// What calls maintenance in this database: jobs of pg_cron that the caller may see, and our own background worker.
#pragma once

#include "pg/spi.hpp"

namespace strata::ops {

struct MaintenanceJob {
  std::string scheduler;  // pg_cron or pg_strata_bgw
  std::optional<std::int64_t> id;
  std::optional<std::string> name;
  std::string schedule;
  std::string command;
  std::optional<std::string> role;
  bool active = true;
  std::optional<std::string> parent_table;  // the only set that it maintains; empty: all with automatic maintenance
};

// Empty where nothing does, or where the caller may not read the jobs. Recognised by the text of the command: one that
// calls a function of the user's own is not found.
[[nodiscard]] std::vector<MaintenanceJob> maintenance_jobs();

}  // namespace strata::ops
