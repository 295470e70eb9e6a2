// A distance between keys of one set, as batches are measured: an interval, or a number.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

struct KeyStep {
  core::IntervalParts time;  // time sets
  std::int64_t count = 0;    // id sets
};

// From a text: positive, for time sets at least a second. 22023 otherwise.
[[nodiscard]] KeyStep parse_step(const ManagedSet& set, const std::string& text);
// The partition interval.
[[nodiscard]] KeyStep partition_step(const ManagedSet& set);
// Smaller than the partition interval, in PostgreSQL's ordering of intervals.
[[nodiscard]] bool is_smaller(const ManagedSet& set, const KeyStep& step);

// `times` steps up (or, negative, down) on the set's calendar; the infinite end where that leaves the range of the key.
[[nodiscard]] core::Bound moved_by(const ManagedSet& set, core::Tick from, const KeyStep& step, std::int64_t times);

}  // namespace strata::ops
