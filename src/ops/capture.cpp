#include "ops/capture.hpp"

#include <numeric>

#include "pg/bulk_load.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

constexpr const char* kFindKeys = R"sql(
SELECT i.indexrelid, i.indnkeyatts, a.attname, d.attnum, n.nspname, o.oprname, d.attnotnull AND t.typtype <> 'd'
       AND i.indcollation[k.ord::int4 - 1] = a.attcollation
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, ord)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_catalog.pg_attribute d ON d.attrelid = $2 AND d.attname = a.attname AND NOT d.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = d.atttypid
JOIN pg_catalog.pg_opclass c ON c.oid = i.indclass[k.ord::int4 - 1]
JOIN pg_catalog.pg_amop p ON p.amopfamily = c.opcfamily AND p.amopstrategy = 3 AND p.amoplefttype = c.opcintype
     AND p.amoprighttype = c.opcintype
JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND k.ord <= i.indnkeyatts
  AND (EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index s ON s.indexrelid = h.inhrelid
               WHERE h.inhparent = i.indexrelid AND s.indrelid = $2 AND s.indisvalid)
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_index s WHERE s.indrelid = $2 AND s.indisunique AND s.indisvalid
               AND s.indpred IS NULL AND s.indexprs IS NULL AND (
      SELECT pg_catalog.count(*) FILTER (WHERE m.indrelid = s.indrelid) = s.indnkeyatts
             AND pg_catalog.count(*) FILTER (WHERE m.indrelid = i.indrelid) = i.indnkeyatts
             AND pg_catalog.count(DISTINCT pg_catalog.concat_ws(' ', m.class, m.collation, m.name)) = i.indnkeyatts
             AND i.indnkeyatts = s.indnkeyatts
      FROM (SELECT b.indrelid, b.indclass[q.ord::int4 - 1] AS class, b.indcollation[q.ord::int4 - 1] AS collation,
                   e.attname AS name
            FROM pg_catalog.pg_index b
            CROSS JOIN LATERAL pg_catalog.unnest(b.indkey::int2[]) WITH ORDINALITY AS q(attnum, ord)
            JOIN pg_catalog.pg_attribute e ON e.attrelid = b.indrelid AND e.attnum = q.attnum
            WHERE b.indexrelid IN (s.indexrelid, i.indexrelid) AND q.ord <= b.indnkeyatts) m)))
ORDER BY NOT i.indisprimary, i.indexrelid, k.ord)sql";

std::string names_of(const CaptureKey& key) {
  std::string list;
  for (const CaptureKey::Column& column : key.columns) list += (list.empty() ? "" : ", ") + column.name;
  return list;
}

// A row of the log is for a row of "d"; conditions on the key inside read the log's.
std::string is_logged(const Capture& capture, const std::string& condition) {
  std::string text = "EXISTS (SELECT 1 FROM " + capture.log_name.quoted() + " AS l WHERE ";
  for (const CaptureKey::Column& column : capture.key.columns)
    text += (text.ends_with("WHERE ") ? "l." : " AND l.") + column.name + " " + column.equals + " d." + column.name;
  return text + (condition.empty() ? "" : " AND " + condition) + ")";
}

std::string log_arguments(const Capture& capture) {
  std::string list = pg::quote_literal(capture.log_name.schema) + ", " + pg::quote_literal(capture.log_name.name);
  for (const CaptureKey::Column& column : capture.key.columns)
    list += ", " + pg::quote_literal(std::to_string(column.number));
  return list;
}

std::vector<pg::RouteTarget> routes_of(std::span<const Copy> copies) {
  std::vector<pg::RouteTarget> routes;
  for (const Copy& copy : copies) routes.push_back(copy.route);
  return routes;
}

// How many keys in the log are of rows of each copy; the last number: of none.
std::vector<std::uint64_t> logged_of(const Capture& capture, Oid parent, std::span<const Copy> copies,
                                     const std::string& partition_key) {
  return pg::count_routes(parent, routes_of(copies),
                          "SELECT " + partition_key + " FROM " + capture.log_name.quoted() + " WHERE " +
                              capture.key.columns.front().name + " IS NOT NULL");
}

std::string partition_key_of(Oid parent) {
  return pg::quote_ident(
      pg::query("SELECT a.attname FROM pg_catalog.pg_partitioned_table p JOIN pg_catalog.pg_attribute a ON "
                "a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] WHERE p.partrelid = $1",
                pg::Params().oid(parent))
          .text(0, 0));
}

std::uint64_t remove_from(const Capture& capture, const Copy& copy) {
  return pg::execute("DELETE FROM ONLY " + copy.table + " AS d WHERE " + is_logged(capture, copy.condition));
}

}  // namespace

pg::KeyColumns CaptureKey::numbers() const {
  pg::KeyColumns key;
  for (const Column& column : columns) key.columns.at(static_cast<std::size_t>(key.count++)) = column.number;
  return key;
}

std::optional<CaptureKey> capture_key(Oid parent, Oid partition) {
  const pg::Rows rows = pg::query(kFindKeys, pg::Params().oid(parent).oid(partition));
  for (std::size_t row = 0; row < rows.size();) {
    const Oid index = rows.oid(row, 0);
    const auto width = static_cast<std::size_t>(rows.int2(row, 1));
    CaptureKey key;
    bool usable = true;
    for (; row < rows.size() && rows.oid(row, 0) == index; ++row) {
      usable = usable && rows.boolean(row, 6);
      key.columns.push_back({.name = pg::quote_ident(rows.text(row, 2)),
                             .equals = "OPERATOR(" + pg::quote_ident(rows.text(row, 4)) + "." + rows.text(row, 5) + ")",
                             .number = rows.int2(row, 3)});
    }
    if (usable && key.columns.size() == width) return key;
  }
  return std::nullopt;
}

Capture begin_capture(const Extension& extension, const Parent& parent, Oid source, const std::string& source_sql,
                      CaptureKey key) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.oid = $1",
      pg::Params().oid(source));
  const std::string table = rows.text(0, 1);
  Capture capture{.source = source,
                  .source_sql = source_sql,
                  .table_sql = pg::qualified(rows.text(0, 0), table),
                  .key = std::move(key),
                  .log_name = {.schema = parent.schema, .name = free_name(parent, table, "_changes")}};
  const std::string log = capture.log_name.quoted();
  pg::execute("CREATE UNLOGGED TABLE " + log + " AS SELECT " + names_of(capture.key) + " FROM " + source_sql +
              " WITH NO DATA");
  // One row of NULLs: gone after a crash, two after TRUNCATE.
  pg::execute("INSERT INTO " + log + " DEFAULT VALUES");
  const std::string function = extension.object("capture_changes") + "(" + log_arguments(capture) + ")";
  pg::execute(std::string("CREATE TRIGGER ") + kCaptureTriggers[0] + " AFTER INSERT OR UPDATE OR DELETE ON " +
              capture.table_sql + " FOR EACH ROW EXECUTE FUNCTION " + function);
  pg::execute(std::string("CREATE TRIGGER ") + kCaptureTriggers[1] + " AFTER TRUNCATE ON " + capture.table_sql +
              " FOR EACH STATEMENT EXECUTE FUNCTION " + function);
  // Also for what session_replication_role = replica writes.
  for (const char* trigger : kCaptureTriggers)
    pg::execute("ALTER TABLE ONLY " + capture.table_sql + " ENABLE ALWAYS TRIGGER " + trigger);
  capture.log = pg::query("SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace = $1 AND c.relname = $2::name",
                          pg::Params().oid(parent.schema_oid).text(capture.log_name.name))
                    .oid(0, 0);
  return capture;
}

bool is_intact(const Capture& capture) {
  const pg::Rows rows = pg::query(
      "SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND tgname = ANY "
      "($2::text[]::name[]) AND tgenabled = 'A'), (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c JOIN "
      "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $3 AND n.nspname = $4::name AND c.relname = "
      "$5::name)",
      pg::Params()
          .oid(capture.source)
          .texts(std::vector<std::string>(kCaptureTriggers.begin(), kCaptureTriggers.end()))
          .oid(capture.log)
          .text(capture.log_name.schema)
          .text(capture.log_name.name));
  if (rows.int8(0, 0) != static_cast<std::int64_t>(kCaptureTriggers.size()) || rows.int8(0, 1) != 1) return false;
  std::string any_null;
  for (const CaptureKey::Column& column : capture.key.columns)
    any_null += (any_null.empty() ? "" : " OR ") + column.name + " IS NULL";
  return pg::query("SELECT pg_catalog.count(*) FROM " + capture.log_name.quoted() + " WHERE " + any_null).int8(0, 0) ==
         1;
}

void drop_triggers(Oid source) {
  const pg::Rows rows = pg::query(
      "SELECT n.nspname, c.relname, t.tgname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = "
      "t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.tgrelid = $1 AND t.tgname = ANY "
      "($2::text[]::name[]) AND NOT t.tgisinternal",
      pg::Params().oid(source).texts(std::vector<std::string>(kCaptureTriggers.begin(), kCaptureTriggers.end())));
  for (std::size_t row = 0; row < rows.size(); ++row)
    pg::execute("DROP TRIGGER " + pg::quote_ident(rows.text(row, 2)) + " ON " +
                pg::qualified(rows.text(row, 0), rows.text(row, 1)));
}

void end_capture(const Capture& capture) {
  drop_triggers(capture.source);
  pg::execute("DROP TABLE " + capture.log_name.quoted());
}

CaughtUp catch_up(const Capture& capture, Oid parent, std::span<const Copy> copies, const std::string& columns) {
  const std::vector<std::uint64_t> logged = logged_of(capture, parent, copies, partition_key_of(parent));
  CaughtUp done{.keys = std::accumulate(logged.begin(), logged.end() - 1, std::uint64_t{0}),
                .strangers = logged.back()};
  // All removals first: a key that is only unique within the copies may have gone from one row to another.
  for (std::size_t n = 0; n < copies.size(); ++n)
    if (logged[n] > 0) done.removed += remove_from(capture, copies[n]);
  for (std::size_t n = 0; n < copies.size(); ++n) {
    if (logged[n] == 0) continue;
    const Copy& copy = copies[n];
    done.added += pg::execute("INSERT INTO " + copy.table + " (" + columns + ") OVERRIDING SYSTEM VALUE SELECT " +
                              columns + " FROM " + capture.source_sql + " AS d WHERE " + copy.condition + " AND " +
                              is_logged(capture, copy.condition));
    pg::execute("DELETE FROM " + capture.log_name.quoted() + " WHERE " + copy.condition);
  }
  return done;
}

std::uint64_t remove_logged(const Capture& capture, Oid parent, std::span<const Copy> copies) {
  const std::vector<std::uint64_t> logged = logged_of(capture, parent, copies, partition_key_of(parent));
  std::uint64_t removed = 0;
  for (std::size_t n = 0; n < copies.size(); ++n)
    if (logged[n] > 0) removed += remove_from(capture, copies[n]);
  return removed;
}

std::string logged_rows(const Capture& capture) {
  return "SELECT d.ctid FROM " + capture.source_sql + " AS d WHERE " + is_logged(capture, "");
}

std::int64_t logged_keys(const Capture& capture, std::int64_t limit) {
  return pg::query("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM " + capture.log_name.quoted() + " WHERE " +
                       capture.key.columns.front().name + " IS NOT NULL LIMIT $1) AS s",
                   pg::Params().int8(limit))
      .int8(0, 0);
}

}  // namespace strata::ops
