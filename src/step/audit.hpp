// What the audit hook noted in a step's Pythons: which line of the user's touched which file.
// The hook is step/python/audit; the file's format 1 is docs/audit-file.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/path.hpp"

namespace step {

// A line of the user's script: relative to the step's working folder where it lies below it, else
// absolute; "<string>" for `python -c`.
struct AuditPlace {
  std::string file;
  unsigned line = 0;
  bool operator==(const AuditPlace&) const = default;
};

// One thing a script was about to do. Whether it came off, the hook cannot know.
struct AuditRecord {
  std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
  int pid = 0;
  std::uint32_t task = 0;  // the thread, as the kernel numbers it: a ledger's Entry::task
  std::string op;          // the event's name in Python's manual: "open", "os.rename", …
  std::string path;        // absolute; bytes as the kernel has them
  std::string to;          // of a rename, copy, move or link: the other path, absolute
  int flags = 0;           // open: as for open(2)
  std::string mode;        // open: Python's mode ("rb", "a"); empty for os.open
  std::optional<std::uint64_t> size;  // open: the file's bytes before it, where asked for
  std::optional<AuditPlace> place;    // absent where no code of the user's was at work
  std::string via;                    // "pandas.to_csv": the library function it called, or empty
  bool cut = false;                   // too long a record: the path is only a beginning
};

struct AuditText {
  std::vector<AuditRecord> records;  // in the order of writing, of all processes
  std::size_t damaged = 0;           // records that cannot be read; a torn last one is not counted
};

// The record so far; also while the step still writes it. A file that is not there is an empty
// record: no Python opened anything. Throws newer_version, permission or io.
AuditText read_audit(const fs::path& file);

// Whether it would change something: an open to write, a removal, a rename …
bool is_change(const AuditRecord&);
// Only those, in little memory however much was read besides; damaged records are passed over.
// Throws as read_audit does.
std::vector<AuditRecord> read_changes(const fs::path& file);

}  // namespace step
