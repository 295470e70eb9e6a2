#include "pg/heap_file.hpp"

extern "C" {
#include "access/multixact.h"
#include "catalog/index.h"
#include "commands/cluster.h"
#include "commands/tablecmds.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
}

namespace strata::pg {

namespace {

constexpr BlockNumber kWorthWorkers = 32 * 1024 * 1024 / BLCKSZ;  // measured on two cores: between 20 and 70 MB

void new_empty_file(Relation table) {
#if PG_VERSION_NUM >= 160000
  RelationSetNewRelfilenumber(table, table->rd_rel->relpersistence);
#else
  RelationSetNewRelfilenode(table, table->rd_rel->relpersistence);
#endif
}

void reindex(Oid table, int flags) {
  ReindexParams parameters{};
#if PG_VERSION_NUM >= 170000
  (void)reindex_relation(nullptr, table, flags, &parameters);
#else
  (void)reindex_relation(table, flags, &parameters);
#endif
}

void require_exclusive(Relation heap) {
  if (!CheckRelationLockedByMe(heap, AccessExclusiveLock, false))
    elog(ERROR, "table \"%s\" is not locked for a new file", RelationGetRelationName(heap));
  CheckTableNotInUse(heap, "partition_data");
}

}  // namespace

bool changes_are_decoded() noexcept {
  return XLogLogicalInfoActive();
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
    require_exclusive(heap);
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
    reindex(table, REINDEX_REL_PROCESS_TOAST);
    CommandCounterIncrement();
  });
}

Oid new_heap_like(Oid table) {
  return guarded([table] {
    const Relation heap = table_open(table, NoLock);
    const Oid tablespace = heap->rd_rel->reltablespace;
    const char persistence = heap->rd_rel->relpersistence;
    table_close(heap, NoLock);
    const Oid made = make_new_heap(table, tablespace, HEAP_TABLE_AM_OID, persistence, ExclusiveLock);
    CommandCounterIncrement();
    return made;
  });
}

void replace_heap(Oid table, Oid replacement, std::uint64_t rows) {
  guarded([=] {
    const Relation heap = table_open(table, NoLock);
    require_exclusive(heap);
    const char persistence = heap->rd_rel->relpersistence;
    pgstat_count_truncate(heap);
    pgstat_count_heap_insert(heap, static_cast<PgStat_Counter>(rows));
    table_close(heap, NoLock);
    // Rows and chunks in the new files have our own transaction id or none.
    finish_heap_swap(table, replacement, false, false, false, true, RecentXmin, ReadNextMultiXactId(), persistence);
    CommandCounterIncrement();
  });
}

IndexBuildScope::IndexBuildScope(Oid heap) {
  const bool small = guarded([heap] {
    const Relation table = table_open(heap, AccessShareLock);  // what builds them takes more
    const BlockNumber pages = RelationGetNumberOfBlocks(table);
    table_close(table, NoLock);
    return pages < kWorthWorkers;
  });
  if (!small) return;
  settings_.emplace();
  set_local("max_parallel_maintenance_workers", "0");
}

void rebuild_indexes(Oid table) {
  const IndexBuildScope scope(table);
  guarded([table] {
    reindex(table, REINDEX_REL_CHECK_CONSTRAINTS);
    CommandCounterIncrement();
  });
}

}  // namespace strata::pg
