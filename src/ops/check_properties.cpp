// What partitions have otherwise than their parent or template. Only what find_suspects has found something unusual
// about is looked at: a healthy set costs none of this.
#include "ops/check.hpp"
#include "ops/check_suspects.hpp"
#include "ops/properties.hpp"

namespace strata::ops {

namespace {

// What all parts look at. Names are printed by regclass under our search_path, that is with their schema, and quoted.
// $1, $2: parents and their templates; $3: the parents whose grants are inherited; $4: the newest partitions of each;
// $5: our schema; $6: the partitions to look at; $7: parents all of whose partitions are meant.
constexpr const char* kHead = R"sql(
WITH parent AS MATERIALIZED (
  SELECT p.oid, p.oid::regclass::text AS name, n.nspname, p.relname, p.relowner, p.relreplident, p.relrowsecurity,
         p.relacl, p.reltablespace, p.oid = ANY ($3) AS inherits,
         t.oid AS template, coalesce(t.relpersistence, 'p') AS persistence, t.reloptions AS options
  FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS w(oid, template)
  JOIN pg_catalog.pg_class p ON p.oid = w.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
  LEFT JOIN pg_catalog.pg_class t ON t.oid = w.template),
child AS MATERIALIZED (
  SELECT i.inhparent AS parent, i.inhdetachpending AS pending, c.oid, c.relname, c.relkind, c.relowner, c.relpersistence,
         c.relreplident, c.relrowsecurity, c.relacl, c.reltablespace, c.reloptions
  FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  WHERE i.inhrelid = ANY ($6) OR i.inhparent = ANY ($7)),
differing AS MATERIALIZED (
  SELECT c.*, p.name AS parent_name, p.nspname, p.relname AS parent_relname, p.relowner AS parent_owner, p.persistence,
         p.options, p.relreplident AS identity, p.relrowsecurity AS parent_security, p.relacl AS parent_acl, p.inherits
  FROM child c JOIN parent p ON p.oid = c.parent
  WHERE c.pending OR c.relowner <> p.relowner OR c.relpersistence <> p.persistence OR c.relreplident <> p.relreplident
     OR (c.relrowsecurity AND NOT p.relrowsecurity) OR c.reloptions IS NOT NULL
     OR (p.inherits AND c.relacl::text IS DISTINCT FROM p.relacl::text)),
newest AS MATERIALIZED (SELECT * FROM child WHERE oid = ANY ($4)),
-- OFFSET 0: by index, as there are few
new_column AS MATERIALIZED (
  SELECT c.parent, c.oid, a.*, pa.attstorage AS storage, pa.attcompression AS compression, pa.attstattarget AS target
  FROM newest c
  CROSS JOIN LATERAL (SELECT a.attname, a.attstorage, a.attcompression, a.attstattarget FROM pg_catalog.pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped OFFSET 0) AS a
  CROSS JOIN LATERAL (SELECT p.attstorage, p.attcompression, p.attstattarget FROM pg_catalog.pg_attribute p
                      WHERE p.attrelid = c.parent AND p.attname = a.attname OFFSET 0) AS pa
  WHERE a.attstorage <> pa.attstorage OR a.attcompression <> pa.attcompression
     OR (pa.attstattarget >= 0 AND a.attstattarget IS DISTINCT FROM pa.attstattarget)),
found(parent, oid, severity, code, detail, fix) AS ()sql";

constexpr const char* kTail = R"sql()
SELECT f.parent, n.nspname || '.' || c.relname, f.severity, f.code, f.detail, f.fix
FROM found f LEFT JOIN pg_catalog.pg_class c ON c.oid = f.oid LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY f.parent, f.severity DESC, f.code, 2, f.detail)sql";

// Parent, partition, severity, code, detail, fix.
struct Part {
  Aspect aspect;
  const char* sql;
};
constexpr std::array<Part, 7> kParts{{
    {Aspect::Row, R"sql(
  SELECT c.parent, c.oid, 2, 'detach_pending',
         'A DETACH ... CONCURRENTLY was not finished.',
         format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', c.parent_name, c.oid::regclass)
  FROM differing c WHERE c.pending
UNION ALL
  SELECT c.parent, c.oid, 1, 'owner_differs',
         format('It belongs to %I, its parent to %I.', pg_get_userbyid(c.relowner), pg_get_userbyid(c.parent_owner)),
         format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.parent_owner))
  FROM differing c WHERE c.relowner <> c.parent_owner
UNION ALL
  SELECT c.parent, c.oid, 1, 'persistence_differs',
         format('It is %s, the template or its absence asks for %s.',
                CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END,
                CASE c.persistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END),
         format('ALTER TABLE %s SET %s', c.oid::regclass, CASE c.persistence WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END)
  FROM differing c WHERE c.relkind = 'r' AND c.relpersistence <> c.persistence
UNION ALL
  SELECT c.parent, c.oid, 1, 'replica_identity_differs',
         'Its replica identity is not that of its parent.',
         format('ALTER TABLE %s REPLICA IDENTITY %s', c.oid::regclass, CASE c.identity
           WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' WHEN 'd' THEN 'DEFAULT'
           ELSE format('USING INDEX %I', (
             SELECT x.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_inherits h ON h.inhparent = i.indexrelid
             JOIN pg_catalog.pg_index ci ON ci.indexrelid = h.inhrelid AND ci.indrelid = c.oid
             JOIN pg_catalog.pg_class x ON x.oid = ci.indexrelid
             WHERE i.indrelid = c.parent AND i.indisreplident)) END)
  FROM differing c WHERE c.relkind IN ('r', 'p') AND c.relreplident <> c.identity
UNION ALL
  SELECT c.parent, c.oid, 1, 'row_security_differs',
         'Row-level security is on here, but not on its parent: who reads the set sees all rows.',
         format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', c.oid::regclass)
  FROM differing c WHERE c.relrowsecurity AND NOT c.parent_security
UNION ALL
  SELECT c.parent, c.oid, 1, 'autovacuum_disabled',
         'Autovacuum never cleans or analyses it.',
         format('ALTER TABLE %s RESET (autovacuum_enabled, toast.autovacuum_enabled)', c.oid::regclass)
  FROM differing c
  WHERE c.reloptions && ARRAY['autovacuum_enabled=false', 'autovacuum_enabled=off']
    AND NOT coalesce(c.options && ARRAY['autovacuum_enabled=false', 'autovacuum_enabled=off'], false)
UNION ALL
  SELECT c.parent, c.oid, 1, 'privileges_differ',
         'Its grants are not those of its parent, and inherit_privileges is on.',
         format('SELECT %I.reapply_privileges(%L)', $5, c.nspname || '.' || c.parent_relname)
  FROM differing c
  WHERE c.inherits AND c.relowner = c.parent_owner AND c.relacl::text IS DISTINCT FROM c.parent_acl::text
    AND EXISTS (
      (SELECT a.grantee, a.privilege_type FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
       EXCEPT SELECT a.grantee, a.privilege_type FROM aclexplode(coalesce(c.parent_acl, acldefault('r', c.parent_owner))) a)
      UNION ALL
      (SELECT a.grantee, a.privilege_type FROM aclexplode(coalesce(c.parent_acl, acldefault('r', c.parent_owner))) a
       EXCEPT SELECT a.grantee, a.privilege_type FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a)))sql"},
    {Aspect::Newest, R"sql(
  SELECT c.parent, c.oid, 0, 'tablespace_differs',
         'A new partition lies in another tablespace than its parent says.',
         format('ALTER TABLE %s SET TABLESPACE %I', c.oid::regclass, (
           SELECT t.spcname FROM pg_catalog.pg_tablespace t
           WHERE t.oid = coalesce(nullif(p.reltablespace, 0), (SELECT d.dattablespace FROM pg_catalog.pg_database d
                                                               WHERE d.datname = current_database()))))
  FROM newest c JOIN parent p ON p.oid = c.parent WHERE c.relkind = 'r' AND c.reltablespace <> p.reltablespace
UNION ALL
  SELECT c.parent, c.oid, 0, 'storage_options_differ',
         'It lacks storage options of the template.',
         format('SELECT %I.inherit_template_properties(%L, %L, %L)', $5, p.nspname || '.' || p.relname,
                (SELECT n.nspname FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace n ON n.oid = k.relnamespace
                 WHERE k.oid = c.oid), c.relname)
  FROM newest c JOIN parent p ON p.oid = c.parent
  WHERE c.relkind = 'r' AND NOT p.options <@ coalesce(c.reloptions, '{}')
UNION ALL
  SELECT c.parent, c.oid, 0, 'column_storage_differs',
         format('Column %I is stored otherwise than its parent says.', c.attname),
         concat_ws('; ',
           CASE WHEN c.attstorage <> c.storage
                THEN format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', c.oid::regclass, c.attname,
                       CASE c.storage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                       ELSE 'EXTENDED' END) END,
           CASE WHEN c.attcompression <> c.compression
                THEN format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', c.oid::regclass, c.attname,
                       CASE c.compression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE 'DEFAULT' END) END)
  FROM new_column c WHERE c.attstorage <> c.storage OR c.attcompression <> c.compression
UNION ALL
  SELECT c.parent, c.oid, 0, 'statistics_target_differs',
         format('Column %I has another statistics target than its parent says.', c.attname),
         format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', c.oid::regclass, c.attname, c.target)
  FROM new_column c WHERE c.target >= 0 AND c.attstattarget IS DISTINCT FROM c.target)sql"},
    {Aspect::Index, R"sql(
  SELECT c.parent, c.oid, 2, 'index_missing',
         format('Index %s of the parent has no part here, so the planner does not use it.', i.indexrelid::regclass),
         CASE WHEN k.oid IS NOT NULL
              THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.oid::regclass, m.name, pg_get_constraintdef(k.oid))
              ELSE format('CREATE %sINDEX %I ON %s%s', CASE WHEN i.indisunique THEN 'UNIQUE ' END, m.name,
                          c.oid::regclass, substr(pg_get_indexdef(i.indexrelid), 1 + length(concat(
                            'CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(x.relname),
                            ' ON ONLY ', p.name)))) END
         || format('; ALTER INDEX %s ATTACH PARTITION %s.%I', i.indexrelid::regclass, (
              SELECT quote_ident(n.nspname) FROM pg_catalog.pg_class k2
              JOIN pg_catalog.pg_namespace n ON n.oid = k2.relnamespace WHERE k2.oid = c.oid), m.name)
  FROM pg_catalog.pg_index i JOIN child c ON c.parent = i.indrelid JOIN parent p ON p.oid = c.parent
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
                                      AND k.contype IN ('p', 'u', 'x')
  CROSS JOIN LATERAL (SELECT left(c.relname, 40) || '_' || left(md5(i.indexrelid::text), 8) || '_idx' AS name) AS m
  WHERE i.indrelid = ANY ($1) AND NOT i.indisvalid AND NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_index ci JOIN pg_catalog.pg_inherits h ON h.inhrelid = ci.indexrelid
    WHERE ci.indrelid = c.oid AND h.inhparent = i.indexrelid)
UNION ALL
  SELECT c.parent, c.oid, 2, 'index_invalid',
         format('Index %s is not valid: a build was interrupted, or runs.', i.indexrelid::regclass),
         format('REINDEX INDEX %s', i.indexrelid::regclass)
  FROM (SELECT i.indexrelid, i.indrelid FROM pg_catalog.pg_index i WHERE NOT i.indisvalid OFFSET 0) AS i
  JOIN child c ON c.oid = i.indrelid WHERE c.relkind = 'r')sql"},
    {Aspect::Constraint, R"sql(
  SELECT coalesce(c.parent, k.conrelid), c.oid, 1, 'constraint_not_valid',
         format('Constraint %I holds for new rows only.', k.conname),
         format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.conrelid::regclass, k.conname)
  FROM pg_catalog.pg_constraint k LEFT JOIN child c ON c.oid = k.conrelid
  WHERE NOT k.convalidated AND k.contype IN ('c', 'f') AND k.conparentid = 0
    AND (c.oid IS NOT NULL OR k.conrelid = ANY ($1)) AND k.conname NOT LIKE 'partmanconstr\_%' AND k.conname <> 'pg_strata_guard'
    AND pg_catalog.to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false'
UNION ALL
  SELECT c.parent, c.oid, 2, 'guard_left',
         'A killed run has left its constraint: rows of the ranges that it was about to make partitions for are refused.',
         format('ALTER TABLE %s DROP CONSTRAINT pg_strata_guard', c.oid::regclass)
  FROM pg_catalog.pg_constraint k JOIN child c ON c.oid = k.conrelid
  WHERE k.conname = 'pg_strata_guard' AND k.contype = 'c' AND NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
      AND (l.classid::bigint << 32) | l.objid::bigint = hashtext('pg_partman run_maintenance_proc')))sql"},
    {Aspect::Trigger, R"sql(
  SELECT c.parent, c.oid, 1, 'trigger_differs',
         format('Trigger %I fires otherwise than on the parent.', t.tgname),
         format('ALTER TABLE %s %s TRIGGER %I', c.oid::regclass, CASE pt.tgenabled WHEN 'D' THEN 'DISABLE'
           WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END, t.tgname)
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_trigger pt ON pt.oid = t.tgparentid
  JOIN child c ON c.oid = t.tgrelid
  WHERE NOT t.tgisinternal AND t.tgenabled <> pt.tgenabled)sql"},
    {Aspect::Publication, R"sql(
  SELECT p.oid, NULL::oid, 1, 'publication_differs',
         format('Publication %I has partitions of the set but not the set: new partitions are not published.', b.pubname),
         format('ALTER PUBLICATION %I ADD TABLE %s', b.pubname, p.name)
  FROM pg_catalog.pg_publication b JOIN parent p ON NOT b.puballtables
    AND EXISTS (SELECT 1 FROM pg_catalog.pg_publication_rel r JOIN child c ON c.oid = r.prrelid
                WHERE r.prpubid = b.oid AND c.parent = p.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_partition_ancestors(p.oid) a
                    ON a.relid = r.prrelid WHERE r.prpubid = b.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables t
                    WHERE t.pubname = b.pubname AND t.schemaname = p.nspname AND t.tablename = p.relname))sql"},
    {Aspect::Key, R"sql(
  SELECT k.confrelid, NULL::oid, 1, 'key_unindexed',
         format('Foreign key %I of %s has no index: every row deleted here, and every partition retired, reads that '
                'table.', k.conname, k.conrelid::regclass),
         format('CREATE INDEX ON %s (%s)', k.conrelid::regclass, (
           SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY o.n)
           FROM unnest(k.conkey) WITH ORDINALITY AS o(number, n)
           JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.number))
  FROM pg_catalog.pg_constraint k
  WHERE k.contype = 'f' AND k.confrelid = ANY ($1) AND k.conparentid = 0 AND NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_index i
    WHERE i.indrelid = k.conrelid AND i.indpred IS NULL AND i.indnkeyatts >= cardinality(k.conkey)
      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey))sql"},
}};

// Only the parts in which something is to be seen, as planning them all takes longer than all the rest of a check.
std::string statement_for(const std::set<Aspect>& aspects) {
  std::string sql = kHead;
  const char* separator = "";
  for (const Part& part : kParts) {
    if (!aspects.contains(part.aspect)) continue;
    sql += std::exchange(separator, "\nUNION ALL") + std::string(part.sql);
  }
  return sql + kTail;
}

std::vector<Oid> list_of(const std::set<Oid>& oids) {
  return {oids.begin(), oids.end()};
}

std::vector<PropertyFinding> differences(const Extension& extension, const Suspects& suspects) {
  std::vector<PropertyFinding> found;
  if (suspects.aspects.empty()) return found;
  pg::set_local("jit", "off");  // its cost is estimated too high for that
  const pg::Rows rows = pg::query(statement_for(suspects.aspects), pg::Params()
                                                                       .oids(suspects.parents)
                                                                       .oids(suspects.templates)
                                                                       .oids(suspects.inheriting)
                                                                       .oids(suspects.newest)
                                                                       .text(extension.schema())
                                                                       .oids(list_of(suspects.partitions))
                                                                       .oids(list_of(suspects.whole)));
  for (std::size_t row = 0; row < rows.size(); ++row)
    found.push_back({.parent = rows.oid(row, 0),
                     .finding = {.severity = static_cast<Severity>(rows.int4(row, 2)),
                                 .code = rows.text(row, 3),
                                 .partition = rows.optional_text(row, 1),
                                 .detail = rows.text(row, 4),
                                 .fix = rows.text(row, 5)}});
  return found;
}

std::vector<std::string> template_keys_missing(const ManagedSet& set, std::span<const TemplateKey> keys) {
  std::vector<std::string> names;
  const auto& children = set.inventory.children;
  const std::size_t wanted = static_cast<std::size_t>(set.policy.premake) + 1;
  for (std::size_t n = children.size() > wanted ? children.size() - wanted : 0; n < children.size(); ++n)
    if (set.facts[n].kind == RELKIND_RELATION && !missing_keys(keys, children[n].oid).empty())
      names.push_back(children[n].name);
  return names;
}

// Of the newest partitions, as reading definitions takes a query each.
std::vector<Finding> check_template_keys(const Extension& extension, const ManagedSet& set) {
  std::vector<Finding> found;
  const std::string parent = set.parent.raw_name();
  try {
    const TemplateProperties properties =
        read_template(*set.config.template_table, parent, read_indexes(set.parent.oid), set.parent.owner);
    for (const std::string& name : template_keys_missing(set, properties.keys)) {
      const std::array<std::string, 3> arguments{parent, set.parent.schema, name};
      found.push_back({.severity = Severity::Warning,
                       .code = "template_index_missing",
                       .partition = set.parent.schema + "." + name,
                       .detail = "It lacks a primary key or unique index of the template.",
                       .fix = call_of(extension, "inherit_template_properties", arguments)});
    }
  } catch (const pg::Raise& raise) {  // a template of somebody who is not to be trusted
    found.push_back({.severity = Severity::Error,
                     .code = "template_untrusted",
                     .partition = std::nullopt,
                     .detail = raise.detail + " " + raise.hint,
                     .fix = {}});
  }
  return found;
}

}  // namespace

std::vector<PropertyFinding> check_properties(const Extension& extension, std::span<const LoadedSet> sets) {
  const Templates templates = find_templates(sets);
  std::vector<PropertyFinding> found = differences(extension, find_suspects(sets, templates));
  for (const LoadedSet& loaded : sets) {
    if (!template_of(templates, loaded).has_keys) continue;
    for (Finding& one : check_template_keys(extension, *loaded.set))
      found.push_back({.parent = loaded.parent->oid, .finding = std::move(one)});
  }
  return found;
}

}  // namespace strata::ops
