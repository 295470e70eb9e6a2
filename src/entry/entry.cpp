#include "entry/entry.hpp"

namespace strata::entry {

namespace {

[[noreturn]] void raise_null(const char* parameter) {
  throw pg::Raise{.sqlstate = ERRCODE_NULL_VALUE_NOT_ALLOWED,
                  .message = std::string(parameter) + " must not be null",
                  .detail = {},
                  .hint = "Give it a value; parameters are described in docs/reference.md.",
                  .schema = {},
                  .table = {}};
}

struct Elements {
  Datum* values = nullptr;
  bool* nulls = nullptr;
  int count = 0;
};

// The caller names the layout; the type is the array's own, as timestamps are laid out like integers.
Elements elements_of(Datum datum, int length, bool by_value, char align) {
  return pg::guarded([=] {
    Elements e;
    ArrayType* const array = DatumGetArrayTypeP(datum);
    deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &e.values, &e.nulls, &e.count);
    return e;
  });
}

std::string text_of(Datum value) {
  const char* const copy = pg::guarded([value] { return static_cast<const char*>(TextDatumGetCString(value)); });
  return copy;
}

}  // namespace

std::optional<std::string> Args::text(int n) const {
  if (null(n)) return std::nullopt;
  return text_of(info_->args[n].value);
}

std::string Args::required_text(int n, const char* parameter) const {
  if (null(n)) raise_null(parameter);
  return *text(n);
}

std::optional<double> Args::numeric(int n) const {
  if (null(n)) return std::nullopt;
  const Datum value = info_->args[n].value;
  return pg::guarded([value] { return DatumGetFloat8(DirectFunctionCall1(numeric_float8, value)); });
}

std::optional<std::vector<std::string>> Args::texts(int n) const {
  if (null(n)) return std::nullopt;
  const Elements elements = elements_of(info_->args[n].value, -1, false, TYPALIGN_INT);
  std::vector<std::string> values;
  for (int i = 0; i < elements.count; ++i)
    if (!elements.nulls[i]) values.push_back(text_of(elements.values[i]));
  return values;
}

std::vector<std::int64_t> Args::integers(int n, const char* parameter) const {
  if (null(n)) raise_null(parameter);
  const Elements elements = elements_of(info_->args[n].value, sizeof(std::int64_t), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
  std::vector<std::int64_t> values;
  for (int i = 0; i < elements.count; ++i) {
    if (elements.nulls[i]) raise_null(parameter);
    values.push_back(DatumGetInt64(elements.values[i]));
  }
  return values;
}

bool Args::may_commit() const noexcept {
  return info_->context != nullptr && IsA(info_->context, CallContext) &&
         !reinterpret_cast<CallContext*>(info_->context)->atomic;
}

void require_committing(const Args& args, const char* procedure, const char* unit, const char* hint) {
  if (args.may_commit()) return;
  throw pg::Raise{
      .sqlstate = ERRCODE_INVALID_TRANSACTION_TERMINATION,
      .message = std::string(procedure) + " commits after every " + unit + " and cannot run inside a transaction",
      .detail = "It was called in a transaction block, a function, or with settings attached.",
      .hint = hint,
      .schema = {},
      .table = {}};
}

Cell cell(const std::string& text) {
  const Datum value = pg::guarded(
      [text] { return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size()))); });
  return {.value = value, .is_null = false};
}

Cell cell(const std::optional<std::string>& text) {
  return text ? cell(*text) : Cell{};
}
Cell cell_int4(std::int32_t value) noexcept {
  return {.value = Int32GetDatum(value), .is_null = false};
}
Cell cell_int8(std::int64_t value) noexcept {
  return {.value = Int64GetDatum(value), .is_null = false};
}
Cell cell_bool(bool value) noexcept {
  return {.value = BoolGetDatum(value), .is_null = false};
}
Cell cell_timestamptz(std::optional<std::int64_t> utc) noexcept {
  return utc ? Cell{.value = TimestampTzGetDatum(*utc), .is_null = false} : Cell{};
}

RowWriter::RowWriter(FunctionCallInfo info) : result_(reinterpret_cast<ReturnSetInfo*>(info->resultinfo)) {
  pg::guarded([info] { InitMaterializedSRF(info, 0); });
}

namespace {

struct Columns {
  std::vector<Datum> values;
  std::unique_ptr<bool[]> nulls;
};

Columns columns_of(std::span<const Cell> cells) {
  Columns columns{.values = {}, .nulls = std::make_unique<bool[]>(cells.size())};
  for (std::size_t n = 0; n < cells.size(); ++n) {
    columns.values.push_back(cells[n].value);
    columns.nulls[n] = cells[n].is_null;
  }
  return columns;
}

}  // namespace

void RowWriter::add(std::span<const Cell> cells) {
  Columns columns = columns_of(cells);
  pg::guarded(
      [&] { tuplestore_putvalues(result_->setResult, result_->setDesc, columns.values.data(), columns.nulls.get()); });
}

Datum composite(FunctionCallInfo info, std::span<const Cell> cells) {
  Columns columns = columns_of(cells);
  return pg::guarded([&] {
    TupleDesc description = nullptr;
    if (get_call_result_type(info, nullptr, &description) != TYPEFUNC_COMPOSITE)
      elog(ERROR, "return type must be a row type");
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), columns.values.data(), columns.nulls.get()));
  });
}

}  // namespace strata::entry
