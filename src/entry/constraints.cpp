// apply_constraints, drop_constraints, reapply_constraints_proc.
#include "ops/constraints.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

ops::ReapplyRequest reapply_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .drop = args.boolean(1, false),
          .apply = args.boolean(2, false),
          .dry_run = args.boolean(5, false),
          .analyze = args.boolean(3, true) ? ops::Analyze::Yes : ops::Analyze::No,
          .wait_seconds = std::max(0, args.int4(4).value_or(0))};
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_apply_constraints);
PG_FUNCTION_INFO_V1(strata_drop_constraints);
PG_FUNCTION_INFO_V1(strata_reapply_constraints_proc);

// p_job_id continues a job of pg_jobmon that the caller began; without pg_jobmon it says nothing.
Datum strata_apply_constraints(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::ops::apply_constraints(strata::ops::Extension(args.function()), args.required_text(0, "p_parent_table"),
                                   args.text(1),
                                   args.boolean(2, false) ? strata::ops::Analyze::Yes : strata::ops::Analyze::No);
    return Datum{0};
  });
}

Datum strata_drop_constraints(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::ops::drop_constraints(
        strata::ops::Extension(args.function()), args.required_text(0, "p_parent_table"),
        args.required_text(1, "p_child_table"),
        args.boolean(2, false) ? strata::ops::Statements::Shown : strata::ops::Statements::Silent);
    return Datum{0};
  });
}

Datum strata_reapply_constraints_proc(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(
        args, "reapply_constraints_proc", "partition",
        "Call it on its own, or use the functions drop_constraints and apply_constraints.");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::MayCommit);
    strata::ops::reapply_constraints(strata::ops::Extension(args.function()), strata::entry::reapply_request(args));
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
