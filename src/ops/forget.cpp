#include "ops/forget.hpp"

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

Oid find_table(const std::string& raw_name) {
  const pg::Rows rows = pg::query(
      "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
      "n.nspname = split_part($1, '.', 1)::name AND c.relname = split_part($1, '.', 2)::name AND c.relkind = 'r'",
      pg::Params().text(raw_name));
  return rows.empty() ? InvalidOid : rows.oid(0, 0);
}

std::string quoted_raw(const std::string& raw_name) {
  const auto period = raw_name.find('.');
  return pg::qualified(raw_name.substr(0, period), raw_name.substr(period + 1));
}

void drop_template(const Parent& parent, const std::string& name, Oid table) {
  const std::array<Oid, 1> relations{table};
  const Attempt attempt = try_action(LockBudget{}, Mode::Caller, relations, [&](const pg::LockDeadline& deadline) {
    const pg::OwnerScope as_owner(parent.owner, find_parent(name).value_or(Parent{}).schema_oid);
    if (!pg::lock_relation(table, AccessExclusiveLock, deadline) || find_table(name) != table) return false;
    pg::execute("DROP TABLE " + quoted_raw(name));
    return true;
  });
  if (attempt.outcome != Outcome::Done) raise_not_locked(name, attempt);
}

void remove_template(const Extension& extension, const std::optional<Parent>& parent, const CleanupRequest& request) {
  const std::optional<std::string> name = configured_template(extension, request.parent);
  if (!name) return notice("no template table is configured for \"" + request.parent + "\"");
  const std::string what = "template table \"" + *name + "\"";
  const Oid table = find_table(*name);
  if (!OidIsValid(table)) return warn(what + " does not exist", "It was to be dropped with its set.");
  if (const auto other = other_user(extension, request.parent, *name))
    return warn(what + " is kept", "Partition set \"" + *other + "\" uses it, too.");
  if (!parent)
    return warn(what + " is kept", "Whose it is cannot be told, as table \"" + request.parent + "\" does not exist.",
                "Drop it if it is no longer needed.");
  drop_template(*parent, *name, table);
  notice("dropped " + what);
}

void remove_row(const Extension& extension, const char* table, const char* column, const std::string& parent) {
  const std::uint64_t rows =
      pg::execute("DELETE FROM " + extension.object(table) + " WHERE " + column + " = $1", pg::Params().text(parent));
  notice((rows > 0 ? "removed \"" : "found no row for \"") + parent + (rows > 0 ? "\" from " : "\" in ") + table);
}

}  // namespace

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
