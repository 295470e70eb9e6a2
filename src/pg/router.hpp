// To which of many tables a row belongs, by its partition key. Plain data for guarded code.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// A heap for the rows whose key lies in [lower, upper), ends as texts of the key's type, nothing for an infinite one.
// Of a LIST set: for the rows whose key is `lower`.
struct RouteTarget {
  Oid table = InvalidOid;
  std::optional<std::string> lower;
  std::optional<std::string> upper;
};

struct RouteBounds {
  Datum lower = 0;
  Datum upper = 0;
  bool has_lower = false;
  bool has_upper = false;
};

struct Router {
  FmgrInfo* compare = nullptr;
  Oid collation = InvalidOid;
  Oid type = InvalidOid;
  bool is_list = false;
  const char* column = nullptr;
  int count = 0;
  RouteBounds* bounds = nullptr;

  // The target that a key belongs to, -1 if none.
  [[nodiscard]] int route(Datum key) const;
};

// Keys are compared as the partitioned table `parent` compares them; targets are ascending and disjoint. Lives in the
// current memory context.
[[nodiscard]] Router make_router(Oid parent, std::span<const RouteTarget> targets);

}  // namespace strata::pg
