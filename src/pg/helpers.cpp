#include "pg/helpers.hpp"

extern "C" {
#include "port/atomics.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
}

namespace strata::pg {

namespace raw {

namespace {

// Texts, each with its final NUL, behind the pieces.
struct TextRange {
  std::uint32_t begin;
  std::uint32_t end;
};

struct Piece {
  pg_atomic_uint32 state;  // Helpers::State
  TextRange texts;
  PieceResult result;  // once it is done
};

}  // namespace

// The pieces follow.
struct WorkMemory {
  pg_atomic_uint32 next;
  pg_atomic_uint32 closed;  // nothing more is to be taken
  pg_atomic_uint32 held;    // nothing for the moment
  std::uint32_t count;
  HelperTerms terms;
  TextRange order;
};

// Plain data in TopMemoryContext: the server comes back for it when the session dies.
struct HelperHandles {
  WorkMemory* work;
  int count;
  BackgroundWorkerHandle* workers[FLEXIBLE_ARRAY_MEMBER];
};

namespace {

Piece* pieces_of(WorkMemory* work) noexcept {
  return reinterpret_cast<Piece*>(reinterpret_cast<char*>(work) + MAXALIGN(sizeof(WorkMemory)));
}

char* text_memory(WorkMemory* work) noexcept {
  return reinterpret_cast<char*>(pieces_of(work) + work->count);
}

std::size_t bytes_of(const Texts& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size() + 1;
  return bytes;
}

std::size_t bytes_of(const SharedWork& work) {
  std::size_t bytes = MAXALIGN(sizeof(WorkMemory)) + work.pieces.size() * sizeof(Piece) + bytes_of(work.order);
  for (const Texts& texts : work.pieces) bytes += bytes_of(texts);
  return bytes;
}

TextRange append(WorkMemory* memory, std::uint32_t& end, const Texts& texts) {
  const TextRange range{.begin = end, .end = end + static_cast<std::uint32_t>(bytes_of(texts))};
  for (const std::string& text : texts) {
    std::memcpy(text_memory(memory) + end, text.c_str(), text.size() + 1);
    end += static_cast<std::uint32_t>(text.size() + 1);
  }
  return range;
}

void lay_out(WorkMemory* memory, const SharedWork& work) {
  pg_atomic_init_u32(&memory->next, 0);
  pg_atomic_init_u32(&memory->closed, 0);
  pg_atomic_init_u32(&memory->held, 0);
  memory->count = static_cast<std::uint32_t>(work.pieces.size());
  memory->terms = work.terms;
  std::uint32_t end = 0;
  memory->order = append(memory, end, work.order);
  for (std::size_t n = 0; n < work.pieces.size(); ++n) {
    Piece& piece = pieces_of(memory)[n];
    pg_atomic_init_u32(&piece.state, static_cast<std::uint32_t>(Helpers::State::Open));
    piece.texts = append(memory, end, work.pieces[n]);
    piece.result = {};
  }
}

Texts read(WorkMemory* memory, const TextRange& range) {
  Texts texts;
  for (std::uint32_t at = range.begin; at < range.end; at += static_cast<std::uint32_t>(texts.back().size() + 1))
    texts.emplace_back(text_memory(memory) + at);
  return texts;
}

std::optional<std::size_t> take(WorkMemory* work) noexcept {
  if (pg_atomic_read_u32(&work->closed) != 0) return std::nullopt;
  const std::uint32_t piece = pg_atomic_fetch_add_u32(&work->next, 1);
  if (piece >= work->count) return std::nullopt;
  return piece;
}

Helpers::State state_of(WorkMemory* work, std::size_t piece) noexcept {
  return static_cast<Helpers::State>(pg_atomic_read_u32(&pieces_of(work)[piece].state));
}

void set_state(WorkMemory* work, std::size_t piece, Helpers::State state) noexcept {
  pg_write_barrier();
  pg_atomic_write_u32(&pieces_of(work)[piece].state, static_cast<std::uint32_t>(state));
}

// When the session lets go of the memory, in whatever way.
void end_helpers(dsm_segment* /*segment*/, Datum argument) {
  const auto* const handles = reinterpret_cast<HelperHandles*>(DatumGetPointer(argument));
  pg_atomic_write_u32(&handles->work->closed, 1);
  for (int n = 0; n < handles->count; ++n) TerminateBackgroundWorker(handles->workers[n]);
}

BgwHandleStatus status_of(BackgroundWorkerHandle* worker) noexcept {
  pid_t pid = 0;
  return GetBackgroundWorkerPid(worker, &pid);
}

HelperHandles* start_helpers(dsm_segment* segment, const WorkerRequest& request, int wanted) {
  dsm_pin_mapping(segment);
  const MemoryContext outside = MemoryContextSwitchTo(TopMemoryContext);
  auto* const handles = static_cast<HelperHandles*>(
      palloc0(offsetof(HelperHandles, workers) + sizeof(BackgroundWorkerHandle*) * static_cast<Size>(wanted)));
  handles->work = static_cast<WorkMemory*>(dsm_segment_address(segment));
  on_dsm_detach(segment, end_helpers, PointerGetDatum(handles));
  for (; handles->count < wanted; ++handles->count) {
    BackgroundWorkerHandle* const worker = start_worker(request);
    if (worker == nullptr) break;
    handles->workers[handles->count] = worker;
  }
  MemoryContextSwitchTo(outside);
  return handles;
}

}  // namespace

}  // namespace raw

// --- the session -----------------------------------------------------------------------------------------------------

namespace {

constexpr std::chrono::milliseconds kPartingWait{5000};
constexpr std::chrono::milliseconds kLook{100};

}  // namespace

MaintenanceLimits maintenance_limits() noexcept {
  return {.workers = max_parallel_maintenance_workers, .memory_kb = maintenance_work_mem};
}

Helpers::Helpers(const WorkerRequest& request, const SharedWork& work, int wanted) {
  const std::size_t bytes = raw::bytes_of(work);
  if (wanted > 0) segment_ = guarded([bytes] { return dsm_create(bytes, DSM_CREATE_NULL_IF_MAXSEGMENTS); });
  if (segment_ == nullptr) own_.resize(bytes / sizeof(std::max_align_t) + 1);
  work_ = static_cast<raw::WorkMemory*>(segment_ == nullptr ? own_.data() : dsm_segment_address(segment_));
  raw::lay_out(work_, work);
  if (segment_ == nullptr) return;
  const std::string argument = std::to_string(MyDatabaseId) + " " + std::to_string(dsm_segment_handle(segment_));
  WorkerRequest helper = request;
  helper.argument = argument.c_str();
  handles_ = guarded([&] { return raw::start_helpers(segment_, helper, wanted); });
}

bool Helpers::all_ended() const noexcept {
  for (int n = 0; n < started(); ++n)
    if (raw::status_of(handles_->workers[n]) != BGWH_STOPPED) return false;
  return true;
}

Helpers::~Helpers() {
  if (handles_ == nullptr) return;
  try {
    guarded([this] { dsm_detach(segment_); });
    const auto end = std::chrono::steady_clock::now() + kPartingWait;
    while (!all_ended() && std::chrono::steady_clock::now() < end) wait_for_event(kLook);
  } catch (...) {  // NOLINT(bugprone-empty-catch): they have been told to end
  }
  for (int n = 0; n < handles_->count; ++n) pfree(handles_->workers[n]);
  pfree(handles_);
}

int Helpers::started() const noexcept {
  return handles_ == nullptr ? 0 : handles_->count;
}

std::optional<std::size_t> Helpers::take() noexcept {
  return raw::take(work_);
}

void Helpers::done(std::size_t piece, const PieceResult& result) noexcept {
  raw::pieces_of(work_)[piece].result = result;
  raw::set_state(work_, piece, State::Done);
}

void Helpers::hold(bool held) noexcept {
  pg_atomic_write_u32(&work_->held, held ? 1 : 0);
}

void Helpers::wait(Take take) {
  if (take == Take::NoMore) pg_atomic_write_u32(&work_->closed, 1);
  for (int n = 0; n < started(); ++n)  // too late to be of use
    if (raw::status_of(handles_->workers[n]) == BGWH_NOT_YET_STARTED)
      guarded([&] { TerminateBackgroundWorker(handles_->workers[n]); });
  while (!all_ended()) wait_for_event(kLook);
}

Helpers::State Helpers::state(std::size_t piece) const noexcept {
  return raw::state_of(work_, piece);
}

PieceResult Helpers::result() const noexcept {
  PieceResult all;
  for (std::size_t n = 0; n < work_->count; ++n) {
    if (state(n) != State::Done) continue;
    pg_read_barrier();
    all.rows += raw::pieces_of(work_)[n].result.rows;
    all.sum += raw::pieces_of(work_)[n].result.sum;
  }
  return all;
}

// --- the helper ------------------------------------------------------------------------------------------------------

HelperSeat::HelperSeat() {
  const std::string argument = worker_argument();
  Oid database = InvalidOid;
  dsm_handle handle = 0;
  const char* const end = argument.data() + argument.size();
  const char* const from = std::from_chars(argument.data(), end, database).ptr;
  if (from < end) (void)std::from_chars(from + 1, end, handle);
  connect_worker(database);
  in_worker_transaction([&] {
    dsm_segment* const segment = guarded([handle] { return dsm_attach(handle); });
    if (segment == nullptr) return;
    guarded([segment] { dsm_pin_mapping(segment); });  // until the process ends
    work_ = static_cast<raw::WorkMemory*>(dsm_segment_address(segment));
  });
}

std::optional<std::size_t> HelperSeat::take() {
  if (work_ == nullptr) return std::nullopt;
  while (pg_atomic_read_u32(&work_->held) != 0 && pg_atomic_read_u32(&work_->closed) == 0) wait_for_event(kLook);
  return raw::take(work_);
}

const HelperTerms& HelperSeat::terms() const noexcept {
  return work_->terms;
}

Texts HelperSeat::order() const {
  return raw::read(work_, work_->order);
}

Texts HelperSeat::texts(std::size_t piece) const {
  return raw::read(work_, raw::pieces_of(work_)[piece].texts);
}

void HelperSeat::begun(std::size_t piece) noexcept {
  raw::set_state(work_, piece, Helpers::State::Begun);
}

void HelperSeat::done(std::size_t piece, const PieceResult& result) noexcept {
  raw::pieces_of(work_)[piece].result = result;
  raw::set_state(work_, piece, Helpers::State::Done);
}

}  // namespace strata::pg
