#include "ops/operator_calls.hpp"

#include "ops/check.hpp"
#include "ops/fail.hpp"

namespace strata::ops {

namespace {

// The failure as a value: the transaction is usable after it. Whatever else is raised ends the call.
std::optional<pg::Raise> failure_of_part(const Extension& extension, const std::optional<std::string>& parent,
                                         core::PlanPart part) {
  try {
    run_part(extension, parent, part);
    return std::nullopt;
  } catch (const SetsFailed& failed) {
    return failed;
  }
}

// Its reads leave nothing behind that a later statement of the transaction would trip over.
std::optional<pg::Raise> failed_assertion(const Extension& extension, const std::optional<std::string>& parent) {
  return failure_of([&]() -> std::optional<pg::Raise> {
    pg::in_subtransaction([&] { assert_sets(extension, parent, Severity::Error); });
    return std::nullopt;
  });
}

void warn(const pg::Raise& failure) {
  pg::report({.level = WARNING,
              .sqlstate = failure.sqlstate,
              .message = failure.message,
              .detail = failure.detail,
              .hint = failure.hint});
}

}  // namespace

void run_part(const Extension& extension, const std::optional<std::string>& parent, core::PlanPart part) {
  MaintenanceOptions options;
  options.part = part;
  options.only = parent;
  options.failures = MaintenanceOptions::Failures::Raise;
  run_maintenance_committing(extension, options);
}

void run_everything(const Extension& extension, const std::optional<std::string>& parent) {
  std::vector<pg::Raise> failures;
  for (const core::PlanPart part : {core::PlanPart::Creations, core::PlanPart::Retirements})
    if (auto failure = failure_of_part(extension, parent, part)) failures.push_back(*std::move(failure));
  if (auto failure = failed_assertion(extension, parent)) failures.push_back(*std::move(failure));
  if (failures.empty()) return;
  for (std::size_t n = 1; n < failures.size(); ++n) warn(failures[n]);
  throw failures.front();
}

}  // namespace strata::ops
