// history::read_journal: any bytes are read up to the first damage, and appending goes on after it.
#include <algorithm>
#include <fstream>

#include "base/files.hpp"
#include "fuzz/fuzz.hpp"
#include "history/journal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const base::TempDir folder(fs::path("/dev/shm"), "amlocal-fuzz-");
  const fs::path file = folder.path() / "journal";
  std::ofstream(file.native(), std::ios::binary | std::ios::trunc) << fuzz::text_of(data, size);

  const auto before = history::read_journal(file);
  const auto salvaged = history::salvage_journal(file);
  fuzz::require(before.bytes == size, "the size is the file's");
  fuzz::require(before.lines.size() <= salvaged.size(), "salvage gives no less");
  fuzz::require(std::equal(before.lines.begin(), before.lines.end(), salvaged.begin()),
                "salvage begins with what is read");

  history::Journal(file).append(R"({"last":1})");
  const auto after = history::read_journal(file);
  // What follows the last newline is cut off by the next writer, whatever it is.
  const auto lines = static_cast<std::size_t>(std::count(data, data + size, '\n'));
  const bool cut = before.damaged_line == lines + 1;
  fuzz::require(after.damaged_line == (cut ? 0 : before.damaged_line),
                "appending mends only the unfinished end, and damages nothing");
  if (after.damaged_line == 0)
    fuzz::require(
        after.lines.size() == before.lines.size() + 1 && after.lines.back() == R"({"last":1})",
        "what was appended is read");
  fuzz::require(history::salvage_journal(file).size() == salvaged.size() + 1,
                "what was appended can be salvaged");
  return 0;
}
