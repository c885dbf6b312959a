#include "base/files.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/names.hpp"

namespace base {

std::string read_file(const fs::path& path) {
  const Fd fd = open_file(path, O_RDONLY);
  return read_all(fd, path.native());
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  boost::system::error_code ignored;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), ignored);
  const fs::path draft = path.native() + ".tmp-" + random_id(8);
  try {
    const Fd fd(sys("write", path.native(), [&] {
      return ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }));
    write_all(fd, content, path.native());
    sys("write", path.native(), [&] { return ::rename(draft.c_str(), path.c_str()); });
  } catch (...) {
    ::unlink(draft.c_str());
    throw;
  }
}

namespace {

void copy_bytes(const Fd& in, const Fd& out, const fs::path& from, const fs::path& to) {
  bool try_range = true;
  for (;;) {
    if (try_range) {
      const ssize_t n = ::copy_file_range(in.get(), nullptr, out.get(), nullptr, 1 << 30, 0);
      if (n > 0) continue;
      if (n == 0) return;
      if (errno == EINTR) continue;
      if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
        throw os_error("copy to", to.native());
      try_range = false;
    }
    char buffer[131072];
    const auto n =
        sys("read", from.native(), [&] { return ::read(in.get(), buffer, sizeof buffer); });
    if (n == 0) return;
    write_all(out, {buffer, static_cast<std::size_t>(n)}, to.native());
  }
}

}  // namespace

void copy_file(const fs::path& from, const fs::path& to) {
  const Fd in = open_file(from, O_RDONLY);
  struct stat status {};
  sys("read", from.native(), [&] { return ::fstat(in.get(), &status); });
  const Fd out = open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  try {
    if (::ioctl(out.get(), FICLONE, in.get()) != 0) copy_bytes(in, out, from, to);
    sys("set the mode of", to.native(),
        [&] { return ::fchmod(out.get(), status.st_mode & 07777); });
  } catch (...) {
    ::unlink(to.c_str());
    throw;
  }
}

void copy_tree(const fs::path& from, const fs::path& to) {
  struct stat status {};
  sys("read", from.native(), [&] { return ::lstat(from.c_str(), &status); });
  if (S_ISREG(status.st_mode)) return base::copy_file(from, to);
  if (S_ISLNK(status.st_mode)) {
    const fs::path target = fs::read_symlink(from);
    sys("create", to.native(), [&] { return ::symlink(target.c_str(), to.c_str()); });
    return;
  }
  if (!S_ISDIR(status.st_mode)) return;
  sys("create", to.native(), [&] { return ::mkdir(to.c_str(), 0700); });
  boost::system::error_code failed;
  fs::directory_iterator entries(from, failed);
  if (failed) throw os_error("read", from.native(), failed.value());
  for (const auto& entry : entries) copy_tree(entry.path(), to / entry.path().filename());
  sys("set the mode of", to.native(), [&] { return ::chmod(to.c_str(), status.st_mode & 07777); });
}

void merge_tree(const fs::path& from, const fs::path& to) {
  boost::system::error_code failed;
  fs::directory_iterator entries(from, failed);
  if (failed) throw os_error("read", from.native(), failed.value());
  for (const auto& entry : entries) {
    const fs::path target = to / entry.path().filename();
    const auto is_folder = [](const fs::path& path) {
      boost::system::error_code ignored;
      return fs::symlink_status(path, ignored).type() == fs::directory_file;
    };
    if (is_folder(entry.path()) && is_folder(target)) {
      merge_tree(entry.path(), target);
    } else {
      remove_tree(target);
      copy_tree(entry.path(), target);
    }
  }
}

TreeSize measure_tree(const fs::path& root) {
  struct stat status {};
  if (::lstat(root.c_str(), &status) != 0) return {};
  if (S_ISREG(status.st_mode)) return {static_cast<std::uint64_t>(status.st_size), 1};
  TreeSize size;
  if (!S_ISDIR(status.st_mode)) return size;
  boost::system::error_code failed;
  for (fs::directory_iterator entry(root, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const TreeSize below = measure_tree(entry->path());
    size.bytes += below.bytes;
    size.files += below.files;
  }
  return size;
}

std::uint64_t free_space(const fs::path& path) {
  struct statvfs status {};
  sys("look at", path.native(), [&] { return ::statvfs(path.c_str(), &status); });
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

void remove_tree(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw os_error("remove", path.native());
  }
  if (S_ISDIR(status.st_mode)) {
    if ((status.st_mode & S_IRWXU) != S_IRWXU) ::chmod(path.c_str(), 0700);
    boost::system::error_code failed;
    fs::directory_iterator entries(path, failed);
    if (failed) throw os_error("remove", path.native(), failed.value());
    for (const auto& entry : entries) remove_tree(entry.path());
    sys("remove", path.native(), [&] { return ::rmdir(path.c_str()); });
  } else {
    sys("remove", path.native(), [&] { return ::unlink(path.c_str()); });
  }
}

bool can_reflink(const fs::path& folder) {
  const fs::path a = folder / (".reflink-" + random_id(8));
  const fs::path b = a.native() + "-2";
  bool shared = false;
  {
    const Fd in = open_file(a, O_RDWR | O_CREAT | O_EXCL);
    write_all(in, "x", a.native());
    const Fd out = open_file(b, O_RDWR | O_CREAT | O_EXCL);
    shared = ::ioctl(out.get(), FICLONE, in.get()) == 0;
  }
  ::unlink(a.c_str());
  ::unlink(b.c_str());
  return shared;
}

void remove_empty_folders(const fs::path& root) {
  std::vector<fs::path> folders{root};
  boost::system::error_code failed;
  for (fs::recursive_directory_iterator entry(root, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (fs::is_directory(entry->symlink_status())) folders.push_back(entry->path());
  // The inner ones first; rmdir refuses those that hold something.
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) ::rmdir(folder->c_str());
}

fs::path folder_path(const fs::path& path) {
  fs::path normal = path.lexically_normal();
  while (normal.has_parent_path() && (normal.filename().empty() || normal.filename() == "."))
    normal = normal.parent_path();
  return normal;
}

std::string display_path(const fs::path& path) {
  boost::system::error_code failed;
  const fs::path here = fs::current_path(failed);
  if (failed || !path.is_absolute()) return path.native();
  const fs::path relative = path.lexically_normal().lexically_relative(here);
  if (relative.empty() || *relative.begin() == "..") return path.lexically_normal().native();
  return relative.native();
}

TempDir::TempDir(const fs::path& parent, std::string_view prefix) {
  fs::create_directories(parent);
  std::string name = (parent / (std::string(prefix) + "XXXXXX")).native();
  if (::mkdtemp(name.data()) == nullptr) throw os_error("create a folder in", parent.native());
  path_ = name;
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) {
  other.path_.clear();
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const Error&) {
    // A destructor only cleans; what remains is swept by engine/recover.
  }
}

}  // namespace base
