// How far rows and partitions may lie ahead of the others and still count: one stray key of the year 2100 must neither
// push premake there nor make it close the gap.
#pragma once

#include "core/plan.hpp"

namespace strata::core {

// The partitions in use, and the key from which on rows are far. With a horizon of n intervals a partition is far when
// more than n intervals lie between it and all that counts: times count from now or the end of the first partition,
// whichever is later, upwards. Ids know no now: of the groups of partitions between which more than n intervals are
// missing, the one with the most partitions is in use, the lowest of several, and all below it; where none has more
// than one, all count.
//
// Partitions that join without a gap all count. A set without partitions has nothing that could be far from it.
struct Reach {
  std::size_t end = 0;         // children [0, end) count, later ones are far
  Bound limit = Bound::max();  // keys from here on are far, but for those in partitions that count
};
[[nodiscard]] Reach reach_of(const Policy& policy, const Calendar& calendar, const Inventory& inventory,
                             std::int64_t now_utc);

// The limit when a partition up to this end counted besides.
[[nodiscard]] Bound limit_beyond(const Policy& policy, const Calendar& calendar, const Bound& end);

// What a move of rows to these partitions (any order) makes besides, or it would leave wide gaps above the partitions
// in use: ascending, without what retention would take at once or ends before now. Not where a gap is wider than the
// horizon, nor where it is no wider than premake: such gaps pg_partman's callers count on (contract 14.2), and those of
// times maintenance closes before the present gets there.
[[nodiscard]] std::vector<Range> ranges_between(const Policy& policy, const Grid& grid, const Inventory& inventory,
                                                const std::vector<Range>& made, std::int64_t now_utc);

}  // namespace strata::core
