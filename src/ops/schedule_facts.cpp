#include "ops/schedule_facts.hpp"

#include "ops/settings.hpp"
#include "pg/relation.hpp"
#include "pg/scope.hpp"
#include "pg/worker.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

constexpr const char* kWorker = "pg_strata_bgw";

// The set is named by the first literal, or by the name of the parameter.
constexpr const char* kCronJobs = R"sql(
SELECT j.jobid, j.jobname::text, j.schedule::text, j.command, j.username::text, j.active,
       coalesce(pg_catalog.substring(j.command, '(?i)\mp_parent_table\s*(?:=>|:=)\s*''([^'']+)'''),
                pg_catalog.substring(j.command, '(?i)\mrun_\w+"?\s*\(\s*''([^'']+)'''))
FROM cron.job j
WHERE j.database = pg_catalog.current_database()
  AND j.command ~* '\mrun_(maintenance|maintenance_proc|all|provisioning|cleanup)"?\s*\('
ORDER BY j.jobid)sql";

void read_cron_jobs(std::vector<MaintenanceJob>& jobs) {
  const pg::SettingsScope settings;
  const pg::Rows rows = pg::query(kCronJobs);
  for (std::size_t row = 0; row < rows.size(); ++row)
    jobs.push_back({.scheduler = "pg_cron",
                    .id = rows.int8(row, 0),
                    .name = rows.optional_text(row, 1),
                    .schedule = rows.text(row, 2),
                    .command = rows.text(row, 3),
                    .role = rows.text(row, 4),
                    .active = rows.boolean(row, 5),
                    .parent_table = rows.optional_text(row, 6)});
}

// What cannot be read tells nothing.
void add_cron_jobs(std::vector<MaintenanceJob>& jobs) {
  if (!pg::extension_installed("pg_cron")) return;
  try {
    pg::in_subtransaction([&] { read_cron_jobs(jobs); });
  } catch (const pg::PgError& error) {
    if (error.is_interrupt()) throw;
  }
}

std::string database_name() {
  return pg::query("SELECT pg_catalog.current_database()").text(0, 0);
}

void add_worker(std::vector<MaintenanceJob>& jobs) {
  if (!pg::is_preloaded()) return;
  const WorkerSettings settings = worker_settings();
  const std::optional<std::vector<std::string>> databases = pg::split_identifiers(settings.databases);
  if (!databases || std::ranges::find(*databases, database_name()) == databases->end()) return;
  jobs.push_back({.scheduler = kWorker,
                  .id = std::nullopt,
                  .name = std::nullopt,
                  .schedule = std::string(kWorker) + ": every " + std::to_string(settings.interval_seconds) + " s",
                  .command = "CALL run_maintenance_proc()",
                  .role = settings.role,
                  .active = true,
                  .parent_table = std::nullopt});
}

}  // namespace

std::vector<MaintenanceJob> maintenance_jobs() {
  std::vector<MaintenanceJob> jobs;
  add_cron_jobs(jobs);
  add_worker(jobs);
  return jobs;
}

}  // namespace strata::ops
