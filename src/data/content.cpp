#include "data/content.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace data {
namespace {

constexpr off_t counted_by_bytes = 16 << 20;

void add_tree(base::Hasher& hasher, const fs::path& path, const std::string& name) {
  struct stat status {};
  base::sys("read", path.native(), [&] { return ::stat(path.c_str(), &status); });
  // Nobody may be there to write into a pipe, and a step is not given one either.
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) return;
  if (!S_ISDIR(status.st_mode)) {
    hasher.add(fmt::format("f {} {}\n", name,
                           status.st_size <= counted_by_bytes
                               ? base::hash_file(path)
                               : fmt::format("{} {}.{:09}", status.st_size, status.st_mtim.tv_sec,
                                             status.st_mtim.tv_nsec)));
    return;
  }
  boost::system::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(path, failed), end; !failed && entry != end;
       entry.increment(failed))
    entries.push_back(entry->path());
  if (failed) throw base::os_error("read", path.native(), failed.value());
  std::sort(entries.begin(), entries.end());
  hasher.add(fmt::format("d {}\n", name));
  for (const fs::path& entry : entries)
    add_tree(hasher, entry, name + "/" + entry.filename().native());
}

}  // namespace

std::string content_identity(const fs::path& path) {
  base::Hasher hasher;
  try {
    add_tree(hasher, path, "");
  } catch (base::Error& error) {
    if (error.code() == base::Code::permission)
      error.hint(fmt::format("make it readable for you; whose it is: ls -ld {}", path.native()));
    throw;
  }
  return hasher.hex();
}

}  // namespace data
