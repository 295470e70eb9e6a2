// The partitions of tables, straight from pg_inherits and pg_class. Not by SQL: a run over all sets reads thousands of
// them, and planner, executor and copies of rows were more than half of its time; what is worse, the plan depended on
// how fresh the statistics of the catalogs are.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// One partition. The texts are good until the next one is asked for.
struct ChildRow {
  Oid parent = InvalidOid;
  bool detach_pending = false;
  Oid oid = InvalidOid;
  Oid schema = InvalidOid;
  std::string_view name;
  char kind = 0;
  char persistence = 0;
  Oid owner = InvalidOid;
  float tuples = 0;  // as of the last ANALYZE; -1 never
  Oid tablespace = InvalidOid;
  Oid filenode = InvalidOid;
  Oid access_method = InvalidOid;
  std::string_view bound;  // a node tree
};

// All partitions of these tables, in no order, as the snapshot of a new statement sees them. Takes ACCESS SHARE on the
// two catalogs and opens no partition. Its time grows with the number of partitions, or with the size of pg_class where
// that is less.
class ChildScan {
 public:
  explicit ChildScan(std::span<const Oid> parents);
  ChildScan(const ChildScan&) = delete;
  ChildScan& operator=(const ChildScan&) = delete;
  ~ChildScan();
  // Nothing at the end.
  [[nodiscard]] const ChildRow* next();

 private:
  struct Link {
    Oid child;
    Oid parent;
    bool detach_pending;
  };
  void read_links(std::span<const Oid> parents);
  [[nodiscard]] bool find_in_order();
  [[nodiscard]] bool find_in_scan();
  void take(const Link& link);

  int exceptions_;
  Snapshot snapshot_ = nullptr;
  Relation classes_ = nullptr;
  SysScanDesc scan_ = nullptr;  // over all of pg_class, or for the current partition
  bool whole_ = false;          // reads all of pg_class
  HeapTuple tuple_ = nullptr;
  std::vector<Link> links_;  // by child
  std::size_t place_ = 0;
  char* copy_ = nullptr;  // of a bound that is not stored plainly
  ChildRow row_;
};

// The name of a schema; empty when it is gone.
[[nodiscard]] std::string schema_name(Oid schema);

}  // namespace strata::pg
