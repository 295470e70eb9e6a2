// Where the rows of a default partition belong. Reading only; every function opens its own OwnerScope (truths 24) and
// waits for ACCESS SHARE on the default no longer than the caller's lock_timeout.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// False when there is no default, or it is a heap whose file is empty: asked of the file system, without a lock. Also
// false for a file that VACUUM FULL or TRUNCATE has replaced since the set was loaded: ATTACH checks again.
[[nodiscard]] bool default_may_hold_rows(const ManagedSet& set);

// Whether an index of the table finds keys in order: a B-tree over all rows that begins with this column.
[[nodiscard]] bool has_index_on(Oid table, const std::string& column);

// Whether the default holds rows of each of these ranges (disjoint, any order): by its index on the key, if it has one
// and they are not too many, else in one pass over what lies between the outermost ends. Rows with a NULL key are in
// none.
[[nodiscard]] std::vector<bool> default_fills(const ManagedSet& set, std::span<const core::Range> ranges);

// Indexes of the wanted ranges (disjoint, any order) for which the default holds rows, ascending: ATTACH would refuse
// them.
[[nodiscard]] std::vector<std::size_t> blocked_by_default(const ManagedSet& set, std::span<const core::Range> wanted);

// Rows of the default in this range, counted no further than `most`.
[[nodiscard]] std::int64_t count_in_default(const ManagedSet& set, const core::Range& range, std::int64_t most);

// A condition that holds for the keys of all these ranges, and for no key of a default that holds none of their rows.
[[nodiscard]] std::string hull_condition(const ManagedSet& set, std::span<const core::Range> ranges);

// The opposite, true for NULL too: in a form for which an index on the key serves.
[[nodiscard]] std::string outside_hull(const ManagedSet& set, std::span<const core::Range> ranges);

// True outside a finite range, in the form by which the server proves that a default holds no row of it (truths 19).
[[nodiscard]] std::string outside_condition(const ManagedSet& set, const core::Range& range);

// Ends of a range as a condition on the key column: `key IS NOT NULL AND key >= lower AND key < upper`, infinite ends
// left out; of a list set `key IS NOT NULL AND key = lower`. Constants of the key's own type, so that the server can
// prove with it.
[[nodiscard]] std::string key_condition(const ManagedSet& set, const core::Range& range);

// "ONLY schema.table" of the default; without ONLY when it is itself partitioned.
[[nodiscard]] std::string default_source(const ManagedSet& set);

}  // namespace strata::ops
