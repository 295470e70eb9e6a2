#include "pg/file_probe.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/relation.hpp"

namespace strata::pg {

FileProbe::FileProbe() noexcept : directory_(open(DatabasePath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

FileProbe::~FileProbe() {
  if (directory_ >= 0) close(directory_);
}

bool FileProbe::is_empty(Oid tablespace, Oid filenode) const {
  if (directory_ < 0 || !OidIsValid(filenode) || (OidIsValid(tablespace) && tablespace != MyDatabaseTableSpace))
    return file_is_empty(tablespace, filenode);
  std::array<char, 16> name{};
  std::to_chars(name.data(), name.data() + name.size() - 1, filenode);
  struct stat info{};
  return fstatat(directory_, name.data(), &info, 0) != 0 || info.st_size == 0;
}

}  // namespace strata::pg
