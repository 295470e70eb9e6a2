#include "ops/rivals.hpp"

#include "pg/relation.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

constexpr const char* kConfigTable = "part_config";
constexpr int kLockWaitMs = 100;  // a warning is worth no longer wait

struct Rival {
  Oid table = InvalidOid;
  Oid owner = InvalidOid;
  std::string name;       // quoted
  std::string extension;  // that it belongs to; empty: none
};

// Plain tables with a text column parent_table. Of those that belong to no extension only what a role with the caller's
// rights made: others could not act on his sets, and would choose what he reads.
std::vector<Rival> find_rivals(const Extension& extension) {
  const pg::Rows rows = pg::query(
      "SELECT c.oid, c.relowner, n.nspname, c.relname, e.extname FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
      "AND a.attname = 'parent_table' AND a.atttypid = 'pg_catalog.text'::regtype AND NOT a.attisdropped "
      "LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND "
      "d.deptype = 'e' LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid "
      "WHERE c.relname = $1 AND n.nspname <> $2 AND c.relkind = 'r' AND c.relpersistence <> 't' AND "
      "(e.extname IS NOT NULL OR pg_catalog.pg_has_role(c.relowner, current_user, 'USAGE')) ORDER BY 3",
      pg::Params().text(kConfigTable).text(extension.schema()));
  std::vector<Rival> rivals;
  for (std::size_t row = 0; row < rows.size(); ++row)
    rivals.push_back({.table = rows.oid(row, 0),
                      .owner = rows.oid(row, 1),
                      .name = pg::qualified(rows.text(row, 2), rows.text(row, 3)),
                      .extension = rows.text(row, 4)});
  return rivals;
}

std::vector<std::string> names_of(const Extension& extension, const std::optional<std::string>& parent) {
  if (parent) return {*parent};
  const pg::Rows rows = pg::query("SELECT parent_table FROM " + extension.object(kConfigTable) +
                                  " WHERE automatic_maintenance = 'on' AND NOT undo_in_progress");
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

// As the table's owner: a policy or a view behind it is his code.
std::vector<std::string> listed(const Rival& rival, std::span<const std::string> names) {
  const pg::OwnerScope as_owner(rival.owner);
  std::vector<std::string> found;
  if (!pg::lock_relation(rival.table, AccessShareLock, pg::LockDeadline(kLockWaitMs))) return found;
  const pg::Rows rows =
      pg::query("SELECT parent_table FROM ONLY " + rival.name + " WHERE parent_table = ANY ($1) ORDER BY 1",
                pg::Params().texts(names));
  for (std::size_t row = 0; row < rows.size(); ++row) found.push_back(rows.text(row, 0));
  return found;
}

void warn(const Rival& rival, const std::string& set) {
  const std::string held_by = rival.extension.empty() ? "table " + rival.name : "extension \"" + rival.extension + "\"";
  pg::report({.level = WARNING,
              .sqlstate = ERRCODE_WARNING,
              .message = "partition set \"" + set + "\" is also configured in " + held_by,
              .detail = "It is listed in " + rival.name +
                        "; two partition managers would create and drop the same "
                        "partitions.",
              .hint = "Delete its row there, or end its maintenance here."});
}

// What cannot be read is no reason to leave maintenance undone.
void warn_of(const Rival& rival, std::span<const std::string> names) {
  std::vector<std::string> sets;
  try {
    pg::in_subtransaction([&] { sets = listed(rival, names); });
  } catch (const pg::PgError& error) {
    if (error.is_interrupt()) throw;
  }
  for (const std::string& set : sets) warn(rival, set);
}

}  // namespace

void warn_of_rivals(const Extension& extension, const std::optional<std::string>& parent) {
  if (pg::relations_named(kConfigTable) < 2) return;
  const pg::SettingsScope settings;
  const std::vector<Rival> rivals = find_rivals(extension);
  if (rivals.empty()) return;
  const std::vector<std::string> names = names_of(extension, parent);
  for (const Rival& rival : rivals) warn_of(rival, names);
}

}  // namespace strata::ops
