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
};

// The first `count` cells for which the default holds rows: cells of the grid that the set's partitions continue, cut
// back to the gaps between them. Rows without a key belong nowhere. Rows at -infinity or infinity raise when they come
// next, unless they are ignored; so do rows in a cell that reaches over the end of the key's range.
//
// Reads the default with ACCESS SHARE: once per end and once per 10,000 cells of distance, so a far outlier costs no
// millions of cells. Call inside an OwnerScope.
[[nodiscard]] std::vector<core::Range> cells_to_drain(const ManagedSet& set, const CellRequest& request);

}  // namespace strata::ops
