// plan_initial: the first partitions of a new set, and the ones an adopted set lacks.
#include <algorithm>
#include <utility>

#include "core/plan.hpp"

namespace strata::core {

namespace {

// The wanted span before adoption: cells of the fresh grid from its first partition up to `end`.
struct Span {
  Tick origin = 0;  // of the grid that a set without partitions gets
  Tick from = 0;
  Tick end = 0;  // the last wanted cell begins before it
};

Refusal refuse_time_range() {
  return {.code = Code::DatetimeOverflow,
          .message = "initial partitions would leave the range of the key's type",
          .detail = {},
          .hint = "Use a start nearer to the present, a smaller premake or a shorter interval."};
}

Refusal refuse_id_range() {
  return {.code = Code::NumericOverflow,
          .message = "initial partitions would leave the range of the key's type",
          .detail = {},
          .hint = "Use a smaller interval, premake or start, or a larger key type."};
}

// Contract 3.4.5. Start and end are instants: for dates too, now is later than the midnight of today.
Result<Span> time_span(const Policy& policy, const Calendar& calendar, const InitialRequest& request) {
  const Calendar clock = calendar.clock();
  const Tick now = clock.from_utc(request.now_utc);
  const auto start = request.start ? std::optional(clock.from_utc(*request.start))
                                   : clock.advance(now, policy.step, -std::int64_t{policy.premake});
  const auto ahead = clock.advance(now, policy.step, policy.premake);
  const auto base =
      start ? clock.truncate(*start, request.trunc.value_or(trunc_field_for(request.interval))) : std::nullopt;
  if (!base || !ahead) return refuse_time_range();
  const Tick origin = calendar.at_or_before(*base);
  // A start in the future still gets its own partition.
  return Span{.origin = origin, .from = origin, .end = std::max(calendar.at_or_after(*ahead), origin + 1)};
}

// Contract 3.4.6: partitions below the start only without an explicit one, and none that begins at or below zero.
std::int64_t partitions_before(const Policy& policy, const InitialRequest& request, Tick first) {
  if (request.start || first <= 0) return 0;
  return std::min<std::int64_t>(policy.premake, (first - 1) / policy.step.count);
}

Result<Span> id_span(const Policy& policy, const Calendar& calendar, const InitialRequest& request) {
  const std::int64_t value = request.start.value_or(request.max_id);
  std::int64_t first = 0;
  // The remainder truncates towards zero: -25 by 10 starts at -20.
  if (__builtin_add_overflow(value - value % policy.step.count, request.offset_id, &first)) return refuse_id_range();
  const auto from = calendar.advance(first, policy.step, -partitions_before(policy, request, first));
  const auto end = calendar.advance(first, policy.step, policy.premake);
  if (!from || !end || *end == calendar.highest()) return refuse_id_range();
  return Span{.origin = first, .from = *from, .end = *end + 1};
}

// Boundaries of a fresh grid on the 29th to 31st would move with the length of the month (rulings 12).
std::optional<Refusal> wrong_month_day(const Policy& policy, const Calendar& calendar, Tick origin) {
  if (policy.step.unit != Step::Unit::Month) return std::nullopt;
  const unsigned day = civil_from_local(calendar.to_local(origin)).day;
  if (day <= 28) return std::nullopt;
  return Refusal{.code = Code::InvalidParameterValue,
                 .message = "partitions of whole months cannot begin on day " + std::to_string(day),
                 .detail = "Shorter months have no such day, so later boundaries would move.",
                 .hint = "Use a start on day 28 or earlier, or truncate it to the month."};
}

// The whole wanted span must be covered: a cell that leaves the key's range has no partition.
bool covers(const Grid& grid, const std::vector<Range>& existing, const Span& span) {
  const auto last = range_for(grid, existing, span.end - 1);
  return last && last->upper >= Bound::at(span.end);
}

// A sub-set far from the present still begins: with the first boundary inside its limits (contract 3.4.7).
std::vector<Range> lowest_within_limits(const Policy& policy, const Grid& grid) {
  const Bound lowest = policy.limits->lower;
  if (!lowest.finite()) return {};
  const std::int64_t here = grid.cell_of(lowest.tick);
  for (const std::int64_t n : {here, here + 1}) {
    const auto cell = grid.cell(n);
    if (cell && policy.within_limits(cell->lower)) return {*cell};
  }
  return {};
}

std::vector<Range> initial_ranges(const Policy& policy, const Grid& grid, const std::vector<Range>& existing,
                                  const Span& span, std::size_t limit) {
  auto ranges = missing_ranges(grid, existing, span.from, span.end, limit);
  std::erase_if(ranges, [&](const Range& range) { return !policy.within_limits(range.lower); });
  if (ranges.empty() && existing.empty() && policy.limits) return lowest_within_limits(policy, grid);
  return ranges;
}

}  // namespace

Result<std::vector<Action>> plan_initial(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                                         const InitialRequest& request, const NameRules& names,
                                         const PlanLimits& limits) {
  const bool time = is_time(policy.key);
  const auto span = time ? time_span(policy, calendar, request) : id_span(policy, calendar, request);
  if (!span) return span.refusal();
  const std::vector<Range> existing = inventory.ranges();
  const auto adopted = grid_of(calendar, policy.step, existing);
  if (!adopted) {
    if (auto refusal = wrong_month_day(policy, calendar, span->origin)) return *std::move(refusal);
  }
  const Grid grid = adopted.value_or(Grid{calendar, policy.step, span->origin});
  const auto ranges = initial_ranges(policy, grid, existing, *span, limits.max_creations + 1);
  if (ranges.size() > limits.max_creations) return too_many_creations(policy, limits);
  if (!policy.limits && !covers(grid, existing, *span)) return time ? refuse_time_range() : refuse_id_range();

  std::vector<Action> actions;
  actions.reserve(ranges.size());
  for (const Range& range : ranges) {
    auto action = create_action(policy, calendar, range, "initial partition", names);
    if (!action) return action.refusal();
    actions.push_back(std::move(action).value());
  }
  return actions;
}

}  // namespace strata::core
