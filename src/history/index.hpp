// The index over the journals: a cache in SQLite, made anew whenever it is missing or damaged.
#pragma once

#include <map>
#include <string>

#include "base/process.hpp"

#include "history/history.hpp"
#include "history/sqlite.hpp"

namespace history {

// A run as the index has it. It is out of date when its journal has another size by now.
struct Indexed {
  RunRecord record;  // `status` as the events said, not derived
  std::uint64_t journal_bytes = 0;
};

// Where the index lies: in `.amlocal`, or, where that is on a network share (CIFS, SMB, NFS, 9P),
// whose locks SQLite cannot rely on, under a name of the project's own in the user's state folder
// (XDG_STATE_HOME, else ~/.local/state). `file_system`: statfs(2)'s f_type.
// Source: sqlite.org/wal.html, "WAL does not work over a network filesystem".
fs::path index_path(const workspace::Layout&, const base::Variables& environment, long file_system);
// For this process's environment and the file system that `.amlocal` lies on.
fs::path index_path(const workspace::Layout&);

class Index {
 public:
  // Opens or makes it; a damaged one is moved aside (index.sqlite.damaged) and made anew, empty;
  // one of an older schema is emptied. Where its place turns out to have no locks, the user's state
  // folder takes it. Throws newer_version, permission, no_space, unavailable or io.
  explicit Index(const workspace::Layout&);

  std::map<std::string, Indexed> runs();
  void put(const RunRecord&, std::uint64_t journal_bytes);
  void remove(const std::string& run);

  // How many runs there are, and what their steps moved in and out: at least that much they take.
  struct Total {
    std::uint64_t runs = 0;
    std::uint64_t bytes = 0;
  };
  Total total();

 private:
  sqlite::Database database_;
};

}  // namespace history
