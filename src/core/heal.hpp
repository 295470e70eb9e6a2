// How many rows of a default a run may take along with due partitions, when its time is limited.
#pragma once

#include <cstdint>
#include <optional>

namespace strata::core {

// What earlier moves of a set took together.
struct MoveRate {
  std::int64_t rows = 0;
  std::int64_t milliseconds = 0;
};

// A cautious guess where nothing is known: rows of a kilobyte with three indexes on slow disks.
inline constexpr MoveRate kAssumedMoveRate{.rows = 20, .milliseconds = 1};

// Rows that can be expected to move within this time; no more than fit a number.
[[nodiscard]] std::int64_t rows_within(std::int64_t milliseconds, const std::optional<MoveRate>& measured) noexcept;

}  // namespace strata::core
