// How the key of a set is stored, where that is not what core counts in.
//
//   Native   timestamptz, timestamp, date, int2, int4, int8    the tick itself
//   Epoch    integers and numeric as seconds since 1970 ...    an instant, whole seconds in bounds (contract 0.7)
//   Numeric  numeric                                           the number rounded down; bounds are whole numbers
//   Uuid7    our own encoder and decoder                       an instant, to the millisecond; computed here
//   Foreign  any other encoder and decoder (contract 8.10)     an instant, as the two functions say
//
// A codec turns stored bounds into ticks when partitions are read, ticks into the text of a bound when statements are
// written, and says how a key is read out of a row. Foreign functions are other people's code: they run as the owner of
// the set in his restricted context, in the set's time zone, and in one query for many values.
#pragma once

#include "core/bound.hpp"
#include "core/epoch.hpp"
#include "core/result.hpp"
#include "pg/bound_reader.hpp"
#include "pg/spi.hpp"

namespace strata::ops {

// A function that time_encoder or time_decoder names, found in the catalogs.
struct KeyFunction {
  std::string quoted;
  bool ours = false;  // uuid7_time_encoder or uuid7_time_decoder of this extension
};
enum class KeyRole : std::uint8_t { Encoder, Decoder };
struct KeyFunctionName {
  std::string name;  // schema.function, or a function of our schema or pg_catalog
  KeyRole role = KeyRole::Encoder;
};
// Each resolves to exactly one function of one argument, timestamptz to text or uuid, or text to timestamptz. One
// query for all.
[[nodiscard]] std::vector<core::Result<KeyFunction>> find_key_functions(const std::string& extension_schema,
                                                                        std::span<const KeyFunctionName> names);

// What decides on the codec of a set.
struct KeyFacts {
  std::string set;  // for messages
  std::string column;
  Oid type = InvalidOid;
  Oid owner = InvalidOid;
  std::string epoch = "none";
  std::optional<std::string> time_zone;  // empty: the session's
  int lock_timeout_ms = 300;
  std::optional<KeyFunction> encoder;
  std::optional<KeyFunction> decoder;
};

// What core counts in for a column of this type; empty for types that no set can have.
[[nodiscard]] std::optional<core::KeyType> key_type_of(Oid type, std::string_view epoch = "none") noexcept;
// Types that are partitioned through an encoder and a decoder.
[[nodiscard]] bool needs_encoder(Oid type) noexcept;

class KeyCodec {
 public:
  KeyCodec() = default;
  [[nodiscard]] static core::Result<KeyCodec> choose(KeyFacts facts);

  [[nodiscard]] bool native() const noexcept { return kind_ == Kind::Native; }
  // Keys go through functions of others, whose order and inverse we have only their word for.
  [[nodiscard]] bool foreign() const noexcept { return kind_ == Kind::Foreign; }
  // -infinity and infinity are values of the key and of its ticks.
  [[nodiscard]] bool has_infinity() const noexcept;

  // Ranges of these bounds, in their order; remembers how the ends are written. Raises where a bound cannot be read.
  [[nodiscard]] std::vector<core::Range> decode(std::span<const pg::RawBound> bounds) const;

  // The finite end of a range as the server reads it, without quotes. Not for native keys.
  [[nodiscard]] std::string text(core::Tick tick) const;
  // Whether the type of the key has room for it, as far as that can be told without calling anybody.
  [[nodiscard]] bool has_room_for(core::Tick tick) const noexcept;
  // Writes many at once where that costs a query; text() then finds them.
  void prepare(std::span<const core::Range> ranges) const;
  // The tick that a bound asked for can have at best.
  [[nodiscard]] core::Tick snap(core::Tick tick) const noexcept;

  // A key in a query's result: the expression to select, and what its value means. Raises where it has no tick.
  [[nodiscard]] std::string row_expression(const std::string& key) const;
  [[nodiscard]] core::Tick row_tick(const pg::Rows& rows, std::size_t row, int column) const;
  // Condition that leaves out what has no place in any range: NULL, infinities, not a number.
  [[nodiscard]] std::string finite_condition(const std::string& key) const;
  // Epoch keys as timestamptz, in whole seconds (contract 0.7). Keys before 1970 are cut off towards it, so they have
  // none.
  [[nodiscard]] bool has_time_expression(core::Tick lowest) const noexcept;
  [[nodiscard]] std::string time_expression(const std::string& key) const;

  // "pg_catalog.int8": the column's type, for constants.
  [[nodiscard]] std::string type_name() const;

 private:
  enum class Kind : std::uint8_t { Native, Epoch, Numeric, Uuid7, Foreign };

  [[nodiscard]] bool by_text() const noexcept { return kind_ == Kind::Uuid7 || kind_ == Kind::Foreign; }
  // Whether bounds and keys are read as text.
  [[nodiscard]] bool reads_text() const noexcept { return by_text() || facts_.type == NUMERICOID; }
  [[nodiscard]] core::Tick decode_number(std::int64_t number) const;
  [[nodiscard]] std::vector<core::Tick> decode_texts(std::span<const std::string> texts) const;
  [[nodiscard]] std::vector<core::Tick> call_decoder(std::span<const std::string> texts) const;
  [[nodiscard]] std::vector<std::string> call_encoder(std::span<const core::Tick> ticks) const;
  [[nodiscard]] std::vector<std::string> encode(std::span<const core::Tick> ticks) const;
  [[nodiscard]] std::string encode_number(core::Tick tick) const;
  [[nodiscard]] std::string encode_uuid7(core::Tick tick) const;
  void remember(core::Tick tick, const std::string& text) const;
  void read_ends(std::span<const pg::RawBound> bounds, std::vector<core::Range>& ranges) const;

  Kind kind_ = Kind::Native;
  KeyFacts facts_;
  core::EpochUnit unit_ = core::EpochUnit::Seconds;
  // Bounds of this set as they are written: stored ones verbatim, which need not be what the encoder gives. Shared by
  // the copies of a set, so that what is read under a lock costs no call again.
  struct Written {
    std::map<core::Tick, std::string> texts;
    std::map<std::string, core::Tick> ticks;
  };
  std::shared_ptr<Written> written_;
};

}  // namespace strata::ops
