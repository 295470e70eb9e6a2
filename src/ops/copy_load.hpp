// Loading the copies of an online move: parts of the default's pages, each in a transaction and with a snapshot of its
// own, by the session and its helpers.
#pragma once

#include "ops/apply.hpp"
#include "ops/capture.hpp"
#include "ops/helper.hpp"

namespace strata::ops {

// What all parts have in common.
struct LoadOrder {
  Oid parent = InvalidOid;
  Oid source = InvalidOid;
  Oid log = InvalidOid;
  pg::KeyColumns key;
  std::vector<pg::RouteTarget> routes;
  std::string definition;  // of the set, as it must still be
};

// Of the set as the copies were made for it: differs when anything has changed that they depend on.
[[nodiscard]] std::string definition_of(Oid parent, Oid default_partition);

struct LoadProgress {
  std::uint32_t pages = 0;  // that all processes have done
  std::uint64_t rows = 0;
  std::uint32_t just_now = 0;                        // pages of the session's own last part
  std::chrono::steady_clock::time_point began = {};  // it
  bool over = false;                                 // no part is left to begin
};

// What the session does after each of its own parts: tells how far the load is, and waits where the set's policy wants
// it, with the helpers held. Deferred and Changed end the load.
using LoadPace = std::function<Attempt(const LoadProgress& progress, pg::Helpers& helpers)>;

class CopyLoad {
 public:
  CopyLoad(const ManagedSet& set, LoadOrder order, std::uint32_t pages, bool alone);
  // Goes on where the last call stopped.
  [[nodiscard]] Attempt run(const LockBudget& budget, const LoadPace& pace);

  [[nodiscard]] std::uint64_t rows() const noexcept { return done_.rows; }
  [[nodiscard]] pg::Checksum checksum() const noexcept { return done_.sum; }
  // A helper has died in the middle of a part: some of its rows are there for ever, and the copies of no use.
  [[nodiscard]] bool lost_helper() const noexcept { return lost_helper_; }

 private:
  struct Part {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
  };
  [[nodiscard]] std::uint32_t pages_at_once() const;
  [[nodiscard]] Attempt round(const LockBudget& budget, const LoadPace& pace);
  [[nodiscard]] Attempt load(std::size_t piece, const LockBudget& budget, pg::Helpers& helpers) const;
  [[nodiscard]] LoadProgress progress(std::size_t piece, const pg::Helpers& helpers) const;
  void collect(const pg::Helpers& helpers);

  const ManagedSet& set_;
  LoadOrder order_;
  bool alone_;
  std::vector<Part> left_;
  std::uint32_t pages_done_ = 0;
  pg::PieceResult done_;
  bool lost_helper_ = false;
};

// In the helper.
[[nodiscard]] pg::PieceResult help_to_load(pg::HelperSeat& seat, std::size_t piece, const pg::LockDeadline& deadline);

}  // namespace strata::ops
