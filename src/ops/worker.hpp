// The background worker: maintenance without an outside scheduler. A main worker without a database starts one worker
// per listed database, one after the other, waits for the next round, and so on. What fails in a database ends that
// database's worker only.
#pragma once

#include <optional>
#include <string>

namespace strata::ops {

// In _PG_init: asks the server for the main worker when the library is being preloaded. May leave by longjmp.
void register_worker();

// The main worker's life; returns when the server wants it to end.
void run_worker_rounds();

// The life of a worker for one database: runs maintenance there as the role that is set, and ends.
void run_worker_database();

// Where the extension is installed, if it is, in a worker's transaction with SPI.
[[nodiscard]] std::optional<std::string> extension_schema();

}  // namespace strata::ops
