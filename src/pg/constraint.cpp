#include "pg/constraint.hpp"

extern "C" {
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
}

namespace strata::pg {

namespace {

void mark_valid(Relation constraints, HeapTuple row) {
  const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(row));
  if (form->contype != CONSTRAINT_FOREIGN || form->convalidated) return;
  const HeapTuple copy = heap_copytuple(row);
  reinterpret_cast<Form_pg_constraint>(GETSTRUCT(copy))->convalidated = true;
  CatalogTupleUpdate(constraints, &copy->t_self, copy);
  heap_freetuple(copy);
}

}  // namespace

void mark_foreign_keys_valid(Oid table) {
  guarded([table] {
    const Relation constraints = table_open(ConstraintRelationId, RowExclusiveLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
    const SysScanDesc scan = systable_beginscan(constraints, ConstraintRelidTypidNameIndexId, true, nullptr, 1, &key);
    for (HeapTuple row = systable_getnext(scan); HeapTupleIsValid(row); row = systable_getnext(scan))
      mark_valid(constraints, row);
    systable_endscan(scan);
    table_close(constraints, NoLock);
    CacheInvalidateRelcacheByRelid(table);
    CommandCounterIncrement();
  });
}

}  // namespace strata::pg
