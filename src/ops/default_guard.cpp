#include "ops/default_guard.hpp"

#include "ops/default_rows.hpp"
#include "ops/observe.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kName = "pg_strata_guard";

// What a scan reads in a millisecond at least, checks of the rows included.
constexpr std::int64_t kBytesPerMillisecond = 128L << 10;

bool is_long_to_scan(const ManagedSet& set) {
  if (!OidIsValid(set.parent.default_oid) || set.is_list() || !is_local_heap(set.default_facts)) return false;
  return pg::file_bytes(set.default_facts.tablespace, set.default_facts.filenode) >
         set.config.lock_timeout_ms * kBytesPerMillisecond;
}

// Nobody writes there yet, as far as one can tell.
bool is_untouched(const ManagedSet& set, const core::Range& range, std::int64_t now_utc) {
  if (!range.lower.finite() || !range.upper.finite()) return false;
  if (set.is_time()) return range.lower > core::Bound::at(set.calendar().from_utc(now_utc));
  if (set.inventory.children.empty()) return false;
  const core::Child& last = set.inventory.children.back();
  const ChildFacts& facts = set.facts.back();
  return last.range.upper <= range.lower && is_local_heap(facts) && pg::file_is_empty(facts.tablespace, facts.filenode);
}

std::optional<core::Range> future_of(const PlannedSet& planned, std::int64_t now_utc) {
  std::optional<core::Range> all;
  for (const PlannedAction& one : planned.actions) {
    if (one.action.kind != core::ActionKind::Create || !is_untouched(planned.set, one.action.range, now_utc)) continue;
    if (!all)
      all = one.action.range;
    else
      all->upper = std::max(all->upper, one.action.range.upper);
  }
  return all;
}

std::string default_name(const ManagedSet& set) {
  return pg::qualified(set.inventory.default_partition->schema, set.inventory.default_partition->name);
}

// The name is ours, but OIDs and names may have parted since the set was loaded.
bool lock_default(const ManagedSet& set, LOCKMODE mode, const pg::LockDeadline& deadline) {
  if (!pg::lock_relation(set.parent.default_oid, mode, deadline)) return false;
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
              "c.oid = $1 AND c.relname = $2 AND n.nspname = $3 AND c.relowner = $4",
              pg::Params()
                  .oid(set.parent.default_oid)
                  .text(set.inventory.default_partition->name)
                  .text(set.inventory.default_partition->schema)
                  .oid(set.parent.owner))
              .empty();
}

// One statement on the default as the owner of the set. Not as anybody else: his tables are his.
Attempt alter_default(const ManagedSet& set, const std::string& what, LOCKMODE lock, Mode mode) {
  const std::array<Oid, 1> relations{set.parent.default_oid};
  return try_action(budget_of(set.config), mode, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    if (!lock_default(set, lock, deadline)) return false;
    deadline.arm();
    pg::execute("ALTER TABLE " + default_name(set) + " " + what);
    return true;
  });
}

bool is_done(const Attempt& attempt) noexcept {
  return attempt.outcome == Outcome::Done;
}

}  // namespace

DefaultGuard::DefaultGuard(const PlannedSet& planned, Mode mode, std::int64_t now_utc) : planned_(planned) {
  if (mode == Mode::Committing && is_long_to_scan(planned.set)) range_ = future_of(planned, now_utc);
}

void DefaultGuard::put_up() {
  if (!range_ || stands_) return;
  const ManagedSet& set = planned_.set;
  const std::string name = pg::quote_ident(kName);
  stands_ = is_done(
      alter_default(set, "ADD CONSTRAINT " + name + " CHECK (" + outside_condition(set, *range_) + ") NOT VALID",
                    AccessExclusiveLock, Mode::Committing));
  if (!stands_) return;
  pg::wait_point("guard_stands");
  try {
    (void)alter_default(set, "VALIDATE CONSTRAINT " + name, ShareUpdateExclusiveLock, Mode::Committing);
  } catch (const pg::PgError& error) {
    if (error.sqlstate() != ERRCODE_CHECK_VIOLATION) throw;
    take_down();  // a row has come in: the attempt to attach will say so
  }
  pg::wait_point("guard_validated");
}

void DefaultGuard::take_down() {
  if (!stands_) return;
  const Attempt attempt = alter_default(planned_.set, "DROP CONSTRAINT IF EXISTS " + pg::quote_ident(kName),
                                        AccessExclusiveLock, Mode::Committing);
  if (is_done(attempt)) {
    stands_ = false;
    return;
  }
  pg::report({.level = NOTICE,
              .message = "constraint \"" + std::string(kName) + "\" stays on " + default_name(planned_.set) +
                         " until the next run",
              .detail = "Locks were held by " + attempt.blocked_by + ".",
              .hint = {}});
  range_.reset();
  stands_ = false;
}

std::set<Oid> guarded_defaults() {
  const pg::SettingsScope settings;
  const pg::Rows rows = pg::query(
      "SELECT conrelid FROM pg_catalog.pg_constraint WHERE conname = $1::name AND contype = 'c' AND conrelid <> 0",
      pg::Params().text(kName));
  std::set<Oid> tables;
  for (std::size_t row = 0; row < rows.size(); ++row) tables.insert(rows.oid(row, 0));
  return tables;
}

bool take_off_guard(const ManagedSet& set) {
  if (!set.inventory.default_partition) return false;
  return is_done(
      alter_default(set, "DROP CONSTRAINT IF EXISTS " + pg::quote_ident(kName), AccessExclusiveLock, Mode::Caller));
}

}  // namespace strata::ops
