// The partitions of tables, straight from pg_inherits and pg_class. Not by SQL: a run over all sets reads thousands of
// them, and planner, executor and copies of rows were more than half of its time; what is worse, the plan depended on
// how fresh the statistics of the catalogs are.
#pragma once

#include "pg/bound_reader.hpp"

namespace strata::pg {

// One partition.
struct ChildRow {
  Oid parent = InvalidOid;
  bool detach_pending = false;
  Oid oid = InvalidOid;
  Oid schema = InvalidOid;
  std::string name;
  char kind = 0;
  char persistence = 0;
  Oid owner = InvalidOid;
  float tuples = 0;  // as of the last ANALYZE; -1 never
  Oid tablespace = InvalidOid;
  Oid filenode = InvalidOid;
  Oid access_method = InvalidOid;
  char replica_identity = 0;
  bool row_security = false;
  bool sets_autovacuum = false;  // or may: some storage option of it, on or off
  RawBound bound;
};
using ChildRows = std::vector<ChildRow>;

// All partitions of these tables, in no order, as the snapshot of a new statement sees them. Takes ACCESS SHARE on the
// two catalogs and opens no partition. Its time grows with the number of partitions, or with the size of pg_class where
// that is less. The rows of the last call are kept until PostgreSQL tells that one of these relations has changed, as
// its own caches are, so a session that looks at the same tables again reads no catalog.
[[nodiscard]] std::shared_ptr<const ChildRows> read_child_rows(std::span<const Oid> parents);

// The name of a schema; empty when it is gone.
[[nodiscard]] std::string schema_name(Oid schema);

}  // namespace strata::pg
