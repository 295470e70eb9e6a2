// The border between PostgreSQL's longjmp errors and C++ exceptions. There is no other sigsetjmp in the tree.
//
//   guarded(f)   runs f, which may ereport; an error arrives here by longjmp and leaves as a C++ exception (PgError).
//                f may own nothing that needs a destructor: its frames are jumped over. Objects outside are unwound.
//   boundary(f)  the outermost frame of every extern "C" entry: whatever C++ throws leaves as a PostgreSQL error,
//                after every destructor has run. An exception that escaped would end the whole server.
//
// An error keeps its SQLSTATE, detail, context and object names across both.
#pragma once

#include "pg/postgres.hpp"

namespace strata::pg {

// A PostgreSQL error on its way up. The ErrorData lives in the memory context of the boundary that will re-raise it.
class PgError {
 public:
  explicit PgError(ErrorData* data) noexcept : data_(data) {}
  [[nodiscard]] ErrorData* data() const noexcept { return data_; }
  [[nodiscard]] int sqlstate() const noexcept { return data_->sqlerrcode; }
  // A cancel request, a timeout or a shutdown: whoever catches it must end, too. Code of a table's owner can raise the
  // same SQLSTATEs, and must not be able to end more than the work on that table.
  [[nodiscard]] bool is_interrupt() const noexcept;
  [[nodiscard]] std::string message() const { return data_->message != nullptr ? data_->message : ""; }
  [[nodiscard]] std::string detail() const { return data_->detail != nullptr ? data_->detail : ""; }
  [[nodiscard]] std::string hint() const { return data_->hint != nullptr ? data_->hint : ""; }

 private:
  ErrorData* data_;
};

// An error of our own. Schema and table, when set, fill the protocol's error fields.
struct Raise {
  int sqlstate = ERRCODE_INTERNAL_ERROR;
  std::string message = {};
  std::string detail = {};
  std::string hint = {};
  std::string schema = {};
  std::string table = {};
};

// "42501"
[[nodiscard]] std::string sqlstate_text(int sqlstate);

namespace raw {

// Where errors are kept while they travel; set by boundary, restored when it leaves.
[[nodiscard]] MemoryContext exchange_error_context(MemoryContext context) noexcept;

// Saves what PG_TRY saves. Its destructor also runs when f throws a C++ exception, so the stacks never dangle.
class ErrorStack {
 public:
  ErrorStack() noexcept
      : handler_(PG_exception_stack), callbacks_(error_context_stack), memory_(CurrentMemoryContext) {}
  ErrorStack(const ErrorStack&) = delete;
  ErrorStack& operator=(const ErrorStack&) = delete;
  ~ErrorStack() { restore(); }
  void restore() const noexcept {
    PG_exception_stack = handler_;
    error_context_stack = callbacks_;
  }
  [[nodiscard]] MemoryContext memory() const noexcept { return memory_; }

 private:
  sigjmp_buf* handler_;
  ErrorContextCallback* callbacks_;
  MemoryContext memory_;
};

// Copies the error out of PostgreSQL's error stack, clears that stack and throws.
[[noreturn]] void throw_current_error(MemoryContext memory);

// What boundary re-raises; plain data, so that the jump skips no destructor.
struct Failure {
  ErrorData* error = nullptr;
  int sqlstate = 0;
  char* message = nullptr;
  char* detail = nullptr;
  char* hint = nullptr;
  char* schema = nullptr;
  char* table = nullptr;
};
[[nodiscard]] Failure describe(const Raise& raise, MemoryContext context) noexcept;
// To be called inside a catch block: turns the exception in flight into plain data.
[[nodiscard]] Failure describe_current(MemoryContext context) noexcept;
[[noreturn]] void raise_failure(const Failure& failure);

}  // namespace raw

template <class F>
std::invoke_result_t<F&> guarded(F&& f) {
  using R = std::invoke_result_t<F&>;
  static_assert(std::is_void_v<R> || std::is_trivially_destructible_v<R>, "a guarded call must not return an owner");
  const raw::ErrorStack saved;
  sigjmp_buf here;
  if (sigsetjmp(here, 0) == 0) {
    PG_exception_stack = &here;
    return f();
  }
  saved.restore();
  raw::throw_current_error(saved.memory());
}

template <class F>
Datum boundary(F&& f) {
  const MemoryContext entry = CurrentMemoryContext;
  const MemoryContext outer = raw::exchange_error_context(entry);
  raw::Failure failure;
  try {
    const Datum result = f();
    (void)raw::exchange_error_context(outer);
    return result;
  } catch (...) {
    failure = raw::describe_current(entry);
  }
  (void)raw::exchange_error_context(outer);
  raw::raise_failure(failure);
}

// CHECK_FOR_INTERRUPTS that unwinds.
inline void check_interrupts() {
  if (INTERRUPTS_PENDING_CONDITION()) guarded([] { CHECK_FOR_INTERRUPTS(); });
}

}  // namespace strata::pg
