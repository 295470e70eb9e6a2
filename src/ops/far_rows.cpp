#include "ops/far_rows.hpp"

#include "core/uuid7.hpp"
#include "ops/default_rows.hpp"
#include "ops/observe.hpp"

namespace strata::ops {

namespace {

// Where the type ends before the limit no key is beyond it.
core::Bound written(const ManagedSet& set, const core::Bound& limit) {
  if (!limit.finite() || !set.codec.has_room_for(limit.tick)) return core::Bound::max();
  const std::array<core::Range, 1> near{core::Range{.lower = core::Bound::min(), .upper = limit}};
  set.codec.prepare(near);
  return limit;
}

std::string key_of(const ManagedSet& set) {
  return pg::quote_ident(set.parent.key_column);
}

std::string is_far(const ManagedSet& set, const core::Bound& limit) {
  return set.codec.finite_condition(key_of(set)) + " AND " + key_of(set) + " >= " + set.literal(limit) +
         "::" + set.key_type_name();
}

// Encoded keys say little by themselves. Only ours are read: what others make of a stray key may be an error.
std::string shown(const ManagedSet& set, const std::string& key) {
  const std::optional<core::Tick> tick =
      set.parent.key_type == UUIDOID && !set.codec.foreign() ? core::instant_of_uuid7(key) : std::nullopt;
  return tick ? key + " (" + core::show_tick(set.calendar(), *tick) + ")" : key;
}

}  // namespace

core::Bound far_limit(const ManagedSet& set, std::int64_t now_utc) {
  return written(set, core::reach_of(set.policy, set.calendar(), set.inventory, now_utc).limit);
}

core::Bound far_limit_beyond(const ManagedSet& set, const core::Bound& end) {
  return written(set, core::limit_beyond(set.policy, set.calendar(), end));
}

std::optional<core::Tick> largest_near_key(const ManagedSet& set, const core::Bound& limit) {
  const pg::CheckAs check = reading(set, set.default_facts);
  if (!limit.finite()) return largest_key(set, *set.inventory.default_partition, check);
  return extreme_key(set, End::Highest, default_source(set),
                     set.codec.finite_condition(key_of(set)) + " AND " +
                         key_condition(set, core::Range{.lower = core::Bound::min(), .upper = limit}),
                     check);
}

NewestKey newest_key(const ManagedSet& set, const core::Bound& limit) {
  const std::string key = key_of(set);
  const pg::Rows rows = pg::query_checked_as(
      "SELECT " + set.codec.row_expression("k.key") + ", k.key::pg_catalog.text, " +
          (limit.finite() ? "k.key >= " + set.literal(limit) + "::" + set.key_type_name() : std::string("false")) +
          " FROM (SELECT " + key + " AS key FROM " + default_source(set) + " WHERE " + set.codec.finite_condition(key) +
          " ORDER BY " + key + " DESC LIMIT 1) AS k",
      reading(set, set.default_facts));
  if (rows.empty()) return {};
  // What is too far need not even be readable.
  if (rows.boolean(0, 2)) return {.near = std::nullopt, .far = shown(set, rows.text(0, 1))};
  return {.near = set.codec.row_tick(rows, 0, 0), .far = std::nullopt};
}

std::optional<std::string> newest_far_key(const ManagedSet& set, const core::Bound& limit) {
  if (!limit.finite()) return std::nullopt;
  const pg::Rows rows =
      pg::query_checked_as("SELECT " + key_of(set) + "::pg_catalog.text FROM " + default_source(set) + " WHERE " +
                               is_far(set, limit) + " ORDER BY " + key_of(set) + " DESC LIMIT 1",
                           reading(set, set.default_facts));
  if (rows.empty()) return std::nullopt;
  return shown(set, rows.text(0, 0));
}

bool has_other_rows(const ManagedSet& set, const core::Bound& limit) {
  const std::string others = limit.finite() ? " WHERE (" + is_far(set, limit) + ") IS NOT TRUE" : "";
  return !pg::query_checked_as("SELECT 1 FROM " + default_source(set) + others + " LIMIT 1",
                               reading(set, set.default_facts))
              .empty();
}

std::string why_far(const ManagedSet& set) {
  return "More than " + std::to_string(set.policy.outlier_horizon.value_or(0)) +
         " intervals (part_policy.outlier_horizon) lie between it and the partitions in use.";
}

}  // namespace strata::ops
