// From a refusal of the decision layer to an error of the server.
#pragma once

#include "core/result.hpp"
#include "pg/guard.hpp"

namespace strata::ops {

[[nodiscard]] int sqlstate_of(core::Code code) noexcept;
// The code with this SQLSTATE; InvalidParameterValue when there is none.
[[nodiscard]] core::Code code_of(int sqlstate) noexcept;
[[nodiscard]] pg::Raise to_raise(const core::Refusal& refusal);
// A name as messages show it. Not called `quoted`: std::quoted would be found as well, where the library brings it in.
[[nodiscard]] inline std::string in_quotes(std::string_view name) {
  return '"' + std::string(name) + '"';
}
[[noreturn]] void refuse(core::Code code, std::string message, std::string hint = {}, std::string detail = {});

// What the server raised, without its context.
[[nodiscard]] pg::Raise raise_of(const pg::PgError& error);

// What f raises becomes a value; a cancelled call must end, not go on. Whatever f had begun must be rolled back by
// then: a subtransaction within f, or an end of the transaction, sees to it.
template <class F>
std::optional<pg::Raise> failure_of(F&& f) {
  try {
    return f();
  } catch (const pg::PgError& error) {
    if (error.is_interrupt()) throw;
    return raise_of(error);
  } catch (const pg::Raise& raise) {
    return raise;
  }
}

// Runs f; a server error gets our hint where it brought none.
template <class F>
auto with_hint(const char* hint, F&& f) {
  try {
    return f();
  } catch (const pg::PgError& e) {
    if (!e.hint().empty()) throw;
    throw pg::Raise{.sqlstate = e.sqlstate(),
                    .message = e.message(),
                    .detail = e.detail(),
                    .hint = hint,
                    .schema = {},
                    .table = {}};
  }
}

// The value, or the refusal as an error.
template <class T>
T value_or_raise(core::Result<T> result) {
  if (!result) throw to_raise(result.refusal());
  return std::move(result).value();
}

}  // namespace strata::ops
