// A statement of the caller's, looked at and planned as he would do it himself: with his rights, his search_path, his
// settings. Nothing here executes it.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

struct StatementFacts {
  int statements = 0;
  bool plannable = false;      // SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE
  std::vector<Oid> relations;  // it names, also through views; not their partitions
};
// Only the first of several statements is described. Raises what its analysis raises.
[[nodiscard]] StatementFacts look_at_statement(const std::string& sql);

// EXPLAIN (FORMAT JSON, VERBOSE) of a statement that has been found plannable. As any EXPLAIN it checks the caller's
// rights and prunes what can be pruned when the execution starts.
[[nodiscard]] std::string explain_statement(const std::string& sql);

}  // namespace strata::pg
