// The trigger of part_config and part_config_sub.
#include "ops/validate.hpp"

#include "entry/entry.hpp"

namespace strata::entry {

namespace {

[[noreturn]] void refuse_call() {
  throw pg::Raise{.sqlstate = ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                  .message = "part_config_check must be fired before rows of part_config or part_config_sub change",
                  .detail = {},
                  .hint = "It is the trigger function of those two tables and of no other use.",
                  .schema = {},
                  .table = {}};
}

const TriggerData& trigger_of(FunctionCallInfo info) {
  if (!CALLED_AS_TRIGGER(info)) refuse_call();
  const auto& trigger = *reinterpret_cast<const TriggerData*>(info->context);
  const TriggerEvent event = trigger.tg_event;
  if (!TRIGGER_FIRED_BEFORE(event) || !TRIGGER_FIRED_FOR_ROW(event) || TRIGGER_FIRED_BY_DELETE(event)) refuse_call();
  return trigger;
}

// Columns by name: dump and restore may change their order.
class ConfigTuple {
 public:
  ConfigTuple(TupleDesc description, HeapTuple tuple) noexcept : description_(description), tuple_(tuple) {}
  [[nodiscard]] bool has(const std::string& column) const { return number(column) > 0; }

  [[nodiscard]] std::optional<std::string> read(const std::string& column) const {
    const int at = number(column);
    if (at <= 0) return std::nullopt;
    if (TupleDescAttr(description_, at - 1)->atttypid != TEXTOID) refuse_call();
    bool is_null = true;
    const Datum value = heap_getattr(tuple_, at, description_, &is_null);
    if (is_null) return std::nullopt;
    const char* const copy = pg::guarded([value] { return static_cast<const char*>(TextDatumGetCString(value)); });
    return copy;
  }

 private:
  [[nodiscard]] int number(const std::string& column) const { return SPI_fnumber(description_, column.c_str()); }

  TupleDesc description_;
  HeapTuple tuple_;
};

ops::ConfigTexts texts_of(const ConfigTuple& tuple, const std::string& prefix) {
  return {.parent_table = tuple.read(prefix.empty() ? "parent_table" : "sub_parent"),
          .partition_interval = tuple.read(prefix + "partition_interval"),
          .partition_type = tuple.read(prefix + "partition_type"),
          .epoch = tuple.read(prefix + "epoch"),
          .retention = tuple.read(prefix + "retention"),
          .datetime_string = tuple.read(prefix + "datetime_string"),
          .date_trunc_interval = tuple.read(prefix + "date_trunc_interval"),
          .time_encoder = tuple.read(prefix + "time_encoder"),
          .time_decoder = tuple.read(prefix + "time_decoder")};
}

// A row that was bad before an update of other columns does not stop that update: maintenance writes its date there,
// renames cascade, and every plan judges the row again.
bool touches_nothing(const ops::ConfigTexts& before, ops::ConfigTexts after) {
  after.parent_table = before.parent_table;
  return before == after;
}

// SPI only for the rows that name functions.
void check_functions(Oid trigger_function, const ops::ConfigTexts& texts, const std::string& prefix) {
  if (!texts.time_encoder && !texts.time_decoder) return;
  const pg::SpiConnection spi(pg::Atomicity::Atomic);
  ops::require_key_functions(ops::Extension(trigger_function), texts, prefix);
}

HeapTuple check_row(Oid trigger_function, const TriggerData& trigger) {
  const TupleDesc description = RelationGetDescr(trigger.tg_relation);
  const bool update = TRIGGER_FIRED_BY_UPDATE(trigger.tg_event);
  const HeapTuple row = update ? trigger.tg_newtuple : trigger.tg_trigtuple;
  const ConfigTuple tuple(description, row);
  const std::string prefix = tuple.has("sub_parent") ? "sub_" : "";
  if (!tuple.has(prefix + "partition_interval")) refuse_call();
  const ops::ConfigTexts texts = texts_of(tuple, prefix);
  const bool untouched =
      update && touches_nothing(texts_of(ConfigTuple(description, trigger.tg_trigtuple), prefix), texts);
  if (untouched) return row;
  ops::validate_config(texts, prefix);
  check_functions(trigger_function, texts, prefix);
  return row;
}

}  // namespace

extern "C" {

PG_FUNCTION_INFO_V1(strata_part_config_check);
Datum strata_part_config_check(PG_FUNCTION_ARGS) {
  return pg::boundary(
      [&]() -> Datum { return PointerGetDatum(check_row(fcinfo->flinfo->fn_oid, trigger_of(fcinfo))); });
}
}

}  // namespace strata::entry
