// Rows are collected in a batch, sorted by target, and each target's part of it is written at once. 32 targets at most
// keep a buffer pinned between batches (truths 10); further ones find their last page again by themselves.
#include "pg/bulk_load.hpp"

#include "pg/row_batch.hpp"

extern "C" {
#include "access/tupconvert.h"
}

namespace strata::pg {

namespace {

constexpr int kRowsAtOnce = 1000;  // as COPY does
constexpr int kPinned = 32;

// Everything here is plain data of PostgreSQL's, good for guarded code; an error leaves it to the abort.
struct Target {
  Relation heap = nullptr;
  BulkInsertState bulk = nullptr;
  std::uint64_t loaded = 0;
  Checksum sum = 0;  // of these
};

struct Loader {
  Router router;
  int options = 0;
  int count = 0;       // of targets
  bool rest = false;   // one more target behind them
  bool stray = false;  // a row had no place
  Target* targets = nullptr;
  RowBatch batch;
  TupleTableSlot** slots = nullptr;       // for rows of the targets
  TupleTableSlot** rest_slots = nullptr;  // for those of the rest
  MemoryContext memory = nullptr;         // of all this
  MemoryContext scratch = nullptr;        // what writing leaves behind
  AttrNumber key_column = 0;              // of the rows that come in
  Relation log = nullptr;                 // for the keys of rows that have no place
  KeyColumns logged = {};
};

namespace loading {

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

void write(Loader& loader, int number, int first, int count) {
  Target& target = loader.targets[number];
  TupleTableSlot** const slots = number < loader.count ? loader.slots : loader.rest_slots;
  for (int done = 0; done < count; done += kRowsAtOnce) {
    const int part = std::min(kRowsAtOnce, count - done);
    HeapTuple* const rows = loader.batch.sorted + first + done;
    for (int n = 0; n < part; ++n) {
      spoil(rows[n]);
      ExecStoreHeapTuple(rows[n], slots[n], false);
    }
    table_multi_insert(target.heap, slots, part, GetCurrentCommandId(true), loader.options, target.bulk);
    target.sum += check_arrived(target.heap, rows, loader.batch.sorted_sums + first + done, slots, part);
    for (int n = 0; n < part; ++n) ExecClearTuple(slots[n]);
  }
  target.loaded += static_cast<std::uint64_t>(count);
}

void flush(Loader& loader) {
  CHECK_FOR_INTERRUPTS();
  RowBatch& batch = loader.batch;
  batch.sort();
  const MemoryContext outside = MemoryContextSwitchTo(loader.scratch);
  int begin = 0;
  for (int n = 0; n < batch.targets; ++n) {
    if (batch.ends[n] > begin) write(loader, n, begin, batch.ends[n] - begin);
    begin = batch.ends[n];
  }
  MemoryContextSwitchTo(outside);
  MemoryContextReset(loader.scratch);
  batch.clear();
}

void take(Loader& loader, HeapTuple row, int home) {
  if (!loader.batch.has_room_for(row)) flush(loader);
  loader.batch.add(row, home);
}

int home_of(const Loader& loader, TupleTableSlot* slot) {
  bool is_null = true;
  const Datum value = slot_getattr(slot, loader.key_column, &is_null);
  const int home = is_null ? -1 : loader.router.route(value);
  return home < 0 && loader.rest ? loader.count : home;
}

TupleTableSlot** make_slots(Relation heap) {
  const TupleDesc columns = CreateTupleDescCopy(RelationGetDescr(heap));
  const auto slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kRowsAtOnce));
  for (int n = 0; n < kRowsAtOnce; ++n) slots[n] = MakeSingleTupleTableSlot(columns, &TTSOpsHeapTuple);
  return slots;
}

void drop_slots(TupleTableSlot** slots) {
  for (int n = 0; n < kRowsAtOnce; ++n) ExecDropSingleTupleTableSlot(slots[n]);
}

void finish(Loader& loader) {
  for (int n = 0; n < loader.count + (loader.rest ? 1 : 0); ++n) close_target(loader.targets[n], loader.options);
  drop_slots(loader.slots);
  if (loader.rest) drop_slots(loader.rest_slots);
  CommandCounterIncrement();
}

// --- from a query ---------------------------------------------------------------------------------------------------

bool receive(void* context, TupleTableSlot* slot) {
  Loader& loader = *static_cast<Loader*>(context);
  const int home = home_of(loader, slot);
  loader.stray = home < 0;
  if (loader.stray) return false;
  bool made = false;
  const HeapTuple row = ExecFetchSlotHeapTuple(slot, false, &made);
  take(loader, row, home);
  if (made) heap_freetuple(row);
  return true;
}

// --- from a heap ----------------------------------------------------------------------------------------------------

// How rows of the source become rows of the targets.
struct Layout {
  TupleDesc source = nullptr;
  TupleConversionMap* map = nullptr;  // to the targets; null when rows fit as they are
  Datum* values = nullptr;
  bool* nulls = nullptr;
};

Layout layout_of(const Loader& loader, Relation source) {
  Layout layout;
  layout.source = RelationGetDescr(source);
  layout.map = convert_tuples_by_name(layout.source, RelationGetDescr(loader.targets[0].heap));
  layout.values = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<Size>(layout.source->natts)));
  layout.nulls = static_cast<bool*>(palloc(sizeof(bool) * static_cast<Size>(layout.source->natts)));
  return layout;
}

// Rows that are older than the last added column lack it; its default must be written now.
bool is_short(const Layout& layout, HeapTuple row) {
  return HeapTupleHeaderGetNatts(row->t_data) < layout.source->natts;
}

HeapTuple fitted(Loader& loader, const Layout& layout, HeapTuple row, int home) {
  if (home < loader.count && layout.map != nullptr) return execute_attr_map_tuple(row, layout.map);
  if (!is_short(layout, row)) return row;
  heap_deform_tuple(row, layout.source, layout.values, layout.nulls);
  return heap_form_tuple(layout.source, layout.values, layout.nulls);
}

TableScanDesc begin_part(Relation heap, Snapshot snapshot, const HeapPart& part) {
  ItemPointerData first;
  ItemPointerData last;
  ItemPointerSet(&first, part.first, FirstOffsetNumber);
  ItemPointerSet(&last, part.end - 1, MaxOffsetNumber);
  return table_beginscan_tidrange(heap, snapshot, &first, &last);
}

bool next_row(TableScanDesc scan, TupleTableSlot* slot, bool is_part) {
  return is_part ? table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot)
                 : table_scan_getnextslot(scan, ForwardScanDirection, slot);
}

// The whole heap without a part.
void run_heap(Loader& loader, Oid source, const HeapPart* part) {
  const Relation heap = table_open(source, NoLock);
  const Layout layout = layout_of(loader, heap);
  loader.key_column = get_attnum(source, loader.router.column);
  TupleTableSlot* const slot = table_slot_create(heap, nullptr);
  const Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
  // From the first page on, so that rows keep their order.
  const TableScanDesc scan = part == nullptr ? table_beginscan_strat(heap, snapshot, 0, nullptr, true, false)
                                             : begin_part(heap, snapshot, *part);
  while (next_row(scan, slot, part != nullptr)) {
    const int home = home_of(loader, slot);
    if (home >= 0) {
      bool made = false;
      const HeapTuple row = ExecFetchSlotHeapTuple(slot, false, &made);
      const HeapTuple fit = fitted(loader, layout, row, home);
      take(loader, fit, home);
      if (fit != row) heap_freetuple(fit);
    } else if (loader.log != nullptr) {
      log_key(loader.log, slot, loader.logged);
    } else {
      loader.stray = true;
      break;
    }
  }
  table_endscan(scan);
  UnregisterSnapshot(snapshot);
  ExecDropSingleTupleTableSlot(slot);
  table_close(heap, NoLock);
}

}  // namespace loading

void open_targets(Loader& loader, const BulkLoad& load) {
  for (int n = 0; n < loader.count; ++n) {
    const Oid table = load.targets[static_cast<std::size_t>(n)].table;
    guarded([&] { loading::open_target(loader.targets[n], table, n, load.visibility); });
  }
  if (loader.rest)
    guarded([&] { loading::open_target(loader.targets[loader.count], load.rest, loader.count, load.visibility); });
}

void prepare(Loader& loader, const BulkLoad& load) {
  loader.count = static_cast<int>(load.targets.size());
  loader.rest = OidIsValid(load.rest);
  loader.options = TABLE_INSERT_SKIP_FSM | (load.visibility == Visibility::Frozen ? TABLE_INSERT_FROZEN : 0);
  guarded([&] {
    loader.memory = AllocSetContextCreate(CurrentMemoryContext, "pg_strata bulk load", ALLOCSET_DEFAULT_SIZES);
    loader.scratch = AllocSetContextCreate(loader.memory, "pg_strata bulk load, writing", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outside = MemoryContextSwitchTo(loader.memory);
    const int targets = loader.count + (loader.rest ? 1 : 0);
    loader.targets = static_cast<Target*>(palloc0(sizeof(Target) * static_cast<Size>(targets)));
    loader.batch.make(targets);
    MemoryContextSwitchTo(outside);
  });
  {
    const InMemory here(loader.memory);
    loader.router = make_router(load.parent, load.targets);
  }
  open_targets(loader, load);
  guarded([&] {
    const MemoryContext outside = MemoryContextSwitchTo(loader.memory);
    loader.key_column = get_attnum(RelationGetRelid(loader.targets[0].heap), loader.router.column);
    loader.slots = loading::make_slots(loader.targets[0].heap);
    if (loader.rest) loader.rest_slots = loading::make_slots(loader.targets[loader.count].heap);
    MemoryContextSwitchTo(outside);
  });
}

std::optional<BulkLoaded> finish(Loader& loader) {
  std::optional<BulkLoaded> loaded;
  if (!loader.stray) {
    guarded([&] { loading::flush(loader); });
    loaded.emplace();
    for (int n = 0; n < loader.count; ++n) {
      loaded->rows.push_back(loader.targets[n].loaded);
      loaded->sum += loader.targets[n].sum;
    }
    if (loader.rest) loaded->rest = loader.targets[loader.count].loaded;
  }
  guarded([&] {
    loading::finish(loader);
    MemoryContextDelete(loader.memory);
  });
  return loaded;
}

}  // namespace

std::optional<BulkLoaded> bulk_load_query(const BulkLoad& load, const std::string& query) {
  Loader loader;
  prepare(loader, load);
  guarded([&loader, text = query.c_str()] { receive_rows(text, loading::receive, &loader); });
  return finish(loader);
}

std::optional<BulkLoaded> bulk_load_heap(const BulkLoad& load, Oid source) {
  Loader loader;
  prepare(loader, load);
  guarded([&loader, source] { loading::run_heap(loader, source, nullptr); });
  return finish(loader);
}

BulkLoaded bulk_load_part(const BulkLoad& load, const HeapPart& part) {
  Loader loader;
  prepare(loader, load);
  loader.logged = part.key;
  guarded([&loader, &part] {
    loader.log = table_open(part.log, RowExclusiveLock);
    loading::run_heap(loader, part.source, &part);
    table_close(loader.log, NoLock);
  });
  return *finish(loader);
}

// --- single rows ----------------------------------------------------------------------------------------------------

namespace {

struct Copier {
  Relation source = nullptr;
  Relation target = nullptr;
  TupleTableSlot* slot = nullptr;
  BulkInsertState bulk = nullptr;
  std::uint64_t rows = 0;
};

bool copy_row(void* context, TupleTableSlot* ctid) {
  Copier& copier = *static_cast<Copier*>(context);
  bool is_null = true;
  const Datum value = slot_getattr(ctid, 1, &is_null);
  const auto tid = reinterpret_cast<ItemPointer>(DatumGetPointer(value));
  if (!table_tuple_fetch_row_version(copier.source, tid, GetActiveSnapshot(), copier.slot))
    elog(ERROR, "a row of table \"%s\" is gone while the table is locked", RelationGetRelationName(copier.source));
  slot_getallattrs(copier.slot);
  // Formed anew, so that no column is missing in it.
  const HeapTuple row =
      heap_form_tuple(RelationGetDescr(copier.target), copier.slot->tts_values, copier.slot->tts_isnull);
  const std::uint32_t sum = stored_sum(row);
  spoil(row);
  heap_insert(copier.target, row, GetCurrentCommandId(true), HEAP_INSERT_FROZEN | HEAP_INSERT_SKIP_FSM, copier.bulk);
  (void)check_arrived(copier.target, row, sum, &row->t_self);
  heap_freetuple(row);
  ExecClearTuple(copier.slot);
  ++copier.rows;
  return true;
}

struct Counter {
  Router router;
  std::uint64_t* counts = nullptr;
  char** keys = nullptr;  // of rows that belong nowhere
  int most = 0;
  int kept = 0;
  MemoryContext memory = nullptr;  // of the keys
};

void keep_key(Counter& counter, TupleTableSlot* slot, Datum key) {
  Oid output = InvalidOid;
  bool is_varlena = false;
  getTypeOutputInfo(TupleDescAttr(slot->tts_tupleDescriptor, 0)->atttypid, &output, &is_varlena);
  const MemoryContext outside = MemoryContextSwitchTo(counter.memory);
  counter.keys[counter.kept++] = OidOutputFunctionCall(output, key);
  MemoryContextSwitchTo(outside);
}

bool count_row(void* context, TupleTableSlot* slot) {
  Counter& counter = *static_cast<Counter*>(context);
  bool is_null = true;
  const Datum key = slot_getattr(slot, 1, &is_null);
  const int home = is_null ? -1 : counter.router.route(key);
  ++counter.counts[home < 0 ? counter.router.count : home];
  if (home < 0 && !is_null && counter.kept < counter.most) keep_key(counter, slot, key);
  return true;
}

}  // namespace

std::uint64_t bulk_copy_rows(Oid source, Oid target, const std::string& ctid_query) {
  Copier copier;
  guarded([&copier, source, target, query = ctid_query.c_str()] {
    copier.source = table_open(source, NoLock);
    copier.target = table_open(target, NoLock);
    if (copier.target->rd_createSubid != GetCurrentSubTransactionId())
      elog(ERROR, "table \"%s\" is older than the current subtransaction", RelationGetRelationName(copier.target));
    copier.slot = table_slot_create(copier.source, nullptr);
    copier.bulk = GetBulkInsertState();
    receive_rows(query, copy_row, &copier);
    FreeBulkInsertState(copier.bulk);
    ExecDropSingleTupleTableSlot(copier.slot);
    table_finish_bulk_insert(copier.target, HEAP_INSERT_FROZEN | HEAP_INSERT_SKIP_FSM);
    table_close(copier.target, NoLock);
    table_close(copier.source, NoLock);
    CommandCounterIncrement();
  });
  return copier.rows;
}

RoutedKeys route_keys(Oid parent, std::span<const RouteTarget> targets, const std::string& query, std::size_t most) {
  RoutedKeys routed;
  routed.counts.resize(targets.size() + 1);
  Counter counter{
      .router = make_router(parent, targets), .counts = routed.counts.data(), .most = static_cast<int>(most)};
  guarded([&counter, text = query.c_str()] {
    counter.memory = AllocSetContextCreate(CurrentMemoryContext, "pg_strata stray keys", ALLOCSET_DEFAULT_SIZES);
    counter.keys = static_cast<char**>(MemoryContextAlloc(counter.memory, sizeof(char*) * (1 + counter.most)));
    receive_rows(text, count_row, &counter);
  });
  for (int n = 0; n < counter.kept; ++n) routed.stray_keys.emplace_back(counter.keys[n]);
  guarded([&counter] { MemoryContextDelete(counter.memory); });
  routed.strays = routed.counts.back();
  routed.counts.pop_back();
  return routed;
}

std::vector<std::uint64_t> count_routes(Oid parent, std::span<const RouteTarget> targets, const std::string& query) {
  RoutedKeys routed = route_keys(parent, targets, query, 0);
  routed.counts.push_back(routed.strays);
  return std::move(routed.counts);
}

}  // namespace strata::pg
