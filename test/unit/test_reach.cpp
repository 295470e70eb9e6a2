// Far rows and partitions: what counts as too far ahead, that the plan is the same with and without it, and which gaps
// a move closes.
#include "core/reach.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

const UtcZone kUtc;
const Tick kToday = day(2026, 11, 22);
const std::int64_t kNow = at(2026, 11, 22, 22, 57);

Range days(Tick first, Tick end) {
  return range(first * kMicrosPerDay, end * kMicrosPerDay);
}

struct Case {
  Policy policy = time_policy(kDay);
  std::vector<Range> ranges = daily(kToday - 4, kToday + 4);

  [[nodiscard]] Calendar calendar() const { return {policy.key, &kUtc}; }
  [[nodiscard]] Reach reach() const { return reach_of(policy, calendar(), inventory_of(ranges), kNow); }
  [[nodiscard]] std::vector<Action> plan(const Observation& seen) const {
    const auto plan =
        plan_maintenance(policy, calendar(), inventory_of(ranges), seen, kNow, Retirement::DetachThenDrop, NameRules{});
    REQUIRE(plan);
    return plan->actions;
  }
  [[nodiscard]] std::vector<Range> between(const std::vector<Range>& made) const {
    const auto grid = grid_of(calendar(), policy.step, std::span(ranges).first(reach().end));
    return ranges_between(policy, *grid, inventory_of(ranges), made, kNow);
  }
};

Case ids(const std::vector<Range>& ranges, std::optional<std::int32_t> horizon) {
  Case c{.policy = id_policy(10), .ranges = ranges};
  c.policy.outlier_horizon = horizon;
  return c;
}

}  // namespace

TEST_CASE("times are far when more than the horizon lies between them and what counts", "[reach]") {
  Case c;
  CHECK(c.reach().end == 9);
  CHECK(c.reach().limit == Bound::at((kToday + 5 + kOutlierHorizon) * kMicrosPerDay));
  c.ranges.push_back(days(kToday + 5 + kOutlierHorizon, kToday + 6 + kOutlierHorizon));
  CHECK(c.reach().end == 10);
  c.ranges.back() = days(kToday + 6 + kOutlierHorizon, kToday + 7 + kOutlierHorizon);
  CHECK(c.reach().end == 9);
  // From now, where the partitions ended before.
  c.ranges = daily(kToday - 4'000, kToday - 3'990);
  c.ranges.push_back(days(kToday + 300, kToday + 301));
  CHECK(c.reach().end == 12);
  c.ranges.back() = days(kToday + 400, kToday + 401);
  CHECK(c.reach().end == 11);
  CHECK(c.reach().limit == Bound::at(at(2026, 11, 22, 22, 57) + kOutlierHorizon * kMicrosPerDay));
}

TEST_CASE("partitions that join all count, and without any nothing is far", "[reach]") {
  Case c;
  c.ranges = daily(kToday + 5'000, kToday + 6'000);
  CHECK(c.reach().end == c.ranges.size());
  c.ranges.clear();
  CHECK(c.reach().limit == Bound::max());
  CHECK(ids({}, 1).reach().limit == Bound::max());
  c = Case{};
  c.policy.outlier_horizon.reset();
  c.ranges.push_back(days(kToday + 50'000, kToday + 50'001));
  CHECK(c.reach().end == 10);
  CHECK(c.reach().limit == Bound::max());
  // An open end leaves nothing beyond it.
  c = Case{};
  c.ranges.back().upper = Bound::max();
  CHECK(c.reach().limit == Bound::max());
}

TEST_CASE("of groups of ids the one with the most partitions is in use", "[reach]") {
  const Range far = range(1'000'000, 1'000'010);
  CHECK(ids({range(0, 10), range(10, 20), far}, 5).reach().end == 2);
  CHECK(ids({range(0, 10), range(10, 20), far}, 5).reach().limit == Bound::at(70));
  // A relic of old days below the present ones.
  CHECK(ids({range(0, 10), range(900, 910), range(910, 920)}, 5).reach().end == 3);
  // As many: the lower. None with more than one: nothing is far from anything.
  const Range next = range(1'000'010, 1'000'020);
  CHECK(ids({range(0, 10), range(10, 20), far, next}, 5).reach().end == 2);
  CHECK(ids({range(0, 10), far}, 5).reach().end == 2);
  CHECK(ids({range(0, 10), range(60, 70), far}, 5).reach().end == 2);
  CHECK(ids({range(0, 10), range(61, 71), far}, 5).reach().end == 3);
}

TEST_CASE("far rows and partitions do not change the plan", "[reach]") {
  Dice dice(11);
  for (int round = 0; round < 20'000; ++round) {
    Case c;
    const bool time = dice.roll(0, 1) == 0;
    const Tick unit = time ? kMicrosPerDay : 10;
    const Tick middle = time ? kToday : 1'000;
    if (!time) c.policy = id_policy(10);
    c.policy.outlier_horizon = static_cast<std::int32_t>(dice.roll(1, 20));
    c.policy.premake = static_cast<int>(dice.roll(1, 5));
    c.policy.infinite_time_partitions = time && dice.roll(0, 1) == 0;
    c.policy.ignore_default_data = dice.roll(0, 1) == 0;
    if (dice.roll(0, 1) == 0) {
      if (time)
        c.policy.retention =
            IntervalParts{.months = 0, .days = static_cast<std::int32_t>(dice.roll(0, 9)), .micros = 0};
      else
        c.policy.retention = dice.roll(0, 60);
    }
    c.ranges.clear();
    const Tick first = middle - dice.roll(1, 9);
    const Tick count = dice.roll(2, 14);
    for (Tick n = first; n < first + count; ++n) c.ranges.push_back(range(n * unit, (n + 1) * unit));
    Observation seen;
    if (dice.roll(0, 3) != 0) seen.highest_filled = static_cast<std::size_t>(dice.roll(0, count - 1));
    if (!time && seen.highest_filled) seen.max_id = c.ranges[*seen.highest_filled].lower.tick + dice.roll(0, 9);
    const std::vector<Action> wanted = c.plan(seen);
    const Bound limit = c.reach().limit;
    if (dice.roll(0, 1) == 0) {
      seen.default_max = limit.tick + dice.roll(0, 1'000'000) * unit;
    } else {
      const Tick above = (limit.tick / unit + 1 + dice.roll(0, 1'000'000)) * unit;
      c.ranges.push_back(range(above, above + unit));
    }
    if (c.plan(seen) != wanted) FAIL("round " << round);
  }
}

TEST_CASE("a far partition is not the one in use, whoever says so", "[reach]") {
  Case c;
  c.ranges.push_back(days(kToday + 5'000, kToday + 5'001));
  CHECK(c.plan({.highest_filled = 9, .max_id = {}, .latest = {}, .default_max = {}}).empty());
}

TEST_CASE("a move closes the gap below it", "[reach]") {
  Case c;
  const auto at_day = [](Tick n) { return days(kToday + n, kToday + n + 1); };
  // Wider than premake, which is 4; the present closes others itself.
  CHECK(c.between({at_day(10)}) == std::vector{at_day(5), at_day(6), at_day(7), at_day(8), at_day(9)});
  CHECK(c.between({at_day(9)}).empty());
  CHECK(c.between({at_day(-40)}).empty());
  CHECK(c.between({}).empty());
  // From one to the next, each no wider than the horizon.
  c.policy.outlier_horizon = 6;
  c.policy.premake = 1;
  CHECK(c.between({at_day(14), at_day(7)}).size() == 2 + 6);
  CHECK(c.between({at_day(16), at_day(7)}).size() == 2);
  // Not what retention would take at once.
  c.policy.retention = IntervalParts{.months = 0, .days = -8, .micros = 0};
  CHECK(c.between({at_day(11)}) == std::vector{at_day(8), at_day(9), at_day(10)});
  // Cut at partitions in the way; far ones above are none of it.
  Case numbers = ids({range(0, 10), range(10, 20), range(24, 26), range(100'000, 100'010)}, 9);
  numbers.policy.premake = 1;
  CHECK(numbers.between({range(46, 56)}) == std::vector{range(26, 36), range(36, 46)});
  CHECK(numbers.between({range(36, 46)}).empty());
}
