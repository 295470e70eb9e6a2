// create_sub_partition, create_sub_parent, check_subpartition_limits.
#include "ops/sub_partition.hpp"  // core before PostgreSQL: see core/result.hpp
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

ops::CreateRequest read_sub_request(const Args& args) {
  using Request = ops::CreateRequest;
  if (args.null(7)) (void)args.required_text(7, "p_premake");  // raises, naming it
  return {.parent = args.required_text(0, "p_top_parent"),
          .control = args.required_text(1, "p_control"),
          .interval = args.required_text(2, "p_interval"),
          .type = args.required_text(3, "p_type"),
          .epoch = args.required_text(9, "p_epoch"),
          .premake = *args.int4(7),
          .start = args.text(8),
          .automatic = "on",
          .constraint_cols = args.texts(6),
          .template_table = std::nullopt,
          .date_trunc_interval = args.text(11),
          .encoder = args.text(13),
          .decoder = args.text(14),
          .offset_id = 0,
          .default_table = args.boolean(4, true) ? Request::Default::Create : Request::Default::None,
          .control_not_null = args.boolean(12, true) ? Request::NotNull::Required : Request::NotNull::Optional,
          .jobmon = args.boolean(10, true) ? Request::Jobmon::On : Request::Jobmon::Off};
}

ops::LimitTexts limits(Oid function, const std::string& parent, const std::optional<std::string>& type) {
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::limit_texts(ops::Extension(function), parent, type);
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_create_sub_partition);
PG_FUNCTION_INFO_V1(strata_check_subpartition_limits);

Datum strata_create_sub_partition(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::ops::CreateRequest request = strata::entry::read_sub_request(args);
    const std::optional<std::string> consent = args.text(5);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    return BoolGetDatum(strata::ops::create_sub_set(strata::ops::Extension(args.function()), request, consent));
  });
}

Datum strata_check_subpartition_limits(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const std::string parent = args.required_text(0, "p_parent_table");
    const strata::ops::LimitTexts limits = strata::entry::limits(args.function(), parent, args.text(1));
    return strata::entry::composite(fcinfo,
                                    std::array{strata::entry::cell(limits.lower), strata::entry::cell(limits.upper)});
  });
}

}  // extern "C"
