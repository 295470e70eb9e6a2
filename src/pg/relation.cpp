#include "pg/relation.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>

extern "C" {
#include "catalog/namespace.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "common/relpath.h"
#include "storage/bufpage.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/varlena.h"
}

namespace strata::pg {

namespace {

// Files of the database's own tablespace lie in one directory; only others need to be asked for.
std::string path_of(Oid tablespace, Oid filenode) {
  if (tablespace == MyDatabaseTableSpace) return std::string(DatabasePath) + "/" + std::to_string(filenode);
#if PG_VERSION_NUM >= 180000
  return GetRelationPath(MyDatabaseId, tablespace, filenode, INVALID_PROC_NUMBER, MAIN_FORKNUM).str;
#elif PG_VERSION_NUM >= 170000
  const char* const path =
      guarded([=] { return GetRelationPath(MyDatabaseId, tablespace, filenode, INVALID_PROC_NUMBER, MAIN_FORKNUM); });
  return path;
#else
  const char* const path =
      guarded([=] { return GetRelationPath(MyDatabaseId, tablespace, filenode, InvalidBackendId, MAIN_FORKNUM); });
  return path;
#endif
}

// As many as fit where that cannot be told.
std::int64_t free_at(const char* path) {
  struct statvfs info{};
  if (statvfs(path, &info) != 0) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(info.f_bavail) * static_cast<std::int64_t>(info.f_frsize);
}

}  // namespace

std::int64_t free_bytes(Oid tablespace, Oid filenode) {
  const std::string path = path_of(OidIsValid(tablespace) ? tablespace : MyDatabaseTableSpace, filenode);
  return std::min(free_at(path.c_str()), free_at("pg_wal"));  // servers run in their data directory
}

std::int64_t file_bytes(Oid tablespace, Oid filenode) {
  constexpr std::int64_t kSegmentBytes = std::int64_t{RELSEG_SIZE} * BLCKSZ;
  if (!OidIsValid(filenode)) return 0;
  const std::string path = path_of(OidIsValid(tablespace) ? tablespace : MyDatabaseTableSpace, filenode);
  struct stat info{};
  std::int64_t bytes = 0;
  std::string segment = path;
  for (int n = 1; stat(segment.c_str(), &info) == 0; ++n) {
    bytes += info.st_size;
    if (info.st_size < kSegmentBytes) break;  // a further one can only hold what was cut off
    segment = path + "." + std::to_string(n);
  }
  return bytes;
}

bool file_is_empty(Oid tablespace, Oid filenode) {
  if (!OidIsValid(filenode)) return true;
  struct stat info{};
  const std::string path = path_of(OidIsValid(tablespace) ? tablespace : MyDatabaseTableSpace, filenode);
  return stat(path.c_str(), &info) != 0 || info.st_size == 0;
}

bool has_pending_events(Oid relation) {
  return guarded([=] { return AfterTriggerPendingOnRel(relation); });
}

DatabaseIdentity database_identity() noexcept {
  return {.system = GetSystemIdentifier(), .database = MyDatabaseId};
}

bool in_recovery() noexcept {
  return RecoveryInProgress();
}

bool extension_installed(const char* name) {
  return guarded([name] { return OidIsValid(get_extension_oid(name, true)); });
}

int relations_named(const char* name) {
  return guarded([name] {
    CatCList* const found = SearchSysCacheList1(RELNAMENSP, CStringGetDatum(name));
    const int count = found->n_members;
    ReleaseCatCacheList(found);
    return count;
  });
}

Oid relation_called(const std::string& name) {
  const char* const text = name.c_str();
  return guarded([text] {
    return RangeVarGetRelid(makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(text))), NoLock, true);
  });
}

Oid owner_of(const std::string& schema, const char* name) {
  const char* const schema_name = schema.c_str();
  return guarded([=] {
    const Oid relation = get_relname_relid(name, get_namespace_oid(schema_name, true));
    const HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
  });
}

std::size_t clip_length(std::string_view text, std::size_t limit) noexcept {
  return static_cast<std::size_t>(pg_mbcliplen(text.data(), static_cast<int>(text.size()), static_cast<int>(limit)));
}

std::string schema_of_function(Oid function) {
  const char* const name =
      guarded([=] { return static_cast<const char*>(get_namespace_name(get_func_namespace(function))); });
  return name != nullptr ? name : "";
}

std::string function_name(Oid function) {
  const char* const name = guarded([=] { return static_cast<const char*>(get_func_name(function)); });
  return name != nullptr ? name : "";
}

std::string type_name(Oid type) {
  const char* const name = guarded([=] { return static_cast<const char*>(format_type_be(type)); });
  return name;
}

std::int64_t lock_table_size() noexcept {
  return static_cast<std::int64_t>(max_locks_per_xact) * (MaxBackends + max_prepared_xacts);
}

}  // namespace strata::pg
