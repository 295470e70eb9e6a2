// Whether many files of the database are empty.
#pragma once

#include "pg/postgres.hpp"

namespace strata::pg {

// As file_is_empty, a fifth faster in the database's own tablespace: a run asks of every partition ahead, so of
// thousands.
class FileProbe {
 public:
  FileProbe() noexcept;
  FileProbe(const FileProbe&) = delete;
  FileProbe& operator=(const FileProbe&) = delete;
  ~FileProbe();
  [[nodiscard]] bool is_empty(Oid tablespace, Oid filenode) const;

 private:
  int directory_;  // -1: it could not be opened
};

}  // namespace strata::pg
