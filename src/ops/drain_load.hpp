// The middle of a drain: rows out of the default into free-standing partitions, in one pass where that is right.
#pragma once

#include "ops/child.hpp"

namespace strata::ops {

// How rows get into their partition and out of the default. Copy and Swap are the two legal pairs of truths 2.
enum class Way : std::uint8_t {
  Statements,  // INSERT ... SELECT for each partition, then deletion of the old versions at heap level
  Copy,        // one pass below the executor with indexes built afterwards, then the same deletion
  Swap,        // that pass with frozen rows, then a new empty file for the default: only when nothing is left in it
};

struct Landing {
  core::Range range;
  ChildName name;
};

struct Load {
  Way way = Way::Statements;
  std::vector<std::uint64_t> rows;  // of each landing
};

// Loads the rows of the default into the landings, which are locked, empty and have their indexes; `columns` are all
// columns of the parent. Nothing when only Statements will do: columns that are computed, constraints that were never
// validated, another access method. Call inside an OwnerScope with the default locked EXCLUSIVE.
[[nodiscard]] std::optional<Load> bulk_load_default(const ManagedSet& set, std::span<const Landing> landings,
                                                    const std::string& columns);

// Takes the loaded rows out of the default and gives their number. Of a Swap it only counts them: empty_default() is
// what takes them out, once readers are locked out and no older snapshot is left.
[[nodiscard]] std::uint64_t remove_loaded(const ManagedSet& set, std::span<const core::Range> ranges, Way way);
void empty_default(const ManagedSet& set);

}  // namespace strata::ops
