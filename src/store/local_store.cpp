#include "store/local_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <memory>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "store/copy_bytes.hpp"
#include "store/url.hpp"

namespace store {
namespace {

// Drafts of a put lie beside their object, so that rename(2) can take its place.
constexpr std::string_view draft_prefix = ".amlocal-put-";

void refuse_draft(const std::string& name) {
  if (std::string_view(name).substr(name.rfind('/') + 1).starts_with(draft_prefix))
    throw base::Error(
        base::Code::bad_input,
        fmt::format("'{}': names that begin with '{}' are amlocal's own", name, draft_prefix));
}

struct Status {
  struct stat value {};
  bool found = false;
  bool is_folder() const { return S_ISDIR(value.st_mode); }
  bool is_file() const { return S_ISREG(value.st_mode); }
};

Status look_at(const fs::path& path) {
  Status status;
  if (::stat(path.c_str(), &status.value) == 0) {
    status.found = true;
  } else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
    throw base::os_error("look at", path.native());
  }
  return status;
}

base::Time modified(const struct stat& status) {
  const auto since = std::chrono::seconds(status.st_mtim.tv_sec) +
                     std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return base::Time(std::chrono::floor<std::chrono::microseconds>(since));
}

// Fifteen digits: a million of them cost no memory beside the strings that hold them.
std::string tag_of(const struct stat& status) {
  std::uint64_t mixed = 0;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(status.st_mtim.tv_sec),
        static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
        static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_ino)}) {
    mixed = (mixed ^ part) * 0x9e3779b97f4a7c15ULL;
    mixed ^= mixed >> 29U;
  }
  return fmt::format("{:015x}", mixed >> 4U);
}

Object describe(std::string name, const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return {std::move(name), true, 0, modified(status), ""};
  return {std::move(name), false, static_cast<std::uint64_t>(status.st_size), modified(status),
          tag_of(status)};
}

// False where the two lie on different file systems, or the file has another size than it should.
bool link_to(const Content& content, const fs::path& path) {
  struct stat status {};
  if (content.path.empty() || ::fstat(content.file->get(), &status) != 0 ||
      static_cast<std::uint64_t>(status.st_size) != content.size || status.st_nlink != 1)
    return false;
  if (::link(content.path.c_str(), path.c_str()) != 0) return false;
  ::fchmod(content.file->get(), 0644);
  return true;
}

void rename_to(const fs::path& from, const fs::path& to, IfExists if_exists) {
  const unsigned flags = if_exists == IfExists::refuse ? RENAME_NOREPLACE : 0;
  base::sys("write", to.native(),
            [&] { return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags); });
}

// ---- the notes of appends under way: slots of one size, in one file

constexpr std::size_t slot_size = 4352;  // a path of PATH_MAX and some numbers

// The store of a process that is just ending finishes what it is at: cutting that would tear it.
base::Fd wait_until_unused(const fs::path& intents, std::chrono::milliseconds patience) {
  base::Fd fd = base::open_file(intents, O_RDONLY);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw base::os_error("lock", intents.native());
    if (std::chrono::steady_clock::now() > deadline)
      throw base::Error(base::Code::conflict, fmt::format("the process that writes with '{}' has "
                                                          "not ended",
                                                          intents.native()))
          .hint("wait for it, or kill it: `fuser -v " + intents.native() + "` names it");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return fd;
}

std::string slot_text(const fs::path& path, std::uint64_t old_size) {
  std::string text = fmt::format("append {} {}\n", old_size, path.native());
  text.resize(slot_size, '\0');
  return text;
}

}  // namespace

// Which slots are taken; a slot belongs to one append at a time.
struct LocalStore::Slots {
  std::mutex mutex;
  std::vector<bool> taken;

  std::size_t take() {
    const std::lock_guard lock(mutex);
    const auto free = std::find(taken.begin(), taken.end(), false);
    const auto n = static_cast<std::size_t>(free - taken.begin());
    if (free == taken.end())
      taken.push_back(true);
    else
      *free = true;
    return n;
  }
  void give_back(std::size_t n) {
    const std::lock_guard lock(mutex);
    taken[n] = false;
  }
};

LocalStore::LocalStore(fs::path root, fs::path intents)
    : root_(std::move(root)),
      intents_path_(std::move(intents)),
      intents_(base::open_file(intents_path_, O_RDWR | O_CREAT)),
      slots_(new Slots) {
  // Tells recover() that this store may still be writing. Shared, as nobody else is kept out by it.
  base::sys("lock", intents_path_.native(),
            [&] { return ::flock(intents_.get(), LOCK_SH | LOCK_NB); });
}

LocalStore::~LocalStore() = default;

fs::path LocalStore::path_of(const std::string& name) const {
  Url url;
  url.path = name;
  return local_path(url, root_.path());
}

Page LocalStore::list(const std::string& folder, const std::string& from, std::size_t limit) {
  const std::shared_ptr<const Names> names = names_in(folder, from);
  auto name = from.empty() ? names->begin() : std::upper_bound(names->begin(), names->end(), from);
  Page page;
  const std::string prefix = folder.empty() ? "" : folder + "/";
  for (; name != names->end() && page.objects.size() < limit; ++name) {
    const Status status = look_at(path_of(prefix + *name));
    // Sockets and the like are no objects; a broken link is none either.
    if (status.found && (status.is_folder() || status.is_file()))
      page.objects.push_back(describe(prefix + *name, status.value));
  }
  if (name != names->end())
    page.next = *std::prev(name);
  else
    forget_names(folder);
  return page;
}

// A later page reads the names that the first one read: a folder of a million files is read once.
std::shared_ptr<const LocalStore::Names> LocalStore::names_in(const std::string& folder,
                                                              const std::string& from) {
  if (!from.empty()) {
    const std::lock_guard lock(listings_mutex_);
    if (const auto known = listings_.find(folder); known != listings_.end()) return known->second;
  }
  auto names = std::make_shared<Names>();
  const fs::path path = path_of(folder);
  root_.check();  // a folder in its place has other names
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) {
    if (errno != ENOENT && errno != ENOTDIR) throw base::os_error("list", path.native());
    return names;
  }
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && !name.starts_with(draft_prefix)) names->emplace_back(name);
  }
  std::sort(names->begin(), names->end());
  const std::lock_guard lock(listings_mutex_);
  listings_[folder] = names;
  return names;
}

void LocalStore::forget_names(const std::string& folder) {
  const std::lock_guard lock(listings_mutex_);
  listings_.erase(folder);
}

std::optional<Object> LocalStore::head(const std::string& name) {
  const Status status = look_at(path_of(name));
  if (!status.found) root_.check();
  if (!status.found || (!status.is_folder() && !status.is_file())) return std::nullopt;
  return describe(name, status.value);
}

std::size_t LocalStore::get(const std::string& name, std::uint64_t offset, std::span<char> into) {
  const fs::path path = path_of(name);
  const base::Fd fd = root_.within([&] { return base::open_file(path, O_RDONLY); });
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = base::sys("read", path.native(), [&] {
      return ::pread(fd.get(), into.data() + done, into.size() - done,
                     static_cast<off_t>(offset + done));
    });
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

base::Fd LocalStore::open_local(const std::string& name, const std::string& tag) {
  const int number = ::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  base::Fd fd(number);
  struct stat status {};
  if (number < 0 || ::fstat(number, &status) != 0 || !S_ISREG(status.st_mode) ||
      tag_of(status) != tag)
    return {};
  return fd;
}

void LocalStore::make_folders(const fs::path& folder) const {
  root_.check();
  boost::system::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw base::os_error("create", folder.native(), failed.value());
}

Object LocalStore::put(const std::string& name, const Content& content, IfExists if_exists) {
  refuse_draft(name);
  const fs::path path = path_of(name);
  const Status old = look_at(path);
  if (old.found && old.is_folder())
    throw base::Error(base::Code::exists, fmt::format("'{}' is a folder", path.native()));
  if (old.found && if_exists == IfExists::refuse)
    throw base::Error(base::Code::exists, fmt::format("'{}' is already there", path.native()));
  if (old.found && only_adds(content, old.value)) {
    append(path, content, static_cast<std::uint64_t>(old.value.st_size));
  } else {
    make_folders(path.parent_path());
    const fs::path draft = path.parent_path() / (std::string(draft_prefix) + base::random_id(8));
    try {
      if (!link_to(content, draft)) {
        const base::Fd out =
            root_.within([&] { return base::open_file(draft, O_WRONLY | O_CREAT | O_EXCL, 0644); });
        copy_bytes(*content.file, out, 0, content.size, path);
      }
      root_.within([&] { rename_to(draft, path, if_exists); });
    } catch (...) {
      ::unlink(draft.c_str());
      throw;
    }
  }
  const Status now = look_at(path);
  if (!now.found)
    throw base::Error(base::Code::io,
                      fmt::format("'{}' vanished while it was written", path.native()));
  return describe(name, now.value);
}

bool LocalStore::only_adds(const Content& content, const struct stat& old) {
  const auto size = static_cast<std::uint64_t>(old.st_size);
  // A file with a second name would change under that name too.
  return content.changed && content.base == tag_of(old) && content.size >= size &&
         old.st_nlink == 1 &&
         std::all_of(content.changed->begin(), content.changed->end(),
                     [&](const Extent& extent) { return extent.offset >= size; });
}

void LocalStore::append(const fs::path& path, const Content& content, std::uint64_t old_size) {
  const base::Fd out = base::open_file(path, O_WRONLY);
  const std::size_t slot = slots_->take();
  const auto at = static_cast<off_t>(slot * slot_size);
  const std::string note = slot_text(path, old_size);
  base::sys("write", intents_path_.native(),
            [&] { return ::pwrite(intents_.get(), note.data(), note.size(), at); });
  const auto undo = [&] {
    [[maybe_unused]] const int cut = ::ftruncate(out.get(), static_cast<off_t>(old_size));
    [[maybe_unused]] const ssize_t n = ::pwrite(intents_.get(), "", 1, at);
    slots_->give_back(slot);
  };
  try {
    if (content.size > old_size)
      copy_bytes(*content.file, out, old_size, content.size - old_size, path);
    else
      base::sys("write", path.native(), [&] { return ::futimens(out.get(), nullptr); });
    base::sys("write", intents_path_.native(), [&] { return ::pwrite(intents_.get(), "", 1, at); });
    slots_->give_back(slot);
  } catch (...) {
    undo();
    throw;
  }
}

void LocalStore::remove(const std::string& name) {
  const fs::path path = path_of(name);
  root_.within([&] { base::sys("remove", path.native(), [&] { return ::unlink(path.c_str()); }); });
}

void LocalStore::make_folder(const std::string& name) {
  refuse_draft(name);
  const fs::path path = path_of(name);
  root_.within(
      [&] { base::sys("create", path.native(), [&] { return ::mkdir(path.c_str(), 0777); }); });
}

void LocalStore::remove_folder(const std::string& name) {
  const fs::path path = path_of(name);
  if (::rmdir(path.c_str()) == 0) return;
  if (errno == ENOTEMPTY || errno == EEXIST)
    throw base::Error(base::Code::conflict,
                      fmt::format("the folder '{}' is not empty", path.native()));
  root_.within([&] { throw base::os_error("remove", path.native()); });
}

void LocalStore::move(const std::string& from, const std::string& to, IfExists if_exists) {
  refuse_draft(to);
  const fs::path target = path_of(to);
  make_folders(target.parent_path());
  root_.within([&] { rename_to(path_of(from), target, if_exists); });
}

void LocalStore::recover(const fs::path& intents, std::chrono::milliseconds patience) {
  boost::system::error_code ignored;
  if (!fs::exists(intents, ignored)) return;
  const base::Fd lock = wait_until_unused(intents, patience);
  const std::string text = base::read_file(intents);
  for (std::size_t at = 0; at + slot_size <= text.size(); at += slot_size) {
    const std::string_view slot(text.data() + at, slot_size);
    if (!slot.starts_with("append ")) continue;  // given back, or never written whole
    const auto blank = slot.find(' ', 7);
    const auto end = slot.find('\n');
    if (blank == std::string_view::npos || end == std::string_view::npos) continue;
    const std::uint64_t old_size = std::stoull(std::string(slot.substr(7, blank - 7)));
    const fs::path path = std::string(slot.substr(blank + 1, end - blank - 1));
    const Status status = look_at(path);
    if (status.found && static_cast<std::uint64_t>(status.value.st_size) > old_size)
      base::sys("cut", path.native(),
                [&] { return ::truncate(path.c_str(), static_cast<off_t>(old_size)); });
  }
  fs::remove(intents, ignored);
}

}  // namespace store
