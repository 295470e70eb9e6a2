#include "pg/children.hpp"

extern "C" {
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "storage/bufmgr.h"
}

namespace strata::pg {

namespace {

// --- what is kept ----------------------------------------------------------------------------------------------------

// Whatever changes a row of pg_class invalidates the relation, and attaching or detaching a partition its parent, too:
// in this session with the next command, and again when it is rolled back; in others once the change is committed.
// Never destroyed: the session's end frees it.
class KeptRows {
 public:
  static KeptRows& get() {
    static auto* const kept = new KeptRows;
    if (!kept->registered_) guarded([] { CacheRegisterRelcacheCallback(&relation_changed, PointerGetDatum(kept)); });
    kept->registered_ = true;
    return *kept;
  }

  // How many changes of any relation this session has heard of.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

  // Rows of these parents, all of them up to date; nothing otherwise. Not for an old snapshot.
  [[nodiscard]] std::shared_ptr<const ChildRows> find(std::span<const Oid> parents) const {
    const bool same = std::ranges::equal(parents_, parents);
    return same && !IsolationUsesXactSnapshot() ? rows_ : nullptr;
  }

  // Unless something has changed since that count, which came before the snapshot.
  void keep(std::span<const Oid> parents, std::shared_ptr<const ChildRows> rows, std::uint64_t changes) {
    if (changes != changes_ || rows->size() > kMost || IsolationUsesXactSnapshot()) return;
    parents_.assign(parents.begin(), parents.end());
    relations_ = parents_;
    for (const ChildRow& row : *rows) relations_.push_back(row.oid);
    std::ranges::sort(relations_);
    rows_ = std::move(rows);
  }

 private:
  static constexpr std::size_t kMost = 10'000;  // some 200 bytes each

  // InvalidOid: any may have. Called at any time by the server, so nothing in it can raise.
  static void relation_changed(Datum argument, Oid relation) noexcept {
    KeptRows& kept = *reinterpret_cast<KeptRows*>(DatumGetPointer(argument));
    ++kept.changes_;
    if (!OidIsValid(relation) || std::ranges::binary_search(kept.relations_, relation)) kept.rows_.reset();
  }

  bool registered_ = false;
  std::uint64_t changes_ = 0;
  std::vector<Oid> parents_;
  std::vector<Oid> relations_;  // parents and partitions
  std::shared_ptr<const ChildRows> rows_;
};

// --- reading ---------------------------------------------------------------------------------------------------------

class ChildScan {
 public:
  explicit ChildScan(std::span<const Oid> parents);
  ChildScan(const ChildScan&) = delete;
  ChildScan& operator=(const ChildScan&) = delete;
  ~ChildScan();
  [[nodiscard]] ChildRows run();

 private:
  struct Link {
    Oid child;
    Oid parent;
    bool detach_pending;
  };
  void read_links(std::span<const Oid> parents);
  void read_whole();
  void read_each();
  void take(HeapTuple tuple, const Link& link);

  int exceptions_;
  Snapshot snapshot_ = nullptr;
  Relation classes_ = nullptr;
  TableScanDesc whole_ = nullptr;  // over all of pg_class, or
  SysScanDesc one_ = nullptr;      // for the current partition
  std::vector<Link> links_;        // by child
  BoundReader bounds_;
  ChildRows rows_;
};

ChildScan::ChildScan(std::span<const Oid> parents) : exceptions_(std::uncaught_exceptions()) {
  snapshot_ = guarded([] { return RegisterSnapshot(GetTransactionSnapshot()); });
  read_links(parents);
  classes_ = guarded([] { return table_open(RelationRelationId, AccessShareLock); });
}

// While an error unwinds, the abort that follows lets go of everything.
ChildScan::~ChildScan() {
  if (std::uncaught_exceptions() > exceptions_) return;
  if (whole_ != nullptr) table_endscan(whole_);
  if (one_ != nullptr) systable_endscan(one_);
  table_close(classes_, AccessShareLock);
  UnregisterSnapshot(snapshot_);
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

const FormData_pg_class* row_of(HeapTuple tuple) {
  return reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple));
}

// A look by OID costs about as much as reading a page that lies in memory.
ChildRows ChildScan::run() {
  rows_.reserve(links_.size());
  if (guarded([this] { return links_.size() > RelationGetNumberOfBlocks(classes_); }))
    read_whole();
  else
    read_each();
  return std::move(rows_);
}

void ChildScan::read_whole() {
  whole_ = guarded([this] { return table_beginscan_strat(classes_, snapshot_, 0, nullptr, true, false); });
  for (;;) {
    const HeapTuple tuple = guarded([this]() -> HeapTuple {
      for (;;) {
        const HeapTuple next = heap_getnext(whole_, ForwardScanDirection);
        if (!HeapTupleIsValid(next) || row_of(next)->relispartition) return next;
      }
    });
    if (!HeapTupleIsValid(tuple)) return;
    const auto link = std::ranges::lower_bound(links_, row_of(tuple)->oid, {}, &Link::child);
    if (link != links_.end() && link->child == row_of(tuple)->oid) take(tuple, *link);
  }
}

void ChildScan::read_each() {
  for (const Link& link : links_) {
    const HeapTuple tuple = guarded([this, &link] {
      if (one_ != nullptr) systable_endscan(one_);
      ScanKeyData key;
      ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(link.child));
      one_ = systable_beginscan(classes_, ClassOidIndexId, true, snapshot_, 1, &key);
      return systable_getnext(one_);
    });
    if (HeapTupleIsValid(tuple) && row_of(tuple)->relispartition) take(tuple, link);
  }
}

// A text where it is stored, or its copy where it is compressed or out of line.
std::string_view text_of(Datum value, char*& copy) {
  const char* const stored = DatumGetPointer(value);
  if (VARATT_IS_SHORT(stored)) return {VARDATA_SHORT(stored), VARSIZE_SHORT(stored) - VARHDRSZ_SHORT};
  if (!VARATT_IS_EXTENDED(stored)) return {VARDATA(stored), VARSIZE(stored) - VARHDRSZ};
  copy = guarded([value] { return TextDatumGetCString(value); });
  return copy;
}

// By the bytes of the array, without taking it apart: few tables have options at all.
bool sets_autovacuum(HeapTuple tuple, TupleDesc columns) {
  bool is_null = true;
  const Datum options = heap_getattr(tuple, Anum_pg_class_reloptions, columns, &is_null);
  if (is_null) return false;
  const char* const stored = DatumGetPointer(options);
  if (VARATT_IS_COMPRESSED(stored) || VARATT_IS_EXTERNAL(stored)) return true;
  return std::string_view(stored, VARSIZE_ANY(stored)).find("autovacuum_enabled") != std::string_view::npos;
}

void ChildScan::take(HeapTuple tuple, const Link& link) {
  const FormData_pg_class* const row = row_of(tuple);
  bool is_null = true;
  const Datum bound = heap_getattr(tuple, Anum_pg_class_relpartbound, RelationGetDescr(classes_), &is_null);
  char* copy = nullptr;
  const std::string_view text = is_null ? std::string_view() : text_of(bound, copy);
  rows_.push_back({.parent = link.parent,
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
                   .replica_identity = row->relreplident,
                   .row_security = row->relrowsecurity,
                   .sets_autovacuum = sets_autovacuum(tuple, RelationGetDescr(classes_)),
                   .bound = bounds_.read(text)});
  if (copy != nullptr) pfree(copy);
}

}  // namespace

std::shared_ptr<const ChildRows> read_child_rows(std::span<const Oid> parents) {
  // What this transaction has changed so far counts, as it does for a statement.
  guarded([] {
    CommandCounterIncrement();
    AcceptInvalidationMessages();
  });
  KeptRows& kept = KeptRows::get();
  if (std::shared_ptr<const ChildRows> rows = kept.find(parents)) return rows;
  const std::uint64_t changes = kept.changes();
  auto rows = std::make_shared<const ChildRows>(ChildScan(parents).run());
  kept.keep(parents, rows, changes);
  return rows;
}

std::string schema_name(Oid schema) {
  const char* const name = guarded([=] { return static_cast<const char*>(get_namespace_name(schema)); });
  return name != nullptr ? name : "";
}

}  // namespace strata::pg
