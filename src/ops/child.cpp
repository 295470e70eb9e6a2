#include "ops/child.hpp"

#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kLikeOptions =
    "INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED "
    "INCLUDING STATISTICS INCLUDING STORAGE";

std::string with_name(std::string text, const std::string& name) {
  constexpr std::string_view mark = "%child%";
  const auto at = text.find(mark);
  return at == std::string::npos ? text : text.replace(at, mark.size(), name);
}

// Indexes of one table. The tail is the definition from " USING " on; it is cut off by the length of what comes before,
// as names and literals may hold any word. The search_path is ours, so the server qualifies the table's name.
constexpr const char* kIndexes = R"sql(
SELECT pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), 1 + pg_catalog.length(pg_catalog.concat(
         'CREATE ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, 'INDEX ', pg_catalog.quote_ident(x.relname), ' ON ',
         CASE WHEN x.relkind = 'I' THEN 'ONLY ' END,
         pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)))) AS tail,
       pg_catalog.pg_get_constraintdef(k.oid), i.indisunique, t.spcname,
       ' WHERE ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = x.reltablespace
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype = 'p'
WHERE i.indrelid = $1 AND i.indisvalid
ORDER BY 1)sql";

struct ParentIndexes {
  std::set<std::string> tails;
  std::optional<std::string> primary;
  int count = 0;
};

ParentIndexes read_parent_indexes(Oid parent) {
  const pg::Rows rows = pg::query(kIndexes, pg::Params().oid(parent));
  ParentIndexes indexes;
  indexes.count = static_cast<int>(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    indexes.tails.insert(rows.text(row, 0));
    if (!rows.null(row, 1)) indexes.primary = rows.text(row, 1);
  }
  return indexes;
}

// The clause stands before the predicate, which ends the tail.
std::string with_tablespace(const std::string& tail, const std::string& tablespace, const std::string& predicate) {
  const std::size_t where = tail.ends_with(predicate) ? tail.size() - predicate.size() : tail.size();
  return tail.substr(0, where) + " TABLESPACE " + pg::quote_ident(tablespace) + tail.substr(where);
}

// Unique and primary indexes of the template that the parent cannot have because they lack the partition key
// (contract 6.2).
void add_template_indexes(ChildRecipe& recipe, Oid table, const ParentIndexes& parent) {
  const pg::Rows rows = pg::query(kIndexes, pg::Params().oid(table));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const bool unique = rows.boolean(row, 2);
    const std::string tail = rows.text(row, 0);
    const std::optional<std::string> primary = rows.optional_text(row, 1);
    if (!unique || parent.tails.contains(tail) || (primary && parent.primary == primary)) continue;
    ++recipe.locks_per_child;
    const std::optional<std::string> tablespace = rows.optional_text(row, 3);
    if (primary)
      recipe.keys.push_back("ALTER TABLE %child% ADD " + *primary +
                            (tablespace ? " USING INDEX TABLESPACE " + pg::quote_ident(*tablespace) : ""));
    else
      recipe.keys.push_back("CREATE UNIQUE INDEX ON %child%" +
                            (tablespace ? with_tablespace(tail, *tablespace, rows.text(row, 4)) : tail));
  }
}

// 'fillfactor=70' to "fillfactor = '70'".
std::string storage_option(const std::string& option, const std::string& prefix) {
  const auto at = option.find('=');
  return prefix + pg::quote_ident(option.substr(0, at)) + " = " +
         pg::quote_literal(at == std::string::npos ? "true" : option.substr(at + 1));
}

struct TemplateFacts {
  Oid oid = InvalidOid;
  bool unlogged = false;
};

TemplateFacts read_template(ChildRecipe& recipe, const Parent& parent, const std::string& name) {
  const pg::Rows rows = pg::query(
      "SELECT c.oid, c.relowner, c.relpersistence, r.rolsuper, pg_catalog.pg_has_role($3, c.relowner, 'USAGE') "
      "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_catalog.pg_roles r ON r.oid = c.relowner "
      "WHERE n.nspname = split_part($1, '.', 1)::name AND c.relname = split_part($1, '.', 2)::name AND c.relkind = $2",
      pg::Params().text(name).text("r").oid(parent.owner));
  if (rows.empty())
    refuse(core::Code::UndefinedTable,
           "template table \"" + name + "\" of \"" + parent.raw_name() + "\" does not exist",
           "Create it, or set part_config.template_table to NULL.");
  // Its index expressions will run as the set's owner: take them only from somebody he trusts (contract 10.4).
  if (!rows.boolean(0, 3) && !rows.boolean(0, 4))
    refuse(core::Code::InsufficientPrivilege,
           "template table \"" + name + "\" belongs to a role that the owner of \"" + parent.raw_name() +
               "\" is not a member of",
           "Change the template's owner to \"" + pg::role_name(parent.owner) + "\".");
  const Oid oid = rows.oid(0, 0);
  const pg::Rows options = pg::query(
      "SELECT o, false FROM pg_catalog.pg_class c, pg_catalog.unnest(c.reloptions) o WHERE c.oid = $1 UNION ALL "
      "SELECT o, true FROM pg_catalog.pg_class c JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid, "
      "pg_catalog.unnest(t.reloptions) o WHERE c.oid = $1",
      pg::Params().oid(oid));
  std::string list;
  for (std::size_t row = 0; row < options.size(); ++row)
    list += (row > 0 ? ", " : "") + storage_option(options.text(row, 0), options.boolean(row, 1) ? "toast." : "");
  if (!list.empty()) recipe.before_attach.push_back("ALTER TABLE %child% SET (" + list + ")");
  return {.oid = oid, .unlogged = rows.character(0, 2) == 'u'};
}

void add_statistics_targets(ChildRecipe& recipe, Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT attname, attstattarget::int4 FROM pg_catalog.pg_attribute "
      "WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0 ORDER BY attnum",
      pg::Params().oid(parent));
  std::string list;
  for (std::size_t row = 0; row < rows.size(); ++row)
    list += std::string(row > 0 ? ", " : "") + "ALTER COLUMN " + pg::quote_ident(rows.text(row, 0)) +
            " SET STATISTICS " + std::to_string(rows.int4(row, 1));
  if (!list.empty()) recipe.before_attach.push_back("ALTER TABLE %child% " + list);
}

void add_grants(ChildRecipe& recipe, const Parent& parent) {
  const pg::Rows rows = pg::query(
      "SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END, "
      "pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) "
      "FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a WHERE c.oid = $1 AND a.grantee <> c.relowner "
      "GROUP BY a.grantee ORDER BY 1",
      pg::Params().oid(parent.oid));
  for (std::size_t row = 0; row < rows.size(); ++row)
    recipe.after_attach.push_back("GRANT " + rows.text(row, 1) + " ON TABLE %child% TO " +
                                  (rows.null(row, 0) ? "PUBLIC" : pg::quote_ident(rows.text(row, 0))));
}

void add_foreign_keys(ChildRecipe& recipe, Oid parent) {
  const pg::Rows rows = pg::query(
      "SELECT DISTINCT conrelid = $1, CASE WHEN conrelid = $1 THEN confrelid ELSE conrelid END "
      "FROM pg_catalog.pg_constraint WHERE contype = 'f' AND (conrelid = $1 OR confrelid = $1) ORDER BY 2",
      pg::Params().oid(parent));
  for (std::size_t row = 0; row < rows.size(); ++row)
    (rows.boolean(row, 0) ? recipe.referenced : recipe.referencing).push_back(rows.oid(row, 1));
}

}  // namespace

ChildRecipe read_recipe(const Parent& parent, const std::optional<std::string>& template_table, Privileges privileges) {
  ChildRecipe recipe;
  const pg::Rows rows = pg::query(
      "SELECT c.relreplident, t.spcname, (SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND "
      "i.indisreplident) FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace "
      "WHERE c.oid = $1",
      pg::Params().oid(parent.oid));
  const ParentIndexes indexes = read_parent_indexes(parent.oid);
  recipe.locks_per_child += indexes.count;
  add_statistics_targets(recipe, parent.oid);
  bool unlogged = false;
  if (template_table) {
    const TemplateFacts facts = read_template(recipe, parent, *template_table);
    unlogged = facts.unlogged;
    add_template_indexes(recipe, facts.oid, indexes);
  }
  recipe.create = std::string("CREATE ") + (unlogged ? "UNLOGGED " : "") + "TABLE %child% (LIKE " + parent.quoted() +
                  " " + kLikeOptions + ")" + (rows.null(0, 1) ? "" : " TABLESPACE " + pg::quote_ident(rows.text(0, 1)));
  if (privileges == Privileges::CopyFromParent) add_grants(recipe, parent);
  const char identity = rows.character(0, 0);
  if (identity == 'f' || identity == 'n')
    recipe.after_attach.push_back(std::string("ALTER TABLE %child% REPLICA IDENTITY ") +
                                  (identity == 'f' ? "FULL" : "NOTHING"));
  if (identity == 'i') recipe.identity_index = rows.oid(0, 2);
  add_foreign_keys(recipe, parent.oid);
  return recipe;
}

std::string bound_clause(const ManagedSet& set, const core::Range& range) {
  return "FOR VALUES FROM (" + set.literal(range.lower) + ") TO (" + set.literal(range.upper) + ")";
}

std::string ChildStatements::joined() const {
  std::string text;
  for (const std::string& statement : build) text += statement + "; ";
  text += attach;
  for (const std::string& statement : finish) text += "; " + statement;
  return text;
}

ChildStatements child_statements(const ChildRecipe& recipe, const Parent& parent, const ChildName& name,
                                 const std::string& bound) {
  const std::string child = name.quoted();
  ChildStatements statements;
  statements.build.push_back(with_name(recipe.create, child));
  for (const std::string& text : recipe.keys) statements.build.push_back(with_name(text, child));
  statements.by_creator = statements.build.size();
  for (const std::string& text : recipe.before_attach) statements.build.push_back(with_name(text, child));
  statements.attach = "ALTER TABLE " + parent.quoted() + " ATTACH PARTITION " + child + " " + bound;
  for (const std::string& text : recipe.after_attach) statements.finish.push_back(with_name(text, child));
  return statements;
}

Oid creator_for(const Parent& parent) {
  if (pg::may_create_in(parent.schema_oid, parent.owner)) return parent.owner;
  if (pg::is_superuser()) return pg::current_user();
  const std::string owner = pg::role_name(parent.owner);
  refuse(core::Code::InsufficientPrivilege,
         "owner \"" + owner + "\" of table \"" + parent.raw_name() + "\" may not create tables in schema \"" +
             parent.schema + "\"",
         "Run GRANT CREATE ON SCHEMA " + pg::quote_ident(parent.schema) + " TO " + pg::quote_ident(owner) +
             ", or call as a superuser.");
}

void hold_schema_name(const std::string& schema) {
  // A renaming updates the name, a key; grants and changes of owner do not wait.
  const pg::Rows rows = pg::query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::name FOR KEY SHARE",
                                  pg::Params().text(schema));
  if (rows.empty()) refuse(core::Code::NotInPrerequisiteState, "schema \"" + schema + "\" was renamed", "Call again.");
}

void build_child(const ChildStatements& statements, const Parent& parent, const ChildName& name, Oid creator) {
  std::size_t done = 0;
  if (creator != parent.owner) {
    // LIKE copies stored expressions and runs none. The owner has the table before its first index is made: the server
    // folds and computes index expressions as the table's owner, whoever makes the index.
    const pg::OwnerScope as_superuser(creator);
    hold_schema_name(name.schema);
    pg::execute(statements.build.front());
    pg::execute("ALTER TABLE " + name.quoted() + " OWNER TO " + pg::quote_ident(pg::role_name(parent.owner)));
    for (done = 1; done < statements.by_creator; ++done) pg::execute(statements.build[done]);
  }
  for (; done < statements.build.size(); ++done) pg::execute(statements.build[done]);
}

namespace {

// The child's index under the parent's identity index exists only after ATTACH.
void copy_identity_index(Oid parent_index, const ChildName& name) {
  const pg::Rows rows = pg::query(
      "SELECT x.relname FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index i ON i.indexrelid = h.inhrelid "
      "JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE h.inhparent = $1 AND i.indrelid = $2::regclass",
      pg::Params().oid(parent_index).text(name.quoted()));
  if (!rows.empty())
    pg::execute("ALTER TABLE " + name.quoted() + " REPLICA IDENTITY USING INDEX " + pg::quote_ident(rows.text(0, 0)));
}

}  // namespace

void attach_child(const ChildStatements& statements, const ChildRecipe& recipe, const ChildName& name) {
  pg::execute(statements.attach);
  for (const std::string& statement : statements.finish) pg::execute(statement);
  if (OidIsValid(recipe.identity_index)) copy_identity_index(recipe.identity_index, name);
}

void require_lock_space(const ChildRecipe& recipe, std::size_t children) {
  const auto needed = static_cast<std::int64_t>(children) * recipe.locks_per_child;
  const std::int64_t available = pg::lock_table_size();
  if (needed <= available) return;
  refuse(core::Code::ProgramLimitExceeded,
         "creating " + std::to_string(children) + " partitions in one transaction needs about " +
             std::to_string(needed) + " locks, but the lock table holds about " + std::to_string(available),
         "Create fewer at once (lower premake, later p_start_partition), or raise max_locks_per_transaction.");
}

std::vector<core::TakenName> taken_names(const ManagedSet& set, std::span<const core::NameChoice> names) {
  std::vector<std::string> wanted;
  for (const core::NameChoice& name : names) {
    wanted.push_back(name.contract);
    wanted.push_back(name.fallback);
  }
  const pg::Rows rows = pg::query(
      "SELECT c.relname, i.inhparent, c.oid FROM pg_catalog.pg_class c "
      "LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid AND c.relispartition "
      "WHERE c.relnamespace = $1 AND c.relname = ANY ($2::text[]::name[])",
      pg::Params().oid(set.parent.schema_oid).texts(wanted));
  std::vector<core::TakenName> taken;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    core::NameHolder holder;
    if (!rows.null(row, 1) && rows.oid(row, 1) != set.parent.oid) holder.kind = core::NameHolder::Kind::OtherSet;
    if (rows.oid(row, 1) == set.parent.oid) {
      holder.kind = core::NameHolder::Kind::SameSet;
      for (const core::Child& child : set.inventory.children) {
        if (child.oid != rows.oid(row, 2)) continue;
        auto action = core::create_action(set.policy, set.calendar(), child.range, {}, name_rules());
        if (action) holder.contract_name = action->names.contract;
      }
    }
    taken.push_back({.name = rows.text(row, 0), .holder = std::move(holder)});
  }
  return taken;
}

}  // namespace strata::ops
