#include "ops/worker.hpp"

#include "ops/settings.hpp"
#include "pg/spi.hpp"
#include "pg/worker.hpp"

namespace strata::ops {

namespace {

constexpr const char* kType = "pg_strata background worker";
constexpr const char* kMainName = "pg_strata master background worker";
constexpr int kRestartSeconds = 600;
constexpr std::size_t kNameLength = 95;  // BGW_MAXLEN without the final NUL

// "pg_strata dynamic background worker (dbname=app)"; one that is too long ends in "...)".
std::string worker_name(const std::string& database) {
  constexpr std::string_view kCut = "...)";
  std::string name = "pg_strata dynamic background worker (dbname=" + database + ")";
  if (name.size() <= kNameLength) return name;
  std::size_t end = kNameLength - kCut.size();
  while ((static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;  // not inside a character of UTF-8
  return name.substr(0, end).append(kCut);
}

void maintain_database(const std::string& database) {
  pg::report({.level = DEBUG1, .message = "starting maintenance of database \"" + database + "\""});
  const std::string name = worker_name(database);
  const pg::WorkerEnd end = pg::run_worker(
      {.name = name.c_str(), .type = kType, .function = "strata_worker_database", .argument = database.c_str()});
  if (end != pg::WorkerEnd::NoSlot) return;
  pg::report({.level = WARNING,
              .sqlstate = ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
              .message = "no background worker is free for the maintenance of database \"" + database + "\"",
              .detail = "It is tried again in the next round.",
              .hint = "Consider increasing max_worker_processes."});
}

// Nothing when there is nothing to do before the configuration changes.
std::optional<std::vector<std::string>> listed_databases(const WorkerSettings& settings) {
  if (settings.databases.empty()) return std::nullopt;
  std::optional<std::vector<std::string>> databases = pg::split_identifiers(settings.databases);
  if (!databases)
    pg::report({.level = LOG,
                .sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
                .message = "invalid list of databases in \"pg_strata_bgw.dbname\": " + settings.databases,
                .detail = "No database is maintained until the configuration is corrected and reloaded.",
                .hint = "Separate names by commas; put names with capitals, commas or blanks in double quotes."});
  return databases;
}

using Clock = std::chrono::steady_clock;

// Until the time comes; a reload, or the end, comes first.
void wait_until(Clock::time_point due) {
  while (!pg::shutdown_requested() && !pg::reload_if_requested()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
    if (left.count() <= 0) return;
    pg::wait_for_event(left);
  }
}

void run_round(const WorkerSettings& settings) {
  const std::optional<std::vector<std::string>> databases = listed_databases(settings);
  if (!databases) return wait_until(Clock::time_point::max());
  for (const std::string& database : *databases)
    if (!pg::shutdown_requested()) maintain_database(database);
  wait_until(Clock::now() + std::chrono::seconds(settings.interval_seconds));
}

}  // namespace

std::optional<std::string> extension_schema() {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace "
      "WHERE e.extname = 'pg_strata'");
  if (rows.empty()) return std::nullopt;
  return rows.text(0, 0);
}

namespace {

std::string maintenance_call(const std::string& schema, const WorkerSettings& settings) {
  const auto boolean = [](bool value) { return value ? "true" : "false"; };
  return "CALL " + pg::qualified(schema, "run_maintenance_proc") + "(p_wait => " +
         std::to_string(settings.wait_seconds) + ", p_analyze => " + boolean(settings.analyze) + ", p_jobmon => " +
         boolean(settings.jobmon) + ")";
}

}  // namespace

void register_worker() {
  if (!pg::raw::preloading()) return;
  pg::raw::register_launcher({.name = kMainName, .type = kType, .function = "strata_worker_main", .argument = ""},
                             kRestartSeconds);
}

void run_worker_rounds() {
  pg::begin_launcher();
  pg::report({.level = LOG, .message = std::string(kMainName) + " started"});
  while (!pg::shutdown_requested()) run_round(worker_settings());
  pg::report({.level = DEBUG2, .message = std::string(kMainName) + " ends"});
}

void run_worker_database() {
  const WorkerSettings settings = worker_settings();
  const std::string database = pg::worker_argument();
  pg::connect_worker(database, settings.role);
  std::optional<std::string> call;
  pg::in_worker_transaction([&] {
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    if (const std::optional<std::string> schema = extension_schema()) call = maintenance_call(*schema, settings);
  });
  if (call) return pg::run_top_level(*call);
  pg::report({.level = DEBUG2, .message = "pg_strata is not installed in database \"" + database + "\""});
}

}  // namespace strata::ops
