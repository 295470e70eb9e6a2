// Change capture: the keys of rows that clients insert, update or delete, noted by a trigger in a log table while the
// rows are copied (truths 4). The log is an unlogged heap whose columns are those of the key, in its order.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// Columns of a unique key of the table that is copied, at most as many as an index can have.
struct KeyColumns {
  int count = 0;
  std::array<AttrNumber, INDEX_MAX_KEYS> columns = {};
};

// Appends the key of this row. Plain data for guarded code.
void log_key(Relation log, TupleTableSlot* row, const KeyColumns& key);

// The trigger function: AFTER INSERT OR UPDATE OR DELETE FOR EACH ROW, and AFTER TRUNCATE FOR EACH STATEMENT, which
// appends a row of NULLs. Arguments: schema and name of the log, then the numbers of the key's columns. Where the log
// is gone or is not what it should be it does nothing: a client never sees an error because of a move, and the mover
// finds out by itself. In guarded code.
Datum capture_change(FunctionCallInfo info);

}  // namespace strata::pg
