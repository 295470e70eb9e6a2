#include "ops/settings.hpp"

#include "pg/worker.hpp"

namespace strata::ops {

namespace {

// The server writes here whenever the setting changes.
bool strict_maintenance_setting = true;

constexpr int kMostDays = 36500;
int history_retention_setting = 90;

LockSettings lock_setting;

int move_method_setting = static_cast<int>(MoveMethod::Auto);
constexpr config_enum_entry kMoveMethods[] = {{"auto", static_cast<int>(MoveMethod::Auto), false},
                                              {"online", static_cast<int>(MoveMethod::Online), false},
                                              {"locked", static_cast<int>(MoveMethod::Locked), false},
                                              {nullptr, 0, false}};

// And here: the worker's settings under one prefix.
struct WorkerVariables {
  char* dbname = nullptr;
  char* role = nullptr;
  int interval = 0;
  char* analyze = nullptr;
  char* jobmon = nullptr;
  int maintenance_wait = 0;
};

constexpr const char* kPrefix = "pg_strata_bgw";
constexpr const char* kPeerPrefix = "pg_partman_bgw";
WorkerVariables worker_variables;
WorkerVariables peer_variables;
bool peer_names_are_ours = false;

// The server copies the names, and keeps the other texts where they are. Plain functions without anything to destroy:
// a definition can leave by longjmp.
struct SettingName {
  char text[NAMEDATALEN];
  SettingName(const char* prefix, const char* name) noexcept {
    strlcpy(text, prefix, sizeof(text));
    strlcat(text, ".", sizeof(text));
    strlcat(text, name, sizeof(text));
  }
};

void define_text(const SettingName& name, const char* meaning, char** variable, const char* otherwise) {
  DefineCustomStringVariable(name.text, meaning, nullptr, variable, otherwise, PGC_SIGHUP, 0, nullptr, nullptr,
                             nullptr);
}

void define_seconds(const SettingName& name, const char* meaning, int* variable, int otherwise, int least) {
  DefineCustomIntVariable(name.text, meaning, "In seconds.", variable, otherwise, least, INT_MAX, PGC_SIGHUP, 0,
                          nullptr, nullptr, nullptr);
}

void define_worker_settings(const char* prefix, WorkerVariables& variables) {
  define_text({prefix, "dbname"}, "Databases that the background worker maintains, separated by commas.",
              &variables.dbname, nullptr);
  define_text({prefix, "role"}, "Role as which the background worker runs maintenance.", &variables.role,
              "partman_maintainer");
  define_seconds({prefix, "interval"}, "Pause between two rounds of the background worker.", &variables.interval, 3600,
                 1);
  define_text({prefix, "analyze"}, "Whether the background worker passes p_analyze: on or off.", &variables.analyze,
              "off");
  define_text({prefix, "jobmon"}, "Whether the background worker passes p_jobmon: on or off.", &variables.jobmon, "on");
  define_seconds({prefix, "maintenance_wait"}, "Pause between two partition sets: p_wait.", &variables.maintenance_wait,
                 0, 0);
}

// Its own library defines the names when it is loaded, and two cannot: it may come after us in the list.
bool peer_is_loaded() {
  const char* const libraries = shared_preload_libraries_string;
  return (libraries != nullptr && std::strstr(libraries, kPeerPrefix) != nullptr) ||
         pg::raw::setting_is_defined(SettingName(kPeerPrefix, "dbname").text);
}

// Ours decides where it is given.
const WorkerVariables& variables_for(const char* name) {
  const bool peer_decides = peer_names_are_ours && !pg::setting_is_given(SettingName(kPrefix, name).text) &&
                            pg::setting_is_given(SettingName(kPeerPrefix, name).text);
  return peer_decides ? peer_variables : worker_variables;
}

std::string text_of(char* WorkerVariables::* variable, const char* name) {
  const char* const value = variables_for(name).*variable;
  return value != nullptr ? value : "";
}

}  // namespace

bool strict_maintenance() noexcept {
  return strict_maintenance_setting;
}

int history_retention_days() noexcept {
  return history_retention_setting;
}

LockSettings lock_settings() noexcept {
  return lock_setting;
}

MoveMethod move_method() noexcept {
  return static_cast<MoveMethod>(move_method_setting);
}

WorkerSettings worker_settings() {
  return {.databases = text_of(&WorkerVariables::dbname, "dbname"),
          .role = text_of(&WorkerVariables::role, "role"),
          .interval_seconds = variables_for("interval").interval,
          .wait_seconds = variables_for("maintenance_wait").maintenance_wait,
          .analyze = text_of(&WorkerVariables::analyze, "analyze") == "on",
          .jobmon = text_of(&WorkerVariables::jobmon, "jobmon") == "on"};
}

namespace {

// The limits are those that part_policy checks.
void define_lock_settings() {
  const LockSettings usual;
  DefineCustomIntVariable("pg_strata.lock_timeout",
                          "Time that one try of an action may wait for all its table locks together.",
                          "Where part_policy.lock_timeout_ms is null.", &lock_setting.timeout_ms, usual.timeout_ms, 1,
                          60'000, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("pg_strata.lock_tries", "Tries to get the locks of an action before it is deferred.",
                          "Where part_policy.lock_tries is null.", &lock_setting.tries, usual.tries, 1, 1000,
                          PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("pg_strata.duty_cycle",
                          "Percent of any ten seconds in which procedures may keep clients out of a partition set.",
                          "Where part_policy.duty_cycle is null.", &lock_setting.duty_cycle, usual.duty_cycle, 1, 100,
                          PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("pg_strata.deferred_limit",
                          "Runs in a row that may be deferred before that counts as failure.",
                          "Where part_policy.deferred_limit is null.", &lock_setting.deferred_limit,
                          usual.deferred_limit, 1, 1000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
}

}  // namespace

void define_settings() {
  DefineCustomBoolVariable("pg_strata.strict_maintenance",
                           "Makes maintenance fail when a partition set fails, instead of only warning about it.",
                           "When off, a failed partition set is reported with a warning and skipped.",
                           &strict_maintenance_setting, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("pg_strata.move_method", "How partition_data_proc takes rows out of a default partition.",
                           "auto copies large ones while clients go on writing; online does so always or fails; locked "
                           "keeps writers waiting instead.",
                           &move_method_setting, static_cast<int>(MoveMethod::Auto), kMoveMethods, PGC_USERSET, 0,
                           nullptr, nullptr, nullptr);
  // Not the maintainer's to shorten: the history tells what he has done.
  DefineCustomIntVariable("pg_strata.history_retention",
                          "Days for which maintenance_run and maintenance_action are kept.",
                          "Maintenance deletes what is older. 0 keeps everything.", &history_retention_setting, 90, 0,
                          kMostDays, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  define_lock_settings();
  define_worker_settings(kPrefix, worker_variables);
  peer_names_are_ours = !peer_is_loaded();
  if (peer_names_are_ours) define_worker_settings(kPeerPrefix, peer_variables);
  MarkGUCPrefixReserved("pg_strata");
  MarkGUCPrefixReserved(kPrefix);
}

}  // namespace strata::ops
