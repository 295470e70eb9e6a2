#include "ops/drain_move.hpp"

#include "ops/analyze.hpp"
#include "ops/constraints.hpp"
#include "ops/default_rows.hpp"
#include "ops/transfer.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kDefaultCheck = "pg_strata_drained";

// Those the set itself declares; the parts that core makes for partitions of referenced tables have a parent. Those the
// owner could not declare now, because a former owner did, are left to ATTACH.
std::vector<std::string> foreign_keys_of(Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k "
      "JOIN pg_catalog.pg_class c ON c.oid = k.confrelid WHERE k.conrelid = $1 AND k.contype = 'f' AND k.conparentid = "
      "0 AND pg_catalog.has_table_privilege(c.oid, 'REFERENCES') AND "
      "pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') ORDER BY k.conname",
      pg::Params().oid(parent));
  std::vector<std::string> keys;
  for (std::size_t row = 0; row < rows.size(); ++row)
    keys.push_back("ADD CONSTRAINT " + pg::quote_ident(rows.text(row, 0)) + " " + rows.text(row, 1));
  return keys;
}

// Keys are enforced while rows come in, and ATTACH has no index to build under its lock. Not where a superuser creates
// the table for its owner: index expressions would be folded with his rights, so ATTACH makes the indexes.
void create_with_indexes(ChildRecipe& recipe) {
  constexpr std::string_view last_option = "INCLUDING STORAGE)";
  const auto at = recipe.create.rfind(last_option);
  if (at != std::string::npos) recipe.create.insert(at + last_option.size() - 1, " INCLUDING INDEXES");
}

Target plan_target(const Extension& extension, const Move& move, const core::Range& range,
                   std::vector<core::TakenName>& chosen) {
  const ManagedSet& set = move.set;
  const core::Action action =
      value_or_raise(core::create_action(set.policy, set.calendar(), range, "rows of the default", name_rules()));
  const std::array<core::NameChoice, 1> wanted{action.names};
  std::vector<core::TakenName> taken = taken_names(set, wanted);
  taken.insert(taken.end(), chosen.begin(), chosen.end());
  std::optional<std::string> free = free_choice(extension, set, action.names, taken);
  if (!free) throw PlanChanged{};
  const ChildName name{.schema = set.parent.schema, .name = *std::move(free)};
  chosen.push_back(
      {.name = name.name, .holder = {.kind = core::NameHolder::Kind::SameSet, .contract_name = action.names.contract}});
  ChildStatements statements = partition_statements(move.recipe, set, name, range);
  const std::string alter = "ALTER TABLE " + name.quoted();
  statements.finish.insert(statements.finish.begin(), alter + " DROP CONSTRAINT " + kBoundsCheck);
  Target target;
  target.range = range;
  target.name = name;
  target.statements = std::move(statements);
  target.check = alter + " ADD CONSTRAINT " + kBoundsCheck + " CHECK (" + key_condition(set, range) + ")";
  return target;
}

bool overlaps_a_target(const Move& move, const core::Range& range) {
  return std::ranges::any_of(move.targets, [&](const Target& target) { return target.range.overlaps(range); });
}

}  // namespace

Move plan_move(ManagedSet set, const CellRequest& cells, std::span<const std::string> ignored, const Makers& makers) {
  Cells found = cells_to_drain(set, cells);
  std::vector<core::Range> ranges = std::move(found.ranges);
  Move move{.set = std::move(set),
            .recipe = {},
            .targets = {},
            .columns = {},
            .far = std::move(found.far),
            .foreign_keys = {}};
  if (ranges.empty()) return move;
  const Parent& parent = move.set.parent;
  move.recipe =
      read_recipe(parent, move.set.config.template_table,
                  move.set.config.inherit_privileges ? Privileges::CopyFromParent : Privileges::Own, makers.sub);
  if (makers.creator == parent.owner) create_with_indexes(move.recipe);
  if (cells.in_parts) ranges.resize(std::min(ranges.size(), children_at_once(move.recipe)));
  require_lock_space(move.recipe, ranges.size());
  move.columns = moved_columns(parent.oid, parent.oid, ignored);
  move.all_columns = ignored.empty();
  move.foreign_keys = foreign_keys_of(parent.oid);
  std::vector<core::TakenName> chosen;
  for (const core::Range& range : ranges) move.targets.push_back(plan_target(makers.extension, move, range, chosen));
  return move;
}

std::vector<core::Range> ranges_of(const Move& move) {
  std::vector<core::Range> ranges;
  for (const Target& target : move.targets) ranges.push_back(target.range);
  return ranges;
}

std::vector<Landing> landings_of(const Move& move) {
  return {move.targets.begin(), move.targets.end()};
}

std::vector<TableLock> locks_against_writers(const Move& move) {
  const Parent& parent = move.set.parent;
  std::set<Oid> others(move.recipe.referenced.begin(), move.recipe.referenced.end());
  others.insert(move.recipe.referencing.begin(), move.recipe.referencing.end());
  others.erase(parent.oid);
  std::vector<TableLock> locks;
  for (const Oid table : others) locks.push_back({.table = table, .mode = ShareRowExclusiveLock});
  locks.push_back({.table = parent.oid, .mode = ExclusiveLock});
  if (OidIsValid(parent.default_oid)) locks.push_back({.table = parent.default_oid, .mode = ExclusiveLock});
  if (move.set.stands_in) locks.push_back({.table = move.set.drained(), .mode = ExclusiveLock});
  return locks;
}

bool lock_tables(std::span<const TableLock> locks, const pg::LockDeadline& deadline) {
  return std::ranges::all_of(locks,
                             [&](const TableLock& lock) { return pg::lock_relation(lock.table, lock.mode, deadline); });
}

bool lock_against_readers(const Move& move, const pg::LockDeadline& deadline) {
  for (const Oid table : move.recipe.referenced) {
    if (table != move.set.parent.oid && !pg::lock_relation(table, AccessExclusiveLock, deadline)) return false;
  }
  const Parent& parent = move.set.parent;
  return pg::lock_relation(parent.oid, AccessExclusiveLock, deadline) &&
         (!OidIsValid(parent.default_oid) || pg::lock_relation(parent.default_oid, AccessExclusiveLock, deadline)) &&
         (!move.set.stands_in || pg::lock_relation(move.set.drained(), AccessExclusiveLock, deadline));
}

bool still_as_planned(const Move& move) {
  const Parent& before = move.set.parent;
  const std::optional<Parent> now = find_parent(before.raw_name());
  if (!now || now->oid != before.oid || now->owner != before.owner || now->default_oid != before.default_oid)
    return false;
  if (move.set.stands_in) {
    const core::Child& table = *move.set.inventory.default_partition;
    if (!is_still_called(table.oid, table.schema, table.name)) return false;
  }
  const std::array<Oid, 1> parents{before.oid};
  ReadChildren read = std::move(read_children(parents)[before.oid]);
  if (read.refusal) throw to_raise(*read.refusal);
  decode_children(move.set.codec, move.set.calendar(), move.set.policy.step, before.default_oid, read.children,
                  read.facts);
  return std::ranges::none_of(read.children, [&](const core::Child& child) {
    return child.oid != before.default_oid && overlaps_a_target(move, child.range);
  });
}

bool names_are_free(const Move& move) {
  std::vector<std::string> names;
  for (const Target& target : move.targets) names.push_back(target.name.name);
  return pg::query(
             "SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = $1 AND relname = ANY ($2::text[]::name[]) LIMIT 1",
             pg::Params().oid(move.set.parent.schema_oid).texts(names))
      .empty();
}

// The configuration of a sub-set is the caller's to write, so this runs outside any OwnerScope. Its partitions inherit
// the check, so that dropping it at the end drops it everywhere.
void build(const Makers& makers, const Move& move, const Target& target) {
  {
    const pg::OwnerScope as_owner(move.set.parent.owner, move.set.parent.schema_oid);
    build_child(target.statements, move.set.parent, target.name, makers.creator);
  }
  if (move.recipe.sub)
    create_subset(makers.extension, *move.recipe.sub, {.upper = move.set, .range = target.range},
                  target.name.schema + "." + target.name.name);
  const pg::OwnerScope as_owner(move.set.parent.owner, move.set.parent.schema_oid);
  pg::execute(target.check);
}

void finish_load(const Move& move, const Target& target) {
  for (const std::string& key : move.foreign_keys) pg::execute("ALTER TABLE " + target.name.quoted() + " " + key);
  analyze_lightly(target.name.quoted());
}

// Several partitions: one wide CHECK on the default, or each ATTACH would scan it (rulings 19). Between the outermost
// of them lie only partitions and cells without rows. Not where the caller has put off checks of the default's rows: no
// CHECK can be added then. Nor after a Swap, which leaves next to nothing to scan.
void attach_all(const Move& move, Way way) {
  const std::string alter = "ALTER TABLE " + default_source(move.set);
  const bool wide = way != Way::Swap && move.targets.size() > 1 && !pg::has_pending_events(move.set.parent.default_oid);
  if (wide)
    pg::execute(alter + " ADD CONSTRAINT " + kDefaultCheck + " CHECK (NOT (" +
                hull_condition(move.set, ranges_of(move)) + "))");
  for (const Target& target : move.targets) attach_child(target.statements, move.recipe, target.name);
  if (wide) pg::execute(alter + " DROP CONSTRAINT " + kDefaultCheck);
}

}  // namespace strata::ops
