#include "ops/pruning.hpp"

#include "pg/spi.hpp"
#include "pg/statement.hpp"

namespace strata::ops {

namespace {

// Leaves below the tables that the query names, against the leaves that its plan reads. What was pruned when the
// execution started stands as a number at the node that would have read it.
constexpr const char* kCompare = R"sql(
WITH RECURSIVE tree AS (
  SELECT c.oid AS root, c.oid AS relation FROM pg_catalog.pg_class c WHERE c.oid = ANY ($2) AND c.relkind = 'p'
  UNION ALL
  SELECT t.root, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation),
leaf AS (
  SELECT t.root, CASE WHEN n.oid = pg_catalog.pg_my_temp_schema() THEN 'pg_temp' ELSE n.nspname::text END AS schema,
         c.relname::text AS name
  FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind <> 'p'),
node AS (
  SELECT p.node FROM ROWS FROM (pg_catalog.jsonb_path_query($1::jsonb, 'strict $.** ? (exists(@."Node Type"))')) p(node)),
touched AS (
  SELECT DISTINCT l.root, l.schema, l.name
  FROM node JOIN leaf l ON l.schema = node.node ->> 'Schema' AND l.name = node.node ->> 'Relation Name'
  WHERE node.node ->> 'Node Type' <> 'ModifyTable'),
late AS (
  SELECT f.root, pg_catalog.sum((node.node ->> 'Subplans Removed')::int8)::int8 AS pruned
  FROM node CROSS JOIN LATERAL (
    SELECT l.root
    FROM ROWS FROM (pg_catalog.jsonb_path_query(node.node, 'strict $.** ? (exists(@."Relation Name"))')) s(scan)
    JOIN leaf l ON l.schema = s.scan ->> 'Schema' AND l.name = s.scan ->> 'Relation Name' LIMIT 1) f
  WHERE (node.node ->> 'Subplans Removed')::int8 > 0
  GROUP BY f.root)
SELECT n.nspname || '.' || c.relname, (SELECT pg_catalog.count(*) FROM leaf l WHERE l.root = c.oid),
       (SELECT pg_catalog.count(*) FROM touched t WHERE t.root = c.oid), coalesce(late.pruned, 0),
       EXISTS (SELECT FROM node WHERE node.node ->> 'Operation' = 'Insert' AND node.node ->> 'Schema' = n.nspname
               AND node.node ->> 'Relation Name' = c.relname)
FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.root JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN late ON late.root = c.oid
WHERE t.relation = t.root
ORDER BY 1)sql";

void require_one_query(const pg::StatementFacts& facts) {
  if (facts.statements == 1 && facts.plannable) return;
  refuse(core::Code::InvalidParameterValue,
         "explain_pruning takes one SELECT, INSERT, UPDATE, DELETE or MERGE statement",
         "Pass the statement alone and without EXPLAIN. It is planned, not executed.");
}

std::string describe(const PrunedTable& table, std::int64_t late, bool inserts) {
  const std::string routed = inserts ? "new rows are routed when it runs" : "";
  if (!table.touched) return routed;
  const std::int64_t early = *table.pruned - late;
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (*table.pruned == 0) add("nothing is pruned");
  if (early > 0) add(std::to_string(early) + " pruned by the planner");
  if (late > 0) add(std::to_string(late) + " pruned when execution starts");
  if (inserts) add(routed);
  return text;
}

PrunedTable read_row(const pg::Rows& rows, std::size_t row) {
  PrunedTable table{.parent_table = rows.text(row, 0),
                    .partitions = rows.int8(row, 1),
                    .touched = rows.int8(row, 2),
                    .pruned = std::nullopt,
                    .detail = {}};
  const bool inserts = rows.boolean(row, 4);
  if (inserts && table.touched == 0) table.touched.reset();
  if (table.touched) table.pruned = table.partitions - *table.touched;
  table.detail = describe(table, rows.int8(row, 3), inserts);
  return table;
}

}  // namespace

std::vector<PrunedTable> explain_pruning(const std::string& query) {
  const pg::StatementFacts facts = pg::look_at_statement(query);
  require_one_query(facts);
  const std::string plan = pg::explain_statement(query);
  const pg::Rows rows = pg::query(kCompare, pg::Params().text(plan).oids(facts.relations));
  std::vector<PrunedTable> tables;
  for (std::size_t row = 0; row < rows.size(); ++row) tables.push_back(read_row(rows, row));
  return tables;
}

}  // namespace strata::ops
