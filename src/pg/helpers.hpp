// Background workers that take part in a session's work. The work lies in shared memory as numbered pieces, a few texts
// each; every process takes the next one that nobody has taken. What a helper has not done, because it failed, was
// ended or never came, is left to the session, which then meets the error itself. Helpers go when the session ends, is
// cancelled, or dies.
#pragma once

#include "pg/row_check.hpp"
#include "pg/worker.hpp"

struct dsm_segment;

namespace strata::pg {

using Texts = std::vector<std::string>;

// What every process keeps to.
struct HelperTerms {
  Oid user = InvalidOid;  // whose work it is
  int lock_timeout_ms = 0;
  std::int64_t memory_kb = 0;  // maintenance_work_mem
};

// What a piece has come to, added up over all that are done.
struct PieceResult {
  std::uint64_t rows = 0;
  Checksum sum = 0;
};

struct SharedWork {
  HelperTerms terms;
  Texts order = {};  // what is to be done with each piece
  std::vector<Texts> pieces = {};
};

namespace raw {
struct WorkMemory;
struct HelperHandles;
}  // namespace raw

// What the session may use of the machine for one piece of maintenance.
struct MaintenanceLimits {
  int workers = 0;             // max_parallel_maintenance_workers
  std::int64_t memory_kb = 0;  // maintenance_work_mem
};
[[nodiscard]] MaintenanceLimits maintenance_limits() noexcept;

// In the session. Lives over commits.
class Helpers {
 public:
  // Asks for so many; fewer come where there are no slots, and none is no error.
  Helpers(const WorkerRequest& request, const SharedWork& work, int wanted);
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  ~Helpers();  // ends those that are left, in the middle of their pieces, and waits for that a while
  [[nodiscard]] int started() const noexcept;
  // The next piece, for the session itself; what it has done.
  [[nodiscard]] std::optional<std::size_t> take() noexcept;
  void done(std::size_t piece, const PieceResult& result = {}) noexcept;
  // While it holds them, helpers finish the piece they are at and take no other.
  void hold(bool held) noexcept;
  // Until all helpers have ended. Those that work finish their pieces; with Take::NoMore they take no others.
  enum class Take : std::uint8_t { All, NoMore };
  void wait(Take take);

  enum class State : std::uint8_t { Open, Begun, Done };
  [[nodiscard]] State state(std::size_t piece) const noexcept;
  [[nodiscard]] PieceResult result() const noexcept;

 private:
  [[nodiscard]] bool all_ended() const noexcept;
  std::vector<std::max_align_t> own_;  // memory where there are no helpers
  dsm_segment* segment_ = nullptr;     // or shared memory
  raw::WorkMemory* work_ = nullptr;    // in either
  raw::HelperHandles* handles_ = nullptr;
};

// In the helper.
class HelperSeat {
 public:
  // Opens the session and finds the work; there is none when whoever wanted help has gone.
  HelperSeat();
  // Nothing when there is no more, or no more is wanted.
  [[nodiscard]] std::optional<std::size_t> take();
  [[nodiscard]] const HelperTerms& terms() const noexcept;
  [[nodiscard]] Texts order() const;
  [[nodiscard]] Texts texts(std::size_t piece) const;
  // From here on it cannot be done once more.
  void begun(std::size_t piece) noexcept;
  void done(std::size_t piece, const PieceResult& result = {}) noexcept;

 private:
  raw::WorkMemory* work_ = nullptr;
};

}  // namespace strata::pg
