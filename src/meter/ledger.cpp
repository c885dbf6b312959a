#include "meter/ledger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"

namespace meter {
namespace {

constexpr std::array<std::string_view, 34> op_names = {
    "lookup", "getattr", "setattr", "readlink",    "symlink",       "link",    "mknod",
    "mkdir",  "unlink",  "rmdir",   "rename",      "open",          "create",  "read",
    "write",  "flush",   "fsync",   "release",     "opendir",       "readdir", "releasedir",
    "statfs", "xattr",   "lock",    "seek",        "allocate",      "list",    "head",
    "get",    "put",     "remove",  "make_folder", "remove_folder", "move"};
static_assert(op_names.size() == static_cast<std::size_t>(Op::move) + 1);

struct Header {
  std::array<char, 8> magic{'a', 'm', 'l', 'e', 'd', 'g', 'e', 'r'};
  std::uint32_t format = 1;
  std::uint32_t entry_size = sizeof(Entry);
  std::uint64_t origin_ns = 0;  // CLOCK_MONOTONIC when it was made
  std::uint64_t spare[7] = {};
};
static_assert(sizeof(Header) == sizeof(Entry));

constexpr std::size_t chunk_size = 4096 * sizeof(Entry);  // a whole number of pages and of entries

std::uint64_t monotonic_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(t.tv_nsec);
}

// A file's name need not be UTF-8.
std::string quoted(const nlohmann::json& word) {
  return word.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

SessionNote note_from(const nlohmann::json& json) {
  SessionNote note;
  note.name = json.at("name").get<std::string>();
  note.mode = json.value("mode", "mount");
  note.profile = json.value("profile", "");
  note.variables = json.value("variables", note.variables);
  note.cost = json.value("cost", "");
  note.read_only = json.value("read_only", false);
  note.root = json.value("root", "");
  note.only = json.value("only", "");
  note.full_trace = json.value("full_trace", false);
  return note;
}

}  // namespace

std::string_view to_string(Op op) {
  return op_names[static_cast<std::size_t>(op)];
}

Current& current() {
  static thread_local Current now;
  return now;
}

void help(const Current& cause) {
  current() = cause;
  current().task = static_cast<std::uint32_t>(::gettid());
}

Ledger::Ledger(const fs::path& folder) : origin_ns_(monotonic_ns()), folder_(folder) {
  base::sys("create", folder.native(), [&] { return ::mkdir(folder.c_str(), 0777); });
  entries_ = base::open_file(folder / "entries", O_RDWR | O_CREAT | O_EXCL);
  names_ = base::open_file(folder / "names", O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
  next_chunk();
  Header header;
  header.origin_ns = origin_ns_;
  std::memcpy(chunk_, &header, sizeof header);
  used_ = sizeof header;
}

Ledger::~Ledger() {
  if (chunk_ == nullptr) return;
  ::munmap(chunk_, chunk_size);
  [[maybe_unused]] const int cut =
      ::ftruncate(entries_.get(), static_cast<off_t>(chunk_at_ + used_));
}

std::uint16_t Ledger::session(const SessionNote& binding) {
  const nlohmann::json line = {
      {"name", binding.name},           {"mode", binding.mode}, {"profile", binding.profile},
      {"variables", binding.variables}, {"cost", binding.cost}, {"read_only", binding.read_only},
      {"root", binding.root},           {"only", binding.only}, {"full_trace", binding.full_trace}};
  const std::lock_guard lock(mutex_);
  note("session " + quoted(line));
  return ++session_count_;
}

std::uint32_t Ledger::name(std::string_view path) {
  const std::string line = quoted(nlohmann::json(path));
  const std::lock_guard lock(mutex_);
  note(line);
  return ++name_count_;
}

// A line, or nothing of it: half a line would join with the next one.
void Ledger::note(const std::string& line) {
  try {
    base::write_all(names_, line, (folder_ / "names").native());
    names_size_ += line.size();
  } catch (...) {
    [[maybe_unused]] const int cut = ::ftruncate(names_.get(), static_cast<off_t>(names_size_));
    throw;
  }
}

std::uint64_t Ledger::now() const {
  return monotonic_ns() - origin_ns_;
}

std::uint64_t Ledger::begin() {
  const std::lock_guard lock(mutex_);
  return ++number_;
}

void Ledger::append(const Entry& entry) {
  const std::lock_guard lock(mutex_);
  if (used_ == chunk_size) next_chunk();
  char* at = chunk_ + used_;
  // The number goes last: an entry without one was never finished.
  std::memcpy(at + sizeof entry.number, reinterpret_cast<const char*>(&entry) + sizeof entry.number,
              sizeof entry - sizeof entry.number);
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(at), entry.number, __ATOMIC_RELEASE);
  used_ += sizeof entry;
}

void Ledger::next_chunk() {
  const std::uint64_t at = chunk_ == nullptr ? 0 : chunk_at_ + chunk_size;
  // Space is taken now: a full disk must show here and not as SIGBUS at a store to memory.
  const int failed = ::posix_fallocate(entries_.get(), static_cast<off_t>(at), chunk_size);
  if (failed != 0) throw base::os_error("write", (folder_ / "entries").native(), failed);
  void* map = ::mmap(nullptr, chunk_size, PROT_READ | PROT_WRITE, MAP_SHARED, entries_.get(),
                     static_cast<off_t>(at));
  if (map == MAP_FAILED) throw base::os_error("map", (folder_ / "entries").native());
  if (chunk_ != nullptr) ::munmap(chunk_, chunk_size);
  chunk_ = static_cast<char*>(map);
  chunk_at_ = at;
  used_ = 0;
}

LedgerText read_ledger(const fs::path& folder) {
  const std::string bytes = base::read_file(folder / "entries");
  Header header;
  if (bytes.size() < sizeof header ||
      std::memcmp(bytes.data(), header.magic.data(), header.magic.size()) != 0)
    throw base::Error(base::Code::corrupt,
                      fmt::format("'{}' is no record of a mount", base::display_path(folder)));
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.format > 1)
    throw base::Error(base::Code::newer_version, fmt::format("'{}' was recorded by a newer amlocal",
                                                             base::display_path(folder)))
        .hint("update amlocal, or run the step again");
  LedgerText text;
  text.origin_ns = header.origin_ns;
  text.sessions.emplace_back();
  text.notes.emplace_back();
  text.names.emplace_back();
  for (std::size_t at = sizeof header; at + sizeof(Entry) <= bytes.size(); at += sizeof(Entry)) {
    Entry entry;
    std::memcpy(static_cast<void*>(&entry), bytes.data() + at, sizeof entry);
    if (entry.number != 0) text.entries.push_back(entry);
  }
  const auto earlier = [](const Entry& a, const Entry& b) { return a.number < b.number; };
  if (!std::is_sorted(text.entries.begin(), text.entries.end(), earlier))
    std::sort(text.entries.begin(), text.entries.end(), earlier);
  const std::string names = base::read_file(folder / "names");
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = names.find('\n', at);
    if (end == std::string::npos) break;  // torn by the writer's death
    std::string_view line(names.data() + at, end - at);
    at = end + 1;
    const bool session = line.starts_with("session ");
    if (session) line.remove_prefix(8);
    const auto word = nlohmann::json::parse(line, nullptr, false);
    try {
      if (!session) {
        text.names.push_back(word.get<std::string>());
        continue;
      }
      text.notes.push_back(note_from(word));
      text.sessions.push_back(text.notes.back().name);
    } catch (const nlohmann::json::exception&) {
      throw base::Error(base::Code::corrupt,
                        fmt::format("'{}' is damaged", base::display_path(folder / "names")));
    }
  }
  return text;
}

SessionNote note_of(const LedgerText& text, std::uint16_t session) {
  if (session < text.notes.size()) return text.notes[session];
  SessionNote note;
  if (session < text.sessions.size()) note.name = text.sessions[session];
  return note;
}

}  // namespace meter
