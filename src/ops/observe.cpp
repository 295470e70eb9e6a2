#include "ops/observe.hpp"

#include "core/observation.hpp"
#include "core/reach.hpp"
#include "ops/far_rows.hpp"
#include "pg/file_probe.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

bool may_hold_rows(const ChildFacts& facts) {
  return !is_local_heap(facts) || !pg::file_is_empty(facts.tablespace, facts.filenode);
}

core::Reach reach_of(const ManagedSet& set, std::int64_t now_utc) {
  return core::reach_of(set.policy, set.calendar(), set.inventory, now_utc);
}

bool holds_rows(const ManagedSet& set, const core::Child& child, const ChildFacts& facts) {
  if (!may_hold_rows(facts)) return false;
  return !pg::query_checked_as("SELECT 1 FROM " + pg::qualified(child.schema, child.name) + " LIMIT 1",
                               reading(set, facts))
              .empty();
}

std::optional<std::size_t> highest_filled(const ManagedSet& set, std::int64_t now_utc) {
  const core::Bound lowest = core::lowest_of_interest(set.policy, set.calendar(), now_utc);
  for (std::size_t n = reach_of(set, now_utc).end; n-- > 0;) {
    if (set.inventory.children[n].range.upper <= lowest) break;
    if (holds_rows(set, set.inventory.children[n], set.facts[n])) return n;
  }
  return std::nullopt;
}

// Of plain tables only (files_can_tell).
std::optional<std::size_t> highest_with_pages(const ManagedSet& set, std::int64_t now_utc) {
  const pg::FileProbe files;
  const core::Bound lowest = core::lowest_of_interest(set.policy, set.calendar(), now_utc);
  for (std::size_t n = reach_of(set, now_utc).end; n-- > 0;) {
    if (set.inventory.children[n].range.upper <= lowest) break;
    if (!files.is_empty(set.facts[n].tablespace, set.facts[n].filenode)) return n;
  }
  return std::nullopt;
}

// Whether its highest row decides where premake counts from.
bool is_current(const ManagedSet& set, const core::Range& range, std::int64_t now_utc) {
  return set.is_time() && set.policy.infinite_time_partitions && range.contains(set.calendar().from_utc(now_utc));
}

bool files_can_tell(const ManagedSet& set) {
  return (set.policy.ignore_default_data || !set.inventory.default_partition) &&
         std::ranges::all_of(set.facts, is_local_heap);
}

}  // namespace

std::vector<core::Observation> observe_files(const ManagedSet& set, std::int64_t now_utc) {
  if (!files_can_tell(set)) return {};
  return core::extreme_observations(set.policy, set.calendar(), set.inventory, highest_with_pages(set, now_utc),
                                    now_utc);
}

std::optional<core::Tick> extreme_key(const ManagedSet& set, End end, const std::string& from, const std::string& where,
                                      const pg::CheckAs& check) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  const pg::Rows rows = pg::query_checked_as("SELECT " + set.codec.row_expression("k.key") + " FROM (SELECT " + key +
                                                 " AS key FROM " + from + " WHERE " + where + " ORDER BY " + key +
                                                 (end == End::Lowest ? " ASC" : " DESC") + " LIMIT 1) AS k",
                                             check);
  if (rows.empty()) return std::nullopt;
  return set.codec.row_tick(rows, 0, 0);
}

pg::CheckAs reading(const ManagedSet& set, const ChildFacts& facts) noexcept {
  if (!OidIsValid(facts.owner) || facts.owner == set.parent.owner) return {};
  return {.relation = facts.oid, .role = facts.owner};
}

std::optional<core::Tick> largest_key(const ManagedSet& set, const core::Child& child, const pg::CheckAs& check) {
  const std::string key = pg::quote_ident(set.parent.key_column);
  // Native times may be infinite, which the plan knows how to take; numeric infinities and NaN have no tick.
  const std::string has_tick = set.codec.native() ? key + " IS NOT NULL" : set.codec.finite_condition(key);
  return extreme_key(set, End::Highest, pg::qualified(child.schema, child.name), has_tick, check);
}

std::optional<std::size_t> highest_with_rows(const ManagedSet& set) {
  for (std::size_t n = set.inventory.children.size(); n-- > 0;)
    if (holds_rows(set, set.inventory.children[n], set.facts[n])) return n;
  return std::nullopt;
}

core::Observation observe(const ManagedSet& set, std::int64_t now_utc) {
  core::Observation seen;
  seen.highest_filled = highest_filled(set, now_utc);
  if (seen.highest_filled) {
    const core::Child& child = set.inventory.children[*seen.highest_filled];
    const pg::CheckAs check = reading(set, set.facts[*seen.highest_filled]);
    if (!set.is_time()) seen.max_id = largest_key(set, child, check);
    if (is_current(set, child.range, now_utc)) seen.latest = largest_key(set, child, check);
  }
  if (!set.policy.ignore_default_data && set.inventory.default_partition && may_hold_rows(set.default_facts))
    seen.default_max = largest_near_key(set, far_limit(set, now_utc));
  return seen;
}

}  // namespace strata::ops
