// check_partitions, assert_partitions.
#include "ops/check.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

void write_findings(const Args& args) {
  RowWriter writer(args.info());
  const std::optional<std::string> parent = args.text(0);
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  for (const ops::CheckLine& line : ops::check_sets(ops::Extension(args.function()), parent)) {
    const ops::Finding& finding = line.finding;
    const std::array<Cell, 6> cells{cell(line.parent_table), cell(std::string(ops::severity_name(finding.severity))),
                                    cell(finding.code),      cell(finding.partition),
                                    cell(finding.detail),    finding.fix.empty() ? null_cell() : cell(finding.fix)};
    writer.add(cells);
  }
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_check_partitions);
PG_FUNCTION_INFO_V1(strata_assert_partitions);

Datum strata_check_partitions(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    strata::entry::write_findings(strata::entry::Args(fcinfo));
    return strata::entry::nothing(fcinfo);
  });
}

Datum strata_assert_partitions(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::ops::Severity at_least = strata::ops::parse_severity(args.required_text(1, "p_min_severity"));
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    strata::ops::assert_sets(strata::ops::Extension(args.function()), args.text(0), at_least);
    return Datum{0};
  });
}

}  // extern "C"
