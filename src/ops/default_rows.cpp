#include "ops/default_rows.hpp"

#include "ops/observe.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// More ranges than this are cheaper to count in one pass.
constexpr std::size_t kMostProbes = 400;

// Every finite end once, ascending: the thresholds of width_bucket. Bucket n holds the keys from end n - 1 to end n.
std::vector<core::Bound> thresholds_of(std::span<const core::Range> ranges) {
  std::vector<core::Bound> ends;
  for (const core::Range& range : ranges) {
    for (const core::Bound& end : {range.lower, range.upper})
      if (end.finite()) ends.push_back(end);
  }
  std::ranges::sort(ends);
  const auto repeated = std::ranges::unique(ends);
  ends.erase(repeated.begin(), repeated.end());
  return ends;
}

std::string array_text(const ManagedSet& set, std::span<const core::Bound> ends) {
  std::string text = "{";
  for (const core::Bound& end : ends) text += (text.size() > 1 ? ",\"" : "\"") + set.text(end) + "\"";
  return text + "}";
}

core::Range hull(std::span<const core::Range> ranges) {
  core::Range hull = ranges.front();
  for (const core::Range& range : ranges) {
    hull.lower = std::min(hull.lower, range.lower);
    hull.upper = std::max(hull.upper, range.upper);
  }
  return hull;
}

// Rows per bucket, one more bucket than thresholds.
std::vector<std::int64_t> count_buckets(const ManagedSet& set, std::span<const core::Range> ranges,
                                        const std::vector<core::Bound>& ends) {
  const std::string bucket = ends.empty()
                                 ? "0::pg_catalog.int4"
                                 : "pg_catalog.width_bucket(" + pg::quote_ident(set.parent.key_column) + ", " +
                                       pg::quote_literal(array_text(set, ends)) + "::" + set.key_type_name() + "[])";
  const pg::Rows rows = pg::query_checked_as("SELECT " + bucket + ", pg_catalog.count(*) FROM " + default_source(set) +
                                                 " WHERE " + key_condition(set, hull(ranges)) + " GROUP BY 1",
                                             reading(set, set.default_facts));
  std::vector<std::int64_t> counts(ends.size() + 1);
  for (std::size_t row = 0; row < rows.size(); ++row)
    counts[static_cast<std::size_t>(rows.int4(row, 0))] = rows.int8(row, 1);
  return counts;
}

std::string list_condition(const ManagedSet& set, std::span<const core::Range> ranges) {
  std::vector<core::Bound> values;
  for (const core::Range& range : ranges) values.push_back(range.lower);
  const std::string key = pg::quote_ident(set.parent.key_column);
  return key + " IS NOT NULL AND " + key + " = ANY (" + pg::quote_literal(array_text(set, values)) +
         "::" + set.key_type_name() + "[])";
}

std::string constant(const ManagedSet& set, const core::Bound& end) {
  return set.literal(end) + "::" + set.key_type_name();
}

// Of a list set: rows per value, in the order of the ranges.
std::vector<std::int64_t> count_values(const ManagedSet& set, std::span<const core::Range> ranges) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  const pg::Rows rows =
      pg::query_checked_as("SELECT " + set.codec.row_expression(key) + ", pg_catalog.count(*) FROM " +
                               default_source(set) + " WHERE " + list_condition(set, ranges) + " GROUP BY 1",
                           reading(set, set.default_facts));
  std::map<core::Tick, std::int64_t> counts;
  for (std::size_t row = 0; row < rows.size(); ++row) counts[set.codec.row_tick(rows, row, 0)] = rows.int8(row, 1);
  std::vector<std::int64_t> found;
  for (const core::Range& range : ranges) found.push_back(counts[range.lower.tick]);
  return found;
}

// Bucket that begins at this end.
std::size_t bucket_at(const std::vector<core::Bound>& ends, const core::Bound& end) {
  if (end.kind == core::Bound::Kind::Min) return 0;
  if (end.kind == core::Bound::Kind::Max) return ends.size() + 1;
  return static_cast<std::size_t>(std::ranges::lower_bound(ends, end) - ends.begin()) + 1;
}

// Of each range, in one pass.
std::vector<std::int64_t> count_rows(const ManagedSet& set, std::span<const core::Range> ranges) {
  const std::vector<core::Bound> ends = thresholds_of(ranges);
  const std::vector<std::int64_t> counts = count_buckets(set, ranges, ends);
  std::vector<std::int64_t> rows(ranges.size());
  for (std::size_t n = 0; n < ranges.size(); ++n) {
    for (std::size_t at = bucket_at(ends, ranges[n].lower); at < bucket_at(ends, ranges[n].upper); ++at)
      rows[n] += counts[at];
  }
  return rows;
}

// One descent of the index for each range. Ordered, so that the planner thinks of no other way.
std::vector<bool> probe(const ManagedSet& set, std::span<const core::Range> ranges) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  std::string probes;
  for (const core::Range& range : ranges)
    probes += (probes.empty() ? "(SELECT 1 FROM " : " IS NOT NULL, (SELECT 1 FROM ") + default_source(set) + " WHERE " +
              key_condition(set, range) + " ORDER BY " + key + " LIMIT 1)";
  const pg::Rows rows = pg::query_checked_as("SELECT " + probes + " IS NOT NULL", reading(set, set.default_facts));
  std::vector<bool> filled(ranges.size());
  for (std::size_t n = 0; n < ranges.size(); ++n) filled[n] = rows.boolean(0, static_cast<int>(n));
  return filled;
}

}  // namespace

bool default_may_hold_rows(const ManagedSet& set) {
  if (!set.inventory.default_partition) return false;
  const ChildFacts& facts = set.default_facts;
  if (!is_local_heap(facts)) return true;
  return pg::file_bytes(facts.tablespace, facts.filenode) > 0;
}

bool has_index_on(Oid table, const std::string& column) {
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
              "JOIN pg_catalog.pg_am m ON m.oid = c.relam JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid "
              "AND "
              "a.attnum = i.indkey[0] WHERE i.indrelid = $1 AND a.attname = $2 AND i.indisvalid AND i.indpred IS NULL "
              "AND m.amname = 'btree'",
              pg::Params().oid(table).text(column))
              .empty();
}

std::vector<bool> default_fills(const ManagedSet& set, std::span<const core::Range> ranges) {
  std::vector<bool> filled(ranges.size());
  if (ranges.empty() || !default_may_hold_rows(set)) return filled;
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  if (!set.is_list()) set.codec.prepare(ranges);
  if (ranges.size() <= kMostProbes && has_index_on(set.drained(), set.parent.key_column)) return probe(set, ranges);
  const std::vector<std::int64_t> rows = set.is_list() ? count_values(set, ranges) : count_rows(set, ranges);
  for (std::size_t n = 0; n < rows.size(); ++n) filled[n] = rows[n] > 0;
  return filled;
}

std::vector<std::size_t> blocked_by_default(const ManagedSet& set, std::span<const core::Range> wanted) {
  const std::vector<bool> filled = default_fills(set, wanted);
  std::vector<std::size_t> blocked;
  for (std::size_t n = 0; n < filled.size(); ++n)
    if (filled[n]) blocked.push_back(n);
  return blocked;
}

std::int64_t count_in_default(const ManagedSet& set, const core::Range& range, std::int64_t most) {
  const pg::OwnerScope as_owner(set.parent.owner, set.parent.schema_oid);
  return pg::query_checked_as("SELECT count(*) FROM (SELECT 1 FROM " + default_source(set) + " WHERE " +
                                  key_condition(set, range) + " LIMIT " + std::to_string(most) + ") AS found",
                              reading(set, set.default_facts))
      .int8(0, 0);
}

std::string hull_condition(const ManagedSet& set, std::span<const core::Range> ranges) {
  return set.is_list() ? list_condition(set, ranges) : key_condition(set, hull(ranges));
}

std::string outside_hull(const ManagedSet& set, std::span<const core::Range> ranges) {
  if (set.is_list()) return "(" + list_condition(set, ranges) + ") IS NOT TRUE";
  const std::string key = pg::quote_ident(set.parent.key_column);
  const core::Range all = hull(ranges);
  std::string text = key + " IS NULL";
  if (all.lower.finite()) text += " OR " + key + " < " + constant(set, all.lower);
  if (all.upper.finite()) text += " OR " + key + " >= " + constant(set, all.upper);
  return text;
}

std::string outside_condition(const ManagedSet& set, const core::Range& range) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  return key + " < " + constant(set, range.lower) + " OR " + key + " >= " + constant(set, range.upper);
}

std::string key_condition(const ManagedSet& set, const core::Range& range) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  std::string text = key + " IS NOT NULL";
  if (set.is_list() && range.lower.finite()) return text + " AND " + key + " = " + constant(set, range.lower);
  if (range.lower.finite()) text += " AND " + key + " >= " + constant(set, range.lower);
  if (range.upper.finite()) text += " AND " + key + " < " + constant(set, range.upper);
  return text;
}

std::string default_source(const ManagedSet& set) {
  const core::Child& child = *set.inventory.default_partition;
  return (set.default_facts.kind == 'p' ? "" : "ONLY ") + pg::qualified(child.schema, child.name);
}

}  // namespace strata::ops
