#include "ops/fail.hpp"

namespace strata::ops {

int sqlstate_of(core::Code code) noexcept {
  switch (code) {
    case core::Code::InvalidParameterValue:
      return ERRCODE_INVALID_PARAMETER_VALUE;
    case core::Code::InvalidTextRepresentation:
      return ERRCODE_INVALID_TEXT_REPRESENTATION;
    case core::Code::DatetimeOverflow:
      return ERRCODE_DATETIME_FIELD_OVERFLOW;
    case core::Code::NumericOverflow:
      return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case core::Code::FeatureNotSupported:
      return ERRCODE_FEATURE_NOT_SUPPORTED;
    case core::Code::UndefinedTable:
      return ERRCODE_UNDEFINED_TABLE;
    case core::Code::UndefinedFunction:
      return ERRCODE_UNDEFINED_FUNCTION;
    case core::Code::UndefinedColumn:
      return ERRCODE_UNDEFINED_COLUMN;
    case core::Code::WrongObjectType:
      return ERRCODE_WRONG_OBJECT_TYPE;
    case core::Code::InvalidObjectDefinition:
      return ERRCODE_INVALID_OBJECT_DEFINITION;
    case core::Code::DuplicateTable:
      return ERRCODE_DUPLICATE_TABLE;
    case core::Code::InvalidName:
      return ERRCODE_INVALID_NAME;
    case core::Code::DatatypeMismatch:
      return ERRCODE_DATATYPE_MISMATCH;
    case core::Code::InsufficientPrivilege:
      return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case core::Code::NotInPrerequisiteState:
      return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    case core::Code::ObjectInUse:
      return ERRCODE_OBJECT_IN_USE;
    case core::Code::LockNotAvailable:
      return ERRCODE_LOCK_NOT_AVAILABLE;
    case core::Code::ProgramLimitExceeded:
      return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case core::Code::CheckViolation:
      return ERRCODE_CHECK_VIOLATION;
  }
  return ERRCODE_INTERNAL_ERROR;
}

core::Code code_of(int sqlstate) noexcept {
  for (int n = 0; n <= static_cast<int>(core::Code::CheckViolation); ++n)
    if (sqlstate_of(static_cast<core::Code>(n)) == sqlstate) return static_cast<core::Code>(n);
  return core::Code::InvalidParameterValue;
}

pg::Raise to_raise(const core::Refusal& refusal) {
  return {.sqlstate = sqlstate_of(refusal.code),
          .message = refusal.message,
          .detail = refusal.detail,
          .hint = refusal.hint,
          .schema = {},
          .table = refusal.table};
}

pg::Raise raise_of(const pg::PgError& error) {
  return {.sqlstate = error.sqlstate(),
          .message = error.message(),
          .detail = error.detail(),
          .hint = error.hint(),
          .schema = {},
          .table = {}};
}

void refuse(core::Code code, std::string message, std::string hint, std::string detail) {
  throw to_raise({.code = code, .message = std::move(message), .detail = std::move(detail), .hint = std::move(hint)});
}

}  // namespace strata::ops
