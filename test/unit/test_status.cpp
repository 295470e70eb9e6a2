// What partition_status says of the future of a set: how far it is provided for, and when its oldest partition goes.
#include "core/coverage.hpp"
#include "core/retention.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

std::vector<Child> children_of(const std::vector<Range>& ranges) {
  std::vector<Child> children;
  for (const Range& one : ranges) {
    Child child;
    child.range = one;
    children.push_back(child);
  }
  return children;
}

const UtcZone kUtc;

}  // namespace

TEST_CASE("covered until the first gap after now") {
  const auto children = children_of({range(0, 10), range(10, 20), range(30, 40), range(40, 60)});
  CHECK(covered_until(children, 5) == Bound::at(20));
  CHECK(covered_until(children, 10) == Bound::at(20));
  CHECK(covered_until(children, 19) == Bound::at(20));
  CHECK(covered_until(children, 35) == Bound::at(60));
}

TEST_CASE("in a gap, and beyond the last partition, cover ended before") {
  const auto children = children_of({range(0, 10), range(10, 20), range(30, 40)});
  CHECK(covered_until(children, 25) == Bound::at(20));
  CHECK(covered_until(children, 20) == Bound::at(20));
  CHECK(covered_until(children, 99) == Bound::at(40));
  CHECK(covered_until(children, -1) == std::nullopt);
  CHECK(covered_until({}, 0) == std::nullopt);
}

TEST_CASE("a partition from now on does not stand in for one that ended now") {
  CHECK(covered_until(children_of({range(0, 10), range(11, 20)}), 10) == Bound::at(10));
  CHECK(covered_until(children_of({{.lower = Bound::min(), .upper = Bound::max()}}), 7) == Bound::max());
}

TEST_CASE("kept until is the last moment before a run takes the partition") {
  const Calendar calendar(KeyType::Timestamptz, &kUtc);
  const IntervalParts days{.months = 0, .days = 30, .micros = 0};
  CHECK(kept_until(calendar, days, Bound::at(at(2026, 3, 1))) == at(2026, 3, 31));
  const IntervalParts month{.months = 1, .days = 0, .micros = 0};
  CHECK(kept_until(calendar, month, Bound::at(at(2026, 3, 1))) == at(2026, 4, 1));
  // On Feb 28 a month ago is Jan 28, on Mar 1 it is Feb 1.
  const auto end_of_january = kept_until(calendar, month, Bound::at(at(2026, 1, 31)));
  REQUIRE(end_of_january);
  CHECK_FALSE(is_expired(calendar, Retention{month}, Bound::at(at(2026, 1, 31)), *end_of_january));
  CHECK(is_expired(calendar, Retention{month}, Bound::at(at(2026, 1, 31)), *end_of_january + 1));
  CHECK(*end_of_january > at(2026, 2, 28));
}

TEST_CASE("kept until on dates, and where nothing ends") {
  const Calendar dates(KeyType::Date, &kUtc);
  const IntervalParts hours{.months = 0, .days = 0, .micros = 36 * 3600 * kMicrosPerSecond};
  const auto kept = kept_until(dates, hours, Bound::at(day(2026, 3, 1)));
  REQUIRE(kept);
  CHECK(*kept == at(2026, 3, 2, 12));
  CHECK(kept_until(dates, hours, Bound::max()) == std::nullopt);
  const Calendar calendar(KeyType::Timestamptz, &kUtc);
  CHECK(kept_until(calendar, {.months = 12 * 300'000, .days = 0, .micros = 0}, Bound::at(0)) == std::nullopt);
}
