// create_partition, create_parent, create_partition_time, create_partition_id.
#include "ops/create.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

int required_int4(const Args& args, int n, const char* parameter) {
  if (args.null(n)) (void)args.required_text(n, parameter);  // raises, naming it
  return *args.int4(n);
}

ops::CreateRequest read_request(const Args& args) {
  using Request = ops::CreateRequest;
  return {.parent = args.required_text(0, "p_parent_table"),
          .control = args.required_text(1, "p_control"),
          .interval = args.required_text(2, "p_interval"),
          .type = args.required_text(3, "p_type"),
          .epoch = args.required_text(4, "p_epoch"),
          .premake = required_int4(args, 5, "p_premake"),
          .start = args.text(6),
          .automatic = args.required_text(8, "p_automatic_maintenance"),
          .constraint_cols = args.texts(9),
          .template_table = args.text(10),
          .date_trunc_interval = args.text(12),
          .encoder = args.text(14),
          .decoder = args.text(15),
          .offset_id = args.int8(16).value_or(0),
          .default_table = args.boolean(7, true) ? Request::Default::Create : Request::Default::None,
          .control_not_null = args.boolean(13, true) ? Request::NotNull::Required : Request::NotNull::Optional,
          .jobmon = args.boolean(11, true) ? Request::Jobmon::On : Request::Jobmon::Off};
}

// Both forms: parent, lower bounds; the third parameter (p_start_partition) only concerns sub-partitioning.
bool create_at(const Args& args, ops::KeyKind kind, const char* bounds) {
  const std::string parent = args.required_text(0, "p_parent_table");
  const std::vector<std::int64_t> lower_bounds = args.integers(1, bounds);
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::create_at(ops::Extension(args.function()), parent, kind, lower_bounds);
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_create_partition);
PG_FUNCTION_INFO_V1(strata_create_partition_time);
PG_FUNCTION_INFO_V1(strata_create_partition_id);

Datum strata_create_partition(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::ops::CreateRequest request = strata::entry::read_request(args);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return BoolGetDatum(strata::ops::create_set(strata::ops::Extension(args.function()), request));
  });
}

Datum strata_create_partition_time(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return BoolGetDatum(
        strata::entry::create_at(strata::entry::Args(fcinfo), strata::ops::KeyKind::Time, "p_partition_times"));
  });
}

Datum strata_create_partition_id(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return BoolGetDatum(
        strata::entry::create_at(strata::entry::Args(fcinfo), strata::ops::KeyKind::Id, "p_partition_ids"));
  });
}

}  // extern "C"
