// Maintenance and retention: the contract's examples 14.2 and 14.3, then random sets against a naive reading of it.
#include "core/observation.hpp"
#include "core/plan.hpp"
#include "core/retention.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

const UtcZone kUtc;
const Tick kToday = day(2026, 11, 22);
const std::int64_t kNow = at(2026, 11, 22, 22, 57);

struct Case {
  Policy policy;
  Inventory inventory;
  Observation seen;
  std::int64_t now = kNow;
  Retirement how = Retirement::DetachThenDrop;
  PlanLimits limits;

  [[nodiscard]] Result<SetPlan> plan() const {
    return plan_maintenance(policy, Calendar{policy.key, &kUtc}, inventory, seen, now, how, NameRules{}, limits);
  }
  [[nodiscard]] std::vector<Range> created() const { return ranges_of(plan()->actions); }
};

// Nov 18 … Nov 26, as created on Nov 22.
Case daily_case() {
  Case c;
  c.policy = time_policy(kDay);
  c.inventory = inventory_of(daily(kToday - 4, kToday + 4));
  return c;
}

Range on(Tick day_number) {
  return range(day_number * kMicrosPerDay, (day_number + 1) * kMicrosPerDay);
}

IntervalParts days(std::int32_t n) {
  return {.months = 0, .days = n, .micros = 0};
}

std::vector<std::size_t> retired(const Inventory& inventory, const Retention& retention,
                                 KeyType key = KeyType::Timestamptz, std::optional<Tick> max_id = {},
                                 std::int64_t now = kNow) {
  return retirees(Calendar{key, &kUtc}, inventory, retention, max_id, now).children;
}

using Indexes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("maintenance of a daily set, contract 14.2", "[plan]") {
  Case c = daily_case();
  SECTION("empty: unchanged") {
    CHECK(c.plan()->actions.empty());
  }
  SECTION("a row on the 23rd: one more") {
    c.seen.highest_filled = 5;
    CHECK(c.created() == std::vector<Range>{on(kToday + 5)});
    CHECK(c.plan()->actions.at(0).name == "t_p20261127");
    CHECK(c.plan()->actions.at(0).reason == "premake: 4 of 4 partitions ahead of 2026-11-23");
  }
  SECTION("infinite, past noon: rounding wants five ahead") {
    c.policy.infinite_time_partitions = true;
    CHECK(c.created() == std::vector<Range>{on(kToday + 5)});
    c.inventory = inventory_of(daily(kToday - 4, kToday + 5));
    CHECK(c.created().empty());
    c.policy.premake = 10;
    CHECK(c.created().back() == on(day(2026, 12, 3)));
    CHECK(c.plan()->actions.back().reason == "premake: 11 of 11 partitions ahead of now");
  }
  SECTION("infinite, up to noon: four ahead do") {
    c.policy.infinite_time_partitions = true;
    c.now = at(2026, 11, 22, 12);
    CHECK(c.created().empty());
    c.now = at(2026, 11, 22, 12) + 1;
    CHECK(c.created().size() == 1);
  }
  SECTION("a row of the past changes nothing for infinite, in today's partition or an earlier one") {
    c.policy.infinite_time_partitions = true;
    c.seen.highest_filled = GENERATE(0U, 4U);
    c.seen.latest = c.now - 1;
    CHECK(c.created() == std::vector<Range>{on(kToday + 5)});
  }
  SECTION("a row of this very moment makes today current even for infinite") {
    c.policy.infinite_time_partitions = true;
    c.seen.highest_filled = 4;
    c.seen.latest = c.now;
    CHECK(c.created().empty());
    c.policy.premake = 5;
    CHECK(c.plan()->actions.front().reason == "premake: 5 of 5 partitions ahead of 2026-11-22");
  }
  SECTION("a row after now counts even for infinite") {
    c.policy.infinite_time_partitions = true;
    c.seen.highest_filled = 8;
    CHECK(c.created().size() == 4);
    CHECK(c.created().back() == on(kToday + 8));
  }
  SECTION("a default row of this very moment is not ahead of now") {
    c.policy.infinite_time_partitions = true;
    c.policy.ignore_default_data = false;
    c.seen.default_max = c.now;
    CHECK(c.plan()->actions.front().reason == "premake: 5 of 5 partitions ahead of now");
  }
  SECTION("a partition that begins this very moment is not after now") {
    c.policy.infinite_time_partitions = true;
    c.now = at(2026, 11, 26);
    c.seen.highest_filled = 8;
    CHECK(c.plan()->actions.back().reason == "premake: 4 of 4 partitions ahead of now");
    c.now -= 1;
    CHECK(c.plan()->actions.back().reason == "premake: 4 of 4 partitions ahead of 2026-11-26");
  }
}

TEST_CASE("rows in the default move the present only when asked", "[plan]") {
  Case c = daily_case();
  c.policy.premake = 2;
  c.seen.default_max = at(2026, 12, 5, 13);
  CHECK(c.plan()->actions.empty());
  c.policy.ignore_default_data = false;
  CHECK(c.created().front() == on(kToday + 5));
  CHECK(c.created().back() == on(day(2026, 12, 7)));
  CHECK(c.plan()->actions.front().reason == "premake: closes the gap up to 2026-12-05");
  CHECK(c.plan()->actions.back().reason == "premake: 2 of 2 partitions ahead of 2026-12-05");
  // Older than what is in use: no matter.
  c.seen.highest_filled = 8;
  c.seen.default_max = at(2026, 11, 1);
  CHECK(c.created() == std::vector<Range>{on(kToday + 5), on(kToday + 6)});
  // Infinity belongs to no partition.
  c.seen.default_max = std::numeric_limits<Tick>::max();
  CHECK(c.created() == std::vector<Range>{on(kToday + 5), on(kToday + 6)});
}

TEST_CASE("premake counts months of 30 and years of 365.25 days, contract 4.4", "[plan]") {
  Case c;
  c.policy = time_policy(kMonth);
  std::vector<Range> months;
  for (unsigned n = 8; n < 12; ++n) months.push_back(range(at(2026, n, 1), at(2026, n + 1, 1)));
  months.push_back(range(at(2026, 12, 1), at(2027, 1, 1)));
  c.inventory = inventory_of(months);
  c.seen.highest_filled = 3;  // November
  c.policy.premake = 36;
  CHECK(c.created().back().lower == Bound::at(at(2029, 11, 1)));
  c.policy.premake = 37;  // three years are 36.5 months
  CHECK(c.created().back().lower == Bound::at(at(2029, 11, 1)));
  c.policy.premake = 38;
  CHECK(c.created().back().lower == Bound::at(at(2029, 12, 1)));
  // A month of 31 days counts as 30.
  c.policy = time_policy(kDay);
  c.inventory = inventory_of(daily(day(2026, 12, 1), day(2026, 12, 10)));
  c.seen.highest_filled = 0;
  c.policy.premake = 30;
  CHECK(c.created().back() == on(day(2026, 12, 31)));
  c.policy.premake = 31;
  CHECK(c.created().back() == on(day(2027, 1, 2)));
}

TEST_CASE("a set without partitions", "[plan]") {
  Case c = daily_case();
  c.inventory = {};
  const auto plan = c.plan();
  REQUIRE_FALSE(plan);
  CHECK(plan.refusal().code == Code::NotInPrerequisiteState);
  CHECK_FALSE(plan.refusal().hint.empty());
  c.policy = id_policy(10);
  CHECK(c.plan()->actions.empty());
}

TEST_CASE("what ends at MAXVALUE or infinity needs no more", "[plan]") {
  Case c = daily_case();
  c.policy.infinite_time_partitions = true;
  c.inventory.children.back().range.upper = Bound::max();
  CHECK(c.plan()->actions.empty());
  c.inventory.children.back().range.upper = Bound::at(std::numeric_limits<Tick>::max());
  CHECK(c.plan()->actions.empty());
}

TEST_CASE("partitions of any width are continued from their last end", "[plan]") {
  Case c = daily_case();
  c.inventory = inventory_of(
      {Range{Bound::min(), Bound::at(at(2026, 11, 20, 6))}, range(at(2026, 11, 20, 6), at(2026, 11, 23, 9))});
  c.seen.highest_filled = 1;
  c.policy.premake = 2;
  CHECK(c.created() == std::vector<Range>{range(at(2026, 11, 23, 9), at(2026, 11, 24, 9)),
                                          range(at(2026, 11, 24, 9), at(2026, 11, 25, 9))});
  c.seen.highest_filled = 0;  // two ahead of 06:00 on the 20th are there
  CHECK(c.created().empty());
  c.policy.premake = 4;
  CHECK(c.created() == std::vector<Range>{range(at(2026, 11, 23, 9), at(2026, 11, 24, 9))});
  CHECK(c.plan()->actions.front().reason == "premake: 4 of 4 partitions ahead of the lowest partition");
}

TEST_CASE("gaps below the last partition stay", "[plan]") {
  Case c = daily_case();
  c.inventory.children.erase(c.inventory.children.begin() + 3);
  c.seen.highest_filled = 7;
  CHECK(c.created().size() == 4);
  CHECK(c.created().front() == on(kToday + 5));
}

TEST_CASE("date keys know the time of day", "[plan]") {
  Case c = daily_case();
  c.policy = time_policy(kDay, KeyType::Date);
  std::vector<Range> dates;
  for (Tick d = kToday - 4; d <= kToday + 4; ++d) dates.push_back(range(d, d + 1));
  c.inventory = inventory_of(dates);
  c.policy.infinite_time_partitions = true;
  CHECK(c.created() == std::vector<Range>{range(kToday + 5, kToday + 6)});
  c.now = at(2026, 11, 22, 12);
  CHECK(c.created().empty());
}

TEST_CASE("creations that retention would take at once are left out", "[plan]") {
  Case c = daily_case();
  c.now = at(2028, 1, 10, 12);
  c.policy.infinite_time_partitions = true;
  c.policy.retention = days(3);
  const auto plan = c.plan();
  REQUIRE(plan);
  CHECK(ranges_of(plan->actions).front() == on(day(2028, 1, 7)));
  CHECK(ranges_of(plan->actions).back() == on(day(2028, 1, 14)));
  // All old ones may go: the new ones remain.
  CHECK(ranges_of(plan->actions, ActionKind::Detach).size() == 9);
  CHECK(plan->warnings.empty());
  // Nothing is skipped that is not too old.
  c.now = kNow + 10 * kMicrosPerDay;
  c.policy.retention = days(30);
  CHECK(c.created().front() == on(kToday + 5));
  // A retention beyond the calendar takes nothing.
  c.policy.retention = IntervalParts{.months = 12 * 200'000, .days = 0, .micros = 0};
  CHECK(c.created().front() == on(kToday + 5));
}

TEST_CASE("a plan may not create without end", "[plan]") {
  Case c = daily_case();
  c.policy.ignore_default_data = false;
  c.seen.default_max = at(9999, 12, 31);
  CHECK(c.created().empty());
  c.policy.outlier_horizon.reset();
  const auto plan = c.plan();
  REQUIRE_FALSE(plan);
  CHECK(plan.refusal().code == Code::ProgramLimitExceeded);
  CHECK_FALSE(plan.refusal().hint.empty());
  c.seen.default_max = at(2026, 11, 27);
  c.limits.max_creations = 5;
  CHECK(c.created().size() == 5);
  c.limits.max_creations = 4;
  CHECK_FALSE(c.plan());
}

TEST_CASE("premake stops at the end of the calendar", "[plan]") {
  Case c = daily_case();
  c.inventory = inventory_of({range(at(294'276, 12, 28), at(294'276, 12, 29))});
  c.seen.highest_filled = 0;
  const auto plan = c.plan();
  REQUIRE(plan);
  CHECK(plan->actions.size() == 2);  // the day of the 31st would end beyond the calendar
  CHECK(plan->warnings.size() == 1);
  c.policy = id_policy(10'000, KeyType::Int2);
  c.inventory = inventory_of({range(0, 10'000)});
  CHECK(c.created() == std::vector<Range>{range(10'000, 20'000), range(20'000, 30'000)});
}

TEST_CASE("maintenance of id sets", "[plan]") {
  Case c;
  c.policy = id_policy(10);
  c.inventory = inventory_of({range(5, 15), range(15, 25), range(25, 35), range(35, 45), range(45, 55)});
  CHECK(c.plan()->actions.empty());
  c.policy.infinite_time_partitions = true;
  CHECK(c.plan()->actions.empty());
  c.seen.highest_filled = 2;
  CHECK(c.created() == std::vector<Range>{range(55, 65), range(65, 75)});
  CHECK(c.plan()->actions.front().name == "t_p55");
  CHECK(c.plan()->actions.front().reason == "premake: 3 of 4 partitions ahead of 25");
  // Contract 4.5: counted from whole multiples of the interval, so with an offset one more.
  c.seen.max_id = 31;
  CHECK(c.created().back() == range(75, 85));
  c.seen.max_id = 26;
  CHECK(c.created().back() == range(65, 75));
  c.seen.max_id = {};
  c.policy.ignore_default_data = false;
  c.seen.default_max = 71;
  CHECK(c.created().back() == range(115, 125));  // four whole tens after 70
  c.seen.default_max = std::numeric_limits<Tick>::max();
  CHECK(c.created() == std::vector<Range>{range(55, 65), range(65, 75)});
}

TEST_CASE("retention of a daily set, contract 14.3", "[retention]") {
  const auto inventory = inventory_of(daily(day(2026, 11, 12), day(2026, 11, 26)));
  CHECK(retired(inventory, days(8)) == Indexes{0, 1});
  CHECK(retired(inventory, days(7)) == Indexes{0, 1, 2});
  // Strict: the day that ends exactly then stays, one second later it goes.
  const auto late = inventory_of(daily(day(2026, 11, 17), day(2026, 11, 26)));
  CHECK(retired(late, days(1), KeyType::Timestamptz, {}, at(2026, 11, 19)).empty());
  CHECK(retired(late, days(1), KeyType::Timestamptz, {}, at(2026, 11, 19, 0, 0, 1)) == Indexes{0});

  const auto all = retirees(Calendar{KeyType::Timestamptz, &kUtc}, inventory, days(-100), {}, kNow);
  CHECK(all.children.size() == 14);
  CHECK(all.kept_last == 14U);
}

TEST_CASE("retention of dates is decided at midnight", "[retention]") {
  std::vector<Range> dates;
  for (Tick d = day(2026, 11, 12); d <= day(2026, 11, 26); ++d) dates.push_back(range(d, d + 1));
  CHECK(retired(inventory_of(dates), days(8), KeyType::Date) == Indexes{0, 1});
  CHECK(retired(inventory_of(dates), days(8), KeyType::Date, {}, at(2026, 11, 22)) == Indexes{0});
}

TEST_CASE("retention of ids counts from the highest", "[retention]") {
  const auto inventory = inventory_of({range(0, 10), range(10, 20), range(20, 30)});
  CHECK(retired(inventory, std::int64_t{10}, KeyType::Int8, 29) == Indexes{0});
  CHECK(retired(inventory, std::int64_t{9}, KeyType::Int8, 29) == Indexes{0, 1});
  CHECK(retired(inventory, std::int64_t{9}, KeyType::Int8).empty());
  const Tick most = std::numeric_limits<Tick>::max();
  CHECK(retired(inventory_of({range(-most - 1, -most), range(0, 10)}), most, KeyType::Int8, most) == Indexes{0});
  CHECK(retired(inventory, days(1), KeyType::Int8, 29).empty());
  CHECK(retired(inventory, std::int64_t{1}, KeyType::Timestamptz, 29).empty());
}

TEST_CASE("retention never takes open or infinite ends, nor the last partition", "[retention]") {
  auto inventory = inventory_of(daily(day(2020, 1, 1), day(2020, 1, 1)));
  const auto only = retirees(Calendar{KeyType::Timestamptz, &kUtc}, inventory, days(1), {}, kNow);
  CHECK(only.children.empty());
  CHECK(only.kept_last == 0U);
  inventory.children[0].range = Range{Bound::min(), Bound::at(std::numeric_limits<Tick>::min())};
  CHECK(retired(inventory, days(1)).empty());
  inventory.children[0].range = Range{};
  CHECK(retired(inventory, days(-1)).empty());
  // A partition that stays anyway lets all others go.
  inventory = inventory_of({Range{Bound::min(), Bound::at(0)}, Range{Bound::at(0), Bound::max()}});
  CHECK(retired(inventory, days(1)) == Indexes{0});
}

TEST_CASE("how a partition retires", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(1);
  c.inventory.children[0].estimated_rows = 12;
  c.inventory.children[0].bytes = 8'192;
  const auto kinds = [&] {
    std::vector<ActionKind> all;
    const auto plan = c.plan();
    for (const Action& action : plan->actions) all.push_back(action.kind);
    return all;
  };
  using Kinds = std::vector<ActionKind>;
  const auto detach = ActionKind::Detach;
  CHECK(kinds() == Kinds{detach, detach, detach});
  c.how = Retirement::DropAttached;
  CHECK(kinds() == Kinds{detach, detach, detach});
  c.policy.keep_table = false;
  CHECK(kinds() == Kinds(3, ActionKind::DropAttached));
  c.how = Retirement::DetachThenDrop;
  CHECK(kinds() == Kinds{detach, ActionKind::Drop, detach, ActionKind::Drop, detach, ActionKind::Drop});

  const auto plan = c.plan();
  const Action& first = plan->actions.front();
  CHECK(first.oid == c.inventory.children[0].oid);
  CHECK(first.name == c.inventory.children[0].name);
  CHECK(first.range == c.inventory.children[0].range);
  CHECK(first.estimated_rows == 12);
  CHECK(first.bytes == 8'192);
  CHECK(first.reason == "retention: ends at 2026-11-19, before 2026-11-21 22:57:00");
  CHECK(plan->actions[1].oid == first.oid);
}

TEST_CASE("one run retires no more than it may, the oldest first", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(1);  // takes three
  const auto taken = [&] {
    std::vector<std::string> names;
    const auto plan = c.plan();
    for (const Action& action : plan->actions)
      if (action.kind == ActionKind::Detach) names.push_back(action.name);
    return names;
  };
  const auto name = [&](std::size_t n) { return c.inventory.children[n].name; };
  CHECK(c.plan()->notices.empty());
  c.policy.max_retirements = 2;
  CHECK(taken() == std::vector{name(0), name(1)});
  REQUIRE(c.plan()->notices.size() == 1);
  CHECK(c.plan()->notices[0] == "retention leaves 1 more partition of \"" + c.policy.parent + "\" to later runs");
  c.policy.max_retirements = 1;
  CHECK(taken() == std::vector{name(0)});
  CHECK(c.plan()->notices[0].find("2 more partitions") != std::string::npos);
  c.policy.keep_table = false;
  CHECK(c.plan()->actions.size() == 2);  // its drop is no retirement of its own
  c.policy.max_retirements = 3;
  CHECK(taken().size() == 3);
  CHECK(c.plan()->notices.empty());
}

TEST_CASE("the last partition is kept below the limit as well", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(-100);  // takes all nine
  const auto checks = [&](std::size_t actions, std::size_t warnings, std::size_t notices) {
    const auto plan = c.plan();
    CHECK(plan->actions.size() == actions);
    CHECK(plan->warnings.size() == warnings);
    CHECK(plan->notices.size() == notices);
  };
  c.policy.max_retirements = 7;
  checks(7, 0, 1);  // the last one's turn has not come
  CHECK(c.plan()->notices[0].find("1 more partition ") != std::string::npos);
  c.policy.max_retirements = 8;
  checks(8, 1, 0);
  c.policy.max_retirements = 9;
  checks(8, 1, 0);
  c.policy.may_empty = true;
  checks(9, 0, 0);
}

TEST_CASE("drops of earlier runs and of this one share the limit", "[plan]") {
  Policy policy = daily_case().policy;
  policy.keep_table = false;
  CHECK(retirements_left(policy, 9) == std::nullopt);
  policy.max_retirements = 3;
  CHECK(retirements_left(policy, 0) == 3);
  CHECK(retirements_left(policy, 2) == 1);
  CHECK(retirements_left(policy, 3) == 0);
  CHECK(retirements_left(policy, 4) == 0);
  policy.grace = days(7);  // then it only detaches
  CHECK(retirements_left(policy, 4) == 3);
  policy.grace = std::nullopt;
  policy.keep_table = true;
  CHECK(retirements_left(policy, 4) == 3);
}

TEST_CASE("a call by hand knows neither limit nor grace", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(1);
  c.policy.keep_table = false;
  c.policy.max_retirements = 1;
  c.policy.grace = days(7);
  const auto plan =
      plan_retirement(c.policy, Calendar{c.policy.key, &kUtc}, c.inventory, c.seen, c.now, Retirement::DropAttached);
  REQUIRE(plan->actions.size() == 3);
  for (const Action& action : plan->actions) CHECK(action.kind == ActionKind::DropAttached);
  CHECK(plan->notices.empty());
}

TEST_CASE("with a grace a partition is only detached", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(1);
  c.policy.keep_table = false;
  c.policy.grace = days(7);
  for (const Retirement how : {Retirement::DetachThenDrop, Retirement::DropAttached}) {
    c.how = how;
    const auto plan = c.plan();
    REQUIRE(plan->actions.size() == 3);
    for (const Action& action : plan->actions) CHECK(action.kind == ActionKind::Detach);
  }
  // Its end, to the microsecond; months and days as the calendar has them.
  CHECK(grace_is_over(c.policy, &kUtc, kNow - 7 * kMicrosPerDay, kNow));
  CHECK_FALSE(grace_is_over(c.policy, &kUtc, kNow - 7 * kMicrosPerDay + 1, kNow));
  c.policy.grace = IntervalParts{.months = 1, .days = 0, .micros = 0};
  CHECK(grace_is_over(c.policy, &kUtc, at(2026, 10, 22, 22, 57), kNow));
  CHECK_FALSE(grace_is_over(c.policy, &kUtc, at(2026, 10, 22, 22, 58), kNow));
  // One beyond the calendar never ends; none is over at once, also for clocks that went back.
  c.policy.grace = IntervalParts{.months = 12 * 200'000, .days = 0, .micros = 0};
  CHECK_FALSE(grace_is_over(c.policy, &kUtc, at(2000, 1, 1, 0, 0), kNow));
  c.policy.grace = std::nullopt;
  CHECK(grace_is_over(c.policy, &kUtc, kNow + 1, kNow));
}

TEST_CASE("what a limit leaves is said by the part of a run that retires", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(-100);
  c.policy.max_retirements = 2;
  CHECK(part_of(*c.plan(), PlanPart::Retirements, c.policy, c.inventory).notices.size() == 1);
  CHECK(part_of(*c.plan(), PlanPart::Creations, c.policy, c.inventory).notices.empty());
}

TEST_CASE("a gap ahead of the partition in use is closed, one behind it is not", "[plan]") {
  Case c;
  c.policy = id_policy(10);
  c.policy.premake = 3;
  c.inventory = inventory_of({range(0, 10), range(20, 30), range(40, 50), range(70, 80)});
  c.seen = {.highest_filled = 1, .max_id = 25, .default_max = {}};
  CHECK(ranges_of(c.plan()->actions) == std::vector{range(30, 40), range(50, 60)});
  Case d = daily_case();
  d.policy.infinite_time_partitions = true;
  const auto today = d.inventory.children.begin() + 4;
  const Range missing = today->range;
  d.inventory.children.erase(today);
  REQUIRE_FALSE(d.plan()->actions.empty());
  CHECK(d.plan()->actions.front().range == missing);
  // Also when rows lie ahead of it.
  d.seen.highest_filled = d.inventory.children.size() - 1;
  CHECK(d.plan()->actions.front().range == missing);
  d.policy.infinite_time_partitions = false;
  CHECK(d.plan()->actions.front().range == missing);
}

TEST_CASE("creations come first, then retirements", "[plan]") {
  Case c;
  c.policy = id_policy(10);
  c.policy.retention = std::int64_t{15};
  c.policy.premake = 2;
  c.inventory = inventory_of({range(0, 10), range(10, 20), range(20, 30), range(30, 40)});
  c.seen = {.highest_filled = 3, .max_id = 35, .default_max = {}};
  const auto plan = c.plan();
  REQUIRE(plan->actions.size() == 4);
  CHECK(plan->actions[0].range == range(40, 50));
  CHECK(plan->actions[1].range == range(50, 60));
  CHECK(plan->actions[2].range == range(0, 10));
  CHECK(plan->actions[3].range == range(10, 20));
  CHECK(plan->actions[3].reason == "retention: ends at 20, at least 15 below 35");
}

TEST_CASE("the kept last partition is named", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(-100);
  const auto plan = c.plan();
  CHECK(plan->actions.size() == 8);
  REQUIRE(plan->warnings.size() == 1);
  CHECK(plan->warnings[0].find(c.inventory.children[8].name) != std::string::npos);
}

TEST_CASE("a retention of the wrong unit is refused", "[plan]") {
  Case c = daily_case();
  c.policy.retention = std::int64_t{10};
  CHECK(c.plan().refusal().code == Code::DatatypeMismatch);
  c.policy = id_policy(10);
  c.policy.retention = days(10);
  CHECK(c.plan().refusal().code == Code::DatatypeMismatch);
  CHECK_FALSE(c.plan().refusal().hint.empty());
}

TEST_CASE("names that do not fit the pattern are refused", "[plan]") {
  Case c = daily_case();
  c.seen.highest_filled = 8;
  c.policy.datetime_string = "YYYYMon";
  CHECK(c.plan().refusal().code == Code::FeatureNotSupported);
}

TEST_CASE("random sets agree with a naive reading of the contract", "[plan]") {
  Dice dice(5);
  for (int round = 0; round < 3'000; ++round) {
    const std::int64_t step = dice.roll(2, 12);
    Case c;
    c.policy = id_policy(step);
    c.policy.premake = static_cast<int>(dice.roll(1, 6));
    c.policy.ignore_default_data = dice.roll(0, 1) == 0;
    if (dice.roll(0, 1) == 0) c.policy.retention = dice.roll(-20, 60);
    std::vector<Range> ranges;
    Tick tail = dice.roll(-50, 50);
    for (std::int64_t n = dice.roll(1, 8); n > 0; --n) {
      const Tick lower = tail + (dice.roll(0, 2) == 0 ? dice.roll(0, 15) : 0);
      tail = lower + (dice.roll(0, 1) == 0 ? step : dice.roll(1, 20));
      ranges.push_back(range(lower, tail));
    }
    c.inventory = inventory_of(ranges);
    const auto last = std::ssize(ranges) - 1;
    if (dice.roll(0, 3) != 0) c.seen.highest_filled = static_cast<std::size_t>(dice.roll(0, last));
    if (dice.roll(0, 3) != 0) c.seen.max_id = dice.roll(ranges.front().lower.tick, tail);
    if (dice.roll(0, 1) == 0) c.seen.default_max = dice.roll(tail, tail + 60);

    // Premake: every number from the end of the range in use up to the target lies in a partition, cut by whole steps
    // from the last end and by what exists. The target is the end of the first cell that begins premake steps after the
    // multiple of the step below the highest key; of a range of another width, after the last cell in it.
    std::optional<Tick> in_use;
    Tick counted_from = 0;
    const auto count_from = [&](const Range& used, std::optional<Tick> key) {
      in_use = used.upper.tick;
      const bool regular = used.upper.tick - used.lower.tick == step && key && used.contains(*key);
      counted_from = regular ? *key - *key % step : *in_use - step;
    };
    if (c.seen.highest_filled) count_from(ranges[*c.seen.highest_filled], c.seen.max_id);
    if (!c.policy.ignore_default_data && c.seen.default_max) {
      Tick end = tail;
      while (end <= *c.seen.default_max) end += step;
      count_from(range(end - step, end), *c.seen.default_max);
    }
    Tick target = tail;
    while (target - step - counted_from >= c.policy.premake * step) target -= step;
    while (target - counted_from < c.policy.premake * step) target += step;
    target += step;
    std::vector<Range> created;
    for (Tick t = in_use ? std::min(tail, *in_use) : 0; in_use && t < target; ++t) {
      const auto covers = [&](const Range& r) { return r.contains(t); };
      if (std::ranges::any_of(ranges, covers) || std::ranges::any_of(created, covers)) continue;
      Tick lower = tail;
      while (lower > t) lower -= step;
      while (lower + step <= t) lower += step;
      Tick upper = lower + step;
      for (const Range& r : ranges) {
        if (r.upper.tick <= t) lower = std::max(lower, r.upper.tick);
        if (r.lower.tick > t) upper = std::min(upper, r.lower.tick);
      }
      created.push_back(range(lower, upper));
    }
    // Retention: ascending, counting what is left, new ones included.
    std::vector<Range> detached;
    std::size_t left = ranges.size() + created.size();
    for (const Range& r : ranges) {
      const bool old = c.policy.retention && c.seen.max_id &&
                       std::get<std::int64_t>(*c.policy.retention) <= *c.seen.max_id - r.upper.tick;
      if (!old || left == 1) continue;
      detached.push_back(r);
      --left;
    }
    const auto plan = c.plan();
    REQUIRE(plan);
    if (ranges_of(plan->actions) != created) FAIL("creations, round " << round);
    if (ranges_of(plan->actions, ActionKind::Detach) != detached) FAIL("retirements, round " << round);
    if (plan->actions != c.plan()->actions) FAIL("not the same plan twice, round " << round);
  }
}

TEST_CASE("maintenance over a year of DST leaves no hole", "[plan]") {
  const std::vector<TableZone> zones{paris(), havana(), far_east()};
  for (const TableZone& zone : zones) {
    for (const IntervalParts& interval :
         {kDay, kMonth, days(7), IntervalParts{.months = 0, .days = 0, .micros = 6 * kMicrosPerHour}}) {
      auto policy = time_policy(interval);
      policy.infinite_time_partitions = true;
      policy.retention = days(40);
      const Calendar calendar{policy.key, &zone};
      InitialRequest request;
      request.now_utc = at(2026, 1, 5, 3);
      request.interval = interval;
      auto existing = ranges_of(*plan_initial(policy, calendar, {}, request, NameRules{}));
      for (int week = 0; week < 60; ++week) {
        const std::int64_t now = request.now_utc + week * 7 * kMicrosPerDay;
        const auto plan = plan_maintenance(policy, calendar, inventory_of(existing), {}, now,
                                           Retirement::DetachThenDrop, NameRules{});
        REQUIRE(plan);
        for (const Range& gone : ranges_of(plan->actions, ActionKind::Detach)) std::erase(existing, gone);
        for (const Range& made : ranges_of(plan->actions)) {
          if (made.lower != existing.back().upper) FAIL("hole or overlap in week " << week);
          existing.push_back(made);
          const std::int64_t hour = calendar.to_local(made.lower.tick) % kMicrosPerDay / kMicrosPerHour;
          const bool midnight = interval.micros != 0 || hour == 0 || (hour == 1 && &zone == &zones[1]);
          if (!midnight) FAIL("boundaries left midnight in week " << week);
        }
        if (existing.back().upper.tick < calendar.advance(now, policy.step, policy.premake).value()) {
          FAIL("too few ahead in week " << week);
        }
      }
    }
  }
}

TEST_CASE("a sub-set stays inside its parent's bounds, contract 4.4", "[plan]") {
  Case c = daily_case();
  c.seen.highest_filled = 8;
  SECTION("creation ends with the limits") {
    c.policy.limits = range((kToday - 4) * kMicrosPerDay, (kToday + 7) * kMicrosPerDay);
    CHECK(c.created() == std::vector<Range>{on(kToday + 5), on(kToday + 6)});
    CHECK_FALSE(c.plan()->became_full);
  }
  SECTION("a grid that meets the end is never full") {
    c.policy.limits = range((kToday - 4) * kMicrosPerDay, (kToday + 5) * kMicrosPerDay);
    CHECK(c.created().empty());
    CHECK_FALSE(c.plan()->became_full);
  }
  SECTION("one that reaches over it is, and retires nothing") {
    c.policy.limits = range((kToday - 4) * kMicrosPerDay, (kToday + 5) * kMicrosPerDay - 1);
    c.policy.retention = days(1);
    CHECK(c.plan()->became_full);
    CHECK(c.plan()->actions.empty());
  }
  SECTION("not while there is a gap before its last partition") {
    c.policy.limits = range((kToday - 4) * kMicrosPerDay, (kToday + 5) * kMicrosPerDay - 1);
    c.inventory.children.erase(c.inventory.children.begin() + 6);
    c.seen.highest_filled = 5;
    CHECK(c.created() == std::vector<Range>{on(kToday + 2)});
    CHECK_FALSE(c.plan()->became_full);
  }
  SECTION("one marked full is left alone") {
    c.policy.full = true;
    c.policy.retention = days(1);
    CHECK(c.plan()->actions.empty());
    CHECK_FALSE(c.plan()->became_full);
  }
}

TEST_CASE("a set of sub-partitioned partitions may lose its last one, contract 5.4", "[plan]") {
  Case c = daily_case();
  c.policy.retention = days(-100);
  c.policy.may_empty = true;
  CHECK(c.plan()->warnings.empty());
  CHECK(c.plan()->actions.size() == 9);
}

TEST_CASE("a cell cut short by partitions of another width is not created to be retired", "[plan]") {
  // Days from the 19th on, a far row on Dec 20, then weeks; two days are kept: the week of the 17th would end on the
  // 19th.
  Case c;
  c.policy = time_policy({.months = 0, .days = 7, .micros = 0});
  c.policy.premake = 1;
  c.policy.retention = days(2);
  c.inventory = inventory_of({on(day(2026, 10, 13)), on(day(2026, 11, 19)), on(day(2026, 11, 20)),
                              on(day(2026, 11, 21)), on(day(2026, 12, 20))});
  c.seen.highest_filled = 4;
  const Tick cutoff = at(2026, 11, 20, 22, 57);
  for (const Range& range : c.created()) CHECK(range.upper >= Bound::at(cutoff));
}

// Sets with and without gaps, partitions of other widths, about now.
Case random_set(Dice& dice) {
  Case c;
  const KeyType key =
      std::array{KeyType::Int8, KeyType::Timestamptz, KeyType::Date}[static_cast<std::size_t>(dice.roll(0, 2))];
  const bool month = dice.roll(0, 3) == 0;
  c.policy = key == KeyType::Int8 ? id_policy(10) : time_policy(month ? kMonth : kDay, key);
  c.policy.premake = static_cast<int>(dice.roll(1, 5));
  c.policy.infinite_time_partitions = dice.roll(0, 1) == 0;
  c.policy.keep_table = dice.roll(0, 1) == 0;
  if (dice.roll(0, 2) == 0) c.policy.outlier_horizon = static_cast<std::int32_t>(dice.roll(1, 6));
  const Tick unit = key == KeyType::Int8 ? 1 : key == KeyType::Date ? 1 : kMicrosPerDay / 2;
  const Tick step = key == KeyType::Int8 ? 10 : (key == KeyType::Date ? 1 : 2) * (month ? 30 : 1);
  if (dice.roll(0, 2) == 0) {
    if (key == KeyType::Int8)
      c.policy.retention = dice.roll(-20, 60);
    else
      c.policy.retention = days(static_cast<std::int32_t>(dice.roll(0, 90)));
  }
  const Tick middle = key == KeyType::Int8 ? 1'000 : key == KeyType::Date ? kToday : kToday * 2;
  std::vector<Range> ranges;
  Tick tail = middle + step * dice.roll(-8, 2);
  for (std::int64_t n = dice.roll(1, 9); n > 0; --n) {
    const Tick lower = tail + (dice.roll(0, 20) == 0 ? dice.roll(1, 2 * step) : 0);
    tail = lower + (dice.roll(0, 2) != 0 ? step : dice.roll(1, 3 * step));
    ranges.push_back(range(lower * unit, tail * unit));
  }
  c.inventory = inventory_of(ranges);
  if (dice.roll(0, 5) == 0) c.policy.limits = range((middle - 5 * step) * unit, (middle + 2 * step) * unit);
  return c;
}

// One that files up to this partition allow.
Observation random_observation(Dice& dice, const Case& c, std::optional<std::size_t> highest_with_pages) {
  const Calendar calendar{c.policy.key, &kUtc};
  const Bound lowest = lowest_of_interest(c.policy, calendar, c.now);
  Observation seen;
  if (!highest_with_pages || dice.roll(0, 3) == 0) return seen;
  const auto filled = static_cast<std::size_t>(dice.roll(0, static_cast<std::int64_t>(*highest_with_pages)));
  const Range& in = c.inventory.children[filled].range;
  if (in.upper <= lowest) return seen;
  seen.highest_filled = filled;
  const Tick key = dice.roll(in.lower.tick, in.upper.tick - 1);
  if (!is_time(c.policy.key)) seen.max_id = key;
  if (is_time(c.policy.key) && lowest.finite() && in.lower <= lowest) seen.latest = key;
  return seen;
}

TEST_CASE("nothing to do by file sizes means nothing to do whatever the rows", "[plan]") {
  Dice dice(6);
  int idle = 0;
  for (int round = 0; round < 60'000; ++round) {
    Case c = random_set(dice);
    const Bound lowest = lowest_of_interest(c.policy, Calendar{c.policy.key, &kUtc}, c.now);
    std::optional<std::size_t> pages;
    if (dice.roll(0, 4) != 0) pages = static_cast<std::size_t>(dice.roll(0, std::ssize(c.inventory.children) - 1));
    if (pages && c.inventory.children[*pages].range.upper <= lowest) pages.reset();
    const auto idle_on = [&](const Observation& seen) {
      c.seen = seen;
      const auto plan = c.plan();
      return plan && plan->actions.empty() && plan->warnings.empty();
    };
    const auto extremes = extreme_observations(c.policy, Calendar{c.policy.key, &kUtc}, c.inventory, pages, c.now);
    if (extremes.empty() || !std::ranges::all_of(extremes, idle_on)) continue;
    ++idle;
    for (int n = 0; n < 8; ++n) {
      if (!idle_on(random_observation(dice, c, pages))) FAIL("round " << round << ", rows " << n);
    }
  }
  CHECK(idle > 3'000);
}

TEST_CASE("premake counted from now asks for nothing below the first partition", "[plan]") {
  Case c = daily_case();
  c.policy.infinite_time_partitions = true;
  c.policy.premake = 2;
  // From the 22nd, 12:00, then whole days: now lies in the first partition, which is half a cell.
  std::vector<Range> ranges = daily(kToday + 1, kToday + 3);
  ranges.insert(ranges.begin(), range(kToday * kMicrosPerDay + kMicrosPerDay / 2, (kToday + 1) * kMicrosPerDay));
  c.inventory = inventory_of(ranges);
  CHECK(c.plan()->actions.empty());
  c.inventory.children.front().range.lower = Bound::min();
  CHECK(c.plan()->actions.empty());
}
