// Copying the rows of one query into many heaps in one pass, below the executor: no trigger, no rule, no row security,
// no index entry and no constraint check. For tables that this transaction has just made and nobody else can see. The
// caller answers for everything that is not checked here: ownership, constraints, the building of indexes (truths 7, 9,
// 11).
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// A heap for the rows whose key lies in [lower, upper), ends as texts of the key's type, nothing for an infinite one.
// Of a LIST set: for the rows whose key is `lower`.
struct RouteTarget {
  Oid table = InvalidOid;
  std::optional<std::string> lower;
  std::optional<std::string> upper;
};

// What snapshots older than this transaction see of the rows once the tables are visible: nothing, or all of them.
// Frozen rows need tables made in the current subtransaction.
enum class Visibility : std::uint8_t { Plain, Frozen };

// Reads the query once and gives the number of rows that went to each target. Its columns are those of the targets, in
// their order, none of them dropped. Keys are compared as the partitioned table `parent` compares them; targets are
// ascending and disjoint, and a row that belongs to none of them ends the load with an error. Memory does not grow with
// the number of rows. Every target must be a heap and locked by this transaction.
[[nodiscard]] std::vector<std::uint64_t> bulk_load(Oid parent, std::span<const RouteTarget> targets,
                                                   const std::string& query, Visibility visibility);

// Whether empty_heap() may be used: a plain heap that nothing in this session is in the middle of using, no trigger
// event of this transaction waiting for rows of it, and changes not decoded from the log, since decoding would not see
// the rows go.
[[nodiscard]] bool can_empty_heap(Oid table);

// Gives a heap, its TOAST table and indexes new empty files, as TRUNCATE does, but fires no trigger and asks no foreign
// key: the rows are elsewhere under the same referenced table (truths 5). Needs ACCESS EXCLUSIVE. Wrong for every
// snapshot that is older than the last change of the table: see to it that there is none (truths 2).
void empty_heap(Oid table);

}  // namespace strata::pg
