// What operators ask for beyond the regular run: names by pattern, parts of a plan, months, another interval.
#include <array>
#include <set>
#include <string_view>

#include "core/change_interval.hpp"
#include "core/helpers.hpp"
#include "core/months.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

const UtcZone kUtc;
const NameRules kRules;

constexpr std::array<std::pair<std::string_view, NamePattern>, 5> kPatterns{{{"_YYYY_MM_DD", NamePattern::Day},
                                                                             {"_YYYY_wWW", NamePattern::Week},
                                                                             {"_YYYY_MM", NamePattern::Month},
                                                                             {"_YYYY_qN", NamePattern::Quarter},
                                                                             {"_YYYY", NamePattern::Year}}};

std::string ending(NamePattern pattern, std::int64_t local) {
  return *format_local(local, format_of(pattern));
}

Step days(std::int64_t count) {
  return {.unit = Step::Unit::Day, .count = count};
}

Step months(std::int64_t count) {
  return {.unit = Step::Unit::Month, .count = count};
}

bool fits(NamePattern pattern, const Step& step, KeyType key = KeyType::Timestamptz) {
  return !wrong_pattern(pattern, key, step, "s.t");
}

}  // namespace

TEST_CASE("name patterns by name", "[naming]") {
  for (const auto& [text, pattern] : kPatterns) CHECK(parse_name_pattern(text) == pattern);
  for (const auto* const text : {"", "_", "YYYY", "_yyyy", "_YYYY_WW", "_YYYY_MM_DD_", "p"})
    CHECK_FALSE(parse_name_pattern(text));
  CHECK(format_of(NamePattern::Contract).empty());
}

TEST_CASE("name patterns write what they say", "[naming]") {
  CHECK(ending(NamePattern::Day, at(2024, 6, 25)) == "2024_06_25");
  CHECK(ending(NamePattern::Week, at(2024, 6, 25)) == "2024_w26");
  CHECK(ending(NamePattern::Month, at(2024, 6, 25)) == "2024_06");
  CHECK(ending(NamePattern::Quarter, at(2024, 6, 30, 23, 59, 59)) == "2024_q2");
  CHECK(ending(NamePattern::Quarter, at(2024, 7, 1)) == "2024_q3");
  CHECK(ending(NamePattern::Year, at(2024, 12, 31)) == "2024");
  // Weeks belong to the ISO year.
  CHECK(ending(NamePattern::Week, at(2024, 12, 30)) == "2025_w01");
  CHECK(ending(NamePattern::Week, at(2021, 1, 3)) == "2020_w53");
  CHECK(ending(NamePattern::Week, at(2021, 1, 4)) == "2021_w01");
}

TEST_CASE("name patterns are read back", "[naming]") {
  CHECK(read_ending(NamePattern::Day, "2024_02_29") == at(2024, 2, 29));
  CHECK(read_ending(NamePattern::Week, "2020_w53") == at(2020, 12, 28));
  CHECK(read_ending(NamePattern::Week, "2024_w01") == at(2024, 1, 1));
  CHECK(read_ending(NamePattern::Month, "2024_06") == at(2024, 6, 1));
  CHECK(read_ending(NamePattern::Quarter, "2024_q4") == at(2024, 10, 1));
  CHECK(read_ending(NamePattern::Year, "2024") == at(2024, 1, 1));
  for (const auto* const text : {"", "2023_02_29", "2024_13_01", "2024_00_01", "2024_01_00", "2024_1_1", "x2024_01_01",
                                 "2024_01_01x", "2024-01-01", "99999999999999999999_01_01", "2024_01"})
    CHECK_FALSE(read_ending(NamePattern::Day, text));
  for (const auto* const text : {"2021_w53", "2024_w00", "2024_26", "2024_w1"})
    CHECK_FALSE(read_ending(NamePattern::Week, text));
  for (const auto* const text : {"2024_q0", "2024_q5", "2024_4", "2024"})
    CHECK_FALSE(read_ending(NamePattern::Quarter, text));
  // Whatever day: the ending is read as the start of the unit it names.
  Dice dice(3);
  for (int n = 0; n < 2'000; ++n) {
    const std::int64_t local = dice.roll(day(1600, 1, 1), day(2900, 1, 1)) * kMicrosPerDay;
    for (const auto& [text, pattern] : kPatterns) {
      const auto start = read_ending(pattern, ending(pattern, local));
      REQUIRE(start);
      CHECK(*start <= local);
      CHECK(local - *start < 366 * kMicrosPerDay);
      CHECK(ending(pattern, *start) == ending(pattern, local));
    }
  }
}

TEST_CASE("a pattern must tell the partitions of a step apart", "[naming]") {
  CHECK(fits(NamePattern::Contract, {.unit = Step::Unit::Micro, .count = kMicrosPerHour}));
  CHECK(fits(NamePattern::Day, days(1)));
  CHECK(fits(NamePattern::Day, months(1)));
  CHECK_FALSE(fits(NamePattern::Day, {.unit = Step::Unit::Micro, .count = 36 * kMicrosPerHour}));
  CHECK(fits(NamePattern::Week, days(7)));
  CHECK_FALSE(fits(NamePattern::Week, days(6)));
  CHECK(fits(NamePattern::Month, months(1)));
  CHECK(fits(NamePattern::Month, days(31)));
  CHECK_FALSE(fits(NamePattern::Month, days(30)));
  CHECK(fits(NamePattern::Quarter, months(3)));
  CHECK_FALSE(fits(NamePattern::Quarter, months(2)));
  CHECK(fits(NamePattern::Year, months(12)));
  CHECK_FALSE(fits(NamePattern::Year, months(11)));
  CHECK_FALSE(fits(NamePattern::Year, days(365)));
  CHECK_FALSE(fits(NamePattern::Year, {.unit = Step::Unit::Integer, .count = 1'000}, KeyType::Int8));
  const auto refusal = wrong_pattern(NamePattern::Year, KeyType::Date, days(1), "s.t");
  REQUIRE(refusal);
  CHECK(refusal->message == "name_pattern \"_YYYY\" cannot tell the partitions of \"s.t\" apart");
  CHECK_FALSE(refusal->hint.empty());
  // By trial: whenever a pattern is allowed, 400 partitions in a row have names of their own, wherever they begin.
  const Calendar calendar{KeyType::Timestamp, &kUtc};
  for (const auto& [text, pattern] : kPatterns)
    for (const Step& step : {days(1), days(7), days(31), days(92), days(366), months(1), months(3), months(12)}) {
      if (!fits(pattern, step)) continue;
      std::set<std::string> names;
      for (int n = 0; n < 400; ++n) names.insert(ending(pattern, *calendar.advance(at(2023, 1, 28), step, n)));
      CHECK(names.size() == 400);
    }
}

TEST_CASE("the pattern of a set names its partitions", "[naming][plan]") {
  Policy policy = time_policy(kMonth);
  policy.pattern = NamePattern::Month;
  const Calendar calendar{policy.key, &kUtc};
  const auto action = create_action(policy, calendar, range(at(2024, 6, 1), at(2024, 7, 1)), "", kRules);
  REQUIRE(action);
  CHECK(action->name == "t_2024_06");
  CHECK(action->names.fallback.ends_with("_2024_06"));
  policy.step = days(1);
  CHECK(create_action(policy, calendar, range(at(2024, 6, 1), at(2024, 6, 2)), "", kRules).refusal().code ==
        Code::InvalidParameterValue);
  // Said at every plan, also where nothing is to be created.
  const Inventory inventory = inventory_of(daily(0, 9));
  CHECK_FALSE(plan_maintenance(policy, calendar, inventory, {}, at(2000, 1, 1), Retirement::DetachThenDrop, kRules));
}

TEST_CASE("a part of a plan", "[plan]") {
  Policy policy = time_policy(kDay);
  policy.infinite_time_partitions = true;
  policy.keep_table = false;
  policy.retention = kDay;
  const Calendar calendar{policy.key, &kUtc};
  const Inventory inventory = inventory_of(daily(0, 9));
  const auto part = [&](PlanPart which, std::int64_t now) {
    const auto plan = plan_maintenance(policy, calendar, inventory, {}, now, Retirement::DetachThenDrop, kRules);
    REQUIRE(plan);
    return part_of(*plan, which, policy, inventory);
  };
  const auto count = [](const SetPlan& plan, ActionKind kind) {
    return std::ranges::count(plan.actions, kind, &Action::kind);
  };
  const std::int64_t now = at(2000, 1, 9);  // days 0 to 5 are old
  CHECK(count(part(PlanPart::All, now), ActionKind::Create) > 0);
  CHECK(count(part(PlanPart::All, now), ActionKind::Detach) == 6);
  CHECK(count(part(PlanPart::Creations, now), ActionKind::Detach) == 0);
  CHECK(count(part(PlanPart::Creations, now), ActionKind::Drop) == 0);
  CHECK(count(part(PlanPart::Creations, now), ActionKind::Create) ==
        count(part(PlanPart::All, now), ActionKind::Create));
  CHECK(count(part(PlanPart::Retirements, now), ActionKind::Create) == 0);
  CHECK(count(part(PlanPart::Retirements, now), ActionKind::Detach) == 6);
  CHECK(count(part(PlanPart::Retirements, now), ActionKind::Drop) == 6);
  CHECK(part(PlanPart::Retirements, now).warnings.empty());
  // All are old. With the creations all may go, without them one stays, unless the set may be empty.
  const std::int64_t later = at(2000, 3, 1);
  CHECK(count(part(PlanPart::All, later), ActionKind::Detach) == 10);
  CHECK(count(part(PlanPart::Retirements, later), ActionKind::Detach) == 9);
  CHECK(count(part(PlanPart::Retirements, later), ActionKind::Drop) == 9);
  CHECK(part(PlanPart::Retirements, later).warnings.size() == 1);
  policy.may_empty = true;
  CHECK(count(part(PlanPart::Retirements, later), ActionKind::Detach) == 10);
}

TEST_CASE("months asked for", "[months]") {
  Policy policy = time_policy(kMonth);
  policy.pattern = NamePattern::Month;
  const TableZone zone = paris();
  const Calendar calendar{policy.key, &zone};
  const auto now = at(2026, 10, 31, 23, 30);  // November has begun in Paris
  const auto plan = [&](const std::vector<Range>& existing, std::int64_t count) {
    return plan_months(policy, calendar, inventory_of(existing), now, count, kRules);
  };
  const auto fresh = plan({}, 2);
  REQUIRE(fresh);
  CHECK(ranges_of(*fresh) == std::vector<Range>{range(at(2026, 10, 31, 23), at(2026, 11, 30, 23)),
                                                range(at(2026, 11, 30, 23), at(2026, 12, 31, 23)),
                                                range(at(2026, 12, 31, 23), at(2027, 1, 31, 23))});
  CHECK(fresh->front().name == "t_2026_11");
  CHECK(fresh->back().name == "t_2027_01");
  CHECK(plan(ranges_of(*fresh), 2)->empty());
  CHECK(plan(ranges_of(*fresh), 0)->empty());
  CHECK(ranges_of(*plan(ranges_of(*fresh), 3)) == std::vector<Range>{range(at(2027, 1, 31, 23), at(2027, 2, 28, 23))});
  // What covers a part leaves the rest, before and after it.
  const std::vector<Range> part{range(at(2026, 11, 5), at(2026, 11, 7))};
  CHECK(ranges_of(*plan(part, 0)) ==
        std::vector<Range>{range(at(2026, 10, 31, 23), at(2026, 11, 5)), range(at(2026, 11, 7), at(2026, 11, 30, 23))});
  CHECK(plan({{.lower = Bound::min(), .upper = Bound::max()}}, 3)->empty());
  CHECK(plan({}, 10'001).refusal().code == Code::ProgramLimitExceeded);
  CHECK(plan({}, 10'000).refusal().code == Code::ProgramLimitExceeded);
  CHECK(plan({}, 9'999)->size() == 10'000);
}

TEST_CASE("the transition to another interval", "[interval]") {
  const TableZone zone = paris();
  const auto transition = [&](const IntervalParts& interval, Tick end, KeyType key = KeyType::Timestamp,
                              std::optional<TruncField> trunc = std::nullopt,
                              NamePattern pattern = NamePattern::Contract) {
    Policy policy = time_policy(interval, key);
    policy.pattern = pattern;
    const auto found = plan_transition(policy, {policy.key, &zone}, inventory_of({range(end - 1'000, end)}),
                                       {.parts = interval, .trunc = trunc}, kRules);
    REQUIRE(found);
    return *found ? std::optional((*found)->range) : std::nullopt;
  };
  constexpr IntervalParts kYear{.months = 12, .days = 0, .micros = 0};
  constexpr IntervalParts kQuarter{.months = 3, .days = 0, .micros = 0};
  constexpr IntervalParts kWeek{.months = 0, .days = 7, .micros = 0};
  CHECK(transition(kMonth, at(2026, 11, 29)) == range(at(2026, 11, 29), at(2026, 12, 1)));
  CHECK(transition(kMonth, at(2027, 1, 31)) == range(at(2027, 1, 31), at(2027, 2, 1)));
  CHECK_FALSE(transition(kMonth, at(2026, 12, 1)));
  CHECK(transition(kYear, at(2026, 12, 1)) == range(at(2026, 12, 1), at(2027, 1, 1)));
  CHECK(transition(kDay, at(2026, 12, 1, 13)) == range(at(2026, 12, 1, 13), at(2026, 12, 2)));
  CHECK_FALSE(transition(kHour, at(2026, 12, 1, 13)));
  CHECK_FALSE(transition(kDay, at(2026, 12, 1)));
  CHECK(transition(kMonth, day(2026, 11, 29), KeyType::Date) == range(day(2026, 11, 29), day(2026, 12, 1)));
  // On the set's wall clock: midnight of Paris is no boundary of UTC, and the other way round.
  CHECK_FALSE(transition(kMonth, at(2026, 11, 30, 23), KeyType::Timestamptz));
  CHECK(transition(kDay, at(2026, 12, 1), KeyType::Timestamptz) == range(at(2026, 12, 1), at(2026, 12, 1, 23)));
  // Weeks go on from any midnight, on Mondays where configuration or names ask for it; 2026-12-02 is a Wednesday.
  CHECK_FALSE(transition(kWeek, at(2026, 12, 2)));
  CHECK(transition(kWeek, at(2026, 12, 2), KeyType::Timestamp, TruncField::Week) ==
        range(at(2026, 12, 2), at(2026, 12, 7)));
  CHECK(transition(kWeek, at(2026, 12, 2), KeyType::Timestamp, std::nullopt, NamePattern::Week) ==
        range(at(2026, 12, 2), at(2026, 12, 7)));
  CHECK(transition(kQuarter, at(2026, 11, 1), KeyType::Timestamp, std::nullopt, NamePattern::Quarter) ==
        range(at(2026, 11, 1), at(2027, 1, 1)));
  CHECK_FALSE(transition(kQuarter, at(2026, 11, 1)));
  // A truncation that has nothing to do with the interval is not heeded.
  CHECK(transition(kMonth, at(2026, 11, 29), KeyType::Timestamp, TruncField::Week) ==
        range(at(2026, 11, 29), at(2026, 12, 1)));
}

TEST_CASE("the transition of ids", "[interval]") {
  const auto transition = [](std::int64_t interval, Tick end) {
    const Policy policy = id_policy(interval);
    const auto found = plan_transition(policy, {policy.key, nullptr}, inventory_of({range(end - 10, end)}), {}, kRules);
    REQUIRE(found);
    return *found ? std::optional((*found)->range) : std::nullopt;
  };
  CHECK(transition(10'000, 4'000) == range(4'000, 10'000));
  CHECK_FALSE(transition(10'000, 20'000));
  CHECK_FALSE(transition(1'000, 20'000));
  CHECK(transition(1'000, 20'005) == range(20'005, 21'000));
  CHECK(transition(100, -30) == range(-30, 0));
  CHECK(transition(100, -130) == range(-130, -100));
  CHECK_FALSE(transition(100, 0));
}

TEST_CASE("no transition", "[interval]") {
  Policy policy = time_policy(kMonth);
  const Calendar calendar{policy.key, &kUtc};
  const auto plan = [&](const Inventory& inventory) {
    return plan_transition(policy, calendar, inventory, {.parts = kMonth, .trunc = {}}, kRules);
  };
  CHECK_FALSE(plan({}).value());
  const Inventory mid = inventory_of({range(at(2026, 11, 1), at(2026, 11, 9))});
  CHECK(plan(mid).value());
  policy.full = true;
  CHECK_FALSE(plan(mid).value());
  policy.full = false;
  policy.limits = range(at(2026, 11, 1), at(2026, 11, 9));
  CHECK_FALSE(plan(mid).value());
  policy.limits.reset();
  const Inventory endless = inventory_of({{.lower = Bound::at(0), .upper = Bound::max()}});
  CHECK(plan(endless).refusal().code == Code::NotInPrerequisiteState);
  const Inventory last = inventory_of({range(0, calendar.highest())});
  CHECK(plan(last).refusal().code == Code::InvalidParameterValue);
  policy.pattern = NamePattern::Year;
  CHECK(plan(mid).refusal().code == Code::InvalidParameterValue);
}

TEST_CASE("after the transition the grid goes on", "[interval][plan]") {
  Policy policy = time_policy(kMonth);
  policy.infinite_time_partitions = true;
  policy.premake = 2;
  const Calendar calendar{policy.key, &kUtc};
  std::vector<Range> ranges = daily(day(2026, 11, 1), day(2026, 11, 12));
  const auto transition =
      plan_transition(policy, calendar, inventory_of(ranges), {.parts = kMonth, .trunc = {}}, kRules);
  ranges.push_back(transition.value()->range);
  const auto plan =
      plan_maintenance(policy, calendar, inventory_of(ranges), {}, at(2026, 11, 5), Retirement::DetachThenDrop, kRules);
  REQUIRE(plan);
  const auto made = ranges_of(plan->actions);
  REQUIRE(made.size() >= 2);
  CHECK(made[0] == range(at(2026, 12, 1), at(2027, 1, 1)));
  CHECK(made[1] == range(at(2027, 1, 1), at(2027, 2, 1)));
}

TEST_CASE("helpers within what the session may use", "[helpers]") {
  constexpr std::int64_t kMegabyte = 1024;                                          // in kB
  CHECK(helpers_for({.pieces = 30, .most = 2, .memory_kb = 64 * kMegabyte}) == 1);  // the server's defaults
  CHECK(helpers_for({.pieces = 30, .most = 2, .memory_kb = 1024 * kMegabyte}) == 2);
  CHECK(helpers_for({.pieces = 2, .most = 4, .memory_kb = 1024 * kMegabyte}) == 1);
  CHECK(helpers_for({.pieces = 30, .most = 100, .memory_kb = 1024 * 1024 * kMegabyte}) == kMostHelpers);
  CHECK(helpers_for({.pieces = 1, .most = 2, .memory_kb = 1024 * kMegabyte}) == 0);
  CHECK(helpers_for({.pieces = 0, .most = 2, .memory_kb = 1024 * kMegabyte}) == 0);
  CHECK(helpers_for({.pieces = 30, .most = 0, .memory_kb = 1024 * kMegabyte}) == 0);
  CHECK(helpers_for({.pieces = 30, .most = 2, .memory_kb = 63 * kMegabyte}) == 0);
  CHECK(helpers_for({.pieces = 30, .most = 2, .memory_kb = 1}) == 0);
  CHECK(helpers_for({.pieces = 30, .most = 2, .memory_kb = 1024 * kMegabyte, .restrained = true}) == 0);
  CHECK(memory_share_kb(64 * kMegabyte, 1) == 32 * kMegabyte);
  CHECK(memory_share_kb(64 * kMegabyte, 0) == 64 * kMegabyte);
}
