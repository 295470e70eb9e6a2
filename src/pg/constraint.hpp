// What no statement can do with constraints.
#pragma once

#include "pg/guard.hpp"

namespace strata::pg {

// Marks the foreign keys of this table as valid without reading it, as VALIDATE CONSTRAINT does after reading it. For a
// table whose rows are those of another one that has the same keys, valid and enforced, both tables and the referenced
// ones locked against writers: the check would read every row under these locks and find nothing.
void mark_foreign_keys_valid(Oid table);

}  // namespace strata::pg
