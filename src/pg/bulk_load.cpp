// A batch of rows is fetched, sorted by target, and each target's part of it written at once. 32 targets at most keep a
// buffer pinned between batches (truths 10); further ones find their last page again by themselves.
#include "pg/bulk_load.hpp"

extern "C" {
#include "catalog/index.h"
#include "commands/tablecmds.h"
#include "pgstat.h"
#include "utils/partcache.h"
}

namespace strata::pg {

namespace {

constexpr int kRowsAtOnce = 1000;  // as COPY does
constexpr int kPinned = 32;
constexpr std::size_t kBatchBytes = 8UL * 1024 * 1024;
constexpr long kFirstBatch = 1000;
constexpr long kMostRows = 20'000;
constexpr long kFewestRows = 100;

// Everything here is plain data of PostgreSQL's, good for guarded code; an error leaves it to the abort.
struct Target {
  Relation heap = nullptr;
  BulkInsertState bulk = nullptr;
  Datum lower = 0;
  Datum upper = 0;
  bool has_lower = false;
  bool has_upper = false;
  std::uint64_t loaded = 0;
};

struct Key {
  FmgrInfo* compare = nullptr;
  Oid collation = InvalidOid;
  Oid type = InvalidOid;
  bool is_list = false;
  AttrNumber column = 0;  // of the targets
};

namespace raw {

Datum input(Oid type, const char* text) {
  Oid function = InvalidOid;
  Oid parameter = InvalidOid;
  getTypeInputInfo(type, &function, &parameter);
  return OidInputFunctionCall(function, const_cast<char*>(text), parameter, -1);
}

int compare(const Key& key, Datum a, Datum b) {
  return DatumGetInt32(FunctionCall2Coll(key.compare, key.collation, a, b));
}

void open_target(Target& target, Oid table, int number, Visibility visibility) {
  target.heap = table_open(table, NoLock);
  if (target.heap->rd_rel->relkind != RELKIND_RELATION || target.heap->rd_rel->relam != HEAP_TABLE_AM_OID)
    elog(ERROR, "\"%s\" is not a plain heap table", RelationGetRelationName(target.heap));
  if (visibility == Visibility::Frozen && target.heap->rd_createSubid != GetCurrentSubTransactionId())
    elog(ERROR, "table \"%s\" is older than the current subtransaction", RelationGetRelationName(target.heap));
  if (number < kPinned) target.bulk = GetBulkInsertState();
}

void close_target(Target& target, int options) {
  if (target.bulk != nullptr) FreeBulkInsertState(target.bulk);
  table_finish_bulk_insert(target.heap, options);
  table_close(target.heap, NoLock);
}

// The last target that does not begin above the value, if the value lies in it.
int route(const Key& key, const Target* targets, int count, Datum value) {
  int low = 0;
  int high = count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (!targets[middle].has_lower || compare(key, targets[middle].lower, value) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  const int found = low - 1;
  if (found < 0) return -1;
  const Target& target = targets[found];
  if (key.is_list) return compare(key, target.lower, value) == 0 ? found : -1;
  return !target.has_upper || compare(key, value, target.upper) < 0 ? found : -1;
}

int route_row(const Key& key, const Target* targets, int count, HeapTuple row, TupleDesc columns) {
  bool is_null = true;
  const Datum value = heap_getattr(row, key.column, columns, &is_null);
  const int target = is_null ? -1 : route(key, targets, count, value);
  if (target < 0)
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a row belongs to none of the new partitions"),
                    errdetail("Nothing was changed."),
                    errhint("Check the source table's indexes with amcheck: its rows do not satisfy the condition they "
                            "were found by.")));
  return target;
}

// The rows become the slots', which free them.
void write(Target& target, TupleTableSlot** slots, HeapTuple* rows, int count, int options) {
  for (int done = 0; done < count; done += kRowsAtOnce) {
    const int part = std::min(kRowsAtOnce, count - done);
    for (int n = 0; n < part; ++n) ExecStoreHeapTuple(rows[done + n], slots[n], true);
    table_multi_insert(target.heap, slots, part, GetCurrentCommandId(true), options, target.bulk);
    for (int n = 0; n < part; ++n) ExecClearTuple(slots[n]);
  }
  target.loaded += static_cast<std::uint64_t>(count);
}

}  // namespace raw

class Loader {
 public:
  Loader(Oid parent, std::span<const RouteTarget> wanted, Visibility visibility);
  std::vector<std::uint64_t> run(const std::string& query);

 private:
  void open(std::span<const RouteTarget> wanted, Visibility visibility);
  long load(const SPITupleTable& table);
  void make_slots(TupleDesc columns);

  Relation parent_;
  MemoryContext scratch_ = nullptr;  // what writing a batch leaves behind
  Key key_;
  int options_;
  int count_;
  Target* targets_ = nullptr;
  TupleTableSlot** slots_ = nullptr;
  std::vector<int> homes_;       // target of each row of a batch
  std::vector<int> ends_;        // where each target's rows begin, then end, among the sorted ones
  std::vector<HeapTuple> rows_;  // sorted by target
};

Loader::Loader(Oid parent, std::span<const RouteTarget> wanted, Visibility visibility)
    : parent_(guarded([parent] { return table_open(parent, NoLock); })),
      options_(TABLE_INSERT_SKIP_FSM | (visibility == Visibility::Frozen ? TABLE_INSERT_FROZEN : 0)),
      count_(static_cast<int>(wanted.size())),
      ends_(wanted.size() + 1) {
  guarded([this] {
    const PartitionKey key = RelationGetPartitionKey(parent_);
    if (key == nullptr || key->partnatts != 1 || key->partattrs[0] == 0)
      elog(ERROR, "\"%s\" is not partitioned by one column", RelationGetRelationName(parent_));
    key_.compare = &key->partsupfunc[0];
    key_.collation = key->partcollation[0];
    key_.type = key->parttypid[0];
    key_.is_list = key->strategy == PARTITION_STRATEGY_LIST;
    scratch_ = AllocSetContextCreate(CurrentMemoryContext, "pg_strata bulk load", ALLOCSET_DEFAULT_SIZES);
    targets_ = static_cast<Target*>(palloc0(sizeof(Target) * static_cast<Size>(count_)));
  });
  open(wanted, visibility);
}

void Loader::open(std::span<const RouteTarget> wanted, Visibility visibility) {
  for (int n = 0; n < count_; ++n) {
    Target& target = targets_[n];
    const RouteTarget& want = wanted[static_cast<std::size_t>(n)];
    target.has_lower = want.lower.has_value();
    target.has_upper = want.upper.has_value();
    const Oid table = want.table;
    const char* const lower = want.lower ? want.lower->c_str() : nullptr;
    const char* const upper = want.upper ? want.upper->c_str() : nullptr;
    guarded([&, this] {
      raw::open_target(target, table, n, visibility);
      if (lower != nullptr) target.lower = raw::input(key_.type, lower);
      if (upper != nullptr) target.upper = raw::input(key_.type, upper);
    });
  }
  guarded([this] {
    const AttrNumber column = RelationGetPartitionKey(parent_)->partattrs[0];
    key_.column = get_attnum(RelationGetRelid(targets_[0].heap),
                             NameStr(TupleDescAttr(RelationGetDescr(parent_), column - 1)->attname));
  });
}

void Loader::make_slots(TupleDesc columns) {
  guarded([this, columns] {
    const TupleDesc kept = CreateTupleDescCopy(columns);
    slots_ = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kRowsAtOnce));
    for (int n = 0; n < kRowsAtOnce; ++n) slots_[n] = MakeSingleTupleTableSlot(kept, &TTSOpsHeapTuple);
  });
}

// Sorts the rows of a batch by target, keeping their order within each, and writes them. Gives their number.
long Loader::load(const SPITupleTable& table) {
  const auto count = static_cast<std::size_t>(table.numvals);
  if (slots_ == nullptr) make_slots(table.tupdesc);
  homes_.resize(count);
  rows_.resize(count);
  std::ranges::fill(ends_, 0);
  guarded([&, this] {
    for (std::size_t n = 0; n < count; ++n)
      homes_[n] = raw::route_row(key_, targets_, count_, table.vals[n], table.tupdesc);
  });
  for (const int home : homes_) ++ends_[static_cast<std::size_t>(home) + 1];
  for (std::size_t n = 1; n < ends_.size(); ++n) ends_[n] += ends_[n - 1];
  std::vector<int> next(ends_.begin(), ends_.end() - 1);
  for (std::size_t n = 0; n < count; ++n)
    rows_[static_cast<std::size_t>(next[static_cast<std::size_t>(homes_[n])]++)] = table.vals[n];
  guarded([this] {
    const MemoryContext outside = MemoryContextSwitchTo(scratch_);
    for (int n = 0; n < count_; ++n) {
      const int begin = ends_[static_cast<std::size_t>(n)];
      const int rows = ends_[static_cast<std::size_t>(n) + 1] - begin;
      if (rows > 0) raw::write(targets_[n], slots_, rows_.data() + begin, rows, options_);
    }
    MemoryContextSwitchTo(outside);
    MemoryContextReset(scratch_);
  });
  return static_cast<long>(count);
}

std::vector<std::uint64_t> Loader::run(const std::string& query) {
  const char* const text = query.c_str();
  const Portal cursor = guarded([text] {
    const Portal portal = SPI_cursor_open_with_args(nullptr, text, 0, nullptr, nullptr, nullptr, false, 0);
    if (portal == nullptr) elog(ERROR, "could not open cursor: %s", SPI_result_code_string(SPI_result));
    return portal;
  });
  for (long wanted = kFirstBatch;;) {
    guarded([=] { SPI_cursor_fetch(cursor, true, wanted); });
    SPITupleTable* const table = SPI_tuptable;
    if (table->numvals == 0) break;
    const auto bytes = static_cast<std::size_t>(MemoryContextMemAllocated(table->tuptabcxt, false));
    const long rows = load(*table);
    guarded([table] { SPI_freetuptable(table); });
    wanted = std::clamp(static_cast<long>(kBatchBytes / (bytes / static_cast<std::size_t>(rows) + 1)), kFewestRows,
                        kMostRows);
    check_interrupts();
  }
  guarded([this, cursor] {
    SPI_freetuptable(SPI_tuptable);
    SPI_cursor_close(cursor);
    for (int n = 0; n < count_; ++n) raw::close_target(targets_[n], options_);
    if (slots_ != nullptr) {
      for (int n = 0; n < kRowsAtOnce; ++n) ExecDropSingleTupleTableSlot(slots_[n]);
    }
    table_close(parent_, NoLock);
    MemoryContextDelete(scratch_);
    CommandCounterIncrement();
  });
  std::vector<std::uint64_t> loaded;
  for (int n = 0; n < count_; ++n) loaded.push_back(targets_[n].loaded);
  return loaded;
}

void new_empty_file(Relation table) {
#if PG_VERSION_NUM >= 160000
  RelationSetNewRelfilenumber(table, table->rd_rel->relpersistence);
#else
  RelationSetNewRelfilenode(table, table->rd_rel->relpersistence);
#endif
}

void build_empty_indexes(Oid table) {
  ReindexParams parameters{};
#if PG_VERSION_NUM >= 170000
  (void)reindex_relation(nullptr, table, REINDEX_REL_PROCESS_TOAST, &parameters);
#else
  (void)reindex_relation(table, REINDEX_REL_PROCESS_TOAST, &parameters);
#endif
}

}  // namespace

std::vector<std::uint64_t> bulk_load(Oid parent, std::span<const RouteTarget> targets, const std::string& query,
                                     Visibility visibility) {
  return Loader(parent, targets, visibility).run(query);
}

bool can_empty_heap(Oid table) {
  return guarded([table] {
    const Relation heap = table_open(table, NoLock);
    const bool plain = heap->rd_rel->relkind == RELKIND_RELATION && heap->rd_rel->relam == HEAP_TABLE_AM_OID;
    const bool idle = heap->rd_refcnt == 1 && !AfterTriggerPendingOnRel(table);
    table_close(heap, NoLock);
    return plain && idle && !XLogLogicalInfoActive();
  });
}

void empty_heap(Oid table) {
  guarded([table] {
    const Relation heap = table_open(table, NoLock);
    if (!CheckRelationLockedByMe(heap, AccessExclusiveLock, false))
      elog(ERROR, "table \"%s\" is not locked for being emptied", RelationGetRelationName(heap));
    CheckTableNotInUse(heap, "partition_data");
    const Oid toast = heap->rd_rel->reltoastrelid;
    new_empty_file(heap);
    if (OidIsValid(toast)) {
      const Relation chunks = table_open(toast, AccessExclusiveLock);
      new_empty_file(chunks);
      table_close(chunks, NoLock);
    }
    pgstat_count_truncate(heap);
    table_close(heap, NoLock);
    CommandCounterIncrement();
    build_empty_indexes(table);
    CommandCounterIncrement();
  });
}

}  // namespace strata::pg
