#include "ops/helper.hpp"

#include "core/helpers.hpp"
#include "ops/copy_indexes.hpp"
#include "ops/copy_load.hpp"
#include "pg/spi.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

constexpr const char* kWorker = "pg_strata helper";
constexpr const char* kLoad = "load";
constexpr const char* kIndex = "index";

// Where the owner is lent the schema for each step (pg/scope.hpp), two processes would change its grants at once.
bool owner_is_at_home(const ManagedSet& set) {
  return pg::query("SELECT pg_catalog.has_schema_privilege($1, $2, 'USAGE')",
                   pg::Params().oid(set.parent.owner).oid(set.parent.schema_oid))
      .boolean(0, 0);
}

}  // namespace

int helpers_wanted(const ManagedSet& set, std::size_t pieces) {
  const pg::MaintenanceLimits limits = pg::maintenance_limits();
  const int helpers = core::helpers_for({.pieces = static_cast<int>(pieces),
                                         .most = limits.workers,
                                         .memory_kb = limits.memory_kb,
                                         .restrained = set.config.move_rate_mb.has_value()});
  return helpers > 0 && owner_is_at_home(set) ? helpers : 0;
}

pg::HelperTerms helper_terms(const ManagedSet& set, int lock_timeout_ms, int helpers) {
  return {.user = set.parent.owner,
          .lock_timeout_ms = lock_timeout_ms,
          .memory_kb = core::memory_share_kb(pg::maintenance_limits().memory_kb, helpers)};
}

void keep_to_share(std::int64_t memory_kb) {
  pg::set_local("max_parallel_maintenance_workers", "0");
  pg::set_local("maintenance_work_mem", std::to_string(memory_kb));
}

pg::WorkerRequest helper_request() noexcept {
  return {.name = kWorker, .type = kWorker, .function = "strata_worker_helper", .argument = ""};
}

std::string task_name(HelperTask task) {
  return task == HelperTask::Load ? kLoad : kIndex;
}

namespace {

std::string activity_of(const pg::HelperSeat& seat, std::size_t piece) {
  const pg::Texts texts = seat.texts(piece);
  return "partition_data_proc: " + (seat.order().front() == kLoad
                                        ? "loading pages " + texts.front() + " to " + texts.back()
                                        : "indexing " + texts.front());
}

}  // namespace

// The first text of an order is its task.
void run_worker_helper() {
  pg::HelperSeat seat;
  while (const std::optional<std::size_t> piece = seat.take()) {
    pg::show_activity(activity_of(seat, *piece));
    pg::PieceResult result;
    pg::in_worker_transaction([&] {
      const pg::SpiConnection spi(pg::Atomicity::Atomic);
      const pg::OwnerScope as_owner(seat.terms().user);
      keep_to_share(seat.terms().memory_kb);
      pg::wait_point("helper_took");
      const pg::LockDeadline deadline(seat.terms().lock_timeout_ms);
      if (seat.order().front() == kLoad)
        result = help_to_load(seat, *piece, deadline);
      else
        help_to_index(seat, *piece, deadline);
      pg::wait_point("helper_worked");
    });
    seat.done(*piece, result);
  }
}

}  // namespace strata::ops
