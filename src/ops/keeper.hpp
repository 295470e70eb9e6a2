// Whoever reads and writes our own books: their owner, whoever calls. See ledger.hpp for what keeps that narrow.
#pragma once

#include "ops/set.hpp"

namespace strata::ops {

[[nodiscard]] Oid owner_of_books(const Extension& extension);

class Keeper {
 public:
  explicit Keeper(const Extension& extension) : scope_(owner_of_books(extension)) {}

 private:
  pg::OwnerScope scope_;
};

}  // namespace strata::ops
