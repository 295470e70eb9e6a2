// New files for a heap in place of its rows, as TRUNCATE and CLUSTER make them. No trigger fires and no foreign key is
// asked: whoever calls this knows the rows to be elsewhere under the same referenced table (truths 5).
#pragma once

#include "pg/scope.hpp"

namespace strata::pg {

// Whether changes can be decoded from the write-ahead log.
[[nodiscard]] bool changes_are_decoded() noexcept;

// Whether empty_heap() and replace_heap() may be used: a plain heap that nothing in this session is in the middle of
// using, no trigger event of this transaction waiting for rows of it, and changes not decoded from the log, since
// decoding would not see the rows go.
[[nodiscard]] bool can_empty_heap(Oid table);

// Gives a heap, its TOAST table and indexes new empty files. Needs ACCESS EXCLUSIVE. Wrong for every snapshot that is
// older than the last change of the table: see to it that there is none (truths 2).
void empty_heap(Oid table);

// An empty table with the columns of this heap, dropped ones included, and a TOAST table if it has one. It has no
// indexes and must not outlive the transaction: replace_heap() takes it. Needs EXCLUSIVE on the heap.
[[nodiscard]] Oid new_heap_like(Oid table);
// Puts the file of `replacement`, which new_heap_like() made and which goes with it, in the place of the heap's and
// builds the heap's indexes anew, which checks its keys. Needs ACCESS EXCLUSIVE; snapshots as for empty_heap().
void replace_heap(Oid table, Oid replacement, std::uint64_t rows);

// Indexes of a heap of less than some thirty megabytes are built by this process alone while this lives: to start
// workers takes longer than they save there, and of many partitions each would start them anew. Larger ones as the
// server decides.
class IndexBuildScope {
 public:
  explicit IndexBuildScope(Oid heap);

 private:
  std::optional<SettingsScope> settings_;
};

// Builds all indexes of a table anew from its rows, as its owner, which checks their keys.
void rebuild_indexes(Oid table);

}  // namespace strata::pg
