#include "ops/schedule.hpp"

#include "pg/relation.hpp"

namespace strata::ops {

namespace {

std::string call_of_maintenance(const Extension& extension) {
  return "CALL " + extension.object("run_maintenance_proc") + "()";
}

// The database that pg_cron works for, when it is loaded and the caller may know; what it is asked to do elsewhere it
// does from there. The view, unlike current_setting(), leaves out what is only written in the configuration file.
std::optional<std::string> database_of_cron() {
  const pg::Rows rows = pg::query("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'cron.database_name'");
  if (rows.empty()) return std::nullopt;
  return rows.optional_text(0, 0);
}

std::string manual_way(const Extension& extension, const std::string& job) {
  const std::string database = pg::query("SELECT pg_catalog.current_database()").text(0, 0);
  const std::string call = call_of_maintenance(extension);
  const std::optional<std::string> home = database_of_cron();
  if (home && *home != database)
    return "In database " + in_quotes(*home) + ": SELECT cron.schedule_in_database(" + pg::quote_literal(job) +
           ", '0 2 * * *', " + pg::quote_literal(call) + ", " + pg::quote_literal(database) + ");";
  const std::string install = home ? "Run CREATE EXTENSION pg_cron" : "Install pg_cron";
  return install + ", or preload pg_strata and set pg_strata_bgw.dbname, or let the system's cron run: psql -d " +
         pg::quote_literal(database) + " -c " + pg::quote_literal(call);
}

void require_cron(const Extension& extension, const std::string& job) {
  if (job.empty() || job.size() > static_cast<std::size_t>(NAMEDATALEN) - 1)
    refuse(core::Code::InvalidParameterValue,
           "p_job_name must have 1 to " + std::to_string(NAMEDATALEN - 1) + " bytes, not " + std::to_string(job.size()),
           "pg_cron would cut it.");
  if (pg::extension_installed("pg_cron")) return;
  refuse(core::Code::FeatureNotSupported, "extension pg_cron is not installed in this database",
         manual_way(extension, job),
         "Maintenance is scheduled by pg_cron, the background worker, or a cron of the system.");
}

constexpr const char* kRights = "Grant USAGE on schema cron to the role that schedules maintenance.";

}  // namespace

std::int64_t schedule_maintenance(const Extension& extension, const std::string& schedule, const std::string& job) {
  const pg::SettingsScope settings;
  require_cron(extension, job);
  return with_hint(kRights, [&] {
    return pg::query("SELECT cron.schedule($1, $2, $3)",
                     pg::Params().text(job).text(schedule).text(call_of_maintenance(extension)))
        .int8(0, 0);
  });
}

bool unschedule_maintenance(const Extension& extension, const std::string& job) {
  const pg::SettingsScope settings;
  require_cron(extension, job);
  return with_hint(kRights, [&] {
    const pg::Rows own =
        pg::query("SELECT 1 FROM cron.job WHERE jobname = $1 AND username = current_user", pg::Params().text(job));
    if (own.empty()) return false;
    (void)pg::query("SELECT cron.unschedule($1)", pg::Params().text(job));
    return true;
  });
}

}  // namespace strata::ops
