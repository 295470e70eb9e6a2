// The extra CHECK constraints of old partitions (contract 8.4): which partition is old enough, what they are called.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/naming.hpp"

namespace strata::core {

// Every name of such a constraint begins so; users and we tell them from others by it.
inline constexpr std::string_view kConstraintPrefix = "partmanconstr_";

[[nodiscard]] inline std::string constraint_name(std::string_view partition, std::string_view column,
                                                 const NameRules& rules) {
  return fit_name(std::string(kConstraintPrefix) + std::string(partition), "_" + std::string(column), rules);
}

// The partition `distance` places below the highest one that holds rows, as an index in ascending order; empty when
// there are not that many, or none holds a row.
[[nodiscard]] inline std::optional<std::size_t> partition_below(std::optional<std::size_t> highest_filled,
                                                                std::size_t distance) noexcept {
  if (!highest_filled || *highest_filled < distance) return std::nullopt;
  return *highest_filled - distance;
}

}  // namespace strata::core
