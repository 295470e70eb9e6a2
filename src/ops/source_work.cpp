#include "ops/source_work.hpp"

#include "ops/observe.hpp"
#include "pg/relation.hpp"

namespace strata::ops::from_source {

namespace {

void require_outside(const ManagedSet& set, const Parent& source) {
  if (source.oid == set.parent.default_oid)
    refuse(core::Code::InvalidParameterValue,
           "source table \"" + source.raw_name() + "\" is the default partition of the set",
           "Leave p_source_table out to move rows from the default partition.");
  const pg::Rows rows = pg::query("SELECT 1 FROM pg_catalog.pg_partition_ancestors($1) AS a WHERE a.relid = $2",
                                  pg::Params().oid(source.oid).oid(set.parent.oid));
  if (!rows.empty() || source.oid == set.parent.oid)
    refuse(core::Code::InvalidParameterValue,
           "source table \"" + source.raw_name() + "\" is part of the set \"" + set.parent.raw_name() + "\"",
           "Rows move into the set from tables outside of it, or from its default partition.");
  if (source.kind == RELKIND_PARTITIONED_TABLE)
    refuse(core::Code::WrongObjectType, "source table \"" + source.raw_name() + "\" is partitioned",
           "Name its partitions one by one.");
}

// Types that are read and compared alike.
bool same_family(Oid type, Oid other) {
  const auto is_integer = [](Oid t) { return t == INT2OID || t == INT4OID || t == INT8OID; };
  const auto is_text = [](Oid t) { return t == TEXTOID || t == VARCHAROID; };
  return type == other || (is_integer(type) && is_integer(other)) || (is_text(type) && is_text(other));
}

void require_key_column(const ManagedSet& set, const Parent& source) {
  const std::optional<TableColumn> column = find_column(source.oid, set.parent.key_column);
  if (!column)
    refuse(core::Code::UndefinedColumn,
           "source table \"" + source.raw_name() + "\" has no column \"" + set.parent.key_column + "\"",
           "The control column must have the same name there.");
  if (!same_family(column->type, set.parent.key_type))
    refuse(core::Code::DatatypeMismatch,
           "column \"" + set.parent.key_column + "\" of source table \"" + source.raw_name() + "\" is not of type " +
               pg::type_name(set.parent.key_type),
           "The control column must have the same type there; integers may differ in size.");
}

// p_batch_interval where it is smaller than the partition interval, which it cannot exceed.
KeyStep step_of(const ManagedSet& set, const std::optional<std::string>& interval) {
  if (!interval) return partition_step(set);
  const KeyStep step = parse_step(set, *interval);
  return is_smaller(set, step) ? step : partition_step(set);
}

bool are_still_called(std::span<const core::Child* const> children) {
  std::vector<std::string> names;
  for (const core::Child* child : children) names.push_back(child->schema + "." + child->name);
  return pg::query(
             "SELECT pg_catalog.count(*) = pg_catalog.cardinality($1) FROM ROWS FROM (pg_catalog.unnest($1), "
             "pg_catalog.unnest($2::text[])) AS t(oid, "
             "name) JOIN pg_catalog.pg_class c ON c.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = "
             "c.relnamespace WHERE pg_catalog.concat(n.nspname, '.', c.relname) = t.name",
             pg::Params().oids(oids_of(children)).texts(names))
      .boolean(0, 0);
}

}  // namespace

Work prepare(const Extension& extension, const SourceRequest& request) {
  if (request.data.cells.infinity == Infinity::Ignore)
    refuse(core::Code::InvalidParameterValue, "p_ignore_infinity cannot be used together with p_source_table",
           "Rows with an infinite key stay in a source table anyway.");
  Work work{.set = load_set(extension, request.data.parent), .source = {}, .step = {}};
  require_owner_rights(work.set.parent);
  require_idle(work.set);
  work.source = other_table(request.source, "p_source_table");
  require_outside(work.set, work.source);
  require_key_column(work.set, work.source);
  work.check = require_privileges(work.source, work.set.parent.owner, {"SELECT", "DELETE"});
  const std::array<Oid, 1> tables{work.source.oid};
  require_no_delete_action(tables);
  work.step = step_of(work.set, request.data.interval);
  work.order = order_of(request.data.order);
  return work;
}

std::string source_sql(const Parent& source) {
  return "ONLY " + source.quoted();
}

std::vector<Oid> oids_of(std::span<const core::Child* const> children) {
  std::vector<Oid> oids;
  for (const core::Child* child : children) oids.push_back(child->oid);
  return oids;
}

bool spread(const Work& work, const SourceRequest& request, std::span<const core::Child* const> children,
            const std::string& condition, const pg::LockDeadline& deadline, std::optional<MovedRows>& moved) {
  deadline.arm();
  take_over(work.set.parent, oids_of(children));
  const pg::SchemaLoan source_schema(work.source.schema_oid, work.set.parent.owner);
  const pg::OwnerScope as_owner(work.set.parent.owner, work.set.parent.schema_oid);
  if (!pg::lock_relation(work.source.oid, RowExclusiveLock, deadline) ||
      !is_still_called(work.source.oid, work.source.schema, work.source.table))
    return false;
  Spread all{.from = work.source.oid,
             .from_sql = source_sql(work.source),
             .parent = work.set.parent.oid,
             .to = {},
             .condition = condition,
             .identity = request.identity,
             .check = work.check};
  for (const core::Child* child : children) {
    if (!pg::lock_relation(child->oid, RowExclusiveLock, deadline)) return false;
    all.to.push_back(route_target(work.set, child->range, child->oid));
  }
  if (!are_still_called(children)) return false;
  deadline.arm();
  moved = spread_rows(all);
  request.data.note->add(moved.value_or(MovedRows{}));
  pg::wait_point("source_moved");
  return true;
}

}  // namespace strata::ops::from_source
