// plan_maintenance: premake, then retention. Everything is decided on the real bounds of the inventory.
#include "core/plan.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>
#include <utility>

#include "core/reach.hpp"
#include "core/retention.hpp"

namespace strata::core {

namespace {

// The arguments of one plan, as they came.
struct Set {
  const Policy& policy;
  const Calendar& calendar;
  const Inventory& inventory;
  const Observation& seen;
  std::int64_t now_utc;
  Reach reach = reach_of(policy, calendar, inventory, now_utc);

  // Ends where premake goes on: far partitions are no part of what it continues.
  [[nodiscard]] const Range& last_in_use() const { return inventory.children[reach.end - 1].range; }
};

// What premake counts from: the partition in use and its highest key, or (no upper end) the present.
struct Current {
  Bound lower;
  std::optional<Bound> upper;
  std::optional<Tick> key = {};
};

// Up to where partitions are wanted, and from which cell premake counts to say so.
struct Target {
  Tick start = 0;  // gaps from here on are closed, too: the partitions ahead must exist, not only the last of them
  Tick end = 0;
  std::int64_t counted_from = 0;  // the cell before the first premade one
  std::string label;
  bool reached_end = false;  // the key's range ends first
};

struct Premake {
  std::vector<Action> actions;
  std::vector<std::string> warnings;
};

bool in_range(const Calendar& calendar, const Bound& bound) {
  return bound.finite() && calendar.in_range(bound.tick);
}

std::optional<Range> filled_range(const Set& set) {
  const auto index = set.seen.highest_filled;
  if (!index || *index >= set.reach.end) return std::nullopt;
  return set.inventory.children[*index].range;
}

// Whether a row of this moment or later is there, in the partition of now or one after it. A date is its midnight.
bool reaches_now(const Set& set, const Range& filled, const Bound& now) {
  if (filled.lower > now) return true;
  if (!set.seen.latest) return false;
  const bool date = set.calendar.key() == KeyType::Date;
  return (date ? set.calendar.to_local(*set.seen.latest) : *set.seen.latest) >=
         set.calendar.clock().from_utc(set.now_utc);
}

// Without default data: the highest filled partition, or now when infinite_time_partitions and no row lies after now.
std::optional<Current> current_by_children(const Set& set) {
  const auto filled = filled_range(set);
  if (is_time(set.policy.key) && set.policy.infinite_time_partitions) {
    const Bound now = Bound::at(set.calendar.from_utc(set.now_utc));
    if (!filled || !reaches_now(set, *filled, now)) return Current{.lower = now, .upper = std::nullopt};
  }
  if (!filled) return std::nullopt;
  return Current{.lower = filled->lower, .upper = filled->upper, .key = set.seen.max_id};
}

// Moves on to the cell of the default's highest row, if that is further.
std::optional<Current> current_by_default(const Set& set, const Grid& grid, std::span<const Range> existing,
                                          std::optional<Current> current) {
  if (set.policy.ignore_default_data || !set.seen.default_max) return current;
  const Tick highest = *set.seen.default_max;
  if (Bound::at(highest) >= set.reach.limit) return current;
  if (current && Bound::at(highest) <= current->lower) return current;
  const auto range = range_for(grid, existing, highest);
  if (!range) return current;
  return Current{.lower = range->lower, .upper = range->upper, .key = highest};
}

// How many whole partitions a lower bound is ahead of where premake counts from (contract 4.4, 4.5): times as age()
// counts them, in months of 30 days and years of 365.25, rounded; so over years it may be one off, as it is there.
class Distance {
 public:
  // `since` is a number, or microseconds on the set's wall clock.
  Distance(const Set& set, std::int64_t since) : calendar_(set.calendar), step_(set.policy.step), since_(since) {}
  [[nodiscard]] std::int64_t to(Tick lower) const {
    if (!is_time(calendar_.key())) return static_cast<std::int64_t>((Wide{lower} - since_) / step_.count);
    const Wide passed = interval_epoch(age(calendar_.to_local(lower), since_));
    const Wide twice = 2 * passed + (passed < 0 ? -length() : length());
    return static_cast<std::int64_t>(twice / (2 * length()));
  }

 private:
  [[nodiscard]] Wide length() const noexcept {
    if (step_.unit == Step::Unit::Month)
      return interval_epoch({.months = static_cast<std::int32_t>(step_.count), .days = 0, .micros = 0});
    return step_.unit == Step::Unit::Day ? Wide{kMicrosPerDay} * step_.count : Wide{step_.count};
  }

  const Calendar& calendar_;
  const Step& step_;
  std::int64_t since_;
};

// The end of the first cell that is far enough ahead; partitions are wanted up to there. Empty where the calendar ends.
std::optional<Tick> end_of_premake(const Set& set, const Grid& grid, const Distance& distance, std::int64_t guess) {
  const auto is_enough = [&](std::int64_t n) {
    const auto lower = grid.boundary(n);
    return !lower || distance.to(*lower) >= set.policy.premake;
  };
  std::int64_t n = guess;
  while (is_enough(n - 1) && grid.boundary(n - 1).has_value()) --n;
  while (!is_enough(n)) ++n;
  return grid.boundary(n + 1);
}

// Where premake counts from: the start of the cell that ends where the partition in use does, of whatever width that
// is. Ids count from whole multiples of the interval, whatever the offset (contract 4.5).
Tick counted_from(const Set& set, const Range& in_use, std::optional<Tick> key) {
  const Tick upper = in_use.upper.tick;
  const Tick cell = set.calendar.advance(upper, set.policy.step, -1).value_or(upper);
  const bool whole = in_use.lower == Bound::at(cell);
  if (is_time(set.policy.key) || !whole || !key || !in_use.contains(*key)) return cell;
  return *key - *key % set.policy.step.count;
}

std::optional<Target> target_after(const Set& set, const Grid& grid, const Current& current) {
  const Range in_use{.lower = current.lower, .upper = *current.upper};
  // Nothing lies beyond MAXVALUE or infinity.
  if (!in_range(set.calendar, in_use.upper)) return std::nullopt;
  const Tick from = counted_from(set, in_use, current.key);
  const std::int64_t here = grid.cell_of(std::max(in_use.upper.tick, set.calendar.lowest() + 1) - 1);
  const auto end =
      end_of_premake(set, grid, Distance(set, is_time(set.policy.key) ? set.calendar.to_local(from) : from),
                     here + set.policy.premake);
  const bool labelled = in_range(set.calendar, in_use.lower);
  return Target{.start = in_use.upper.tick,
                .end = end.value_or(set.calendar.highest()),
                .counted_from = here,
                .label = labelled ? show_tick(set.calendar, in_use.lower.tick) : "the lowest partition",
                .reached_end = !end};
}

// From the partition of now, be it of another width than a cell.
std::optional<Target> target_after_now(const Set& set, const Grid& grid, std::span<const Range> existing) {
  const Tick now = set.calendar.from_utc(set.now_utc);
  const std::int64_t here = grid.cell_of(now);
  const auto in_use = range_for(grid, existing, now);
  if (!in_use || !in_use->upper.finite()) return std::nullopt;
  const Calendar clock = set.calendar.clock();
  const Distance distance(set, clock.to_local(clock.from_utc(set.now_utc)));
  const auto end = end_of_premake(set, grid, distance, here + set.policy.premake);
  return Target{.start = in_use->lower.finite() ? in_use->lower.tick : in_use->upper.tick,
                .end = end.value_or(set.calendar.highest()),
                .counted_from = here,
                .label = "now",
                .reached_end = !end};
}

// Partitions that the present itself needs: its own and premake more.
std::optional<Range> span_of_present(const Set& set, const Grid& grid) {
  if (!is_time(set.policy.key)) return std::nullopt;
  const std::int64_t here = grid.cell_of(set.calendar.from_utc(set.now_utc));
  const auto cell = grid.cell(here);
  if (!cell) return std::nullopt;
  const auto end = grid.boundary(here + set.policy.premake + 1);
  return Range{.lower = cell->lower, .upper = Bound::at(end.value_or(set.calendar.highest()))};
}

std::optional<Target> target_of(const Set& set, const Grid& grid, std::span<const Range> existing) {
  const auto current = current_by_default(set, grid, existing, current_by_children(set));
  if (!current) return std::nullopt;
  if (!current->upper) return target_after_now(set, grid, existing);
  return target_after(set, grid, *current);
}

// The next partition begins at the last real upper end (or at a gap before it), or later where retention would take it
// at once.
Tick resume_at(const Set& set, const Grid& grid, Tick last_upper) {
  const auto* retention = set.policy.retention ? std::get_if<IntervalParts>(&*set.policy.retention) : nullptr;
  if (retention == nullptr || !is_time(set.policy.key)) return last_upper;
  const auto cutoff = cutoff_of(set.calendar, *retention, set.now_utc);
  if (!cutoff) return last_upper;
  const auto start = grid.boundary(grid.cell_of(set.calendar.at_or_before(*cutoff)));
  return start ? std::max(last_upper, *start) : last_upper;
}

// What is missing up to the target. Where rows have run ahead of the clock (a drain of stray rows does that), premake
// counts from them, and the partitions that the present itself needs come on top. One more than allowed is enough to
// know that there are too many.
std::vector<Range> wanted_ranges(const Set& set, const Grid& grid, std::span<const Range> existing,
                                 const Target& target, const PlanLimits& limits) {
  const std::size_t limit = limits.max_creations + 1;
  const Tick last = set.last_in_use().upper.tick;
  Tick from = std::min(last, target.start);
  std::vector<Range> wanted;
  const auto present = span_of_present(set, grid);
  if (present && present->lower < Bound::at(from) && existing.front().upper.finite()) {
    // Between partitions only: what lies below the first one was not asked for.
    const Tick start = resume_at(set, grid, std::max(present->lower.tick, existing.front().upper.tick));
    wanted = missing_ranges(grid, existing, start, std::min(present->upper.tick, from), limit);
    if (!wanted.empty()) from = std::max(from, wanted.back().upper.tick);
  }
  const auto ahead = missing_ranges(grid, existing, resume_at(set, grid, from), target.end, limit);
  wanted.insert(wanted.end(), ahead.begin(), ahead.end());
  return wanted;
}

std::string premake_reason(const Grid& grid, const Target& target, const Range& range, std::int64_t total) {
  const std::int64_t ordinal = grid.cell_of(range.lower.tick) - target.counted_from;
  if (ordinal <= 0) return "premake: closes the gap up to " + target.label;
  return "premake: " + std::to_string(ordinal) + " of " + std::to_string(total) + " partitions ahead of " +
         target.label;
}

Result<std::vector<Action>> build(const Set& set, const Grid& grid, const Target& target,
                                  const std::vector<Range>& ranges, const NameRules& names) {
  std::vector<Action> actions;
  if (ranges.empty()) return actions;
  const std::int64_t total = grid.cell_of(ranges.back().lower.tick) - target.counted_from;
  actions.reserve(ranges.size());
  for (const Range& range : ranges) {
    auto action = create_action(set.policy, set.calendar, range, premake_reason(grid, target, range, total), names);
    if (!action) return action.refusal();
    actions.push_back(std::move(action).value());
  }
  return actions;
}

// A set without partitions has nothing to continue. Id sets then stay as they are, as in contract 4.3.
Result<Premake> nothing_to_continue(const Set& set) {
  if (!is_time(set.policy.key)) return Premake{};
  return Refusal{.code = Code::NotInPrerequisiteState,
                 .message = "partition set \"" + set.policy.parent + "\" has no partitions to continue",
                 .detail = {},
                 .hint = "Create one with create_partition_time()."};
}

// Inside the limits of a sub-set, and not gone with the next retirement: a cell cut short by partitions of another
// width can end before the cutoff although the cell itself reaches over it.
bool is_worth_creating(const Set& set, const Range& range) {
  if (!set.policy.within_limits(range.lower)) return false;
  return !set.policy.retention || !is_expired(set.calendar, *set.policy.retention, range.upper, set.now_utc);
}

Result<Premake> premake(const Set& set, const NameRules& names, const PlanLimits& limits) {
  if (set.inventory.children.empty()) return nothing_to_continue(set);
  if (!in_range(set.calendar, set.last_in_use().upper)) return Premake{};
  const std::vector<Range> existing = set.inventory.ranges();
  const auto grid = grid_of(set.calendar, set.policy.step, std::span(existing).first(set.reach.end));
  const auto target = grid ? target_of(set, *grid, existing) : std::nullopt;
  if (!target) return Premake{};

  auto ranges = wanted_ranges(set, *grid, existing, *target, limits);
  std::erase_if(ranges, [&](const Range& range) { return !is_worth_creating(set, range); });
  if (ranges.size() > limits.max_creations) return too_many_creations(set.policy, limits);
  auto actions = build(set, *grid, *target, ranges, names);
  if (!actions) return actions.refusal();
  Premake result{.actions = std::move(actions).value(), .warnings = {}};
  if (target->reached_end) {
    result.warnings.push_back("partition set \"" + set.policy.parent +
                              "\" reaches the end of the range of its key's type");
  }
  return result;
}

std::string retire_reason(const Set& set, const Retention& retention, const Child& child) {
  const std::string end = "ends at " + show_tick(set.calendar, child.range.upper.tick);
  if (const auto* distance = std::get_if<std::int64_t>(&retention)) {
    return "retention: " + end + ", at least " + std::to_string(*distance) + " below " +
           std::to_string(set.seen.max_id.value_or(0));
  }
  const auto cutoff = cutoff_of(set.calendar, std::get<IntervalParts>(retention), set.now_utc);
  return "retention: " + end + ", before " + show_tick(set.calendar.clock(), cutoff.value_or(0));
}

void retire(const Set& set, std::string reason, const Child& child, Retirement how, std::vector<Action>& actions) {
  Action action{.kind = ActionKind::Detach,
                .oid = child.oid,
                .schema = child.schema,
                .name = child.name,
                .names = {},
                .range = child.range,
                .estimated_rows = child.estimated_rows,
                .bytes = child.bytes,
                .reason = std::move(reason)};
  const bool drop = !set.policy.keep_table && !set.policy.grace;
  if (drop && how == Retirement::DropAttached) action.kind = ActionKind::DropAttached;
  actions.push_back(action);
  if (!drop || how == Retirement::DropAttached) return;
  action.kind = ActionKind::Drop;
  actions.push_back(std::move(action));
}

// The oldest of them, as many as one run may take. How many are left over.
std::size_t limit_retirements(const Policy& policy, Retirees& out) {
  const std::size_t found = out.children.size();
  if (!policy.max_retirements || std::cmp_less_equal(found, *policy.max_retirements)) return 0;
  out.children.resize(static_cast<std::size_t>(*policy.max_retirements));
  out.kept_last = std::nullopt;  // its turn has not come
  return found - out.children.size();
}

std::string left_over(const Policy& policy, std::size_t count) {
  return "retention leaves " + std::to_string(count) + " more " + (count == 1 ? "partition" : "partitions") + " of \"" +
         policy.parent + "\" to later runs";
}

void add_retirements(const Set& set, Retirement how, SetPlan& plan) {
  if (!set.policy.retention) return;
  auto found = qualifying(set.calendar, set.inventory, *set.policy.retention, set.seen.max_id, set.now_utc);
  // Partitions created by the same plan remain, so then even the last old one may go.
  const bool one_must_stay = plan.actions.empty() && !set.policy.may_empty;
  Retirees out = one_must_stay ? keep_last(set.reach.end, std::move(found))
                               : Retirees{.children = std::move(found), .kept_last = std::nullopt};
  if (const std::size_t rest = limit_retirements(set.policy, out); rest > 0)
    plan.notices.push_back(left_over(set.policy, rest));
  for (const std::size_t index : out.children) {
    const Child& child = set.inventory.children[index];
    retire(set, retire_reason(set, *set.policy.retention, child), child, how, plan.actions);
  }
  if (!out.kept_last) return;
  plan.warnings.push_back("retention keeps \"" + set.inventory.children[*out.kept_last].name +
                          "\", the last partition of \"" + set.policy.parent + "\"");
}

// Contract 4.4: with the end of the limits inside its last partition a sub-set is done with. On a grid that meets the
// limits this never happens; then creation just finds nothing more to do.
bool is_full(const Set& set) {
  if (!set.policy.limits || !set.policy.limits->upper.finite() || set.inventory.children.empty()) return false;
  return set.inventory.children.back().range.contains(set.policy.limits->upper.tick);
}

std::optional<Refusal> wrong_retention(const Policy& policy) {
  if (!policy.retention) return std::nullopt;
  const bool age = std::holds_alternative<IntervalParts>(*policy.retention);
  if (age == is_time(policy.key)) return std::nullopt;
  return Refusal{.code = Code::DatatypeMismatch,
                 .message = "retention of partition set \"" + policy.parent + "\" does not fit its key",
                 .detail = {},
                 .hint = age ? "Sets partitioned by number take a number as retention."
                             : "Sets partitioned by time take an interval as retention."};
}

}  // namespace

std::vector<Range> Inventory::ranges() const {
  std::vector<Range> all;
  all.reserve(children.size());
  std::ranges::transform(children, std::back_inserter(all), &Child::range);
  return all;
}

Refusal too_many_creations(const Policy& policy, const PlanLimits& limits) {
  return {.code = Code::ProgramLimitExceeded,
          .message = "partition set \"" + policy.parent + "\" would need more than " +
                     std::to_string(limits.max_creations) + " new partitions at once",
          .detail = {},
          .hint = "Use a larger interval, a later start or a smaller premake."};
}

Result<Action> create_action(const Policy& policy, const Calendar& calendar, const Range& range, std::string reason,
                             const NameRules& names) {
  if (!in_range(calendar, range.lower) || !range.upper.finite()) {
    return Refusal{.code = Code::InvalidParameterValue,
                   .message = "a new partition of \"" + policy.parent + "\" needs finite bounds",
                   .detail = {},
                   .hint = "Partitions that end at MINVALUE, MAXVALUE or infinity are created by hand."};
  }
  if (auto refusal = wrong_pattern(policy.pattern, policy.key, policy.step, policy.parent)) return *std::move(refusal);
  const Tick lower = range.lower.tick;
  auto suffix = is_time(policy.key) ? format_local(calendar.to_local(lower), policy.name_format())
                                    : Result<std::string>(std::to_string(lower));
  if (!suffix) return suffix.refusal();
  if (suffix.value().empty()) {
    return Refusal{.code = Code::InvalidParameterValue,
                   .message = "datetime_string of partition set \"" + policy.parent + "\" is empty",
                   .detail = {},
                   .hint = "Set it to YYYYMMDD, or to YYYYMMDD_HH24MISS for intervals under a day."};
  }
  const NameChoice choice =
      partition_name(policy.table, policy.parent, suffix.value(), range.lower, names, policy.name_lead());
  return Action{.kind = ActionKind::Create,
                .oid = 0,
                .schema = policy.schema,
                .name = choice.contract,
                .names = choice,
                .range = range,
                .estimated_rows = 0,
                .bytes = 0,
                .reason = std::move(reason)};
}

Result<SetPlan> plan_maintenance(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                                 const Observation& seen, std::int64_t now_utc, Retirement retirement,
                                 const NameRules& names, const PlanLimits& limits) {
  if (auto refusal = wrong_retention(policy)) return *std::move(refusal);
  if (auto refusal = wrong_pattern(policy.pattern, policy.key, policy.step, policy.parent)) return *std::move(refusal);
  const Set set{.policy = policy, .calendar = calendar, .inventory = inventory, .seen = seen, .now_utc = now_utc};
  if (policy.full) return SetPlan{};
  auto created = premake(set, names, limits);
  if (!created) return created.refusal();
  Premake made = std::move(created).value();
  // Not with a gap before the last one, which a drain can leave.
  if (made.actions.empty() && is_full(set))
    return SetPlan{.actions = {}, .warnings = {}, .notices = {}, .became_full = true};
  SetPlan plan{
      .actions = std::move(made.actions), .warnings = std::move(made.warnings), .notices = {}, .became_full = false};
  add_retirements(set, retirement, plan);
  return plan;
}

SetPlan part_of(SetPlan plan, PlanPart part, const Policy& policy, const Inventory& inventory) {
  if (part == PlanPart::All) return plan;
  const auto creates = [](const Action& action) { return makes_partition(action.kind); };
  if (part == PlanPart::Creations) {
    std::erase_if(plan.actions, std::not_fn(creates));
    plan.notices.clear();
    return plan;
  }
  plan.became_full = false;
  const bool counted_on = std::erase_if(plan.actions, creates) > 0 && !policy.may_empty;
  if (!counted_on || inventory.children.empty()) return plan;
  const std::uint32_t last = inventory.children.back().oid;
  const auto leaves = [&plan](const Child& child) {
    return std::ranges::any_of(plan.actions, [&child](const Action& action) { return action.oid == child.oid; });
  };
  if (!std::ranges::all_of(inventory.children, leaves)) return plan;
  std::erase_if(plan.actions, [last](const Action& action) { return action.oid == last; });
  plan.warnings.push_back("retention keeps \"" + inventory.children.back().name + "\", the last partition of \"" +
                          policy.parent + "\"");
  return plan;
}

Result<SetPlan> plan_retirement(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                                const Observation& seen, std::int64_t reference_utc, Retirement retirement) {
  if (auto refusal = wrong_retention(policy)) return *std::move(refusal);
  Policy unlimited = policy;
  unlimited.max_retirements = std::nullopt;
  unlimited.grace = std::nullopt;
  const Set set{
      .policy = unlimited, .calendar = calendar, .inventory = inventory, .seen = seen, .now_utc = reference_utc};
  SetPlan plan;
  add_retirements(set, retirement, plan);
  return plan;
}

}  // namespace strata::core
