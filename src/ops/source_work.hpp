// What both ways of reading a source share: batch after batch (source.cpp) and part after part (source_pass.cpp).
#pragma once

#include "ops/key_step.hpp"
#include "ops/source.hpp"

namespace strata::ops::from_source {

inline constexpr int kReplans = 10;

struct Work {
  ManagedSet set;
  Parent source;
  KeyStep step;
  Order order = Order::Ascending;
  pg::CheckAs check = {};
  std::optional<core::Range> done = {};  // what this call has moved last
};

struct Moved {
  Attempt attempt;
  std::uint64_t rows = 0;
  Existence partition = Existence::Existed;
  std::optional<core::Range> range = {};
};

// Everything that is checked first, as the caller.
[[nodiscard]] Work prepare(const Extension& extension, const SourceRequest& request);

[[nodiscard]] std::string source_sql(const Parent& source);
[[nodiscard]] std::vector<Oid> oids_of(std::span<const core::Child* const> children);

// Moves the rows of the condition to these partitions, as the owner of the set. False when something has changed since.
// `moved` stays empty where statements are needed.
[[nodiscard]] bool spread(const Work& work, const SourceRequest& request, std::span<const core::Child* const> children,
                          const std::string& condition, const pg::LockDeadline& deadline,
                          std::optional<MovedRows>& moved);

}  // namespace strata::ops::from_source
