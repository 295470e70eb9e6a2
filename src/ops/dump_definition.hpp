// dump_partitioned_table_definition: the two statements that would configure a set anew (contract 8.8).
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

enum class Template : std::uint8_t { Named, Ignored };

// The text is compared by scripts: its layout is exact to the tab.
[[nodiscard]] std::string dump_definition(const Extension& extension, const std::string& parent, Template choice);

}  // namespace strata::ops
