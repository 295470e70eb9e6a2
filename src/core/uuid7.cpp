#include "core/uuid7.hpp"

#include <charconv>

#include "core/arith.hpp"

namespace strata::core {

namespace {

constexpr std::int64_t kMillisTo2000 = 946'684'800'000;  // from 1970, where UUIDs begin
constexpr std::int64_t kMicrosPerMilli = 1'000;
constexpr std::int64_t kMillisEnd = std::int64_t{1} << 48;
constexpr std::size_t kFirstDigits = 8;  // before the first dash
constexpr std::size_t kMoreDigits = 4;   // between the first and the second
constexpr std::size_t kDigits = kFirstDigits + kMoreDigits;
constexpr int kHex = 16;

}  // namespace

std::optional<Tick> whole_millisecond(Tick instant) noexcept {
  Tick moved = 0;
  if (__builtin_add_overflow(instant, kMicrosPerMilli / 2, &moved)) return std::nullopt;
  return floor_div(moved, kMicrosPerMilli) * kMicrosPerMilli;
}

std::optional<std::string> uuid7_of(Tick instant) {
  const std::optional<Tick> rounded = whole_millisecond(instant);
  if (!rounded) return std::nullopt;
  const std::int64_t millis = *rounded / kMicrosPerMilli + kMillisTo2000;
  if (millis < 0 || millis >= kMillisEnd) return std::nullopt;
  std::string digits(kDigits, '0');
  for (std::size_t n = kDigits, rest = static_cast<std::size_t>(millis); n-- > 0; rest /= kHex)
    digits[n] = "0123456789abcdef"[rest % kHex];
  return digits.substr(0, kFirstDigits) + "-" + digits.substr(kFirstDigits) + "-0000-0000-000000000000";
}

std::optional<Tick> instant_of_uuid7(std::string_view uuid) noexcept {
  if (uuid.size() < kDigits + 1 || uuid[kFirstDigits] != '-') return std::nullopt;
  std::uint32_t high = 0;
  std::uint16_t low = 0;
  const char* const first = uuid.data();
  const char* const second = first + kFirstDigits + 1;
  const auto [end_high, bad_high] = std::from_chars(first, first + kFirstDigits, high, kHex);
  const auto [end_low, bad_low] = std::from_chars(second, second + kMoreDigits, low, kHex);
  if (bad_high != std::errc() || bad_low != std::errc() || end_high != first + kFirstDigits ||
      end_low != second + kMoreDigits)
    return std::nullopt;
  const std::int64_t millis = (static_cast<std::int64_t>(high) << 16) | low;
  return (millis - kMillisTo2000) * kMicrosPerMilli;
}

}  // namespace strata::core
