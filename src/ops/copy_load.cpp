#include "ops/copy_load.hpp"

#include "pg/bulk_load.hpp"

namespace strata::ops {

namespace {

constexpr std::int64_t kMegabyte = 1024 * 1024;
// Pages of one part: about a second, so that no snapshot grows old.
constexpr std::uint32_t kPagesAtOnce = 16 * 1024;
// With helpers less, so that rows that lie together stay together, but not so little that opening the tables shows.
constexpr std::uint32_t kPagesOfShared = 1024;
constexpr std::uint32_t kPagesPerTarget = 32;

// What the copies were made after; whoever changes any of it writes the row in the catalog anew. The file of the
// default is part of it: rows have other places in another one.
constexpr const char* kDefinition = R"sql(
SELECT pg_catalog.md5(pg_catalog.string_agg(d.line, ',' ORDER BY d.line)) FROM (
  SELECT pg_catalog.concat_ws(' ', 'c', c.oid, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relhasrules,
         CASE WHEN c.oid = $2 THEN c.relfilenode END) AS line
  FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1)
  UNION ALL SELECT pg_catalog.concat_ws(' ', 'a', attrelid, attnum, xmin) FROM pg_catalog.pg_attribute
  WHERE attrelid = ANY ($1) AND attnum > 0
  UNION ALL SELECT pg_catalog.concat_ws(' ', 'k', oid, xmin) FROM pg_catalog.pg_constraint
  WHERE conrelid = ANY ($1) OR confrelid = ANY ($1)
  UNION ALL SELECT pg_catalog.concat_ws(' ', 'i', indexrelid, xmin) FROM pg_catalog.pg_index WHERE indrelid = ANY ($1)
  UNION ALL SELECT pg_catalog.concat_ws(' ', 't', oid, xmin) FROM pg_catalog.pg_trigger WHERE tgrelid = ANY ($1)
) AS d)sql";

// --- orders as texts -------------------------------------------------------------------------------------------------

constexpr const char* kNone = "";

std::string bound_text(const std::optional<std::string>& bound) {
  return bound ? "=" + *bound : kNone;
}

std::optional<std::string> bound_of(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text.substr(1));
}

pg::Texts texts_of(const LoadOrder& order) {
  pg::Texts texts{task_name(HelperTask::Load),
                  std::to_string(order.parent),
                  std::to_string(order.source),
                  std::to_string(order.log),
                  order.definition,
                  std::to_string(order.key.count)};
  for (int n = 0; n < order.key.count; ++n)
    texts.push_back(std::to_string(order.key.columns[static_cast<std::size_t>(n)]));
  for (const pg::RouteTarget& route : order.routes) {
    texts.push_back(std::to_string(route.table));
    texts.push_back(bound_text(route.lower));
    texts.push_back(bound_text(route.upper));
  }
  return texts;
}

template <class T>
T number_of(const std::string& text) {
  T number{};
  (void)std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

LoadOrder order_from(const pg::Texts& texts) {
  LoadOrder order;
  std::size_t at = 1;
  order.parent = number_of<Oid>(texts.at(at++));
  order.source = number_of<Oid>(texts.at(at++));
  order.log = number_of<Oid>(texts.at(at++));
  order.definition = texts.at(at++);
  order.key.count = number_of<int>(texts.at(at++));
  for (int n = 0; n < order.key.count; ++n)
    order.key.columns[static_cast<std::size_t>(n)] = number_of<AttrNumber>(texts.at(at++));
  for (; at < texts.size(); at += 3)
    order.routes.push_back(
        {.table = number_of<Oid>(texts[at]), .lower = bound_of(texts.at(at + 1)), .upper = bound_of(texts.at(at + 2))});
  return order;
}

// --- one part --------------------------------------------------------------------------------------------------------

// Nothing when the set has changed. Locks are waited for before the first row: an error after it cannot be tried again,
// since an abort does not take frozen rows back; `begin` is called between the two. ACCESS SHARE on the default, which
// keeps nobody out. Inside an OwnerScope.
template <class F>
std::optional<pg::BulkLoaded> load_pages(const LoadOrder& order, std::uint32_t first, std::uint32_t end,
                                         const pg::LockDeadline& deadline, F&& begin) {
  if (!pg::lock_relation(order.source, AccessShareLock, deadline)) return std::nullopt;
  for (const pg::RouteTarget& route : order.routes)
    if (!pg::lock_relation(route.table, RowExclusiveLock, deadline)) return std::nullopt;
  if (!pg::lock_relation(order.log, RowExclusiveLock, deadline) ||
      definition_of(order.parent, order.source) != order.definition)
    return std::nullopt;
  pg::set_local("lock_timeout", "0");
  begin();
  return pg::bulk_load_part(
      {.parent = order.parent, .targets = order.routes, .visibility = pg::Visibility::FrozenApart},
      {.source = order.source, .first = first, .end = end, .log = order.log, .key = order.key});
}

pg::PieceResult result_of(const pg::BulkLoaded& loaded) {
  pg::PieceResult result{.sum = loaded.sum};
  for (const std::uint64_t rows : loaded.rows) result.rows += rows;
  return result;
}

}  // namespace

std::string definition_of(Oid parent, Oid default_partition) {
  const std::array<Oid, 2> tables{parent, default_partition};
  return pg::query(kDefinition, pg::Params().oids(tables).oid(default_partition)).text(0, 0);
}

// --- the session -----------------------------------------------------------------------------------------------------

CopyLoad::CopyLoad(const ManagedSet& set, LoadOrder order, std::uint32_t pages, bool alone)
    : set_(set), order_(std::move(order)), alone_(alone) {
  const std::uint32_t at_once = pages_at_once();
  for (std::uint32_t first = 0; first < pages; first += at_once)
    left_.push_back({.first = first, .end = std::min(pages, first + at_once)});
}

// A second's worth where that is limited.
std::uint32_t CopyLoad::pages_at_once() const {
  const std::int64_t limit = std::int64_t{set_.config.move_rate_mb.value_or(0)} * kMegabyte / BLCKSZ;
  if (limit > 0) return static_cast<std::uint32_t>(std::min<std::int64_t>(limit, kPagesAtOnce));
  if (alone_ || helpers_wanted(set_, 2) == 0) return kPagesAtOnce;
  return std::clamp(static_cast<std::uint32_t>(order_.routes.size()) * kPagesPerTarget, kPagesOfShared, kPagesAtOnce);
}

// Nothing can fail between the rows and the commit but the commit.
Attempt CopyLoad::load(std::size_t piece, const LockBudget& budget, pg::Helpers& helpers) const {
  const Part part = left_[piece];
  const std::array<Oid, 2> relations{order_.parent, order_.source};
  std::optional<pg::BulkLoaded> loaded;
  Attempt attempt = try_action(budget, Mode::Committing, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(set_.parent.owner, set_.parent.schema_oid);
    loaded = load_pages(order_, part.first, part.end, deadline, [] {});
    return loaded.has_value();
  });
  if (attempt.outcome == Outcome::Done) helpers.done(piece, result_of(*loaded));
  return attempt;
}

LoadProgress CopyLoad::progress(std::size_t piece, const pg::Helpers& helpers) const {
  LoadProgress progress{.pages = pages_done_,
                        .rows = done_.rows + helpers.result().rows,
                        .just_now = left_[piece].end - left_[piece].first,
                        .over = piece + 1 == left_.size()};
  for (std::size_t n = 0; n < left_.size(); ++n)
    if (helpers.state(n) == pg::Helpers::State::Done) progress.pages += left_[n].end - left_[n].first;
  return progress;
}

void CopyLoad::collect(const pg::Helpers& helpers) {
  const pg::PieceResult all = helpers.result();
  done_.rows += all.rows;
  done_.sum += all.sum;
  std::vector<Part> open;
  for (std::size_t n = 0; n < left_.size(); ++n) {
    switch (helpers.state(n)) {
      case pg::Helpers::State::Open:
        open.push_back(left_[n]);
        break;
      case pg::Helpers::State::Begun:
        lost_helper_ = true;
        break;
      case pg::Helpers::State::Done:
        pages_done_ += left_[n].end - left_[n].first;
        break;
    }
  }
  left_ = std::move(open);
}

Attempt CopyLoad::round(const LockBudget& budget, const LoadPace& pace) {
  const int wanted = alone_ ? 0 : helpers_wanted(set_, left_.size());
  pg::SharedWork work{.terms = helper_terms(set_, budget.milliseconds, wanted), .order = texts_of(order_)};
  for (const Part& part : left_) work.pieces.push_back({std::to_string(part.first), std::to_string(part.end)});
  pg::Helpers helpers(helper_request(), work, wanted);
  Attempt attempt;
  while (attempt.outcome == Outcome::Done) {
    const std::optional<std::size_t> piece = helpers.take();
    if (!piece) break;
    const auto start = std::chrono::steady_clock::now();
    attempt = load(*piece, budget, helpers);
    if (attempt.outcome != Outcome::Done) break;
    LoadProgress now = progress(*piece, helpers);
    now.began = start;
    attempt = pace(now, helpers);
    pg::wait_point("online_part");
  }
  helpers.wait(attempt.outcome == Outcome::Done ? pg::Helpers::Take::All : pg::Helpers::Take::NoMore);
  collect(helpers);
  return attempt;
}

Attempt CopyLoad::run(const LockBudget& budget, const LoadPace& pace) {
  Attempt attempt;
  while (!left_.empty() && attempt.outcome == Outcome::Done) {
    attempt = round(budget, pace);
    if (lost_helper_) attempt.outcome = Outcome::Changed;
    alone_ = true;  // what helpers have left over
  }
  return attempt;
}

// --- the helper ------------------------------------------------------------------------------------------------------

pg::PieceResult help_to_load(pg::HelperSeat& seat, std::size_t piece, const pg::LockDeadline& deadline) {
  const LoadOrder order = order_from(seat.order());
  const pg::Texts part = seat.texts(piece);
  const auto first = number_of<std::uint32_t>(part.at(0));
  const auto end = number_of<std::uint32_t>(part.at(1));
  const std::optional<pg::BulkLoaded> loaded = load_pages(order, first, end, deadline, [&] {
    seat.begun(piece);
    pg::wait_point("helper_began");
  });
  if (!loaded) throw PlanChanged{};
  return result_of(*loaded);
}

}  // namespace strata::ops
