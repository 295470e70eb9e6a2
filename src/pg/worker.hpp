// Background workers: one that starts others and waits, and one that runs a statement in a database. Built after core's
// autoprewarm (the first) and exec_simple_query (the second).
#pragma once

#include "pg/guard.hpp"

struct BackgroundWorkerHandle;

namespace strata::pg {

// What the server is told of a worker. The texts are cut to what the server's structure holds.
struct WorkerRequest {
  const char* name;
  const char* type;
  const char* function;  // exported by this module
  const char* argument;  // the worker reads it with worker_argument
};

namespace raw {
// In _PG_init while libraries are preloaded: a worker without a connection, from the end of recovery on, started again
// after a failure. May leave by longjmp.
void register_launcher(const WorkerRequest& request, int restart_seconds);
[[nodiscard]] bool preloading() noexcept;
// Whether a setting is defined by a module, not only mentioned somewhere.
[[nodiscard]] bool setting_is_defined(const char* name);
}  // namespace raw

// Whether a setting stands anywhere, be it with its default value.
[[nodiscard]] bool setting_is_given(const char* name);

// Names separated by commas, read as SQL identifiers: folded to lower case unless quoted. Nothing when malformed.
[[nodiscard]] std::optional<std::vector<std::string>> split_identifiers(const std::string& list);

// Whether this process is one of our workers.
[[nodiscard]] bool in_own_worker() noexcept;
// Whether the server has loaded this module for all sessions, so that the launcher runs.
[[nodiscard]] bool is_preloaded();

// --- the worker that starts others ------------------------------------------------------------

// Lets signals in: SIGTERM and SIGHUP are noted and end waits.
void begin_launcher();
[[nodiscard]] bool shutdown_requested() noexcept;
// Reads the configuration again when the server was told to; whether it was.
[[nodiscard]] bool reload_if_requested();
// Until a signal or a worker's end or start, at most so long.
void wait_for_event(std::chrono::milliseconds limit);

// Starts a worker of a database; this process is told when it starts and ends. Null when no slot is free. What is given
// lies in the current memory context. May leave by longjmp.
namespace raw {
[[nodiscard]] BackgroundWorkerHandle* start_worker(const WorkerRequest& request);
}  // namespace raw

enum class WorkerEnd : std::uint8_t { Ended, NoSlot, ShutDown, StillRunning };
// Starts a worker and waits until it has ended, in whatever way, or this process is to end; also from a session, at
// most so long.
[[nodiscard]] WorkerEnd run_worker(const WorkerRequest& request,
                                   std::optional<std::chrono::milliseconds> limit = std::nullopt);

// --- the worker that works ------------------------------------------------------------

[[nodiscard]] std::string worker_argument();
// Lets signals in and opens the session. Where database or role do not exist or may not log in, core ends the process.
void connect_worker(const std::string& database, const std::string& role);
// The same as the bootstrap superuser, with a safe search_path, where whoever the work is for may not log in. What is
// done then must choose its user.
void connect_worker(Oid database);

// What pg_stat_activity shows of it.
void show_activity(const std::string& text);

namespace raw {
void begin_transaction();
void end_transaction();
}  // namespace raw

// Runs f in a transaction with a snapshot. An error is left to the end of the process, which is near.
template <class F>
void in_worker_transaction(F&& f) {
  guarded([] { raw::begin_transaction(); });
  f();
  guarded([] { raw::end_transaction(); });
}

// Runs one statement as if a client had sent it alone, so that a procedure may commit: SPI cannot give it that outside
// of a portal.
void run_top_level(const std::string& sql);

struct StatementLimits {
  std::chrono::milliseconds total;
  std::chrono::milliseconds per_lock;
};
// The same as a user of the worker's choice in a security-restricted context, in a worker's last statement, which may
// commit in the middle. When the time is over that is logged, and what was committed stays.
void run_top_level_as(Oid user, const std::string& sql, const StatementLimits& limits);

}  // namespace strata::pg
