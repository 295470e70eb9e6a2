// Rows of a default that are too far ahead to be followed (core/reach.hpp): nothing is made for them, and they stay.
//
// Reading only. Call inside an OwnerScope of the set's owner, with a lock deadline armed.
#pragma once

#include "core/reach.hpp"
#include "ops/set.hpp"

namespace strata::ops {

// From this key on rows are far; MAXVALUE where no key of the type can be. Can be written in conditions.
[[nodiscard]] core::Bound far_limit(const ManagedSet& set, std::int64_t now_utc);
// The same when a partition up to this end counted besides.
[[nodiscard]] core::Bound far_limit_beyond(const ManagedSet& set, const core::Bound& end);

// The highest key of the default below the limit; empty when there is none.
[[nodiscard]] std::optional<core::Tick> largest_near_key(const ManagedSet& set, const core::Bound& limit);
// The highest of all that have a place in any range: as a tick where it is below the limit, else as people read it.
struct NewestKey {
  std::optional<core::Tick> near;
  std::optional<std::string> far;
};
[[nodiscard]] NewestKey newest_key(const ManagedSet& set, const core::Bound& limit);
// The highest from the limit on, whatever is below it.
[[nodiscard]] std::optional<std::string> newest_far_key(const ManagedSet& set, const core::Bound& limit);
// Whether there are other rows: nearer ones, and those whose key is nowhere.
[[nodiscard]] bool has_other_rows(const ManagedSet& set, const core::Bound& limit);

// Why they are left, in a sentence.
[[nodiscard]] std::string why_far(const ManagedSet& set);

}  // namespace strata::ops
