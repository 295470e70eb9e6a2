// PostgreSQL's time zone database, timestamps and intervals as plain numbers.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

class Zone {
 public:
  // 22023 when the server knows no such zone.
  explicit Zone(const std::string& name);
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::int64_t to_local(std::int64_t utc) const noexcept;
  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const noexcept;
  // Reads a timestamp with time zone; a text without an offset is read in this zone.
  [[nodiscard]] std::int64_t parse(const std::string& text) const;

 private:
  std::string name_;
  pg_tz* zone_;
};

[[nodiscard]] bool zone_exists(const std::string& name);
// Name of the session's TimeZone.
[[nodiscard]] std::string session_zone();

// Months, days, microseconds of an interval text; throws the server's own error.
struct IntervalValue {
  std::int32_t months;
  std::int32_t days;
  std::int64_t micros;
};
[[nodiscard]] IntervalValue parse_interval(const std::string& text);
// The interval as PostgreSQL prints it under the session's IntervalStyle.
[[nodiscard]] std::string print_interval(const IntervalValue& interval);
[[nodiscard]] std::int64_t parse_bigint(const std::string& text);

// ISO texts that read the same under every setting. The zone decides only the offset shown.
[[nodiscard]] std::string timestamptz_text(std::int64_t utc, const Zone& zone);
[[nodiscard]] std::string timestamp_text(std::int64_t local);
[[nodiscard]] std::string date_text(std::int32_t days);

// Start of the transaction, microseconds UTC.
[[nodiscard]] std::int64_t transaction_start() noexcept;
// Now, whatever the transaction, and when this session began, as pg_stat_activity tells it.
[[nodiscard]] std::int64_t wall_clock() noexcept;
[[nodiscard]] std::int64_t session_start() noexcept;

}  // namespace strata::pg
