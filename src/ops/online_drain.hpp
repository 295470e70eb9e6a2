// The drain of a default too large to keep its writers waiting: rows are copied while clients go on, in transactions of
// their own, and switched in at the end. Who is locked out, in the order of the steps:
//
//   capture    SHARE ROW EXCLUSIVE on the default for CREATE TRIGGER, which waits for its writers once. From its commit
//              on the log tells of every change (ops/capture.hpp).
//   load       ACCESS SHARE on the default: nobody. The rows go into committed free-standing partitions, a part of the
//              pages at a time, each with a snapshot of its own, then the indexes are built; background workers help
//              with both. part_move names those tables: a later call drops what an interrupted one has left (truths
//              13).
//   catch up   nobody, until little is left to do and no snapshot is older than what has been done.
//   switch     EXCLUSIVE on the parent and on the default as session locks, over two commits: the last round, and then,
//              with ACCESS EXCLUSIVE, a new file for the default and ATTACH. All under one deadline.
//
// Snapshots. The rows of the copies are there, for every snapshot, from the commit of the last round on. The switch
// makes them visible in the set and takes them out of the default in one commit, so whoever has a snapshot that is
// younger than the last round that had anything to do sees each row once, before and after it. The older ones are
// waited for: without a lock for as long as the tries of the call allow; with writers locked out only where rows were
// changed since. What was loaded in bulk is frozen, so that also a session that waits for our lock with an older
// snapshot (it cannot be waited for) and standby servers see all of it; they may miss or see the older version of a row
// that was changed between the last two rounds.
//
// An error, a cancel or a crash at any point before the switch leaves the set as it was.
#pragma once

#include "ops/copy_load.hpp"
#include "ops/drain.hpp"
#include "ops/drain_move.hpp"
#include "pg/snapshots.hpp"

namespace strata::ops {

// Whether moving all rows of the default in one transaction would keep its writers waiting longer than they should.
[[nodiscard]] bool takes_longer_than(const ManagedSet& set, const LockBudget& budget);

class OnlineDrain {
 public:
  // No move where it cannot be done so (no key, a publication, more than a few rows that would stay): then there is an
  // obstacle, the end of "because ...". Nor where it need not, because copying takes no longer than the lock budget
  // allows. Outside any OwnerScope, in a call that may commit. `first`: tells why not.
  struct Beginning {
    Attempt attempt;  // to look at the default
    std::unique_ptr<OnlineDrain> move;
    std::string obstacle;
  };
  [[nodiscard]] static Beginning begin(const Extension& extension, const DrainRequest& request,
                                       const LockBudget& budget, bool first);
  struct Result {
    Attempt attempt;
    std::uint64_t rows = 0;
    int partitions = 0;
  };
  // Goes on from where the last try stopped. Deferred: the switch did not get its locks, the copies are kept and the
  // next call tries again. Changed: the set is not what it was, everything was cleaned up.
  [[nodiscard]] Result run();
  // It was Changed because a background worker that helped has died: the next one must do without.
  // Or because the partitions that were made want more of their rows than the table they come from.
  [[nodiscard]] bool is_unfit() const noexcept { return is_unfit_; }
  [[nodiscard]] bool lost_helper() const noexcept { return load_ && load_->lost_helper(); }
  // Drops the copies. Never raises; what it cannot do now is done by the next call.
  void give_up() noexcept;

 private:
  OnlineDrain(const Extension& extension, const DrainRequest& request, const LockBudget& budget, ManagedSet set,
              CaptureKey key);
  enum class Step : std::uint8_t { Capture, Plan, Load, Index, Switch, Done };
  [[nodiscard]] Attempt start_capture();
  [[nodiscard]] Attempt plan_and_make();
  [[nodiscard]] Attempt load();
  [[nodiscard]] Attempt after_part(const LoadProgress& progress, pg::Helpers& helpers);
  [[nodiscard]] Attempt keep_pace(const LoadProgress& progress, pg::Helpers& helpers);
  [[nodiscard]] std::string reason_to_pause() const;
  [[nodiscard]] static double indexed_rows(Oid table);
  void require_arrived(double arrived, std::uint64_t removed) const;
  [[nodiscard]] Attempt index();
  [[nodiscard]] Attempt catch_up_while_open();
  [[nodiscard]] Attempt one_round(const LockBudget& budget, std::uint64_t& keys);
  [[nodiscard]] Attempt wait_for_older(std::int64_t milliseconds);
  [[nodiscard]] Attempt switch_over();
  void exchange(const pg::LockDeadline& deadline);
  [[nodiscard]] bool is_unchanged() const;
  void tell(const char* phase);
  template <class F>
  [[nodiscard]] Attempt act(const LockBudget& budget, F&& action);

  Extension extension_;
  DrainRequest request_;
  LockBudget budget_;
  ManagedSet set_;
  CaptureKey key_;
  Step step_ = Step::Capture;
  Move move_;
  Capture capture_;
  std::vector<Copy> copies_;
  std::map<std::string, LoadedHeap> heaps_;
  std::string definition_;                 // of the set when it was planned
  std::vector<pg::SnapshotHolder> older_;  // than the last commit that changed a copy
  std::uint64_t rows_ = 0;                 // in the copies
  pg::Checksum checksum_ = 0;              // of those that were loaded
  std::optional<CopyLoad> load_;
  std::chrono::steady_clock::time_point told_ = {};  // progress
  bool paused_ = false;                              // somebody was told
  bool is_unfit_ = false;
};

// Drops working tables and triggers of a move that was interrupted; takes ACCESS EXCLUSIVE on the default for it.
enum class Leftovers : std::uint8_t { None, Cleared, Running, Locked };
[[nodiscard]] Leftovers clear_leftovers(const Extension& extension, const ManagedSet& set, Mode mode);
// For calls that take rows out of the default by themselves, or the default away: 55006 while a move runs.
[[noreturn]] void raise_being_moved(const ManagedSet& set, std::int32_t pid);
void require_no_move(const Extension& extension, const ManagedSet& set, Mode mode);

}  // namespace strata::ops
