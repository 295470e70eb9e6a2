// show_status, show_children, maintenance_jobs, explain_pruning: what the views partition_status and partitions read.
#include "ops/status.hpp"

#include "ops/pruning.hpp"
#include "ops/schedule_facts.hpp"

#include "entry/entry.hpp"

namespace strata::entry {

namespace {

Cell cell_of(std::optional<std::int64_t> value) noexcept {
  return value ? cell_int8(*value) : null_cell();
}

Cell cell_of(std::optional<std::int32_t> value) noexcept {
  return value ? cell_int4(*value) : null_cell();
}

std::array<Cell, 13> cells_of(const ops::SetStatus& status) {
  return {cell(status.parent_table),
          cell_of(status.partitions),
          cell(status.first_bound),
          cell(status.last_bound),
          cell_timestamptz(status.covered_until),
          cell(status.default_table),
          cell_of(status.rows_in_default),
          cell_of(status.default_bytes),
          cell_of(status.total_bytes),
          cell(status.retention),
          cell_timestamptz(status.next_retirement),
          cell_of(status.next_retirement_id),
          cell(status.problem)};
}

std::array<Cell, 14> cells_of(const ops::PartitionRow& row) {
  return {cell(row.parent_table),
          cell(row.schema),
          cell(row.table),
          cell(row.lower_bound),
          cell(row.upper_bound),
          cell_timestamptz(row.lower_time),
          cell_timestamptz(row.upper_time),
          cell_of(row.lower_id),
          cell_of(row.upper_id),
          cell_bool(row.is_default),
          cell_of(row.estimated_rows),
          cell_int8(row.bytes),
          cell_int8(row.index_bytes),
          cell(row.owner)};
}

std::array<Cell, 8> cells_of(const ops::MaintenanceJob& job) {
  return {cell(job.scheduler), cell_of(job.id), cell(job.name),        cell(job.schedule),
          cell(job.command),   cell(job.role),  cell_bool(job.active), cell(job.parent_table)};
}

std::array<Cell, 5> cells_of(const ops::PrunedTable& table) {
  return {cell(table.parent_table), cell_int8(table.partitions), cell_of(table.touched), cell_of(table.pruned),
          cell(table.detail)};
}

// Values leave SPI's memory before rows are made of them.
template <class F>
Datum write_rows(FunctionCallInfo fcinfo, F&& read) {
  RowWriter writer(fcinfo);
  const auto rows = [&] {
    const pg::SpiConnection spi(pg::Atomicity::Atomic);
    return read(Args(fcinfo));
  }();
  for (const auto& row : rows) writer.add(cells_of(row));
  return Datum{0};
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(strata_show_status);
Datum strata_show_status(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    return write_rows(fcinfo, [](const Args& args) { return ops::all_statuses(ops::Extension(args.function())); });
  });
}

PG_FUNCTION_INFO_V1(strata_show_children);
Datum strata_show_children(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    return write_rows(fcinfo, [](const Args& args) { return ops::all_partitions(ops::Extension(args.function())); });
  });
}

PG_FUNCTION_INFO_V1(strata_maintenance_jobs);
Datum strata_maintenance_jobs(PG_FUNCTION_ARGS) {
  return pg::boundary(
      [&]() -> Datum { return write_rows(fcinfo, [](const Args&) { return ops::maintenance_jobs(); }); });
}

PG_FUNCTION_INFO_V1(strata_explain_pruning);
Datum strata_explain_pruning(PG_FUNCTION_ARGS) {
  return pg::boundary([&]() -> Datum {
    return write_rows(fcinfo, [](const Args& args) { return ops::explain_pruning(args.required_text(0, "p_query")); });
  });
}
}

}  // namespace strata::entry
