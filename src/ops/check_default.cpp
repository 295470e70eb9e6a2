#include "ops/check_default.hpp"

#include "ops/ledger.hpp"
#include "ops/observe.hpp"
#include "pg/relation.hpp"
#include "pg/xact.hpp"

namespace strata::ops {

namespace {

// One configured set as far as its default is concerned. Interval, retention and type play no part: a set that
// maintenance refuses is watched all the same.
struct Candidate {
  std::string set;
  int lock_timeout_ms = 300;
  Parent parent;  // oid invalid: dropped
  bool hides_rows = false;
  bool has_encoder = false;
  Oid oid = InvalidOid;  // of the default; invalid: none
  Oid schema_oid = InvalidOid;
  std::string schema;
  std::string name;
  ChildFacts facts;
};

// The parent by name while the name exists, else by the OID the policy knows (truths 33).
constexpr const char* kCandidateQuery = R"sql(
SELECT w.name, t.oid, t.relowner, pg_catalog.row_security_active(t.oid), d.oid, dn.nspname, d.relname, d.relkind,
       d.reltablespace, d.relfilenode, d.relam, d.relpersistence, a.attname, a.atttypid,
       d.relnamespace, d.relowner
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS w(name, known, ord)
LEFT JOIN pg_catalog.pg_class t ON t.oid = coalesce(
       (SELECT k.oid FROM pg_catalog.pg_class k JOIN pg_catalog.pg_namespace s ON s.oid = k.relnamespace
        WHERE s.nspname = pg_catalog.split_part(w.name, '.', 1)::name
          AND k.relname = pg_catalog.split_part(w.name, '.', 2)::name), w.known)
LEFT JOIN pg_catalog.pg_partitioned_table pt ON pt.partrelid = t.oid
LEFT JOIN pg_catalog.pg_class d ON d.oid = pt.partdefid
LEFT JOIN pg_catalog.pg_namespace dn ON dn.oid = d.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = pt.partattrs[0] AND a.attnum > 0
ORDER BY w.ord)sql";

Candidate read_candidate(const pg::Rows& rows, std::size_t row, const Config& config) {
  Candidate candidate;
  candidate.set = rows.text(row, 0);
  candidate.lock_timeout_ms = config.lock_timeout_ms;
  candidate.parent.oid = rows.oid(row, 1);
  candidate.parent.owner = rows.oid(row, 2);
  candidate.hides_rows = rows.boolean(row, 3);
  candidate.has_encoder = config.time_encoder || config.time_decoder;
  candidate.oid = rows.oid(row, 4);
  candidate.schema = rows.text(row, 5);
  candidate.name = rows.text(row, 6);
  candidate.facts = {.oid = candidate.oid,
                     .kind = rows.character(row, 7),
                     .tablespace = rows.oid(row, 8),
                     .filenode = rows.oid(row, 9),
                     .access_method = rows.oid(row, 10),
                     .persistence = rows.character(row, 11),
                     .owner = rows.oid(row, 15)};
  candidate.parent.key_column = rows.text(row, 12);
  candidate.parent.key_type = rows.oid(row, 13);
  candidate.schema_oid = rows.oid(row, 14);
  return candidate;
}

std::vector<Config> read_sets(const Extension& extension) {
  const pg::Rows rows =
      pg::query(extension.with_tables("SELECT parent_table, time_encoder, time_decoder FROM %config% "
                                      "ORDER BY maintenance_order NULLS LAST, parent_table"));
  std::vector<Config> sets(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    sets[row].parent_table = rows.text(row, 0);
    sets[row].time_encoder = rows.optional_text(row, 1);
    sets[row].time_decoder = rows.optional_text(row, 2);
  }
  add_ledger(extension, sets);
  return sets;
}

std::vector<Candidate> read_candidates(const Extension& extension) {
  const std::vector<Config> sets = read_sets(extension);
  std::vector<std::string> names;
  std::vector<Oid> known;
  for (const Config& set : sets) {
    names.push_back(set.parent_table);
    known.push_back(set.known_parent);
  }
  const pg::Rows rows = pg::query(kCandidateQuery, pg::Params().texts(names).oids(known));
  std::vector<Candidate> candidates;
  for (std::size_t row = 0; row < rows.size(); ++row) candidates.push_back(read_candidate(rows, row, sets[row]));
  return candidates;
}

void warn(const std::string& message, const std::string& hint, const std::string& detail = {}) {
  pg::report({.level = WARNING, .sqlstate = 0, .message = message, .detail = detail, .hint = hint});
}

// The catalog's newest word, whatever the snapshot.
Oid filenode_now(Oid relation) {
  return pg::guarded([=] {
    AcceptInvalidationMessages();
    const HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    const Oid filenode = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relfilenode;
    ReleaseSysCache(tuple);
    return filenode;
  });
}

// A heap without pages, told without a lock. An empty file may also be what VACUUM FULL left behind: then the catalog
// names another one by now, since a file goes only after the commit that replaced it.
bool has_no_pages(const ChildFacts& facts) {
  if (!is_local_heap(facts)) return false;
  return pg::file_bytes(facts.tablespace, facts.filenode) == 0 && filenode_now(facts.oid) == facts.filenode;
}

// Only these types have infinity, as far as keys go; a NULL key is not infinite.
std::string condition_of(const Candidate& candidate, InfiniteKeys keys) {
  const Oid type = candidate.parent.key_type;
  const bool timed = type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
  if (keys == InfiniteKeys::Counted || !timed) return "";
  return " WHERE pg_catalog.isfinite(" + pg::quote_ident(candidate.parent.key_column) + ") IS NOT FALSE";
}

// ONLY: the partitions of a default that is itself partitioned belong to a set of their own.
std::int64_t count_rows(const Candidate& candidate, RowCount count, InfiniteKeys keys) {
  const pg::OwnerScope as_owner(candidate.parent.owner, candidate.schema_oid);
  if (!pg::lock_relation(candidate.oid, AccessShareLock, pg::LockDeadline(candidate.lock_timeout_ms))) return 0;
  const std::string from =
      " FROM ONLY " + pg::qualified(candidate.schema, candidate.name) + condition_of(candidate, keys);
  // As through the parent, whoever owns the default itself.
  const bool own = candidate.facts.owner == candidate.parent.owner;
  const pg::CheckAs check{.relation = own ? InvalidOid : candidate.oid, .role = candidate.facts.owner};
  if (count == RowCount::AtLeastOne) return pg::query_checked_as("SELECT" + from + " LIMIT 1", check).empty() ? 0 : 1;
  return pg::query_checked_as("SELECT pg_catalog.count(*)" + from, check).int8(0, 0);
}

// Locks wait no longer than the set allows; anything but a cancel request stays with this set.
std::int64_t try_count(const Candidate& candidate, RowCount count, InfiniteKeys keys) {
  std::int64_t rows = 0;
  try {
    pg::in_subtransaction([&] { rows = count_rows(candidate, count, keys); });
  } catch (const pg::PgError& e) {
    if (e.is_interrupt()) throw;
    warn("could not check the default partition of \"" + candidate.set + "\": " + e.message(),
         e.hint().empty() ? "Check this set again when the cause is gone; the others are not affected." : e.hint(),
         e.detail());
    return 0;
  }
  return rows;
}

// Whether there is anything to read, and the caller may know of it.
bool worth_reading(const Candidate& candidate) {
  if (!OidIsValid(candidate.parent.oid)) {
    warn("configured table \"" + candidate.set + "\" does not exist",
         "Delete its row from part_config, or update part_config.parent_table to its new name.");
    return false;
  }
  if (!OidIsValid(candidate.oid) || !may_look(candidate.parent) || has_no_pages(candidate.facts)) return false;
  if (candidate.hides_rows)
    warn("the default partition of \"" + candidate.set + "\" is not checked: row-level security hides rows from you",
         "Check it as a role that bypasses row-level security.");
  return !candidate.hides_rows;
}

}  // namespace

std::vector<FilledDefault> check_defaults(const Extension& extension, RowCount count, InfiniteKeys keys) {
  std::vector<FilledDefault> filled;
  for (const Candidate& candidate : read_candidates(extension)) {
    if (!worth_reading(candidate)) continue;
    if (keys == InfiniteKeys::Ignored && candidate.has_encoder)
      warn("infinite times in the default partition of \"" + candidate.set + "\" are counted",
           "p_ignore_infinity cannot tell them where a time encoder makes the key.");
    const std::int64_t rows = try_count(candidate, count, keys);
    if (rows > 0) filled.push_back({.name = candidate.schema + "." + candidate.name, .rows = rows});
  }
  return filled;
}

}  // namespace strata::ops
