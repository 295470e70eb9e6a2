// Statistics of whole sets.
#pragma once

#include "ops/apply.hpp"

namespace strata::ops {

// ANALYZE of the parent, which samples every partition: SHARE UPDATE EXCLUSIVE on the parent within the set's lock
// budget, then on each partition. As the owner, because sampling runs his index expressions. What cannot be locked in
// time is put off with a NOTICE.
void analyze_set(const ManagedSet& set, Mode mode);

// ANALYZE of a table that was loaded in this transaction, with a tenth of the usual sample: enough for sane plans until
// autovacuum comes for the full one. It does at its next round, because the rows of this transaction count as changed
// however often it is analysed before it commits. Call inside an OwnerScope.
void analyze_lightly(const std::string& quoted_table);
// The same of a table that was loaded by transactions that have committed: ANALYZE of named columns, which leaves what
// autovacuum counts as changed.
void analyze_lightly(const std::string& quoted_table, const std::string& columns);

// run_analyze: all configured sets or the one named, committing after each. A set that cannot be analysed costs a
// WARNING, not the others their turn.
struct AnalyzeRequest {
  enum class Locked : std::uint8_t { Wait, Skip } locked = Locked::Wait;
  enum class Notices : std::uint8_t { Each, None } notices = Notices::Each;
  std::optional<std::string> parent;
};
void run_analyze(const Extension& extension, const AnalyzeRequest& request);

}  // namespace strata::ops
