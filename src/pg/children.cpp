#include "pg/children.hpp"

extern "C" {
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "storage/bufmgr.h"
}

namespace strata::pg {

ChildScan::ChildScan(std::span<const Oid> parents) : exceptions_(std::uncaught_exceptions()) {
  // What this transaction has changed so far counts, as it does for a statement.
  snapshot_ = guarded([] {
    CommandCounterIncrement();
    return RegisterSnapshot(GetTransactionSnapshot());
  });
  read_links(parents);
  classes_ = guarded([] { return table_open(RelationRelationId, AccessShareLock); });
  // A look by OID costs about as much as reading a page that lies in memory.
  whole_ = guarded([this] { return links_.size() > RelationGetNumberOfBlocks(classes_); });
  if (whole_)
    scan_ = guarded([this] { return systable_beginscan(classes_, InvalidOid, false, snapshot_, 0, nullptr); });
}

// While an error unwinds, the abort that follows lets go of everything.
ChildScan::~ChildScan() {
  if (std::uncaught_exceptions() > exceptions_) return;
  if (scan_ != nullptr) systable_endscan(scan_);
  table_close(classes_, AccessShareLock);
  UnregisterSnapshot(snapshot_);
  if (copy_ != nullptr) pfree(copy_);
}

void ChildScan::read_links(std::span<const Oid> parents) {
  const Relation inherits = guarded([] { return table_open(InheritsRelationId, AccessShareLock); });
  for (const Oid parent : parents) {
    const SysScanDesc scan = guarded([=, this] {
      ScanKeyData key;
      ScanKeyInit(&key, Anum_pg_inherits_inhparent, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(parent));
      return systable_beginscan(inherits, InheritsParentIndexId, true, snapshot_, 1, &key);
    });
    for (;;) {
      const HeapTuple tuple = guarded([scan] { return systable_getnext(scan); });
      if (!HeapTupleIsValid(tuple)) break;
      const auto* const link = reinterpret_cast<const FormData_pg_inherits*>(GETSTRUCT(tuple));
      links_.push_back({.child = link->inhrelid, .parent = parent, .detach_pending = link->inhdetachpending});
    }
    guarded([scan] { systable_endscan(scan); });
  }
  guarded([inherits] { table_close(inherits, AccessShareLock); });
  std::ranges::sort(links_, {}, &Link::child);
}

bool ChildScan::find_in_scan() {
  for (;;) {
    tuple_ = guarded([this]() -> HeapTuple {
      for (;;) {
        const HeapTuple tuple = systable_getnext(scan_);
        if (!HeapTupleIsValid(tuple)) return nullptr;
        if (reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple))->relispartition) return tuple;
      }
    });
    if (!HeapTupleIsValid(tuple_)) return false;
    const Oid oid = reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple_))->oid;
    const auto link = std::ranges::lower_bound(links_, oid, {}, &Link::child);
    if (link == links_.end() || link->child != oid) continue;
    take(*link);
    return true;
  }
}

bool ChildScan::find_in_order() {
  while (place_ < links_.size()) {
    const Link& link = links_[place_++];
    tuple_ = guarded([this, &link] {
      if (scan_ != nullptr) systable_endscan(scan_);
      ScanKeyData key;
      ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(link.child));
      scan_ = systable_beginscan(classes_, ClassOidIndexId, true, snapshot_, 1, &key);
      return systable_getnext(scan_);
    });
    if (!HeapTupleIsValid(tuple_)) continue;
    if (!reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple_))->relispartition) continue;
    take(link);
    return true;
  }
  return false;
}

namespace {

// A text where it is stored, or its copy where it is compressed or out of line.
std::string_view text_of(Datum value, char*& copy) {
  const char* const stored = DatumGetPointer(value);
  if (VARATT_IS_SHORT(stored)) return {VARDATA_SHORT(stored), VARSIZE_SHORT(stored) - VARHDRSZ_SHORT};
  if (!VARATT_IS_EXTENDED(stored)) return {VARDATA(stored), VARSIZE(stored) - VARHDRSZ};
  copy = guarded([value] { return TextDatumGetCString(value); });
  return copy;
}

}  // namespace

void ChildScan::take(const Link& link) {
  const auto* const row = reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple_));
  row_ = {.parent = link.parent,
          .detach_pending = link.detach_pending,
          .oid = row->oid,
          .schema = row->relnamespace,
          .name = NameStr(row->relname),
          .kind = row->relkind,
          .persistence = row->relpersistence,
          .owner = row->relowner,
          .tuples = row->reltuples,
          .tablespace = row->reltablespace,
          .filenode = row->relfilenode,
          .access_method = row->relam,
          .bound = {}};
  bool is_null = true;
  const Datum bound = heap_getattr(tuple_, Anum_pg_class_relpartbound, RelationGetDescr(classes_), &is_null);
  if (copy_ != nullptr) pfree(std::exchange(copy_, nullptr));
  if (!is_null) row_.bound = text_of(bound, copy_);
}

const ChildRow* ChildScan::next() {
  return (whole_ ? find_in_scan() : find_in_order()) ? &row_ : nullptr;
}

std::string schema_name(Oid schema) {
  const char* const name = guarded([=] { return static_cast<const char*>(get_namespace_name(schema)); });
  return name != nullptr ? name : "";
}

}  // namespace strata::pg
