// Statements whose plan is kept for the rest of the session.
#pragma once

#include "pg/spi.hpp"

namespace strata::pg {

// As query(), but parsed and planned once for each text, without a look at the values of its parameters: for long
// statements over catalogs and our own tables that one session runs again and again, and whose text does not come from
// users. PostgreSQL makes the plan anew when a table of it changes, and with another role or row_security where
// policies count; rights are checked each time.
[[nodiscard]] Rows query_kept(const std::string& sql, const Params& params = {});

}  // namespace strata::pg
