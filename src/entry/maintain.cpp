// run_maintenance, run_maintenance_proc, plan_maintenance.
#include "ops/maintain.hpp"  // core before PostgreSQL: see core/result.hpp
#include "ops/plan_lines.hpp"
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

void write_plan(const Args& args) {
  RowWriter writer(args.info());
  const std::optional<std::string> parent = args.text(0);
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  std::map<std::string, std::int32_t> steps;
  for (const ops::PlanLine& line : ops::plan_lines(ops::Extension(args.function()), parent)) {
    const std::array<Cell, 11> cells{cell(line.parent_table), cell_int4(++steps[line.parent_table]),
                                     cell(line.action),       cell(line.partition_table),
                                     cell(line.lower_bound),  cell(line.upper_bound),
                                     cell(line.lock_mode),    cell_int8(line.estimated_rows),
                                     cell_int8(line.bytes),   cell(line.reason),
                                     cell(line.statement)};
    writer.add(cells);
  }
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_run_maintenance);
PG_FUNCTION_INFO_V1(strata_run_maintenance_proc);
PG_FUNCTION_INFO_V1(strata_plan_maintenance);

Datum strata_run_maintenance(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::ops::run_maintenance(
        strata::ops::Extension(args.function()), args.text(0),
        {.analyze = args.boolean(1, false), .wait_seconds = 0, .jobmon = args.boolean(2, true)});
    return Datum{0};
  });
}

Datum strata_run_maintenance_proc(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(args, "run_maintenance_proc", "action",
                                      "Call it on its own, or use the function form: SELECT run_maintenance().");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::MayCommit);
    strata::ops::run_maintenance_committing(
        strata::ops::Extension(args.function()),
        {.analyze = args.boolean(1, false), .wait_seconds = args.int4(0).value_or(0), .jobmon = args.boolean(2, true)});
    return strata::entry::nothing(fcinfo);
  });
}

Datum strata_plan_maintenance(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    strata::entry::write_plan(strata::entry::Args(fcinfo));
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
