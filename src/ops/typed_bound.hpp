// Bounds as values of SQL: times, or ids.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

// Microseconds UTC, time sets only. Bounds at MINVALUE and MAXVALUE become infinite: both sort below and above
// everything.
[[nodiscard]] std::optional<std::int64_t> time_of(const ManagedSet& set, const core::Bound& bound);
// Id sets only; nothing for MINVALUE and MAXVALUE.
[[nodiscard]] std::optional<std::int64_t> id_of(const ManagedSet& set, const core::Bound& bound);

}  // namespace strata::ops
