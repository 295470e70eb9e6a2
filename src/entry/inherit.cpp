// inherit_*, apply_privileges, reapply_privileges, apply_cluster, autovacuum_*.
#include "ops/inherit.hpp"  // core before PostgreSQL: see core/result.hpp
#include "ops/jobmon.hpp"
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

ops::TableName table_name(const Args& args, int schema, const char* schema_parameter, int name, const char* parameter) {
  return {.schema = args.required_text(schema, schema_parameter), .name = args.required_text(name, parameter)};
}

Datum set_autovacuum(const Args& args, ops::Autovacuum setting) {
  const ops::TableName parent = table_name(args, 0, "p_parent_schema", 1, "p_parent_tablename");
  std::optional<ops::TableName> source;
  if (!args.null(3)) source = table_name(args, 2, "p_source_schema", 3, "p_source_tablename");
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  ops::set_autovacuum(parent, source, setting);
  return BoolGetDatum(true);
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(strata_inherit_template_properties);
Datum strata_inherit_template_properties(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const std::string parent = args.required_text(0, "p_parent_table");
    const ops::TableName child = table_name(args, 1, "p_child_schema", 2, "p_child_tablename");
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    return BoolGetDatum(ops::inherit_template_properties(ops::Extension(args.function()), parent, child));
  });
}

PG_FUNCTION_INFO_V1(strata_inherit_parent_properties);
Datum strata_inherit_parent_properties(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const ops::TableName parent = table_name(args, 0, "p_parent_schema", 1, "p_parent_tablename");
    const ops::TableName child{.schema = args.text(3).value_or(parent.schema),
                               .name = args.required_text(2, "p_child_tablename")};
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    ops::inherit_parent_properties(parent, child);
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_inherit_replica_identity);
Datum strata_inherit_replica_identity(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const ops::TableName parent = table_name(args, 0, "p_parent_schemaname", 1, "p_parent_tablename");
    const ops::TableName child{.schema = parent.schema, .name = args.required_text(2, "p_child_tablename")};
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    ops::inherit_replica_identity(parent, child);
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_apply_privileges);
Datum strata_apply_privileges(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const ops::TableName parent = table_name(args, 0, "p_parent_schema", 1, "p_parent_tablename");
    const ops::TableName child = table_name(args, 2, "p_child_schema", 3, "p_child_tablename");
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    const ops::Extension extension(args.function());
    const std::string set = parent.schema + "." + parent.name;
    const std::string table = child.schema + "." + child.name;
    ops::logged(
        ops::Job("PARTMAN APPLYING PRIVILEGES TO CHILD TABLE: " + table, extension, set).continuing(args.int8(4)),
        "Copying privileges of " + set, ops::Mode::Caller,
        [&](ops::Job&) { ops::apply_privileges(extension, parent, child); });
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_reapply_privileges);
Datum strata_reapply_privileges(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const std::string parent = args.required_text(0, "p_parent_table");
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    const ops::Extension extension(args.function());
    ops::logged(ops::Job("PARTMAN RE-APPLYING PRIVILEGES TO ALL CHILD TABLES OF: " + parent, extension, parent),
                "Copying privileges", ops::Mode::Caller,
                [&](ops::Job&) { ops::reapply_privileges(extension, parent); });
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_apply_cluster);
Datum strata_apply_cluster(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const ops::TableName parent = table_name(args, 0, "p_parent_schema", 1, "p_parent_tablename");
    const ops::TableName child = table_name(args, 2, "p_child_schema", 3, "p_child_tablename");
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    ops::apply_cluster(parent, child);
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_autovacuum_off);
Datum strata_autovacuum_off(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum { return set_autovacuum(Args(fcinfo), ops::Autovacuum::Off); });
}

PG_FUNCTION_INFO_V1(strata_autovacuum_reset);
Datum strata_autovacuum_reset(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum { return set_autovacuum(Args(fcinfo), ops::Autovacuum::Reset); });
}
}

}  // namespace strata::entry
