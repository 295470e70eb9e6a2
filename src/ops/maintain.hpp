// Maintenance: one set after the other, each planned and carried out on its own.
#pragma once

#include "ops/planner.hpp"

namespace strata::ops {

struct MaintenanceOptions {
  bool analyze = false;
  int wait_seconds = 0;  // procedure: pause after each set
  bool jobmon = true;    // the run itself; its sets have a setting of their own
  // What only the operator's calls ask for (operator_calls.hpp): a part of the plan, one set, an error in any case.
  core::PlanPart part = core::PlanPart::All;
  std::optional<std::string> only = std::nullopt;
  enum class Failures : std::uint8_t { AsConfigured, Raise } failures = Failures::AsConfigured;
};

// What run_maintenance_committing raises when sets have failed: nothing is half done, and the transaction is usable.
struct SetsFailed : pg::Raise {};

// run_maintenance: everything in the caller's transaction, one subtransaction per set. Named set: raises when it fails;
// all sets: warns (rulings 1).
void run_maintenance(const Extension& extension, const std::optional<std::string>& parent,
                     const MaintenanceOptions& options);

// run_maintenance_proc: commits after every action; finishes every set, then raises naming those that failed.
void run_maintenance_committing(const Extension& extension, const MaintenanceOptions& options);

}  // namespace strata::ops
