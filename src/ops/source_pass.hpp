// All rows of a source, part by part.
#pragma once

#include "ops/batches.hpp"
#include "ops/source_work.hpp"

namespace strata::ops::from_source {

// The procedure without a limit: some pages of the source at a time, whose rows go where they belong, in a transaction
// that takes about as long as the lock budget. So long whoever changes one of these rows waits for us, whether the rows
// of a partition lie together or not, and whether there is an index that finds them or not.
class SourcePass {
 public:
  // Whether partitions that are missing are made.
  enum class Reach : std::uint8_t { All, Existing };
  SourcePass(const Extension& extension, const SourceRequest& request, Reach reach = Reach::All)
      : extension_(extension), request_(request), reach_(reach) {}
  // As many parts as make a batch. No rows: what is left, if anything, has come meanwhile, or needs statements.
  [[nodiscard]] Batch next();

 private:
  static constexpr std::uint32_t kFirstPages = 128;
  struct Seen {
    std::vector<const core::Child*> filled;  // partitions with rows of this part
    std::vector<core::Range> missing;        // partitions that other rows need
  };
  [[nodiscard]] std::string condition(const Work& work) const;
  [[nodiscard]] Seen look(const Work& work) const;
  [[nodiscard]] Moved move_part(const LockBudget& budget);
  [[nodiscard]] Moved step(const LockBudget& budget);
  void keep_to(const LockBudget& budget);

  const Extension& extension_;
  const SourceRequest& request_;
  Reach reach_;
  bool over_ = false;
  bool is_partial_ = false;                        // rows of further partitions are left in the current part
  std::chrono::steady_clock::duration took_ = {};  // the last move
  std::uint32_t first_ = 0;
  std::uint32_t count_ = kFirstPages;
  std::optional<std::uint32_t> pages_;  // of the source when it began
};

// Whether a source may be read so.
[[nodiscard]] bool may_move_in_parts(const Work& work, const SourceRequest& request, const BatchLoop& loop);

}  // namespace strata::ops::from_source
