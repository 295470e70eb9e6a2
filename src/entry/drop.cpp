// drop_partition_time, drop_partition_id.
#include "ops/drop.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

std::optional<bool> optional_bool(const Args& args, int n) {
  if (args.null(n)) return std::nullopt;
  return args.boolean(n, false);
}

ops::DropRequest read_drop(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .retention = std::nullopt,
          .keep_table = optional_bool(args, 2),
          .keep_index = optional_bool(args, 3),
          .retention_schema = args.text(4),
          .reference_utc = 0};
}

int drop_time(const Args& args) {
  ops::DropRequest request = read_drop(args);
  if (!args.null(1)) {
    const Interval* const value = DatumGetIntervalP(args.datum(1));
    request.retention = core::IntervalParts{.months = value->month, .days = value->day, .micros = value->time};
  }
  if (args.null(5)) (void)args.required_text(5, "p_reference_timestamp");
  request.reference_utc = DatumGetTimestampTz(args.datum(5));
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::drop_partitions(ops::Extension(args.function()), request, ops::DropKind::Time);
}

int drop_id(const Args& args) {
  ops::DropRequest request = read_drop(args);
  if (const std::optional<std::int64_t> distance = args.int8(1)) request.retention = *distance;
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::drop_partitions(ops::Extension(args.function()), request, ops::DropKind::Id);
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_drop_partition_time);
PG_FUNCTION_INFO_V1(strata_drop_partition_id);

Datum strata_drop_partition_time(FunctionCallInfo fcinfo) {
  return strata::pg::boundary(
      [&]() -> Datum { return Int32GetDatum(strata::entry::drop_time(strata::entry::Args(fcinfo))); });
}

Datum strata_drop_partition_id(FunctionCallInfo fcinfo) {
  return strata::pg::boundary(
      [&]() -> Datum { return Int32GetDatum(strata::entry::drop_id(strata::entry::Args(fcinfo))); });
}

}  // extern "C"
