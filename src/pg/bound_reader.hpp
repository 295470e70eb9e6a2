// Partition bounds as typed values, read from pg_class.relpartbound without opening the table: loading a partition
// descriptor would run the owner's code (truths 24) and costs a rebuild after every ATTACH (truths 28).
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// One end of a single-column range: kind -1 MINVALUE, 0 value, 1 MAXVALUE. The value of timestamps, dates and integers
// as one integer.
struct RawEnd {
  int kind = 0;
  std::int64_t value = 0;
};

struct RawBound {
  bool is_default = false;
  bool readable = false;  // a range over one column of a type we know
  Oid type = InvalidOid;  // of the values; InvalidOid when both ends are infinite
  RawEnd lower;
  RawEnd upper;
};

[[nodiscard]] RawBound read_bound(const std::string& node_tree);

}  // namespace strata::pg
