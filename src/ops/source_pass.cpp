#include "ops/source_pass.hpp"

#include "ops/observe.hpp"
#include "pg/bulk_load.hpp"

namespace strata::ops::from_source {

namespace {

constexpr std::uint32_t kMostPages = 16 * 1024;
constexpr std::size_t kStraysAtOnce = 1000;
constexpr std::size_t kMostOfPart = 1000;  // partitions, each with a lock of its own and those of its indexes
constexpr std::uint64_t kRowsOfBatch = 1'000'000;

std::vector<core::Tick> ticks_of(const ManagedSet& set, const std::vector<std::string>& keys) {
  std::vector<core::Tick> ticks;
  if (keys.empty()) return ticks;
  const pg::Rows rows = pg::query("SELECT " + set.codec.row_expression("k.key") +
                                      " FROM pg_catalog.unnest($1::text[]::" + set.key_type_name() + "[]) AS k(key)",
                                  pg::Params().texts(keys));
  for (std::size_t row = 0; row < rows.size(); ++row) ticks.push_back(set.codec.row_tick(rows, row, 0));
  return ticks;
}

}  // namespace

bool may_move_in_parts(const Work& work, const SourceRequest& request, const BatchLoop& loop) {
  const bool whole = !request.data.interval || !is_smaller(work.set, parse_step(work.set, *request.data.interval));
  return whole && loop.batches.value_or(0) <= 0 && work.order == Order::Ascending &&
         request.data.ignored_columns.empty() && !work.set.is_list() && !work.set.codec.foreign() &&
         work.source.kind == RELKIND_RELATION && !OidIsValid(work.check.relation);
}

std::string SourcePass::condition(const Work& work) const {
  const auto at = [](std::uint32_t page) { return "'(" + std::to_string(page) + ",0)'::pg_catalog.tid"; };
  return work.set.codec.finite_condition(pg::quote_ident(work.set.parent.key_column)) + " AND ctid >= " + at(first_) +
         " AND ctid < " + at(first_ + count_);
}

// One scan tells both.
SourcePass::Seen SourcePass::look(const Work& work) const {
  Seen seen;
  const std::vector<core::Child>& children = work.set.inventory.children;  // ascending
  std::vector<pg::RouteTarget> targets;
  for (const core::Child& child : children) targets.push_back(route_target(work.set, child.range, child.oid));
  const pg::RoutedKeys routed =
      pg::route_keys(work.set.parent.oid, targets,
                     "SELECT " + pg::quote_ident(work.set.parent.key_column) + "::" + work.set.key_type_name() +
                         " FROM " + source_sql(work.source) + " WHERE " + condition(work),
                     reach_ == Reach::All ? kStraysAtOnce : 0);
  for (std::size_t n = 0; n < children.size() && seen.filled.size() < kMostOfPart; ++n)
    if (routed.counts[n] > 0) seen.filled.push_back(&children[n]);
  for (const core::Tick tick : ticks_of(work.set, routed.stray_keys)) {
    const auto holds = [tick](const core::Range& range) { return range.contains(tick); };
    if (std::ranges::none_of(seen.missing, holds)) seen.missing.push_back(range_of_key(work.set, tick));
  }
  return seen;
}

// Some of the rows of the current part. Changed: look again. Done without rows: none of them has a place.
Moved SourcePass::move_part(const LockBudget& budget) {
  Work work = prepare(extension_, request_);
  if (!pages_)
    pages_ = static_cast<std::uint32_t>(
        pg::query("SELECT pg_catalog.pg_relation_size($1)", pg::Params().oid(work.source.oid)).int8(0, 0) / BLCKSZ);
  Seen seen;
  const std::array<Oid, 1> read{work.source.oid};
  Moved moved;
  moved.attempt = try_action(budget, Mode::Committing, read, [&](const pg::LockDeadline& deadline) {
    const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
    const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
    deadline.arm();
    seen = look(work);
    return true;
  });
  if (moved.attempt.outcome != Outcome::Done) return moved;
  for (const core::Range& cell : seen.missing) {
    moved.attempt = provide_partition(extension_, work.set, cell, budget, Mode::Committing).attempt;
    if (moved.attempt.outcome != Outcome::Done) return moved;
  }
  if (!seen.missing.empty()) return {.attempt = {.outcome = Outcome::Changed, .blocked_by = {}}};
  is_partial_ = seen.filled.size() == kMostOfPart;
  took_ = {};
  if (seen.filled.empty()) return moved;
  std::vector<Oid> tables = oids_of(seen.filled);
  tables.push_back(work.source.oid);
  std::optional<MovedRows> rows;
  moved.attempt = try_action(budget, Mode::Committing, tables, [&](const pg::LockDeadline& deadline) {
    const auto start = std::chrono::steady_clock::now();
    const bool done = spread(work, request_, seen.filled, condition(work), deadline, rows);
    took_ = std::chrono::steady_clock::now() - start;
    return done;
  });
  over_ = moved.attempt.outcome == Outcome::Done && !rows;
  if (moved.attempt.outcome == Outcome::Done) moved.rows = rows.value_or(MovedRows{}).rows;
  return moved;
}

Moved SourcePass::step(const LockBudget& budget) {
  for (int replan = 0; replan < kReplans; ++replan) {
    Moved moved = move_part(budget);
    if (moved.attempt.outcome != Outcome::Changed) return moved;
  }
  over_ = true;  // the loop behind us knows how to give up
  return {};
}

// The next part is chosen so that it takes between a third of the budget and all of it.
void SourcePass::keep_to(const LockBudget& budget) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(took_).count();
  if (took > budget.milliseconds) count_ = std::max(1U, count_ / 2);
  if (took < budget.milliseconds / 3) count_ = std::min(kMostPages, count_ * 2);
}

Batch SourcePass::next() {
  Batch batch;
  while (!over_ && batch.rows < kRowsOfBatch) {
    pg::check_interrupts();
    const LockBudget budget = budget_of(load_set(extension_, request_.data.parent).config);
    const Moved moved =
        try_for(request_.data.lock_wait_seconds, budget, [&](const LockBudget& each) { return step(each); });
    if (moved.attempt.outcome == Outcome::Deferred && batch.rows == 0) batch.attempt = moved.attempt;
    if (moved.attempt.outcome == Outcome::Deferred) break;
    batch.rows += moved.rows;
    if (is_partial_) continue;
    first_ += count_;
    over_ = over_ || first_ >= pages_.value_or(0);
    keep_to(budget);
  }
  return batch;
}

}  // namespace strata::ops::from_source
