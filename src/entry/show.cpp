// show_partitions, show_partition_name, show_partition_info.
#include "ops/show.hpp"

#include "entry/entry.hpp"

namespace strata::entry {

namespace {

ops::Direction direction_of(const std::string& order) {
  if (pg_strcasecmp(order.c_str(), "asc") == 0) return ops::Direction::Ascending;
  if (pg_strcasecmp(order.c_str(), "desc") == 0) return ops::Direction::Descending;
  ops::refuse(core::Code::InvalidParameterValue, "p_order must be ASC or DESC, not \"" + order + "\"",
              "ASC lists the lowest partition first, DESC the highest.");
}

Cell id_cell(std::optional<std::int64_t> id) noexcept {
  return id ? cell_int8(*id) : null_cell();
}

// Values leave SPI's memory before rows are made of them.
std::vector<ops::ListedPartition> list(const Args& args) {
  const ops::Direction direction = direction_of(args.text(1).value_or("ASC"));
  const auto wanted = args.boolean(2, false) ? ops::DefaultPartition::Included : ops::DefaultPartition::Left;
  const std::string parent = args.required_text(0, "p_parent_table");
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::list_partitions(ops::Extension(args.function()), parent, direction, wanted);
}

ops::NamedPartition name(const Args& args) {
  const std::string parent = args.required_text(0, "p_parent_table");
  const std::string value = args.required_text(1, "p_value");
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  return ops::name_partition(ops::Extension(args.function()), parent, value);
}

ops::PartitionInfo info(const Args& args) {
  const bool by_name = !args.boolean(3, true);
  if (by_name) (void)args.required_text(2, "p_parent_table (with p_table_exists = false)");
  const ops::InfoRequest request{
      .child = args.required_text(0, "p_child_table"), .interval = args.text(1), .parent = args.text(2)};
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  const ops::Extension extension(args.function());
  return by_name ? ops::describe_name(extension, request) : ops::describe_partition(extension, request);
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(strata_show_partitions);
Datum strata_show_partitions(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    RowWriter rows(fcinfo);
    for (const ops::ListedPartition& partition : list(Args(fcinfo)))
      rows.add(std::array{cell(partition.schema), cell(partition.name)});
    return Datum{0};
  });
}

PG_FUNCTION_INFO_V1(strata_show_partition_name);
Datum strata_show_partition_name(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const ops::NamedPartition named = name(Args(fcinfo));
    return composite(fcinfo, std::array{cell(named.schema), cell(named.name), cell_timestamptz(named.lower_time),
                                        id_cell(named.lower_id), cell_bool(named.exists)});
  });
}

PG_FUNCTION_INFO_V1(strata_show_partition_info);
Datum strata_show_partition_info(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    const ops::PartitionInfo found = info(Args(fcinfo));
    return composite(fcinfo, std::array{cell_timestamptz(found.start_time), cell_timestamptz(found.end_time),
                                        id_cell(found.start_id), id_cell(found.end_id), cell(found.suffix)});
  });
}
}

}  // namespace strata::entry
