// schedule_maintenance and unschedule_maintenance: a job of pg_cron in this database, as the caller.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// Makes the job, or gives the one of this name the schedule. Its number.
[[nodiscard]] std::int64_t schedule_maintenance(const Extension& extension, const std::string& schedule,
                                                const std::string& job);

// False when the caller has no job of this name.
[[nodiscard]] bool unschedule_maintenance(const Extension& extension, const std::string& job);

}  // namespace strata::ops
