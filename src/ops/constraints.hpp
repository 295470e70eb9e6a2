// Extra constraints: CHECK (column >= min AND column <= max) on partitions that no longer change, so that the planner
// can leave them out for conditions on other columns than the key (contract 8.4).
//
// The bounds of a constraint are read and the constraint added NOT VALID in one transaction, under SHARE ROW EXCLUSIVE
// on the partition (writers wait, readers do not) and, for the moment of adding, ACCESS EXCLUSIVE. It is validated in a
// step of its own, which needs SHARE UPDATE EXCLUSIVE only. In a function both steps hold their locks to the end of the
// caller's transaction; in a procedure each commits.
#pragma once

#include "ops/apply.hpp"
#include "ops/child.hpp"

namespace strata::ops {

enum class Analyze : std::uint8_t { No, Yes };

// The partition that a creation makes old enough: optimize_constraint + 1 places below the highest with rows. Empty
// when there is none, or when it has all its constraints. Call outside any OwnerScope: the configuration is the
// caller's to read.
[[nodiscard]] std::optional<core::Child> constraint_target(const Extension& extension, const ManagedSet& set);

// Adds what is missing on one partition of the set. Call outside any OwnerScope.
[[nodiscard]] Attempt constrain_partition(const Extension& extension, const ManagedSet& set, const core::Child& child,
                                          Mode mode);

// What creations outside maintenance end with. Nothing when the set has no constraint_cols; locks that cannot be had
// put it off with a NOTICE, as the creation itself is done.
void constrain_after_creation(const Extension& extension, const std::string& parent, Mode mode);

// apply_constraints: the partition named, in the schema of the parent, or the one old enough. Does nothing where there
// is nothing to do: set not configured, no constraint_cols, no such partition.
void apply_constraints(const Extension& extension, const std::string& parent, const std::optional<std::string>& child,
                       Analyze analyze);

// drop_constraints: the constraints of the configured columns on the partition named.
enum class Statements : std::uint8_t { Silent, Shown };
void drop_constraints(const Extension& extension, const std::string& parent, const std::string& child,
                      Statements statements);

// reapply_constraints_proc: from the oldest partition up to optimize_constraint places below the highest with rows.
struct ReapplyRequest {
  std::string parent;
  bool drop = false;
  bool apply = false;
  bool dry_run = false;
  Analyze analyze = Analyze::Yes;
  int wait_seconds = 0;
};
void reapply_constraints(const Extension& extension, const ReapplyRequest& request);

}  // namespace strata::ops
