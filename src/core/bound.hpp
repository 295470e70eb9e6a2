// Typed partition bounds: what pg_class.relpartbound says, as plain values.
//
// A tick is the partition key as one integer: microseconds since 2000-01-01 00:00 UTC (timestamptz), the same on the
// local clock (timestamp), days since 2000-01-01 (date), or the number itself (int2, int4, int8).
#pragma once

#include <compare>
#include <cstdint>

#include "core/result.hpp"

namespace strata::core {

using Tick = std::int64_t;

enum class KeyType : std::uint8_t { Timestamptz, Timestamp, Date, Int2, Int4, Int8 };

// How a set cuts its key: into ranges, or one partition for a single value. The partition of a value v counts as the
// range from v to the next grid point or partition in all arithmetic.
enum class Cut : std::uint8_t { Range, List };

[[nodiscard]] constexpr bool is_time(KeyType type) noexcept {
  return type == KeyType::Timestamptz || type == KeyType::Timestamp || type == KeyType::Date;
}

// One end of a range partition. MINVALUE sorts below every tick and MAXVALUE above, as in the server.
struct Bound {
  enum class Kind : std::int8_t { Min = -1, Finite = 0, Max = 1 };
  Kind kind = Kind::Finite;
  Tick tick = 0;

  [[nodiscard]] static constexpr Bound min() noexcept { return {.kind = Kind::Min, .tick = 0}; }
  [[nodiscard]] static constexpr Bound max() noexcept { return {.kind = Kind::Max, .tick = 0}; }
  [[nodiscard]] static constexpr Bound at(Tick tick) noexcept { return {.kind = Kind::Finite, .tick = tick}; }
  [[nodiscard]] constexpr bool finite() const noexcept { return kind == Kind::Finite; }

  friend constexpr std::strong_ordering operator<=>(const Bound& a, const Bound& b) noexcept {
    if (a.kind != b.kind) return static_cast<int>(a.kind) <=> static_cast<int>(b.kind);
    return a.finite() ? a.tick <=> b.tick : std::strong_ordering::equal;
  }
  friend constexpr bool operator==(const Bound& a, const Bound& b) noexcept { return (a <=> b) == 0; }
};

// Half open: lower is in, upper is out.
struct Range {
  Bound lower = Bound::min();
  Bound upper = Bound::max();

  [[nodiscard]] constexpr bool contains(Tick tick) const noexcept {
    return lower <= Bound::at(tick) && Bound::at(tick) < upper;
  }
  [[nodiscard]] constexpr bool overlaps(const Range& other) const noexcept {
    return lower < other.upper && other.lower < upper;
  }
  friend constexpr bool operator==(const Range&, const Range&) noexcept = default;
};

}  // namespace strata::core
