#include "pg/guard.hpp"

namespace strata::pg {

bool PgError::is_interrupt() const noexcept {
  const int state = sqlstate();
  const bool looks_so =
      state == ERRCODE_QUERY_CANCELED || state == ERRCODE_ADMIN_SHUTDOWN || state == ERRCODE_CRASH_SHUTDOWN;
  return looks_so && data_->funcname != nullptr && std::strcmp(data_->funcname, "ProcessInterrupts") == 0;
}

}  // namespace strata::pg

namespace strata::pg::raw {

namespace {

// Not configuration and not shared: the error channel of the one call that runs in this backend, nested by hand.
MemoryContext error_context = nullptr;

char* keep(const std::string& text, MemoryContext context) noexcept {
  if (text.empty()) return nullptr;
  auto* copy = static_cast<char*>(MemoryContextAllocExtended(context, text.size() + 1, MCXT_ALLOC_NO_OOM));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

// The last resort: a std:: exception is a bug or an exhausted machine, never a user's mistake.
Failure describe_foreign(int sqlstate, const char* what, MemoryContext context) noexcept {
  Failure failure;
  failure.sqlstate = sqlstate;
  auto* copy = static_cast<char*>(MemoryContextAllocExtended(context, 256, MCXT_ALLOC_NO_OOM));
  if (copy != nullptr) strlcpy(copy, what, 256);
  failure.message = copy;
  return failure;
}

}  // namespace

MemoryContext exchange_error_context(MemoryContext context) noexcept {
  return std::exchange(error_context, context);
}

void throw_current_error(MemoryContext memory) {
  MemoryContextSwitchTo(error_context != nullptr ? error_context : TopTransactionContext);
  ErrorData* const error = CopyErrorData();
  FlushErrorState();
  MemoryContextSwitchTo(memory);
  throw PgError(error);
}

Failure describe(const Raise& raise, MemoryContext context) noexcept {
  Failure failure;
  failure.sqlstate = raise.sqlstate;
  failure.message = keep(raise.message, context);
  failure.detail = keep(raise.detail, context);
  failure.hint = keep(raise.hint, context);
  failure.schema = keep(raise.schema, context);
  failure.table = keep(raise.table, context);
  return failure;
}

Failure describe_current(MemoryContext context) noexcept {
  try {
    throw;
  } catch (const PgError& e) {
    Failure failure;
    failure.error = e.data();
    return failure;
  } catch (const Raise& e) {
    return describe(e, context);
  } catch (const std::bad_alloc&) {
    return describe_foreign(ERRCODE_OUT_OF_MEMORY, "out of memory", context);
  } catch (const std::exception& e) {
    return describe_foreign(ERRCODE_INTERNAL_ERROR, e.what(), context);
  } catch (...) {
    return describe_foreign(ERRCODE_INTERNAL_ERROR, "unknown C++ exception", context);
  }
}

void raise_failure(const Failure& failure) {
  if (failure.error != nullptr) ReThrowError(failure.error);
  ereport(ERROR, (errcode(failure.sqlstate),
                  errmsg_internal("%s", failure.message != nullptr ? failure.message : "out of memory"),
                  failure.detail != nullptr ? errdetail_internal("%s", failure.detail) : 0,
                  failure.hint != nullptr ? errhint("%s", failure.hint) : 0,
                  failure.schema != nullptr ? err_generic_string(PG_DIAG_SCHEMA_NAME, failure.schema) : 0,
                  failure.table != nullptr ? err_generic_string(PG_DIAG_TABLE_NAME, failure.table) : 0));
  pg_unreachable();
}

}  // namespace strata::pg::raw

namespace strata::pg {

std::string sqlstate_text(int sqlstate) {
  return unpack_sql_state(sqlstate);
}

}  // namespace strata::pg
