// The time in version 7 UUIDs: milliseconds since 1970 in their first 48 bits (contract 8.9).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bound.hpp"

namespace strata::core {

// The instant as UUIDs can tell it: rounded to the millisecond.
[[nodiscard]] std::optional<Tick> whole_millisecond(Tick instant) noexcept;

// The lowest UUID of an instant: its milliseconds, zeros after them. Empty before 1970 and after the year 10889.
[[nodiscard]] std::optional<std::string> uuid7_of(Tick instant);

// The instant of a UUID as PostgreSQL prints it; empty when the text is none.
[[nodiscard]] std::optional<Tick> instant_of_uuid7(std::string_view uuid) noexcept;

}  // namespace strata::core
