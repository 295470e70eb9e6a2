#include "pg/bound_reader.hpp"

namespace strata::pg {

namespace {

// Types whose Datum is one integer that sorts like the key.
std::optional<std::int64_t> integer_of(const Const& value) noexcept {
  switch (value.consttype) {
    case INT2OID:
      return DatumGetInt16(value.constvalue);
    case INT4OID:
      return DatumGetInt32(value.constvalue);
    case DATEOID:
      return DatumGetDateADT(value.constvalue);
    case INT8OID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return DatumGetInt64(value.constvalue);
    default:
      return std::nullopt;
  }
}

bool read_end(const List* ends, RawEnd& end, Oid& type) noexcept {
  if (list_length(ends) != 1) return false;
  const auto* const datum = static_cast<const PartitionRangeDatum*>(linitial(ends));
  end.kind = static_cast<int>(datum->kind);
  if (datum->kind != PARTITION_RANGE_DATUM_VALUE) return true;
  if (datum->value == nullptr || !IsA(datum->value, Const)) return false;
  const auto& value = *reinterpret_cast<const Const*>(datum->value);
  const std::optional<std::int64_t> number = value.constisnull ? std::nullopt : integer_of(value);
  if (!number) return false;
  end.value = *number;
  type = value.consttype;
  return true;
}

}  // namespace

// The nodes go at once: a run over thousands of partitions reads each of them many times in one memory context. An
// error leaves them to the end of that context.
RawBound read_bound(const std::string& node_tree) {
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
  MemoryContextDelete(nodes);
  return bound;
}

}  // namespace strata::pg
