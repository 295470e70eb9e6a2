// The duty cycle: no window of ten seconds holds more than its share, and no pause is longer than that takes.
#include "core/duty.hpp"
#include "core/heal.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

TEST_CASE("nothing past needs no pause", "[duty]") {
  const DutyLog log;
  CHECK(log.pause_before(0, 300, 20) == 0);
  CHECK(log.pause_before(0, 60'000, 1) == 0);
}

TEST_CASE("a pause lasts until the share has room", "[duty]") {
  DutyLog log;
  log.add({.begin = 0, .end = 1'000});
  // 20 % of ten seconds are two: a second more fits, a second and a half does not before half a second has left.
  CHECK(log.pause_before(1'000, 1'000, 20) == 0);
  CHECK(log.pause_before(1'000, 1'500, 20) == 500 + 10'000 - 1'500 - 1'000);
  CHECK(log.pause_before(5'000, 1'500, 20) == 500 + 10'000 - 1'500 - 5'000);
  CHECK(log.pause_before(20'000, 1'500, 20) == 0);
  // More than the share by itself: alone in its window.
  CHECK(log.pause_before(1'000, 3'000, 20) == 10'000 - 3'000);
  CHECK(log.pause_before(1'000, 60'000, 20) == 0);
  CHECK(log.pause_before(1'000, 1'000, 100) == 0);
}

TEST_CASE("no window of ten seconds holds more than its share", "[duty]") {
  Dice dice(7);
  for (int round = 0; round < 200; ++round) {
    const auto percent = static_cast<int>(dice.roll(1, 100));
    const std::int64_t share = kDutyWindowMs * percent / 100;
    const std::int64_t expected = dice.roll(1, share);
    DutyLog log;
    std::vector<KeptOut> all;
    std::int64_t now = 0;
    for (int n = 0; n < 600; ++n) {
      now += log.pause_before(now, expected, percent);
      const std::int64_t begin = now;
      now += dice.roll(1, expected);
      log.add({.begin = begin, .end = now});
      all.push_back({.begin = begin, .end = now});
      now += dice.roll(0, 3) == 0 ? dice.roll(0, 2'000) : 0;
    }
    for (const KeptOut& last : all) {
      std::int64_t sum = 0;
      for (const KeptOut& one : all) {
        const std::int64_t from = std::max(one.begin, last.end - kDutyWindowMs);
        sum += std::max<std::int64_t>(0, std::min(one.end, last.end) - from);
      }
      if (sum > share) FAIL("round " << round << ": " << sum << " of " << share);
    }
  }
}

TEST_CASE("a daily window", "[duty]") {
  const auto at_hour = [](std::int64_t hour) { return at(2026, 11, 22) + hour * kMicrosPerHour; };
  const DailyWindow night{.begin = 22 * kMicrosPerHour, .end = 4 * kMicrosPerHour};
  CHECK(night.contains(at_hour(22)));
  CHECK(night.contains(at_hour(27)));
  CHECK_FALSE(night.contains(at_hour(28)));
  CHECK_FALSE(night.contains(at_hour(12)));
  const DailyWindow noon{.begin = 12 * kMicrosPerHour, .end = 13 * kMicrosPerHour};
  CHECK(noon.contains(at_hour(12)));
  CHECK_FALSE(noon.contains(at_hour(13)));
  // Before 2000 ticks are negative.
  CHECK(noon.contains(at(1999, 5, 5, 12, 30)));
  CHECK_FALSE(DailyWindow{}.contains(at_hour(0)));
}

TEST_CASE("rows within a time", "[heal]") {
  CHECK(rows_within(1'000, std::nullopt) == 20'000);
  CHECK(rows_within(1'000, MoveRate{.rows = 5'000, .milliseconds = 100}) == 50'000);
  // Nothing to go by.
  CHECK(rows_within(1'000, MoveRate{.rows = 5'000, .milliseconds = 0}) == 20'000);
  CHECK(rows_within(1'000, MoveRate{}) == 20'000);
  CHECK(rows_within(1, MoveRate{.rows = 1, .milliseconds = 2}) == 0);
  CHECK(rows_within(std::numeric_limits<std::int64_t>::max(), std::nullopt) ==
        std::numeric_limits<std::int64_t>::max());
}
