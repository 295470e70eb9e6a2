#include "pg/bound_reader.hpp"

namespace strata::pg {

namespace {

// Types whose Datum is one integer that sorts like the key.
std::optional<std::int64_t> integer_of(Oid type, Datum value) noexcept {
  switch (type) {
    case INT2OID:
      return DatumGetInt16(value);
    case INT4OID:
      return DatumGetInt32(value);
    case DATEOID:
      return DatumGetDateADT(value);
    case INT8OID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return DatumGetInt64(value);
    default:
      return std::nullopt;
  }
}

// Types of keys that are no integers. Their output functions are the server's own.
bool is_read_as_text(Oid type) noexcept {
  return type == NUMERICOID || type == UUIDOID || type == TEXTOID || type == VARCHAROID;
}

std::string text_of(const Const& value) {
  const char* const text = guarded([&value] {
    Oid output = InvalidOid;
    bool varlena = false;
    getTypeOutputInfo(value.consttype, &output, &varlena);
    return static_cast<const char*>(OidOutputFunctionCall(output, value.constvalue));
  });
  return text;
}

bool read_constant(const void* node, RawEnd& end, Oid& type) {
  if (node == nullptr || !IsA(node, Const)) return false;
  const auto& value = *static_cast<const Const*>(node);
  if (value.constisnull) return false;
  type = value.consttype;
  if (const std::optional<std::int64_t> number = integer_of(value.consttype, value.constvalue)) {
    end.value = *number;
    return true;
  }
  if (!is_read_as_text(value.consttype)) return false;
  end.text = text_of(value);
  return true;
}

// IN (v): the partition of one value. Of several the lowest is kept, as the place of the partition among others.
bool read_list(const List* values, RawBound& bound) {
  bound.list_values = list_length(values);
  for (int n = 0; n < bound.list_values; ++n) {
    RawEnd end;
    if (!read_constant(list_nth(values, n), end, bound.type)) return false;
    if (n == 0 || end.value < bound.lower.value) bound.lower = std::move(end);
  }
  bound.upper.kind = static_cast<int>(PARTITION_RANGE_DATUM_MAXVALUE);
  return bound.list_values > 0;
}

bool read_end(const List* ends, RawEnd& end, Oid& type) {
  if (list_length(ends) != 1) return false;
  const auto* const datum = static_cast<const PartitionRangeDatum*>(linitial(ends));
  end.kind = static_cast<int>(datum->kind);
  if (datum->kind != PARTITION_RANGE_DATUM_VALUE) return true;
  return read_constant(datum->value, end, type);
}

bool skip_word(std::string_view& rest, std::string_view word) noexcept {
  if (!rest.starts_with(word)) return false;
  rest.remove_prefix(word.size());
  return true;
}

// As many digits as any of these numbers has.
std::optional<std::int64_t> read_number(std::string_view& rest) noexcept {
  constexpr std::size_t kMostDigits = 10;
  const bool negative = skip_word(rest, "-");
  std::int64_t value = 0;
  std::size_t digits = 0;
  for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
    if (digits == kMostDigits) return std::nullopt;
    value = 10 * value + (rest[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  rest.remove_prefix(digits);
  return negative ? -value : value;
}

// A Datum passed by value is written as its bytes in memory. There are sixteen of them in a bound, so this is most of
// the reading.
std::optional<Datum> read_datum(std::string_view& rest) noexcept {
  constexpr std::size_t kLongest = 5 * sizeof(Datum);  // " -128"
  std::array<std::int8_t, sizeof(Datum)> bytes{};
  if (rest.size() <= kLongest) return std::nullopt;
  const char* at = rest.data();
  for (std::int8_t& byte : bytes) {
    if (*at++ != ' ') return std::nullopt;
    const bool negative = *at == '-';
    if (negative) ++at;
    const char* const digits = at;
    int value = 0;
    for (; *at >= '0' && *at <= '9' && at - digits < 4; ++at) value = 10 * value + (*at - '0');
    if (at == digits || at - digits > 3) return std::nullopt;
    byte = static_cast<std::int8_t>(negative ? -value : value);
  }
  rest.remove_prefix(static_cast<std::size_t>(at - rest.data()));
  return std::bit_cast<Datum>(bytes);
}

// Reads the stored text of a range bound over one integer-like column word for word, as PostgreSQL 15 to 18 write it.
// Whatever else it meets ends the attempt; then PostgreSQL's own reader decides. A run over thousands of partitions
// spends a tenth of its time here otherwise.
class BoundText {
 public:
  explicit BoundText(std::string_view text) noexcept : text_(text), rest_(text) {}

  // Where the bytes of the two values stand, when both ends have one.
  [[nodiscard]] std::array<TextSpan, 2> values() const noexcept { return values_; }
  [[nodiscard]] bool has_values() const noexcept { return values_read_ == values_.size(); }

  [[nodiscard]] std::optional<RawBound> read() noexcept {
    if (!skip("{PARTITIONBOUNDSPEC :strategy r :is_default ")) return std::nullopt;
    if (skip("true "))
      return RawBound{
          .is_default = true, .readable = false, .list_values = 0, .type = InvalidOid, .lower = {}, .upper = {}};
    RawBound bound;
    bound.readable = skip("false :modulus 0 :remainder 0 :listdatums <> :lowerdatums ({") && end(bound, bound.lower) &&
                     skip("}) :upperdatums ({") && end(bound, bound.upper) && skip("}) :location ") && number() &&
                     rest_ == "}";
    if (!bound.readable) return std::nullopt;
    return bound;
  }

 private:
  [[nodiscard]] bool skip(std::string_view word) noexcept { return skip_word(rest_, word); }

  [[nodiscard]] std::optional<std::int64_t> number() noexcept { return read_number(rest_); }

  [[nodiscard]] bool end(RawBound& bound, RawEnd& end) noexcept {
    if (!skip("PARTITIONRANGEDATUM :kind ")) return false;
    const auto kind = number();
    if (!kind || !skip(" :value ")) return false;
    end.kind = static_cast<int>(*kind);
    if (end.kind != PARTITION_RANGE_DATUM_VALUE) return skip("<> :location ") && number();
    return constant(bound, end) && skip(" :location ") && number();
  }

  [[nodiscard]] bool constant(RawBound& bound, RawEnd& end) noexcept {
    if (!skip("{CONST :consttype ")) return false;
    const auto type = number();
    if (!type || !skip(" :consttypmod ") || !number() || !skip(" :constcollid ") || !number() || !skip(" :constlen "))
      return false;
    const auto length = number();
    if (!length || !skip(" :constbyval true :constisnull false :location ") || !number() || !skip(" :constvalue ") ||
        number() != length || !skip(" ["))
      return false;
    const std::size_t begin = text_.size() - rest_.size();
    const std::optional<Datum> value = read_datum(rest_);
    if (!value) return false;
    values_[values_read_++] = {.begin = begin, .end = text_.size() - rest_.size()};
    if (!skip(" ]}")) return false;
    bound.type = static_cast<Oid>(*type);
    const std::optional<std::int64_t> integer = integer_of(bound.type, *value);
    if (integer) end.value = *integer;
    return integer.has_value();
  }

  std::string_view text_;
  std::string_view rest_;
  std::array<TextSpan, 2> values_{};
  std::size_t values_read_ = 0;
};

}  // namespace

// The nodes go at once: a run over thousands of partitions reads each of them many times in one memory context. An
// error leaves them to the end of that context.
RawBound read_any_bound(const std::string& node_tree) {
  const char* const text = node_tree.c_str();
  MemoryContext nodes = nullptr;
  const auto* const spec = guarded([text, &nodes] {
    nodes = AllocSetContextCreate(CurrentMemoryContext, "pg_strata partition bound", ALLOCSET_SMALL_SIZES);
    const MemoryContext outside = MemoryContextSwitchTo(nodes);
    auto* const tree = static_cast<PartitionBoundSpec*>(stringToNode(text));
    MemoryContextSwitchTo(outside);
    return tree;
  });
  RawBound bound;
  bound.is_default = spec->is_default;
  if (!spec->is_default && spec->strategy == PARTITION_STRATEGY_RANGE)
    bound.readable =
        read_end(spec->lowerdatums, bound.lower, bound.type) && read_end(spec->upperdatums, bound.upper, bound.type);
  if (!spec->is_default && spec->strategy == PARTITION_STRATEGY_LIST)
    bound.readable = read_list(spec->listdatums, bound);
  MemoryContextDelete(nodes);
  return bound;
}

std::optional<RawBound> read_plain_bound(std::string_view node_tree) noexcept {
  return BoundText(node_tree).read();
}

// The same words around the values, and nothing else.
bool BoundReader::is_like_last(std::string_view node_tree) noexcept {
  if (last_.empty()) return false;
  std::string_view rest = node_tree;
  const std::string_view last = last_;
  std::array<std::int64_t, 2> ticks{};
  std::size_t from = 0;
  for (std::size_t n = 0; n < values_.size(); ++n) {
    if (!skip_word(rest, last.substr(from, values_[n].begin - from))) return false;
    const std::optional<Datum> value = read_datum(rest);
    if (!value) return false;
    ticks[n] = integer_of(bound_.type, *value).value_or(0);
    from = values_[n].end;
  }
  if (rest != last.substr(from)) return false;
  bound_.lower.value = ticks[0];
  bound_.upper.value = ticks[1];
  return true;
}

RawBound BoundReader::read(std::string_view node_tree) {
  if (is_like_last(node_tree)) return bound_;
  BoundText text(node_tree);
  const std::optional<RawBound> bound = text.read();
  if (!bound) return read_any_bound(std::string(node_tree));
  if (text.has_values()) {
    last_ = node_tree;
    values_ = text.values();
    bound_ = *bound;
  }
  return *bound;
}

RawBound read_bound(std::string_view node_tree) {
  if (const std::optional<RawBound> bound = read_plain_bound(node_tree)) return *bound;
  return read_any_bound(std::string(node_tree));
}

}  // namespace strata::pg
