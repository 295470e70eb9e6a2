// One move of rows into new partitions as a value, and the pieces that carry it out: shared by the drain in one
// transaction (ops/drain.cpp) and the one in many (ops/online_drain.cpp).
#pragma once

#include "ops/create.hpp"
#include "ops/drain_cells.hpp"
#include "ops/drain_load.hpp"

namespace strata::ops {

struct Target : Landing {
  ChildStatements statements;
  std::string check;  // lets ATTACH believe the rows without reading them
};

// By whom and how partitions are made: asked for before anything runs as the owner.
struct Makers {
  const Extension& extension;
  Oid creator = InvalidOid;
  std::optional<SubConfig> sub = {};
};

struct Move {
  ManagedSet set;
  ChildRecipe recipe;
  std::vector<Target> targets;
  std::string columns;
  bool all_columns = true;                // none is ignored
  std::optional<std::string> far = {};    // the newest key that is left behind
  std::vector<std::string> foreign_keys;  // ALTER TABLE %child% ... without its beginning
};

// Inside an OwnerScope.
[[nodiscard]] Move plan_move(ManagedSet set, const CellRequest& cells, std::span<const std::string> ignored,
                             const Makers& makers);
[[nodiscard]] std::vector<core::Range> ranges_of(const Move& move);
[[nodiscard]] std::vector<Landing> landings_of(const Move& move);

// Tables to lock before rows may be moved, in order, with the weakest mode that keeps writers of the set out. The
// parent too: a writer that already holds its lock there and waits for the default's would deadlock the upgrade.
struct TableLock {
  Oid table = InvalidOid;
  LOCKMODE mode = NoLock;
};
[[nodiscard]] std::vector<TableLock> locks_against_writers(const Move& move);
// False when one of them is gone.
[[nodiscard]] bool lock_tables(std::span<const TableLock> locks, const pg::LockDeadline& deadline);
// ACCESS EXCLUSIVE for the switch. Referenced tables too: where ATTACH finds the child's foreign key in place it drops
// the triggers that the key had there on its own, which takes ACCESS EXCLUSIVE. The alternative, ATTACH making the key,
// reads the whole child.
[[nodiscard]] bool lock_against_readers(const Move& move, const pg::LockDeadline& deadline);

// What the plan was made for is still so: same parent under the same name and owner, same default, cells free.
[[nodiscard]] bool still_as_planned(const Move& move);
// Nobody has taken the names of its partitions since: another session may be moving rows of the same set.
[[nodiscard]] bool names_are_free(const Move& move);

// Makes the free-standing partition. Outside any OwnerScope.
void build(const Makers& makers, const Move& move, const Target& target);
// What ATTACH would otherwise do or leave undone under its lock (truths 14, 31). While the rows are still in the
// default, so that a set that refers to itself finds them.
void finish_load(const Move& move, const Target& target);
void attach_all(const Move& move, Way way);

}  // namespace strata::ops
