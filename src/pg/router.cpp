#include "pg/router.hpp"

extern "C" {
#include "utils/partcache.h"
}

namespace strata::pg {

namespace {

Datum input(Oid type, const char* text) {
  Oid function = InvalidOid;
  Oid parameter = InvalidOid;
  getTypeInputInfo(type, &function, &parameter);
  return OidInputFunctionCall(function, const_cast<char*>(text), parameter, -1);
}

// Locks the parent, of which a move from a source has locked but partitions: the caller has armed its deadline.
void read_key(Router& router, Oid parent) {
  const Relation table = table_open(parent, AccessShareLock);
  const PartitionKey key = RelationGetPartitionKey(table);
  if (key == nullptr || key->partnatts != 1 || key->partattrs[0] == 0)
    elog(ERROR, "\"%s\" is not partitioned by one column", RelationGetRelationName(table));
  router.compare = static_cast<FmgrInfo*>(palloc(sizeof(FmgrInfo)));
  fmgr_info_copy(router.compare, &key->partsupfunc[0], CurrentMemoryContext);
  router.collation = key->partcollation[0];
  router.type = key->parttypid[0];
  router.is_list = key->strategy == PARTITION_STRATEGY_LIST;
  router.column = pstrdup(NameStr(TupleDescAttr(RelationGetDescr(table), key->partattrs[0] - 1)->attname));
  table_close(table, NoLock);
}

int compare(const Router& router, Datum a, Datum b) {
  return DatumGetInt32(FunctionCall2Coll(router.compare, router.collation, a, b));
}

}  // namespace

// The last target that does not begin above the key, if the key lies in it.
int Router::route(Datum key) const {
  int low = 0;
  int high = count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (!bounds[middle].has_lower || pg::compare(*this, bounds[middle].lower, key) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  const int found = low - 1;
  if (found < 0) return -1;
  if (is_list) return pg::compare(*this, key, bounds[found].lower) == 0 ? found : -1;
  return !bounds[found].has_upper || pg::compare(*this, key, bounds[found].upper) < 0 ? found : -1;
}

Router make_router(Oid parent, std::span<const RouteTarget> targets) {
  Router router;
  router.count = static_cast<int>(targets.size());
  guarded([&] {
    read_key(router, parent);
    router.bounds = static_cast<RouteBounds*>(palloc0(sizeof(RouteBounds) * (targets.size() + 1)));
  });
  for (std::size_t n = 0; n < targets.size(); ++n) {
    const char* const lower = targets[n].lower ? targets[n].lower->c_str() : nullptr;
    const char* const upper = targets[n].upper ? targets[n].upper->c_str() : nullptr;
    RouteBounds& bounds = router.bounds[n];
    bounds.has_lower = lower != nullptr;
    bounds.has_upper = upper != nullptr;
    guarded([&] {
      if (lower != nullptr) bounds.lower = input(router.type, lower);
      if (upper != nullptr) bounds.upper = input(router.type, upper);
    });
  }
  return router;
}

}  // namespace strata::pg
