#include "text/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <regex>

#include "base/error.hpp"
#include "base/files.hpp"

namespace text {
namespace {

constexpr int deepest = 200;
constexpr std::size_t most_nodes = 1'000'000;

using Source = std::shared_ptr<const base::SourceText>;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool all_of(std::string_view text, int (*test)(int)) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [&](unsigned char c) { return c == '_' || test(c); });
}

bool is_integer(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || text[0] == '_') return false;
  if (text.starts_with("0x")) return all_of(text.substr(2), std::isxdigit);
  if (text.size() > 1 && text[0] == '0')
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '7') || c == '_'; });
  return all_of(text, std::isdigit);
}

// YAML 1.1's floats as PyYAML matches them: a dot is needed, and an exponent needs its sign.
bool is_real(const std::string& text) {
  if (text.empty() || std::string_view("+-.0123456789").find(text[0]) == std::string_view::npos)
    return false;
  static const std::regex pattern(
      R"([-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9_]+([eE][-+][0-9]+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN)))");
  return std::regex_match(text, pattern);
}

Kind kind_of_plain(const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Kind::null;
  if (is_one_of(text, {"yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false",
                       "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF"}))
    return Kind::boolean;
  if (is_integer(text)) return Kind::integer;
  if (is_real(text)) return Kind::real;
  return Kind::string;
}

class Converter {
 public:
  explicit Converter(Source source) : source_(std::move(source)) {}

  Node convert(const YAML::Node& yaml, int depth) {
    if (depth > deepest) refuse(yaml.Mark(), "this is nested too deeply (more than 200 levels)");
    if (++nodes_ > most_nodes)
      refuse(yaml.Mark(), "aliases unfold this to more than 1,000,000 nodes");
    Node node;
    node.place = place(yaml.Mark());
    switch (yaml.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        node.scalar = "";
        break;
      case YAML::NodeType::Scalar:
        node.scalar = yaml.Scalar();
        // yaml-cpp gives a quoted or block scalar the tag "!".
        node.kind = yaml.Tag() == "!" || yaml.Tag() == "tag:yaml.org,2002:str"
                        ? Kind::string
                        : kind_of_plain(node.scalar);
        break;
      case YAML::NodeType::Sequence:
        node.kind = Kind::sequence;
        for (const auto& item : yaml) node.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        convert_map(yaml, node, depth);
        break;
    }
    return node;
  }

 private:
  void convert_map(const YAML::Node& yaml, Node& node, int depth) {
    node.kind = Kind::map;
    std::vector<Entry> merged;
    for (const auto& pair : yaml) {
      if (!pair.first.IsScalar() && !pair.first.IsNull())
        refuse(pair.first.Mark(), "a key must be a plain word here");
      Entry entry{pair.first.IsNull() ? "null" : pair.first.Scalar(), place(pair.first.Mark()),
                  convert(pair.second, depth + 1)};
      if (entry.value.is_null() && entry.value.place.line == 0) entry.value.place = entry.key_place;
      if (entry.key == "<<")
        add_merged(entry, merged);
      else
        node.entries.push_back(std::move(entry));
    }
    // A key of its own beats a merged one.
    for (auto& entry : merged)
      if (!node.find(entry.key)) node.entries.push_back(std::move(entry));
  }

  void add_merged(const Entry& entry, std::vector<Entry>& merged) {
    if (entry.value.is_map()) {
      for (const auto& below : entry.value.entries) merged.push_back(below);
      return;
    }
    if (!entry.value.is_sequence())
      throw base::Error(base::Code::bad_definition, "'<<' merges a mapping or a list of mappings")
          .at(entry.key_place);
    for (const auto& item : entry.value.items)
      add_merged({entry.key, entry.key_place, item}, merged);
  }

  base::Place place(const YAML::Mark& mark) const {
    if (mark.is_null()) return {source_, 0, 0};
    return {source_, static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string what) const {
    throw base::Error(base::Code::bad_definition, std::move(what)).at(place(mark));
  }

  Source source_;
  std::size_t nodes_ = 0;
};

// yaml-cpp recurses as deep as the text says, so the depth of flow collections is looked at first.
void refuse_deep_nesting(const Source& source) {
  int depth = 0;
  unsigned line = 1;
  for (const char c : source->content) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > 5 * deepest)
      throw base::Error(base::Code::bad_definition,
                        "this is nested too deeply (more than 200 levels)")
          .at({source, line, 1});
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& e) { return e.key == key; });
  return found == entries.rend() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

bool Node::as_bool() const {
  return is_one_of(scalar, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"});
}

long long Node::as_integer() const {
  std::string digits;
  std::copy_if(scalar.begin(), scalar.end(), std::back_inserter(digits),
               [](char c) { return c != '_' && c != '+'; });
  const bool negative = digits.starts_with("-");
  const char* begin = digits.data() + (negative ? 1 : 0);
  const char* end = digits.data() + digits.size();
  int radix = 10;
  if (std::string_view(begin, end).starts_with("0x"))
    begin += 2, radix = 16;
  else if (end - begin > 1 && *begin == '0')
    radix = 8;
  long long value = 0;
  if (std::from_chars(begin, end, value, radix).ec == std::errc::result_out_of_range)
    value = std::numeric_limits<long long>::max();
  return negative ? -value : value;
}

double Node::as_real() const {
  if (kind == Kind::integer) return static_cast<double>(as_integer());
  std::string digits;
  std::copy_if(scalar.begin(), scalar.end(), std::back_inserter(digits),
               [](char c) { return c != '_'; });
  if (digits.find("inf") != std::string::npos || digits.find("Inf") != std::string::npos ||
      digits.find("INF") != std::string::npos)
    return digits[0] == '-' ? -INFINITY : INFINITY;
  if (digits.find_first_of("nN") != std::string::npos) return NAN;
  return std::strtod(digits.c_str(), nullptr);
}

std::shared_ptr<const base::SourceText> read_source(const fs::path& path) {
  return std::make_shared<base::SourceText>(
      base::SourceText{base::display_path(path), base::read_file(path)});
}

Node parse_yaml(std::shared_ptr<const base::SourceText> source) {
  refuse_deep_nesting(source);
  try {
    return Converter(source).convert(YAML::Load(source->content), 0);
  } catch (const YAML::Exception& problem) {
    const base::Place place{source, static_cast<unsigned>(problem.mark.line) + 1,
                            static_cast<unsigned>(problem.mark.column) + 1};
    const std::string line = place.line_text();
    base::Error error(base::Code::bad_definition, fmt::format("this is not YAML: {}", problem.msg));
    error.at(place);
    if (line.find('\t') != std::string::npos)
      error.hint("YAML is indented with blanks, never with tabs");
    throw error;
  }
}

Node parse_scalar(std::string_view text) {
  Node node;
  node.scalar = text;
  node.kind = kind_of_plain(node.scalar);
  return node;
}

}  // namespace text
