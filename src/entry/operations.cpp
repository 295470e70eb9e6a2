// create_monthly_partitions, drop_old_partitions, set_partition_interval, schedule_maintenance, unschedule_maintenance.
#include "ops/change_interval.hpp"  // core before PostgreSQL: see core/result.hpp
#include "ops/months.hpp"
#include "ops/schedule.hpp"
#include "entry/entry.hpp"
#include "pg/relation.hpp"

namespace strata::entry {

namespace {

using MonthsCall = int (*)(const ops::Extension&, Oid, int);

// The name is the caller's, to be read by his search_path before any of our scopes sets another.
int call_for_months(const Args& args, MonthsCall f) {
  const std::string name = args.required_text(0, "p_table");
  if (args.null(1)) (void)args.required_text(1, "p_months");  // raises, naming it
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  const Oid table = pg::relation_called(name);
  if (!OidIsValid(table))
    throw pg::Raise{.sqlstate = ERRCODE_UNDEFINED_TABLE,
                    .message = "table \"" + name + "\" does not exist",
                    .detail = {},
                    .hint = "Write the name as in SQL; without a schema the search_path decides."};
  return f(ops::Extension(args.function()), table, *args.int4(1));
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_create_monthly_partitions);
PG_FUNCTION_INFO_V1(strata_drop_old_partitions);
PG_FUNCTION_INFO_V1(strata_set_partition_interval);
PG_FUNCTION_INFO_V1(strata_schedule_maintenance);
PG_FUNCTION_INFO_V1(strata_unschedule_maintenance);

Datum strata_create_monthly_partitions(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return Int32GetDatum(strata::entry::call_for_months(strata::entry::Args(fcinfo), strata::ops::create_months));
  });
}

Datum strata_drop_old_partitions(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return Int32GetDatum(strata::entry::call_for_months(strata::entry::Args(fcinfo), strata::ops::drop_months));
  });
}

Datum strata_set_partition_interval(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const std::string parent = args.required_text(0, "p_parent_table");
    const std::string interval = args.required_text(1, "p_interval");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::ops::change_interval(strata::ops::Extension(args.function()), parent, interval);
    return Datum{0};
  });
}

Datum strata_schedule_maintenance(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const std::string schedule = args.required_text(0, "p_schedule");
    const std::string job = args.required_text(1, "p_job_name");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return Int64GetDatum(strata::ops::schedule_maintenance(strata::ops::Extension(args.function()), schedule, job));
  });
}

Datum strata_unschedule_maintenance(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const std::string job = args.required_text(0, "p_job_name");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return BoolGetDatum(strata::ops::unschedule_maintenance(strata::ops::Extension(args.function()), job));
  });
}

}  // extern "C"
