#include "pg/row_check.hpp"

extern "C" {
#include "access/heaptoast.h"
#include "common/hashfn.h"
#include "port/pg_crc32c.h"
#include "storage/bufmgr.h"
#include "utils/datum.h"
#include "utils/guc.h"
}

namespace strata::pg {

namespace {

// The same test as the heap's own for what it takes to pieces.
bool is_stored_as_is(HeapTuple row) {
  return !HeapTupleHasExternal(row) && row->t_len <= TOAST_TUPLE_THRESHOLD;
}

std::uint32_t sum_of_bytes(HeapTuple row) {
  const HeapTupleHeader header = row->t_data;
  const int columns = HeapTupleHeaderGetNatts(header);
  pg_crc32c sum;
  INIT_CRC32C(sum);
  COMP_CRC32C(sum, &columns, sizeof(columns));
  if (HeapTupleHasNulls(row)) COMP_CRC32C(sum, header->t_bits, static_cast<Size>(BITMAPLEN(columns)));
  COMP_CRC32C(sum, reinterpret_cast<const char*>(header) + header->t_hoff, row->t_len - header->t_hoff);
  FIN_CRC32C(sum);
  return sum;
}

std::uint32_t sum_of_values(TupleDesc columns, HeapTuple row) {
  const auto count = static_cast<Size>(columns->natts);
  const auto values = static_cast<Datum*>(palloc(sizeof(Datum) * count));
  const auto nulls = static_cast<bool*>(palloc(sizeof(bool) * count));
  heap_deform_tuple(row, columns, values, nulls);
  std::uint32_t sum = 0;
  for (int n = 0; n < columns->natts; ++n) {
    const FormData_pg_attribute* const column = TupleDescAttr(columns, n);
    const std::uint32_t of_value =
        nulls[n] || column->attisdropped ? 0 : datum_image_hash(values[n], column->attbyval, column->attlen);
    sum = hash_combine(sum, of_value);
  }
  pfree(values);
  pfree(nulls);
  return sum;
}

// One page of the heap after the other. A pin is enough: only we can have changed rows that only we can see, and nobody
// moves them about in a page that is pinned.
struct Reader {
  Relation heap = nullptr;
  Buffer page = InvalidBuffer;
};

HeapTupleData read(Reader& reader, ItemPointer place) {
  const BlockNumber block = ItemPointerGetBlockNumber(place);
  if (!BufferIsValid(reader.page) || BufferGetBlockNumber(reader.page) != block) {
    if (BufferIsValid(reader.page)) ReleaseBuffer(reader.page);
    reader.page = ReadBuffer(reader.heap, block);
  }
  const Page page = BufferGetPage(reader.page);
  const ItemId item = PageGetItemId(page, ItemPointerGetOffsetNumber(place));
  HeapTupleData row{};
  row.t_self = *place;
  row.t_tableOid = RelationGetRelid(reader.heap);
  row.t_len = ItemIdGetLength(item);
  row.t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, item));
  return row;
}

[[noreturn]] void raise_differs(Relation heap, ItemPointer place) {
  ereport(ERROR,
          (errcode(ERRCODE_DATA_CORRUPTED),
           errmsg("a row that was moved to \"%s\" differs from what was read", RelationGetRelationName(heap)),
           errdetail("It was written to place (%u,%u). The batch was rolled back.", ItemPointerGetBlockNumber(place),
                     ItemPointerGetOffsetNumber(place)),
           errhint("Check the memory of this machine, and the source of the rows with amcheck."), errtable(heap)));
}

Checksum check_one(Reader& reader, HeapTuple row, std::uint32_t sum, ItemPointer place) {
  HeapTupleData arrived = read(reader, place);
  const bool as_is = is_stored_as_is(row);
  const TupleDesc columns = RelationGetDescr(reader.heap);
  const std::uint32_t left = as_is ? sum : sum_of_values(columns, row);
  if (left != (as_is ? sum_of_bytes(&arrived) : sum_of_values(columns, &arrived))) raise_differs(reader.heap, place);
  return left;
}

}  // namespace

std::uint32_t stored_sum(HeapTuple row) {
  return is_stored_as_is(row) ? sum_of_bytes(row) : 0;
}

Checksum check_arrived(Relation heap, HeapTuple* rows, const std::uint32_t* sums, TupleTableSlot** slots, int count) {
  Reader reader{.heap = heap};
  Checksum sum = 0;
  for (int n = 0; n < count; ++n) sum += check_one(reader, rows[n], sums[n], &slots[n]->tts_tid);
  if (BufferIsValid(reader.page)) ReleaseBuffer(reader.page);
  return sum;
}

Checksum check_arrived(Relation heap, HeapTuple row, std::uint32_t sum, ItemPointer place) {
  Reader reader{.heap = heap};
  const Checksum checked = check_one(reader, row, sum, place);
  ReleaseBuffer(reader.page);
  return checked;
}

#ifdef STRATA_TESTING
void spoil(HeapTuple row) {
  const char* const setting = GetConfigOption("strata_testing.spoil", true, false);
  if (setting == nullptr || strcmp(setting, "on") != 0) return;
  reinterpret_cast<char*>(row->t_data)[row->t_data->t_hoff] ^= 1;
}
#endif

}  // namespace strata::pg
