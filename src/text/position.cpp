// Where in the file a byte of a scalar's value stands. yaml-cpp tells where a scalar starts and
// what its value is; the source text is read once more beside the value, which says where it ends.
#include "text/position.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace text {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_break(char c) {
  return c == '\n' || c == '\r';
}

// Walks the source and the value side by side, and notes for each byte of the value where it was
// written. A value that the source does not spell (one given by --set) makes it fail.
class Replay {
 public:
  Replay(std::string_view source, std::size_t begin, std::string_view value)
      : source_(source), at_(begin), value_(value) {
    origins_.reserve(value.size() + 1);
  }

  std::optional<std::vector<std::size_t>> origins() {
    skip_properties();
    const char first = peek();
    bool spelt = false;
    if (first == '\'' || first == '"') {
      ++at_;
      spelt = flow(first);
    } else if (first == '|' || first == '>') {
      spelt = block(first == '>');
    } else {
      spelt = flow('\0');
    }
    if (!spelt) return std::nullopt;
    origins_.push_back(std::min(at_, source_.size()));
    return std::move(origins_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool all_matched() const { return origins_.size() == value_.size(); }
  char wanted() const { return value_[origins_.size()]; }

  bool match(char c, std::size_t origin) {
    if (all_matched() || wanted() != c) return false;
    origins_.push_back(origin);
    return true;
  }

  // A tag and an anchor stand before the scalar, in any order; comments and breaks may follow.
  void skip_properties() {
    while (at_ < source_.size()) {
      if (is_blank(peek()) || is_break(peek()))
        ++at_;
      else if (peek() == '!' || peek() == '&')
        while (at_ < source_.size() && !is_blank(peek()) && !is_break(peek())) ++at_;
      else if (peek() == '#')
        skip_line();
      else
        return;
    }
  }

  void skip_line() {
    while (at_ < source_.size() && peek() != '\n') ++at_;
    if (at_ < source_.size()) ++at_;
  }

  void skip_break() { at_ += peek() == '\r' && peek(1) == '\n' ? 2 : 1; }

  // Plain and quoted scalars: one break is a blank, more are that many less one breaks.
  bool flow(char quote) {
    while (!all_matched()) {
      if (at_ >= source_.size()) return false;
      if (is_break(peek()) || (is_blank(peek()) && blanks_end_the_line())) {
        if (!folded_break()) return false;
      } else if (quote == '"' && peek() == '\\') {
        if (!escape()) return false;
      } else if (quote != '\0' && peek() == quote) {
        if (quote != '\'' || peek(1) != '\'' || !match('\'', at_)) return false;
        at_ += 2;
      } else {
        if (!match(peek(), at_)) return false;
        ++at_;
      }
    }
    return true;
  }

  bool blanks_end_the_line() const {
    std::size_t n = 0;
    while (is_blank(peek(n))) ++n;
    return is_break(peek(n));
  }

  bool folded_break() {
    while (is_blank(peek())) ++at_;
    const std::size_t origin = at_;
    std::size_t breaks = 0;
    while (is_break(peek()) || is_blank(peek())) {
      if (is_break(peek())) {
        ++breaks;
        skip_break();
      } else {
        ++at_;
      }
    }
    if (breaks == 1) return match(' ', origin);
    for (; breaks > 1; --breaks)
      if (!match('\n', origin)) return false;
    return true;
  }

  // What an escape stands for is taken from the value: one character, so one or more UTF-8 bytes.
  bool escape() {
    const std::size_t origin = at_;
    if (is_break(peek(1))) {
      ++at_;
      skip_break();
      while (is_blank(peek())) ++at_;
      return true;
    }
    const char kind = peek(1);
    at_ += 2 + (kind == 'x' ? 2u : kind == 'u' ? 4u : kind == 'U' ? 8u : 0u);
    origins_.push_back(origin);
    while (!all_matched() && (static_cast<unsigned char>(wanted()) & 0xc0) == 0x80)
      origins_.push_back(origin);
    return true;
  }

  bool block(bool folded) {
    skip_line();  // the indicators and a comment
    const std::size_t indent = block_indent();
    while (!all_matched()) {
      if (at_ >= source_.size()) return false;
      // A line of the block, without its indent; one that is shorter is an empty one.
      for (std::size_t n = 0; n < indent && peek() == ' '; ++n) ++at_;
      while (!all_matched() && at_ < source_.size() && !is_break(peek())) {
        if (!match(peek(), at_)) return false;
        ++at_;
      }
      if (all_matched()) return true;
      if (!block_break(folded)) return false;
    }
    return true;
  }

  // The value keeps what a first line that is not empty has beyond the indent.
  std::size_t block_indent() const {
    std::size_t line = at_;
    for (std::size_t end = line; end < source_.size(); ++end) {
      if (is_break(source_[end])) {
        line = end + 1;
      } else if (source_[end] != ' ') {
        const auto kept = value_.find_first_not_of('\n');
        const auto word =
            kept == std::string_view::npos ? kept : value_.find_first_not_of(' ', kept);
        const std::size_t beyond = word == std::string_view::npos ? 0 : word - kept;
        return end - line > beyond ? end - line - beyond : 0;
      }
    }
    return 0;
  }

  // Folding makes a blank of a single break between two lines of text, and drops one of several.
  bool block_break(bool folded) {
    const std::size_t origin = at_;
    skip_break();
    if (!folded) return match('\n', origin);
    if (match(' ', origin)) return true;
    while (!all_matched() && wanted() == '\n') origins_.push_back(origin);
    for (;;) {
      std::size_t n = 0;
      while (peek(n) == ' ') ++n;
      if (!is_break(peek(n)) || at_ + n >= source_.size()) return true;
      at_ += n;
      skip_break();
    }
  }

  std::string_view source_;
  std::size_t at_;
  std::string_view value_;
  std::vector<std::size_t> origins_;
};

// The offset of a line's first byte, or npos.
std::size_t line_start(std::string_view content, unsigned line) {
  std::size_t at = 0;
  for (unsigned n = 1; n < line; ++n) {
    at = content.find('\n', at);
    if (at == std::string_view::npos) return at;
    ++at;
  }
  return at;
}

// `begin`: the offset of the scalar's first byte, which stands at `start`.
base::Place place_from(const base::Place& start, std::size_t begin, std::string_view value,
                       std::size_t offset) {
  const std::string_view content = start.source->content;
  const auto origins = Replay(content, begin, value).origins();
  if (!origins) return start;
  const std::string_view between = content.substr(begin, (*origins)[offset] - begin);
  base::Place place = start;
  const auto last = between.rfind('\n');
  if (last == std::string_view::npos) {
    place.column += static_cast<unsigned>(between.size());
  } else {
    place.line += static_cast<unsigned>(std::count(between.begin(), between.end(), '\n'));
    place.column = static_cast<unsigned>(between.size() - last);
  }
  return place;
}

}  // namespace

base::Place place_in_scalar(const base::Place& start, std::string_view value, std::size_t offset) {
  if (!start.source || start.line == 0 || start.column == 0 || offset > value.size()) return start;
  const std::size_t line = line_start(start.source->content, start.line);
  if (line == std::string_view::npos) return start;
  return place_from(start, line + start.column - 1, value, offset);
}

base::Place place_in_scalar(const Node& node, std::size_t offset) {
  if (!node.place.source || node.place.line == 0 || offset > node.scalar.size() ||
      node.offset >= node.place.source->content.size())
    return node.place;
  return place_from(node.place, node.offset, node.scalar, offset);
}

}  // namespace text
