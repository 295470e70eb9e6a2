// Small questions that need no partition set.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

struct ControlType {
  std::optional<std::string> general;  // time, id, text, uuid; empty: cannot be a control column
  std::string exact;                   // as in pg_type
};
// Empty when there is no such column.
[[nodiscard]] std::optional<ControlType> control_type(const std::string& schema, const std::string& table,
                                                      const std::string& column);

enum class SuffixKind : std::uint8_t { Plain, Partition };
// Name and suffix, the name cut to what the server's limit leaves.
[[nodiscard]] std::string fit_name(const std::string& name, const std::optional<std::string>& suffix, SuffixKind kind);

// Start of the grid cell, in the session's zone. Infinite times stay as they are.
[[nodiscard]] std::int64_t truncated_start(const pg::IntervalValue& interval, std::int64_t start,
                                           const std::optional<std::string>& field);
[[nodiscard]] std::string datetime_string_for(const pg::IntervalValue& interval);

}  // namespace strata::ops
