#include "ops/dump_definition.hpp"

namespace strata::ops {

namespace {

// One line of a statement: the name to be set, and the expression over part_config that gives the text of its value.
struct Line {
  std::string_view name;
  std::string expression;
};

// As a literal, whatever the type: booleans as 't' and 'f', arrays as '{a,b}', NULL without quotes.
std::string literal(std::string_view value) {
  return "pg_catalog.format('%L', " + std::string(value) + ")";
}

std::string column(std::string_view name) {
  return "c." + std::string(name);
}

// $2: whether there is a default now. $3: whether the key is NOT NULL now. $4: whether to leave the template out.
std::vector<Line> creation_lines() {
  return {{"p_parent_table", literal(column("parent_table"))},
          {"p_control", literal(column("control"))},
          {"p_interval", literal(column("partition_interval"))},
          {"p_type", literal(column("partition_type"))},
          {"p_epoch", literal(column("epoch"))},
          {"p_premake", column("premake") + "::text"},
          {"p_default_table", literal("$2")},
          {"p_automatic_maintenance", literal(column("automatic_maintenance"))},
          {"p_constraint_cols", literal(column("constraint_cols"))},
          {"p_template_table", literal("CASE WHEN NOT $4 THEN c.template_table END")},
          {"p_jobmon", literal(column("jobmon"))},
          {"p_date_trunc_interval", literal(column("date_trunc_interval"))},
          {"p_control_not_null", literal("$3")}};
}

std::vector<Line> update_lines() {
  std::vector<Line> lines{{"optimize_constraint", column("optimize_constraint") + "::text"}};
  for (const std::string_view name :
       {"retention", "retention_schema", "retention_keep_index", "retention_keep_table", "infinite_time_partitions",
        "datetime_string", "sub_partition_set_full", "inherit_privileges", "constraint_valid", "ignore_default_data",
        "maintenance_order", "retention_keep_publication", "detach_before_drop", "maintenance_role"})
    lines.push_back({name, literal(column(name))});
  return lines;
}

// A tab, the name, the sign, the value; commas between lines.
std::string joined(std::span<const Line> lines, const pg::Rows& values, int first, const char* sign) {
  std::string text;
  for (std::size_t n = 0; n < lines.size(); ++n)
    text += "\t" + std::string(lines[n].name) + sign + values.text(0, first + static_cast<int>(n)) +
            (n + 1 < lines.size() ? ",\n" : "\n");
  return text;
}

bool is_not_null(const Parent& parent, const std::string& control) {
  const pg::Rows rows =
      pg::query("SELECT attnotnull FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attname = $2 AND attnum > 0",
                pg::Params().oid(parent.oid).text(control));
  return !rows.empty() && rows.boolean(0, 0);
}

// The configured name and control column; not load_set, as a set that cannot be worked on can be written down.
std::string control_of(const Extension& extension, const std::string& parent) {
  const pg::Rows rows = pg::query("SELECT control FROM " + extension.object("part_config") + " WHERE parent_table = $1",
                                  pg::Params().text(parent));
  if (rows.empty())
    refuse(core::Code::UndefinedTable, "table \"" + parent + "\" is not managed by pg_strata",
           "Configured sets are listed in part_config; names are written schema.table, without quotes.");
  return rows.text(0, 0);
}

Parent visible_parent(const std::string& name) {
  const std::optional<Parent> parent = find_parent(name);
  if (!parent)
    refuse(core::Code::UndefinedTable, "configured table \"" + name + "\" does not exist",
           "Delete its row from part_config, or update part_config.parent_table to its new name.");
  if (!may_look(*parent))
    refuse(core::Code::InsufficientPrivilege, "permission denied for table " + name,
           "Looking at a partition set needs ownership of its parent table or SELECT on it.");
  return *parent;
}

}  // namespace

std::string dump_definition(const Extension& extension, const std::string& parent, Template choice) {
  const std::string control = control_of(extension, parent);
  const Parent table = visible_parent(parent);
  const std::vector<Line> creation = creation_lines();
  const std::vector<Line> update = update_lines();
  std::string expressions;
  for (const std::vector<Line>* lines : {&creation, &update})
    for (const Line& line : *lines) expressions += line.expression + ", ";
  const pg::Rows values = pg::query("SELECT " + expressions + literal(column("parent_table")) + " FROM " +
                                        extension.object("part_config") + " c WHERE c.parent_table = $1",
                                    pg::Params()
                                        .text(parent)
                                        .boolean(OidIsValid(table.default_oid))
                                        .boolean(is_not_null(table, control))
                                        .boolean(choice == Template::Ignored));
  const int updated = static_cast<int>(creation.size());
  const int last = updated + static_cast<int>(update.size());
  return "SELECT " + extension.object("create_partition") + "(\n" + joined(creation, values, 0, " := ") + ");\n" +
         "UPDATE " + extension.object("part_config") + " SET\n" + joined(update, values, updated, " = ") +
         "WHERE parent_table = " + values.text(0, last) + ";";
}

}  // namespace strata::ops
