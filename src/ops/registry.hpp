// Writing configuration: a set's row, its template table. As the caller, whose tables these are to write.
#pragma once

#include "ops/create.hpp"

namespace strata::ops {

struct Registration {
  std::string interval;       // as stored
  core::IntervalParts parts;  // time sets
  std::optional<std::string> template_table;
};

// Contract 3.4.4. A set that is configured already raises 23505.
void register_set(const Extension& extension, const CreateRequest& request, const Parent& parent,
                  const Registration& registration);

// Contract 3.4.2: the template as schema.table, created when none is named; empty for 'false'. One that another set
// names or another role owns is never reused (rulings 11).
[[nodiscard]] std::optional<std::string> provide_template(const Extension& extension, const Parent& parent,
                                                          const std::optional<std::string>& requested);

}  // namespace strata::ops
