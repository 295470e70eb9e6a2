#include "ops/sub_partition.hpp"

#include "ops/fail.hpp"
#include "ops/grow.hpp"
#include "ops/transfer.hpp"
#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// --- arguments (contract 3.9, in its order) --------------------------------------------------------------------------

void check_arguments(const CreateRequest& request, const std::optional<std::string>& consent) {
  const std::optional<Parent> parent = find_parent(request.parent);
  if (!parent)
    refuse(core::Code::UndefinedTable, "table " + in_quotes(request.parent) + " does not exist",
           "Create the partitioned table first; the name is case-sensitive and written without quotes.");
  require_owner_rights(*parent);
  if (request.type != "range" && request.type != "list")
    refuse(core::Code::InvalidParameterValue, in_quotes(request.type) + " is not a valid partitioning type",
           "Use 'range' or 'list'.");
  std::string word = consent.value_or("");
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return pg_tolower(c); });
  if (word != "yes")
    refuse(core::Code::InvalidParameterValue,
           "sub-partitioning replaces every partition of " + in_quotes(request.parent) + " that is a plain table",
           "Pass p_declarative_check := 'yes' to agree; rows are kept.");
}

core::IntervalParts interval_of(const std::string& text) {
  const pg::IntervalValue value =
      with_hint("Write an interval with a unit, for example '1 day'.", [&] { return pg::parse_interval(text); });
  return {.months = value.months, .days = value.days, .micros = value.micros};
}

void check_time_interval(const CreateRequest& request, const ManagedSet& upper) {
  const core::IntervalParts interval = interval_of(request.interval);
  const core::Wide span = core::interval_span(interval);
  const core::Wide upper_span = core::interval_span(upper.interval);
  if (span < core::kMicrosPerSecond)
    refuse(core::Code::InvalidParameterValue, "partition interval must be at least 1 second");
  if (span >= upper_span)
    refuse(core::Code::InvalidParameterValue,
           "sub-partition interval \"" + request.interval + "\" is not smaller than the interval of " +
               in_quotes(request.parent) + ", \"" + upper.config.partition_interval + "\"",
           "Partitions of a partition must be smaller than it.");
  const core::Wide week = core::Wide{7} * core::kMicrosPerDay;
  if ((span == week && upper_span > week) || request.date_trunc_interval == "week")
    refuse(core::Code::InvalidParameterValue, "weekly sub-partitions of larger partitions are not supported",
           "Weeks do not end where months and years do; use days.");
}

void check_id_interval(const CreateRequest& request, const ManagedSet& upper) {
  const std::int64_t interval = with_hint("An id set needs a whole number as interval, for example '10000'.",
                                          [&] { return pg::parse_bigint(request.interval); });
  if (interval < upper.policy.step.count) return;
  refuse(core::Code::InvalidParameterValue,
         "sub-partition interval " + request.interval + " is not smaller than the interval of " +
             in_quotes(request.parent) + ", " + std::to_string(upper.policy.step.count),
         "Partitions of a partition must be smaller than it.");
}

std::optional<core::KeyType> control_kind(const CreateRequest& request, const ManagedSet& upper) {
  const std::optional<TableColumn> column = find_column(upper.parent.oid, request.control);
  if (!column)
    refuse(core::Code::UndefinedColumn, "control column " + in_quotes(request.control) + " of table " +
                                            in_quotes(request.parent) + " does not exist");
  if (!column->not_null && request.control_not_null == CreateRequest::NotNull::Required)
    refuse(
        core::Code::InvalidObjectDefinition,
        "control column " + in_quotes(request.control) + " of table " + in_quotes(request.parent) + " must be NOT NULL",
        "Run ALTER TABLE ... ALTER COLUMN ... SET NOT NULL, or pass p_control_not_null := false.");
  return key_type_of(column->type, request.epoch);
}

void check_interval(const CreateRequest& request, const ManagedSet& upper) {
  const std::optional<core::KeyType> kind = control_kind(request, upper);
  if (!kind)
    refuse(core::Code::DatatypeMismatch,
           "control column " + in_quotes(request.control) + " of table " + in_quotes(request.parent) +
               " is of a type that sets cannot be partitioned by",
           "Supported are timestamptz, timestamp, date, smallint, integer, bigint, numeric, and uuid, text or varchar "
           "with a time encoder.");
  if (core::is_time(*kind) != upper.is_time()) return;
  if (upper.is_time())
    check_time_interval(request, upper);
  else
    check_id_interval(request, upper);
}

// --- configuration ---------------------------------------------------------------------------------------------------

void register_sub(const Extension& extension, const CreateRequest& request, const ManagedSet& upper) {
  const pg::SettingsScope settings;
  pg::Params params;
  params.text(request.parent).text(request.control).text(request.interval).text(request.type);
  params.boolean(request.default_table == CreateRequest::Default::Create).int4(request.premake);
  params.text(request.epoch).boolean(request.jobmon == CreateRequest::Jobmon::On);
  params.text_or_null(request.date_trunc_interval);
  params.boolean(request.control_not_null == CreateRequest::NotNull::Required);
  params.text_or_null(request.encoder).text_or_null(request.decoder).text_or_null(upper.config.template_table);
  if (request.constraint_cols)
    params.texts(*request.constraint_cols);
  else
    params.null(TEXTARRAYOID);
  pg::execute("INSERT INTO " + extension.object("part_config_sub") +
                  " (sub_parent, sub_control, sub_partition_interval, sub_partition_type, sub_default_table, "
                  "sub_premake, sub_epoch, sub_jobmon, sub_date_trunc_interval, sub_control_not_null, "
                  "sub_time_encoder, sub_time_decoder, sub_template_table, sub_constraint_cols, "
                  "sub_automatic_maintenance, sub_inherit_privileges) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                  "$10, $11, $12, $13, $14, 'on', $15)",
              params.boolean(upper.config.inherit_privileges));
}

// --- partitions that exist -------------------------------------------------------------------------------------------

// The key column of a partition that is partitioned already; empty for a plain table.
std::optional<std::string> key_of(Oid partition) {
  const pg::Rows rows = pg::query(
      "SELECT coalesce(a.attname, '') FROM pg_catalog.pg_partitioned_table p LEFT JOIN pg_catalog.pg_attribute a ON "
      "a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] WHERE p.partrelid = $1",
      pg::Params().oid(partition));
  if (rows.empty()) return std::nullopt;
  return rows.text(0, 0);
}

std::vector<core::Child> to_replace(const CreateRequest& request, const ManagedSet& upper) {
  std::vector<core::Child> plain;
  for (std::size_t n = 0; n < upper.inventory.children.size(); ++n) {
    const core::Child& child = upper.inventory.children[n];
    const std::optional<std::string> key = key_of(child.oid);
    if (key && *key != request.control)
      refuse(
          core::Code::InvalidObjectDefinition,
          "partition " + in_quotes(child.schema + "." + child.name) + " is already partitioned, by " + in_quotes(*key),
          "Sub-partition by that column.");
    if (key) continue;
    if (upper.facts[n].kind != RELKIND_RELATION)
      refuse(core::Code::WrongObjectType,
             "partition " + in_quotes(child.schema + "." + child.name) + " is not a plain table",
             "Only plain tables can be replaced by partitioned ones.");
    plain.push_back(child);
  }
  return plain;
}

// A name of the old table's own for the rest of the transaction.
std::string aside(const core::Child& child) {
  return core::fit_name(child.name, "_" + core::short_hash(child.schema + "." + child.name), name_rules());
}

void set_aside(const ManagedSet& upper, const core::Child& child) {
  const pg::OwnerScope as_owner(upper.parent.owner, upper.parent.schema_oid);
  const std::string table = pg::qualified(child.schema, child.name);
  pg::execute("ALTER TABLE " + upper.parent.quoted() + " DETACH PARTITION " + table);
  pg::execute("ALTER TABLE " + table + " RENAME TO " + pg::quote_ident(aside(child)));
}

// While the new partition stands free: no trigger of the set fires, and ATTACH proves every row.
std::uint64_t carry_over(const core::Child& child, Oid replacement) {
  const std::string columns = moved_columns(child.oid, replacement, {});
  const std::string old_table = pg::qualified(child.schema, aside(child));
  const std::uint64_t rows = pg::execute("INSERT INTO " + pg::qualified(child.schema, child.name) + " (" + columns +
                                         ") OVERRIDING SYSTEM VALUE SELECT " + columns + " FROM ONLY " + old_table);
  pg::execute("DROP TABLE " + old_table);
  return rows;
}

void replace(const Extension& extension, const PlannedSet& planned, const SubConfig& sub, const core::Child& child,
             Oid creator) {
  const ManagedSet& upper = planned.set;
  pg::report({.level = WARNING,
              .message = "partition " + in_quotes(child.schema + "." + child.name) +
                         " is replaced by a partitioned table of the same name"});
  set_aside(upper, child);
  const ChildName name{.schema = child.schema, .name = child.name};
  const ChildStatements statements = partition_statements(planned.recipe, upper, name, child.range);
  {
    const pg::OwnerScope as_owner(upper.parent.owner, upper.parent.schema_oid);
    build_child(statements, upper.parent, name, creator);
  }
  core::Child old_table = child;
  old_table.name = aside(child);
  create_subset(extension, sub, {.upper = upper, .range = child.range, .replaced = old_table},
                child.schema + "." + child.name);
  const pg::OwnerScope as_owner(upper.parent.owner, upper.parent.schema_oid);
  const std::optional<Table> replacement = find_table(child.schema, child.name);
  const std::uint64_t rows = carry_over(child, replacement->oid);
  attach_child(statements, planned.recipe, name);
  if (rows > 0) pg::report({.level = NOTICE, .message = std::to_string(rows) + " rows were carried over"});
}

void replace_all(const Extension& extension, PlannedSet planned, const SubConfig& sub,
                 const std::vector<core::Child>& children) {
  if (children.empty()) return;
  planned.recipe =
      read_recipe(planned.set.parent, planned.set.config.template_table,
                  planned.set.config.inherit_privileges ? Privileges::CopyFromParent : Privileges::Own, sub);
  const Oid creator = creator_for(planned.set.parent);
  std::vector<Oid> relations{planned.set.parent.oid};
  for (const core::Child& child : children) relations.push_back(child.oid);
  const Attempt attempt =
      try_action(budget_of(planned.set.config), Mode::Caller, relations, [&](const pg::LockDeadline& deadline) {
        for (const Oid relation : relations)
          if (!pg::lock_relation(relation, AccessExclusiveLock, deadline)) return false;
        for (const core::Child& child : children) replace(extension, planned, sub, child, creator);
        return true;
      });
  if (attempt.outcome == Outcome::Deferred) raise_not_locked(planned.set.parent.raw_name(), attempt);
  if (attempt.outcome == Outcome::Changed)
    refuse(core::Code::NotInPrerequisiteState,
           "table " + in_quotes(planned.set.parent.raw_name()) + " was changed meanwhile", "Call again.");
}

}  // namespace

bool create_sub_set(const Extension& extension, const CreateRequest& request,
                    const std::optional<std::string>& consent) {
  check_arguments(request, consent);
  ManagedSet upper = load_set(extension, request.parent);
  require_owner_rights(upper.parent);
  check_interval(request, upper);
  const std::vector<core::Child> children = to_replace(request, upper);
  register_sub(extension, request, upper);
  upper.config.has_sub_config = true;
  std::optional<SubConfig> sub = read_sub_config(extension, upper);
  sub->start = request.start;
  PlannedSet planned{
      .set = std::move(upper), .recipe = {}, .actions = {}, .warnings = {}, .authority = Authority::Call};
  replace_all(extension, std::move(planned), *sub, children);
  return true;
}

namespace {

LimitTexts texts_of(const ManagedSet& set, const core::Range& range) {
  const auto text = [&](const core::Bound& bound) -> std::optional<std::string> {
    if (!bound.finite()) return std::nullopt;
    if (!set.is_time()) return std::to_string(bound.tick);
    return pg::timestamptz_text(set.zone->to_utc(set.calendar().to_local(bound.tick)), set.zone->server());
  };
  return {.lower = text(range.lower), .upper = text(range.upper)};
}

bool is_of_kind(const ManagedSet& set, const std::optional<std::string>& type) {
  return type == (set.is_time() ? "time" : "id");
}

void require_look(const ManagedSet& set) {
  if (!may_look(set.parent)) require_owner_rights(set.parent);
}

// A table that is not managed itself: its bounds in the managed set it is a partition of.
LimitTexts limits_above(const Extension& extension, const std::string& table, const std::optional<std::string>& type) {
  const pg::Rows above = pg::query(
      "SELECT m.parent_table, i.inhrelid FROM pg_catalog.pg_inherits i "
      "JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace s ON s.oid = p.relnamespace "
      "JOIN " +
          extension.object("part_config") +
          " m ON m.parent_table = s.nspname || '.' || p.relname WHERE n.nspname || '.' || c.relname = $1",
      pg::Params().text(table));
  if (above.empty()) return {};
  const ManagedSet upper = load_set(extension, above.text(0, 0));
  require_look(upper);
  if (!is_of_kind(upper, type) || upper.config.time_encoder) return {};
  const auto& children = upper.inventory.children;
  const auto child = std::ranges::find(children, above.oid(0, 1), &core::Child::oid);
  return child == children.end() ? LimitTexts{} : texts_of(upper, child->range);
}

}  // namespace

LimitTexts limit_texts(const Extension& extension, const std::string& parent, const std::optional<std::string>& type) {
  {
    const pg::SettingsScope settings;
    if (load_sets(extension, Selection::Named, parent).empty()) return limits_above(extension, parent, type);
  }
  const ManagedSet set = load_set(extension, parent);
  require_look(set);
  if (!set.policy.limits || !is_of_kind(set, type)) return {};
  return texts_of(set, *set.policy.limits);
}

}  // namespace strata::ops
