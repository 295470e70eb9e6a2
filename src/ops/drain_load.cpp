#include "ops/drain_load.hpp"

#include <numeric>

#include "ops/default_rows.hpp"
#include "ops/transfer.hpp"
#include "pg/bulk_load.hpp"
#include "pg/heap_file.hpp"
#include "pg/mover.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

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

}  // namespace

std::map<std::string, LoadedHeap> heaps_of(const ManagedSet& set, std::span<const Landing> landings) {
  std::vector<std::string> names;
  for (const Landing& landing : landings) names.push_back(landing.name.name);
  const pg::Rows rows = pg::query(
      "SELECT c.relname, c.oid, x.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam "
      "LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid LEFT JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid "
      "WHERE c.relnamespace = $1 AND c.relname = ANY ($2::text[]::name[]) AND c.relkind = 'r' AND a.amname = 'heap' "
      "ORDER BY c.oid, x.oid",
      pg::Params().oid(set.parent.schema_oid).texts(names));
  std::map<std::string, LoadedHeap> heaps;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    LoadedHeap& heap = heaps[rows.text(row, 0)];
    heap.oid = rows.oid(row, 1);
    if (!rows.null(row, 2)) heap.indexes.push_back(pg::qualified(set.parent.schema, rows.text(row, 2)));
  }
  if (heaps.size() != landings.size()) heaps.clear();
  return heaps;
}

void build_indexes(const LoadedHeap& heap) {
  const pg::IndexBuildScope scope(heap.oid);
  for (const std::string& index : heap.indexes) pg::execute("REINDEX INDEX " + index);
}

std::int64_t rows_that_stay(const ManagedSet& set, std::span<const core::Range> ranges) {
  return pg::query("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM " + default_source(set) + " WHERE " +
                       outside_hull(set, ranges) + " LIMIT $1) AS s",
                   pg::Params().int8(kMostToRewrite + 1))
      .int8(0, 0);
}

bool copies_as_stored(const ManagedSet& set) {
  const std::array<Oid, 2> tables{set.parent.oid, set.drained()};
  return pg::query(
             "SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = ANY ($1) AND attgenerated <> "
             "'' AND NOT attisdropped) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conrelid = ANY "
             "($1) AND contype IN ('c', 'n') AND NOT convalidated) AND pg_catalog.has_table_privilege($2, 'DELETE')",
             pg::Params().oids(tables).oid(set.drained()))
      .boolean(0, 0);
}

bool is_as_strict(Oid source, Oid table) {
  return pg::query(
             "SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute t WHERE t.attrelid = $2 AND t.attnum > 0 AND "
             "t.attnotnull AND NOT t.attisdropped AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute s WHERE "
             "s.attrelid = $1 AND s.attname = t.attname AND s.attnotnull AND NOT s.attisdropped)) AND NOT EXISTS "
             "(SELECT 1 FROM pg_catalog.pg_constraint t WHERE t.conrelid = $2 AND t.contype = 'c' AND t.conname <> $3 "
             "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint s WHERE s.conrelid = $1 AND s.contype = 'c' AND "
             "s.convalidated AND pg_catalog.pg_get_expr(s.conbin, s.conrelid) = pg_catalog.pg_get_expr(t.conbin, "
             "t.conrelid)))",
             pg::Params().oid(source).oid(table).text(kBoundsCheck))
      .boolean(0, 0);
}

bool is_published(const ManagedSet& set, Publication kind) {
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_publication p WHERE (p.pubviaroot OR $2) AND (p.puballtables OR EXISTS "
              "(SELECT 1 FROM (SELECT d.relid FROM pg_catalog.pg_partition_ancestors($1) d UNION SELECT $1 UNION "
              "SELECT $3) a JOIN pg_catalog.pg_class c ON c.oid = a.relid "
              "WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = "
              "c.oid) OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication_namespace n WHERE n.pnpubid = p.oid AND "
              "n.pnnspid = c.relnamespace)))",
              pg::Params().oid(set.drained()).boolean(kind == Publication::Any).oid(set.parent.oid))
              .empty();
}

bool may_swap(const ManagedSet& set) {
  return copies_as_stored(set) && pg::can_empty_heap(set.drained()) && !is_published(set, Publication::Any);
}

LoadPlan plan_load(const ManagedSet& set, std::span<const Landing> landings) {
  const std::map<std::string, LoadedHeap> heaps = heaps_of(set, landings);
  if (!copies_as_stored(set) || heaps.empty()) return {};
  // Also for what a template asks. All are made alike.
  if (!is_as_strict(set.drained(), heaps.begin()->second.oid)) return {};
  if (!pg::can_empty_heap(set.drained()) || is_published(set, Publication::Any)) return {.way = Way::Copy};
  const std::int64_t stay = rows_that_stay(set, ranges_of(landings));
  return {.way = stay <= kMostToRewrite ? Way::Swap : Way::Copy, .rows_stay = stay > 0};
}

std::optional<Load> bulk_load_default(const ManagedSet& set, std::span<const Landing> landings,
                                      const std::string& columns, LoadPlan plan) {
  const std::map<std::string, LoadedHeap> heaps = heaps_of(set, landings);
  const std::vector<core::Range> ranges = ranges_of(landings);
  const std::vector<std::size_t> order = order_of(landings);
  std::vector<pg::RouteTarget> targets;
  for (const std::size_t n : order)
    targets.push_back(route_target(set, landings[n].range, heaps.at(landings[n].name.name).oid));
  const bool swap = plan.way == Way::Swap;
  Load load{.way = plan.way, .rows = std::vector<std::uint64_t>(landings.size())};
  if (swap && plan.rows_stay) load.rest = pg::new_heap_like(set.drained());
  const pg::BulkLoad how{.parent = set.parent.oid,
                         .targets = targets,
                         .rest = load.rest,
                         .visibility = swap ? pg::Visibility::Frozen : pg::Visibility::Plain};
  const std::optional<pg::BulkLoaded> loaded =
      swap ? pg::bulk_load_heap(how, set.drained())
           : pg::bulk_load_query(
                 how, "SELECT " + columns + " FROM " + default_source(set) + " WHERE " + hull_condition(set, ranges));
  if (!loaded) return std::nullopt;
  for (std::size_t n = 0; n < order.size(); ++n) load.rows[order[n]] = loaded->rows[n];
  load.rest_rows = loaded->rest;
  load.checksum = loaded->sum;
  for (const Landing& landing : landings) build_indexes(heaps.at(landing.name.name));
  return load;
}

std::uint64_t remove_loaded(const ManagedSet& set, std::span<const core::Range> ranges) {
  return pg::remove_rows(set.drained(),
                         "SELECT ctid FROM " + default_source(set) + " WHERE " + hull_condition(set, ranges));
}

void renew_default(const ManagedSet& set, const Load& load) {
  if (OidIsValid(load.rest))
    pg::replace_heap(set.drained(), load.rest, load.rest_rows);
  else
    pg::empty_heap(set.drained());
}

}  // namespace strata::ops
