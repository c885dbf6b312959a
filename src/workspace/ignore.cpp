#include "workspace/ignore.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace workspace {
namespace {

// `text_ended`: the name is used up, so that an earlier `*` need not try longer matches.
enum class Match { yes, no, text_ended };

bool in_named_class(std::string_view name, int c, bool& known) {
  known = true;
  if (name == "alnum") return std::isalnum(c);
  if (name == "alpha") return std::isalpha(c);
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return std::iscntrl(c);
  if (name == "digit") return std::isdigit(c);
  if (name == "graph") return std::isgraph(c);
  if (name == "lower") return std::islower(c);
  if (name == "print") return std::isprint(c);
  if (name == "punct") return std::ispunct(c);
  if (name == "space") return std::isspace(c);
  if (name == "upper") return std::isupper(c);
  if (name == "xdigit") return std::isxdigit(c);
  known = false;
  return false;
}

struct Bracket {
  bool valid = false;
  bool matches = false;
  std::size_t end = 0;  // after the ']'
};

// `at` is the position after the '['.
Bracket match_bracket(std::string_view pattern, std::size_t at, unsigned char c) {
  const auto byte = [&](std::size_t n) {
    return n < pattern.size() ? static_cast<unsigned char>(pattern[n])
                              : static_cast<unsigned char>(0);
  };
  const bool negated = byte(at) == '!' || byte(at) == '^';
  if (negated) ++at;
  bool matched = false;
  int previous = -1;  // a possible start of a range
  for (bool first = true; first || byte(at) != ']'; first = false, ++at) {
    if (at >= pattern.size()) return {};
    if (byte(at) == '\\') {
      if (++at >= pattern.size()) return {};
      matched |= c == byte(at);
      previous = byte(at);
    } else if (byte(at) == '-' && previous >= 0 && at + 1 < pattern.size() && byte(at + 1) != ']') {
      ++at;
      if (byte(at) == '\\' && ++at >= pattern.size()) return {};
      matched |= c >= previous && c <= byte(at);
      previous = -1;
    } else if (byte(at) == '[' && byte(at + 1) == ':') {
      const auto close = pattern.find(']', at + 2);
      if (close == std::string_view::npos) return {};
      if (close == at + 2 || byte(close - 1) != ':') {
        matched |= c == '[';
        previous = '[';
        continue;
      }
      bool known = false;
      matched |= in_named_class(pattern.substr(at + 2, close - at - 3), c, known);
      if (!known) return {};
      previous = -1;
      at = close;
    } else {
      matched |= c == byte(at);
      previous = byte(at);
    }
  }
  return {true, matched != negated && c != '/', at + 1};
}

// What is known of "does the pattern from p on fit the last n bytes of the name": stars ask the
// same question again and again, and without this a few of them cost exponential time.
using Known = std::map<std::pair<std::size_t, std::size_t>, Match>;

Match match_here(std::string_view whole, std::size_t p, std::string_view name, Known& known);

Match match(std::string_view whole, std::size_t p, std::string_view name, Known& known) {
  const std::pair question(p, name.size());
  if (const auto answer = known.find(question); answer != known.end()) return answer->second;
  const Match result = match_here(whole, p, name, known);
  known.emplace(question, result);
  return result;
}

Match match_here(std::string_view whole, std::size_t p, std::string_view name, Known& known) {
  for (; p < whole.size(); ++p) {
    const char c = whole[p];
    if (name.empty() && c != '*') return Match::text_ended;
    if (c == '?') {
      if (name[0] == '/') return Match::no;
    } else if (c == '[') {
      const Bracket bracket = match_bracket(whole, p + 1, static_cast<unsigned char>(name[0]));
      if (!bracket.valid) return Match::text_ended;
      if (!bracket.matches) return Match::no;
      p = bracket.end - 1;
    } else if (c == '*') {
      const std::size_t first = p;
      while (p < whole.size() && whole[p] == '*') ++p;
      // Two stars cross slashes only as a whole part of the path.
      const bool starts_part = first == 0 || whole[first - 1] == '/';
      const bool ends_part =
          p == whole.size() || whole[p] == '/' || whole.substr(p).starts_with("\\/");
      const bool crosses = p - first > 1 && starts_part && ends_part;
      if (crosses && p < whole.size() && whole[p] == '/' &&
          match(whole, p + 1, name, known) == Match::yes)
        return Match::yes;
      if (p == whole.size())
        return crosses || name.find('/') == std::string_view::npos ? Match::yes : Match::no;
      for (std::size_t skip = 0; skip <= name.size(); ++skip) {
        const Match rest = match(whole, p, name.substr(skip), known);
        if (rest != Match::no) return rest;
        if (skip < name.size() && name[skip] == '/' && !crosses) return Match::no;
      }
      return Match::text_ended;
    } else {
      char wanted = c;
      if (c == '\\') {
        if (++p == whole.size()) return Match::no;
        wanted = whole[p];
      }
      if (name[0] != wanted) return Match::no;
    }
    name.remove_prefix(1);
  }
  return name.empty() ? Match::yes : Match::no;
}

// Blanks at the end do not count, unless a backslash stands before the first of them.
std::string_view without_trailing_blanks(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t n = 0; n < line.size(); ++n) {
    if (line[n] == '\\' && n + 1 < line.size()) {
      end = ++n + 1;
    } else if (line[n] != ' ') {
      end = n + 1;
    }
  }
  return line.substr(0, end);
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) {
  // git compares the plain beginning first and matches only the rest, so that `a**/b` crosses
  // slashes although its stars are no whole part of the path. Source: git's dir.c, match_pathname.
  const auto plain = std::min(pattern.find_first_of("*?[\\"), pattern.size());
  if (name.substr(0, plain) != pattern.substr(0, plain)) return false;
  Known known;
  return match_here(pattern.substr(plain), 0, name.substr(plain), known) == Match::yes;
}

void IgnoreRules::add(std::string_view text, const std::string& folder) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    line = without_trailing_blanks(line);
    Rule rule;
    rule.folder = folder;
    rule.negated = line.starts_with('!');
    if (rule.negated) line.remove_prefix(1);
    rule.folders_only = line.ends_with('/');
    if (rule.folders_only) line.remove_suffix(1);
    rule.by_name = line.find('/') == std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    rule.pattern = line;
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignored(const std::string& path, bool is_folder) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    std::string_view name = path;
    if (!rule->folder.empty()) {
      if (!name.starts_with(rule->folder + "/")) continue;
      name.remove_prefix(rule->folder.size() + 1);
    }
    if (rule->by_name) name = name.substr(name.rfind('/') + 1);
    if (glob_match(rule->pattern, name)) return !rule->negated;
  }
  return false;
}

}  // namespace workspace
