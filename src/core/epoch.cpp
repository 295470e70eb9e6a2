#include "core/epoch.hpp"

#include "core/arith.hpp"
#include "core/calendar.hpp"

namespace strata::core {

namespace {

// From 1970 to 2000, where ticks begin.
constexpr std::int64_t kSecondsTo2000 = 946'684'800;
constexpr std::int64_t kNanosPerMicro = 1'000;

}  // namespace

std::optional<EpochUnit> parse_epoch(std::string_view word) noexcept {
  if (word == "seconds") return EpochUnit::Seconds;
  if (word == "milliseconds") return EpochUnit::Milliseconds;
  if (word == "microseconds") return EpochUnit::Microseconds;
  if (word == "nanoseconds") return EpochUnit::Nanoseconds;
  return std::nullopt;
}

std::int64_t epoch_units_per_second(EpochUnit unit) noexcept {
  switch (unit) {
    case EpochUnit::Seconds:
      return 1;
    case EpochUnit::Milliseconds:
      return 1'000;
    case EpochUnit::Microseconds:
      return 1'000'000;
    case EpochUnit::Nanoseconds:
      break;
  }
  return 1'000'000'000;
}

std::optional<Tick> whole_second(Tick instant) noexcept {
  const Tick part = floor_mod(instant, kMicrosPerSecond);
  // 2000 lies a whole number of seconds after 1970, so both count the same halves; those before 1970 round down.
  const bool down =
      2 * part < kMicrosPerSecond || (2 * part == kMicrosPerSecond && instant < -kSecondsTo2000 * kMicrosPerSecond);
  Tick rounded = 0;
  if (__builtin_add_overflow(instant, down ? -part : kMicrosPerSecond - part, &rounded)) return std::nullopt;
  return part == 0 ? instant : rounded;
}

std::optional<std::int64_t> epoch_of(Tick instant, EpochUnit unit) noexcept {
  const std::optional<Tick> second = whole_second(instant);
  std::int64_t number = 0;
  if (!second ||
      __builtin_mul_overflow(*second / kMicrosPerSecond + kSecondsTo2000, epoch_units_per_second(unit), &number))
    return std::nullopt;
  return number;
}

std::optional<Tick> instant_at_or_before(std::int64_t number, EpochUnit unit) noexcept {
  std::int64_t micros = 0;
  if (unit == EpochUnit::Nanoseconds) {
    micros = floor_div(number, kNanosPerMicro);
  } else if (__builtin_mul_overflow(number, kMicrosPerSecond / epoch_units_per_second(unit), &micros)) {
    return std::nullopt;
  }
  Tick instant = 0;
  if (__builtin_sub_overflow(micros, kSecondsTo2000 * kMicrosPerSecond, &instant)) return std::nullopt;
  return instant;
}

std::optional<Tick> instant_exactly(std::int64_t number, EpochUnit unit) noexcept {
  if (unit == EpochUnit::Nanoseconds && number % kNanosPerMicro != 0) return std::nullopt;
  return instant_at_or_before(number, unit);
}

}  // namespace strata::core
