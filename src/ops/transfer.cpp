#include "ops/transfer.hpp"

#include "pg/bulk_transfer.hpp"

namespace strata::ops {

namespace {

// Deferred constraints of the two tables. Their triggers would be queued for the end of the transaction, where they run
// with the caller's rights; a security-restricted context refuses that.
struct Deferred {
  std::string name;  // quoted
  bool initially = false;
};

std::vector<Deferred> deferrable_constraints(const Transfer& transfer) {
  const std::array<Oid, 2> tables{transfer.from, transfer.to};
  const pg::Rows rows = pg::query(
      "SELECT DISTINCT n.nspname, k.conname, k.condeferred FROM pg_catalog.pg_constraint k "
      "JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace WHERE k.condeferrable AND (k.conrelid = ANY ($1) OR "
      "k.confrelid = ANY ($1)) ORDER BY 1, 2",
      pg::Params().oids(tables));
  std::vector<Deferred> constraints;
  for (std::size_t row = 0; row < rows.size(); ++row)
    constraints.push_back(
        {.name = pg::qualified(rows.text(row, 0), rows.text(row, 1)), .initially = rows.boolean(row, 2)});
  return constraints;
}

[[noreturn]] void raise_lost(const Transfer& transfer, std::int64_t removed, std::int64_t added) {
  refuse(core::Code::CheckViolation,
         std::to_string(removed) + " rows were to move to " + transfer.to_sql + ", but " + std::to_string(added) +
             " arrived there",
         "Disable the BEFORE INSERT trigger of the target that leaves rows out.", "Nothing was changed.");
}

std::string statement_of(const Transfer& transfer) {
  return "WITH moved AS (DELETE FROM " + transfer.from_sql + " WHERE " + transfer.condition + " RETURNING " +
         transfer.columns + "), added AS (INSERT INTO " + transfer.to_sql + " (" + transfer.columns + ")" +
         (transfer.identity == Identity::OverrideSystemValue ? " OVERRIDING SYSTEM VALUE" : "") + " SELECT " +
         transfer.columns +
         " FROM moved RETURNING 1) SELECT (SELECT pg_catalog.count(*) FROM moved), (SELECT pg_catalog.count(*) FROM "
         "added)";
}

// Nothing would run or be asked but what the bulk transfer checks itself. The tables are locked, so it stays so.
bool are_plain(Oid from, std::span<const Oid> to) {
  std::vector<Oid> tables(to.begin(), to.end());
  tables.push_back(from);
  const pg::Rows rows = pg::query(
      "SELECT pg_catalog.count(*) = $3 AND pg_catalog.bool_and(CASE WHEN c.oid = $1 "
      "THEN pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'DELETE') "
      "ELSE pg_catalog.has_table_privilege(c.oid, 'INSERT') END) "
      "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam "
      "WHERE c.oid = ANY ($2) AND c.relkind = 'r' AND a.amname = 'heap' AND c.relpersistence <> 't' AND "
      "NOT c.relhasrules AND NOT c.relrowsecurity AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE "
      "g.tgrelid = c.oid) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND "
      "k.condeferrable)",
      pg::Params().oid(from).oids(tables).int8(static_cast<std::int64_t>(tables.size())));
  return rows.boolean(0, 0);
}

// Rows that others change meanwhile are read again.
MovedRows move_below(const pg::BulkTransfer& transfer, const std::string& query) {
  MovedRows all;
  for (;;) {
    const pg::BulkTransferred moved = pg::bulk_transfer(transfer, query);
    all.add({.rows = moved.rows, .checksum = moved.sum});
    if (moved.changed == 0) return all;
    pg::check_interrupts();
  }
}

// Nothing where the rows need statements.
std::optional<MovedRows> transfer_below(const Transfer& transfer) {
  const std::array<Oid, 1> to{transfer.to};
  if (!transfer.all_columns || OidIsValid(transfer.check.relation) || !are_plain(transfer.from, to))
    return std::nullopt;
  const std::optional<std::string> columns = columns_as_stored(transfer.from, transfer.to, transfer.identity);
  if (!columns) return std::nullopt;
  const std::array<pg::RouteTarget, 1> target{{{.table = transfer.to, .lower = {}, .upper = {}}}};
  return move_below({.from = transfer.from, .to = target},
                    "SELECT " + *columns + ", ctid FROM " + transfer.from_sql + " WHERE " + transfer.condition);
}

// A comma between privileges would mean "any of them".
bool has_privilege(Oid role, Oid table, const char* privilege) {
  return pg::query("SELECT pg_catalog.has_table_privilege($1, $2, $3)",
                   pg::Params().oid(role).oid(table).text(privilege))
      .boolean(0, 0);
}

bool has_rights(Oid role, Oid of) {
  return pg::query("SELECT pg_catalog.pg_has_role($1, $2, 'USAGE')", pg::Params().oid(role).oid(of)).boolean(0, 0);
}

}  // namespace

std::optional<std::string> columns_as_stored(Oid from, Oid to, Identity identity) {
  const pg::Rows rows = pg::query(
      "SELECT t.attname, coalesce(s.attnum IS NOT NULL AND t.attnum IS NOT NULL AND t.attgenerated = '' AND "
      "(t.attidentity <> 'a' OR $3), false) FROM "
      "(SELECT * FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped) s FULL JOIN "
      "(SELECT * FROM pg_catalog.pg_attribute WHERE attrelid = $2 AND attnum > 0 AND NOT attisdropped) t "
      "ON s.attname = t.attname AND s.atttypid = t.atttypid AND s.atttypmod = t.atttypmod AND "
      "s.attcollation = t.attcollation ORDER BY t.attnum",
      pg::Params().oid(from).oid(to).boolean(identity == Identity::OverrideSystemValue));
  std::string list;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!rows.boolean(row, 1)) return std::nullopt;
    list += (row > 0 ? ", " : "") + pg::quote_ident(rows.text(row, 0));
  }
  return list;
}

MovedRows transfer_rows(const Transfer& transfer) {
  if (const std::optional<MovedRows> moved = transfer_below(transfer)) return *moved;
  const std::vector<Deferred> constraints = deferrable_constraints(transfer);
  for (const Deferred& constraint : constraints) pg::execute("SET CONSTRAINTS " + constraint.name + " IMMEDIATE");
  const pg::Rows counts = pg::query_checked_as(statement_of(transfer), transfer.check);
  if (counts.int8(0, 0) != counts.int8(0, 1)) raise_lost(transfer, counts.int8(0, 0), counts.int8(0, 1));
  for (const Deferred& constraint : constraints)
    if (constraint.initially) pg::execute("SET CONSTRAINTS " + constraint.name + " DEFERRED");
  return {.rows = static_cast<std::uint64_t>(counts.int8(0, 0)), .checksum = std::nullopt};
}

pg::RouteTarget route_target(const ManagedSet& set, const core::Range& range, Oid table) {
  pg::RouteTarget target{.table = table, .lower = std::nullopt, .upper = std::nullopt};
  if (range.lower.finite()) target.lower = set.text(range.lower);
  if (range.upper.finite()) target.upper = set.text(range.upper);
  return target;
}

std::optional<MovedRows> spread_rows(const Spread& spread) {
  std::vector<Oid> to;
  for (const pg::RouteTarget& target : spread.to) to.push_back(target.table);
  if (OidIsValid(spread.check.relation) || !are_plain(spread.from, to)) return std::nullopt;
  const std::optional<std::string> columns = columns_as_stored(spread.from, spread.parent, spread.identity);
  if (!columns) return std::nullopt;
  return move_below({.from = spread.from, .to = spread.to, .parent = spread.parent},
                    "SELECT " + *columns + ", ctid FROM " + spread.from_sql + " WHERE " + spread.condition);
}

std::string moved_columns(Oid listed, Oid target, std::span<const std::string> ignored) {
  const pg::Rows rows = pg::query(
      "SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped "
      "AND a.attname <> ALL ($3::text[]::name[]) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute t WHERE "
      "t.attrelid = $2 AND t.attname = a.attname AND t.attgenerated <> '') ORDER BY a.attnum",
      pg::Params().oid(listed).oid(target).texts(ignored));
  if (rows.empty())
    refuse(core::Code::InvalidParameterValue, "no column is left to move", "Leave some out of p_ignored_columns.");
  std::string list;
  for (std::size_t row = 0; row < rows.size(); ++row)
    list += (row > 0 ? ", " : "") + pg::quote_ident(rows.text(row, 0));
  return list;
}

Parent other_table(const std::string& raw_name, const std::string& parameter) {
  const std::optional<Parent> table = find_parent(raw_name);
  if (!table)
    refuse(core::Code::UndefinedTable, "table \"" + raw_name + "\" does not exist",
           parameter + " is written schema.table, without quotes.");
  if (table->kind != RELKIND_RELATION && table->kind != RELKIND_PARTITIONED_TABLE &&
      table->kind != RELKIND_FOREIGN_TABLE)
    refuse(core::Code::WrongObjectType, "\"" + raw_name + "\" is not a table", parameter + " must name a table.");
  return *table;
}

pg::CheckAs require_privileges(const Parent& table, Oid set_owner, std::initializer_list<const char*> privileges) {
  const auto lacked_by = [&](Oid role) {
    return std::ranges::find_if(privileges, [&](const char* name) { return !has_privilege(role, table.oid, name); });
  };
  const auto* const lacked = lacked_by(set_owner);
  if (lacked == privileges.end()) return {};
  if (lacked_by(pg::current_user()) == privileges.end() && has_rights(table.owner, set_owner))
    return {.relation = table.oid, .role = pg::current_user()};
  refuse(core::Code::InsufficientPrivilege, "permission denied for table " + table.raw_name(),
         "Run GRANT " + std::string(*lacked) + " ON " + table.quoted() + " TO " +
             pg::quote_ident(pg::role_name(set_owner)) + ".",
         "Rows are moved with the rights of the owner of the partition set.");
}

bool is_still_called(Oid table, const std::string& schema, const std::string& name) {
  return !pg::query(
              "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
              "c.oid = $1 AND n.nspname = $2 AND c.relname = $3",
              pg::Params().oid(table).text(schema).text(name))
              .empty();
}

void require_no_delete_action(std::span<const Oid> tables) {
  const pg::Rows rows = pg::query(
      "SELECT k.conname, n.nspname || '.' || c.relname, t.relname FROM pg_catalog.pg_constraint k "
      "JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_catalog.pg_class t ON t.oid = k.confrelid "
      "WHERE k.contype = 'f' AND k.confrelid = ANY ($1) AND k.confdeltype IN ('c', 'n', 'd') ORDER BY k.oid LIMIT 1",
      pg::Params().oids(tables));
  if (rows.empty()) return;
  refuse(core::Code::NotInPrerequisiteState,
         "moving rows out of \"" + rows.text(0, 2) + "\" would act on table \"" + rows.text(0, 1) +
             "\" through foreign key \"" + rows.text(0, 0) + "\"",
         "Drop the foreign key, or make it ON DELETE NO ACTION, while rows are moved.",
         "Its ON DELETE action would delete or change rows there.");
}

DisabledTriggers::DisabledTriggers(Oid table) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname, t.tgname, CASE t.tgenabled WHEN 'A' THEN 'ALWAYS ' WHEN 'R' THEN 'REPLICA ' ELSE "
      "'' END FROM pg_catalog.pg_partition_tree($1) p JOIN pg_catalog.pg_trigger t ON t.tgrelid = p.relid "
      "JOIN pg_catalog.pg_class c ON c.oid = p.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY 1, 2, 3",
      pg::Params().oid(table));
  for (std::size_t row = 0; row < rows.size(); ++row)
    triggers_.push_back({.table = pg::qualified(rows.text(row, 0), rows.text(row, 1)),
                         .name = pg::quote_ident(rows.text(row, 2)),
                         .enabled = rows.text(row, 3)});
  for (const UserTrigger& t : triggers_) pg::execute("ALTER TABLE ONLY " + t.table + " DISABLE TRIGGER " + t.name);
}

DisabledTriggers::~DisabledTriggers() noexcept(false) {
  if (std::uncaught_exceptions() > exceptions_) return;
  for (const UserTrigger& t : triggers_)
    pg::execute("ALTER TABLE ONLY " + t.table + " ENABLE " + t.enabled + "TRIGGER " + t.name);
}

}  // namespace strata::ops
