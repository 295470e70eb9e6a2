// What a run of maintenance would do now, as plan_maintenance prints it: the plan that a run makes and carries out.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

// One line of plan_maintenance.
struct PlanLine {
  std::string parent_table;
  std::string action;
  std::optional<std::string> partition_table;
  std::optional<std::string> lower_bound;
  std::optional<std::string> upper_bound;
  std::string lock_mode;
  std::int64_t estimated_rows = 0;
  std::int64_t bytes = 0;
  std::string reason;
  std::string statement;
};
[[nodiscard]] std::vector<PlanLine> plan_lines(const Extension& extension, const std::optional<std::string>& parent);

}  // namespace strata::ops
