// partition_data_time, partition_data_id, partition_data_proc.
#include "ops/drain.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

void require_default_source(const Args& args, int source, int ignored_columns) {
  const char* const what = !args.null(source)            ? "p_source_table"
                           : !args.null(ignored_columns) ? "p_ignored_columns"
                                                         : nullptr;
  if (what == nullptr) return;
  throw pg::Raise{.sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED,
                  .message = std::string(what) + " is not supported by this version of pg_strata",
                  .detail = {},
                  .hint = "Without it, rows move from the default partition with all their columns.",
                  .schema = {},
                  .table = {}};
}

void require_committing(const Args& args) {
  if (args.may_commit()) return;
  throw pg::Raise{.sqlstate = ERRCODE_INVALID_TRANSACTION_TERMINATION,
                  .message = "partition_data_proc commits after every batch and cannot run inside a transaction",
                  .detail = "It was called in a transaction block, a function, or with settings attached.",
                  .hint = "Call it on its own, or use the function form: partition_data_time or partition_data_id.",
                  .schema = {},
                  .table = {}};
}

std::string interval_text(Datum value) {
  const Interval& interval = *DatumGetIntervalP(value);
  return pg::print_interval({.months = interval.month, .days = interval.day, .micros = interval.time});
}

std::size_t batch_count(const Args& args) {
  return static_cast<std::size_t>(std::max(0, args.int4(1).value_or(1)));
}

ops::DrainRequest time_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .interval = args.null(2) ? std::nullopt : std::optional(interval_text(args.datum(2))),
          .lock_wait_seconds = args.numeric(3).value_or(0),
          .order = args.required_text(4, "p_order"),
          .cells = {.order = ops::Order::Ascending,
                    .infinity = args.boolean(9, false) ? ops::Infinity::Ignore : ops::Infinity::Refuse,
                    .count = batch_count(args)},
          .analyze = args.boolean(5, true) ? ops::AnalyzeParent::Yes : ops::AnalyzeParent::No};
}

ops::DrainRequest id_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .interval = args.null(2) ? std::nullopt : std::optional(std::to_string(*args.int8(2))),
          .lock_wait_seconds = args.numeric(3).value_or(0),
          .order = args.required_text(4, "p_order"),
          .cells = {.order = ops::Order::Ascending, .infinity = ops::Infinity::Refuse, .count = batch_count(args)},
          .analyze = args.boolean(5, true) ? ops::AnalyzeParent::Yes : ops::AnalyzeParent::No};
}

ops::DrainRequest procedure_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .interval = args.text(2),
          .lock_wait_seconds = static_cast<double>(args.int4(3).value_or(0)),
          .order = args.required_text(6, "p_order"),
          .cells = {.order = ops::Order::Ascending,
                    .infinity = args.boolean(10, false) ? ops::Infinity::Ignore : ops::Infinity::Refuse,
                    .count = 1},
          .analyze = ops::AnalyzeParent::No};
}

ops::DrainLoop loop_of(const Args& args) {
  return {.batches = args.int4(1),
          .lock_failures = args.int4(4).value_or(10),
          .wait_seconds = std::max(0, args.int4(5).value_or(1)),
          .notices = args.boolean(9, false) ? ops::DrainLoop::Notices::Reminder : ops::DrainLoop::Notices::All};
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_partition_data_time);
PG_FUNCTION_INFO_V1(strata_partition_data_id);
PG_FUNCTION_INFO_V1(strata_partition_data_proc);

Datum strata_partition_data_time(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_default_source(args, 6, 7);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return Int64GetDatum(strata::ops::drain_default(strata::ops::Extension(args.function()),
                                                    strata::entry::time_request(args), strata::ops::KeyKind::Time));
  });
}

Datum strata_partition_data_id(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_default_source(args, 6, 7);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return Int64GetDatum(strata::ops::drain_default(strata::ops::Extension(args.function()),
                                                    strata::entry::id_request(args), strata::ops::KeyKind::Id));
  });
}

Datum strata_partition_data_proc(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(args);
    strata::entry::require_default_source(args, 7, 8);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::MayCommit);
    strata::ops::drain_default_committing(strata::ops::Extension(args.function()),
                                          strata::entry::procedure_request(args), strata::entry::loop_of(args));
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
