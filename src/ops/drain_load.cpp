#include "ops/drain_load.hpp"

#include <numeric>

#include "ops/default_rows.hpp"
#include "pg/bulk_load.hpp"
#include "pg/mover.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// Below this size deleting row by row is cheap, and looking for rows that must stay is not worth a scan.
constexpr std::int64_t kSwapFromBytes = std::int64_t{1} << 20;

struct Heap {
  Oid oid = InvalidOid;
  bool indexed = false;
};

// The tables of these names, by name; none when one of them is no heap.
std::map<std::string, Heap> heaps_of(const ManagedSet& set, std::span<const Landing> landings) {
  std::vector<std::string> names;
  for (const Landing& landing : landings) names.push_back(landing.name.name);
  const pg::Rows rows = pg::query(
      "SELECT c.relname, c.oid, c.relhasindex FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam "
      "WHERE c.relnamespace = $1 AND c.relname = ANY ($2::text[]::name[]) AND c.relkind = 'r' AND a.amname = 'heap'",
      pg::Params().oid(set.parent.schema_oid).texts(names));
  std::map<std::string, Heap> heaps;
  if (rows.size() != landings.size()) return heaps;
  for (std::size_t row = 0; row < rows.size(); ++row)
    heaps[rows.text(row, 0)] = {.oid = rows.oid(row, 1), .indexed = rows.boolean(row, 2)};
  return heaps;
}

// Stored values must be right for the new table as they are, and the rows must be the owner's to take.
bool copies_as_is(const ManagedSet& set) {
  const std::array<Oid, 2> tables{set.parent.oid, set.parent.default_oid};
  return pg::query(
             "SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = ANY ($1) AND attgenerated <> "
             "'' AND NOT attisdropped) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = ANY "
             "($1) AND contype IN ('c', 'n') AND NOT convalidated) AND pg_catalog.has_table_privilege($2, 'DELETE')",
             pg::Params().oids(tables).oid(set.parent.default_oid))
      .boolean(0, 0);
}

// NULL and infinite keys, keys of partitions that are not made now.
bool leaves_rows(const ManagedSet& set, std::span<const core::Range> ranges) {
  return !pg::query("SELECT 1 FROM " + default_source(set) + " WHERE (" + hull_condition(set, ranges) +
                    ") IS NOT TRUE LIMIT 1")
              .empty();
}

Way choose_way(const ManagedSet& set, std::span<const core::Range> ranges) {
  const ChildFacts& facts = set.default_facts;
  if (pg::file_bytes(facts.tablespace, facts.filenode) < kSwapFromBytes) return Way::Copy;
  return pg::can_empty_heap(set.parent.default_oid) && !leaves_rows(set, ranges) ? Way::Swap : Way::Copy;
}

std::vector<core::Range> ranges_of(std::span<const Landing> landings) {
  std::vector<core::Range> ranges;
  for (const Landing& landing : landings) ranges.push_back(landing.range);
  return ranges;
}

// Ascending, as the router wants them.
std::vector<std::size_t> order_of(std::span<const Landing> landings) {
  std::vector<std::size_t> order(landings.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t n) { return landings[n].range.lower; });
  return order;
}

pg::RouteTarget route_target(const ManagedSet& set, const core::Range& range, Oid table) {
  pg::RouteTarget target{.table = table, .lower = std::nullopt, .upper = std::nullopt};
  if (range.lower.finite()) target.lower = set.text(range.lower);
  if (range.upper.finite()) target.upper = set.text(range.upper);
  return target;
}

}  // namespace

std::optional<Load> bulk_load_default(const ManagedSet& set, std::span<const Landing> landings,
                                      const std::string& columns) {
  if (!copies_as_is(set)) return std::nullopt;
  std::map<std::string, Heap> heaps = heaps_of(set, landings);
  if (heaps.empty()) return std::nullopt;
  const std::vector<core::Range> ranges = ranges_of(landings);
  const Way way = choose_way(set, ranges);
  const std::vector<std::size_t> order = order_of(landings);
  std::vector<pg::RouteTarget> targets;
  for (const std::size_t n : order)
    targets.push_back(route_target(set, landings[n].range, heaps[landings[n].name.name].oid));
  const std::vector<std::uint64_t> loaded =
      pg::bulk_load(set.parent.oid, targets,
                    "SELECT " + columns + " FROM " + default_source(set) + " WHERE " + hull_condition(set, ranges),
                    way == Way::Swap ? pg::Visibility::Frozen : pg::Visibility::Plain);
  Load load{.way = way, .rows = std::vector<std::uint64_t>(landings.size())};
  for (std::size_t n = 0; n < order.size(); ++n) load.rows[order[n]] = loaded[n];
  // Builds the indexes from the rows, and so checks keys, deferrable ones too: nobody would come back to them.
  for (const Landing& landing : landings)
    if (heaps[landing.name.name].indexed) pg::execute("REINDEX TABLE " + landing.name.quoted());
  return load;
}

std::uint64_t remove_loaded(const ManagedSet& set, std::span<const core::Range> ranges, Way way) {
  if (way == Way::Swap)
    return static_cast<std::uint64_t>(pg::query("SELECT pg_catalog.count(*) FROM " + default_source(set)).int8(0, 0));
  return pg::remove_rows(set.parent.default_oid,
                         "SELECT ctid FROM " + default_source(set) + " WHERE " + hull_condition(set, ranges));
}

void empty_default(const ManagedSet& set) {
  pg::empty_heap(set.parent.default_oid);
}

}  // namespace strata::ops
