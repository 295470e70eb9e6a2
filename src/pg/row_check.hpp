// Whether rows are in a heap as they were when they were read: each is looked up in its page as soon as it is written,
// and compared by a checksum of its columns. Plain data for guarded code.
#pragma once

#include "pg/postgres.hpp"

namespace strata::pg {

// Of the columns as they are stored (CRC-32C, like the write-ahead log's). 0 for a row that a heap may store in another
// way, because it is large or has values in a TOAST table; its values are compared when it is there.
[[nodiscard]] std::uint32_t stored_sum(HeapTuple row);

// Of many rows: the sum of theirs, whatever their order.
using Checksum = std::uint64_t;

// Rows that have just been written to the heap, at the places the slots name; `sums` are those they were read with.
// Raises XX001 for one that differs. Leaves memory behind in the current context.
[[nodiscard]] Checksum check_arrived(Relation heap, HeapTuple* rows, const std::uint32_t* sums, TupleTableSlot** slots,
                                     int count);
// The same for one row.
[[nodiscard]] Checksum check_arrived(Relation heap, HeapTuple row, std::uint32_t sum, ItemPointer place);

// Tests only: spoils every row that is written while the setting strata_testing.spoil is on.
#ifdef STRATA_TESTING
void spoil(HeapTuple row);
#else
inline void spoil(HeapTuple /*row*/) noexcept {}
#endif

}  // namespace strata::pg
