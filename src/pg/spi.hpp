// SQL from C++: one connection per entry, typed parameters, rows that read as values.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

enum class Atomicity : std::uint8_t { Atomic, MayCommit };

// The SPI connection of one entry call. On an error the abort closes it.
class SpiConnection {
 public:
  explicit SpiConnection(Atomicity atomicity);
  SpiConnection(const SpiConnection&) = delete;
  SpiConnection& operator=(const SpiConnection&) = delete;
  ~SpiConnection();

 private:
  int exceptions_;
};

// Parameters of one statement, $1 onwards.
class Params {
 public:
  Params& text(std::string_view value);
  Params& text_or_null(const std::optional<std::string>& value);
  Params& oid(Oid value);
  Params& int4(std::int32_t value);
  Params& int8(std::int64_t value);
  Params& boolean(bool value);
  Params& oids(std::span<const Oid> values);
  Params& texts(std::span<const std::string> values);
  Params& int8s(std::span<const std::int64_t> values);
  Params& datum(Oid type, Datum value);
  Params& null(Oid type);
  [[nodiscard]] int count() const noexcept { return static_cast<int>(types_.size()); }
  [[nodiscard]] Oid* types() const noexcept { return const_cast<Oid*>(types_.data()); }
  [[nodiscard]] Datum* values() const noexcept { return const_cast<Datum*>(values_.data()); }
  [[nodiscard]] const char* nulls() const noexcept { return nulls_.c_str(); }

 private:
  Params& add(Oid type, Datum value, bool is_null);
  std::vector<Oid> types_;
  std::vector<Datum> values_;
  std::string nulls_;
};

// The rows of one query. Columns are counted from 0. Reading a NULL as a value gives 0, false or "".
class Rows {
 public:
  explicit Rows(SPITupleTable* table, std::uint64_t processed) noexcept : table_(table), processed_(processed) {}
  Rows(Rows&& other) noexcept : table_(std::exchange(other.table_, nullptr)), processed_(other.processed_) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  Rows& operator=(Rows&&) = delete;
  ~Rows();
  [[nodiscard]] std::size_t size() const noexcept { return table_ != nullptr ? table_->numvals : 0; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  // Rows read or changed by the statement.
  [[nodiscard]] std::uint64_t processed() const noexcept { return processed_; }
  [[nodiscard]] bool null(std::size_t row, int column) const;
  [[nodiscard]] Datum datum(std::size_t row, int column) const;
  [[nodiscard]] bool boolean(std::size_t row, int column) const { return DatumGetBool(datum(row, column)); }
  [[nodiscard]] char character(std::size_t row, int column) const { return DatumGetChar(datum(row, column)); }
  [[nodiscard]] Oid oid(std::size_t row, int column) const { return DatumGetObjectId(datum(row, column)); }
  [[nodiscard]] std::int16_t int2(std::size_t row, int column) const { return DatumGetInt16(datum(row, column)); }
  [[nodiscard]] std::int32_t int4(std::size_t row, int column) const { return DatumGetInt32(datum(row, column)); }
  [[nodiscard]] std::int64_t int8(std::size_t row, int column) const { return DatumGetInt64(datum(row, column)); }
  [[nodiscard]] float real(std::size_t row, int column) const { return DatumGetFloat4(datum(row, column)); }
  // text and name columns.
  [[nodiscard]] std::string text(std::size_t row, int column) const;
  [[nodiscard]] std::optional<std::string> optional_text(std::size_t row, int column) const;
  // The same without a copy where the value is stored plainly; good until the rows or `copy` go.
  [[nodiscard]] std::string_view text_view(std::size_t row, int column, std::string& copy) const;

 private:
  SPITupleTable* table_;
  std::uint64_t processed_;
};

// The rows of a query a batch at a time, so that memory stays small however many there are.
class Cursor {
 public:
  explicit Cursor(const std::string& sql, const Params& params = {});
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor();
  // Empty at the end.
  [[nodiscard]] Rows next(long count);

 private:
  Portal portal_ = nullptr;
};

enum class Access : std::uint8_t { ReadOnly, ReadWrite };

// Reads with the caller's snapshot when read only; throws what the server reports.
[[nodiscard]] Rows query(const std::string& sql, const Params& params = {}, Access access = Access::ReadWrite);
// Runs a statement and gives the number of rows it changed.
std::uint64_t execute(const std::string& sql, const Params& params = {});

// One table of a statement on which the rights of another role count than of him who runs it. Without a relation: none.
struct CheckAs {
  Oid relation = InvalidOid;
  Oid role = InvalidOid;
};
// As query(), but access to that table is checked as a view's access to its tables is: against the given role. All code
// that the statement runs still runs as the current user.
[[nodiscard]] Rows query_checked_as(const std::string& sql, const CheckAs& check);
// For the mover, which works on the rows while it reads them.
[[nodiscard]] Portal open_row_cursor(const std::string& sql);

// Quoted by PostgreSQL itself.
[[nodiscard]] std::string quote_ident(std::string_view name);
[[nodiscard]] std::string quote_literal(std::string_view text);
[[nodiscard]] std::string qualified(std::string_view schema, std::string_view name);

// Messages to the client; the texts follow PostgreSQL's style guide.
struct Message {
  int level = NOTICE;
  int sqlstate = 0;
  std::string message = {};
  std::string detail = {};
  std::string hint = {};
};
void report(const Message& message);

}  // namespace strata::pg
