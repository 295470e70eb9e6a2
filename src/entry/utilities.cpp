// partition_gap_fill, dump_partitioned_table_definition, config_cleanup, stop_sub_partition, run_analyze.
#include "ops/analyze.hpp"  // core before PostgreSQL: see core/result.hpp
#include "ops/dump_definition.hpp"
#include "ops/forget.hpp"
#include "ops/gap_fill.hpp"
#include "ops/jobmon.hpp"
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

ops::CleanupRequest cleanup_request(const Args& args) {
  const auto choice = [&](int n) { return args.boolean(n, true) ? ops::Forget::Remove : ops::Forget::Keep; };
  return {.parent = args.required_text(0, "p_parent_table"),
          .config = choice(1),
          .sub_config = choice(2),
          .template_table = choice(3)};
}

ops::AnalyzeRequest analyze_request(const Args& args) {
  using Request = ops::AnalyzeRequest;
  return {.locked = args.boolean(0, false) ? Request::Locked::Skip : Request::Locked::Wait,
          .notices = args.boolean(1, false) ? Request::Notices::None : Request::Notices::Each,
          .parent = args.text(2)};
}

void stop_logged(const Args& args) {
  const ops::Extension extension(args.function());
  const std::string parent = args.required_text(0, "p_parent_table");
  const ops::Job::Wanted wanted = args.boolean(1, true) ? ops::Job::Wanted::Yes : ops::Job::Wanted::No;
  ops::logged(ops::Job("PARTMAN STOP SUBPARTITIONING: " + parent, wanted), "Forgetting the sub-configuration",
              ops::Mode::Caller, [&](ops::Job&) { ops::stop_sub_partition(extension, parent); });
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_partition_gap_fill);
PG_FUNCTION_INFO_V1(strata_dump_partitioned_table_definition);
PG_FUNCTION_INFO_V1(strata_config_cleanup);
PG_FUNCTION_INFO_V1(strata_stop_sub_partition);
PG_FUNCTION_INFO_V1(strata_run_analyze);

Datum strata_partition_gap_fill(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return Int32GetDatum(
        strata::ops::fill_gaps(strata::ops::Extension(args.function()), args.required_text(0, "p_parent_table")));
  });
}

Datum strata_dump_partitioned_table_definition(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const auto choice = args.boolean(1, false) ? strata::ops::Template::Ignored : strata::ops::Template::Named;
    const std::string parent = args.required_text(0, "p_parent_table");
    std::string text;
    {
      const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
      text = strata::ops::dump_definition(strata::ops::Extension(args.function()), parent, choice);
    }
    return strata::entry::cell(text).value;  // in the caller's memory, which outlives the connection's
  });
}

Datum strata_config_cleanup(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::ops::clean_up(strata::ops::Extension(args.function()), strata::entry::cleanup_request(args));
    return Datum{0};
  });
}

// True whether or not there was anything to stop (contract 8.6).
Datum strata_stop_sub_partition(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::entry::stop_logged(args);
    return BoolGetDatum(true);
  });
}

Datum strata_run_analyze(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(args, "run_analyze", "set", "Call it on its own, or use ANALYZE.");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::MayCommit);
    strata::ops::run_analyze(strata::ops::Extension(args.function()), strata::entry::analyze_request(args));
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
