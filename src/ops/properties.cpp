#include "ops/properties.hpp"

namespace strata::ops {

std::string with_child(std::string statement, const std::string& quoted_name) {
  const auto at = statement.find(kChildMark);
  return at == std::string::npos ? statement : statement.replace(at, kChildMark.size(), quoted_name);
}

std::string raw_name_of(Oid table) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.oid = $1",
      pg::Params().oid(table));
  return rows.empty() ? std::string() : rows.text(0, 0);
}

std::optional<Table> find_table(const std::string& schema, const std::string& name) {
  // The casts cut an overlong name as the server would have.
  const pg::Rows rows = pg::query(
      "SELECT c.oid, n.oid, n.nspname, c.relname, c.relowner, c.relkind, c.relpersistence FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1::name AND c.relname = $2::name "
      "AND "
      "c.relkind IN ('r', 'p', 'f')",
      pg::Params().text(schema).text(name));
  if (rows.empty()) return std::nullopt;
  return Table{.oid = rows.oid(0, 0),
               .schema_oid = rows.oid(0, 1),
               .schema = rows.text(0, 2),
               .name = rows.text(0, 3),
               .owner = rows.oid(0, 4),
               .kind = rows.character(0, 5),
               .persistence = rows.character(0, 6)};
}

// --- indexes ---------------------------------------------------------------------------------------------------------

namespace {

// Indexes of one table. The tail is the definition from " USING " on; it is cut off by the length of what comes before,
// as names and literals may hold any word. The search_path is ours, so the server qualifies the table's name. Of a
// primary key: its column names, and its definition in two parts, as a tablespace stands between them. In the order of
// the definitions, which decides over generated names.
constexpr const char* kIndexes = R"sql(
SELECT pg_catalog.substr(d.text, 1 + pg_catalog.length(pg_catalog.concat(
         'CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', pg_catalog.quote_ident(x.relname), ' ON ',
         CASE WHEN x.relkind = 'I' THEN 'ONLY ' END,
         pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)))) AS tail,
       i.indisunique, t.spcname, ' WHERE ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid),
       (SELECT pg_catalog.array_agg(a.attname ORDER BY o.n)::text
        FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS o(number, n)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.number),
       pg_catalog.left(s.key, pg_catalog.length(s.key) - pg_catalog.length(s.text)), s.text,
       i.indisclustered, x.relname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = x.reltablespace
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype = 'p',
LATERAL (SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS text) AS d,
LATERAL (SELECT pg_catalog.concat(CASE WHEN k.condeferrable THEN ' DEFERRABLE' END,
                                  CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' END) AS text,
                pg_catalog.pg_get_constraintdef(k.oid) AS key) AS s
WHERE i.indrelid = $1 AND i.indisvalid
ORDER BY d.text)sql";

enum IndexColumn : std::uint8_t {
  kTail,
  kUnique,
  kTablespace,
  kPredicate,
  kPrimary,
  kKeyHead,
  kKeyTail,
  kClustered,
  kName
};

// The clause stands before the predicate, which ends the tail.
std::string with_tablespace(const std::string& tail, const std::string& tablespace, const std::string& predicate) {
  const std::size_t where = tail.ends_with(predicate) ? tail.size() - predicate.size() : tail.size();
  return tail.substr(0, where) + " TABLESPACE " + pg::quote_ident(tablespace) + tail.substr(where);
}

std::string key_statement(const pg::Rows& rows, std::size_t row) {
  const std::optional<std::string> tablespace = rows.optional_text(row, kTablespace);
  if (!rows.null(row, kPrimary))
    return "ALTER TABLE %child% ADD " + rows.text(row, kKeyHead) +
           (tablespace ? " USING INDEX TABLESPACE " + pg::quote_ident(*tablespace) : "") + rows.text(row, kKeyTail);
  const std::string tail = rows.text(row, kTail);
  return "CREATE UNIQUE INDEX ON %child%" +
         (tablespace ? with_tablespace(tail, *tablespace, rows.text(row, kPredicate)) : tail);
}

bool has_key(const TableIndexes& indexes, const std::string& tail, const std::optional<std::string>& primary) {
  return indexes.tails.contains(tail) || (primary && indexes.primary == primary);
}

std::vector<TemplateKey> read_keys(Oid table, const TableIndexes& parent) {
  const pg::Rows rows = pg::query(kIndexes, pg::Params().oid(table));
  std::vector<TemplateKey> keys;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    TemplateKey key{.tail = rows.text(row, kTail), .primary = rows.optional_text(row, kPrimary), .statement = {}};
    if (!rows.boolean(row, kUnique) || has_key(parent, key.tail, key.primary)) continue;
    key.statement = key_statement(rows, row);
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

TableIndexes read_indexes(Oid table) {
  const pg::Rows rows = pg::query(kIndexes, pg::Params().oid(table));
  TableIndexes indexes;
  indexes.count = static_cast<int>(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    indexes.tails.insert(rows.text(row, kTail));
    if (!rows.null(row, kPrimary)) indexes.primary = rows.text(row, kPrimary);
  }
  return indexes;
}

std::string cluster_statement(Oid parent, Oid table) {
  const pg::Rows of_parent = pg::query(kIndexes, pg::Params().oid(parent));
  std::optional<std::string> tail;
  for (std::size_t row = 0; row < of_parent.size(); ++row)
    if (of_parent.boolean(row, kClustered)) tail = of_parent.text(row, kTail);
  if (!tail) return {};
  const pg::Rows rows = pg::query(kIndexes, pg::Params().oid(table));
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (rows.text(row, kTail) == *tail)
      return "ALTER TABLE %child% CLUSTER ON " + pg::quote_ident(rows.text(row, kName));
  return {};
}

// --- template --------------------------------------------------------------------------------------------------------

namespace {

// 'fillfactor=70' to "fillfactor = '70'".
std::string storage_option(const std::string& option, const std::string& prefix) {
  const auto at = option.find('=');
  return prefix + pg::quote_ident(option.substr(0, at)) + " = " +
         pg::quote_literal(at == std::string::npos ? "true" : option.substr(at + 1));
}

std::string options_statement(Oid table) {
  const pg::Rows rows = pg::query(
      "SELECT o, false FROM pg_catalog.pg_class c, pg_catalog.unnest(c.reloptions) o WHERE c.oid = $1 UNION ALL "
      "SELECT o, true FROM pg_catalog.pg_class c JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid, "
      "pg_catalog.unnest(t.reloptions) o WHERE c.oid = $1",
      pg::Params().oid(table));
  std::string list;
  for (std::size_t row = 0; row < rows.size(); ++row)
    list += (row > 0 ? ", " : "") + storage_option(rows.text(row, 0), rows.boolean(row, 1) ? "toast." : "");
  return list.empty() ? list : "ALTER TABLE %child% SET (" + list + ")";
}

bool role_has_rights_of(Oid role, Oid of) {
  return pg::query("SELECT pg_catalog.pg_has_role($1, $2, 'USAGE')", pg::Params().oid(role).oid(of)).boolean(0, 0);
}

void require_trusted(const Table& table, const std::string& parent_name, Oid child_owner) {
  if (role_has_rights_of(table.owner, child_owner)) return;
  const std::string owner = pg::role_name(child_owner);
  refuse(core::Code::InsufficientPrivilege,
         "template table \"" + table.raw_name() + "\" of \"" + parent_name + "\" belongs to role \"" +
             pg::role_name(table.owner) + "\", which lacks the rights of role \"" + owner + "\"",
         "Run ALTER TABLE " + table.quoted() + " OWNER TO " + pg::quote_ident(owner) +
             " after checking its indexes, or name another template in part_config.template_table.",
         "The index expressions of a template run with the rights of the owner of the partitions.");
}

std::optional<Table> find_template(const std::string& raw_name) {
  const auto at = raw_name.find('.');
  if (at == std::string::npos) return std::nullopt;
  const std::string name = raw_name.substr(at + 1);
  const std::optional<Table> table = find_table(raw_name.substr(0, at), name.substr(0, name.find('.')));
  return table && table->kind == RELKIND_RELATION ? table : std::nullopt;
}

}  // namespace

TemplateProperties read_template(const std::string& template_table, const std::string& parent_name,
                                 const TableIndexes& parent_indexes, Oid child_owner) {
  const std::optional<Table> table = find_template(template_table);
  if (!table)
    refuse(core::Code::UndefinedTable,
           "template table \"" + template_table + "\" of \"" + parent_name + "\" does not exist",
           "Create it, or set part_config.template_table to NULL.");
  require_trusted(*table, parent_name, child_owner);
  return {.keys = read_keys(table->oid, parent_indexes),
          .options = options_statement(table->oid),
          .unlogged = table->persistence == RELPERSISTENCE_UNLOGGED};
}

std::vector<std::string> missing_keys(std::span<const TemplateKey> keys, Oid table) {
  const TableIndexes present = read_indexes(table);
  std::vector<std::string> statements;
  for (const TemplateKey& key : keys)
    if (!has_key(present, key.tail, key.primary)) statements.push_back(key.statement);
  return statements;
}

std::vector<std::string> persistence_change(const Table& table, bool unlogged) {
  if (unlogged == (table.persistence == RELPERSISTENCE_UNLOGGED)) return {};
  return {std::string("ALTER TABLE %child% SET ") + (unlogged ? "UNLOGGED" : "LOGGED")};
}

// --- parent ----------------------------------------------------------------------------------------------------------

std::string statistics_statement(Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT attname, attstattarget::int4 FROM pg_catalog.pg_attribute "
      "WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0 ORDER BY attnum",
      pg::Params().oid(parent));
  std::string list;
  for (std::size_t row = 0; row < rows.size(); ++row)
    list += std::string(row > 0 ? ", " : "") + "ALTER COLUMN " + pg::quote_ident(rows.text(row, 0)) +
            " SET STATISTICS " + std::to_string(rows.int4(row, 1));
  return list.empty() ? list : "ALTER TABLE %child% " + list;
}

ReplicaIdentity replica_identity_of(Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT c.relreplident, i.indexrelid, n.nspname, x.relname FROM pg_catalog.pg_class c "
      "LEFT JOIN (pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid "
      "JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace) ON i.indrelid = c.oid AND i.indisreplident "
      "WHERE c.oid = $1",
      pg::Params().oid(parent));
  if (rows.empty()) return {};
  switch (rows.character(0, 0)) {
    case REPLICA_IDENTITY_FULL:
      return {.statement = "ALTER TABLE %child% REPLICA IDENTITY FULL"};
    case REPLICA_IDENTITY_NOTHING:
      return {.statement = "ALTER TABLE %child% REPLICA IDENTITY NOTHING"};
    case REPLICA_IDENTITY_INDEX:
      return {.statement = {}, .index = rows.oid(0, 1), .index_name = pg::qualified(rows.text(0, 2), rows.text(0, 3))};
    default:
      return {};
  }
}

std::string identity_index_statement(Oid parent_index, const std::string& quoted_table) {
  const pg::Rows rows = pg::query(
      "SELECT x.relname FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index i ON i.indexrelid = h.inhrelid "
      "JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE h.inhparent = $1 AND i.indrelid = $2::regclass",
      pg::Params().oid(parent_index).text(quoted_table));
  if (rows.empty()) return {};
  return "ALTER TABLE " + quoted_table + " REPLICA IDENTITY USING INDEX " + pg::quote_ident(rows.text(0, 0));
}

// --- privileges ------------------------------------------------------------------------------------------------------

namespace {

Grants read_grants(const pg::Rows& rows) {
  Grants grants;
  for (std::size_t row = 0; row < rows.size(); ++row) grants[rows.optional_text(row, 0)].insert(rows.text(row, 1));
  return grants;
}

std::string list_of(const std::set<std::string>& privileges) {
  std::string list;
  for (const std::string& privilege : privileges) list += (list.empty() ? "" : ", ") + privilege;
  return list;
}

std::string role_of(const std::optional<std::string>& grantee) {
  return grantee ? pg::quote_ident(*grantee) : "PUBLIC";
}

void change_grants(const std::optional<std::string>& grantee, const std::set<std::string>& wanted,
                   const std::set<std::string>& present, std::vector<std::string>& statements) {
  if (wanted == present) return;
  statements.push_back("GRANT " + list_of(wanted) + " ON TABLE %child% TO " + role_of(grantee));
  std::set<std::string> excess;
  std::set_difference(present.begin(), present.end(), wanted.begin(), wanted.end(),
                      std::inserter(excess, excess.end()));
  if (!excess.empty())
    statements.push_back("REVOKE " + list_of(excess) + " ON TABLE %child% FROM " + role_of(grantee) + " CASCADE");
}

}  // namespace

Grants grants_of(Oid table) {
  return read_grants(
      pg::query("SELECT CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END, a.privilege_type "
                "FROM pg_catalog.pg_class c, "
                "pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a WHERE c.oid = $1",
                pg::Params().oid(table)));
}

Grants grants_of_new(Oid schema, Oid creator, Oid owner) {
  return read_grants(pg::query(
      "SELECT CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(CASE WHEN a.grantee = $2 THEN $3 ELSE a.grantee "
      "END) END, a.privilege_type FROM (SELECT coalesce((SELECT d.defaclacl FROM pg_catalog.pg_default_acl d WHERE "
      "d.defaclrole = $2 AND d.defaclnamespace = 0 AND d.defaclobjtype = 'r'), pg_catalog.acldefault('r', $2)) AS acl "
      "UNION ALL SELECT d.defaclacl FROM pg_catalog.pg_default_acl d WHERE d.defaclrole = $2 AND d.defaclnamespace = "
      "$1 "
      "AND d.defaclobjtype = 'r') AS s, pg_catalog.aclexplode(s.acl) a",
      pg::Params().oid(schema).oid(creator).oid(owner)));
}

std::vector<std::string> grant_statements(const Grants& wanted, const Grants& present) {
  std::vector<std::string> statements;
  for (const auto& [grantee, privileges] : wanted) {
    const auto found = present.find(grantee);
    change_grants(grantee, privileges, found == present.end() ? std::set<std::string>{} : found->second, statements);
  }
  for (const auto& [grantee, privileges] : present)
    if (!wanted.contains(grantee))
      statements.push_back("REVOKE ALL ON TABLE %child% FROM " + role_of(grantee) + " CASCADE");
  return statements;
}

}  // namespace strata::ops
