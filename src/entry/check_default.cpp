#include "ops/check_default.hpp"

#include "entry/entry.hpp"

namespace strata::entry {

namespace {

std::vector<ops::FilledDefault> check(const Args& args) {
  const auto count = args.boolean(0, true) ? ops::RowCount::Exact : ops::RowCount::AtLeastOne;
  const auto keys = args.boolean(1, false) ? ops::InfiniteKeys::Ignored : ops::InfiniteKeys::Counted;
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::check_defaults(ops::Extension(args.function()), count, keys);
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(strata_check_default);
Datum strata_check_default(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    RowWriter rows(fcinfo);
    for (const ops::FilledDefault& filled : check(Args(fcinfo)))
      rows.add(std::array{cell(filled.name), cell_int8(filled.rows)});
    return Datum{0};
  });
}
}

}  // namespace strata::entry
