// Instants as plain numbers: seconds since 1970-01-01 00:00 UTC, or a decimal fraction of them (contract 0.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/bound.hpp"

namespace strata::core {

enum class EpochUnit : std::uint8_t { Seconds, Milliseconds, Microseconds, Nanoseconds };

// Empty for "none" and for anything that is no unit.
[[nodiscard]] std::optional<EpochUnit> parse_epoch(std::string_view word) noexcept;

// How many of them a second has.
[[nodiscard]] std::int64_t epoch_units_per_second(EpochUnit unit) noexcept;

// The instant at the nearest whole second, halves away from 1970: bounds have no finer grain.
[[nodiscard]] std::optional<Tick> whole_second(Tick instant) noexcept;

// The number of an instant, rounded to a whole second first. Empty when it leaves bigint.
[[nodiscard]] std::optional<std::int64_t> epoch_of(Tick instant, EpochUnit unit) noexcept;

// The instant of a number, or the last microsecond before it. Empty when it leaves the microseconds of a bigint.
[[nodiscard]] std::optional<Tick> instant_at_or_before(std::int64_t number, EpochUnit unit) noexcept;

// The same, empty also for a number that is no whole microsecond.
[[nodiscard]] std::optional<Tick> instant_exactly(std::int64_t number, EpochUnit unit) noexcept;

}  // namespace strata::core
