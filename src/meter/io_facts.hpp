// A record boiled down to what advice is about: by file and by binding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "meter/report.hpp"

namespace meter {

struct FileFacts {
  std::string session;
  std::string path;
  std::string line;     // the dearest line of the user's that opened it; "" for no Python's
  std::string jumping;  // the line whose reads jump most; "" for none
  std::uint64_t opens = 0;
  std::uint64_t writing_opens = 0;
  std::uint64_t reads = 0;
  std::uint64_t jumps = 0;  // reads that do not go on where the last one ended
  std::uint64_t writes = 0;
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  std::uint64_t puts = 0;
  std::uint64_t gets = 0;
  std::uint64_t sent = 0;
  std::uint64_t fetched = 0;
  std::uint64_t failed_renames_onto = 0;
  std::uint64_t renames_onto = 0;  // of those that came off
  double seconds = 0;              // of its requests
  double longest_held = 0;         // seconds that a descriptor which wrote stayed open
};

struct SessionFacts {
  SessionNote note;
  bool reads_blocks = false;      // as it was mounted; not known to this room
  bool has_cache_limit = false;   // the same
  std::uint64_t most_cached = 0;  // bytes of local copies at once; the same
  std::uint64_t changes = 0;      // files and folders made, written or moved in it
  std::uint64_t lists = 0;        // requests
  double list_seconds = 0;
  double seconds = 0;  // of all its requests
  double span = 0;     // from its first operation to its last
};

// A line that makes an access mode and throws it away.
struct Discarded {
  std::string line;  // "submit.py:12"
  std::string text;  // "logs.as_upload()"
};

struct IoFacts {
  std::vector<FileFacts> files;  // the dearest first
  std::vector<SessionFacts> sessions;
  std::vector<Discarded> discarded;
  bool estimated = false;  // nothing was mounted
};

IoFacts facts_of(const LedgerText&, const Report&, const CostProfile&);

// Statements of a Python text that are only `x.as_upload(…)` or `x.as_mount(…)`: these return a
// changed copy. Source: OutputFileDatasetConfig, "Return type".
std::vector<Discarded> discarded_modes(const std::string& file, const std::string& python);

}  // namespace meter
