#include "ops/check_suspects.hpp"

#include "pg/kept_query.hpp"

namespace strata::ops {

namespace {

// Out of the ordinary: kind, relation, relation referenced. $1: parents; $2, $3: newest partitions with their parents.
// OFFSET 0: by index, as there are few.
constexpr const char* kSigns = R"sql(
SELECT 'i'::"char", i.indrelid, 0::oid FROM pg_catalog.pg_index i WHERE NOT i.indisvalid
UNION ALL
SELECT 'c', k.conrelid, k.confrelid FROM pg_catalog.pg_constraint k
WHERE (NOT k.convalidated AND k.conparentid = 0 AND k.conname NOT LIKE 'partmanconstr\_%') OR k.conname = 'pg_strata_guard'
   OR (k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1))
UNION ALL
SELECT 't', t.tgrelid, 0 FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_trigger pt ON pt.oid = t.tgparentid
WHERE NOT t.tgisinternal AND t.tgenabled <> pt.tgenabled
UNION ALL
SELECT 'p', r.prrelid, 0 FROM pg_catalog.pg_publication_rel r
UNION ALL
SELECT 'n', w.child, 0 FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) AS w(child, parent)
CROSS JOIN LATERAL (SELECT a.attname, a.attstorage, a.attcompression, a.attstattarget FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid = w.child AND a.attnum > 0 AND NOT a.attisdropped OFFSET 0) AS a
CROSS JOIN LATERAL (SELECT p.attstorage, p.attcompression, p.attstattarget FROM pg_catalog.pg_attribute p
                    WHERE p.attrelid = w.parent AND p.attname = a.attname OFFSET 0) AS pa
WHERE a.attstorage <> pa.attstorage OR a.attcompression <> pa.attcompression
   OR (pa.attstattarget >= 0 AND a.attstattarget IS DISTINCT FROM pa.attstattarget))sql";

// Grants that are inherited and are not the same text. $4: their parents.
constexpr const char* kGrants = R"sql(
UNION ALL
SELECT 'g', c.oid, 0 FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
WHERE i.inhparent = ANY ($4) AND c.relacl::text IS DISTINCT FROM p.relacl::text)sql";

constexpr std::size_t kNewest = 16;

bool row_differs(const Parent& parent, char persistence, const ChildFacts& facts) noexcept {
  return facts.owner != parent.owner || facts.persistence != persistence ||
         facts.replica_identity != parent.replica_identity || (facts.row_security && !parent.row_security) ||
         facts.sets_autovacuum;
}

class Search {
 public:
  Search(std::span<const LoadedSet> sets, const Templates& templates) noexcept : sets_(sets), templates_(templates) {}

  [[nodiscard]] Suspects run() {
    for (const LoadedSet& loaded : sets_)
      if (loaded.parent) rows_of(loaded);
    if (!suspects_.parents.empty()) other_catalogs();
    return std::move(suspects_);
  }

 private:
  void suspect(Aspect aspect, Oid partition) {
    suspects_.aspects.insert(aspect);
    suspects_.partitions.insert(partition);
  }

  // A set that could not be loaded: all is to be looked at.
  void suspect_all(Oid parent) {
    suspects_.whole.insert(parent);
    suspects_.aspects.insert({Aspect::Row, Aspect::Index, Aspect::Constraint, Aspect::Trigger, Aspect::Publication});
  }

  void rows_of(const LoadedSet& loaded) {
    const Template model = template_of(templates_, loaded);
    suspects_.parents.push_back(loaded.parent->oid);
    suspects_.templates.push_back(model.oid);
    if (loaded.config.inherit_privileges) suspects_.inheriting.push_back(loaded.parent->oid);
    if (!loaded.set) return suspect_all(loaded.parent->oid);
    const ManagedSet& set = *loaded.set;
    if (set.half_detached) suspect(Aspect::Row, set.half_detached->oid);
    for (const ChildFacts& facts : set.facts) row(set, model, facts);
    if (set.inventory.default_partition) row(set, model, set.default_facts);
    newest_of(set, model);
  }

  void row(const ManagedSet& set, const Template& model, const ChildFacts& facts) {
    if (row_differs(set.parent, model.persistence, facts)) suspect(Aspect::Row, facts.oid);
  }

  void newest_of(const ManagedSet& set, const Template& model) {
    const std::size_t count = set.facts.size();
    for (std::size_t n = count > kNewest ? count - kNewest : 0; n < count; ++n) {
      const ChildFacts& facts = set.facts[n];
      suspects_.newest.push_back(facts.oid);
      newest_parents_.push_back(set.parent.oid);
      if (model.has_options || facts.tablespace != set.parent.tablespace) suspect(Aspect::Newest, facts.oid);
    }
  }

  void other_catalogs() {
    pg::Params params;
    params.oids(suspects_.parents).oids(suspects_.newest).oids(newest_parents_);
    if (!suspects_.inheriting.empty()) params.oids(suspects_.inheriting);
    const pg::Rows rows = pg::query_kept(std::string(kSigns) + (suspects_.inheriting.empty() ? "" : kGrants), params);
    if (rows.empty()) return;
    const std::set<Oid> ours = partitions();
    const std::set<Oid> parents(suspects_.parents.begin(), suspects_.parents.end());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Oid relation = rows.oid(row, 1);
      if (parents.contains(rows.oid(row, 2))) suspects_.aspects.insert(Aspect::Key);
      if (ours.contains(relation)) suspect(aspect_of(rows.character(row, 0)), relation);
      if (parents.contains(relation)) sign_on_parent(rows.character(row, 0), relation);
    }
  }

  // An index of the parent is not valid where partitions lack their part of it.
  void sign_on_parent(char kind, Oid parent) {
    suspects_.aspects.insert(aspect_of(kind));
    if (kind == 'i') suspects_.whole.insert(parent);
  }

  [[nodiscard]] static Aspect aspect_of(char kind) noexcept {
    switch (kind) {
      case 'i':
        return Aspect::Index;
      case 'c':
        return Aspect::Constraint;
      case 't':
        return Aspect::Trigger;
      case 'p':
        return Aspect::Publication;
      case 'n':
        return Aspect::Newest;
      default:
        return Aspect::Row;
    }
  }

  [[nodiscard]] std::set<Oid> partitions() const {
    std::vector<Oid> all;
    for (const LoadedSet& loaded : sets_) {
      if (!loaded.set) continue;
      for (const ChildFacts& facts : loaded.set->facts) all.push_back(facts.oid);
      if (loaded.set->inventory.default_partition) all.push_back(loaded.set->default_facts.oid);
      if (loaded.set->half_detached) all.push_back(loaded.set->half_detached->oid);
    }
    return {all.begin(), all.end()};
  }

  std::span<const LoadedSet> sets_;
  const Templates& templates_;
  Suspects suspects_;
  std::vector<Oid> newest_parents_;
};

}  // namespace

Template template_of(const Templates& templates, const LoadedSet& loaded) {
  if (!loaded.set || !loaded.config.template_table) return {};
  const auto found = templates.find(*loaded.config.template_table);
  return found == templates.end() ? Template{} : found->second;
}

Templates find_templates(std::span<const LoadedSet> sets) {
  std::vector<std::string> names;
  for (const LoadedSet& loaded : sets)
    if (loaded.config.template_table) names.push_back(*loaded.config.template_table);
  Templates templates;
  if (names.empty()) return templates;
  const pg::Rows rows = pg::query_kept(
      "SELECT w.name, c.oid, EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique), "
      "c.reloptions IS NOT NULL, c.relpersistence "
      "FROM pg_catalog.unnest($1) AS w(name) JOIN pg_catalog.pg_class c "
      "ON c.relname = split_part(w.name, '.', 2)::name AND c.relkind = 'r' JOIN pg_catalog.pg_namespace n "
      "ON n.oid = c.relnamespace AND n.nspname = split_part(w.name, '.', 1)::name",
      pg::Params().texts(names));
  for (std::size_t row = 0; row < rows.size(); ++row)
    templates[rows.text(row, 0)] = {.oid = rows.oid(row, 1),
                                    .has_keys = rows.boolean(row, 2),
                                    .has_options = rows.boolean(row, 3),
                                    .persistence = rows.character(row, 4)};
  return templates;
}

Suspects find_suspects(std::span<const LoadedSet> sets, const Templates& templates) {
  return Search(sets, templates).run();
}

}  // namespace strata::ops
