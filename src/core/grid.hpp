// The regular grid of a set: boundary(n) = origin ⊕ n·step.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/bound.hpp"
#include "core/calendar.hpp"

namespace strata::core {

class Grid {
 public:
  Grid(Calendar calendar, Step step, Tick origin) noexcept : calendar_(calendar), step_(step), origin_(origin) {}

  // Empty when the boundary leaves the key's range.
  [[nodiscard]] std::optional<Tick> boundary(std::int64_t n) const noexcept;
  // The n with boundary(n) <= tick < boundary(n + 1). O(log n) or better: an estimate, then a correction.
  [[nodiscard]] std::int64_t cell_of(Tick tick) const noexcept;
  // Cell n; an end that leaves the key's range is MINVALUE/MAXVALUE-free: the result is empty instead.
  [[nodiscard]] std::optional<Range> cell(std::int64_t n) const noexcept;
  [[nodiscard]] const Calendar& calendar() const noexcept { return calendar_; }
  [[nodiscard]] const Step& step() const noexcept { return step_; }

 private:
  Calendar calendar_;
  Step step_;
  Tick origin_;
};

// The grid that continues existing partitions (ascending, disjoint). Anchored at the highest one with a finite upper
// bound: at its lower bound when it is exactly one step wide (so that a midnight that does not exist does not shift all
// later ones), else at its upper bound. Falls back to the lowest finite lower bound; empty without any finite bound.
[[nodiscard]] std::optional<Grid> grid_of(const Calendar& calendar, const Step& step, std::span<const Range> existing);

// The partition range a value belongs to: an existing range that contains it, else its grid cell cut back so that it
// overlaps none of `existing` (ascending, disjoint). Empty when the cell leaves the key's range.
[[nodiscard]] std::optional<Range> range_for(const Grid& grid, std::span<const Range> existing, Tick value);

// What is left to create so that [from, to) is covered: grid cells that intersect it, cut back to the gaps between
// `existing`. Cells wholly covered disappear. At most `limit` ranges.
[[nodiscard]] std::vector<Range> missing_ranges(const Grid& grid, std::span<const Range> existing, Tick from, Tick to,
                                                std::size_t limit);

}  // namespace strata::core
