// The middle of a drain: rows out of the default into free-standing partitions, in one pass where that is right.
#pragma once

#include "ops/child.hpp"
#include "pg/row_check.hpp"

namespace strata::ops {

// How rows get into their partition and out of the default. Copy and Swap are the two legal pairs of truths 2.
enum class Way : std::uint8_t {
  Statements,  // INSERT ... SELECT for each partition, then deletion of the old versions at heap level
  Copy,        // one pass below the executor with indexes built afterwards, then the same deletion
  Swap,        // that pass with frozen rows, then a new file for the default, with the few rows that stay in it
};

struct Landing {
  core::Range range;
  ChildName name;
};

struct Load {
  Way way = Way::Statements;
  std::vector<std::uint64_t> rows;  // of each landing
  Oid rest = InvalidOid;            // Swap: the default's next file, if rows stay in it
  std::uint64_t rest_rows = 0;
  std::optional<pg::Checksum> checksum = {};  // of the rows of all landings
};

// Whether stored values are right for a partition as they are: nothing computed, every constraint validated. And
// whether the rows are the owner's to take.
[[nodiscard]] bool copies_as_stored(const ManagedSet& set);
// Whether every NOT NULL and CHECK constraint of a table holds for the rows of another, because that has it, too, and
// validated. Checks that a move adds to its own tables do not count.
[[nodiscard]] bool is_as_strict(Oid source, Oid table);
inline constexpr const char* kBoundsCheck = "pg_strata_bounds";
// Whether a publication covers the default: one that does so by way of a table above it, or any. Subscribers would not
// be told of rows that go with their file (truths 8).
enum class Publication : std::uint8_t { ViaRoot, Any };
[[nodiscard]] bool is_published(const ManagedSet& set, Publication kind);
// Whether rows may be copied as they are stored and the default then get a new file: plain heap, nothing computed,
// every constraint validated, no publication and no logical decoding (truths 2, 8).
[[nodiscard]] bool may_swap(const ManagedSet& set);
// Rows that may stay in the default when it gets a new file: their indexes are built while readers are locked out.
inline constexpr std::int64_t kMostToRewrite = 10'000;
// NULL and infinite keys, keys of partitions that are not made now. Not more than one above that limit.
[[nodiscard]] std::int64_t rows_that_stay(const ManagedSet& set, std::span<const core::Range> ranges);

struct LoadedHeap {
  Oid oid = InvalidOid;
  std::vector<std::string> indexes;  // quoted
};
// The tables of these names, by name; none when one of them is no heap.
[[nodiscard]] std::map<std::string, LoadedHeap> heaps_of(const ManagedSet& set, std::span<const Landing> landings);

// Builds its indexes from its rows, and so checks keys, deferrable ones too: nobody would come back to them.
void build_indexes(const LoadedHeap& heap);

struct LoadPlan {
  Way way = Way::Statements;
  bool rows_stay = false;  // Swap: in the default
};

// Whether rows can be copied below the executor: nothing computed, every constraint validated, heaps. Else Statements.
// Which of the other two is right is chosen under the locks: call inside an OwnerScope with the default locked
// EXCLUSIVE and the landings made, empty and with their indexes.
[[nodiscard]] LoadPlan plan_load(const ManagedSet& set, std::span<const Landing> landings);

// Loads the rows of the default into the landings by Copy or Swap; `columns` are all columns of the parent. Nothing
// when a row has come that belongs to none of them since they were planned.
[[nodiscard]] std::optional<Load> bulk_load_default(const ManagedSet& set, std::span<const Landing> landings,
                                                    const std::string& columns, LoadPlan plan);

// Takes the loaded rows out of the default and gives their number; not of a Swap, where renew_default() does that, once
// readers are locked out and no older snapshot is left.
[[nodiscard]] std::uint64_t remove_loaded(const ManagedSet& set, std::span<const core::Range> ranges);
void renew_default(const ManagedSet& set, const Load& load);

}  // namespace strata::ops
