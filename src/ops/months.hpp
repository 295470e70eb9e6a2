// create_monthly_partitions and drop_old_partitions: calendar months of any table that is partitioned by RANGE of time,
// managed or not.
//
// The table is given by OID, as the caller's search_path found it. Both work in the caller's transaction, by the plans
// and under the locks of create_partition_time and drop_partition_time.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// <table>_YYYY_MM for this month and the `months` after it, as far as they are missing. How many were created.
[[nodiscard]] int create_months(const Extension& extension, Oid table, int months);

// Retires partitions that end at or before the start of the month `months` before this one, but never the last one.
// What becomes of them the configuration says; without one they are dropped. How many left the table.
[[nodiscard]] int drop_months(const Extension& extension, Oid table, int months);

}  // namespace strata::ops
