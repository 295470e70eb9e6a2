#include "ops/detach_concurrently.hpp"

#include <charconv>

#include "ops/ledger.hpp"
#include "ops/retire.hpp"
#include "ops/worker.hpp"
#include "pg/relation.hpp"
#include "pg/worker.hpp"

namespace strata::ops {

namespace {

using std::chrono::milliseconds;

constexpr const char* kLockName = "pg_strata detach";
constexpr const char* kWorker = "pg_strata detach worker";
constexpr milliseconds kStart{1000};  // until a worker runs, on a busy machine

// Held by a worker as long as it lives, and by a session that needs to know that there is none.
pg::AdvisoryLock lock_of(Oid parent) {
  return pg::AdvisoryLock(kLockName, std::to_string(parent));
}

// All that the worker may wait: nobody waits for it meanwhile.
milliseconds limit_of(const Config& config) {
  return milliseconds(config.lock_timeout_ms) * config.lock_tries;
}

Attempt deferred(std::string blocked_by) {
  return {.outcome = Outcome::Deferred, .blocked_by = std::move(blocked_by), .tries = 1, .lock_wait = {}};
}

Attempt worker_is_busy() {
  return deferred("a background worker that detaches a partition");
}

// FINALIZE waits for snapshots, whatever tables they are of.
std::string describe_snapshots() {
  const pg::Rows rows = pg::query(
      "SELECT 'process ' || a.pid || ' (' || coalesce(a.usename, 'background') || ', snapshot held since ' || "
      "coalesce(pg_catalog.date_trunc('second', a.xact_start)::text, '?') || ')' FROM pg_catalog.pg_stat_activity a "
      "WHERE a.datname = pg_catalog.current_database() AND a.backend_xmin IS NOT NULL AND a.pid <> "
      "pg_catalog.pg_backend_pid() ORDER BY a.xact_start, a.pid LIMIT 5");
  std::string text;
  for (std::size_t row = 0; row < rows.size(); ++row) text += (row > 0 ? ", " : "") + rows.text(row, 0);
  return text;
}

enum class Link : std::uint8_t { Attached, Half, None };

Link link_of(Oid parent, Oid partition) {
  const pg::Rows rows =
      pg::query("SELECT inhdetachpending FROM pg_catalog.pg_inherits WHERE inhrelid = $1 AND inhparent = $2",
                pg::Params().oid(partition).oid(parent));
  if (rows.empty()) return Link::None;
  return rows.boolean(0, 0) ? Link::Half : Link::Attached;
}

void record(const Extension& extension, const ManagedSet& set, Oid partition) {
  pg::in_subtransaction([&] {
    const pg::SettingsScope settings;
    record_detach(extension, set, partition);
  });
  pg::commit_and_start();
}

void forget(const Extension& extension, const ManagedSet& set, Oid partition, Link link) {
  record_detach(extension, set, InvalidOid);
  if (link == Link::Attached) forget_promise(extension, partition);
}

// What the worker has left behind.
Link conclude(const Extension& extension, const ManagedSet& set, Oid partition, pg::WorkerEnd end) {
  Link link = Link::Attached;
  pg::in_subtransaction([&] {
    const pg::SettingsScope settings;
    link = link_of(set.parent.oid, partition);
    if (link == Link::None || (link == Link::Attached && end != pg::WorkerEnd::StillRunning))
      forget(extension, set, partition, link);
  });
  pg::commit_and_start();
  return link;
}

}  // namespace

Attempt detach_concurrently(const Extension& extension, const PlannedSet& planned, const PlannedAction& action) {
  const ManagedSet& set = planned.set;
  const Oid partition = action.action.oid;
  {
    const pg::AdvisoryLock idle = lock_of(set.parent.oid);
    if (!idle.held()) return worker_is_busy();
    record(extension, set, partition);
  }
  pg::wait_point("detach_recorded");
  const std::string argument = std::to_string(pg::database_identity().database) + " " + std::to_string(set.parent.oid) +
                               " " + std::to_string(partition) + " " + std::to_string(pg::current_user());
  const pg::WorkerEnd end = pg::run_worker(
      {.name = kWorker, .type = kWorker, .function = "strata_worker_detach", .argument = argument.c_str()},
      limit_of(set.config) + kStart);
  pg::wait_point("detach_awaited");
  const Link link = conclude(extension, set, partition, end);
  if (link == Link::None) return {};
  if (link == Link::Half) {
    const std::array<Oid, 2> relations{set.parent.oid, partition};
    return deferred(detail::describe_blockers(relations));
  }
  if (end == pg::WorkerEnd::StillRunning) return worker_is_busy();
  return detach_partition(extension, planned, action, Mode::Committing);
}

Attempt finish_detach(const Extension& extension, const PlannedSet& planned, const PlannedAction& action, Mode mode) {
  const ManagedSet& set = planned.set;
  const Oid partition = action.action.oid;
  const pg::AdvisoryLock idle = lock_of(set.parent.oid);
  if (!idle.held()) return worker_is_busy();
  const std::array<Oid, 2> relations{set.parent.oid, partition};
  Attempt attempt = try_action(budget_of(set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    bool locked = true;
    for (const Oid table : planned.recipe.referenced)
      locked = locked && pg::lock_relation(table, ShareRowExclusiveLock, deadline);
    locked = locked && pg::lock_relation(set.parent.oid, ShareUpdateExclusiveLock, deadline) &&
             pg::lock_relation(partition, AccessExclusiveLock, deadline);
    if (!locked || link_of(set.parent.oid, partition) != Link::Half) return false;
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    deadline.arm();
    pg::execute(action.statements.front());
    forget(extension, set, partition, Link::None);
    pg::wait_point("finish_done");
    return true;
  });
  if (attempt.outcome != Outcome::Deferred) return attempt;
  if (std::string holders = describe_snapshots(); !holders.empty()) attempt.blocked_by = std::move(holders);
  return attempt;
}

void settle_detach(const Extension& extension, ManagedSet& set) {
  if (!OidIsValid(set.config.detaching) || set.half_detached) return;
  const pg::AdvisoryLock idle = lock_of(set.parent.oid);
  if (!idle.held()) return;
  forget(extension, set, set.config.detaching, link_of(set.parent.oid, set.config.detaching));
  set.config.detaching = InvalidOid;
}

// --- the worker ------------------------------------------------------------------------------------------------------

namespace {

struct Request {
  Oid database = InvalidOid;
  Oid parent = InvalidOid;
  Oid partition = InvalidOid;
  Oid invoker = InvalidOid;
};

Request read_request(const std::string& argument) {
  std::array<Oid, 4> oids{};
  const char* from = argument.data();
  const char* const end = from + argument.size();
  for (Oid& oid : oids) {
    while (from < end && *from == ' ') ++from;
    from = std::from_chars(from, end, oid).ptr;
  }
  return {.database = oids[0], .parent = oids[1], .partition = oids[2], .invoker = oids[3]};
}

struct Order {
  std::string statement;
  Oid owner = InvalidOid;
  pg::StatementLimits limits;
};

// Plans anew what the set's retention asks for, as the caller of maintenance sees the configuration. Nothing when it is
// not this detach any more. The promise of its drop is made here and not before: a worker that never came would leave
// one to a table that somebody may detach by hand to keep it.
std::optional<Order> order_of(const Extension& extension, const Request& request, const std::string& name) {
  const pg::OwnerScope as_invoker(request.invoker);
  pg::set_local("row_security", "on");  // as in his session: policies on the configuration say which sets are his
  std::vector<LoadedSet> sets = load_sets(extension, Selection::Named, name);
  if (sets.empty() || !sets[0].set || sets[0].parent->oid != request.parent) return std::nullopt;
  require_owner_rights(*sets[0].parent);
  if (sets[0].config.undo_in_progress || sets[0].config.detaching != request.partition) return std::nullopt;
  const PlannedSet planned = plan_set(extension, std::move(*sets[0].set), core::Retirement::DetachThenDrop,
                                      pg::transaction_start(), core::PlanPart::Retirements);
  const Config& config = planned.set.config;
  for (const PlannedAction& action : planned.actions) {
    if (action.action.oid != request.partition || action.concurrent.empty()) continue;
    if (!config.keeps_table()) remember_drop(extension, planned.set, action.action);
    // The keys of referenced tables lose triggers, for which writers of those tables would wait.
    const milliseconds per_lock =
        planned.recipe.referenced.empty() ? limit_of(config) : milliseconds(config.lock_timeout_ms);
    return Order{.statement = action.concurrent,
                 .owner = planned.set.parent.owner,
                 .limits = {.total = limit_of(config), .per_lock = per_lock}};
  }
  return std::nullopt;
}

std::optional<Order> checked_order(const Request& request, std::optional<pg::AdvisoryLock>& lock) {
  std::optional<Order> order;
  pg::in_worker_transaction([&] {
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    const std::optional<std::string> schema = extension_schema();
    if (!schema) return;
    const Extension extension = Extension::in_schema(*schema);
    pg::wait_point("worker_started");
    lock.emplace(kLockName, std::to_string(request.parent));
    if (!lock->held()) return;
    const std::optional<std::string> name = configured_name_of(extension, request.parent);
    if (name) order = order_of(extension, request, *name);
    pg::wait_point("worker_checked");
  });
  return order;
}

}  // namespace

void run_worker_detach() {
  const Request request = read_request(pg::worker_argument());
  pg::connect_worker(request.database);
  std::optional<pg::AdvisoryLock> lock;
  const std::optional<Order> order = checked_order(request, lock);
  if (!order) return;
  pg::run_top_level_as(order->owner, order->statement, order->limits);
}

}  // namespace strata::ops
