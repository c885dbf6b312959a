#include "history/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"

namespace history {
namespace {

// The JSON of a line without its newline, where the checksum is right.
std::optional<std::string_view> checked(std::string_view line) {
  constexpr std::size_t digits = 8;
  if (line.size() < digits + 1 || line[digits] != ' ') return std::nullopt;
  const std::string_view json = line.substr(digits + 1);
  if (fmt::format("{:08x}", base::crc32c(json)) != line.substr(0, digits)) return std::nullopt;
  return json;
}

// Whether a writer that died in its first bytes could have left this.
bool could_begin_a_line(std::string_view rest) {
  constexpr std::string_view form = "hhhhhhhh {";
  for (std::size_t n = 0; n < std::min(rest.size(), form.size()); ++n) {
    const char c = rest[n];
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (form[n] == 'h' ? !digit : c != form[n]) return false;
  }
  return true;
}

// Calls `take(line, whole)` for each line; the rest after the last newline is one that is not
// whole.
template <class Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const bool whole = end != std::string_view::npos;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(whole ? end + 1 : text.size());
    if (!take(line, whole)) return;
  }
}

}  // namespace

Journal::Journal(fs::path file, bool durable)
    : file_(std::move(file)),
      fd_(base::open_file(file_, O_RDWR | O_CREAT | O_APPEND)),
      durable_(durable) {
  const std::string text = base::read_all(fd_, file_.native());
  size_ = text.size();
  // What follows a torn line would be lost with it.
  if (const auto end = text.rfind('\n') + 1; end < text.size()) {
    base::sys("cut", file_.native(),
              [&] { return ::ftruncate(fd_.get(), static_cast<off_t>(end)); });
    size_ = end;
  }
}

void Journal::check_there() const {
  struct stat status {};
  base::sys("look at", file_.native(), [&] { return ::fstat(fd_.get(), &status); });
  if (status.st_nlink > 0) return;
  throw base::Error(
      base::Code::not_found,
      fmt::format("'{}' was removed while amlocal was writing it", base::display_path(file_)))
      .hint(
          "run it again, and leave .amlocal in place while anything runs; `amlocal runs gc` "
          "frees space at any time");
}

void Journal::append(std::string_view json) {
  check_there();
  const std::string line = fmt::format("{:08x} {}\n", base::crc32c(json), json);
  const auto written = ::write(fd_.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    // A full disk takes a part of the line; a signal can do so too.
    const int error_number = written < 0 ? errno : ENOSPC;
    if (written > 0 && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
      throw base::os_error("cut", file_.native());
    if (error_number == EINTR) return append(json);
    throw base::os_error("write", file_.native(), error_number);
  }
  size_ += line.size();
  if (durable_) base::sys("write", file_.native(), [&] { return ::fsync(fd_.get()); });
}

JournalText read_journal(const fs::path& file) {
  const std::string text = base::read_file(file);
  JournalText journal;
  journal.bytes = text.size();
  std::size_t number = 0;
  each_line(text, [&](std::string_view line, bool whole) {
    ++number;
    const auto json = checked(line);
    if (json && whole) {
      journal.lines.emplace_back(*json);
    } else if (whole || !could_begin_a_line(line)) {
      journal.damaged_line = number;
      return false;
    }
    return true;
  });
  return journal;
}

std::vector<std::string> salvage_journal(const fs::path& file) {
  std::vector<std::string> lines;
  each_line(base::read_file(file), [&](std::string_view line, bool whole) {
    if (const auto json = checked(line); json && whole) lines.emplace_back(*json);
    return true;
  });
  return lines;
}

void throw_damaged(const fs::path& file, std::size_t line, std::string hint) {
  throw base::Error(base::Code::corrupt,
                    fmt::format("'{}' is damaged at line {}", base::display_path(file), line))
      .hint(std::move(hint));
}

}  // namespace history
