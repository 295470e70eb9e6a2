#include "pg/bulk_transfer.hpp"

#include "pg/heap_file.hpp"
#include "pg/row_batch.hpp"

extern "C" {
#include "storage/bufmgr.h"
}

namespace strata::pg {

namespace {

constexpr int kRowsAtOnce = 1000;  // as COPY does
constexpr int kPinned = 32;        // as COPY does (truths 10)

struct Target {
  Relation heap = nullptr;
  ResultRelInfo* result = nullptr;
  BulkInsertState bulk = nullptr;
  TupleDesc columns = nullptr;
  TupleTableSlot** slots = nullptr;  // made when they are needed: of many targets each gets few rows at once
  int slots_made = 0;
  int* sources = nullptr;  // of each column: where the query has it, -1 for a dropped one
  bool is_new = false;     // made by this transaction, and empty: its indexes are built afterwards
};

struct Mover {
  Relation from = nullptr;
  Router router;
  bool routes = false;
  int key = 0;  // where the query has it
  int count = 0;
  Target* targets = nullptr;
  EState* state = nullptr;
  RowBatch batch;
  ItemPointerData* places = nullptr;  // of the rows of the batch in `from`
  Datum* values = nullptr;
  bool* nulls = nullptr;
  MemoryContext memory = nullptr;
  MemoryContext scratch = nullptr;
  BulkTransferred done;
};

Relation open_heap(Oid table) {
  const Relation heap = table_open(table, RowExclusiveLock);
  if (heap->rd_rel->relkind != RELKIND_RELATION || heap->rd_rel->relam != HEAP_TABLE_AM_OID ||
      IsCatalogRelation(heap) || RELATION_IS_OTHER_TEMP(heap))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is not a plain heap table", RelationGetRelationName(heap))));
  return heap;
}

void open_target(Target& target, Oid table, int number) {
  target.heap = open_heap(table);
  target.is_new = target.heap->rd_createSubid != InvalidSubTransactionId && RelationGetNumberOfBlocks(target.heap) == 0;
  target.result = makeNode(ResultRelInfo);
  InitResultRelInfo(target.result, target.heap, 0, nullptr, 0);
  ExecOpenIndices(target.result, false);
  if (number < kPinned) target.bulk = GetBulkInsertState();
  target.columns = CreateTupleDescCopy(RelationGetDescr(target.heap));
  target.slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kRowsAtOnce));
}

void make_slots(const Mover& mover, Target& target, int count) {
  const MemoryContext outside = MemoryContextSwitchTo(mover.memory);
  for (; target.slots_made < count; ++target.slots_made)
    target.slots[target.slots_made] = MakeSingleTupleTableSlot(target.columns, &TTSOpsHeapTuple);
  MemoryContextSwitchTo(outside);
}

void open(Mover& mover, Oid from) {
  mover.from = open_heap(from);
  CheckCmdReplicaIdentity(mover.from, CMD_DELETE);
  mover.scratch = AllocSetContextCreate(mover.memory, "pg_strata transfer, writing", ALLOCSET_DEFAULT_SIZES);
  mover.state = CreateExecutorState();
  mover.targets = static_cast<Target*>(palloc0(sizeof(Target) * static_cast<Size>(mover.count)));
  mover.batch.make(mover.count);
  mover.places = static_cast<ItemPointerData*>(palloc(sizeof(ItemPointerData) * RowBatch::kRows));
  mover.values = static_cast<Datum*>(palloc0(sizeof(Datum) * MaxHeapAttributeNumber));
  mover.nulls = static_cast<bool*>(palloc(sizeof(bool) * MaxHeapAttributeNumber));
}

// --- writing ---------------------------------------------------------------------------------------------------------

void check(Mover& mover, Target& target, TupleTableSlot* slot) {
  slot->tts_tableOid = RelationGetRelid(target.heap);
  if (target.heap->rd_att->constr != nullptr) ExecConstraints(target.result, slot, mover.state);
  if (target.heap->rd_rel->relispartition) ExecPartitionCheck(target.result, slot, mover.state, true);
  ResetPerTupleExprContext(mover.state);
}

void add_to_indexes(Mover& mover, Target& target, TupleTableSlot* slot) {
#if PG_VERSION_NUM >= 160000
  (void)ExecInsertIndexTuples(target.result, slot, mover.state, false, false, nullptr, NIL, false);
#else
  (void)ExecInsertIndexTuples(target.result, slot, mover.state, false, false, nullptr, NIL);
#endif
  ResetPerTupleExprContext(mover.state);
}

void write(Mover& mover, Target& target, int first, int count) {
  HeapTuple* const rows = mover.batch.sorted + first;
  make_slots(mover, target, count);
  for (int n = 0; n < count; ++n) {
    spoil(rows[n]);
    ExecStoreHeapTuple(rows[n], target.slots[n], false);
    check(mover, target, target.slots[n]);
  }
  table_multi_insert(target.heap, target.slots, count, GetCurrentCommandId(true), 0, target.bulk);
  mover.done.sum += check_arrived(target.heap, rows, mover.batch.sorted_sums + first, target.slots, count);
  for (int n = 0; n < count; ++n) {
    if (target.result->ri_NumIndices > 0 && !target.is_new) add_to_indexes(mover, target, target.slots[n]);
    ExecClearTuple(target.slots[n]);
  }
}

// False when somebody has changed the row since it was read: it stays, in its new version.
bool remove(Mover& mover, ItemPointer place) {
  TM_FailureData failure;
  const TM_Result result =
      heap_delete(mover.from, place, GetCurrentCommandId(true), InvalidSnapshot, true, &failure, false);
  if (result == TM_Ok) return true;
  if (IsolationUsesXactSnapshot())
    ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                    errmsg("could not serialize access due to concurrent update")));
  if (result != TM_Updated && result != TM_Deleted) elog(ERROR, "a row to move has changed in this transaction");
  return false;
}

// First out, then in: what is not ours to take must not arrive.
void remove_all(Mover& mover) {
  for (int n = 0; n < mover.batch.count; ++n) {
    if (remove(mover, &mover.places[n])) {
      ++mover.done.rows;
    } else {
      mover.batch.homes[n] = RowBatch::kNowhere;
      ++mover.done.changed;
    }
  }
}

void flush(Mover& mover) {
  CHECK_FOR_INTERRUPTS();
  const MemoryContext outside = MemoryContextSwitchTo(mover.scratch);
  remove_all(mover);
  mover.batch.sort();
  int done = 0;
  for (int n = 0; n < mover.count; ++n) {
    for (int part = 0; done < mover.batch.ends[n]; done += part) {
      part = std::min(kRowsAtOnce, mover.batch.ends[n] - done);
      write(mover, mover.targets[n], done, part);
    }
  }
  MemoryContextSwitchTo(outside);
  MemoryContextReset(mover.scratch);
  mover.batch.clear();
}

// --- reading ---------------------------------------------------------------------------------------------------------

int find_column(TupleDesc columns, const char* name) {
  for (int n = 0; n < columns->natts - 1; ++n)
    if (strcmp(NameStr(TupleDescAttr(columns, n)->attname), name) == 0) return n;
  elog(ERROR, "the rows to move have no column \"%s\"", name);
}

void map_columns(Mover& mover, TupleDesc query) {
  const MemoryContext outside = MemoryContextSwitchTo(mover.memory);
  for (int t = 0; t < mover.count; ++t) {
    const TupleDesc columns = RelationGetDescr(mover.targets[t].heap);
    mover.targets[t].sources = static_cast<int*>(palloc(sizeof(int) * static_cast<Size>(columns->natts)));
    for (int n = 0; n < columns->natts; ++n) {
      const Form_pg_attribute column = TupleDescAttr(columns, n);
      mover.targets[t].sources[n] = column->attisdropped ? -1 : find_column(query, NameStr(column->attname));
    }
  }
  if (mover.routes) mover.key = find_column(query, mover.router.column);
  MemoryContextSwitchTo(outside);
}

HeapTuple form(Mover& mover, const Target& target, TupleTableSlot* slot) {
  const TupleDesc columns = RelationGetDescr(target.heap);
  for (int n = 0; n < columns->natts; ++n) {
    const int source = target.sources[n];
    mover.nulls[n] = source < 0 || slot->tts_isnull[source];
    if (source >= 0) mover.values[n] = slot->tts_values[source];
  }
  return heap_form_tuple(columns, mover.values, mover.nulls);
}

bool receive(void* context, TupleTableSlot* slot) {
  Mover& mover = *static_cast<Mover*>(context);
  if (mover.targets[0].sources == nullptr) map_columns(mover, slot->tts_tupleDescriptor);
  slot_getallattrs(slot);
  int home = 0;
  if (mover.routes) home = slot->tts_isnull[mover.key] ? -1 : mover.router.route(slot->tts_values[mover.key]);
  if (home < 0) return true;
  const HeapTuple row = form(mover, mover.targets[home], slot);
  if (!mover.batch.has_room_for(row)) flush(mover);
  mover.places[mover.batch.count] =
      *reinterpret_cast<ItemPointer>(DatumGetPointer(slot->tts_values[slot->tts_tupleDescriptor->natts - 1]));
  mover.batch.add(row, home);
  heap_freetuple(row);
  return true;
}

void close(Mover& mover) {
  for (int t = 0; t < mover.count; ++t) {
    Target& target = mover.targets[t];
    if (target.bulk != nullptr) FreeBulkInsertState(target.bulk);
    for (int n = 0; n < target.slots_made; ++n) ExecDropSingleTupleTableSlot(target.slots[n]);
    ExecCloseIndices(target.result);
    table_finish_bulk_insert(target.heap, 0);
    table_close(target.heap, NoLock);
  }
  FreeExecutorState(mover.state);
  table_close(mover.from, NoLock);
  MemoryContextDelete(mover.memory);
  CommandCounterIncrement();
}

}  // namespace

BulkTransferred bulk_transfer(const BulkTransfer& transfer, const std::string& query) {
  Mover mover;
  mover.count = static_cast<int>(transfer.to.size());
  mover.routes = OidIsValid(transfer.parent);
  mover.memory =
      guarded([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_strata transfer", ALLOCSET_DEFAULT_SIZES); });
  {
    const InMemory here(mover.memory);
    if (mover.routes) mover.router = make_router(transfer.parent, transfer.to);
    guarded([&] { open(mover, transfer.from); });
    for (int n = 0; n < mover.count; ++n)
      guarded([&, table = transfer.to[static_cast<std::size_t>(n)].table] { open_target(mover.targets[n], table, n); });
  }
  std::vector<bool> is_new;
  for (int n = 0; n < mover.count; ++n) is_new.push_back(mover.targets[n].is_new);
  guarded([&, text = query.c_str()] {
    receive_rows(text, receive, &mover);
    flush(mover);
    close(mover);
  });
  for (int n = 0; n < mover.count; ++n) {
    if (is_new[static_cast<std::size_t>(n)]) rebuild_indexes(transfer.to[static_cast<std::size_t>(n)].table);
  }
  return mover.done;
}

}  // namespace strata::pg
