#include "pg/kept_query.hpp"

#include "pg/scope.hpp"

namespace strata::pg {

namespace {

// Made when first asked for, and never destroyed: the session's end frees it.
std::map<std::string, SPIPlanPtr>& plans() {
  static auto* const all = new std::map<std::string, SPIPlanPtr>;
  return *all;
}

SPIPlanPtr plan_of(const std::string& sql, const Params& params) {
  SPIPlanPtr& kept = plans()[sql];
  if (kept != nullptr) return kept;
  const char* const text = sql.c_str();
  kept = guarded([&] {
    const SPIPlanPtr plan = SPI_prepare_cursor(text, params.count(), params.types(), CURSOR_OPT_GENERIC_PLAN);
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(plan) != 0) elog(ERROR, "SPI_keepplan failed");
    return plan;
  });
  return kept;
}

}  // namespace

Rows query_kept(const std::string& sql, const Params& params) {
  std::optional<SettingsScope> safe;
  if (!names_are_safe()) safe.emplace();
  const SPIPlanPtr plan = plan_of(sql, params);
  guarded([&] {
    const int result = SPI_execute_plan(plan, params.values(), params.nulls(), false, 0);
    if (result < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
  });
  return Rows(SPI_tuptable, SPI_processed);
}

}  // namespace strata::pg
