#include "pg/statement.hpp"

extern "C" {
#include "utils/plancache.h"
}

namespace strata::pg {

namespace {

// SELECT INTO creates a table.
bool is_plannable(const Node* statement) {
  switch (nodeTag(statement)) {
    case T_SelectStmt:
      return reinterpret_cast<const SelectStmt*>(statement)->intoClause == nullptr;
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
      return true;
    default:
      return false;
  }
}

SPIPlanPtr prepare(const char* text) {
  const SPIPlanPtr plan = SPI_prepare(text, 0, nullptr);
  if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  return plan;
}

}  // namespace

StatementFacts look_at_statement(const std::string& sql) {
  const char* const text = sql.c_str();
  const SPIPlanPtr plan = guarded([&] { return prepare(text); });
  const List* const sources = SPI_plan_get_plan_sources(plan);
  StatementFacts facts;
  facts.statements = list_length(sources);
  if (facts.statements > 0) {
    const auto* const first = static_cast<const CachedPlanSource*>(linitial(sources));
    facts.plannable = first->raw_parse_tree != nullptr && is_plannable(first->raw_parse_tree->stmt);
    const ListCell* cell = nullptr;
    foreach (cell, first->relationOids) facts.relations.push_back(lfirst_oid(cell));
  }
  guarded([&] { SPI_freeplan(plan); });
  return facts;
}

std::string explain_statement(const std::string& sql) {
  const std::string text = "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) " + sql;
  const char* const statement = text.c_str();
  char* const json = guarded([&] {
    const SPIPlanPtr plan = prepare(statement);
    // What follows a first statement would be executed.
    if (list_length(SPI_plan_get_plan_sources(plan)) != 1) elog(ERROR, "more than one statement to explain");
    const int result = SPI_execute_plan(plan, nullptr, nullptr, false, 0);
    SPI_freeplan(plan);
    if (result != SPI_OK_UTILITY || SPI_processed != 1)
      elog(ERROR, "EXPLAIN failed: %s", SPI_result_code_string(result));
    return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  });
  return json;
}

}  // namespace strata::pg
