// Partition bounds as typed values, read from pg_class.relpartbound without opening the table: loading a partition
// descriptor would run the owner's code (truths 24) and costs a rebuild after every ATTACH (truths 28).
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// One end of a single-column range: kind -1 MINVALUE, 0 value, 1 MAXVALUE. The value of timestamps, dates and integers
// as one integer, that of numeric, uuid, text and varchar as text.
struct RawEnd {
  int kind = 0;
  std::int64_t value = 0;
  std::string text = {};
  friend bool operator==(const RawEnd&, const RawEnd&) = default;
};

// A part of a text.
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct RawBound {
  bool is_default = false;
  bool readable = false;  // a range over one column of a type we know, or a list of integers or numerics
  int list_values = 0;    // of a list: how many; `lower` is the lowest of integers, the first of others
  Oid type = InvalidOid;  // of the values; InvalidOid when both ends are infinite
  RawEnd lower;
  RawEnd upper;
  friend bool operator==(const RawBound&, const RawBound&) = default;
};

[[nodiscard]] RawBound read_bound(std::string_view node_tree);
// The two ways it reads: our own, for the bounds that nearly all partitions have, and PostgreSQL's, for all others.
[[nodiscard]] std::optional<RawBound> read_plain_bound(std::string_view node_tree) noexcept;
[[nodiscard]] RawBound read_any_bound(const std::string& node_tree);

// Reads many bounds, one after the other: those of one set differ in the bytes of their two values only, so what is
// like the last one is not taken apart again.
class BoundReader {
 public:
  [[nodiscard]] RawBound read(std::string_view node_tree);

 private:
  [[nodiscard]] bool is_like_last(std::string_view node_tree) noexcept;

  std::string last_;  // read word for word; empty: none, or it has an infinite end
  std::array<TextSpan, 2> values_{};
  RawBound bound_;
};

}  // namespace strata::pg
