// Drift of bounds and names: what counts as wrong, and what was only made under other rules.
#include "core/drift.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

const UtcZone kUtc;
const Tick kToday = day(2026, 11, 22);
const std::int64_t kNow = at(2026, 11, 22, 22, 57);

struct Look {
  Policy policy = time_policy(kDay);
  Inventory inventory = inventory_of(daily(kToday - 4, kToday + 4));

  Look() { name_all(); }
  void name_all() {
    for (Child& child : inventory.children) {
      const Result<Action> action = create_action(policy, Calendar{policy.key, &kUtc}, child.range, {}, NameRules{});
      if (action) child.name = action->name;
    }
  }
  [[nodiscard]] std::vector<BoundsFinding> found() const {
    return find_drift(policy, Calendar{policy.key, &kUtc}, inventory, kNow, NameRules{});
  }
  [[nodiscard]] std::vector<Drift> kinds() const {
    std::vector<Drift> all;
    for (const BoundsFinding& one : found()) all.push_back(one.drift);
    return all;
  }
};

Child child_of(const Range& bounds) {
  Child child;
  child.range = bounds;
  return child;
}

Range days(Tick first, Tick end) {
  return range(first * kMicrosPerDay, end * kMicrosPerDay);
}

}  // namespace

TEST_CASE("what the policy would have made is no drift", "[drift]") {
  CHECK(Look().found().empty());
  Look empty;
  empty.inventory.children.clear();
  CHECK(empty.found().empty());
}

TEST_CASE("a gap is told with what it leaves uncovered", "[drift]") {
  Look look;
  look.inventory.children.erase(look.inventory.children.begin() + 2, look.inventory.children.begin() + 4);
  const auto found = look.found();
  REQUIRE(found.size() == 1);
  CHECK(found[0] == BoundsFinding{.drift = Drift::Gap, .partition = 2, .range = days(kToday - 2, kToday), .name = {}});
}

TEST_CASE("above a gap, where premake cannot reach, partitions are far", "[drift]") {
  Look look;
  const Tick reach = kToday + look.policy.premake + 2;
  look.inventory.children.push_back(child_of(days(reach + 1, reach + 2)));
  look.name_all();
  CHECK(look.kinds() == std::vector{Drift::Far});
  look.inventory.children.back().range = days(reach, reach + 1);
  look.name_all();
  CHECK(look.kinds() == std::vector{Drift::Gap});
}

TEST_CASE("a width is wrong only above a right one", "[drift]") {
  Look look;
  look.inventory.children[3].range = days(kToday - 1, kToday + 1);
  look.inventory.children.erase(look.inventory.children.begin() + 4);
  look.name_all();
  CHECK(look.kinds() == std::vector{Drift::Misbounded});
  // weeks before days: an interval that was changed
  look.inventory = inventory_of({days(kToday - 18, kToday - 11), days(kToday - 11, kToday - 4)});
  for (const Range& one : daily(kToday - 4, kToday + 4)) look.inventory.children.push_back(child_of(one));
  look.name_all();
  CHECK(look.kinds().empty());
}

TEST_CASE("ends without a bound have no width", "[drift]") {
  Look look;
  look.inventory.children.front().range.lower = Bound::min();
  look.inventory.children.back().range.upper = Bound::max();
  CHECK(look.kinds().empty());
}

TEST_CASE("a name is wrong only above a right one", "[drift]") {
  Look look;
  look.inventory.children[5].name = "mine";
  const auto found = look.found();
  REQUIRE(found.size() == 1);
  CHECK(found[0].drift == Drift::Misnamed);
  CHECK(found[0].partition == 5);
  CHECK(found[0].name == "t_p20261123");
  for (std::size_t n = 0; n < 5; ++n) look.inventory.children[n].name = "adopted" + std::to_string(n);
  look.inventory.children[5].name = "t_p20261123";
  CHECK(look.kinds().empty());
}

TEST_CASE("the fallback name is right too", "[drift]") {
  Look look;
  const auto choice =
      create_action(look.policy, Calendar{look.policy.key, &kUtc}, look.inventory.children[5].range, {}, NameRules{})
          ->names;
  look.inventory.children[5].name = choice.fallback;
  CHECK(look.kinds().empty());
}

TEST_CASE("coverage goes on to the first gap", "[drift]") {
  Look look;
  const Tick now = kNow;
  CHECK(covered_until(look.inventory, now) == Bound::at((kToday + 5) * kMicrosPerDay));
  look.inventory.children.erase(look.inventory.children.begin() + 6);
  CHECK(covered_until(look.inventory, now) == Bound::at((kToday + 2) * kMicrosPerDay));
  CHECK(!covered_until(look.inventory, (kToday + 9) * kMicrosPerDay));
}
