// Which default partitions hold rows.
//
// Each set is read by itself: as its parent's owner, for reading runs the owner's code (truths 24), in a subtransaction
// and with a bounded wait for the lock. What goes wrong with one set is a WARNING and hides no other.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

enum class RowCount : std::uint8_t { Exact, AtLeastOne };
enum class InfiniteKeys : std::uint8_t { Counted, Ignored };

struct FilledDefault {
  std::string name;  // raw schema.table
  std::int64_t rows = 0;
};
// Sets whose parent the caller may not look at are left out. In maintenance order.
[[nodiscard]] std::vector<FilledDefault> check_defaults(const Extension& extension, RowCount count, InfiniteKeys keys);

}  // namespace strata::ops
