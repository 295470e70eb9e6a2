// Shared by the unit tests: civil literals, zones with the nasty changes, short ways to write sets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/bound.hpp"
#include "core/calendar.hpp"
#include "core/plan.hpp"

namespace strata::test {

using namespace strata::core;

// Microseconds of a civil time.
inline std::int64_t at(std::int64_t year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  const std::int64_t micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond;
  return local_from_civil({.year = year, .month = month, .day = day, .micros = micros}).value();
}

// Days of a civil date.
inline std::int64_t day(std::int64_t year, unsigned month, unsigned day) {
  return at(year, month, day) / kMicrosPerDay;
}

inline Range range(Tick lower, Tick upper) {
  return {.lower = Bound::at(lower), .upper = Bound::at(upper)};
}

// Offsets that change at listed instants; ambiguous local times are read as DetermineTimeZoneOffset does.
class TableZone final : public ZoneRules {
 public:
  struct Change {
    std::int64_t utc;
    std::int64_t offset;  // from then on, microseconds east of UTC
  };
  TableZone(std::int64_t first_offset, std::vector<Change> changes)
      : first_(first_offset), changes_(std::move(changes)) {}

  [[nodiscard]] std::int64_t to_local(std::int64_t utc) const noexcept override {
    std::int64_t offset = first_;
    for (const Change& change : changes_) {
      if (change.utc <= utc) offset = change.offset;
    }
    return utc + offset;
  }

  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const noexcept override {
    std::int64_t before = first_;
    for (const Change& change : changes_) {
      const std::int64_t old_reading = local - before;
      const std::int64_t new_reading = local - change.offset;
      if (old_reading < change.utc && new_reading < change.utc) return old_reading;
      const bool gap = old_reading >= change.utc && new_reading < change.utc;
      if (gap) return old_reading;
      before = change.offset;
    }
    return local - before;
  }

 private:
  std::int64_t first_;
  std::vector<Change> changes_;
};

inline std::int64_t sunday_from(std::int64_t date) {
  while ((date % 7 + 7) % 7 != 1) ++date;  // 2000-01-02, day 1, was a Sunday
  return date;
}

// +1, in summer +2, changing at 01:00 UTC on the last Sundays of March and October.
inline TableZone paris() {
  std::vector<TableZone::Change> changes;
  for (std::int64_t year = 2000; year < 2045; ++year) {
    changes.push_back({sunday_from(day(year, 3, 25)) * kMicrosPerDay + kMicrosPerHour, 2 * kMicrosPerHour});
    changes.push_back({sunday_from(day(year, 10, 25)) * kMicrosPerDay + kMicrosPerHour, kMicrosPerHour});
  }
  return {kMicrosPerHour, changes};
}

// -5, in summer -4: on the second Sunday of March there is no midnight, on the first of November midnight comes twice.
inline TableZone havana() {
  std::vector<TableZone::Change> changes;
  for (std::int64_t year = 2000; year < 2045; ++year) {
    changes.push_back({sunday_from(day(year, 3, 8)) * kMicrosPerDay + 5 * kMicrosPerHour, -4 * kMicrosPerHour});
    changes.push_back({sunday_from(day(year, 11, 1)) * kMicrosPerDay + 5 * kMicrosPerHour, -5 * kMicrosPerHour});
  }
  return {-5 * kMicrosPerHour, changes};
}

// Crossed the date line: there was no 2011-12-30.
inline TableZone apia() {
  return {-10 * kMicrosPerHour, {{at(2011, 12, 30, 10), 14 * kMicrosPerHour}}};
}

// As far from UTC as local mean times get, and not on a whole minute.
inline TableZone far_east() {
  return {(15 * 3'600 + 13 * 60 + 42) * kMicrosPerSecond, {}};
}

inline constexpr IntervalParts kMonth{.months = 1, .days = 0, .micros = 0};
inline constexpr IntervalParts kDay{.months = 0, .days = 1, .micros = 0};
inline constexpr IntervalParts kHour{.months = 0, .days = 0, .micros = kMicrosPerHour};

inline Policy time_policy(const IntervalParts& interval, KeyType key = KeyType::Timestamptz) {
  Policy policy;
  policy.parent = "s.t";
  policy.schema = "s";
  policy.table = "t";
  policy.key = key;
  policy.step = *time_step(interval, key);
  policy.datetime_string = datetime_string_for(interval);
  return policy;
}

inline Policy id_policy(std::int64_t interval, KeyType key = KeyType::Int8) {
  Policy policy;
  policy.parent = "s.t";
  policy.schema = "s";
  policy.table = "t";
  policy.key = key;
  policy.step = *id_step(interval, key);
  return policy;
}

inline Inventory inventory_of(const std::vector<Range>& ranges) {
  Inventory inventory;
  std::uint32_t oid = 1'000;
  for (const Range& r : ranges) {
    Child child;
    child.oid = ++oid;
    child.schema = "s";
    child.name = "t_" + std::to_string(oid);
    child.range = r;
    inventory.children.push_back(child);
  }
  return inventory;
}

inline std::vector<Range> ranges_of(const std::vector<Action>& actions, ActionKind kind = ActionKind::Create) {
  std::vector<Range> found;
  for (const Action& action : actions) {
    if (action.kind == kind) found.push_back(action.range);
  }
  return found;
}

inline std::vector<Range> daily(Tick first_day, Tick last_day) {
  std::vector<Range> days;
  for (Tick d = first_day; d <= last_day; ++d) days.push_back(range(d * kMicrosPerDay, (d + 1) * kMicrosPerDay));
  return days;
}

// The same sequence on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(engine_() % span);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace strata::test
