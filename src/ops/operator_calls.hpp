// run_provisioning, run_cleanup, run_all: maintenance in the words of an operator's scheduler. Each works on every set,
// commits after every action, and raises at the end when a set has failed, whatever strict_maintenance says: the exit
// status of psql is all that a cron job or a Kubernetes job looks at.
#pragma once

#include "ops/maintain.hpp"

namespace strata::ops {

// Creations alone or retirements alone, of one set or of all with automatic_maintenance on.
void run_part(const Extension& extension, const std::optional<std::string>& parent, core::PlanPart part);

// Provisioning, cleanup, then assert_partitions. What one of them raises does not keep the next from running.
void run_everything(const Extension& extension, const std::optional<std::string>& parent);

}  // namespace strata::ops
