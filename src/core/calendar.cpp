#include "core/calendar.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "core/arith.hpp"
#include "core/civil.hpp"

namespace strata::core {

namespace {

// PostgreSQL's limits (datatype/timestamp.h): 4714-11-24 BC (Julian day 0), the end of 294276, and the date type's last
// day.
constexpr std::int64_t kLowestTimestamp = -211'813'488'000'000'000;
constexpr std::int64_t kTimestampEnd = 9'223'371'331'200'000'000;
constexpr std::int64_t kLowestDate = -2'451'545;
constexpr std::int64_t kHighestDate = 2'145'031'948;
// No zone is further from UTC; keeps what we ask the zone database inside its own range.
constexpr std::int64_t kZoneSlack = 2 * kMicrosPerDay;
// More than the whole calendar has; beyond it date arithmetic need not be tried.
constexpr std::int64_t kMaxShift = std::int64_t{1} << 33;

// Months first, with the day clamped to the month's length, then days.
std::optional<std::int64_t> add_civil(std::int64_t from, std::int64_t months, std::int64_t days) noexcept {
  if (months < -kMaxShift || months > kMaxShift || days < -kMaxShift || days > kMaxShift) return std::nullopt;
  const Date date = date_from_days(from);
  const std::int64_t month_index = date.year * 12 + (date.month - 1) + months;
  const std::int64_t year = floor_div(month_index, std::int64_t{12});
  const auto month = static_cast<unsigned>(floor_mod(month_index, std::int64_t{12})) + 1;
  return days_from_date({.year = year, .month = month, .day = std::min(date.day, days_in_month(year, month))}) + days;
}

// Empty when no timestamp reaches there.
std::optional<std::int64_t> join(std::int64_t days, std::int64_t micros) noexcept {
  std::int64_t local = 0;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &local)) return std::nullopt;
  if (__builtin_add_overflow(local, micros, &local)) return std::nullopt;
  return local;
}

// First year of a millennium, century or decade: the former two start in year ..01, also before Christ.
std::int64_t truncate_year(std::int64_t year, TruncField field) noexcept {
  switch (field) {
    case TruncField::Millennium:
      return floor_div(year - 1, std::int64_t{1'000}) * 1'000 + 1;
    case TruncField::Century:
      return floor_div(year - 1, std::int64_t{100}) * 100 + 1;
    case TruncField::Decade:
      return floor_div(year, std::int64_t{10}) * 10;
    default:
      return year;
  }
}

// Fields of a day and longer.
std::int64_t truncate_days(std::int64_t days, TruncField field) noexcept {
  // 2000-01-03 was a Monday.
  if (field == TruncField::Week) return days - floor_mod(days - 2, std::int64_t{7});
  const Date date = date_from_days(days);
  switch (field) {
    case TruncField::Day:
      return days;
    case TruncField::Month:
      return days_from_date({.year = date.year, .month = date.month, .day = 1});
    case TruncField::Quarter:
      return days_from_date({.year = date.year, .month = (date.month - 1) / 3 * 3 + 1, .day = 1});
    default:
      return days_from_date({.year = truncate_year(date.year, field), .month = 1, .day = 1});
  }
}

// Length of the fields shorter than a day.
std::int64_t field_micros(TruncField field) noexcept {
  switch (field) {
    case TruncField::Hour:
      return kMicrosPerHour;
    case TruncField::Minute:
      return 60 * kMicrosPerSecond;
    case TruncField::Second:
      return kMicrosPerSecond;
    case TruncField::Millisecond:
      return 1'000;
    default:
      return 1;
  }
}

// PostgreSQL's words for each field (datetime.c, deltatktbl).
struct FieldWords {
  TruncField field;
  std::string_view words;
};
constexpr std::array<FieldWords, 13> kFieldWords{{
    {.field = TruncField::Millennium, .words = "millennium millennia mil mils"},
    {.field = TruncField::Century, .words = "century centuries cent c"},
    {.field = TruncField::Decade, .words = "decade decades dec decs"},
    {.field = TruncField::Year, .words = "year years yr yrs y"},
    {.field = TruncField::Quarter, .words = "quarter qtr"},
    {.field = TruncField::Month, .words = "month months mon mons"},
    {.field = TruncField::Week, .words = "week weeks w"},
    {.field = TruncField::Day, .words = "day days d"},
    {.field = TruncField::Hour, .words = "hour hours hr hrs h"},
    {.field = TruncField::Minute, .words = "minute minutes min mins m"},
    {.field = TruncField::Second, .words = "second seconds sec secs s"},
    {.field = TruncField::Millisecond, .words = "millisecon msecond mseconds msec msecs ms"},
    {.field = TruncField::Microsecond, .words = "microsecon usecond useconds usec usecs us"},
}};

// Whether the space-separated list has the word.
bool lists(std::string_view words, std::string_view word) noexcept {
  while (!words.empty()) {
    const std::size_t length = std::min(words.find(' '), words.size());
    if (words.substr(0, length) == word) return true;
    words.remove_prefix(std::min(length + 1, words.size()));
  }
  return false;
}

Refusal refuse_interval(std::string message, std::string hint) {
  return {.code = Code::InvalidParameterValue, .message = std::move(message), .detail = {}, .hint = std::move(hint)};
}

}  // namespace

Wide interval_span(const IntervalParts& interval) noexcept {
  const std::int64_t days = std::int64_t{interval.months} * 30 + interval.days;
  return static_cast<Wide>(days) * kMicrosPerDay + interval.micros;
}

Wide interval_epoch(const IntervalParts& interval) noexcept {
  constexpr Wide kMicrosPerYear = Wide{kMicrosPerDay} * 1'461 / 4;
  const IntervalParts rest{.months = interval.months % 12, .days = interval.days, .micros = interval.micros};
  return kMicrosPerYear * (interval.months / 12) + interval_span(rest);
}

// A day is borrowed from the month that the later end began in, counted from the earlier one (timestamp_age).
IntervalParts age(std::int64_t until, std::int64_t since) noexcept {
  if (until < since) {
    const IntervalParts back = age(since, until);
    return {.months = -back.months, .days = -back.days, .micros = -back.micros};
  }
  const Civil to = civil_from_local(until);
  const Civil from = civil_from_local(since);
  std::int64_t micros = to.micros - from.micros;
  std::int64_t days = static_cast<std::int64_t>(to.day) - static_cast<std::int64_t>(from.day);
  std::int64_t months = (to.year - from.year) * 12 + to.month - from.month;
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  if (days < 0) {
    days += days_in_month(from.year, from.month);
    --months;
  }
  return {.months = static_cast<std::int32_t>(months), .days = static_cast<std::int32_t>(days), .micros = micros};
}

Civil civil_from_local(std::int64_t local_micros) noexcept {
  const std::int64_t days = floor_div(local_micros, kMicrosPerDay);
  const Date date = date_from_days(days);
  return {.year = date.year, .month = date.month, .day = date.day, .micros = floor_mod(local_micros, kMicrosPerDay)};
}

std::optional<std::int64_t> local_from_civil(const Civil& civil) noexcept {
  // Years beyond this cannot be timestamps, and would overflow on the way to days.
  if (civil.year < -5'000 || civil.year > 300'000) return std::nullopt;
  const auto local = join(days_from_date({.year = civil.year, .month = civil.month, .day = civil.day}), civil.micros);
  if (!local || *local < kLowestTimestamp || *local >= kTimestampEnd) return std::nullopt;
  return local;
}

Result<TruncField> parse_trunc_field(std::string_view text) {
  // PostgreSQL compares the first ten characters (datetime.c, TOKMAXLEN).
  static constexpr std::size_t kWordLength = 10;
  std::string word(text.substr(0, kWordLength));
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto* const found =
      std::ranges::find_if(kFieldWords, [&word](const FieldWords& entry) { return lists(entry.words, word); });
  if (found != kFieldWords.end()) return found->field;
  return refuse_interval("\"" + std::string(text) + "\" is not a field that a time can be truncated to",
                         "Use one of millennium, century, decade, year, quarter, month, week, day, hour, minute, "
                         "second.");
}

TruncField trunc_field_for(const IntervalParts& interval) noexcept {
  static constexpr Wide kDay = kMicrosPerDay;
  static constexpr Wide kYear = kDay * 360;
  static constexpr std::array<std::pair<Wide, TruncField>, 7> kFields{{
      {kYear * 1'000, TruncField::Millennium},
      {kYear * 100, TruncField::Century},
      {kYear * 10, TruncField::Decade},
      {kYear, TruncField::Year},
      {kDay * 30, TruncField::Month},
      {kDay, TruncField::Day},
      {kMicrosPerSecond * 60, TruncField::Hour},
  }};
  const Wide span = interval_span(interval);
  const auto* const found = std::ranges::find_if(kFields, [span](const auto& entry) { return span >= entry.first; });
  return found == kFields.end() ? TruncField::Minute : found->second;
}

Result<Step> time_step(const IntervalParts& interval, KeyType key) {
  if (interval_span(interval) < kMicrosPerSecond) {
    return refuse_interval("partition interval must be at least 1 second", "Use an interval such as '1 day'.");
  }
  if (interval.months != 0) {
    if (interval.days == 0 && interval.micros == 0) return Step{.unit = Step::Unit::Month, .count = interval.months};
    return refuse_interval("partition interval must not mix months with days or time",
                           "Months differ in length: use whole months, or days and time only.");
  }
  const Wide micros = interval_span(interval);
  if (micros % kMicrosPerDay == 0) {
    return Step{.unit = Step::Unit::Day, .count = static_cast<std::int64_t>(micros / kMicrosPerDay)};
  }
  if (micros >= kTimestampEnd) {
    return Refusal{.code = Code::DatetimeOverflow,
                   .message = "partition interval is out of range",
                   .detail = {},
                   .hint = "Use a shorter interval."};
  }
  if (key != KeyType::Date) return Step{.unit = Step::Unit::Micro, .count = static_cast<std::int64_t>(micros)};
  return refuse_interval("partition interval of a date key must be whole days or whole months",
                         "Use whole days or months, or a key of type timestamp with time zone.");
}

Result<Step> id_step(std::int64_t interval, KeyType key, Cut cut) {
  if (cut == Cut::List && interval < 1)
    return refuse_interval("partition interval of a list set must be at least 1", "Use 1 for one partition per value.");
  if (cut == Cut::Range && interval < 2) {
    return refuse_interval("partition interval of an integer key must be at least 2",
                           "Partitions hold a range of numbers: use an interval such as 1000000, or partition type "
                           "'list' for single values.");
  }
  if (interval > Calendar{key, nullptr}.highest()) {
    return Refusal{.code = Code::NumericOverflow,
                   .message = "partition interval " + std::to_string(interval) + " does not fit the type of the key",
                   .detail = {},
                   .hint = "Use a smaller interval or a larger key type."};
  }
  return Step{.unit = Step::Unit::Integer, .count = interval};
}

Calendar Calendar::clock() const noexcept {
  return {key_ == KeyType::Date ? KeyType::Timestamp : key_, zone_};
}

Tick Calendar::at_or_before(Tick clock_tick) const noexcept {
  return key_ == KeyType::Date ? floor_div(clock_tick, kMicrosPerDay) : clock_tick;
}

Tick Calendar::at_or_after(Tick clock_tick) const noexcept {
  if (key_ != KeyType::Date) return clock_tick;
  return floor_div(clock_tick, kMicrosPerDay) + (floor_mod(clock_tick, kMicrosPerDay) != 0 ? 1 : 0);
}

std::int64_t Calendar::to_local(Tick tick) const noexcept {
  if (key_ == KeyType::Date) {
    return std::clamp(tick, kLowestDate, kTimestampEnd / kMicrosPerDay - 1) * kMicrosPerDay;
  }
  return key_ == KeyType::Timestamptz && zone_ != nullptr ? zone_->to_local(tick) : tick;
}

std::optional<Tick> Calendar::from_local(std::int64_t local) const noexcept {
  if (local < kLowestTimestamp - kZoneSlack || local >= kTimestampEnd + kZoneSlack) return std::nullopt;
  const bool zoned = key_ == KeyType::Timestamptz && zone_ != nullptr;
  const Tick tick = zoned ? zone_->to_utc(local) : at_or_before(local);
  return in_range(tick) ? std::optional(tick) : std::nullopt;
}

Tick Calendar::from_utc(std::int64_t utc) const noexcept {
  const bool walled = key_ == KeyType::Timestamp || key_ == KeyType::Date;
  return walled && zone_ != nullptr ? at_or_before(zone_->to_local(utc)) : at_or_before(utc);
}

std::optional<Tick> Calendar::advance(Tick origin, const Step& step, std::int64_t n) const noexcept {
  std::int64_t amount = 0;
  if (!in_range(origin) || __builtin_mul_overflow(step.count, n, &amount)) return std::nullopt;
  if (step.unit == Step::Unit::Month) return shift(origin, amount, 0);
  if (step.unit == Step::Unit::Day) return shift(origin, 0, amount);
  Tick tick = 0;
  if (__builtin_add_overflow(origin, amount, &tick) || !in_range(tick)) return std::nullopt;
  return tick;
}

std::optional<Tick> Calendar::subtract(Tick tick, const IntervalParts& interval) const noexcept {
  if (key_ == KeyType::Date) {
    if (tick < kLowestDate || tick >= kTimestampEnd / kMicrosPerDay) return std::nullopt;
    const auto moved = clock().subtract(tick * kMicrosPerDay, interval);
    return moved ? std::optional(at_or_before(*moved)) : std::nullopt;
  }
  if (!is_time(key_) || !in_range(tick)) return std::nullopt;
  std::optional<Tick> moved = tick;
  if (interval.months != 0) moved = shift(*moved, -std::int64_t{interval.months}, 0);
  if (moved && interval.days != 0) moved = shift(*moved, 0, -std::int64_t{interval.days});
  Tick result = 0;
  if (!moved || __builtin_sub_overflow(*moved, interval.micros, &result) || !in_range(result)) return std::nullopt;
  return result;
}

std::optional<Tick> Calendar::truncate(Tick tick, TruncField field) const noexcept {
  if (!is_time(key_) || !in_range(tick)) return std::nullopt;
  const bool coarse = field <= TruncField::Day;
  if (key_ == KeyType::Date) {
    const Tick start = coarse ? truncate_days(tick, field) : tick;
    return in_range(start) ? std::optional(start) : std::nullopt;
  }
  const std::int64_t local = to_local(tick);
  if (coarse) {
    const auto midnight = join(truncate_days(floor_div(local, kMicrosPerDay), field), 0);
    return midnight ? from_local(*midnight) : std::nullopt;
  }
  // Within the hour the offset stays, so the repeated hour of a DST change is not mapped onto the other one.
  const Tick start = tick - floor_mod(local, field_micros(field));
  return in_range(start) ? std::optional(start) : std::nullopt;
}

Tick Calendar::lowest() const noexcept {
  switch (key_) {
    case KeyType::Timestamptz:
    case KeyType::Timestamp:
      return kLowestTimestamp;
    case KeyType::Date:
      return kLowestDate;
    case KeyType::Int2:
      return std::numeric_limits<std::int16_t>::min();
    case KeyType::Int4:
      return std::numeric_limits<std::int32_t>::min();
    case KeyType::Int8:
      break;
  }
  return std::numeric_limits<std::int64_t>::min();
}

Tick Calendar::highest() const noexcept {
  switch (key_) {
    case KeyType::Timestamptz:
    case KeyType::Timestamp:
      return kTimestampEnd - 1;
    case KeyType::Date:
      return kHighestDate;
    case KeyType::Int2:
      return std::numeric_limits<std::int16_t>::max();
    case KeyType::Int4:
      return std::numeric_limits<std::int32_t>::max();
    case KeyType::Int8:
      break;
  }
  return std::numeric_limits<std::int64_t>::max();
}

// Moves on the civil clock and reads the zone again.
std::optional<Tick> Calendar::shift(Tick tick, std::int64_t months, std::int64_t days) const noexcept {
  if (!is_time(key_)) return std::nullopt;
  if (key_ == KeyType::Date) {
    const auto moved = add_civil(tick, months, days);
    return moved && in_range(*moved) ? moved : std::nullopt;
  }
  const std::int64_t local = to_local(tick);
  const auto moved = add_civil(floor_div(local, kMicrosPerDay), months, days);
  const auto joined = moved ? join(*moved, floor_mod(local, kMicrosPerDay)) : std::nullopt;
  return joined ? from_local(*joined) : std::nullopt;
}

}  // namespace strata::core
