// Moving rows between two tables that exist, below the executor: a batch is written at once with its index entries,
// then the old versions are deleted. Plain rows and plain deletions, so that every snapshot sees each row once (truths
// 2).
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// The query gives the columns of `to` in their order, as one row's columns are stored there, and then the ctid of the
// row in `from`. NOT NULL and CHECK constraints, the bounds of a partition, unique and exclusion constraints that
// cannot be deferred are checked as for an INSERT. Nothing else is: no trigger fires, no foreign key is asked, no
// privilege checked; the caller has seen to it that there is nothing to do. Both must be heaps and locked; nobody else
// may change the rows: EXCLUSIVE on `from`, or FOR UPDATE in the query. Gives the number of rows.
std::uint64_t bulk_transfer(Oid from, Oid to, const std::string& query);

}  // namespace strata::pg
