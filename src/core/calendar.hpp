// Calendar arithmetic on ticks: the only place that knows what a month, a day or a time zone is.
//
// Days and months move on the civil clock of the set's zone, so a day over a DST change has 23 or 25 hours and no hole;
// anything shorter moves in UTC. Nothing here reads a clock. Results are empty when they leave the key's range.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bound.hpp"
#include "core/result.hpp"

namespace strata::core {

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerHour = 3'600 * kMicrosPerSecond;
inline constexpr std::int64_t kMicrosPerDay = 24 * kMicrosPerHour;

// The zone database belongs to PostgreSQL; this is how core asks it. Both clocks count microseconds from 2000-01-01.
// A local time inside a spring gap is read with the offset before it, one in an autumn overlap with the standard-time
// reading PostgreSQL itself gives (DetermineTimeZoneOffset).
class ZoneRules {
 public:
  virtual ~ZoneRules() = default;
  [[nodiscard]] virtual std::int64_t to_local(std::int64_t utc) const noexcept = 0;
  [[nodiscard]] virtual std::int64_t to_utc(std::int64_t local) const noexcept = 0;
};

class UtcZone final : public ZoneRules {
 public:
  [[nodiscard]] std::int64_t to_local(std::int64_t utc) const noexcept override { return utc; }
  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const noexcept override { return local; }
};

// The three numbers of a PostgreSQL interval.
struct IntervalParts {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t micros = 0;
  friend constexpr bool operator==(const IntervalParts&, const IntervalParts&) = default;
};

// Wide enough for any product of a step and a count.
__extension__ using Wide = __int128;

// Length with 30-day months and 24-hour days: PostgreSQL's ordering of intervals (contract 0.5).
[[nodiscard]] Wide interval_span(const IntervalParts& interval) noexcept;

// PostgreSQL's extract(epoch): 30-day months like the above, but years of 365.25 days.
[[nodiscard]] Wide interval_epoch(const IntervalParts& interval) noexcept;
// PostgreSQL's age(): from `since` to `until`, both on the same wall clock, in months, days and time.
[[nodiscard]] IntervalParts age(std::int64_t until, std::int64_t since) noexcept;

// Civil date and time of day; year 0 is 1 BC.
struct Civil {
  std::int64_t year = 2000;
  unsigned month = 1;       // 1..12
  unsigned day = 1;         // 1..31
  std::int64_t micros = 0;  // since midnight
};
[[nodiscard]] Civil civil_from_local(std::int64_t local_micros) noexcept;
[[nodiscard]] std::optional<std::int64_t> local_from_civil(const Civil& civil) noexcept;

// date_trunc fields (contract 3.2; week and quarter come from date_trunc_interval).
enum class TruncField : std::uint8_t {
  Millennium,
  Century,
  Decade,
  Year,
  Quarter,
  Month,
  Week,
  Day,
  Hour,
  Minute,
  Second,
  Millisecond,
  Microsecond
};
// Reads a field as PostgreSQL's date_trunc does (case-insensitive, plural forms and its usual abbreviations).
[[nodiscard]] Result<TruncField> parse_trunc_field(std::string_view text);
// The automatic field for an interval (contract 3.2).
[[nodiscard]] TruncField trunc_field_for(const IntervalParts& interval) noexcept;

// A step between partition bounds; count is positive.
struct Step {
  enum class Unit : std::uint8_t { Month, Day, Micro, Integer };
  Unit unit = Unit::Day;
  std::int64_t count = 1;
  friend constexpr bool operator==(const Step&, const Step&) = default;
};
// Refuses zero and negative intervals, under one second, months mixed with days or time, and for date keys anything
// but whole days or months. Whole multiples of 24 hours become days; days plus other hours run in UTC microseconds.
[[nodiscard]] Result<Step> time_step(const IntervalParts& interval, KeyType key);
// Refuses below 2 (below 1 for lists) and what does not fit the key's type (half its range).
[[nodiscard]] Result<Step> id_step(std::int64_t interval, KeyType key, Cut cut = Cut::Range);

// The clock of one set: its key type and, for timestamptz, its zone. `zone` must outlive the calendar.
class Calendar {
 public:
  constexpr Calendar(KeyType key, const ZoneRules* zone) noexcept : key_(key), zone_(zone) {}
  [[nodiscard]] constexpr KeyType key() const noexcept { return key_; }

  // Dates hide the time of day, but decisions about an instant need it: this calendar on microseconds. Itself for all
  // other keys.
  [[nodiscard]] Calendar clock() const noexcept;
  // Of a tick of clock(): the last key value at or before it, the first at or after it.
  [[nodiscard]] Tick at_or_before(Tick clock_tick) const noexcept;
  [[nodiscard]] Tick at_or_after(Tick clock_tick) const noexcept;

  // Microseconds on the set's wall clock (time keys only). Dates that no timestamp reaches give the nearest one.
  [[nodiscard]] std::int64_t to_local(Tick tick) const noexcept;
  // Empty when outside the key's range.
  [[nodiscard]] std::optional<Tick> from_local(std::int64_t local) const noexcept;
  // The tick of an instant (microseconds UTC): for timestamp and date keys, its reading on the set's zone's wall clock.
  [[nodiscard]] Tick from_utc(std::int64_t utc) const noexcept;

  // origin ⊕ n·step, multiplied, never walked. n may be negative.
  [[nodiscard]] std::optional<Tick> advance(Tick origin, const Step& step, std::int64_t n) const noexcept;
  // tick − interval on the calendar, months first, then days, then time, as PostgreSQL does. Dates round down.
  [[nodiscard]] std::optional<Tick> subtract(Tick tick, const IntervalParts& interval) const noexcept;
  // date_trunc in the set's zone. Day and longer re-read the zone, shorter fields keep the offset (as PostgreSQL).
  [[nodiscard]] std::optional<Tick> truncate(Tick tick, TruncField field) const noexcept;
  // Range of finite values of the key type.
  [[nodiscard]] Tick lowest() const noexcept;
  [[nodiscard]] Tick highest() const noexcept;
  // False for -infinity and infinity too: no arithmetic on those.
  [[nodiscard]] bool in_range(Tick tick) const noexcept { return lowest() <= tick && tick <= highest(); }

 private:
  [[nodiscard]] std::optional<Tick> shift(Tick tick, std::int64_t months, std::int64_t days) const noexcept;

  KeyType key_;
  const ZoneRules* zone_;
};

}  // namespace strata::core
