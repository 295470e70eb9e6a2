#include "ops/helpers.hpp"

#include "pg/relation.hpp"

namespace strata::ops {

namespace {

// Contract 0.6. By type, not by its name: anybody can call a type "date".
std::optional<std::string> general_type(Oid type) {
  switch (type) {
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
    case DATEOID:
      return "time";
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
      return "id";
    case TEXTOID:
    case VARCHAROID:
      return "text";
    case UUIDOID:
      return "uuid";
    default:
      return std::nullopt;
  }
}

core::IntervalParts parts_of(const pg::IntervalValue& interval) noexcept {
  return {.months = interval.months, .days = interval.days, .micros = interval.micros};
}

}  // namespace

std::optional<ControlType> control_type(const std::string& schema, const std::string& table,
                                        const std::string& column) {
  const pg::Rows rows = pg::query(
      "SELECT a.atttypid, t.typname FROM pg_catalog.pg_attribute a "
      "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
      "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1::name AND c.relname = $2::name AND a.attname = $3::name AND a.attnum > 0",
      pg::Params().text(schema).text(table).text(column));
  if (rows.empty()) return std::nullopt;
  return ControlType{.general = general_type(rows.oid(0, 0)), .exact = rows.text(0, 1)};
}

std::string fit_name(const std::string& name, const std::optional<std::string>& suffix, SuffixKind kind) {
  const std::string given = suffix.value_or("");
  if (kind == SuffixKind::Plain) return core::fit_name(name, given, name_rules());
  if (given.empty())
    refuse(core::Code::InvalidParameterValue, "a partition name needs a suffix",
           "Give p_suffix, or set p_table_partition to false.");
  return core::fit_name(name, "_p" + given, name_rules());
}

std::int64_t truncated_start(const pg::IntervalValue& interval, std::int64_t start,
                             const std::optional<std::string>& field) {
  const core::TruncField unit =
      field ? value_or_raise(core::parse_trunc_field(*field)) : core::trunc_field_for(parts_of(interval));
  if (TIMESTAMP_NOT_FINITE(start)) return start;
  const SetZone zone(pg::session_zone());
  const auto base = core::Calendar(core::KeyType::Timestamptz, &zone).truncate(start, unit);
  if (!base) refuse(core::Code::DatetimeOverflow, "timestamp out of range", "Give a time further from the limits.");
  return *base;
}

std::string datetime_string_for(const pg::IntervalValue& interval) {
  return std::string(core::datetime_string_for(parts_of(interval)));
}

}  // namespace strata::ops
