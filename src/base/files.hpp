// Whole files and folders: read, write at once or not at all, copy cheaply, measure, remove.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/path.hpp"

namespace base {

// The whole file; throws not_found, permission or io naming the path.
std::string read_file(const fs::path&);

// Replaces the file in one step (a temporary name beside it, then rename), so that no reader
// ever sees half of it. Creates missing parent folders.
void write_file_atomically(const fs::path&, std::string_view content);

// Copies one regular file with its permission bits: shares the blocks where the file system can
// (FICLONE), else copy_file_range, else read and write. `to` must not exist.
void copy_file(const fs::path& from, const fs::path& to);

// Copies a folder's tree: files as copy_file does, symbolic links as links, folders with their
// modes. `to` is created. Sockets, pipes and devices are left out.
void copy_tree(const fs::path& from, const fs::path& to);

// Copies what is below `from` into the folder `to`, which is there: a file of the same name is
// replaced, links and folders are as in copy_tree.
void merge_tree(const fs::path& from, const fs::path& to);

struct TreeSize {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
};
// Regular files below `root` (or `root` itself where it is a file); links are not followed.
TreeSize measure_tree(const fs::path& root);

// Bytes that an ordinary user may still write on the file system of `path`.
std::uint64_t free_space(const fs::path& path);

// Removes a tree; folders without write permission are opened up first. Never follows links.
// Throws when something remains; a path that is not there is no error.
void remove_tree(const fs::path&);

// Removes the folders at and below `root` in which no file lies; what cannot be removed stays.
void remove_empty_folders(const fs::path& root);

// `path` in its normal form, without a last "/" or "/.".
fs::path folder_path(const fs::path& path);

// Whether two paths lie on a file system that can share blocks between files: tried, not guessed.
bool can_reflink(const fs::path& folder);

// `path` as a user would type it from the current folder: relative when it lies below it.
std::string display_path(const fs::path& path);

// A folder that removes itself.
class TempDir {
 public:
  explicit TempDir(const fs::path& parent, std::string_view prefix = "tmp-");
  TempDir(TempDir&&) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace base
