// apply_constraints, drop_constraints, reapply_constraints_proc.
#include "ops/constraints.hpp"  // core before PostgreSQL: see core/result.hpp
#include "ops/jobmon.hpp"
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

// p_job_id continues a job of pg_jobmon that the caller began; without pg_jobmon it says nothing.
void apply_logged(const Args& args) {
  const ops::Extension extension(args.function());
  const std::string parent = args.required_text(0, "p_parent_table");
  const ops::Analyze analyze = args.boolean(2, false) ? ops::Analyze::Yes : ops::Analyze::No;
  ops::logged(ops::Job("PARTMAN CREATE CONSTRAINT: " + parent, extension, parent).continuing(args.int8(3)),
              "Adding constraints", ops::Mode::Caller,
              [&](ops::Job&) { ops::apply_constraints(extension, parent, args.text(1), analyze); });
}

void drop_logged(const Args& args) {
  const ops::Extension extension(args.function());
  const std::string parent = args.required_text(0, "p_parent_table");
  const std::string child = args.required_text(1, "p_child_table");
  const ops::Statements statements = args.boolean(2, false) ? ops::Statements::Shown : ops::Statements::Silent;
  ops::logged(ops::Job("PARTMAN DROP CONSTRAINT: " + parent, extension, parent), "Dropping constraints of " + child,
              ops::Mode::Caller, [&](ops::Job&) { ops::drop_constraints(extension, parent, child, statements); });
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_apply_constraints);
PG_FUNCTION_INFO_V1(strata_drop_constraints);
PG_FUNCTION_INFO_V1(strata_reapply_constraints_proc);

Datum strata_apply_constraints(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::entry::apply_logged(args);
    return Datum{0};
  });
}

Datum strata_drop_constraints(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::entry::drop_logged(args);
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
