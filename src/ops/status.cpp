#include "ops/status.hpp"

#include "core/coverage.hpp"
#include "core/retention.hpp"
#include "ops/typed_bound.hpp"
#include "pg/relation.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

// What else belongs to a table.
struct SideSizes {
  std::int64_t indexes = 0;
  std::int64_t toast = 0;
};

constexpr const char* kSideFiles = R"sql(
SELECT i.indrelid, true, c.reltablespace, c.relfilenode
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1)
UNION ALL
SELECT p.oid, false, t.reltablespace, t.relfilenode
FROM pg_catalog.pg_class p JOIN pg_catalog.pg_class t ON t.oid = p.reltoastrelid
WHERE p.oid = ANY ($1))sql";

std::unordered_map<Oid, SideSizes> side_sizes(std::span<const Oid> tables) {
  std::unordered_map<Oid, SideSizes> sizes;
  const pg::Rows rows = pg::query(kSideFiles, pg::Params().oids(tables));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    SideSizes& size = sizes[rows.oid(row, 0)];
    (rows.boolean(row, 1) ? size.indexes : size.toast) += pg::file_bytes(rows.oid(row, 2), rows.oid(row, 3));
  }
  return sizes;
}

// Rows by the cumulative statistics, which count them as they come.
std::unordered_map<Oid, std::int64_t> live_rows(std::span<const Oid> tables) {
  std::unordered_map<Oid, std::int64_t> live;
  const pg::Rows rows = pg::query(
      "SELECT t.oid, pg_catalog.pg_stat_get_live_tuples(t.oid) FROM ROWS FROM (pg_catalog.unnest($1)) AS t(oid)",
      pg::Params().oids(tables));
  for (std::size_t row = 0; row < rows.size(); ++row) live[rows.oid(row, 0)] = rows.int8(row, 1);
  return live;
}

std::int64_t heap_bytes(const ChildFacts& facts) {
  return pg::file_bytes(facts.tablespace, facts.filenode);
}

std::optional<std::int64_t> known_rows(const core::Child& child) {
  return child.estimated_rows < 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(child.estimated_rows));
}

std::vector<LoadedSet> visible_sets(const Extension& extension) {
  std::vector<LoadedSet> sets = load_sets(extension, Selection::All);
  std::erase_if(sets, [](const LoadedSet& loaded) { return is_hidden(loaded); });
  return sets;
}

std::vector<Oid> tables_of(const std::vector<LoadedSet>& sets) {
  std::vector<Oid> tables;
  for (const LoadedSet& loaded : sets) {
    if (!loaded.set) continue;
    for (const ChildFacts& facts : loaded.set->facts) tables.push_back(facts.oid);
    if (loaded.set->inventory.default_partition) tables.push_back(loaded.set->default_facts.oid);
  }
  return tables;
}

std::vector<Oid> defaults_of(const std::vector<LoadedSet>& sets) {
  std::vector<Oid> tables;
  for (const LoadedSet& loaded : sets)
    if (loaded.set && loaded.set->inventory.default_partition) tables.push_back(loaded.set->default_facts.oid);
  return tables;
}

// The partition of a list holds one value, and has no end.
std::optional<std::string> upper_text(const ManagedSet& set, const core::Range& range) {
  return set.is_list() ? std::nullopt : std::optional(set.text(range.upper));
}

// --- one set --------------------------------------------------------------------------------------------------------

struct Sizes {
  std::unordered_map<Oid, SideSizes> side;
  std::unordered_map<Oid, std::int64_t> live;
  [[nodiscard]] std::int64_t total(const ChildFacts& facts) const {
    const auto found = side.find(facts.oid);
    return heap_bytes(facts) + (found == side.end() ? 0 : found->second.indexes + found->second.toast);
  }
};

// A partition that is partitioned itself has no file: only what ANALYZE has counted is known.
std::optional<std::int64_t> rows_in_default(const ManagedSet& set, const Sizes& sizes) {
  const ChildFacts& facts = set.default_facts;
  const bool has_file = OidIsValid(facts.filenode);
  if (has_file && heap_bytes(facts) == 0) return 0;
  const std::optional<std::int64_t> counted = known_rows(*set.inventory.default_partition);
  const auto live = sizes.live.find(facts.oid);
  const std::int64_t seen = live == sizes.live.end() ? 0 : live->second;
  if (!counted && seen == 0) return std::nullopt;
  return std::max(counted.value_or(0), seen);
}

void add_default(SetStatus& status, const ManagedSet& set, const Sizes& sizes) {
  const std::optional<core::Child>& rest = set.inventory.default_partition;
  if (!rest) return;
  status.default_table = rest->schema + "." + rest->name;
  status.rows_in_default = rows_in_default(set, sizes);
  status.default_bytes = heap_bytes(set.default_facts);
}

// The only partition stays, whatever its age.
void add_retirement(SetStatus& status, const ManagedSet& set) {
  const auto& children = set.inventory.children;
  const bool may_go = children.size() > 1 || (set.policy.may_empty && !children.empty());
  if (!set.policy.retention || set.policy.full || !may_go) return;
  const core::Bound& upper = children.front().range.upper;
  if (const auto* age = std::get_if<core::IntervalParts>(&*set.policy.retention)) {
    if (set.is_time()) status.next_retirement = core::kept_until(set.calendar(), *age, upper);
    return;
  }
  std::int64_t id = 0;
  const bool fits =
      upper.finite() && !__builtin_add_overflow(upper.tick, std::get<std::int64_t>(*set.policy.retention), &id);
  if (!set.is_time() && fits) status.next_retirement_id = id;
}

void add_bounds(SetStatus& status, const ManagedSet& set) {
  const auto& children = set.inventory.children;
  status.partitions = static_cast<std::int32_t>(children.size());
  if (children.empty()) return;
  status.first_bound = set.text(children.front().range.lower);
  const core::Range& last = children.back().range;
  status.last_bound = set.text(set.is_list() ? last.lower : last.upper);
  if (!set.is_time()) return;
  const core::Calendar calendar = set.calendar();
  const core::Tick now = calendar.at_or_before(calendar.clock().from_utc(pg::transaction_start()));
  if (const auto end = core::covered_until(children, now)) status.covered_until = time_of(set, *end);
}

void add_facts(SetStatus& status, const ManagedSet& set, const Sizes& sizes) {
  add_bounds(status, set);
  add_default(status, set, sizes);
  add_retirement(status, set);
  std::int64_t total = set.inventory.default_partition ? sizes.total(set.default_facts) : 0;
  for (const ChildFacts& facts : set.facts) total += sizes.total(facts);
  status.total_bytes = total;
}

// Runs f for one set; what it raises is told in that set's row.
template <class F>
std::optional<std::string> problem_of(F&& f) {
  try {
    pg::in_subtransaction(f);
  } catch (const pg::PgError& error) {
    if (error.is_interrupt()) throw;
    return error.message();
  } catch (const pg::Raise& raise) {
    return raise.message;
  }
  return std::nullopt;
}

SetStatus status_of(const LoadedSet& loaded, const Sizes& sizes) {
  SetStatus status;
  status.parent_table = loaded.config.parent_table;
  status.retention = loaded.config.retention;
  if (loaded.refusal) status.problem = loaded.refusal->message;
  if (loaded.set) status.problem = problem_of([&] { add_facts(status, *loaded.set, sizes); });
  return status;
}

// --- partitions -----------------------------------------------------------------------------------------------------

class PartitionLister {
 public:
  explicit PartitionLister(const std::vector<LoadedSet>& sets) : sizes_(side_sizes(tables_of(sets))) {}

  void add(const ManagedSet& set) {
    set.codec.prepare(set.ranges());
    for (std::size_t n = 0; n < set.facts.size(); ++n) {
      PartitionRow row = row_of(set, set.inventory.children[n], set.facts[n]);
      add_range(row, set, set.inventory.children[n].range);
      rows_.push_back(std::move(row));
    }
    if (!set.inventory.default_partition) return;
    PartitionRow row = row_of(set, *set.inventory.default_partition, set.default_facts);
    row.is_default = true;
    rows_.push_back(std::move(row));
  }

  [[nodiscard]] std::vector<PartitionRow> rows() && { return std::move(rows_); }

 private:
  PartitionRow row_of(const ManagedSet& set, const core::Child& child, const ChildFacts& facts) {
    const auto side = sizes_.find(facts.oid);
    PartitionRow row;
    row.parent_table = set.config.parent_table;
    row.schema = child.schema;
    row.table = child.name;
    row.estimated_rows = known_rows(child);
    row.bytes = heap_bytes(facts);
    row.index_bytes = side == sizes_.end() ? 0 : side->second.indexes;
    row.owner = owner(facts.owner);
    return row;
  }

  static void add_range(PartitionRow& row, const ManagedSet& set, const core::Range& range) {
    row.lower_bound = set.text(range.lower);
    row.upper_bound = upper_text(set, range);
    row.lower_time = time_of(set, range.lower);
    row.lower_id = id_of(set, range.lower);
    if (set.is_list()) return;
    row.upper_time = time_of(set, range.upper);
    row.upper_id = id_of(set, range.upper);
  }

  const std::string& owner(Oid role) {
    std::string& name = owners_[role];
    if (name.empty()) name = pg::role_name(role);
    return name;
  }

  std::unordered_map<Oid, SideSizes> sizes_;
  std::map<Oid, std::string> owners_;
  std::vector<PartitionRow> rows_;
};

}  // namespace

std::vector<SetStatus> all_statuses(const Extension& extension) {
  const pg::SettingsScope settings;
  const std::vector<LoadedSet> sets = visible_sets(extension);
  const Sizes sizes{.side = side_sizes(tables_of(sets)), .live = live_rows(defaults_of(sets))};
  std::vector<SetStatus> statuses;
  statuses.reserve(sets.size());
  for (const LoadedSet& loaded : sets) {
    pg::check_interrupts();
    statuses.push_back(status_of(loaded, sizes));
  }
  return statuses;
}

std::vector<PartitionRow> all_partitions(const Extension& extension) {
  const pg::SettingsScope settings;
  const std::vector<LoadedSet> sets = visible_sets(extension);
  PartitionLister lister(sets);
  for (const LoadedSet& loaded : sets) {
    pg::check_interrupts();
    if (loaded.set) lister.add(*loaded.set);
  }
  return std::move(lister).rows();
}

}  // namespace strata::ops
