// Which partitions the rows of a default belong to.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

enum class Order : std::uint8_t { Ascending, Descending };
enum class Infinity : std::uint8_t { Refuse, Ignore };

struct CellRequest {
  Order order = Order::Ascending;
  Infinity infinity = Infinity::Refuse;
  std::size_t count = 1;
  // Not more than one transaction can make, and rows at the far infinity are refused when nothing else is left.
  bool in_parts = false;
  // These cells and no others, those of which the default holds rows.
  std::vector<core::Range> wanted = {};
};

// The first `count` cells for which the default holds rows: cells of the grid that the set's partitions continue, cut
// back to the gaps between them. Rows without a key belong nowhere. Rows at -infinity or infinity raise when they come
// next, unless they are ignored; so do rows in a cell that reaches over the end of the key's range.
//
// Reads the default with ACCESS SHARE: once per end and once per 10,000 cells of distance, so a far outlier costs no
// millions of cells. Call inside an OwnerScope.
[[nodiscard]] std::vector<core::Range> cells_to_drain(const ManagedSet& set, const CellRequest& request);

// The range a key belongs to: that of the partition that holds it, else its cell, cut back to the gap between
// partitions; in a list set the value itself. Raises where no partition can hold it.
[[nodiscard]] core::Range range_of_key(const ManagedSet& set, core::Tick key);

}  // namespace strata::ops
