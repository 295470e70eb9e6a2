#include "pg/zone.hpp"

namespace strata::pg {

namespace {

constexpr std::int64_t kMicros = 1'000'000;

pg_tz* find_zone(const std::string& name) {
  const char* const text = name.c_str();
  return guarded([text] { return pg_tzset(text); });
}

template <class F>
std::string printed(F&& print) {
  char buffer[MAXDATELEN + 1];
  print(buffer);
  return buffer;
}

}  // namespace

bool zone_exists(const std::string& name) {
  return find_zone(name) != nullptr;
}

Zone::Zone(const std::string& name) : name_(name), zone_(find_zone(name)) {
  if (zone_ == nullptr)
    throw Raise{.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
                .message = "time zone \"" + name + "\" not recognized",
                .detail = {},
                .hint = "Set part_policy.time_zone to a name from pg_timezone_names.",
                .schema = {},
                .table = {}};
}

std::int64_t Zone::to_local(std::int64_t utc) const noexcept {
  pg_tm tm{};
  fsec_t fsec = 0;
  int offset = 0;
  Timestamp local = utc;
  if (timestamp2tm(utc, &offset, &tm, &fsec, nullptr, zone_) != 0) return utc;
  if (tm2timestamp(&tm, fsec, nullptr, &local) != 0) return utc;
  return local;
}

std::int64_t Zone::to_utc(std::int64_t local) const noexcept {
  pg_tm tm{};
  fsec_t fsec = 0;
  if (timestamp2tm(local, nullptr, &tm, &fsec, nullptr, nullptr) != 0) return local;
  return local + static_cast<std::int64_t>(DetermineTimeZoneOffset(&tm, zone_)) * kMicros;
}

std::int64_t Zone::parse(const std::string& text) const {
  // Only the zone is ours: the caller's DateStyle decides what '03/04/2026' means. An error undoes the nest level.
  const char* const input = text.c_str();
  const char* const zone = name_.c_str();
  return guarded([=] {
    const int level = NewGUCNestLevel();
    (void)set_config_option("timezone", zone, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    const TimestampTz value = DatumGetTimestampTz(
        DirectFunctionCall3(timestamptz_in, CStringGetDatum(input), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
    AtEOXact_GUC(false, level);
    return value;
  });
}

std::string session_zone() {
  return pg_get_timezone_name(session_timezone);
}

IntervalValue parse_interval(const std::string& text) {
  const char* const input = text.c_str();
  const Interval* const value = guarded([input] {
    return DatumGetIntervalP(
        DirectFunctionCall3(interval_in, CStringGetDatum(input), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
  });
  return {.months = value->month, .days = value->day, .micros = value->time};
}

std::string print_interval(const IntervalValue& interval) {
  Interval value{.time = interval.micros, .day = interval.days, .month = interval.months};
  const char* const text =
      guarded([&value] { return DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(&value))); });
  return text;
}

std::int64_t parse_bigint(const std::string& text) {
  const char* const input = text.c_str();
  return guarded([input] { return DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(input))); });
}

std::string timestamptz_text(std::int64_t utc, const Zone& zone) {
  return printed([&](char* buffer) {
    if (TIMESTAMP_NOT_FINITE(utc)) return EncodeSpecialTimestamp(utc, buffer);
    const std::int64_t local = zone.to_local(utc);
    const int offset = static_cast<int>((utc - local) / kMicros);
    pg_tm tm{};
    fsec_t fsec = 0;
    (void)timestamp2tm(local, nullptr, &tm, &fsec, nullptr, nullptr);
    tm.tm_isdst = 0;  // below 0 the offset would not be printed
    EncodeDateTime(&tm, fsec, true, offset, nullptr, USE_ISO_DATES, buffer);
  });
}

std::string timestamp_text(std::int64_t local) {
  return printed([&](char* buffer) {
    if (TIMESTAMP_NOT_FINITE(local)) return EncodeSpecialTimestamp(local, buffer);
    pg_tm tm{};
    fsec_t fsec = 0;
    (void)timestamp2tm(local, nullptr, &tm, &fsec, nullptr, nullptr);
    EncodeDateTime(&tm, fsec, false, 0, nullptr, USE_ISO_DATES, buffer);
  });
}

std::string date_text(std::int32_t days) {
  return printed([&](char* buffer) {
    if (DATE_NOT_FINITE(days)) return EncodeSpecialDate(days, buffer);
    pg_tm tm{};
    j2date(days + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    EncodeDateOnly(&tm, USE_ISO_DATES, buffer);
  });
}

std::int64_t transaction_start() noexcept {
  return GetCurrentTransactionStartTimestamp();
}

std::int64_t wall_clock() noexcept {
  return GetCurrentTimestamp();
}

std::int64_t session_start() noexcept {
  return MyStartTimestamp;
}

}  // namespace strata::pg
