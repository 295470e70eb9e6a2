// Keys that are stored as something else than what core counts in: epochs and version 7 UUIDs.
#include <limits>

#include "catch.hpp"
#include "core/calendar.hpp"
#include "core/epoch.hpp"
#include "core/uuid7.hpp"

using namespace strata::core;

namespace {

constexpr std::int64_t kSecondsTo2000 = 946'684'800;
constexpr Tick k1970 = -kSecondsTo2000 * kMicrosPerSecond;

}  // namespace

TEST_CASE("epoch words", "[keys]") {
  CHECK(parse_epoch("seconds") == EpochUnit::Seconds);
  CHECK(parse_epoch("nanoseconds") == EpochUnit::Nanoseconds);
  CHECK_FALSE(parse_epoch("none"));
  CHECK_FALSE(parse_epoch("Seconds"));
}

TEST_CASE("instants as epoch numbers and back", "[keys]") {
  for (const EpochUnit unit :
       {EpochUnit::Seconds, EpochUnit::Milliseconds, EpochUnit::Microseconds, EpochUnit::Nanoseconds}) {
    const std::int64_t units = epoch_units_per_second(unit);
    CHECK(epoch_of(k1970, unit) == 0);
    CHECK(epoch_of(0, unit) == kSecondsTo2000 * units);
    CHECK(epoch_of(k1970 - kMicrosPerSecond, unit) == -units);
    for (const Tick tick : {k1970, k1970 - 86'400 * kMicrosPerSecond, Tick{0}, 700'000'000 * kMicrosPerSecond})
      CHECK(instant_exactly(*epoch_of(tick, unit), unit) == tick);
  }
}

TEST_CASE("epoch bounds are whole seconds, halves away from 1970", "[keys]") {
  CHECK(whole_second(499'999) == 0);
  CHECK(whole_second(500'000) == kMicrosPerSecond);
  CHECK(whole_second(-500'000) == 0);
  CHECK(whole_second(k1970 - 500'000) == k1970 - kMicrosPerSecond);
  CHECK(whole_second(k1970 - 499'999) == k1970);
  CHECK_FALSE(whole_second(std::numeric_limits<Tick>::max()));
}

TEST_CASE("epoch numbers that are no instant", "[keys]") {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  CHECK_FALSE(instant_exactly(1, EpochUnit::Nanoseconds));
  CHECK(instant_at_or_before(1'999, EpochUnit::Nanoseconds) == k1970 + 1);
  CHECK(instant_at_or_before(-1, EpochUnit::Nanoseconds) == k1970 - 1);
  CHECK_FALSE(instant_at_or_before(kMost, EpochUnit::Seconds));
  CHECK_FALSE(instant_at_or_before(-kMost, EpochUnit::Milliseconds));
  CHECK_FALSE(instant_at_or_before(-kMost, EpochUnit::Microseconds));
  // The year 2300 is out of reach of nanoseconds in a bigint.
  CHECK_FALSE(epoch_of(300LL * 366 * kMicrosPerDay, EpochUnit::Nanoseconds));
}

TEST_CASE("version 7 UUIDs", "[keys]") {
  // Contract 8.9: 2026-11-22 12:34:56.789+00 and 2024-08-12 18:30:00+00.
  const Tick tick = k1970 + 1'795'350'896'789'000;
  CHECK(uuid7_of(tick) == "01a20340-a095-0000-0000-000000000000");
  CHECK(uuid7_of(tick + 499) == uuid7_of(tick));
  CHECK(uuid7_of(tick + 500) == "01a20340-a096-0000-0000-000000000000");
  CHECK(instant_of_uuid7("01a20340-a095-7fff-bfff-ffffffffffff") == tick);
  CHECK(instant_of_uuid7("019147da-b040-0000-0000-000000000000") == k1970 + 1'723'487'400'000'000);
  CHECK(uuid7_of(k1970) == "00000000-0000-0000-0000-000000000000");
  CHECK_FALSE(uuid7_of(k1970 - 1'000));
  CHECK_FALSE(uuid7_of(k1970 + (std::int64_t{1} << 48) * 1'000));
  CHECK_FALSE(uuid7_of(std::numeric_limits<Tick>::max()));
  CHECK_FALSE(instant_of_uuid7("01a20340"));
  CHECK_FALSE(instant_of_uuid7("01a20340xa095"));
  CHECK_FALSE(instant_of_uuid7("01a2034z-a095-0000-0000-000000000000"));
}

TEST_CASE("list sets may step by one", "[keys]") {
  CHECK(id_step(1, KeyType::Int8, Cut::List));
  CHECK(id_step(0, KeyType::Int8, Cut::List).refusal().code == Code::InvalidParameterValue);
  CHECK_FALSE(id_step(1, KeyType::Int8, Cut::Range));
}
