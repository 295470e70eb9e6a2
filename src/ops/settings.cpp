#include "ops/settings.hpp"

#include "pg/postgres.hpp"

namespace strata::ops {

namespace {

// The server writes here whenever the setting changes.
bool strict_maintenance_setting = true;

}  // namespace

bool strict_maintenance() noexcept {
  return strict_maintenance_setting;
}

void define_settings() {
  DefineCustomBoolVariable("pg_strata.strict_maintenance",
                           "Makes maintenance fail when a partition set fails, instead of only warning about it.",
                           "When off, a failed partition set is reported with a warning and skipped.",
                           &strict_maintenance_setting, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  MarkGUCPrefixReserved("pg_strata");
}

}  // namespace strata::ops
