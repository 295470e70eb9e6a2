// Functions for test/t/024_guard.pl, which creates them itself: pushes src/pg/guard.hpp and its neighbours to their
// edges. Absent from the shipped build.
#ifdef STRATA_TESTING

#include "entry/entry.hpp"
#include "pg/bound_reader.hpp"
#include "pg/scope.hpp"
#include "pg/xact.hpp"

namespace strata::entry {

namespace {

// Alive while an error passes: leaks show in the size of the process, since every byte is written.
class Ballast {
 public:
  Ballast() : bytes_(std::size_t{1} << 20U, 'x') { ++alive; }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;
  ~Ballast() { --alive; }
  static inline int alive = 0;

 private:
  std::string bytes_;
};

void add_context(void* text) {
  errcontext("%s", static_cast<const char*>(text));
}

// An error with every field set, and one line of context.
void ereport_everything() {
  ErrorContextCallback callback{
      .previous = error_context_stack, .callback = add_context, .arg = const_cast<char*>("context of the error")};
  error_context_stack = &callback;
  ereport(ERROR,
          (errcode(ERRCODE_EXCLUSION_VIOLATION), errmsg("message of the error"), errdetail("detail of the error"),
           errhint("hint of the error"), err_generic_string(PG_DIAG_SCHEMA_NAME, "a schema"),
           err_generic_string(PG_DIAG_TABLE_NAME, "a table"), err_generic_string(PG_DIAG_COLUMN_NAME, "a column"),
           err_generic_string(PG_DIAG_DATATYPE_NAME, "a type"),
           err_generic_string(PG_DIAG_CONSTRAINT_NAME, "a constraint")));
}

[[noreturn]] void raise_our_own() {
  throw pg::Raise{.sqlstate = ERRCODE_EXCLUSION_VIOLATION,
                  .message = "message of the error",
                  .detail = "detail of the error",
                  .hint = "hint of the error",
                  .schema = "a schema",
                  .table = "a table"};
}

void raise(const std::string& how) {
  const Ballast ballast;
  if (how == "ereport") pg::guarded([] { ereport_everything(); });
  if (how == "Raise") raise_our_own();
  if (how == "bad_alloc") ::operator delete(::operator new(std::size_t{1} << 60U));
  if (how == "runtime_error") throw std::runtime_error("thrown by the standard library");
  if (how == "int") throw 42;
}

// n errors caught inside one call; gives how many were.
std::int32_t catch_errors(std::int32_t n) {
  std::int32_t caught = 0;
  for (std::int32_t i = 0; i < n; ++i) {
    try {
      raise("ereport");
    } catch (const pg::PgError& error) {
      if (error.detail() == "detail of the error") ++caught;
    }
  }
  return caught;
}

std::string setting(const char* name) {
  const char* const value = pg::guarded([name] { return GetConfigOption(name, false, false); });
  return std::string(name) + " = " + value;
}

// Who this backend is and how it is set. Not asked by SQL: pg::query brings its own settings where they are not safe.
std::string state() {
  Oid user = InvalidOid;
  int security = 0;
  GetUserIdAndSecContext(&user, &security);
  std::string text = pg::role_name(user) + ", security context " + std::to_string(security);
  for (const char* const name : {"search_path", "datestyle", "row_security", "lock_timeout"})
    text += ", " + setting(name);
  return text;
}

struct Place {
  MemoryContext memory = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  sigjmp_buf* handler = PG_exception_stack;
  ErrorContextCallback* callbacks = error_context_stack;
  std::string state = entry::state();
  friend bool operator==(const Place&, const Place&) = default;
};

// Leaves as much behind as it can, then fails.
[[noreturn]] void make_a_mess(Oid owner, const std::string& sql) {
  const pg::OwnerScope as_owner(owner);
  pg::set_local("lock_timeout", "4711");
  (void)pg::execute(sql);
  pg::guarded([] {
    MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext, "left behind", ALLOCSET_DEFAULT_SIZES));
  });
  raise("ereport");
  throw std::logic_error("no error was raised");
}

std::string after_failed_subtransaction(Oid owner, const std::string& sql) {
  const Place before;
  try {
    pg::in_subtransaction([&] { make_a_mess(owner, sql); });
  } catch (const pg::PgError& error) {
    if (error.message() != "message of the error") throw;
  }
  const Place after;
  return before == after ? "as before" : "before: " + before.state + "; after: " + after.state;
}

void say(const std::string& when) {
  pg::report({.level = NOTICE, .message = when + ": " + state()});
}

// As the product does it: the scope ends, then the commit.
void scope_then_commit(Oid owner) {
  say("before");
  {
    const pg::OwnerScope as_owner(owner);
    say("inside");
  }
  pg::commit_and_start();
  say("after commit");
}

// As it must not be done (truths 27): the commit ends the settings, not the user switch.
void commit_inside(Oid owner) {
  say("before");
  Oid user = InvalidOid;
  int security = 0;
  GetUserIdAndSecContext(&user, &security);
  pg::guarded([] {
    (void)NewGUCNestLevel();
    (void)set_config_option("search_path", "pg_catalog", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  });
  SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
  pg::commit_and_start();
  say("after commit");
  SetUserIdAndSecContext(user, security);
}

void try_scope(Oid owner, const std::string& how) {
  if (how == "commit") return scope_then_commit(owner);
  if (how == "commit inside") return commit_inside(owner);
  const pg::OwnerScope as_owner(owner);
  say("inside");
  raise(how);
}

// Whether our own reader of a stored bound says what PostgreSQL's says; empty when ours leaves it to that.
std::optional<bool> readers_agree(const std::string& bound) {
  const std::optional<pg::RawBound> ours = pg::read_plain_bound(bound);
  if (!ours) return std::nullopt;
  return *ours == pg::read_any_bound(bound);
}

}  // namespace

}  // namespace strata::entry

extern "C" {

PG_FUNCTION_INFO_V1(strata_test_catch);
PG_FUNCTION_INFO_V1(strata_test_raise);
PG_FUNCTION_INFO_V1(strata_test_direct);
PG_FUNCTION_INFO_V1(strata_test_alive);
PG_FUNCTION_INFO_V1(strata_test_run);
PG_FUNCTION_INFO_V1(strata_test_subtransaction);
PG_FUNCTION_INFO_V1(strata_test_scope);
PG_FUNCTION_INFO_V1(strata_test_bound);

Datum strata_test_bound(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const std::optional<bool> agree =
        strata::entry::readers_agree(strata::entry::Args(fcinfo).required_text(0, "bound"));
    return agree ? BoolGetDatum(*agree) : strata::entry::nothing(fcinfo);
  });
}

Datum strata_test_catch(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    return Int32GetDatum(strata::entry::catch_errors(*args.int4(0)));
  });
}

Datum strata_test_raise(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    strata::entry::raise(strata::entry::Args(fcinfo).required_text(0, "how"));
    return Datum{0};
  });
}

// The same error without any C++ around it: what the others must equal.
Datum strata_test_direct(FunctionCallInfo /*fcinfo*/) {
  strata::entry::ereport_everything();
  return Datum{0};
}

// Ballasts whose destructor has not run.
Datum strata_test_alive(FunctionCallInfo /*fcinfo*/) {
  return Int32GetDatum(strata::entry::Ballast::alive);
}

Datum strata_test_run(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
    const strata::entry::Ballast ballast;
    (void)strata::pg::execute(args.required_text(0, "statement"));
    return Datum{0};
  });
}

Datum strata_test_subtransaction(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    std::string text;
    {
      const strata::pg::SpiConnection spi(strata::pg::Atomicity::Atomic);
      text = strata::entry::after_failed_subtransaction(DatumGetObjectId(args.datum(0)),
                                                        args.required_text(1, "statement"));
    }
    return strata::entry::cell(text).value;
  });
}

Datum strata_test_scope(FunctionCallInfo fcinfo) {
  return strata::pg::boundary([&]() -> Datum {
    const strata::entry::Args args(fcinfo);
    const strata::pg::SpiConnection spi(args.may_commit() ? strata::pg::Atomicity::MayCommit
                                                          : strata::pg::Atomicity::Atomic);
    strata::entry::try_scope(DatumGetObjectId(args.datum(0)), args.required_text(1, "how"));
    return Datum{0};
  });
}

}  // extern "C"

#endif  // STRATA_TESTING
