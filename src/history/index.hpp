// The index over the journals: a cache in SQLite, made anew whenever it is missing or damaged.
#pragma once

#include <map>
#include <string>

#include "history/history.hpp"
#include "history/sqlite.hpp"

namespace history {

// A run as the index has it. It is out of date when its journal has another size by now.
struct Indexed {
  RunRecord record;  // `status` as the events said, not derived
  std::uint64_t journal_bytes = 0;
  std::size_t damaged_line = 0;
};

class Index {
 public:
  // Opens or makes it; a damaged one is moved aside (index.sqlite.damaged) and made anew, empty.
  // Throws newer_version, permission, no_space, unavailable (a file system without locks) or io.
  explicit Index(const workspace::Layout&);

  std::map<std::string, Indexed> runs();
  void put(const Indexed&);
  void remove(const std::string& run);

 private:
  sqlite::Database database_;
};

}  // namespace history
