// Functions that need no partition set, and the one behind all that are not built yet.
#include "ops/helpers.hpp"

#include "entry/entry.hpp"

namespace strata::entry {

namespace {

std::optional<ops::ControlType> control_type(const Args& args) {
  const auto schema = args.text(0);
  const auto table = args.text(1);
  const auto column = args.text(2);
  if (!schema || !table || !column) return std::nullopt;
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::control_type(*schema, *table, *column);
}

pg::IntervalValue interval_of(Datum value) noexcept {
  const Interval& interval = *DatumGetIntervalP(value);
  return {.months = interval.month, .days = interval.day, .micros = interval.time};
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(strata_check_control_type);
Datum strata_check_control_type(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    RowWriter rows(fcinfo);
    if (const auto found = control_type(Args(fcinfo))) rows.add(std::array{cell(found->general), cell(found->exact)});
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_check_name_length);
Datum strata_check_name_length(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    const auto name = args.text(0);
    if (!name) return nothing(fcinfo);
    const auto kind = args.boolean(2, false) ? ops::SuffixKind::Partition : ops::SuffixKind::Plain;
    return cell(ops::fit_name(*name, args.text(1), kind)).value;
  });
}

// NULL in, NULL out, column by column: the format depends on the interval alone.
PG_FUNCTION_INFO_V1(strata_calculate_time_partition_info);
Datum strata_calculate_time_partition_info(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const Args args(fcinfo);
    std::array cells{null_cell(), null_cell()};
    if (!args.null(0)) {
      const pg::IntervalValue interval = interval_of(args.datum(0));
      if (!args.null(1))
        cells[0] = cell_timestamptz(ops::truncated_start(interval, DatumGetTimestampTz(args.datum(1)), args.text(2)));
      cells[1] = cell(ops::datetime_string_for(interval));
    }
    return composite(fcinfo, cells);
  });
}
}

}  // namespace strata::entry
