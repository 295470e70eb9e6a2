#include "pg/mover.hpp"

#include "pg/spi.hpp"

namespace strata::pg {

namespace {

constexpr long kBatch = 1000;

// The relation stays locked until the end of the transaction; on an error the abort closes it.
Relation open_heap(Oid table) {
  return guarded([table] {
    const Relation heap = table_open(table, NoLock);
    if (!CheckRelationLockedByMe(heap, ExclusiveLock, true))
      elog(ERROR, "table \"%s\" is not locked for the removal of rows", RelationGetRelationName(heap));
    if (heap->rd_rel->relkind != RELKIND_RELATION || heap->rd_rel->relam != HEAP_TABLE_AM_OID ||
        IsCatalogRelation(heap) || RELATION_IS_OTHER_TEMP(heap))
      ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                      errmsg("\"%s\" is not a plain heap table", RelationGetRelationName(heap))));
    CheckCmdReplicaIdentity(heap, CMD_DELETE);
    return heap;
  });
}

// The cursor reads with a snapshot that our deletions do not change.
std::uint64_t remove_batch(Relation heap, Portal cursor) {
  return guarded([=]() -> std::uint64_t {
    SPI_cursor_fetch(cursor, true, kBatch);
    SPITupleTable* const rows = SPI_tuptable;
    const std::uint64_t count = SPI_processed;
    for (std::uint64_t row = 0; row < count; ++row) {
      bool is_null = false;
      const Datum ctid = SPI_getbinval(rows->vals[row], rows->tupdesc, 1, &is_null);
      simple_heap_delete(heap, reinterpret_cast<ItemPointer>(DatumGetPointer(ctid)));
    }
    SPI_freetuptable(rows);
    return count;
  });
}

}  // namespace

std::uint64_t remove_rows(Oid table, const std::string& ctid_query) {
  const Relation heap = open_heap(table);
  const Portal cursor = open_row_cursor(ctid_query);
  std::uint64_t removed = 0;
  for (std::uint64_t batch = remove_batch(heap, cursor); batch > 0; batch = remove_batch(heap, cursor)) {
    removed += batch;
    check_interrupts();
  }
  guarded([=] {
    SPI_cursor_close(cursor);
    table_close(heap, NoLock);
    CommandCounterIncrement();
  });
  return removed;
}

}  // namespace strata::pg
