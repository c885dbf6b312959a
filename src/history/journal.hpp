// An append-only file of checksummed lines: `crc32c-hex SPACE json NEWLINE`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/path.hpp"

namespace history {

class Journal {
 public:
  // Opens the file for appending and makes it where it is missing; a torn last line is cut off.
  // `durable`: each line is on the disk (fsync) before append returns. Of several writers of one
  // file, each must hold a lock that keeps the others out from the opening to its last append.
  explicit Journal(fs::path file, bool durable = false);

  // Appends one line with one write(2). Throws no_space or io; nothing is left of the line then.
  // Throws not_found when the file was removed: nobody could ever read the line.
  void append(std::string_view json);

  // Throws not_found when the file was removed.
  void check_there() const;

  // The bytes written so far, the ones found at opening included.
  std::uint64_t size() const { return size_; }

 private:
  fs::path file_;
  base::Fd fd_;
  bool durable_ = false;
  std::uint64_t size_ = 0;
};

struct JournalText {
  std::vector<std::string> lines;  // the JSON texts, in order
  std::uint64_t bytes = 0;         // the file's size, a torn last line included
  std::size_t damaged_line = 0;  // the first one that is not as it was written, from 1; 0 for none
};

// Reads a journal up to its first damaged line. A last line without its newline was never
// finished: it is left out, and is no damage where it could be the beginning of one. Throws
// not_found, permission or io.
JournalText read_journal(const fs::path& file);

// The lines after (and before) a damaged one too: every line whose checksum is right.
std::vector<std::string> salvage_journal(const fs::path& file);

// What to throw for `damaged_line`: corrupt, naming file and line.
[[noreturn]] void throw_damaged(const fs::path& file, std::size_t line, std::string hint);

}  // namespace history
