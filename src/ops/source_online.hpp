// All rows of a large source into new partitions, while clients go on: as out of a default (ops/online_drain.hpp).
#pragma once

#include "ops/batches.hpp"
#include "ops/online_drain.hpp"
#include "ops/source_pass.hpp"
#include "ops/source_work.hpp"

namespace strata::ops::from_source {

// What it does not move is left to the other ways: rows whose partitions exist go there first, part by part, and so
// does, at the end, whatever has come to the source meanwhile.
class OnlineSource {
 public:
  OnlineSource(const Extension& extension, const SourceRequest& request, const Parent& source);
  // Nothing when there is no more for it to do.
  [[nodiscard]] std::optional<Batch> next();
  void give_up() noexcept;

 private:
  [[nodiscard]] std::optional<Batch> to_existing(const ManagedSet& set, const LockBudget& budget);
  [[nodiscard]] std::optional<Batch> begin(const ManagedSet& set, const LockBudget& budget);
  [[nodiscard]] Batch run(const LockBudget& budget);

  const Extension& extension_;
  DrainRequest request_;
  const SourceRequest& asked_;
  std::optional<SourcePass> existing_;
  std::unique_ptr<OnlineDrain> move_;
  bool over_ = false;
  int begun_ = 0;  // without end
  int deferred_ = 0;
};

}  // namespace strata::ops::from_source
