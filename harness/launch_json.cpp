#include "harness/launch_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/error.hpp"

namespace harness {
namespace {

struct Span {
  std::size_t begin = 0, end = 0;
};

struct Configurations {
  Span list;                // from "[" to behind "]"
  std::vector<Span> items;  // each from "{" to behind "}"
  std::vector<std::string> names;
  std::size_t last = 0;  // behind the last item, comma or comment in the list
  bool comma = false;    // behind the last item
};

class Reader {
 public:
  Reader(const std::string& text, const std::string& file) : text_(text), file_(file) {}

  // Nothing where the object has no such key; then `first` is the place behind its "{".
  std::optional<Configurations> find(std::size_t& first, bool& empty) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    skip();
    expect('{');
    first = at_;
    empty = true;
    std::optional<Configurations> found;
    for (skip(); !take('}'); skip()) {
      empty = false;
      const std::string key = string();
      skip();
      expect(':');
      skip();
      if (key == "configurations" && !found && peek() == '[')
        found = configurations();
      else
        value();
      skip();
      if (!take(',') && peek() != '}') refuse("',' or '}'");
    }
    skip();
    if (at_ < text_.size()) refuse("the end of the file");
    return found;
  }

 private:
  [[noreturn]] void refuse(const std::string& wanted) const {
    const auto line =
        1 + std::count(text_.begin(),
                       text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())),
                       '\n');
    throw base::Error(
        base::Code::bad_input,
        fmt::format("{}:{}: it is no JSON with comments: {} is missing", file_, line, wanted))
        .hint("mend that line, or move the file away and let it be made anew");
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse(fmt::format("'{}'", c));
  }

  // Blanks and comments; behind the last comment is `told_`.
  void skip() {
    for (;;) {
      while (at_ < text_.size() &&
             std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
        ++at_;
      if (text_.compare(at_, 2, "//") == 0) {
        at_ = std::min(text_.find('\n', at_), text_.size());
        told_ = at_ > 0 && text_[at_ - 1] == '\r' ? at_ - 1 : at_;
      } else if (text_.compare(at_, 2, "/*") == 0) {
        const auto end = text_.find("*/", at_ + 2);
        if (end == std::string::npos) refuse("'*/'");
        told_ = at_ = end + 2;
      } else {
        return;
      }
    }
  }

  std::string string() {
    const auto begin = at_;
    expect('"');
    while (peek() != '"') {
      if (at_ >= text_.size() || peek() == '\n') refuse("'\"'");
      at_ += peek() == '\\' ? 2 : 1;
    }
    ++at_;
    try {
      return nlohmann::json::parse(text_.substr(begin, at_ - begin)).get<std::string>();
    } catch (const nlohmann::json::exception&) {
      at_ = begin;
      refuse("a text");
    }
  }

  void value() {
    if (peek() == '{') {
      ++at_;
      for (skip(); !take('}'); skip()) {
        string();
        skip();
        expect(':');
        skip();
        value();
        skip();
        if (!take(',') && peek() != '}') refuse("',' or '}'");
      }
    } else if (peek() == '[') {
      ++at_;
      for (skip(); !take(']'); skip()) {
        value();
        skip();
        if (!take(',') && peek() != ']') refuse("',' or ']'");
      }
    } else if (peek() == '"') {
      string();
    } else {
      const auto begin = at_;
      while (at_ < text_.size() &&
             (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
              std::string_view("+-.").find(text_[at_]) != std::string_view::npos))
        ++at_;
      if (at_ == begin) refuse("a value");
    }
  }

  std::string named() {
    std::string name;
    expect('{');
    for (skip(); !take('}'); skip()) {
      const std::string key = string();
      skip();
      expect(':');
      skip();
      if (key == "name" && peek() == '"')
        name = string();
      else
        value();
      skip();
      if (!take(',') && peek() != '}') refuse("',' or '}'");
    }
    return name;
  }

  Configurations configurations() {
    Configurations found;
    found.list.begin = at_;
    ++at_;
    found.last = at_;
    for (told_ = 0, skip(); !take(']'); skip()) {
      const auto begin = at_;
      std::string name;
      if (peek() == '{')
        name = named();
      else
        value();
      found.items.push_back({begin, at_});
      found.names.push_back(name);
      found.last = at_;
      skip();
      found.comma = take(',');
      if (found.comma) found.last = at_;
      if (!found.comma && peek() != ']') refuse("',' or ']'");
    }
    found.last = std::max(found.last, told_);
    found.list.end = at_;
    return found;
  }

  const std::string& text_;
  const std::string& file_;
  std::size_t at_ = 0;
  std::size_t told_ = 0;
};

// The blanks before the first thing in the line of `at`.
std::string indent_at(const std::string& text, std::size_t at) {
  const auto newline = text.rfind('\n', at == 0 ? 0 : at - 1);
  const auto begin = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(begin, text.find_first_not_of(" \t", begin) - begin);
}

std::string indented(const std::string& entry, const std::string& indent) {
  std::string result;
  for (const char c : entry) {
    result += c;
    if (c == '\n') result += indent;
  }
  return result;
}

}  // namespace

std::string merge_configuration(const std::string& text, const std::string& name,
                                const std::string& entry, const std::string& file) {
  const std::string pretty = nlohmann::ordered_json::parse(entry).dump(4);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return "{\n    \"version\": \"0.2.0\",\n    \"configurations\": [\n        " +
           indented(pretty, "        ") + "\n    ]\n}\n";
  std::size_t first = 0;
  bool empty = false;
  const auto found = Reader(text, file).find(first, empty);
  std::string result = text;
  if (!found) {
    result.insert(first, "\n    \"configurations\": [\n        " + indented(pretty, "        ") +
                             "\n    ]" + (empty ? "\n" : ","));
    return result;
  }
  for (std::size_t n = 0; n < found->items.size(); ++n)
    if (found->names[n] == name) {
      const Span& item = found->items[n];
      return result.replace(item.begin, item.end - item.begin,
                            indented(pretty, indent_at(text, item.begin)));
    }
  const bool any = !found->items.empty();
  const std::string indent = any ? indent_at(text, found->items.back().begin)
                                 : indent_at(text, found->list.begin) + "    ";
  std::string made = "\n" + indent + indented(pretty, indent);
  const auto rest = text.find_first_not_of(" \t\r", found->last);
  if (rest != std::string::npos && text[rest] == ']')  // on the line of the last one
    made += "\n" + indent_at(text, found->list.begin);
  result.insert(found->last, made);
  if (any && !found->comma) result.insert(found->items.back().end, ",");
  return result;
}

}  // namespace harness
