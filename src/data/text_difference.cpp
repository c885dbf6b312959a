// Text by line, as a unified diff; anything by its bytes.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <string_view>

#include "base/files.hpp"
#include "data/decoded.hpp"
#include "data/difference_parts.hpp"
#include "data/edit_script.hpp"
#include "text/diagnostic.hpp"

namespace data {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

// A line without its end, but with what is not seen: a CR, or that the end is missing.
std::string shown(std::string_view line) {
  std::string_view behind = "  (no line end)";
  if (line.ends_with('\n')) {
    line.remove_suffix(1);
    behind = "";
  }
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
    behind = behind.empty() ? "\\r" : "\\r  (no line end)";
  }
  return text::shown_line(shown_utf8(line), 200) + std::string(behind);
}

class UnifiedDiff {
 public:
  UnifiedDiff(std::vector<std::string_view> expected, std::vector<std::string_view> actual,
              const Comparing& how)
      : expected_(std::move(expected)), actual_(std::move(actual)), how_(how) {}

  std::string draw() {
    const auto found = changes(expected_.size(), actual_.size(), [&](std::size_t a, std::size_t b) {
      return expected_[a] == actual_[b];
    });
    std::size_t hunks = 0;
    std::size_t left = 0;
    for (std::size_t n = 0; n < found.size();) {
      std::size_t end = n + 1;  // those whose context meets are one hunk
      while (end < found.size() &&
             found[end].expected_begin - found[end - 1].expected_end <= 2 * how_.context)
        ++end;
      if (hunks++ < how_.shown)
        hunk(found, n, end);
      else
        ++left;
      n = end;
    }
    if (left > 0) text_ += fmt::format("… and {} more places\n", left);
    return text_;
  }

 private:
  void hunk(const std::vector<Changed>& found, std::size_t begin, std::size_t end) {
    const std::size_t before = std::min(how_.context, found[begin].expected_begin);
    const std::size_t from = found[begin].expected_begin - before;
    const std::size_t actual_from = found[begin].actual_begin - before;
    const std::size_t to = std::min(found[end - 1].expected_end + how_.context, expected_.size());
    const std::size_t actual_to =
        std::min(found[end - 1].actual_end + how_.context, actual_.size());
    text_ += fmt::format("@@ -{},{} +{},{} @@\n", from + (to > from), to - from,
                         actual_from + (actual_to > actual_from), actual_to - actual_from);
    std::size_t at = from;
    for (std::size_t n = begin; n < end; ++n) {
      lines(' ', expected_, at, found[n].expected_begin);
      lines('-', expected_, found[n].expected_begin, found[n].expected_end);
      lines('+', actual_, found[n].actual_begin, found[n].actual_end);
      at = found[n].expected_end;
    }
    lines(' ', expected_, at, to);
  }

  void lines(char mark, const std::vector<std::string_view>& from, std::size_t begin,
             std::size_t end) {
    constexpr std::size_t most = 40;
    for (std::size_t n = begin; n < std::min(end, begin + most); ++n)
      text_ += mark + shown(from[n]) + "\n";
    if (end - begin > most) text_ += fmt::format("{}… {} lines more\n", mark, end - begin - most);
  }

  std::vector<std::string_view> expected_;
  std::vector<std::string_view> actual_;
  const Comparing& how_;
  std::string text_;
};

// The first byte that differs, or where the shorter one ends; nothing where they are the same.
struct FirstDifference {
  std::uint64_t offset = 0;
  std::uint64_t line = 1;
  bool same = true;
};

FirstDifference first_difference(const fs::path& expected, const fs::path& actual) {
  const Source a = file_source(expected);
  const Source b = file_source(actual);
  const auto full = [](const Source& source, std::string& piece) {
    piece.resize(256 << 10);
    std::size_t size = 0;
    for (std::size_t count = 1; count > 0 && size < piece.size(); size += count)
      count = source(piece.data() + size, piece.size() - size);
    piece.resize(size);
  };
  FirstDifference first;
  std::string x;
  std::string y;
  do {
    full(a, x);
    full(b, y);
    const auto [at, _] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
    first.line += static_cast<std::uint64_t>(std::count(x.begin(), at, '\n'));
    first.offset += static_cast<std::uint64_t>(at - x.begin());
    first.same = x == y;
  } while (first.same && !x.empty());
  return first;
}

std::string byte_at(const fs::path& path, std::uint64_t offset) {
  const Source source = file_source(path);
  std::string piece(256 << 10, '\0');
  for (std::uint64_t at = 0;;) {
    const std::size_t count = source(piece.data(), piece.size());
    if (count == 0) return "the end";
    if (offset < at + count)
      return fmt::format("0x{:02x}", static_cast<unsigned char>(piece[offset - at]));
    at += count;
  }
}

}  // namespace

bool same_bytes(const fs::path& expected, const fs::path& actual) {
  return fs::file_size(expected) == fs::file_size(actual) &&
         first_difference(expected, actual).same;
}

bool fits_memory(const fs::path& file) {
  return fs::file_size(file) <= (32U << 20U);
}

std::string text_difference(const fs::path& expected, const fs::path& actual,
                            const Comparing& how) {
  if (same_bytes(expected, actual)) return "";
  if (!fits_memory(expected) || !fits_memory(actual))
    return fmt::format("the first difference is in line {}\n",
                       first_difference(expected, actual).line) +
           binary_difference(expected, actual);
  const std::string a = base::read_file(expected);
  const std::string b = base::read_file(actual);
  return "--- expected\n+++ actual\n" + UnifiedDiff(lines_of(a), lines_of(b), how).draw();
}

std::string binary_difference(const fs::path& expected, const fs::path& actual) {
  const FirstDifference first = first_difference(expected, actual);
  if (first.same) return "";
  const auto before = fs::file_size(expected);
  const auto now = fs::file_size(actual);
  return fmt::format("{}; byte {} is the first that differs: expected {}, actual {}\n",
                     before == now ? fmt::format("{} bytes each", now)
                                   : fmt::format("expected {} bytes, actual {}", before, now),
                     first.offset, byte_at(expected, first.offset), byte_at(actual, first.offset));
}

}  // namespace data
