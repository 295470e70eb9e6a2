// partition_data_async.
#include "ops/async.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

// p_lock_wait_tries, p_wait and p_quiet have no effect (contract 7.5).
ops::AsyncRequest async_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .interval = args.required_text(2, "p_interval"),
          .batches = args.int4(1),
          .lock_wait_seconds = static_cast<double>(args.int4(3).value_or(0)),
          .order = args.required_text(6, "p_order"),
          .ignored_columns = args.texts(7).value_or(std::vector<std::string>{})};
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_partition_data_async);

Datum strata_partition_data_async(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(
        args, "partition_data_async", "batch",
        "Call it on its own; partition_data_time moves whole partitions inside a transaction.");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::MayCommit);
    strata::ops::move_async(strata::ops::Extension(args.function()), strata::entry::async_request(args));
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
