#include "ops/drain_cells.hpp"

#include "ops/default_rows.hpp"
#include "ops/far_rows.hpp"
#include "ops/observe.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr std::size_t kChunk = 10'000;

// Lowest or highest finite key of the default within a range.
std::optional<core::Tick> default_key(const ManagedSet& set, End end, const core::Range& within) {
  return extreme_key(
      set, end, default_source(set),
      set.codec.finite_condition(pg::quote_ident(set.parent.key_column)) + " AND " + key_condition(set, within));
}

void refuse_infinite_rows(const ManagedSet& set, std::initializer_list<const char*> keys) {
  const std::string type = set.key_type_name();
  std::string list;
  for (const char* key : keys) list += (list.empty() ? "" : ", ") + pg::quote_literal(key) + "::" + type;
  const pg::Rows rows = pg::query("SELECT 1 FROM " + default_source(set) + " WHERE " +
                                  pg::quote_ident(set.parent.key_column) + " IN (" + list + ") LIMIT 1");
  if (rows.empty()) return;
  refuse(core::Code::DatetimeOverflow,
         "the default partition of \"" + set.parent.raw_name() + "\" holds rows whose " + set.parent.key_column +
             " is infinite",
         "They belong to no partition of finite bounds: leave them where they are with p_ignore_infinity => true, or "
         "give them a finite " +
             set.parent.key_column + ".");
}

[[noreturn]] void refuse_no_cell(const ManagedSet& set, core::Tick value) {
  refuse(set.is_time() ? core::Code::DatetimeOverflow : core::Code::NumericOverflow,
         "no partition of \"" + set.parent.raw_name() + "\" can hold the key value " + set.text(core::Bound::at(value)),
         "Its bounds would leave the range of type " + pg::type_name(set.parent.key_type) +
             ": correct or delete the row, or create a partition for it by hand.");
}

// Where the grid begins when no partition shows it: ids at multiples of the step, times at the value, truncated as for
// a new set (contract 3.2).
core::Tick fresh_origin(const ManagedSet& set, core::Tick value) {
  if (!set.is_time()) return 0;
  const core::TruncField field = set.config.date_trunc_interval
                                     ? value_or_raise(core::parse_trunc_field(*set.config.date_trunc_interval))
                                     : core::trunc_field_for(set.interval);
  const std::optional<core::Tick> origin = set.calendar().truncate(value, field);
  if (!origin) refuse_no_cell(set, value);
  return *origin;
}

// What a search for cells knows all the way.
struct Search {
  const ManagedSet& set;
  core::Grid grid;
  std::vector<core::Range> existing;
  core::Tick lowest;
  core::Tick highest;
};

core::Tick after(core::Tick tick) noexcept {
  return tick < std::numeric_limits<core::Tick>::max() ? tick + 1 : tick;
}

// The cells from this value on, ascending; the first holds it.
std::vector<core::Range> cells_above(const Search& search, core::Tick from, std::size_t limit) {
  std::vector<core::Range> cells =
      core::missing_ranges(search.grid, search.existing, from, after(search.highest), limit);
  if (cells.empty() || !cells.front().contains(from)) refuse_no_cell(search.set, from);
  return cells;
}

// The cells from this value down, descending; the first holds it.
std::vector<core::Range> cells_below(const Search& search, core::Tick from, std::size_t limit) {
  std::int64_t first = 0;
  const bool off = __builtin_sub_overflow(search.grid.cell_of(from), static_cast<std::int64_t>(limit) - 1, &first);
  const core::Tick start = off ? search.lowest : search.grid.boundary(first).value_or(search.lowest);
  // Partitions that lie across a cell cut it into pieces, so there may be more of them than cells.
  std::vector<core::Range> cells =
      core::missing_ranges(search.grid, search.existing, std::clamp(start, search.lowest, from), after(from),
                           limit + search.existing.size() + 1);
  if (cells.empty() || !cells.back().contains(from)) refuse_no_cell(search.set, from);
  std::ranges::reverse(cells);
  return cells;
}

void keep_filled(const Search& search, std::vector<core::Range>& cells) {
  const std::vector<bool> filled = default_fills(search.set, cells);
  std::size_t n = 0;
  std::erase_if(cells, [&](const core::Range&) { return !filled[n++]; });
}

// Where the search goes on after these cells: at the next key beyond them.
std::optional<core::Tick> next_key(const Search& search, const core::Range& last, Order order) {
  // Not beyond what was seen first: others may write meanwhile.
  const std::optional<core::Tick> key =
      order == Order::Ascending
          ? default_key(search.set, End::Lowest, {.lower = last.upper, .upper = core::Bound::max()})
          : default_key(search.set, End::Highest, {.lower = core::Bound::min(), .upper = last.lower});
  if (!key || *key < search.lowest || *key > search.highest) return std::nullopt;
  return key;
}

bool lies_beyond(const core::Range& last, core::Tick tick, Order order) {
  return order == Order::Ascending ? last.upper <= core::Bound::at(tick) : core::Bound::at(tick) < last.lower;
}

// Keys above the encoded end of a cell that decode into or below it: encoder and decoder are not inverse, or do not
// sort like time. Where such rows belong nobody can tell.
[[noreturn]] void refuse_disorder(const ManagedSet& set) {
  refuse(core::Code::DatetimeOverflow,
         "keys in the default partition of \"" + set.parent.raw_name() + "\" do not sort like the times they stand for",
         "Check time_encoder, time_decoder and the collation of the key; rows with such keys are not moved.");
}

std::vector<core::Range> search_cells(const Search& search, const CellRequest& request) {
  const bool ascending = request.order == Order::Ascending;
  const std::size_t limit = request.count == 1 ? 1 : kChunk;
  std::vector<core::Range> found;
  std::optional<core::Tick> from = ascending ? search.lowest : search.highest;
  while (from && found.size() < request.count) {
    pg::check_interrupts();
    std::vector<core::Range> cells = ascending ? cells_above(search, *from, limit) : cells_below(search, *from, limit);
    const core::Range last = cells.back();
    if (request.count == 1 && !search.set.codec.foreign()) return {cells.front()};
    keep_filled(search, cells);
    found.insert(found.end(), cells.begin(), cells.end());
    from = next_key(search, last, request.order);
    if (from && search.set.codec.foreign() && !lies_beyond(last, *from, request.order)) refuse_disorder(search.set);
  }
  found.resize(std::min(found.size(), request.count));
  return found;
}

// List sets move value by value; values off the grid of the interval belong to no partition that maintenance would make
// and stay.
std::vector<core::Range> list_cells(const Search& search, const CellRequest& request) {
  const ManagedSet& set = search.set;
  const std::vector<core::Range>& existing = search.existing;
  const std::string origin =
      existing.empty() || !existing.back().lower.finite() ? "0" : std::to_string(existing.back().lower.tick);
  const std::string key = pg::quote_ident(set.parent.key_column);
  const std::string number = key + "::pg_catalog.numeric";
  const pg::Rows rows =
      pg::query("SELECT " + set.codec.row_expression("k.key") + " FROM (SELECT DISTINCT " + key + " AS key FROM " +
                    default_source(set) + " WHERE " + set.codec.finite_condition(key) + " AND " + number +
                    " <= $3::pg_catalog.numeric AND (" + number + " - " + pg::quote_literal(origin) +
                    "::pg_catalog.numeric) % $1 = 0 ORDER BY 1 " +
                    (request.order == Order::Ascending ? "ASC" : "DESC") + " LIMIT $2) AS k",
                pg::Params()
                    .int8(set.policy.step.count)
                    .int8(static_cast<std::int64_t>(std::min(request.count, kChunk)))
                    .int8(search.highest));
  std::vector<core::Range> cells;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const core::Tick value = set.codec.row_tick(rows, row, 0);
    const std::optional<core::Tick> upper = set.calendar().advance(value, set.policy.step, 1);
    if (!upper) refuse_no_cell(set, value);
    cells.push_back({.lower = core::Bound::at(value), .upper = core::Bound::at(*upper)});
  }
  return cells;
}

}  // namespace

namespace {

std::vector<core::Range> filled_of(const ManagedSet& set, std::span<const core::Range> wanted) {
  const std::vector<bool> filled = default_fills(set, wanted);
  std::vector<core::Range> cells;
  for (std::size_t n = 0; n < wanted.size(); ++n)
    if (filled[n]) cells.push_back(wanted[n]);
  return cells;
}

}  // namespace

namespace {

// As far as rows move: where steps that are not too far lead from one to the next, beyond the partitions' own reach.
struct Ahead {
  std::optional<core::Tick> highest;
  std::optional<std::string> far;
};

Ahead look_ahead(const ManagedSet& set, std::span<const core::Range> existing, const std::optional<core::Grid>& grid,
                 std::int64_t now_utc) {
  core::Bound limit = far_limit(set, now_utc);
  for (;;) {
    pg::check_interrupts();
    NewestKey newest = newest_key(set, limit);
    if (!newest.far) return {.highest = newest.near, .far = std::nullopt};
    newest.near = largest_near_key(set, limit);
    const auto cell = newest.near && grid ? core::range_for(*grid, existing, *newest.near) : std::nullopt;
    const core::Bound further = cell ? far_limit_beyond(set, cell->upper) : limit;
    if (further <= limit) return {.highest = newest.near, .far = std::move(newest.far)};
    limit = further;
  }
}

// The cells of a gap that the found ones would leave. Not below rows whose turn has not come: what is between the
// outermost of the found ones moves.
std::vector<core::Range> cells_between(const Search& search, Order order, const std::vector<core::Range>& found,
                                       std::int64_t now_utc) {
  const ManagedSet& set = search.set;
  std::vector<core::Range> between = core::ranges_between(set.policy, search.grid, set.inventory, found, now_utc);
  if (between.empty() || order == Order::Ascending) return between;
  const std::optional<core::Tick> next =
      default_key(set, End::Highest, {.lower = core::Bound::min(), .upper = found.back().lower});
  if (next) std::erase_if(between, [&](const core::Range& one) { return one.lower <= core::Bound::at(*next); });
  return between;
}

// All that can move, the rows of the far future left out.
Cells finite_cells(const ManagedSet& set, const CellRequest& request) {
  const std::int64_t now_utc = pg::transaction_start();
  std::vector<core::Range> existing = set.ranges();
  const std::size_t in_use = core::reach_of(set.policy, set.calendar(), set.inventory, now_utc).end;
  const auto known = core::grid_of(set.calendar(), set.policy.step, std::span(existing).first(in_use));
  Ahead ahead = look_ahead(set, existing, known, now_utc);
  Cells cells{.ranges = {}, .far = std::move(ahead.far)};
  const std::optional<core::Tick> lowest = ahead.highest ? default_key(set, End::Lowest, {}) : std::nullopt;
  if (!lowest) return cells;
  const Search search{.set = set,
                      .grid = known ? *known : core::Grid(set.calendar(), set.policy.step, fresh_origin(set, *lowest)),
                      .existing = std::move(existing),
                      .lowest = *lowest,
                      .highest = std::max(*lowest, *ahead.highest)};
  cells.ranges = set.is_list() ? list_cells(search, request) : search_cells(search, request);
  if (request.gaps == Gaps::Leave || set.is_list()) return cells;  // values are apart by nature
  const std::vector<core::Range> between = cells_between(search, request.order, cells.ranges, now_utc);
  cells.ranges.insert(cells.ranges.end(), between.begin(), between.end());
  return cells;
}

}  // namespace

Cells cells_to_drain(const ManagedSet& set, const CellRequest& request) {
  if (!request.wanted.empty()) return {.ranges = filled_of(set, request.wanted)};
  const bool refuses_infinity = set.codec.has_infinity() && request.infinity == Infinity::Refuse && !set.is_list();
  if (refuses_infinity && request.count > 0)
    refuse_infinite_rows(set, {request.order == Order::Ascending ? "-infinity" : "infinity"});
  Cells cells = finite_cells(set, request);
  const bool comes_later = request.in_parts && !cells.ranges.empty();
  if (refuses_infinity && cells.ranges.size() < request.count && !comes_later)
    refuse_infinite_rows(set, {"-infinity", "infinity"});
  return cells;
}

core::Range range_of_key(const ManagedSet& set, core::Tick key) {
  const std::vector<core::Range> existing = set.ranges();
  if (set.is_list()) {
    for (const core::Range& range : existing)
      if (range.lower == core::Bound::at(key)) return range;
    const std::optional<core::Tick> upper = set.calendar().advance(key, set.policy.step, 1);
    if (!upper) refuse_no_cell(set, key);
    return {.lower = core::Bound::at(key), .upper = core::Bound::at(*upper)};
  }
  const std::optional<core::Grid> known = core::grid_of(set.calendar(), set.policy.step, existing);
  const core::Grid grid = known ? *known : core::Grid(set.calendar(), set.policy.step, fresh_origin(set, key));
  const std::optional<core::Range> range = core::range_for(grid, existing, key);
  if (!range) refuse_no_cell(set, key);
  return *range;
}

}  // namespace strata::ops
