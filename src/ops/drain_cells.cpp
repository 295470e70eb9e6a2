#include "ops/drain_cells.hpp"

#include "ops/default_rows.hpp"
#include "ops/observe.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr std::size_t kChunk = 10'000;

// Condition on the key that leaves out both infinities; indexable.
std::string finite_condition(const ManagedSet& set) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  if (!set.is_time()) return key + " IS NOT NULL";
  const std::string type = set.key_type_name();
  return key + " > '-infinity'::" + type + " AND " + key + " < 'infinity'::" + type;
}

// Lowest or highest finite key of the default within a range.
std::optional<core::Tick> extreme_key(const ManagedSet& set, const char* aggregate, const core::Range& within) {
  const pg::Rows rows = pg::query(std::string("SELECT pg_catalog.") + aggregate + "(" +
                                  pg::quote_ident(set.parent.key_column) + ") FROM " + default_source(set) + " WHERE " +
                                  finite_condition(set) + " AND " + key_condition(set, within));
  if (rows.null(0, 0)) return std::nullopt;
  return tick_of(set, rows.datum(0, 0));
}

void refuse_infinite_rows(const ManagedSet& set) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  const std::string type = set.key_type_name();
  const pg::Rows rows = pg::query("SELECT 1 FROM " + default_source(set) + " WHERE " + key +
                                  " IN ('-infinity'::" + type + ", 'infinity'::" + type + ") LIMIT 1");
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
  const std::vector<std::int64_t> rows = default_rows_in(search.set, cells);
  std::size_t n = 0;
  std::erase_if(cells, [&](const core::Range&) { return rows[n++] == 0; });
}

// Where the search goes on after these cells: at the next key beyond them.
std::optional<core::Tick> next_key(const Search& search, const core::Range& last, Order order) {
  if (order == Order::Ascending)
    return extreme_key(search.set, "min", {.lower = last.upper, .upper = core::Bound::max()});
  return extreme_key(search.set, "max", {.lower = core::Bound::min(), .upper = last.lower});
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
    if (request.count == 1) return {cells.front()};
    keep_filled(search, cells);
    found.insert(found.end(), cells.begin(), cells.end());
    from = next_key(search, last, request.order);
  }
  found.resize(std::min(found.size(), request.count));
  return found;
}

}  // namespace

std::vector<core::Range> cells_to_drain(const ManagedSet& set, const CellRequest& request) {
  const std::optional<core::Tick> lowest = extreme_key(set, "min", {});
  std::vector<core::Range> cells;
  if (lowest) {
    const core::Tick highest = extreme_key(set, "max", {}).value_or(*lowest);
    std::vector<core::Range> existing = set.ranges();
    const std::optional<core::Grid> grid = core::grid_of(set.calendar(), set.policy.step, existing);
    cells =
        search_cells({.set = set,
                      .grid = grid ? *grid : core::Grid(set.calendar(), set.policy.step, fresh_origin(set, *lowest)),
                      .existing = std::move(existing),
                      .lowest = *lowest,
                      .highest = highest},
                     request);
  }
  if (set.is_time() && request.infinity == Infinity::Refuse && cells.size() < request.count) refuse_infinite_rows(set);
  return cells;
}

}  // namespace strata::ops
