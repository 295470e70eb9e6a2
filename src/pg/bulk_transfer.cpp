#include "pg/bulk_transfer.hpp"

#include "pg/row_batch.hpp"

namespace strata::pg {

namespace {

constexpr int kRowsAtOnce = 1000;  // as COPY does

struct Mover {
  Relation from = nullptr;
  Relation to = nullptr;
  EState* state = nullptr;
  ResultRelInfo* result = nullptr;
  BulkInsertState bulk = nullptr;
  TupleTableSlot** slots = nullptr;
  RowBatch batch;
  ItemPointerData* places = nullptr;  // of the rows of the batch in `from`
  Datum* values = nullptr;
  bool* nulls = nullptr;
  MemoryContext memory = nullptr;
  MemoryContext scratch = nullptr;
  std::uint64_t moved = 0;
};

Relation open_heap(Oid table) {
  const Relation heap = table_open(table, NoLock);
  if (heap->rd_rel->relkind != RELKIND_RELATION || heap->rd_rel->relam != HEAP_TABLE_AM_OID ||
      IsCatalogRelation(heap) || RELATION_IS_OTHER_TEMP(heap))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is not a plain heap table", RelationGetRelationName(heap))));
  return heap;
}

void open(Mover& mover, Oid from, Oid to) {
  mover.memory = AllocSetContextCreate(CurrentMemoryContext, "pg_strata transfer", ALLOCSET_DEFAULT_SIZES);
  mover.scratch = AllocSetContextCreate(mover.memory, "pg_strata transfer, writing", ALLOCSET_DEFAULT_SIZES);
  const MemoryContext outside = MemoryContextSwitchTo(mover.memory);
  mover.from = open_heap(from);
  mover.to = open_heap(to);
  CheckCmdReplicaIdentity(mover.from, CMD_DELETE);
  mover.state = CreateExecutorState();
  mover.result = makeNode(ResultRelInfo);
  InitResultRelInfo(mover.result, mover.to, 0, nullptr, 0);
  ExecOpenIndices(mover.result, false);
  mover.bulk = GetBulkInsertState();
  mover.batch.make();
  mover.places = static_cast<ItemPointerData*>(palloc(sizeof(ItemPointerData) * RowBatch::kRows));
  const TupleDesc columns = CreateTupleDescCopy(RelationGetDescr(mover.to));
  mover.values = static_cast<Datum*>(palloc0(sizeof(Datum) * static_cast<Size>(columns->natts)));
  mover.nulls = static_cast<bool*>(palloc(sizeof(bool) * static_cast<Size>(columns->natts)));
  mover.slots = static_cast<TupleTableSlot**>(palloc(sizeof(TupleTableSlot*) * kRowsAtOnce));
  for (int n = 0; n < kRowsAtOnce; ++n) mover.slots[n] = MakeSingleTupleTableSlot(columns, &TTSOpsHeapTuple);
  MemoryContextSwitchTo(outside);
}

void check(Mover& mover, TupleTableSlot* slot) {
  slot->tts_tableOid = RelationGetRelid(mover.to);
  if (mover.to->rd_att->constr != nullptr) ExecConstraints(mover.result, slot, mover.state);
  if (mover.to->rd_rel->relispartition) ExecPartitionCheck(mover.result, slot, mover.state, true);
  ResetPerTupleExprContext(mover.state);
}

void add_to_indexes(Mover& mover, TupleTableSlot* slot) {
#if PG_VERSION_NUM >= 160000
  (void)ExecInsertIndexTuples(mover.result, slot, mover.state, false, false, nullptr, NIL, false);
#else
  (void)ExecInsertIndexTuples(mover.result, slot, mover.state, false, false, nullptr, NIL);
#endif
  ResetPerTupleExprContext(mover.state);
}

void write(Mover& mover, HeapTuple* rows, int count) {
  for (int n = 0; n < count; ++n) {
    ExecStoreHeapTuple(rows[n], mover.slots[n], false);
    check(mover, mover.slots[n]);
  }
  table_multi_insert(mover.to, mover.slots, count, GetCurrentCommandId(true), 0, mover.bulk);
  for (int n = 0; n < count; ++n) {
    if (mover.result->ri_NumIndices > 0) add_to_indexes(mover, mover.slots[n]);
    ExecClearTuple(mover.slots[n]);
  }
}

void flush(Mover& mover) {
  CHECK_FOR_INTERRUPTS();
  const MemoryContext outside = MemoryContextSwitchTo(mover.scratch);
  for (int done = 0; done < mover.batch.count; done += kRowsAtOnce)
    write(mover, mover.batch.rows + done, std::min(kRowsAtOnce, mover.batch.count - done));
  for (int n = 0; n < mover.batch.count; ++n) simple_heap_delete(mover.from, &mover.places[n]);
  MemoryContextSwitchTo(outside);
  MemoryContextReset(mover.scratch);
  mover.moved += static_cast<std::uint64_t>(mover.batch.count);
  mover.batch.clear();
}

// The query has no dropped columns, the table may have.
HeapTuple form(Mover& mover, TupleTableSlot* slot) {
  const TupleDesc columns = RelationGetDescr(mover.to);
  slot_getallattrs(slot);
  int given = 0;
  for (int n = 0; n < columns->natts; ++n) {
    const bool dropped = TupleDescAttr(columns, n)->attisdropped;
    mover.nulls[n] = dropped || slot->tts_isnull[given];
    if (dropped) continue;
    mover.values[n] = slot->tts_values[given++];
  }
  return heap_form_tuple(columns, mover.values, mover.nulls);
}

bool receive(void* context, TupleTableSlot* slot) {
  Mover& mover = *static_cast<Mover*>(context);
  const HeapTuple row = form(mover, slot);
  if (!mover.batch.has_room_for(row)) flush(mover);
  mover.places[mover.batch.count] =
      *reinterpret_cast<ItemPointer>(DatumGetPointer(slot->tts_values[slot->tts_tupleDescriptor->natts - 1]));
  mover.batch.add(row);
  heap_freetuple(row);
  return true;
}

void close(Mover& mover) {
  FreeBulkInsertState(mover.bulk);
  for (int n = 0; n < kRowsAtOnce; ++n) ExecDropSingleTupleTableSlot(mover.slots[n]);
  ExecCloseIndices(mover.result);
  FreeExecutorState(mover.state);
  table_finish_bulk_insert(mover.to, 0);
  table_close(mover.to, NoLock);
  table_close(mover.from, NoLock);
  MemoryContextDelete(mover.memory);
  CommandCounterIncrement();
}

}  // namespace

std::uint64_t bulk_transfer(Oid from, Oid to, const std::string& query) {
  Mover mover;
  guarded([&, text = query.c_str()] {
    open(mover, from, to);
    receive_rows(text, receive, &mover);
    flush(mover);
    close(mover);
  });
  return mover.moved;
}

}  // namespace strata::pg
