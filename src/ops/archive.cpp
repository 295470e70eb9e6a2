#include "ops/archive.hpp"

namespace strata::ops {

namespace {

struct Schema {
  Oid oid = InvalidOid;
  Oid owner = InvalidOid;
};

Schema find_schema(const std::string& name) {
  const pg::Rows rows =
      pg::query("SELECT oid, nspowner FROM pg_catalog.pg_namespace WHERE nspname = $1::name", pg::Params().text(name));
  return rows.empty() ? Schema{} : Schema{.oid = rows.oid(0, 0), .owner = rows.oid(0, 1)};
}

core::Refusal wrong_owner(const std::string& schema, const std::string& partition, const std::string& owner) {
  return {.code = core::Code::InsufficientPrivilege,
          .message = "retention schema \"" + schema + "\" does not exist or does not belong to \"" + owner +
                     "\", the owner of partition \"" + partition + "\"",
          .detail = "Whoever owns the schema of a table can take the table over.",
          .hint = "Create it with CREATE SCHEMA " + pg::quote_ident(schema) + " AUTHORIZATION " +
                  pg::quote_ident(owner) + ", or correct part_config.retention_schema."};
}

core::Refusal taken(const std::string& schema, const std::string& partition, const std::string& name) {
  return {.code = core::Code::DuplicateTable,
          .message = "partition \"" + partition + "\" cannot move to retention schema \"" + schema + "\": the name \"" +
                     name + "\" is taken there",
          .detail = {},
          .hint = "Rename or drop what has the name, or give every set a retention schema of its own."};
}

// Everything that changes its schema together with a table, and whose name the new schema has already. Indexes only
// while they are kept ($3).
constexpr const char* kCollisions = R"sql(
WITH moved AS (
  SELECT c.oid AS partition, c.relname AS name, c.relnamespace AS schema
  FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1)
  UNION ALL
  SELECT i.indrelid, x.relname, x.relnamespace
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE $3 AND i.indrelid = ANY ($1)
  UNION ALL
  SELECT d.refobjid, s.relname, s.relnamespace
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ($1)
    AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i'))
SELECT DISTINCT ON (m.partition) m.partition, m.name FROM moved m
WHERE m.schema <> $2 AND (EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.relnamespace = $2 AND c.relname = m.name)
                          OR EXISTS (SELECT 1 FROM pg_catalog.pg_type t WHERE t.typnamespace = $2 AND t.typname = m.name))
ORDER BY m.partition, m.name)sql";

std::map<Oid, std::string> find_collisions(const ManagedSet& set, std::span<const Oid> partitions, Oid schema) {
  const pg::Rows rows =
      pg::query(kCollisions, pg::Params().oids(partitions).oid(schema).boolean(set.config.keep_index));
  std::map<Oid, std::string> names;
  for (std::size_t row = 0; row < rows.size(); ++row) names[rows.oid(row, 0)] = rows.text(row, 1);
  return names;
}

}  // namespace

std::vector<Obstacle> archive_obstacles(const ManagedSet& set, std::span<const Oid> partitions) {
  if (!set.config.retention_schema || partitions.empty()) return {};
  const std::string& name = *set.config.retention_schema;
  const Schema schema = find_schema(name);
  const std::map<Oid, std::string> collisions = find_collisions(set, partitions, schema.oid);
  const pg::Rows rows = pg::query(
      "SELECT c.oid, n.nspname, c.relname, c.relowner FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1) ORDER BY 2, 3",
      pg::Params().oids(partitions));
  std::vector<Obstacle> obstacles;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Oid oid = rows.oid(row, 0);
    const std::string partition = rows.text(row, 1) + "." + rows.text(row, 2);
    const auto collision = collisions.find(oid);
    if (schema.owner != rows.oid(row, 3))
      obstacles.push_back({.partition = oid, .refusal = wrong_owner(name, partition, pg::role_name(rows.oid(row, 3)))});
    else if (collision != collisions.end())
      obstacles.push_back({.partition = oid, .refusal = taken(name, partition, collision->second)});
  }
  return obstacles;
}

std::string archive_statement(const ManagedSet& set, const std::string& quoted_partition) {
  if (!set.config.retention_schema) return {};
  return "ALTER TABLE " + quoted_partition + " SET SCHEMA " + pg::quote_ident(*set.config.retention_schema);
}

// --- publications ----------------------------------------------------------------------------------------------------

namespace {

bool leaves_publications(const ManagedSet& set) noexcept {
  return set.config.keeps_table() && !set.config.keep_publication;
}

// Explicit members only: name and owner of the publication.
pg::Rows publications_of(Oid partition) {
  return pg::query(
      "SELECT p.pubname, p.pubowner FROM pg_catalog.pg_publication_rel r "
      "JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = $1 ORDER BY 1",
      pg::Params().oid(partition));
}

}  // namespace

std::vector<std::string> publication_statements(const ManagedSet& set, Oid partition,
                                                const std::string& quoted_partition) {
  if (!leaves_publications(set)) return {};
  const pg::Rows rows = publications_of(partition);
  std::vector<std::string> statements;
  for (std::size_t row = 0; row < rows.size(); ++row)
    statements.push_back("ALTER PUBLICATION " + pg::quote_ident(rows.text(row, 0)) + " DROP TABLE " + quoted_partition);
  return statements;
}

void require_publication_rights(const ManagedSet& set, Oid partition, const std::string& raw_name) {
  if (!leaves_publications(set)) return;
  const pg::Rows rows = publications_of(partition);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (pg::has_rights_of(rows.oid(row, 1))) continue;
    refuse(core::Code::InsufficientPrivilege,
           "must be owner of publication " + rows.text(row, 0) + " to take partition \"" + raw_name + "\" out of it",
           "Act as a member of role \"" + pg::role_name(rows.oid(row, 1)) +
               "\", or set part_config.retention_keep_publication to true.");
  }
}

// --- configuration ---------------------------------------------------------------------------------------------------

std::vector<std::string> subtree_of(Oid partition) {
  const pg::Rows rows = pg::query(
      "WITH RECURSIVE tree (oid) AS (SELECT $1 UNION ALL SELECT i.inhrelid FROM tree t "
      "JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid) "
      "SELECT n.nspname || '.' || c.relname FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p' ORDER BY 1",
      pg::Params().oid(partition));
  std::vector<std::string> names;
  for (std::size_t row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
  return names;
}

void forget_sets(const Extension& extension, std::span<const std::string> parents) {
  if (parents.empty()) return;
  pg::execute("DELETE FROM " + extension.object("part_config") + " WHERE parent_table = ANY ($1)",
              pg::Params().texts(parents));
}

}  // namespace strata::ops
