// A table outside the set in the place of its default partition: what moves rows out of a default online
// (ops/online_drain.hpp) then moves the rows of that table, under the same rules.
#pragma once

#include "ops/drain_move.hpp"

namespace strata::ops {

// False when there is no such table any more, or it is not what it was.
[[nodiscard]] bool let_stand_in(ManagedSet& set, const StandIn& table);

// "the default partition of "s.t"" or "table "s.t"", as a message says it.
[[nodiscard]] std::string name_of_drained(const ManagedSet& set);

// Whether the owner of the set may name it at all: needed for everything below.
[[nodiscard]] bool is_within_reach(const ManagedSet& set);

// Whether rows of a stand-in belong to partitions that exist. Waits and rights as of ops/default_rows.hpp.
[[nodiscard]] bool has_rows_for_existing(const ManagedSet& set);

// Why rows of a stand-in cannot be taken into the set as they are stored, without asking or running anything, as the
// end of "because ..."; empty when they can. Inside an OwnerScope.
[[nodiscard]] std::string obstacle_to_stand_in(const Move& move);

// Whether the default partition itself may hold rows that belong into the new partitions: then they cannot be attached.
// A large one is not read. Inside an OwnerScope.
[[nodiscard]] bool default_is_in_the_way(const Move& move);

}  // namespace strata::ops
