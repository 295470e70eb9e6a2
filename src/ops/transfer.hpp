// Moving rows from one table to another by one statement, WITH ... DELETE ... INSERT: sources, undo, and the working
// table of an asynchronous move. Every snapshot sees each row once. Unlike the drain these moves take rows into a set
// or out of it, so they are no secret: triggers fire as for a user's DELETE and INSERT. Where there is nothing to fire
// and nothing to ask, rows move below the executor (pg/bulk_transfer).
#pragma once

#include "ops/apply.hpp"
#include "ops/move_note.hpp"
#include "pg/router.hpp"

namespace strata::ops {

enum class Identity : std::uint8_t { AsDeclared, OverrideSystemValue };

struct Transfer {
  Oid from = InvalidOid;
  std::string from_sql;  // quoted, with ONLY where it is one table
  Oid to = InvalidOid;
  std::string to_sql;
  std::string columns;
  bool all_columns = true;  // none is ignored
  std::string condition;
  Identity identity = Identity::AsDeclared;
  pg::CheckAs check = {};  // from require_privileges
};

// Rows of one table for many partitions.
struct Spread {
  Oid from = InvalidOid;
  std::string from_sql;
  Oid parent = InvalidOid;
  std::vector<pg::RouteTarget> to;  // ascending
  std::string condition;            // of the rows that may have a place
  Identity identity = Identity::AsDeclared;
  pg::CheckAs check = {};
};

// A partition as the place of the rows in its range.
[[nodiscard]] pg::RouteTarget route_target(const ManagedSet& set, const core::Range& range, Oid table);

// Reads the table once and moves each row to the partition it belongs to; rows that belong to none stay. Gives what
// moved; nothing is done where a statement is needed for one of the partitions. Scope and locks as for
// transfer_rows().
[[nodiscard]] std::optional<MovedRows> spread_rows(const Spread& spread);

// What moved. What a trigger of the target swallows would be lost: then it raises (23514). Call inside an
// OwnerScope, both tables locked ROW EXCLUSIVE, with a lock deadline armed, which also bounds the waits for row locks.
MovedRows transfer_rows(const Transfer& transfer);

// Live columns of `listed` but the ignored ones and those `target` computes itself, quoted, in their order.
[[nodiscard]] std::string moved_columns(Oid listed, Oid target, std::span<const std::string> ignored);

// Columns of the target, quoted, if rows can be stored there as they are in the source: both have the same columns of
// the same types, none is computed or an identity that must not be given.
[[nodiscard]] std::optional<std::string> columns_as_stored(Oid from, Oid to, Identity identity);

// The table on the other side of a move, by its raw name. Refuses what is missing (42P01) or no table (42809).
[[nodiscard]] Parent other_table(const std::string& raw_name, const std::string& parameter);
// Rows move as the owner of the set, who needs these privileges on the table (42501). Where he lacks them, those of the
// caller count: no code runs with the caller's rights, and the owner gets no more than the rows that the caller sends
// him, or a place for his rows that the caller named. Only if the owner of the table has the rights of the owner of the
// set, whose rights his triggers and defaults then have (as with templates). Ask require_owner_rights first.
[[nodiscard]] pg::CheckAs require_privileges(const Parent& table, Oid set_owner,
                                             std::initializer_list<const char*> privileges);
// The table still has this name. Ask under its lock.
[[nodiscard]] bool is_still_called(Oid table, const std::string& schema, const std::string& name);

// Deleting rows must not delete or change rows elsewhere: refuses foreign keys to any of these tables, from outside of
// them, with ON DELETE CASCADE, SET NULL or SET DEFAULT (truths 6). Others are checked by the server.
void require_no_delete_action(std::span<const Oid> tables);

// Moves inside a set are invisible to users' triggers: those of this table and its partitions do not fire while this
// lives. The ones that are disabled already stay so; an error leaves it to the abort. Inside an OwnerScope.
class DisabledTriggers {
 public:
  explicit DisabledTriggers(Oid table);
  DisabledTriggers(const DisabledTriggers&) = delete;
  DisabledTriggers& operator=(const DisabledTriggers&) = delete;
  ~DisabledTriggers() noexcept(false);

 private:
  struct UserTrigger {
    std::string table;    // quoted
    std::string name;     // quoted
    std::string enabled;  // the word between ENABLE and TRIGGER
  };
  std::vector<UserTrigger> triggers_;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace strata::ops
