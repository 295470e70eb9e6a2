// Where the rows of a set are: the few facts a plan needs from the data itself.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// The file of a heap tells whether there are rows. Other access methods may keep them elsewhere, foreign tables do.
[[nodiscard]] inline bool is_local_heap(const ChildFacts& facts) noexcept {
  return facts.kind == RELKIND_RELATION && facts.access_method == HEAP_TABLE_AM_OID &&
         facts.persistence != RELPERSISTENCE_TEMP;
}

// Asks the file system first and reads a table only when its file has pages, from the highest partition down, and no
// further than the plan needs. Reads take ACCESS SHARE on one partition each. Call inside an OwnerScope of the set's
// owner, with a lock deadline armed.
[[nodiscard]] core::Observation observe(const ManagedSet& set, std::int64_t now_utc);

// The extremes of what could be there, from file sizes alone (core/observation.hpp): with an empty plan on each there
// is nothing to do. Reads no table and needs no scope. None where files cannot tell: children that are no local heaps,
// default data that counts, gaps.
[[nodiscard]] std::vector<core::Observation> observe_files(const ManagedSet& set, std::int64_t now_utc);

// A partition may belong to somebody else: ALTER TABLE ... OWNER TO changes the parent alone. The owner of the parent
// reads it all the same, as he would through the parent.
[[nodiscard]] pg::CheckAs reading(const ManagedSet& set, const ChildFacts& facts) noexcept;

// Index of the highest child that holds a row, wherever now is. Call as observe().
[[nodiscard]] std::optional<std::size_t> highest_with_rows(const ManagedSet& set);

// Largest key in a table of the set (ONLY), as a tick; empty when it has no rows.
[[nodiscard]] std::optional<core::Tick> largest_key(const ManagedSet& set, const core::Child& child,
                                                    const pg::CheckAs& check = {});

// Lowest or highest key that a FROM and WHERE leave, as a tick. By the key's own order, which finds an index; not by
// min and max, which uuid lacks on 15.
enum class End : std::uint8_t { Lowest, Highest };
[[nodiscard]] std::optional<core::Tick> extreme_key(const ManagedSet& set, End end, const std::string& from,
                                                    const std::string& where, const pg::CheckAs& check = {});

}  // namespace strata::ops
