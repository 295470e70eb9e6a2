// Which partitions the rows of a default belong to.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// A table outside the set whose rows are to move, in the place of the default partition (ops/stand_in.hpp).
struct StandIn {
  Oid oid = InvalidOid;
  std::string raw_name = {};  // that it must still have
};

enum class Order : std::uint8_t { Ascending, Descending };
enum class Infinity : std::uint8_t { Refuse, Ignore };
// Whether the empty cells of wide gaps above the partitions in use are filled, too (core/reach.hpp). The functions make
// partitions for rows only, as their callers know them (contract 7.2); the procedure need not be counted after.
enum class Gaps : std::uint8_t { Leave, Close };

struct CellRequest {
  Order order = Order::Ascending;
  Infinity infinity = Infinity::Refuse;
  Gaps gaps = Gaps::Leave;
  std::size_t count = 1;
  // Not more than one transaction can make, and rows at the far infinity are refused when nothing else is left.
  bool in_parts = false;
  // These cells and no others, those of which the default holds rows.
  std::vector<core::Range> wanted = {};
};

// What there is to move.
struct Cells {
  std::vector<core::Range> ranges;
  std::optional<std::string> far = {};  // the newest key that stays where it is, being too far ahead (far_rows.hpp)
};

// The first `count` cells for which the default holds rows: cells of the grid that the set's partitions continue, cut
// back to the gaps between them. Rows without a key belong nowhere. Rows at -infinity or infinity raise when they come
// next, unless they are ignored; so do rows in a cell that reaches over the end of the key's range. After them, where
// gaps are closed, the cells without rows that takes.
//
// Reads the default with ACCESS SHARE: once per end and once per 10,000 cells of distance, so a far outlier costs no
// millions of cells. Call inside an OwnerScope.
[[nodiscard]] Cells cells_to_drain(const ManagedSet& set, const CellRequest& request);

// The range a key belongs to: that of the partition that holds it, else its cell, cut back to the gap between
// partitions; in a list set the value itself. Raises where no partition can hold it.
[[nodiscard]] core::Range range_of_key(const ManagedSet& set, core::Tick key);

}  // namespace strata::ops
