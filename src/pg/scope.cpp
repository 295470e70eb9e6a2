#include "pg/scope.hpp"

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

OwnerScope::OwnerScope(Oid owner) : nest_level_(open_settings(true)), exceptions_(std::uncaught_exceptions()) {
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
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
  set_local("lock_timeout", std::to_string(std::max<std::int64_t>(1, left.count())));
}

bool lock_relation(Oid relation, LOCKMODE mode, const LockDeadline& deadline) {
  deadline.arm();
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
  return guarded([=] {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(NamespaceRelationId, schema, role, ACL_CREATE) == ACLCHECK_OK;
#else
    return pg_namespace_aclcheck(schema, role, ACL_CREATE) == ACLCHECK_OK;
#endif
  });
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
