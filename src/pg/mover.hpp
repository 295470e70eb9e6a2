// Taking rows out of a heap below the executor: no trigger, no rule, no key action, no row security. Nothing is checked
// here that the executor would check for a user's DELETE except what would corrupt something: the caller answers for
// ownership and for what becomes of the rows (truths 7, 11).
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// Deletes the rows whose ctid the query returns (its only column) and gives their number. The current transaction must
// hold EXCLUSIVE or more on the table, so that nobody can hold or wait for a row lock there: simple_heap_delete neither
// waits nor re-checks (truths 3). Plain MVCC deletion: older snapshots go on seeing the rows. Replica identity is
// checked as for a DELETE, because decoding will send one (truths 8).
std::uint64_t remove_rows(Oid table, const std::string& ctid_query);

}  // namespace strata::pg
