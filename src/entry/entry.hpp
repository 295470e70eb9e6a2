// What every extern "C" function shares: reading arguments, writing rows, the boundary.
#pragma once

#include "pg/guard.hpp"
#include "pg/spi.hpp"

namespace strata::entry {

// Arguments by position, counted from 0. Texts are copied out of PostgreSQL's memory.
class Args {
 public:
  explicit Args(FunctionCallInfo info) noexcept : info_(info) {}
  [[nodiscard]] Oid function() const noexcept { return info_->flinfo->fn_oid; }
  [[nodiscard]] bool null(int n) const noexcept { return info_->args[n].isnull; }
  [[nodiscard]] std::optional<std::string> text(int n) const;
  // Raises 22004 naming the parameter when NULL.
  [[nodiscard]] std::string required_text(int n, const char* parameter) const;
  [[nodiscard]] bool boolean(int n, bool otherwise) const noexcept {
    return null(n) ? otherwise : DatumGetBool(info_->args[n].value);
  }
  [[nodiscard]] std::optional<std::int32_t> int4(int n) const noexcept {
    return null(n) ? std::nullopt : std::optional(DatumGetInt32(info_->args[n].value));
  }
  [[nodiscard]] std::optional<std::int64_t> int8(int n) const noexcept {
    return null(n) ? std::nullopt : std::optional(DatumGetInt64(info_->args[n].value));
  }
  [[nodiscard]] Datum datum(int n) const noexcept { return info_->args[n].value; }
  // numeric as double.
  [[nodiscard]] std::optional<double> numeric(int n) const;
  // Elements of a text[]; NULL elements are skipped.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(int n) const;
  // Elements of a bigint[] or timestamptz[]; raises 22004 on a NULL array or element.
  [[nodiscard]] std::vector<std::int64_t> integers(int n, const char* parameter) const;
  // Whether a CALL may commit: not inside a transaction block, function or DO with EXCEPTION.
  [[nodiscard]] bool may_commit() const noexcept;
  [[nodiscard]] FunctionCallInfo info() const noexcept { return info_; }

 private:
  FunctionCallInfo info_;
};

// Raises 2D000 before any work when the call may not commit after every unit; the hint names what to do instead.
void require_committing(const Args& args, const char* procedure, const char* unit, const char* hint);

// A cell of a result row.
struct Cell {
  Datum value = 0;
  bool is_null = true;
};
[[nodiscard]] Cell cell(const std::string& text);
[[nodiscard]] Cell cell(const std::optional<std::string>& text);
[[nodiscard]] Cell cell_int4(std::int32_t value) noexcept;
[[nodiscard]] Cell cell_int8(std::int64_t value) noexcept;
[[nodiscard]] Cell cell_bool(bool value) noexcept;
[[nodiscard]] Cell cell_timestamptz(std::optional<std::int64_t> utc) noexcept;
[[nodiscard]] inline Cell null_cell() noexcept {
  return {};
}

// Materialised result of a set-returning function. Make it before connecting SPI: rows must outlive the connection.
class RowWriter {
 public:
  explicit RowWriter(FunctionCallInfo info);
  void add(std::span<const Cell> cells);

 private:
  ReturnSetInfo* result_;
};

// Result of a function with several OUT parameters.
[[nodiscard]] Datum composite(FunctionCallInfo info, std::span<const Cell> cells);

[[nodiscard]] inline Datum nothing(FunctionCallInfo info) noexcept {
  info->isnull = true;
  return Datum{0};
}

}  // namespace strata::entry
