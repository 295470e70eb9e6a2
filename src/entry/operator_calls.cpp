// run_provisioning, run_cleanup, run_all.
#include "ops/operator_calls.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

constexpr const char* kHint = "Call it on its own: psql -c 'CALL ...', not within BEGIN and COMMIT.";

template <class F>
Datum call(FunctionCallInfo fcinfo, const char* procedure, F&& f) {
  const Args args(fcinfo);
  require_committing(args, procedure, "action", kHint);
  const pg::SpiConnection spi(pg::Atomicity::MayCommit);
  f(ops::Extension(args.function()), args.text(0));
  return nothing(fcinfo);
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_run_provisioning);
PG_FUNCTION_INFO_V1(strata_run_cleanup);
PG_FUNCTION_INFO_V1(strata_run_all);

Datum strata_run_provisioning(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return strata::entry::call(fcinfo, "run_provisioning", [](const auto& extension, const auto& parent) {
      strata::ops::run_part(extension, parent, strata::core::PlanPart::Creations);
    });
  });
}

Datum strata_run_cleanup(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return strata::entry::call(fcinfo, "run_cleanup", [](const auto& extension, const auto& parent) {
      strata::ops::run_part(extension, parent, strata::core::PlanPart::Retirements);
    });
  });
}

Datum strata_run_all(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    return strata::entry::call(fcinfo, "run_all", [](const auto& extension, const auto& parent) {
      strata::ops::run_everything(extension, parent);
    });
  });
}

}  // extern "C"
