// move_history: what a call that moves rows has moved. Written as the owner of the books (see ledger.hpp), in the
// transaction that moves the rows, so that it tells of what is committed and of nothing else.
#pragma once

#include "ops/set.hpp"
#include "pg/row_check.hpp"

namespace strata::ops {

// The same number of rows left one table and arrived in another, or it would have been an error.
struct MovedRows {
  std::uint64_t rows = 0;
  // Compared row by row where they arrived; none where a statement moved them.
  std::optional<pg::Checksum> checksum = pg::Checksum{0};

  void add(const MovedRows& other);
};

class MoveNote {
 public:
  struct Call {
    std::string operation;
    std::string parent_table;
    std::string from_table;
    std::string to_table;
  };
  MoveNote(const Extension& extension, Call call);

  // The batch of the current transaction; nothing is noted of one without rows. Also inside an OwnerScope.
  void add(const MovedRows& moved) const;

 private:
  const Extension& extension_;
  Call call_;
  std::string role_;
  std::string id_;
  std::int64_t started_at_ = 0;
};

}  // namespace strata::ops
