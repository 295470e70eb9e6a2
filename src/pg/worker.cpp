#include "pg/worker.hpp"

#include "pg/spi.hpp"

extern "C" {
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/procsignal.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/timeout.h"
#include "utils/guc_tables.h"
#include "utils/portal.h"
#include "utils/varlena.h"
}

namespace strata::pg {

namespace {

BackgroundWorker describe_worker(const WorkerRequest& request) noexcept {
  BackgroundWorker worker{};
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
  strlcpy(worker.bgw_library_name, "pg_strata", sizeof(worker.bgw_library_name));
  strlcpy(worker.bgw_function_name, request.function, sizeof(worker.bgw_function_name));
  strlcpy(worker.bgw_name, request.name, sizeof(worker.bgw_name));
  strlcpy(worker.bgw_type, request.type, sizeof(worker.bgw_type));
  strlcpy(worker.bgw_extra, request.argument, sizeof(worker.bgw_extra));
  return worker;
}

struct config_generic* find_setting(const char* name) {
#if PG_VERSION_NUM >= 160000
  return find_option(name, false, true, ERROR);
#else
  struct config_generic** const settings = get_guc_variables();
  for (int i = 0; i < GetNumConfigOptions(); ++i)
    if (pg_strcasecmp(settings[i]->name, name) == 0) return settings[i];
  return nullptr;
#endif
}

}  // namespace

namespace raw {

void register_launcher(const WorkerRequest& request, int restart_seconds) {
  if (IsBinaryUpgrade) return;  // pg_upgrade wants no maintenance under its hands
  BackgroundWorker worker = describe_worker(request);
  worker.bgw_restart_time = restart_seconds;
  RegisterBackgroundWorker(&worker);
}

BackgroundWorkerHandle* start_worker(const WorkerRequest& request) {
  BackgroundWorker worker = describe_worker(request);
  worker.bgw_flags |= BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  worker.bgw_notify_pid = MyProcPid;
  BackgroundWorkerHandle* handle = nullptr;
  (void)RegisterDynamicBackgroundWorker(&worker, &handle);
  return handle;
}

bool preloading() noexcept {
  return process_shared_preload_libraries_in_progress;
}

bool setting_is_defined(const char* name) {
  const struct config_generic* const setting = find_setting(name);
  return setting != nullptr && (setting->flags & GUC_CUSTOM_PLACEHOLDER) == 0;
}

}  // namespace raw

bool setting_is_given(const char* name) {
  const struct config_generic* const setting = guarded([name] { return find_setting(name); });
  return setting != nullptr && setting->source != PGC_S_DEFAULT;
}

std::optional<std::vector<std::string>> split_identifiers(const std::string& list) {
  char* const text = guarded([&list] { return pstrdup(list.c_str()); });
  List* names = nullptr;
  const bool well_formed = guarded([&] { return SplitIdentifierString(text, ',', &names); });
  std::vector<std::string> result;
  for (int i = 0; i < list_length(names); ++i) result.emplace_back(static_cast<char*>(list_nth(names, i)));
  list_free(names);  // its strings lie in text
  pfree(text);
  return well_formed ? std::optional(result) : std::nullopt;
}

namespace {

constexpr const char* kModule = "pg_strata";

// Of an entry of shared_preload_libraries, which may be a path.
std::string module_of(const std::string& library) {
  const auto slash = library.rfind('/');
  std::string name = slash == std::string::npos ? library : library.substr(slash + 1);
  if (name.ends_with(".so")) name.resize(name.size() - 3);
  return name;
}

}  // namespace

bool in_own_worker() noexcept {
  return MyBgworkerEntry != nullptr && std::strcmp(MyBgworkerEntry->bgw_library_name, kModule) == 0;
}

bool is_preloaded() {
  const char* const listed = shared_preload_libraries_string;
  const auto libraries = split_identifiers(listed != nullptr ? listed : "");
  return libraries &&
         std::ranges::any_of(*libraries, [](const std::string& name) { return module_of(name) == kModule; });
}

// --- the worker that starts others ------------------------------------------------------------

void begin_launcher() {
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
  // The server ignores it for workers without a connection, and it is what tells us that a worker started or ended.
  pqsignal(SIGUSR1, procsignal_sigusr1_handler);
  BackgroundWorkerUnblockSignals();
}

bool shutdown_requested() noexcept {
  return ShutdownRequestPending != 0;
}

bool reload_if_requested() {
  if (ConfigReloadPending == 0) return false;
  ConfigReloadPending = 0;
  guarded([] { ProcessConfigFile(PGC_SIGHUP); });
  return true;
}

void wait_for_event(std::chrono::milliseconds limit) {
  constexpr std::int64_t kLongest = 3'600'000;  // WaitLatch takes no more than an int
  const long timeout = static_cast<long>(std::clamp<std::int64_t>(limit.count(), 0, kLongest));
  guarded([timeout] {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout, PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  });
}

namespace {
constexpr std::chrono::hours kLongestWait{1};
}  // namespace

WorkerEnd run_worker(const WorkerRequest& request, std::optional<std::chrono::milliseconds> limit) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = limit ? Clock::now() + *limit : Clock::time_point::max();
  BackgroundWorkerHandle* const handle = guarded([&] { return raw::start_worker(request); });
  if (handle == nullptr) return WorkerEnd::NoSlot;
  // Not WaitForBackgroundWorkerShutdown: that would sleep through a request to end.
  pid_t pid = 0;
  while (GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED) {
    if (shutdown_requested()) return WorkerEnd::ShutDown;
    const Clock::time_point now = Clock::now();
    if (now >= end) return WorkerEnd::StillRunning;
    wait_for_event(std::chrono::ceil<std::chrono::milliseconds>(std::min<Clock::duration>(end - now, kLongestWait)));
  }
  pfree(handle);
  return WorkerEnd::Ended;
}

// --- the worker that works ------------------------------------------------------------

std::string worker_argument() {
  return MyBgworkerEntry->bgw_extra;
}

namespace {

// Core's message names either the database or the role.
void add_worker_context(void* role) {
  errcontext("%s, connecting as role \"%s\"", MyBgworkerEntry->bgw_name, static_cast<const char*>(role));
}

}  // namespace

void connect_worker(const std::string& database, const std::string& role) {
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  guarded([&] {
    ErrorContextCallback context{};
    context.previous = error_context_stack;
    context.callback = add_worker_context;
    context.arg = const_cast<char*>(role.c_str());
    error_context_stack = &context;
    // Never without a name: that would be the bootstrap superuser.
    BackgroundWorkerInitializeConnection(database.c_str(), role.c_str(), 0);
    error_context_stack = context.previous;
    SetConfigOption("application_name", MyBgworkerEntry->bgw_type, PGC_USERSET, PGC_S_SESSION);
  });
}

void connect_worker(Oid database) {
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  guarded([database] {
    BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
    // Whoever owns the database may have set another one for it.
    SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_SESSION);
    SetConfigOption("application_name", MyBgworkerEntry->bgw_type, PGC_USERSET, PGC_S_SESSION);
  });
}

void show_activity(const std::string& text) {
  guarded([shown = text.c_str()] { pgstat_report_activity(STATE_RUNNING, shown); });
}

namespace raw {

void begin_transaction() {
  SetCurrentStatementStartTimestamp();
  StartTransactionCommand();
  PushActiveSnapshot(GetTransactionSnapshot());
}

void end_transaction() {
  PopActiveSnapshot();
  CommitTransactionCommand();
}

namespace {

// The portal of one statement, as exec_simple_query makes it. In `memory`, which outlives commits.
Portal open_portal(const char* sql, MemoryContext memory) {
  MemoryContextSwitchTo(memory);
  RawStmt* const statement = linitial_node(RawStmt, pg_parse_query(sql));
  const CommandTag tag = CreateCommandTag(statement->stmt);
  PushActiveSnapshot(GetTransactionSnapshot());
  List* const queries = pg_analyze_and_rewrite_fixedparams(statement, sql, nullptr, 0, nullptr);
  List* const plans = pg_plan_queries(queries, sql, 0, nullptr);
  PopActiveSnapshot();
  const Portal portal = CreatePortal("", true, true);
  portal->visible = false;
  PortalDefineQuery(portal, nullptr, sql, tag, plans, nullptr);
  PortalStart(portal, nullptr, 0, InvalidSnapshot);
  return portal;
}

void run_portal(Portal portal) {
  DestReceiver* const nowhere = CreateDestReceiver(DestNone);
#if PG_VERSION_NUM >= 180000
  (void)PortalRun(portal, FETCH_ALL, true, nowhere, nowhere, nullptr);
#else
  (void)PortalRun(portal, FETCH_ALL, true, true, nowhere, nowhere, nullptr);
#endif
  nowhere->rDestroy(nowhere);
  PortalDrop(portal, false);
}

#ifdef USE_ASSERT_CHECKING
// StartTransaction asserts that no restriction is in force, which holds of no statement that commits in the middle
// under one. Servers with assertions are not for production; others keep it.
void lift_restriction(XactEvent event, void* /*unused*/) {
  if (event == XACT_EVENT_COMMIT) SetUserIdAndSecContext(GetUserId(), 0);
}
#endif

void restrict_to(Oid user) {
  if (!OidIsValid(user)) return;
#ifdef USE_ASSERT_CHECKING
  RegisterXactCallback(lift_restriction, nullptr);
#endif
  SetUserIdAndSecContext(user, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

void run_statement(const char* text, Oid user) {
  MemoryContext const memory = AllocSetContextCreate(TopMemoryContext, "pg_strata statement", ALLOCSET_DEFAULT_SIZES);
  const char* const sql = MemoryContextStrdup(memory, text);  // still read while an error is reported
  debug_query_string = sql;
  SetCurrentStatementStartTimestamp();
  pgstat_report_activity(STATE_RUNNING, sql);
  StartTransactionCommand();
  Oid before = InvalidOid;
  int context = 0;
  GetUserIdAndSecContext(&before, &context);
  restrict_to(user);
  run_portal(open_portal(sql, memory));
  SetUserIdAndSecContext(before, context);
  CommitTransactionCommand();
  debug_query_string = nullptr;
  pgstat_report_activity(STATE_IDLE, nullptr);
  MemoryContextDelete(memory);
}

}  // namespace

}  // namespace raw

void run_top_level(const std::string& sql) {
  guarded([&sql] { raw::run_statement(sql.c_str(), InvalidOid); });
}

namespace {

void set_for_session(const char* name, const std::string& value) {
  guarded([name, text = value.c_str()] { SetConfigOption(name, text, PGC_SUSET, PGC_S_SESSION); });
}

bool is_out_of_time(const PgError& error) noexcept {
  return error.sqlstate() == ERRCODE_QUERY_CANCELED || error.sqlstate() == ERRCODE_LOCK_NOT_AVAILABLE;
}

}  // namespace

void run_top_level_as(Oid user, const std::string& sql, const StatementLimits& limits) {
  set_for_session("lock_timeout", std::to_string(limits.per_lock.count()));
  try {
    guarded([&sql, user, total = static_cast<int>(limits.total.count())] {
      enable_timeout_after(STATEMENT_TIMEOUT, total);
      raw::run_statement(sql.c_str(), user);
      disable_timeout(STATEMENT_TIMEOUT, false);
    });
  } catch (const PgError& error) {
    if (!is_out_of_time(error)) throw;
    report({.level = LOG, .message = "not finished in time: " + sql, .detail = error.message()});
  }
}

}  // namespace strata::pg
