// A value or the reason why there is none. Expected failures of the decision layer are values, never exceptions.
#pragma once

#ifdef POSTGRES_H
#error "src/core must not see a PostgreSQL header"
#endif

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace strata::core {

// What a refusal means to a client; the entry layer maps each to one SQLSTATE.
enum class Code : std::uint8_t {
  InvalidParameterValue,      // 22023
  InvalidTextRepresentation,  // 22P02
  DatetimeOverflow,           // 22008
  NumericOverflow,            // 22003
  FeatureNotSupported,        // 0A000
  UndefinedTable,             // 42P01
  UndefinedColumn,            // 42703
  UndefinedFunction,          // 42883
  WrongObjectType,            // 42809
  InvalidObjectDefinition,    // 42P17
  DuplicateTable,             // 42P07
  InvalidName,                // 42602
  DatatypeMismatch,           // 42804
  InsufficientPrivilege,      // 42501
  NotInPrerequisiteState,     // 55000
  ObjectInUse,                // 55006
  LockNotAvailable,           // 55P03
  ProgramLimitExceeded,       // 54000
  CheckViolation,             // 23514
};

// Message parts follow PostgreSQL's style guide: lower-case primary without full stop; detail and hint are sentences.
struct Refusal {
  Code code = Code::InvalidParameterValue;
  std::string message = {};
  std::string detail = {};
  std::string hint = {};
  std::string table = {};  // that stands in the way, where it is one
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Result(Refusal refusal) : state_(std::move(refusal)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] explicit operator bool() const noexcept { return state_.index() == 0; }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }
  [[nodiscard]] const Refusal& refusal() const { return std::get<1>(state_); }

 private:
  std::variant<T, Refusal> state_;
};

}  // namespace strata::core
