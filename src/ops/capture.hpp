// Copying a table that clients go on writing: a trigger notes the keys of changed rows in a log, rounds of catching up
// bring the copies to what the table has under those keys. A round is idempotent: it deletes what the copies have under
// a key and inserts what the table has now. So a copy may be made in parts with a snapshot each: whatever changed
// between them stands in the log.
//
// All functions run inside an OwnerScope of the tables' owner.
#pragma once

#include "ops/child.hpp"
#include "pg/capture.hpp"
#include "pg/router.hpp"

namespace strata::ops {

// On the source: for rows and for TRUNCATE.
inline constexpr std::array<const char*, 2> kCaptureTriggers{"pg_strata_capture", "pg_strata_capture_truncate"};

struct CaptureKey {
  struct Column {
    std::string name;    // quoted
    std::string equals;  // OPERATOR(schema.=)
    AttrNumber number = 0;
  };
  std::vector<Column> columns;
  [[nodiscard]] pg::KeyColumns numbers() const;
};

// The columns of a unique key of the parent that identify rows of one of its partitions, or of another table with such
// a key of its own: B-tree, valid in both, none NULL. None: changes cannot be captured.
[[nodiscard]] std::optional<CaptureKey> capture_key(Oid parent, Oid partition);

struct Capture {
  Oid source = InvalidOid;
  std::string source_sql;  // "ONLY schema.table"
  std::string table_sql;   // the same without ONLY
  CaptureKey key;
  ChildName log_name;
  Oid log = InvalidOid;
};

// Makes the log and the triggers. The source must be locked SHARE ROW EXCLUSIVE, as CREATE TRIGGER does: that waits for
// all writers, so what is not in the log is seen by every snapshot taken after the commit.
[[nodiscard]] Capture begin_capture(const Extension& extension, const Parent& parent, Oid source,
                                    const std::string& source_sql, CaptureKey key);
// Whether every change since begin_capture() is in the log: its triggers are in place, nobody has truncated the source,
// and no crash has emptied the log.
[[nodiscard]] bool is_intact(const Capture& capture);
// Needs ACCESS EXCLUSIVE on the source, for DROP TRIGGER.
void end_capture(const Capture& capture);
// The same for what a move that was interrupted has left there.
void drop_triggers(Oid source);

// A copy of the rows in a range of the source's keys.
struct Copy {
  core::Range range;
  std::string table;  // quoted
  std::string condition;
  pg::RouteTarget route;
};

struct CaughtUp {
  std::uint64_t removed = 0;
  std::uint64_t added = 0;
  std::uint64_t keys = 0;       // in the log at the beginning, of rows of the copies
  std::uint64_t strangers = 0;  // in the log, of rows of no copy; they stay there
};
// One round, in a transaction with one snapshot (REPEATABLE READ): what it reads of the log it takes out of it.
[[nodiscard]] CaughtUp catch_up(const Capture& capture, Oid parent, std::span<const Copy> copies,
                                const std::string& columns);
// Takes rows whose keys are in the log out of the copies and leaves the log as it is: what was copied twice must go
// before unique indexes are built.
std::uint64_t remove_logged(const Capture& capture, Oid parent, std::span<const Copy> copies);

// A query for the ctids of the rows of the source whose keys are in the log.
[[nodiscard]] std::string logged_rows(const Capture& capture);
[[nodiscard]] std::int64_t logged_keys(const Capture& capture, std::int64_t limit);

}  // namespace strata::ops
