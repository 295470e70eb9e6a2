// Copying rows into many heaps in one pass, below the executor: no trigger, no rule, no row security, no index entry
// and no constraint check. For tables that this transaction has just made and nobody else can see. The caller answers
// for everything that is not checked here: ownership, constraints, the building of indexes (truths 7, 9, 11).
#pragma once

#include "pg/capture.hpp"
#include "pg/router.hpp"
#include "pg/row_check.hpp"

namespace strata::pg {

// What snapshots older than this transaction see of the rows once the tables are visible: nothing, or all of them.
// Frozen rows need tables made in the current subtransaction, for an abort does not take them back. FrozenApart: the
// same into committed tables that nobody else reads, and that go if this transaction does not commit.
enum class Visibility : std::uint8_t { Plain, Frozen, FrozenApart };

struct BulkLoad {
  Oid parent = InvalidOid;               // the partitioned table: keys are compared as it compares them
  std::span<const RouteTarget> targets;  // ascending, disjoint; heaps without dropped columns, locked by us
  Oid rest = InvalidOid;                 // a heap like the source for the rows of no target
  Visibility visibility = Visibility::Plain;
};

struct BulkLoaded {
  std::vector<std::uint64_t> rows;  // of each target
  std::uint64_t rest = 0;
  Checksum sum = 0;  // of the rows of all targets, as they were read and as they are there
};

// Each reads its source once, with a snapshot of its own. Nothing when a row belongs to none of the targets and there
// is no rest: somebody has written since the targets were chosen, and what was loaded so far has to be rolled back.
// Memory does not grow with the number or the width of the rows.
//
// The rows of a query whose columns are those of the targets, in their order.
[[nodiscard]] std::optional<BulkLoaded> bulk_load_query(const BulkLoad& load, const std::string& query);
// All rows of a heap in the order in which they lie there. The targets have its columns by name, with the same types;
// columns computed from others must be equal in both.
[[nodiscard]] std::optional<BulkLoaded> bulk_load_heap(const BulkLoad& load, Oid source);

// Some pages of a heap that others go on changing. Keys of rows that belong to no target are appended to the log.
struct HeapPart {
  Oid source = InvalidOid;
  std::uint32_t first = 0;
  std::uint32_t end = 0;  // one past the last page
  Oid log = InvalidOid;
  KeyColumns key = {};  // of the source
};
[[nodiscard]] BulkLoaded bulk_load_part(const BulkLoad& load, const HeapPart& part);

// Copies the rows of `source` whose ctid the query returns (its only column) into a heap with the same columns, which
// this transaction has made, and gives their number. Frozen; row by row, for a few.
[[nodiscard]] std::uint64_t bulk_copy_rows(Oid source, Oid target, const std::string& ctid_query);

// How many rows of a query, whose only column are partition keys of `parent`, belong to each target, how many to none,
// and the first of these keys as text, NULL left out; no more than `most`.
struct RoutedKeys {
  std::vector<std::uint64_t> counts;
  std::uint64_t strays = 0;
  std::vector<std::string> stray_keys;
};
[[nodiscard]] RoutedKeys route_keys(Oid parent, std::span<const RouteTarget> targets, const std::string& query,
                                    std::size_t most);
// The same without the keys; the last number is that of rows that belong to none.
[[nodiscard]] std::vector<std::uint64_t> count_routes(Oid parent, std::span<const RouteTarget> targets,
                                                      const std::string& query);

}  // namespace strata::pg
