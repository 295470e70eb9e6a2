// Moving rows between tables that exist, below the executor: a batch is written at once with its index entries, then
// the old versions are deleted. Plain rows and plain deletions, so that every snapshot sees each row once (truths 2).
#pragma once

#include "pg/router.hpp"
#include "pg/row_check.hpp"

namespace strata::pg {

struct BulkTransfer {
  Oid from = InvalidOid;
  std::span<const RouteTarget> to;  // ascending, disjoint
  Oid parent = InvalidOid;          // whose keys tell them apart; without it there is one target, for all rows
};

struct BulkTransferred {
  std::uint64_t rows = 0;
  Checksum sum = 0;           // of these, as they were read and as they are there
  std::uint64_t changed = 0;  // by somebody else between the reading and the deletion: left where they are
};

// The query gives all columns of the targets, found by name, and then the ctid of the row in `from`. A row that belongs
// to no target stays. Waits for whoever has locked a row, within lock_timeout. NOT NULL and CHECK constraints, the
// bounds of a partition, unique and exclusion constraints that cannot be deferred are checked as for an INSERT. Nothing
// else is: no trigger fires, no foreign key is asked, no privilege checked; the caller has seen to it that there is
// nothing to do, under locks that keep it so. All must be heaps, and are locked ROW EXCLUSIVE. The indexes of a target
// that this transaction has made are built after all rows are there, which is when their keys are checked.
BulkTransferred bulk_transfer(const BulkTransfer& transfer, const std::string& query);

}  // namespace strata::pg
