#include "core/calendar.hpp"

#include "catch.hpp"
#include "support.hpp"

using namespace strata::test;

namespace {

// Calendar by counting days one at a time.
struct NaiveDate {
  std::int64_t year = 2000;
  unsigned month = 1;
  unsigned day = 1;

  [[nodiscard]] bool leap() const { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
  [[nodiscard]] unsigned length() const {
    if (month == 2) return leap() ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  }
  void next() {
    if (++day <= length()) return;
    day = 1;
    if (++month <= 12) return;
    month = 1;
    ++year;
  }
  void previous() {
    if (--day > 0) return;
    if (--month == 0) {
      month = 12;
      --year;
    }
    day = length();
  }
};

bool same_date(const NaiveDate& naive, std::int64_t days) {
  const Civil civil = civil_from_local(days * kMicrosPerDay + 17);
  return civil.year == naive.year && civil.month == naive.month && civil.day == naive.day && civil.micros == 17 &&
         local_from_civil(civil) == days * kMicrosPerDay + 17;
}

const UtcZone kUtc;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("civil dates agree with counting days", "[calendar]") {
  NaiveDate forward;
  NaiveDate backward;
  for (std::int64_t days = 0; days < 800'000; ++days) {
    if (!same_date(forward, days)) FAIL("day " << days);
    if (!same_date(backward, -days)) FAIL("day " << -days);
    forward.next();
    backward.previous();
  }
}

TEST_CASE("civil dates reach the ends of PostgreSQL's timestamps and no further", "[calendar]") {
  CHECK(at(-4713, 11, 24) == -211'813'488'000'000'000);
  CHECK_FALSE(local_from_civil({.year = -4713, .month = 11, .day = 23, .micros = kMicrosPerDay - 1}));
  CHECK(at(294'276, 12, 31, 23, 59, 59) == 9'223'371'331'199'000'000);
  CHECK_FALSE(local_from_civil({.year = 294'277, .month = 1, .day = 1, .micros = 0}));
  CHECK_FALSE(local_from_civil({.year = kNever, .month = 1, .day = 1, .micros = 0}));
  CHECK_FALSE(local_from_civil({.year = -kNever, .month = 1, .day = 1, .micros = 0}));
  CHECK(civil_from_local(at(1, 1, 1) - 1).year == 0);
}

TEST_CASE("intervals are ordered by 30-day months and 24-hour days", "[calendar]") {
  CHECK(interval_span(kMonth) == interval_span({.months = 0, .days = 30, .micros = 0}));
  CHECK(interval_span(kDay) == interval_span({.months = 0, .days = 0, .micros = kMicrosPerDay}));
  CHECK(interval_span({.months = 1, .days = -30, .micros = 0}) == 0);
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  CHECK(interval_span({.months = most, .days = most, .micros = kNever}) > Wide{kNever});
}

TEST_CASE("the truncation field follows the interval's size", "[calendar]") {
  struct Row {
    IntervalParts interval;
    TruncField field;
  };
  const std::int64_t second = kMicrosPerSecond;
  const auto row = GENERATE_COPY(values<Row>({
      {{.months = 0, .days = 0, .micros = 59 * second}, TruncField::Minute},
      {{.months = 0, .days = 0, .micros = 60 * second}, TruncField::Hour},
      {{.months = 0, .days = 0, .micros = 23 * kMicrosPerHour}, TruncField::Hour},
      {{.months = 0, .days = 0, .micros = 24 * kMicrosPerHour}, TruncField::Day},
      {{.months = 0, .days = 29, .micros = 0}, TruncField::Day},
      {{.months = 0, .days = 30, .micros = 0}, TruncField::Month},
      {{.months = 0, .days = 359, .micros = 0}, TruncField::Month},
      {{.months = 0, .days = 360, .micros = 0}, TruncField::Year},
      {{.months = 12, .days = 0, .micros = 0}, TruncField::Year},
      {{.months = 119, .days = 0, .micros = 0}, TruncField::Year},
      {{.months = 120, .days = 0, .micros = 0}, TruncField::Decade},
      {{.months = 1'200, .days = 0, .micros = 0}, TruncField::Century},
      {{.months = 12'000, .days = 0, .micros = 0}, TruncField::Millennium},
  }));
  CHECK(trunc_field_for(row.interval) == row.field);
}

TEST_CASE("truncation fields are read as PostgreSQL reads them", "[calendar]") {
  CHECK(*parse_trunc_field("week") == TruncField::Week);
  CHECK(*parse_trunc_field("WEEKS") == TruncField::Week);
  CHECK(*parse_trunc_field("Quarter") == TruncField::Quarter);
  CHECK(*parse_trunc_field("mon") == TruncField::Month);
  CHECK(*parse_trunc_field("m") == TruncField::Minute);
  CHECK(*parse_trunc_field("microseconds") == TruncField::Microsecond);
  CHECK(*parse_trunc_field("milliseconds") == TruncField::Millisecond);
  CHECK(*parse_trunc_field("millenniums") == TruncField::Millennium);
  for (const auto* bad : {"", "fortnight", "epoch", "dow", "day ", "week of year"}) {
    const auto field = parse_trunc_field(bad);
    REQUIRE_FALSE(field);
    CHECK(field.refusal().code == Code::InvalidParameterValue);
    CHECK_FALSE(field.refusal().hint.empty());
  }
}

TEST_CASE("time steps", "[calendar]") {
  using Unit = Step::Unit;
  struct Row {
    IntervalParts interval;
    Step step;
  };
  const auto row = GENERATE(values<Row>({
      {{.months = 3, .days = 0, .micros = 0}, {.unit = Unit::Month, .count = 3}},
      {{.months = 0, .days = 7, .micros = 0}, {.unit = Unit::Day, .count = 7}},
      {{.months = 0, .days = 0, .micros = 48 * kMicrosPerHour}, {.unit = Unit::Day, .count = 2}},
      {{.months = 0, .days = 1, .micros = 24 * kMicrosPerHour}, {.unit = Unit::Day, .count = 2}},
      {{.months = 0, .days = 1, .micros = 12 * kMicrosPerHour}, {.unit = Unit::Micro, .count = 36 * kMicrosPerHour}},
      {{.months = 0, .days = 1, .micros = -kMicrosPerHour}, {.unit = Unit::Micro, .count = 23 * kMicrosPerHour}},
      {{.months = 0, .days = 0, .micros = kMicrosPerSecond}, {.unit = Unit::Micro, .count = kMicrosPerSecond}},
      {{.months = 0, .days = 200'000'000, .micros = 0}, {.unit = Unit::Day, .count = 200'000'000}},
  }));
  CHECK(*time_step(row.interval, KeyType::Timestamptz) == row.step);
  CHECK(static_cast<bool>(time_step(row.interval, KeyType::Date)) == (row.step.unit != Unit::Micro));
}

TEST_CASE("refused time steps say what to do", "[calendar]") {
  const auto interval = GENERATE(values<IntervalParts>({
      {.months = 0, .days = 0, .micros = 0},
      {.months = 0, .days = 0, .micros = kMicrosPerSecond - 1},
      {.months = 0, .days = -1, .micros = 0},
      {.months = -1, .days = 0, .micros = 0},
      {.months = 1, .days = 1, .micros = 0},
      {.months = 1, .days = 0, .micros = 1},
      {.months = 1, .days = -29, .micros = 0},
  }));
  const auto step = time_step(interval, KeyType::Timestamptz);
  REQUIRE_FALSE(step);
  CHECK(step.refusal().code == Code::InvalidParameterValue);
  CHECK_FALSE(step.refusal().hint.empty());

  CHECK(time_step({.months = 0, .days = 200'000'000, .micros = 1}, KeyType::Timestamp).refusal().code ==
        Code::DatetimeOverflow);
}

TEST_CASE("id steps", "[calendar]") {
  CHECK(*id_step(2, KeyType::Int8) == Step{.unit = Step::Unit::Integer, .count = 2});
  CHECK(id_step(1, KeyType::Int8).refusal().code == Code::InvalidParameterValue);
  CHECK(id_step(-10, KeyType::Int8).refusal().code == Code::InvalidParameterValue);
  CHECK(id_step(32'767, KeyType::Int2));
  CHECK(id_step(32'768, KeyType::Int2).refusal().code == Code::NumericOverflow);
  CHECK(id_step(2'147'483'648, KeyType::Int4).refusal().code == Code::NumericOverflow);
  CHECK(id_step(kNever, KeyType::Int8));
}

TEST_CASE("truncation agrees with PostgreSQL", "[calendar]") {
  struct Row {
    std::int64_t value;
    TruncField field;
    std::int64_t expected;
  };
  // From date_trunc(field, value) of PostgreSQL 15 in UTC: 2026, 1 AD, 1, 10, 101, 1001 BC, 1000, 4000 BC, 294276.
  const auto row = GENERATE(values<Row>({
      {848670458500000, TruncField::Millennium, 31622400000000},
      {-63076906433000000, TruncField::Millennium, -63082281600000000},
      {-63108442433000000, TruncField::Millennium, -94639276800000000},
      {-63366451200000000, TruncField::Millennium, -94639276800000000},
      {-66256099200000000, TruncField::Millennium, -94639276800000000},
      {-94667961600000000, TruncField::Millennium, -126196185600000000},
      {-31556908800000000, TruncField::Millennium, -63082281600000000},
      {-189278640000000000, TruncField::Millennium, -189310089600000000},
      {9223371288000000000, TruncField::Millennium, 9214661606400000000},
      {848670458500000, TruncField::Century, 31622400000000},
      {-63076906433000000, TruncField::Century, -63082281600000000},
      {-63108442433000000, TruncField::Century, -66238041600000000},
      {-63366451200000000, TruncField::Century, -66238041600000000},
      {-66256099200000000, TruncField::Century, -69393715200000000},
      {-94667961600000000, TruncField::Century, -97794950400000000},
      {-31556908800000000, TruncField::Century, -34681046400000000},
      {-189278640000000000, TruncField::Century, -189310089600000000},
      {9223371288000000000, TruncField::Century, 9220972953600000000},
      {848670458500000, TruncField::Decade, 631152000000000},
      {-63076906433000000, TruncField::Decade, -63113904000000000},
      {-63108442433000000, TruncField::Decade, -63113904000000000},
      {-63366451200000000, TruncField::Decade, -63429436800000000},
      {-66256099200000000, TruncField::Decade, -66269577600000000},
      {-94667961600000000, TruncField::Decade, -94670812800000000},
      {-31556908800000000, TruncField::Decade, -31556908800000000},
      {-189278640000000000, TruncField::Decade, -189341712000000000},
      {9223371288000000000, TruncField::Decade, 9223150406400000000},
      {848670458500000, TruncField::Year, 820540800000000},
      {-63076906433000000, TruncField::Year, -63082281600000000},
      {-63108442433000000, TruncField::Year, -63113904000000000},
      {-63366451200000000, TruncField::Year, -63397900800000000},
      {-66256099200000000, TruncField::Year, -66269577600000000},
      {-94667961600000000, TruncField::Year, -94670812800000000},
      {-31556908800000000, TruncField::Year, -31556908800000000},
      {-189278640000000000, TruncField::Year, -189310089600000000},
      {9223371288000000000, TruncField::Year, 9223339708800000000},
      {848670458500000, TruncField::Quarter, 844128000000000},
      {-63076906433000000, TruncField::Quarter, -63082281600000000},
      {-63108442433000000, TruncField::Quarter, -63113904000000000},
      {-63366451200000000, TruncField::Quarter, -63374313600000000},
      {-66256099200000000, TruncField::Quarter, -66261801600000000},
      {-94667961600000000, TruncField::Quarter, -94670812800000000},
      {-31556908800000000, TruncField::Quarter, -31556908800000000},
      {-189278640000000000, TruncField::Quarter, -189286502400000000},
      {9223371288000000000, TruncField::Quarter, 9223363382400000000},
      {848670458500000, TruncField::Month, 846806400000000},
      {-63076906433000000, TruncField::Month, -63077184000000000},
      {-63108442433000000, TruncField::Month, -63108720000000000},
      {-63366451200000000, TruncField::Month, -63369043200000000},
      {-66256099200000000, TruncField::Month, -66256531200000000},
      {-94667961600000000, TruncField::Month, -94668134400000000},
      {-31556908800000000, TruncField::Month, -31556908800000000},
      {-189278640000000000, TruncField::Month, -189281232000000000},
      {9223371288000000000, TruncField::Month, 9223368652800000000},
      {848670458500000, TruncField::Week, 848102400000000},
      {-63076906433000000, TruncField::Week, -63077443200000000},
      {-63108442433000000, TruncField::Week, -63108892800000000},
      {-63366451200000000, TruncField::Week, -63366537600000000},
      {-66256099200000000, TruncField::Week, -66256272000000000},
      {-94667961600000000, TruncField::Week, -94667961600000000},
      {-31556908800000000, TruncField::Week, -31557081600000000},
      {-189278640000000000, TruncField::Week, -189278640000000000},
      {9223371288000000000, TruncField::Week, 9223370726400000000},
      {848670458500000, TruncField::Day, 848620800000000},
      {-63076906433000000, TruncField::Day, -63076924800000000},
      {-63108442433000000, TruncField::Day, -63108460800000000},
      {-63366451200000000, TruncField::Day, -63366451200000000},
      {-66256099200000000, TruncField::Day, -66256099200000000},
      {-94667961600000000, TruncField::Day, -94667961600000000},
      {-31556908800000000, TruncField::Day, -31556908800000000},
      {-189278640000000000, TruncField::Day, -189278640000000000},
      {9223371288000000000, TruncField::Day, 9223371244800000000},
  }));
  const Calendar zoned{KeyType::Timestamptz, &kUtc};
  const Calendar dates{KeyType::Date, &kUtc};
  CHECK(zoned.truncate(row.value, row.field) == row.expected);
  CHECK(dates.truncate(dates.at_or_before(row.value), row.field) == row.expected / kMicrosPerDay);
}

TEST_CASE("truncation below the first century of the calendar has no result", "[calendar]") {
  const Calendar calendar{KeyType::Timestamp, &kUtc};
  CHECK_FALSE(calendar.truncate(calendar.lowest(), TruncField::Month));
  CHECK(calendar.truncate(calendar.lowest(), TruncField::Day) == calendar.lowest());
  CHECK_FALSE(calendar.truncate(kNever, TruncField::Hour));
  CHECK_FALSE(calendar.truncate(-kNever - 1, TruncField::Day));
  CHECK_FALSE(Calendar(KeyType::Int8, nullptr).truncate(5, TruncField::Day));
}

TEST_CASE("truncation in a zone", "[calendar]") {
  const TableZone zone = paris();
  const Calendar calendar{KeyType::Timestamptz, &zone};
  // 2026-10-25 in Paris has 25 hours and two 02:30.
  const std::int64_t first = at(2026, 10, 25, 0, 30);
  const std::int64_t second = at(2026, 10, 25, 1, 30);
  CHECK(calendar.truncate(first, TruncField::Hour) == at(2026, 10, 25, 0));
  CHECK(calendar.truncate(second, TruncField::Hour) == at(2026, 10, 25, 1));
  CHECK(calendar.truncate(second, TruncField::Day) == at(2026, 10, 24, 22));
  CHECK(calendar.truncate(at(2026, 12, 31, 23, 30), TruncField::Year) == at(2026, 12, 31, 23));
  CHECK(calendar.truncate(at(2026, 7, 1), TruncField::Quarter) == at(2026, 6, 30, 22));

  // In Havana midnight came twice and PostgreSQL takes the later one, even for an instant between the two.
  const TableZone cuba = havana();
  const Calendar havana_calendar{KeyType::Timestamptz, &cuba};
  CHECK(havana_calendar.truncate(at(2026, 11, 1, 4, 30), TruncField::Day) == at(2026, 11, 1, 5));
  CHECK(havana_calendar.truncate(at(2026, 11, 1, 4, 30), TruncField::Hour) == at(2026, 11, 1, 4));

  const TableZone odd = far_east();
  const Calendar odd_calendar{KeyType::Timestamptz, &odd};
  CHECK(odd_calendar.truncate(at(2026, 1, 1), TruncField::Hour) == at(2026, 1, 1) - (13 * 60 + 42) * kMicrosPerSecond);
}

TEST_CASE("the fake zones read ambiguous times as PostgreSQL does", "[calendar]") {
  struct Row {
    TableZone zone;
    std::int64_t local;
    std::int64_t utc;
  };
  // From PostgreSQL 15.
  const std::vector<Row> rows{
      {paris(), at(2026, 3, 29, 2, 30), 828'063'000'000'000}, {paris(), at(2026, 10, 25, 2, 30), 846'207'000'000'000},
      {paris(), at(2026, 10, 25, 2), 846'205'200'000'000},    {paris(), at(2026, 10, 25, 3), 846'208'800'000'000},
      {paris(), at(2026, 3, 29, 3), 828'061'200'000'000},     {paris(), at(2026, 3, 29, 2), 828'061'200'000'000},
      {apia(), at(2011, 12, 29), 378'468'000'000'000},        {apia(), at(2011, 12, 30), 378'554'400'000'000},
      {apia(), at(2011, 12, 30, 12), 378'597'600'000'000},    {apia(), at(2011, 12, 31), 378'554'400'000'000},
      {havana(), at(2026, 3, 8, 0, 30), 826'263'000'000'000}, {havana(), at(2026, 3, 8, 1), 826'261'200'000'000},
      {havana(), at(2026, 11, 1), 846'824'400'000'000},       {havana(), at(2026, 11, 1, 0, 30), 846'826'200'000'000},
      {havana(), at(2026, 11, 1, 1), 846'828'000'000'000},    {havana(), at(2026, 11, 2), 846'910'800'000'000},
  };
  for (const Row& row : rows) CHECK(row.zone.to_utc(row.local) == row.utc);
}

TEST_CASE("advance multiplies from the origin", "[calendar]") {
  const Calendar calendar{KeyType::Timestamp, &kUtc};
  const Step month{.unit = Step::Unit::Month, .count = 1};
  CHECK(calendar.advance(at(2027, 1, 31), month, 1) == at(2027, 2, 28));
  CHECK(calendar.advance(at(2027, 1, 31), month, 2) == at(2027, 3, 31));
  CHECK(calendar.advance(at(2028, 1, 31), month, 1) == at(2028, 2, 29));
  CHECK(calendar.advance(at(2027, 1, 31), month, -2) == at(2026, 11, 30));
  CHECK(calendar.advance(at(2024, 2, 29), {.unit = Step::Unit::Month, .count = 12}, 1) == at(2025, 2, 28));
  CHECK(calendar.advance(at(2024, 2, 29), {.unit = Step::Unit::Month, .count = 12}, 4) == at(2028, 2, 29));
  CHECK(calendar.advance(at(1, 1, 1), month, -1) == at(0, 12, 1));
  CHECK(calendar.advance(at(2026, 1, 1, 6), month, 1) == at(2026, 2, 1, 6));
  CHECK(Calendar(KeyType::Date, &kUtc).advance(day(2027, 1, 31), month, 1) == day(2027, 2, 28));
}

TEST_CASE("days follow the wall clock, hours do not", "[calendar]") {
  const TableZone zone = paris();
  const Calendar calendar{KeyType::Timestamptz, &zone};
  const Step one_day{.unit = Step::Unit::Day, .count = 1};
  const std::int64_t spring = at(2026, 3, 28, 23);  // 2026-03-29 00:00 in Paris, a day of 23 hours
  CHECK(calendar.advance(spring, one_day, 1) == spring + 23 * kMicrosPerHour);
  const std::int64_t autumn = at(2026, 10, 24, 22);
  CHECK(calendar.advance(autumn, one_day, 1) == autumn + 25 * kMicrosPerHour);
  CHECK(calendar.advance(autumn, {.unit = Step::Unit::Micro, .count = kMicrosPerHour}, 25) ==
        autumn + 25 * kMicrosPerHour);
  CHECK(calendar.advance(spring, {.unit = Step::Unit::Month, .count = 1}, 1) == at(2026, 4, 28, 22));
}

TEST_CASE("nothing leaves the range of the key", "[calendar]") {
  const auto key =
      GENERATE(KeyType::Timestamptz, KeyType::Timestamp, KeyType::Date, KeyType::Int2, KeyType::Int4, KeyType::Int8);
  const TableZone zone = paris();
  const Calendar calendar{key, &zone};
  const Step step =
      is_time(key) ? Step{.unit = Step::Unit::Day, .count = 1} : Step{.unit = Step::Unit::Integer, .count = 10};
  CHECK_FALSE(calendar.advance(calendar.highest(), step, 1));
  CHECK_FALSE(calendar.advance(calendar.lowest(), step, -1));
  CHECK(calendar.advance(calendar.highest(), step, 0).has_value());
  CHECK_FALSE(calendar.advance(0, step, kNever));
  CHECK_FALSE(calendar.advance(0, step, -kNever));
  if (!is_time(key)) return;
  CHECK_FALSE(calendar.advance(0, {.unit = Step::Unit::Month, .count = 2'147'483'647}, kNever / 2'147'483'647));
  CHECK_FALSE(calendar.advance(0, {.unit = Step::Unit::Month, .count = 1}, 80'000'000));
  CHECK_FALSE(calendar.advance(0, {.unit = Step::Unit::Month, .count = 1}, -80'000'000));
}

TEST_CASE("infinity takes part in no arithmetic", "[calendar]") {
  const TableZone zone = paris();
  const Calendar stamps{KeyType::Timestamptz, &zone};
  const Calendar dates{KeyType::Date, &zone};
  const Step one_day{.unit = Step::Unit::Day, .count = 1};
  for (const Tick infinite : {kNever, -kNever - 1}) {
    CHECK_FALSE(stamps.in_range(infinite));
    CHECK_FALSE(stamps.advance(infinite, one_day, 1));
    CHECK_FALSE(stamps.subtract(infinite, kDay));
  }
  for (const Tick infinite : {Tick{2'147'483'647}, Tick{-2'147'483'648}}) {
    CHECK_FALSE(dates.in_range(infinite));
    CHECK_FALSE(dates.advance(infinite, one_day, -1));
    CHECK_FALSE(dates.subtract(infinite, kDay));
    CHECK_FALSE(dates.truncate(infinite, TruncField::Year));
  }
}

TEST_CASE("dates reach further than timestamps", "[calendar]") {
  const Calendar dates{KeyType::Date, &kUtc};
  CHECK(dates.advance(0, {.unit = Step::Unit::Month, .count = 12}, 5'000'000).has_value());
  CHECK(dates.advance(dates.highest() - 1, {.unit = Step::Unit::Day, .count = 1}, 1) == dates.highest());
  CHECK(dates.truncate(dates.highest(), TruncField::Month) == dates.highest() - 30);  // 5874897-12-31
  CHECK(dates.to_local(dates.highest()) == at(294'276, 12, 31));
}

TEST_CASE("subtract moves months, then days, then time", "[calendar]") {
  const Calendar calendar{KeyType::Timestamp, &kUtc};
  CHECK(calendar.subtract(at(2026, 3, 31), kMonth) == at(2026, 2, 28));
  CHECK(calendar.subtract(at(2026, 3, 31), {.months = 1, .days = 1, .micros = kMicrosPerHour}) == at(2026, 2, 26, 23));
  CHECK(calendar.subtract(at(2026, 3, 1), {.months = 0, .days = -100, .micros = 0}) == at(2026, 6, 9));
  CHECK_FALSE(calendar.subtract(at(2026, 3, 1), {.months = 12 * 7'000, .days = 0, .micros = 0}));
  CHECK_FALSE(calendar.subtract(at(2026, 3, 1), {.months = 0, .days = 0, .micros = -kNever - 1}));

  const TableZone zone = paris();
  const Calendar zoned{KeyType::Timestamptz, &zone};
  CHECK(zoned.subtract(at(2026, 3, 29, 22), kDay) == at(2026, 3, 28, 23));
  CHECK(zoned.subtract(at(2026, 3, 29, 22), {.months = 0, .days = 0, .micros = kMicrosPerDay}) == at(2026, 3, 28, 22));

  const Calendar dates{KeyType::Date, &zone};
  CHECK(dates.subtract(day(2026, 3, 31), kMonth) == day(2026, 2, 28));
  CHECK(dates.subtract(day(2026, 3, 31), kHour) == day(2026, 3, 30));
}

TEST_CASE("an instant becomes a key on the set's wall clock", "[calendar]") {
  const TableZone zone = paris();
  const std::int64_t instant = at(2026, 11, 22, 23, 30);
  CHECK(Calendar(KeyType::Timestamptz, &zone).from_utc(instant) == instant);
  CHECK(Calendar(KeyType::Timestamp, &zone).from_utc(instant) == at(2026, 11, 23, 0, 30));
  CHECK(Calendar(KeyType::Date, &zone).from_utc(instant) == day(2026, 11, 23));
  const Calendar dates{KeyType::Date, &zone};
  CHECK(dates.clock().key() == KeyType::Timestamp);
  CHECK(dates.at_or_before(at(2026, 11, 23, 0, 30)) == day(2026, 11, 23));
  CHECK(dates.at_or_after(at(2026, 11, 23, 0, 30)) == day(2026, 11, 24));
  CHECK(dates.at_or_after(at(2026, 11, 23)) == day(2026, 11, 23));
  CHECK(dates.at_or_before(at(1999, 12, 31, 12)) == -1);
  CHECK(Calendar(KeyType::Timestamptz, &zone).at_or_after(7) == 7);
}
