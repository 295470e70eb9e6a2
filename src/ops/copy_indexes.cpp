#include "ops/copy_indexes.hpp"

#include "ops/analyze.hpp"
#include "pg/heap_file.hpp"

namespace strata::ops {

namespace {

// SHARE on a table that nobody else knows, ACCESS EXCLUSIVE on its indexes.
void index_and_analyze(std::span<const std::string> indexes, const std::string& table, const std::string& columns) {
  for (const std::string& index : indexes) pg::execute("REINDEX INDEX " + index);
  analyze_lightly(table, columns);
}

pg::Texts texts_of(const CopyToIndex& copy) {
  pg::Texts texts{copy.table_sql};
  texts.insert(texts.end(), copy.heap.indexes.begin(), copy.heap.indexes.end());
  return texts;
}

Attempt index_copy(const ManagedSet& set, const CopyToIndex& copy, const std::string& columns, const LockBudget& budget,
                   std::optional<std::int64_t> memory_share_kb) {
  const std::array<Oid, 1> relations{copy.heap.oid};
  return try_action(budget, Mode::Committing, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
    deadline.arm();
    pg::wait_point("online_index");
    std::optional<pg::IndexBuildScope> alone;
    if (memory_share_kb)
      keep_to_share(*memory_share_kb);
    else
      alone.emplace(copy.heap.oid);
    index_and_analyze(copy.heap.indexes, copy.table_sql, columns);
    return true;
  });
}

}  // namespace

Attempt index_copies(const ManagedSet& set, std::span<const CopyToIndex> copies, const std::string& columns,
                     const LockBudget& budget) {
  const int wanted = helpers_wanted(set, copies.size());
  pg::SharedWork work{.terms = helper_terms(set, budget.milliseconds, wanted),
                      .order = {task_name(HelperTask::Index), columns}};
  for (const CopyToIndex& copy : copies) work.pieces.push_back(texts_of(copy));
  pg::Helpers helpers(helper_request(), work, wanted);
  std::optional<std::int64_t> share;
  if (helpers.started() > 0) share = work.terms.memory_kb;
  while (const std::optional<std::size_t> piece = helpers.take()) {
    Attempt attempt = index_copy(set, copies[*piece], columns, budget, share);
    if (attempt.outcome != Outcome::Done) return attempt;
    helpers.done(*piece);
  }
  helpers.wait(pg::Helpers::Take::All);
  for (std::size_t piece = 0; piece < copies.size(); ++piece) {
    if (helpers.state(piece) == pg::Helpers::State::Done) continue;
    Attempt attempt = index_copy(set, copies[piece], columns, budget, std::nullopt);
    if (attempt.outcome != Outcome::Done) return attempt;
  }
  return {};
}

void help_to_index(const pg::HelperSeat& seat, std::size_t piece, const pg::LockDeadline& deadline) {
  deadline.arm();
  const pg::Texts texts = seat.texts(piece);
  index_and_analyze(std::span(texts).subspan(1), texts.front(), seat.order().at(1));
}

}  // namespace strata::ops
