// maintenance_run and maintenance_action: what a run did, why, and what stood in its way.
//
// Written as the owner of the books (see ledger.hpp), so that a maintainer needs no rights on them; before the first
// row is written the caller must have shown that he may note runs in part_config, so that others leave no trace.
//
// A procedure commits the run's row before anything else, and that of an action at the latest with what the action
// did. Its values are what the plan knows; of the caller's text only the name of the set, cut to the length of a name.
// The evidence of what is dropped (bounds, rows, bytes) is committed before the drop. A run without work costs two
// statements, whatever the number of sets. In a function everything lives in the caller's transaction.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

class History {
 public:
  History(const Extension& extension, Mode mode, std::optional<std::string> parent);

  // Raises 42501 for those who may not note runs in part_config.
  void begin();
  // Instead of begin and finish: another session is at it.
  void skip();
  // How many sets there are, and how many of them have something to do.
  void saw(std::size_t sets, std::size_t busy) noexcept;
  // How the run ended, and away with what is older than pg_strata.history_retention.
  void finish();

  // One action: the row is there before it begins.
  void begin_action(const ManagedSet& set, const PlannedAction& planned);
  // `waiting`: further actions of the set that a deferral puts off as well.
  void end_action(const Attempt& attempt, std::size_t waiting);
  // Rows in the default stand in the way of this one. For the first of a set: a run without end would fill the table.
  void blocked(const ManagedSet& set, const PlannedAction& planned);
  // The set could not be planned for want of a lock.
  void put_off(const std::string& parent, const std::string& blocked_by);
  // After the rollback of what failed: the action that was under way, or else the set as a whole.
  void failed(const std::string& parent, const pg::Raise& failure);

 private:
  struct Entry {
    std::string parent;
    std::string action;
    std::optional<std::string> partition;
    std::optional<std::string> lower;
    std::optional<std::string> upper;
    std::optional<std::int64_t> rows;
    std::optional<std::int64_t> bytes;
    std::optional<std::string> reason;
    std::string outcome;
    std::optional<Attempt> attempt;
    std::optional<std::string> sqlstate;
    std::optional<std::string> message;
    std::optional<std::string> hint;
    std::int64_t started_at = 0;
    std::chrono::steady_clock::time_point start;
    int ordinal = 0;
  };

  [[nodiscard]] Entry entry_of(const std::string& parent, const char* action, const char* outcome);
  [[nodiscard]] Entry entry_of(const ManagedSet& set, const PlannedAction& planned, const char* outcome);
  void write(const Entry& entry) const;
  void insert_run(const char* sql, const char* outcome);
  void purge() const;
  // What commits only such rows need not wait for the disk: a crash may take them back.
  void commit_lightly() const;

  const Extension& extension_;
  Mode mode_;
  std::optional<std::string> parent_;
  std::string id_;
  std::size_t sets_ = 0;
  std::size_t busy_ = 0;
  std::set<std::string> failed_;
  std::set<std::string> deferred_;
  std::optional<Entry> current_;
  int last_ordinal_ = 0;
};

}  // namespace strata::ops
