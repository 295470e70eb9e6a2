#include "pg/scope.hpp"

#include "pg/spi.hpp"

extern "C" {
#include "catalog/pg_namespace.h"
#include "utils/rls.h"
}

namespace strata::pg {

namespace {

constexpr const char* kSearchPath = "pg_catalog, pg_temp";

void set_option(const char* name, const char* value) {
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

int open_settings(bool as_owner) {
  return guarded([=] {
    const int level = NewGUCNestLevel();
    set_option("search_path", kSearchPath);
    set_option("datestyle", "ISO, YMD");
    set_option("intervalstyle", "postgres");
    // Not for the caller's own reading: policies on the configuration tables say which sets are his (contract 2.5).
    if (as_owner) set_option("row_security", "off");
    return level;
  });
}

// A scope that ends by an error leaves its settings to the abort, which undoes the nest level by itself.
void close_settings(int level, int exceptions) noexcept {
  if (std::uncaught_exceptions() > exceptions) return;
  AtEOXact_GUC(false, level);
}

}  // namespace

namespace {

bool has_privilege(Oid schema, Oid role, AclMode mode) {
  return guarded([=] {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(NamespaceRelationId, schema, role, mode) == ACLCHECK_OK;
#else
    return pg_namespace_aclcheck(schema, role, mode) == ACLCHECK_OK;
#endif
  });
}

bool is_loan_needed(Oid schema, Oid role) {
  return OidIsValid(schema) && !XactReadOnly && !has_privilege(schema, role, ACL_USAGE) &&
         has_privilege(schema, GetUserId(), ACL_GRANT_OPTION_FOR(ACL_USAGE));
}

std::string schema_name(Oid schema) {
  const char* const name = guarded([=] { return static_cast<const char*>(get_namespace_name(schema)); });
  return name != nullptr ? name : "";
}

void change_grants(const std::string& statement) {
  const SettingsScope settings;
  set_local("lock_timeout", "1000");
  execute(statement);
}

}  // namespace

SchemaLoan::SchemaLoan(Oid schema, Oid role) : exceptions_(std::uncaught_exceptions()) {
  if (!is_loan_needed(schema, role)) return;
  const std::string target = " USAGE ON SCHEMA " + quote_ident(schema_name(schema));
  const std::string grantee = quote_ident(role_name(role));
  change_grants("GRANT" + target + " TO " + grantee);
  revoke_ = "REVOKE" + target + " FROM " + grantee;
}

SchemaLoan::~SchemaLoan() noexcept(false) {
  if (revoke_.empty() || std::uncaught_exceptions() > exceptions_) return;
  change_grants(revoke_);
}

OwnerScope::OwnerScope(Oid owner, Oid schema)
    : loan_(schema, owner), nest_level_(open_settings(true)), exceptions_(std::uncaught_exceptions()) {
  GetUserIdAndSecContext(&user_, &security_);
  SetUserIdAndSecContext(owner, security_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

OwnerScope::~OwnerScope() {
  SetUserIdAndSecContext(user_, security_);
  close_settings(nest_level_, exceptions_);
}

SettingsScope::SettingsScope() : nest_level_(open_settings(false)), exceptions_(std::uncaught_exceptions()) {}
SettingsScope::~SettingsScope() {
  close_settings(nest_level_, exceptions_);
}

bool names_are_safe() noexcept {
  return std::strcmp(namespace_search_path, kSearchPath) == 0;
}

void set_local(const char* name, const std::string& value) {
  const char* const text = value.c_str();
  guarded([=] { set_option(name, text); });
}

void LockDeadline::arm() const {
  set_local("lock_timeout", std::to_string(std::max<std::int64_t>(1, left())));
}

std::int64_t LockDeadline::left() const noexcept {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
  return std::max<std::int64_t>(0, left.count());
}

namespace {

std::chrono::steady_clock::duration lock_wait_total{0};
std::optional<std::chrono::steady_clock::time_point> keeps_out_since;

// Also of waits that end with an error.
class LockStopwatch {
 public:
  LockStopwatch() noexcept : start_(std::chrono::steady_clock::now()) {}
  LockStopwatch(const LockStopwatch&) = delete;
  LockStopwatch& operator=(const LockStopwatch&) = delete;
  ~LockStopwatch() { lock_wait_total += std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

LockWait::LockWait() noexcept : before_(lock_wait_total) {}

std::chrono::milliseconds LockWait::so_far() const noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(lock_wait_total - before_);
}

void forget_kept_out() noexcept {
  keeps_out_since.reset();
}

std::chrono::milliseconds kept_out_for() noexcept {
  if (!keeps_out_since) return {};
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - *keeps_out_since);
}

bool lock_relation(Oid relation, LOCKMODE mode, const LockDeadline& deadline) {
  deadline.arm();
  if (mode > ShareUpdateExclusiveLock && !keeps_out_since) keeps_out_since = std::chrono::steady_clock::now();
  const LockStopwatch stopwatch;
  return guarded([=] {
    LockRelationOid(relation, mode);
    return static_cast<bool>(SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)));
  });
}

Oid current_user() {
  return GetUserId();
}

bool is_superuser() {
  return guarded([] { return superuser(); });
}

bool has_rights_of(Oid role) {
  return guarded([=] { return has_privs_of_role(GetUserId(), role); });
}

bool may_create_in(Oid schema, Oid role) {
  return has_privilege(schema, role, ACL_CREATE);
}

bool may_select(Oid relation) {
  return guarded([=] { return pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK; });
}

bool hides_rows(Oid relation) {
  return guarded([=] { return check_enable_rls(relation, InvalidOid, true) == RLS_ENABLED; });
}

std::string role_name(Oid role) {
  const char* const name = guarded([=] { return static_cast<const char*>(GetUserNameFromId(role, true)); });
  return name != nullptr ? name : "";
}

}  // namespace strata::pg
