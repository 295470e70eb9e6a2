// partition_data_time, partition_data_id, partition_data_proc, and the trigger that the last makes.
#include "ops/source.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"
#include "pg/capture.hpp"

namespace strata::entry {

namespace {

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
          .analyze = args.boolean(5, true) ? ops::AnalyzeParent::Yes : ops::AnalyzeParent::No,
          .ignored_columns = args.texts(7).value_or(std::vector<std::string>{})};
}

ops::DrainRequest id_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .interval = args.null(2) ? std::nullopt : std::optional(std::to_string(*args.int8(2))),
          .lock_wait_seconds = args.numeric(3).value_or(0),
          .order = args.required_text(4, "p_order"),
          .cells = {.order = ops::Order::Ascending, .infinity = ops::Infinity::Refuse, .count = batch_count(args)},
          .analyze = args.boolean(5, true) ? ops::AnalyzeParent::Yes : ops::AnalyzeParent::No,
          .ignored_columns = args.texts(7).value_or(std::vector<std::string>{})};
}

ops::DrainRequest procedure_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .interval = args.text(2),
          .lock_wait_seconds = static_cast<double>(args.int4(3).value_or(0)),
          .order = args.required_text(6, "p_order"),
          .cells = {.order = ops::Order::Ascending,
                    .infinity = args.boolean(10, false) ? ops::Infinity::Ignore : ops::Infinity::Refuse,
                    .count = 1},
          .analyze = ops::AnalyzeParent::No,
          .ignored_columns = args.texts(8).value_or(std::vector<std::string>{})};
}

ops::BatchLoop loop_of(const Args& args) {
  return {.batches = args.int4(1),
          .lock_failures = args.int4(4).value_or(10),
          .wait_seconds = std::max(0, args.int4(5).value_or(1)),
          .notices = args.boolean(9, false) ? ops::BatchLoop::Notices::Reminder : ops::BatchLoop::Notices::All};
}

// p_source_table decides which of the two moves it is.
std::int64_t move_rows(const Args& args, ops::DrainRequest request, ops::KeyKind kind) {
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  const ops::Extension extension(args.function());
  const std::optional<std::string> source = args.text(6);
  if (!source) return ops::drain_default(extension, request, kind);
  return ops::move_from_source(
      extension,
      {.data = std::move(request),
       .source = *source,
       .identity = args.boolean(8, false) ? ops::Identity::OverrideSystemValue : ops::Identity::AsDeclared},
      kind);
}

void move_rows_committing(const Args& args) {
  const pg::SpiConnection spi(pg::Atomicity::MayCommit);
  const ops::Extension extension(args.function());
  const std::optional<std::string> source = args.text(7);
  if (source)
    ops::move_from_source_committing(extension, {.data = procedure_request(args), .source = *source}, loop_of(args));
  else
    ops::drain_default_committing(extension, procedure_request(args), loop_of(args));
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_partition_data_time);
PG_FUNCTION_INFO_V1(strata_partition_data_id);
PG_FUNCTION_INFO_V1(strata_partition_data_proc);
PG_FUNCTION_INFO_V1(strata_capture_changes);

// No C++ object lives here, so errors may pass as they are.
Datum strata_capture_changes(FunctionCallInfo fcinfo) {
  return strata::pg::capture_change(fcinfo);
}

Datum strata_partition_data_time(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    return Int64GetDatum(strata::entry::move_rows(args, strata::entry::time_request(args), strata::ops::KeyKind::Time));
  });
}

Datum strata_partition_data_id(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    return Int64GetDatum(strata::entry::move_rows(args, strata::entry::id_request(args), strata::ops::KeyKind::Id));
  });
}

Datum strata_partition_data_proc(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(
        args, "partition_data_proc", "batch",
        "Call it on its own, or use the function form: partition_data_time or partition_data_id.");
    strata::entry::move_rows_committing(args);
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
