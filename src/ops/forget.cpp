#include "ops/forget.hpp"

#include "core/naming.hpp"
#include "ops/properties.hpp"

namespace strata::ops {

namespace {

void notice(std::string message) {
  pg::report({.level = NOTICE, .sqlstate = 0, .message = std::move(message), .detail = {}, .hint = {}});
}

void warn(std::string message, std::string detail, std::string hint = {}) {
  pg::report({.level = WARNING,
              .sqlstate = 0,
              .message = std::move(message),
              .detail = std::move(detail),
              .hint = std::move(hint)});
}

// Its rows may outlive a table; then nobody's rights are touched by forgetting it.
std::optional<Parent> owned_parent(const std::string& name) {
  std::optional<Parent> parent = find_parent(name);
  if (parent) require_owner_rights(*parent);
  return parent;
}

std::optional<std::string> configured_template(const Extension& extension, const std::string& parent) {
  const pg::Rows rows =
      pg::query("SELECT template_table FROM " + extension.object("part_config") + " WHERE parent_table = $1",
                pg::Params().text(parent));
  if (rows.empty())
    refuse(core::Code::UndefinedTable, "table \"" + parent + "\" is not managed by pg_strata",
           "Configured sets are listed in part_config; names are written schema.table, without quotes.");
  return rows.optional_text(0, 0);
}

std::optional<std::string> other_user(const Extension& extension, const std::string& parent,
                                      const std::string& template_table) {
  const pg::Rows rows = pg::query(
      extension.with_tables("SELECT min(name) FROM (SELECT parent_table FROM %config% WHERE template_table = $1 "
                            "UNION ALL SELECT sub_parent FROM %config_sub% WHERE sub_template_table = $1) AS u(name) "
                            "WHERE u.name <> $2"),
      pg::Params().text(template_table).text(parent));
  return rows.optional_text(0, 0);
}

std::optional<Table> find_template(const std::string& raw_name) {
  const auto point = raw_name.find('.');
  if (point == std::string::npos) return std::nullopt;
  const std::optional<Table> table = find_table(raw_name.substr(0, point), raw_name.substr(point + 1));
  return table && table->kind == RELKIND_RELATION ? table : std::nullopt;
}

bool bears_automatic_name(const Extension& extension, const std::string& parent, const Table& table) {
  const auto point = parent.find('.');
  if (point == std::string::npos) return false;
  const core::NameChoice names = core::template_name(parent.substr(0, point), parent.substr(point + 1), name_rules());
  return table.schema == extension.schema() && (table.name == names.contract || table.name == names.fallback);
}

void remove_template(const Extension& extension, const std::optional<Parent>& parent, const CleanupRequest& request) {
  const std::optional<std::string> name = configured_template(extension, request.parent);
  if (!name) return notice("no template table is configured for \"" + request.parent + "\"");
  const std::string what = "template table \"" + *name + "\"";
  const std::optional<Table> table = find_template(*name);
  if (!table) return warn(what + " does not exist", "It was to be dropped with its set.");
  if (const auto other = other_user(extension, request.parent, *name))
    return warn(what + " is kept", "Partition set \"" + *other + "\" uses it, too.");
  Fate fate = Fate::Kept;
  const std::array<Oid, 1> relations{table->oid};
  const Attempt attempt = try_action(LockBudget{}, Mode::Caller, relations, [&](const pg::LockDeadline& deadline) {
    fate = drop_template(extension, {.name = request.parent, .owner = parent ? parent->owner : InvalidOid}, *name,
                         deadline);
    return true;
  });
  if (attempt.outcome != Outcome::Done) raise_not_locked(*name, attempt);
  if (fate == Fate::Dropped) notice("dropped " + what);
}

void remove_row(const Extension& extension, const char* table, const char* column, const std::string& parent) {
  const std::uint64_t rows =
      pg::execute("DELETE FROM " + extension.object(table) + " WHERE " + column + " = $1", pg::Params().text(parent));
  notice((rows > 0 ? "removed \"" : "found no row for \"") + parent + (rows > 0 ? "\" from " : "\" in ") + table);
}

}  // namespace

Fate drop_template(const Extension& extension, const Forgotten& set, const std::string& name,
                   const pg::LockDeadline& deadline) {
  const std::optional<Table> table = find_template(name);
  if (!table) return Fate::Kept;
  const bool belongs = table->owner == set.owner || bears_automatic_name(extension, set.name, *table);
  if (!belongs || !pg::has_rights_of(table->owner)) {
    warn("template table \"" + name + "\" is kept",
         belongs                 ? "It belongs to role \"" + pg::role_name(table->owner) + "\"."
         : OidIsValid(set.owner) ? "It is no table of the owner of \"" + set.name + "\"."
                                 : "Whose it is cannot be told, as table \"" + set.name + "\" does not exist.",
         "Drop it if it is no longer needed.");
    return Fate::Kept;
  }
  // As the caller: the owner of the set need not reach the schema of the extension.
  if (!pg::lock_relation(table->oid, AccessExclusiveLock, deadline) || find_template(name)->oid != table->oid)
    return Fate::Kept;
  deadline.arm();
  pg::execute("DROP TABLE " + table->quoted());
  return Fate::Dropped;
}

void clean_up(const Extension& extension, const CleanupRequest& request) {
  (void)configured_template(extension, request.parent);  // not configured: refused before anything else
  const std::optional<Parent> parent = owned_parent(request.parent);
  if (request.template_table == Forget::Remove) remove_template(extension, parent, request);
  if (request.config == Forget::Remove) remove_row(extension, "part_config", "parent_table", request.parent);
  if (request.sub_config == Forget::Remove) remove_row(extension, "part_config_sub", "sub_parent", request.parent);
}

void stop_sub_partition(const Extension& extension, const std::string& parent) {
  (void)owned_parent(parent);
  pg::execute("DELETE FROM " + extension.object("part_config_sub") + " WHERE sub_parent = $1",
              pg::Params().text(parent));
}

}  // namespace strata::ops
