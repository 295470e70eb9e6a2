// What can be known of a table without opening it.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// Bytes of the main fork on disk, by asking the file system: no lock, no relation cache entry, so that thousands of
// partitions can be asked. 0 also for files that are gone. Good for decisions that a lock re-checks.
[[nodiscard]] std::int64_t file_bytes(Oid tablespace, Oid filenode);
// Whether that is 0, in one system call.
[[nodiscard]] bool file_is_empty(Oid tablespace, Oid filenode);

// Bytes that are free where this file lies, or where the write-ahead log does if those are fewer.
[[nodiscard]] std::int64_t free_bytes(Oid tablespace, Oid filenode);

// Whether triggers of rows of this table wait for the end of the transaction: ALTER TABLE refuses it then.
[[nodiscard]] bool has_pending_events(Oid relation);

// What tells this database from a restored copy of it.
struct DatabaseIdentity {
  std::uint64_t system;
  Oid database;
};
[[nodiscard]] DatabaseIdentity database_identity() noexcept;

[[nodiscard]] bool in_recovery() noexcept;
// Asked at every call, so from the caches: planning a query would cost a hundred times as much.
[[nodiscard]] bool extension_installed(const char* name);
// How many schemas have a relation of this name.
[[nodiscard]] int relations_named(const char* name);
// What a name as SQL writes it means under the current search_path, folded unless quoted; none when there is no such
// relation. To be asked before a scope changes the search_path.
[[nodiscard]] Oid relation_called(const std::string& name);
// Owner of a relation; none when it does not exist.
[[nodiscard]] Oid owner_of(const std::string& schema, const char* name);
// Longest prefix of whole characters in the server's encoding; never raises.
[[nodiscard]] std::size_t clip_length(std::string_view text, std::size_t limit) noexcept;
// Schema of a function: where this extension lives.
[[nodiscard]] std::string schema_of_function(Oid function);
[[nodiscard]] std::string function_name(Oid function);
[[nodiscard]] std::string type_name(Oid type);

// Rough number of lock table entries that are left for one transaction to use.
[[nodiscard]] std::int64_t lock_table_size() noexcept;

}  // namespace strata::pg
