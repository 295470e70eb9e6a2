#include "ops/drain_published.hpp"

#include "ops/analyze.hpp"
#include "ops/default_rows.hpp"
#include "ops/transfer.hpp"
#include "pg/bulk_load.hpp"
#include "pg/heap_file.hpp"

namespace strata::ops {

namespace {

// What LIKE gives without options: plain columns.
ChildStatements shelf_statements(const Move& move, const ChildName& name) {
  ChildStatements statements;
  statements.build.push_back("CREATE UNLOGGED TABLE " + name.quoted() + " (LIKE " + move.set.parent.quoted() + ")");
  return statements;
}

bool load_below(const Move& move, const Target& target, const Shelf& shelf) {
  const std::array<Landing, 1> landing{target};
  if (move.recipe.sub || !move.all_columns || !copies_as_stored(move.set)) return false;
  const std::map<std::string, LoadedHeap> heaps = heaps_of(move.set, landing);
  if (heaps.empty()) return false;
  const LoadedHeap& heap = heaps.at(target.name.name);
  const std::array<pg::RouteTarget, 1> routes{route_target(move.set, target.range, heap.oid)};
  const std::optional<pg::BulkLoaded> loaded = pg::bulk_load_query(
      {.parent = move.set.parent.oid, .targets = routes}, "SELECT " + move.columns + " FROM " + shelf.name.quoted());
  if (!loaded || loaded->rows.front() != shelf.rows) throw PlanChanged{};
  build_indexes(heap);
  return true;
}

void load_by_statement(const Move& move, const Target& target, const Shelf& shelf) {
  const Oid table = find_table(target.name.schema, target.name.name).value_or(Table{}).oid;
  const DisabledTriggers silent(table);
  const std::uint64_t rows =
      pg::execute("INSERT INTO " + target.name.quoted() + " (" + move.columns + ") OVERRIDING SYSTEM VALUE SELECT " +
                  move.columns + " FROM " + shelf.name.quoted());
  if (rows != shelf.rows) throw PlanChanged{};
}

}  // namespace

bool is_told_by_root(const ManagedSet& set) {
  return pg::changes_are_decoded() && is_published(set, Publication::ViaRoot);
}

std::vector<Shelf> shelve(const Makers& makers, const Move& move) {
  std::vector<Shelf> shelves;
  for (const Target& target : move.targets) {
    pg::check_interrupts();
    const pg::OwnerScope as_owner(move.set.parent.owner, move.set.parent.schema_oid);
    const ChildName name{.schema = target.name.schema, .name = free_name(move.set.parent, target.name.name, "_rows")};
    build_child(shelf_statements(move, name), move.set.parent, name, makers.creator);
    const std::uint64_t rows =
        pg::execute("INSERT INTO " + name.quoted() + " (" + move.columns + ") SELECT " + move.columns + " FROM " +
                    default_source(move.set) + " WHERE " + key_condition(move.set, target.range));
    shelves.push_back({.name = name, .rows = rows});
  }
  return shelves;
}

void unshelve(const Move& move, std::span<const Shelf> shelves) {
  for (std::size_t n = 0; n < shelves.size(); ++n) {
    pg::check_interrupts();
    const Target& target = move.targets[n];
    if (!load_below(move, target, shelves[n])) load_by_statement(move, target, shelves[n]);
    analyze_lightly(target.name.quoted());
    pg::execute("DROP TABLE " + shelves[n].name.quoted());
  }
}

}  // namespace strata::ops
