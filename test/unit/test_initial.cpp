// First partitions: the contract's table 14.1, adoption, and the ends of the calendar.
#include "core/plan.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

const UtcZone kUtc;
const std::int64_t kNow = at(2026, 11, 22, 22, 54, 21);

std::vector<std::string> names_of(const std::vector<Action>& actions) {
  std::vector<std::string> names;
  for (const Action& action : actions) names.push_back(action.name);
  return names;
}

InitialRequest request_for(const IntervalParts& interval, std::int64_t now = kNow) {
  InitialRequest request;
  request.now_utc = now;
  request.interval = interval;
  return request;
}

Result<std::vector<Action>> initial(const Policy& policy, const InitialRequest& request,
                                    const Inventory& inventory = {}) {
  return plan_initial(policy, Calendar{policy.key, &kUtc}, inventory, request, NameRules{});
}

bool touching(const std::vector<Action>& actions) {
  for (std::size_t i = 1; i < actions.size(); ++i) {
    if (actions[i].range.lower != actions[i - 1].range.upper) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("initial children of time sets, contract 14.1", "[initial]") {
  struct Row {
    const char* title;
    IntervalParts interval;
    KeyType key;
    std::optional<TruncField> trunc;
    const char* first;
    const char* second;
    const char* last;
    std::size_t count;
  };
  const auto micros = [](std::int64_t seconds) {
    return IntervalParts{.months = 0, .days = 0, .micros = seconds * kMicrosPerSecond};
  };
  const auto days = [](std::int32_t n) { return IntervalParts{.months = 0, .days = n, .micros = 0}; };
  const auto years = [](std::int32_t n) { return IntervalParts{.months = 12 * n, .days = 0, .micros = 0}; };
  const auto key = KeyType::Timestamptz;
  const std::vector<Row> rows{
      {"1 day", kDay, key, {}, "t_p20261118", "t_p20261119", "t_p20261126", 9},
      {"1 hour", kHour, key, {}, "t_p20261122_180000", "t_p20261122_190000", "t_p20261123_020000", 9},
      {"15 minutes", micros(900), key, {}, "t_p20261122_210000", "t_p20261122_211500", "t_p20261122_234500", 12},
      {"30 seconds", micros(30), key, {}, "t_p20261122_225200", "t_p20261122_225230", "t_p20261122_225600", 9},
      {"1 week", days(7), key, {}, "t_p20261025", "t_p20261101", "t_p20261220", 9},
      {"1 month", kMonth, key, {}, "t_p20260701", "t_p20260801", "t_p20270301", 9},
      {"30 days", days(30), key, {}, "t_p20260701", "t_p20260731", "t_p20270226", 9},
      {"9 weeks", days(63), key, TruncField::Week, "t_p20260309", "t_p20260511", "t_p20270726", 9},
      {"1 year", years(1), KeyType::Date, {}, "t_p20220101", "t_p20230101", "t_p20300101", 9},
      {"10 years", years(10), key, {}, "t_p19800101", "t_p19900101", "t_p20600101", 9},
      {"100 years", years(100), key, {}, "t_p16010101", "t_p17010101", "t_p24010101", 9},
      // Not in the table: a date key sees the time of day too.
      {"1 day, date", kDay, KeyType::Date, {}, "t_p20261118", "t_p20261119", "t_p20261126", 9},
      {"1 day, timestamp", kDay, KeyType::Timestamp, {}, "t_p20261118", "t_p20261119", "t_p20261126", 9},
  };
  for (const Row& row : rows) {
    INFO(row.title);
    auto request = request_for(row.interval);
    request.trunc = row.trunc;
    const auto actions = initial(time_policy(row.interval, row.key), request);
    REQUIRE(actions);
    const auto names = names_of(*actions);
    REQUIRE(names.size() == row.count);
    CHECK(names[0] == row.first);
    CHECK(names[1] == row.second);
    CHECK(names.back() == row.last);
    CHECK(touching(*actions));
  }
}

TEST_CASE("initial children of a yearly date set end on the next grid point", "[initial]") {
  const IntervalParts year{.months = 12, .days = 0, .micros = 0};
  const auto actions = initial(time_policy(year, KeyType::Date), request_for(year));
  CHECK(actions->front().range == range(day(2022, 1, 1), day(2023, 1, 1)));
  CHECK(actions->front().kind == ActionKind::Create);
  CHECK(actions->front().schema == "s");
  CHECK(actions->front().names.contract == "t_p20220101");
  CHECK_FALSE(actions->front().reason.empty());
}

TEST_CASE("initial children of id sets", "[initial]") {
  using Names = std::vector<std::string>;
  InitialRequest request;
  CHECK(names_of(*initial(id_policy(10), request)) == Names{"t_p0", "t_p10", "t_p20", "t_p30", "t_p40"});
  request.max_id = 57;
  CHECK(names_of(*initial(id_policy(10), request)) ==
        Names{"t_p10", "t_p20", "t_p30", "t_p40", "t_p50", "t_p60", "t_p70", "t_p80", "t_p90"});
  request.max_id = 25;  // 0 is never created backwards
  CHECK(names_of(*initial(id_policy(10), request)) == Names{"t_p10", "t_p20", "t_p30", "t_p40", "t_p50", "t_p60"});
  request.max_id = -25;
  CHECK(names_of(*initial(id_policy(10), request)) == Names{"t_p-20", "t_p-10", "t_p0", "t_p10", "t_p20"});
  request.start = 57;
  request.offset_id = 5;
  CHECK(names_of(*initial(id_policy(10, KeyType::Int4), request)) ==
        Names{"t_p55", "t_p65", "t_p75", "t_p85", "t_p95"});
  request.start.reset();
  request.max_id = 17;
  CHECK(names_of(*initial(id_policy(10), request)).front() == "t_p5");
}

TEST_CASE("now on a boundary gives one fewer ahead", "[initial]") {
  for (const KeyType key : {KeyType::Timestamptz, KeyType::Timestamp, KeyType::Date}) {
    const auto actions = initial(time_policy(kDay, key), request_for(kDay, at(2026, 11, 22)));
    CHECK(names_of(*actions).size() == 8);
    CHECK(names_of(*actions).back() == "t_p20261125");
  }
}

TEST_CASE("a given start is truncated and always gets its partition", "[initial]") {
  auto policy = time_policy(kDay);
  policy.premake = 1;
  auto request = request_for(kDay);
  request.start = at(2026, 11, 27, 6);
  CHECK(names_of(*initial(policy, request)) == std::vector<std::string>{"t_p20261127"});
  request.start = at(2026, 11, 20, 6);
  CHECK(names_of(*initial(policy, request)).size() == 4);
}

TEST_CASE("initial children follow the set's zone", "[initial]") {
  const TableZone zone = paris();
  const auto policy = time_policy(kDay);
  const auto actions =
      plan_initial(policy, Calendar{policy.key, &zone}, {}, request_for(kDay, at(2026, 10, 24, 22, 30)), NameRules{});
  REQUIRE(actions);
  CHECK(actions->front().name == "t_p20261021");  // 2026-10-25 00:30 in Paris
  CHECK(actions->at(4).name == "t_p20261025");
  CHECK(actions->at(4).range == range(at(2026, 10, 24, 22), at(2026, 10, 25, 23)));
  CHECK(touching(*actions));

  const auto stamps = time_policy(kDay, KeyType::Timestamp);
  const auto local =
      plan_initial(stamps, Calendar{stamps.key, &zone}, {}, request_for(kDay, at(2026, 10, 24, 22, 30)), NameRules{});
  CHECK(local->front().range.lower == Bound::at(at(2026, 10, 21)));
}

TEST_CASE("the repeated hour wants one name twice", "[initial]") {
  const TableZone zone = paris();
  auto policy = time_policy(kHour);
  const auto actions =
      plan_initial(policy, Calendar{policy.key, &zone}, {}, request_for(kHour, at(2026, 10, 25, 1)), NameRules{});
  const auto names = names_of(*actions);
  CHECK(std::ranges::count(names, "t_p20261025_020000") == 2);
  CHECK(touching(*actions));
  std::vector<std::string> fallbacks;
  for (const Action& action : *actions) fallbacks.push_back(action.names.fallback);
  std::ranges::sort(fallbacks);
  CHECK(std::ranges::adjacent_find(fallbacks) == fallbacks.end());
}

TEST_CASE("existing partitions are adopted by bound", "[initial]") {
  const Tick today = day(2026, 11, 22);
  const auto policy = time_policy(kDay);
  SECTION("on the grid: only what lacks") {
    const auto actions = initial(policy, request_for(kDay), inventory_of(daily(today - 1, today + 1)));
    const auto names = names_of(*actions);
    CHECK(names == std::vector<std::string>{"t_p20261118", "t_p20261119", "t_p20261120", "t_p20261124", "t_p20261125",
                                            "t_p20261126"});
  }
  SECTION("all there already") {
    CHECK(initial(policy, request_for(kDay), inventory_of(daily(today - 10, today + 10)))->empty());
    CHECK(initial(policy, request_for(kDay), inventory_of({Range{}}))->empty());
  }
  SECTION("off the grid: theirs holds") {
    const Tick six = 6 * kMicrosPerHour;
    const auto actions =
        initial(policy, request_for(kDay), inventory_of({range(at(2026, 11, 22) + six, at(2026, 11, 23) + six)}));
    CHECK(actions->front().range == range(at(2026, 11, 17, 6), at(2026, 11, 18, 6)));
    CHECK(actions->back().range == range(at(2026, 11, 26, 6), at(2026, 11, 27, 6)));
    CHECK(actions->size() == 9);
  }
  SECTION("a wide one, then a narrow one") {
    const auto actions = initial(
        policy, request_for(kDay),
        inventory_of({Range{Bound::min(), Bound::at(at(2026, 11, 20))}, range(at(2026, 11, 20), at(2026, 11, 20, 7))}));
    CHECK(actions->front().range == range(at(2026, 11, 20, 7), at(2026, 11, 21, 7)));
    CHECK(touching(*actions));
  }
  SECTION("ids") {
    const auto actions = initial(id_policy(10), InitialRequest{}, inventory_of({range(-3, 7), range(20, 25)}));
    CHECK(ranges_of(*actions) == std::vector<Range>{range(7, 15), range(15, 20), range(25, 35), range(35, 45)});
  }
}

TEST_CASE("months begin on a day that every month has", "[initial]") {
  auto request = request_for(kMonth);
  request.trunc = TruncField::Day;
  request.start = at(2026, 8, 31);
  const auto refused = initial(time_policy(kMonth), request);
  REQUIRE_FALSE(refused);
  CHECK(refused.refusal().code == Code::InvalidParameterValue);
  CHECK_FALSE(refused.refusal().hint.empty());
  request.start = at(2026, 8, 29);
  CHECK_FALSE(initial(time_policy(kMonth), request));
  request.start = at(2026, 8, 28);
  CHECK(initial(time_policy(kMonth), request)->front().name == "t_p20260828");
  // What exists is continued all the same.
  request.start = at(2026, 8, 31);
  const auto adopted = initial(time_policy(kMonth), request, inventory_of({range(at(2026, 8, 31), at(2026, 9, 30))}));
  REQUIRE(adopted);
  CHECK(adopted->front().range == range(at(2026, 9, 30), at(2026, 10, 31)));
  CHECK(touching(*adopted));
}

TEST_CASE("initial plans know their limits", "[initial]") {
  auto request = request_for(kDay);
  request.start = at(1990, 1, 1);
  const auto policy = time_policy(kDay);
  const auto many = initial(policy, request);
  REQUIRE_FALSE(many);
  CHECK(many.refusal().code == Code::ProgramLimitExceeded);
  CHECK_FALSE(many.refusal().hint.empty());

  const Calendar calendar{policy.key, &kUtc};
  request.start = at(2026, 11, 18);
  CHECK(plan_initial(policy, calendar, {}, request, NameRules{}, {.max_creations = 9}));
  CHECK_FALSE(plan_initial(policy, calendar, {}, request, NameRules{}, {.max_creations = 8}));
}

TEST_CASE("initial plans do not leave the key's range", "[initial]") {
  auto request = request_for(kDay);
  request.start = at(294'276, 12, 31);
  CHECK(initial(time_policy(kDay), request).refusal().code == Code::DatetimeOverflow);
  request.start = std::numeric_limits<std::int64_t>::max();
  CHECK(initial(time_policy(kDay), request).refusal().code == Code::DatetimeOverflow);
  const IntervalParts ages{.months = 12 * 100'000, .days = 0, .micros = 0};
  CHECK(initial(time_policy(ages), request_for(ages)).refusal().code == Code::DatetimeOverflow);

  InitialRequest ids;
  CHECK(initial(id_policy(10'000, KeyType::Int2), ids).refusal().code == Code::NumericOverflow);
  CHECK(initial(id_policy(6'000, KeyType::Int2), ids));
  ids.max_id = std::numeric_limits<Tick>::max();
  CHECK(initial(id_policy(10), ids).refusal().code == Code::NumericOverflow);
  ids.offset_id = 20;
  CHECK(initial(id_policy(10), ids).refusal().code == Code::NumericOverflow);
  ids.start = std::numeric_limits<Tick>::min();
  ids.offset_id = 0;
  CHECK(initial(id_policy(10), ids)->size() == 5);
}

TEST_CASE("initial plans agree with the contract's list for any interval", "[initial]") {
  Dice dice(11);
  for (int round = 0; round < 500; ++round) {
    const IntervalParts interval =
        dice.roll(0, 1) == 0
            ? IntervalParts{.months = static_cast<std::int32_t>(dice.roll(1, 40)), .days = 0, .micros = 0}
            : IntervalParts{.months = 0, .days = 0, .micros = dice.roll(1, 500'000) * kMicrosPerSecond};
    auto policy = time_policy(interval);
    policy.premake = static_cast<int>(dice.roll(1, 6));
    const Calendar calendar{policy.key, &kUtc};
    const std::int64_t now = dice.roll(at(2001, 1, 1), at(2040, 1, 1));
    const auto actions = initial(policy, request_for(interval, now));
    REQUIRE(actions);

    const Tick start = calendar.advance(now, policy.step, -policy.premake).value();
    const Tick base = calendar.truncate(start, trunc_field_for(interval)).value();
    const Tick until = calendar.advance(now, policy.step, policy.premake).value();
    std::vector<Range> expected;
    for (std::int64_t k = 0; k == 0 || calendar.advance(base, policy.step, k).value() < until; ++k) {
      expected.push_back(
          range(calendar.advance(base, policy.step, k).value(), calendar.advance(base, policy.step, k + 1).value()));
    }
    if (ranges_of(*actions) != expected) FAIL("round " << round);
  }
}

TEST_CASE("create_action needs ends and a pattern", "[initial]") {
  auto policy = time_policy(kDay);
  const Calendar calendar{policy.key, &kUtc};
  const auto action = create_action(policy, calendar, range(at(2026, 1, 1), at(2026, 1, 2)), "why", NameRules{});
  CHECK(action->name == "t_p20260101");
  CHECK(action->reason == "why");
  for (const Range& bad : {Range{}, Range{Bound::at(0), Bound::max()}, Range{Bound::min(), Bound::at(0)},
                           range(std::numeric_limits<Tick>::min(), 0)}) {
    CHECK(create_action(policy, calendar, bad, "", NameRules{}).refusal().code == Code::InvalidParameterValue);
  }
  policy.datetime_string = "";
  CHECK(create_action(policy, calendar, range(0, 1), "", NameRules{}).refusal().code == Code::InvalidParameterValue);
  policy.datetime_string = "Mon";
  CHECK(create_action(policy, calendar, range(0, 1), "", NameRules{}).refusal().code == Code::FeatureNotSupported);
}

TEST_CASE("a sub-set begins inside its parent's bounds, contract 3.4.7", "[initial]") {
  const IntervalParts month{.months = 1, .days = 0, .micros = 0};
  Policy policy = time_policy(month);
  const auto limits = [](int first_year, int last_year) { return range(at(first_year, 1, 1), at(last_year, 1, 1)); };
  SECTION("the present is inside: what fits") {
    policy.limits = limits(2026, 2027);
    CHECK(names_of(*initial(policy, request_for(month))) == std::vector<std::string>{"t_p20260701", "t_p20260801",
                                                                                     "t_p20260901", "t_p20261001",
                                                                                     "t_p20261101", "t_p20261201"});
  }
  SECTION("it is not: the first month only") {
    policy.limits = limits(2024, 2025);
    CHECK(names_of(*initial(policy, request_for(month))) == std::vector<std::string>{"t_p20240101"});
    policy.limits = range(at(2030, 1, 15), at(2031, 1, 15));
    CHECK(names_of(*initial(policy, request_for(month))) == std::vector<std::string>{"t_p20300201"});
  }
  SECTION("ids") {
    Policy ids = id_policy(10);
    ids.limits = range(1000, 2000);
    CHECK(names_of(*initial(ids, request_for({}))) == std::vector<std::string>{"t_p1000"});
  }
}
