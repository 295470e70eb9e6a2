// Copies of rows, one behind the other in one piece of memory, to be sorted by where they go. Plain data for guarded
// code.
#pragma once

#include "pg/row_check.hpp"

namespace strata::pg {

struct RowBatch {
  static constexpr Size kBytes = Size{8} * 1024 * 1024;
  static constexpr int kRows = 40'000;
  static constexpr int kNowhere = -1;

  char* bytes = nullptr;
  Size used = 0;
  int count = 0;
  int targets = 0;
  HeapTuple* rows = nullptr;
  int* homes = nullptr;                  // target of each row, or kNowhere
  std::uint32_t* sums = nullptr;         // of each row, when it came
  HeapTuple* sorted = nullptr;           // by target, in the order in which they came
  std::uint32_t* sorted_sums = nullptr;  // of these
  int* ends = nullptr;                   // where those of each target end among the sorted ones

  // In the current memory context.
  void make(int number_of_targets) {
    targets = number_of_targets;
    bytes = static_cast<char*>(palloc(kBytes));
    rows = static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * kRows));
    homes = static_cast<int*>(palloc(sizeof(int) * kRows));
    sums = static_cast<std::uint32_t*>(palloc(sizeof(std::uint32_t) * kRows));
    sorted = static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * kRows));
    sorted_sums = static_cast<std::uint32_t*>(palloc(sizeof(std::uint32_t) * kRows));
    ends = static_cast<int*>(palloc(sizeof(int) * static_cast<Size>(targets + 1)));
  }

  // Long values are in a TOAST table still, so that rows are about as small as those of a heap.
  [[nodiscard]] static Size size_of(HeapTuple row) {
    const Size size = MAXALIGN(HEAPTUPLESIZE + row->t_len);
    if (size > kBytes) elog(ERROR, "a row of %zu bytes is too large to be moved", size);
    return size;
  }

  [[nodiscard]] bool has_room_for(HeapTuple row) const { return count < kRows && used + size_of(row) <= kBytes; }

  void add(HeapTuple row, int home) {
    const auto copy = reinterpret_cast<HeapTuple>(bytes + used);
    used += size_of(row);
    *copy = *row;
    copy->t_data = reinterpret_cast<HeapTupleHeader>(reinterpret_cast<char*>(copy) + HEAPTUPLESIZE);
    memcpy(copy->t_data, row->t_data, row->t_len);
    sums[count] = stored_sum(row);
    homes[count] = home;
    rows[count++] = copy;
  }

  void sort() {
    std::fill_n(ends, targets + 1, 0);
    for (int n = 0; n < count; ++n)
      if (homes[n] != kNowhere) ++ends[homes[n] + 1];
    for (int n = 1; n <= targets; ++n) ends[n] += ends[n - 1];
    for (int n = 0; n < count; ++n) {
      if (homes[n] == kNowhere) continue;
      const int place = ends[homes[n]]++;  // moves each beginning on to the end
      sorted[place] = rows[n];
      sorted_sums[place] = sums[n];
    }
  }

  void clear() {
    used = 0;
    count = 0;
  }
};

// Allocates in this context until its end, also by way of an exception. Outside of guarded code.
class InMemory {
 public:
  explicit InMemory(MemoryContext context) : outside_(MemoryContextSwitchTo(context)) {}
  InMemory(const InMemory&) = delete;
  InMemory& operator=(const InMemory&) = delete;
  ~InMemory() { MemoryContextSwitchTo(outside_); }

 private:
  MemoryContext outside_;
};

// What a query's executor hands each row to; runs inside guarded code. False ends the query.
struct RowReceiver {
  DestReceiver base;
  bool (*take)(void* context, TupleTableSlot* slot);
  void* context;
};

// The rows of a query, as they are produced. In guarded code. Never by a parallel plan: what is done to the rows is not
// allowed while one runs, and they would come without the names of their columns.
inline void receive_rows(const char* query, bool (*take)(void*, TupleTableSlot*), void* context) {
  RowReceiver receiver{};
  receiver.base.receiveSlot = [](TupleTableSlot* slot, DestReceiver* self) {
    const auto receiver = reinterpret_cast<RowReceiver*>(self);
    return receiver->take(receiver->context, slot);
  };
  receiver.base.rStartup = [](DestReceiver*, int, TupleDesc) {};
  receiver.base.rShutdown = [](DestReceiver*) {};
  receiver.base.rDestroy = [](DestReceiver*) {};
  receiver.base.mydest = DestNone;
  receiver.take = take;
  receiver.context = context;
  SPIExecuteOptions options{};
  options.dest = &receiver.base;
  const SPIPlanPtr plan = SPI_prepare_cursor(query, 0, nullptr, 0);
  const int result = plan == nullptr ? SPI_result : SPI_execute_plan_extended(plan, &options);
  if (result < 0) elog(ERROR, "could not read the rows to move: %s", SPI_result_code_string(result));
  SPI_freeplan(plan);
}

}  // namespace strata::pg
