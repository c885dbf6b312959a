// The record of a mount: every operation that reached the view, every request to the store.
//
// A ledger is a folder with two files that only grow: `entries` (a header, then entries of one
// size, written through a memory map, so that they survive the death of the writer at any moment)
// and `names` (a line a name, JSON-quoted; the n-th line is name n, from 1). Format 1.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/path.hpp"

namespace meter {

// Operations come first, requests after them.
enum class Op : std::uint8_t {
  lookup,
  getattr,
  setattr,
  readlink,
  symlink,
  link,
  mknod,
  mkdir,
  unlink,
  rmdir,
  rename,
  open,
  create,
  read,
  write,
  flush,
  fsync,
  release,
  opendir,
  readdir,
  releasedir,
  statfs,
  xattr,
  lock,
  seek,
  allocate,
  list,
  head,
  get,
  put,
  remove,
  make_folder,
  remove_folder,
  move,
};
constexpr bool is_request(Op op) {
  return op >= Op::list;
}
std::string_view to_string(Op);

// How it ended. The view's own statuses and a store's errors, in one small set.
enum class Result : std::uint8_t { ok, absent, refused, failed };

// One operation or request. 80 bytes in the file, in this machine's byte order.
struct Entry {
  // From 1, in the order of beginning; entries lie in the order of ending.
  std::uint64_t number = 0;
  std::uint64_t begin_ns = 0;  // since the ledger was made, on the monotonic clock
  std::uint64_t end_ns = 0;
  // Of a setattr that cuts: the new size. Of an open and a create: 1 where it may read and write,
  // and 2 more with O_EXCL.
  std::uint64_t offset = 0;
  // Read, written, moved; of a list: entries; of a move: objects; of a lookup, getattr and open:
  // the file's size as it was told.
  std::uint64_t bytes = 0;
  std::uint64_t cause = 0;   // a request's operation, 0 for none (prefetching, unmounting)
  std::uint64_t handle = 0;  // the open file it went through, 0 for none
  double charge = 0;         // cloud seconds of a request
  std::uint32_t name = 0;
  // The calling thread, as the kernel numbers it; 0 where it does not say.
  std::uint32_t task : 30 = 0;
  std::uint32_t for_writing : 1 = 0;  // open: the descriptor may write; setattr: a new time
  std::uint32_t truncating : 1 = 0;   // open: with O_TRUNC; setattr: a new size
  Op op = Op::lookup;
  Result result = Result::ok;
  std::uint16_t session = 0;  // which binding; see Ledger::session
  std::uint32_t draw = 0;     // a request's random number (cost_profile.hpp, draw_of)
};
static_assert(sizeof(Entry) == 80);

// A binding and how it was mounted: what a what-if starts from.
struct SessionNote {
  std::string name;     // "inputs.raw", "outputs.model"
  std::string mode;     // "mount", "download", "upload"
  std::string profile;  // the mount profile's name; "" in records that do not say
  std::vector<std::pair<std::string, std::string>> variables;  // that changed the profile
  std::string cost;                                            // the cost profile
  bool read_only = false;
  std::string root;         // the folder that was shown, on this machine
  std::string only;         // the one file of it that was; "" for all
  bool full_trace = false;  // the kernel answered nothing itself
};

// Appends from any thread. Memory does not grow with the record.
class Ledger {
 public:
  // Makes the folder. Throws exists, no_space, permission or io.
  explicit Ledger(const fs::path& folder);
  ~Ledger();

  // Notes a binding and returns its number.
  std::uint16_t session(const SessionNote&);
  // Notes a file's name within its binding and returns its number. The caller remembers it.
  std::uint32_t name(std::string_view path);

  std::uint64_t begin();      // the next entry's number
  std::uint64_t now() const;  // for begin_ns and end_ns
  // Throws no_space when the disk is full: what was appended before stays readable.
  void append(const Entry&);

 private:
  void next_chunk();
  void note(const std::string& line);

  std::mutex mutex_;
  base::Fd entries_;
  base::Fd names_;
  std::uint64_t names_size_ = 0;
  std::uint32_t name_count_ = 0;
  std::uint16_t session_count_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t origin_ns_ = 0;
  char* chunk_ = nullptr;
  std::size_t used_ = 0;        // of the chunk
  std::uint64_t chunk_at_ = 0;  // its offset in the file
  fs::path folder_;
};

// A ledger as it was written so far, also by a writer that died.
struct LedgerText {
  std::vector<std::string> sessions;    // by number; 0 is ""
  std::vector<std::string> names;       // by number; 0 is ""
  std::vector<Entry> entries;           // in the order of `number`
  std::uint64_t origin_ns = 0;          // CLOCK_MONOTONIC when its time began
  std::vector<SessionNote> notes = {};  // by a session's number, as far as there are
};
// How the session was mounted; its name alone where nothing was noted.
SessionNote note_of(const LedgerText&, std::uint16_t session);

// Throws not_found, corrupt or newer_version.
LedgerText read_ledger(const fs::path& folder);

// The operation that the calling thread is at, so that the requests it makes name their cause.
struct Current {
  std::uint64_t operation = 0;
  std::uint64_t handle = 0;
  std::uint32_t task = 0;
  std::uint32_t name = 0;
  std::uint16_t session = 0;
};
// This thread's.
Current& current();
// In a helper thread (prefetching): its requests are those of the operation that asked for them,
// but run beside it; so the task is this thread's own.
void help(const Current& cause);

}  // namespace meter
