// undo_partition, undo_partition_proc.
#include "ops/undo.hpp"  // core before PostgreSQL: see core/result.hpp
#include "ops/jobmon.hpp"
#include "entry/entry.hpp"

namespace strata::entry {

namespace {

ops::UndoRequest::Emptied emptied(const Args& args, int keep, int cascade) {
  if (args.boolean(keep, true)) return ops::UndoRequest::Emptied::Kept;
  return args.boolean(cascade, false) ? ops::UndoRequest::Emptied::DroppedCascade : ops::UndoRequest::Emptied::Dropped;
}

ops::UndoRequest function_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .target = args.required_text(1, "p_target_table"),
          .batches = args.int4(2),
          .interval = args.text(3),
          .lock_wait_seconds = args.numeric(5).value_or(0),
          .ignored_columns = args.texts(6).value_or(std::vector<std::string>{}),
          .emptied = emptied(args, 4, 7)};
}

ops::UndoRequest procedure_request(const Args& args) {
  return {.parent = args.required_text(0, "p_parent_table"),
          .target = args.required_text(1, "p_target_table"),
          .batches = 1,
          .interval = args.text(3),
          .lock_wait_seconds = static_cast<double>(args.int4(5).value_or(0)),
          .ignored_columns = args.texts(8).value_or(std::vector<std::string>{}),
          .emptied = emptied(args, 4, 9)};
}

ops::BatchLoop undo_loop(const Args& args) {
  return {.batches = args.int4(2),
          .lock_failures = args.int4(6).value_or(10),
          .wait_seconds = std::max(0, args.int4(7).value_or(1)),
          .notices = args.boolean(10, false) ? ops::BatchLoop::Notices::Reminder : ops::BatchLoop::Notices::All};
}

ops::Undone undo_logged(const Args& args) {
  const ops::Extension extension(args.function());
  const ops::UndoRequest request = function_request(args);
  return ops::logged(ops::Job("PARTMAN UNDO PARTITIONING: " + request.parent, extension, request.parent),
                     "Moving rows to " + request.target, ops::Mode::Caller,
                     [&](ops::Job&) { return ops::undo(extension, request); });
}

Datum undone_row(const Args& args, const ops::Undone& undone) {
  const bool deferred = undone.attempt.outcome == ops::Outcome::Deferred;
  const std::array<Cell, 2> cells{cell_int4(deferred ? -1 : undone.partitions),
                                  deferred ? null_cell() : cell_int8(static_cast<std::int64_t>(undone.rows))};
  return composite(args.info(), cells);
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_undo_partition);
PG_FUNCTION_INFO_V1(strata_undo_partition_proc);

Datum strata_undo_partition(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::ops::Undone undone;
    {
      const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
      undone = strata::entry::undo_logged(args);
    }
    return strata::entry::undone_row(args, undone);
  });
}

Datum strata_undo_partition_proc(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    strata::entry::require_committing(args, "undo_partition_proc", "batch",
                                      "Call it on its own, or use the function form: undo_partition.");
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::MayCommit);
    strata::ops::undo_committing(strata::ops::Extension(args.function()), strata::entry::procedure_request(args),
                                 strata::entry::undo_loop(args));
    return strata::entry::nothing(fcinfo);
  });
}

}  // extern "C"
