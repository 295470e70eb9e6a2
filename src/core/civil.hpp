// Proleptic Gregorian dates as days since 2000-01-01. Year 0 is 1 BC.
#pragma once

#include <array>
#include <cstdint>

#include "core/arith.hpp"

namespace strata::core {

struct Date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Days between 0000-03-01 and 2000-01-01 in the proleptic Gregorian calendar.
inline constexpr std::int64_t kEpochShift = 730'425;

// Hinnant's algorithms: years start in March, so the leap day comes last, and 400 years repeat.
[[nodiscard]] constexpr Date date_from_days(std::int64_t days) noexcept {
  const std::int64_t shifted = days + kEpochShift;
  const std::int64_t era = floor_div(shifted, std::int64_t{146'097});
  const auto doe = static_cast<unsigned>(shifted - era * 146'097);
  const unsigned yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = era * 400 + static_cast<std::int64_t>(yoe) + (month <= 2 ? 1 : 0);
  return {.year = year, .month = month, .day = doy - (153 * mp + 2) / 5 + 1};
}

[[nodiscard]] constexpr std::int64_t days_from_date(const Date& date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, std::int64_t{400});
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + static_cast<std::int64_t>(doe) - kEpochShift;
}
static_assert(days_from_date({.year = 2000, .month = 1, .day = 1}) == 0);

[[nodiscard]] constexpr unsigned days_in_month(std::int64_t year, unsigned month) noexcept {
  constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = floor_mod(year, std::int64_t{4}) == 0 &&
                    (floor_mod(year, std::int64_t{100}) != 0 || floor_mod(year, std::int64_t{400}) == 0);
  return month == 2 && leap ? 29 : kDays.at(month - 1);
}

}  // namespace strata::core
