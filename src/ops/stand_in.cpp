#include "ops/stand_in.hpp"

#include "ops/capture.hpp"
#include "ops/default_rows.hpp"
#include "ops/observe.hpp"
#include "ops/transfer.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr std::int64_t kMostToRead = std::int64_t{8} * 1024 * 1024;

// No trigger, rule, policy or constraint of either side has anything to say about the rows. Ours are there while the
// move is planned once more (ops/capture.cpp).
constexpr const char* kObstacle = R"sql(
SELECT CASE
  WHEN s.relkind <> 'r' OR a.amname IS DISTINCT FROM 'heap' OR s.relpersistence <> 'p' THEN 'it is no plain table'
  WHEN s.relowner <> t.relowner THEN 'it has another owner than the partitioned table'
  WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid IN (s.oid, t.oid) AND k.condeferrable)
    THEN 'one of the two tables has deferrable constraints'
  WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE g.tgrelid IN (s.oid, t.oid) AND NOT
    (g.tgrelid = s.oid AND g.tgname = ANY ($3::text[]::name[])))
    THEN 'one of the two tables has triggers or foreign keys'
  WHEN s.relhasrules OR t.relhasrules THEN 'one of the two tables has rules'
  WHEN s.relrowsecurity OR t.relrowsecurity THEN 'one of the two tables has row-level security'
  WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE s.oid IN (i.inhrelid, i.inhparent))
    THEN 'it is part of an inheritance tree'
END
FROM pg_catalog.pg_class s LEFT JOIN pg_catalog.pg_am a ON a.oid = s.relam, pg_catalog.pg_class t
WHERE s.oid = $1 AND t.oid = $2)sql";

// Of the same names and types, nothing computed, no identity that a row must not bring along.
bool has_the_same_columns(Oid table, Oid parent) {
  return columns_as_stored(table, parent, Identity::AsDeclared).has_value();
}

// The default as it is, for a set in which another table stands in for it.
std::optional<ManagedSet> with_own_default(const ManagedSet& set) {
  if (!OidIsValid(set.parent.default_oid)) return std::nullopt;
  ManagedSet own = set;
  StandIn itself{.oid = set.parent.default_oid};
  if (!let_stand_in(own, itself)) return std::nullopt;
  own.stands_in = false;
  return own;
}

}  // namespace

bool let_stand_in(ManagedSet& set, const StandIn& table) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname, c.relkind, c.reltablespace, c.relfilenode, c.relam, c.relpersistence, c.relowner "
      "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1",
      pg::Params().oid(table.oid));
  if (rows.empty()) return false;
  if (!table.raw_name.empty() && rows.text(0, 0) + "." + rows.text(0, 1) != table.raw_name) return false;
  set.stands_in = true;
  core::Child& child = set.inventory.default_partition.emplace();
  child.oid = table.oid;
  child.schema = rows.text(0, 0);
  child.name = rows.text(0, 1);
  set.default_facts = {.oid = table.oid,
                       .kind = rows.character(0, 2),
                       .tablespace = rows.oid(0, 3),
                       .filenode = rows.oid(0, 4),
                       .access_method = rows.oid(0, 5),
                       .persistence = rows.character(0, 6),
                       .owner = rows.oid(0, 7)};
  return true;
}

bool is_within_reach(const ManagedSet& set) {
  const pg::Rows rows = pg::query(
      "SELECT pg_catalog.has_schema_privilege($1, c.relnamespace, 'USAGE') AND "
      "pg_catalog.has_table_privilege($1, c.oid, 'SELECT') FROM pg_catalog.pg_class c WHERE c.oid = $2",
      pg::Params().oid(set.parent.owner).oid(set.drained()));
  return !rows.empty() && !rows.null(0, 0) && rows.boolean(0, 0);  // somebody may be dropping it
}

bool has_rows_for_existing(const ManagedSet& set) {
  const std::vector<core::Range> existing = set.ranges();
  const std::vector<bool> filled = default_fills(set, existing);
  return std::ranges::find(filled, true) != filled.end();
}

std::string name_of_drained(const ManagedSet& set) {
  if (!set.stands_in) return "the default partition of \"" + set.parent.raw_name() + "\"";
  const core::Child& table = *set.inventory.default_partition;
  return "table \"" + table.schema + "." + table.name + "\"";
}

std::string obstacle_to_stand_in(const Move& move) {
  const ManagedSet& set = move.set;
  const pg::Rows rows =
      pg::query(kObstacle, pg::Params()
                               .oid(set.drained())
                               .oid(set.parent.oid)
                               .texts(std::vector<std::string>(kCaptureTriggers.begin(), kCaptureTriggers.end())));
  if (rows.empty()) return "it is gone";
  if (!rows.null(0, 0)) return rows.text(0, 0);
  if (!has_the_same_columns(set.drained(), set.parent.oid)) return "the two tables differ in their columns";
  if (!is_as_strict(set.drained(), set.parent.oid))
    return "the partitioned table has NOT NULL or CHECK constraints that it has not";
  if (default_is_in_the_way(move)) return "the default partition may hold rows of the same ranges";
  return {};
}

bool default_is_in_the_way(const Move& move) {
  const std::optional<ManagedSet> own = with_own_default(move.set);
  if (!own || !default_may_hold_rows(*own)) return false;
  const ChildFacts& facts = own->default_facts;
  if (!is_local_heap(facts) || pg::file_bytes(facts.tablespace, facts.filenode) > kMostToRead) return true;
  return !blocked_by_default(*own, ranges_of(move)).empty();
}

}  // namespace strata::ops
