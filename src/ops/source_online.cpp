#include "ops/source_online.hpp"

#include "ops/constraints.hpp"
#include "ops/observe.hpp"
#include "ops/settings.hpp"
#include "ops/stand_in.hpp"

namespace strata::ops::from_source {

namespace {

// Of moves that find the set, or the source, changed at their end.
constexpr int kBeginnings = 2;
// Tries to switch that end because of somebody's old snapshot or lock: parts ask for less.
constexpr int kSwitches = 3;

DrainRequest online_request(const SourceRequest& request, const Parent& source) {
  DrainRequest online = request.data;
  online.source = StandIn{.oid = source.oid, .raw_name = source.raw_name()};
  online.interval = std::nullopt;
  online.cells = {.infinity = Infinity::Ignore, .count = std::numeric_limits<std::size_t>::max()};
  return online;
}

bool is_worth_it(const ManagedSet& set, const LockBudget& budget) {
  const MoveMethod method = move_method();
  return method == MoveMethod::Online ||
         (method == MoveMethod::Auto && is_local_heap(set.default_facts) && takes_longer_than(set, budget));
}

}  // namespace

OnlineSource::OnlineSource(const Extension& extension, const SourceRequest& request, const Parent& source)
    : extension_(extension), request_(online_request(request, source)), asked_(request) {}

std::optional<Batch> OnlineSource::to_existing(const ManagedSet& set, const LockBudget& budget) {
  if (!existing_) {
    const std::array<Oid, 1> read{set.drained()};
    bool any = false;
    Attempt attempt = try_action(budget, Mode::Committing, read, [&](const pg::LockDeadline& deadline) {
      deadline.arm();
      any = has_rows_for_existing(set);
      return true;
    });
    if (attempt.outcome == Outcome::Deferred) return Batch{.attempt = std::move(attempt)};
    if (!any) return std::nullopt;
    existing_.emplace(extension_, asked_, SourcePass::Reach::Existing);
  }
  Batch batch = existing_->next();
  if (batch.rows > 0 || batch.attempt.outcome == Outcome::Deferred) return batch;
  existing_.reset();
  return std::nullopt;
}

std::optional<Batch> OnlineSource::begin(const ManagedSet& set, const LockBudget& budget) {
  if (set.config.has_move && clear_leftovers(extension_, set, Mode::Committing) == Leftovers::Locked)
    return Batch{.attempt = {.outcome = Outcome::Deferred, .blocked_by = "users of a table that was being moved"}};
  OnlineDrain::Beginning beginning = OnlineDrain::begin(extension_, request_, budget, begun_ == 0);
  if (beginning.attempt.outcome == Outcome::Deferred) return Batch{.attempt = std::move(beginning.attempt)};
  move_ = std::move(beginning.move);
  const bool changed = beginning.attempt.outcome == Outcome::Changed;
  over_ = (move_ == nullptr && !changed) || ++begun_ > kBeginnings;
  return std::nullopt;
}

Batch OnlineSource::run(const LockBudget& budget) {
  const OnlineDrain::Result result =
      try_for(request_.lock_wait_seconds, budget, [&](const LockBudget&) { return move_->run(); });
  request_.alone = request_.alone || move_->lost_helper();
  over_ = over_ || move_->is_unfit();
  if (result.attempt.outcome != Outcome::Deferred) move_ = nullptr;
  return {.attempt = result.attempt, .rows = result.rows, .batches = result.partitions};
}

std::optional<Batch> OnlineSource::next() {
  while (!over_) {
    pg::check_interrupts();
    ManagedSet set = load_set(extension_, request_.parent);
    const LockBudget budget = budget_of(set.config);
    if (move_ == nullptr) {
      if (!let_stand_in(set, *request_.source) || !is_worth_it(set, budget)) break;
      if (is_within_reach(set))
        if (std::optional<Batch> batch = to_existing(set, budget)) return batch;
      if (std::optional<Batch> batch = begin(set, budget)) return batch;
      if (move_ == nullptr) continue;
    }
    Batch batch = run(budget);
    if (batch.attempt.outcome == Outcome::Changed) continue;
    if (batch.attempt.outcome == Outcome::Deferred) {
      if (move_method() == MoveMethod::Online || ++deferred_ < kSwitches) return batch;
      notice("rows of \"" + request_.source->raw_name +
             "\" are moved part by part: the move at once was kept waiting by " + batch.attempt.blocked_by);
      give_up();
      break;
    }
    begun_ = deferred_ = 0;
    if (batch.rows == 0) break;
    constrain_after_creation(extension_, set.config.parent_table, Mode::Committing);
    return batch;
  }
  over_ = true;
  return std::nullopt;
}

void OnlineSource::give_up() noexcept {
  if (move_ != nullptr) move_->give_up();
  move_ = nullptr;
}

}  // namespace strata::ops::from_source
