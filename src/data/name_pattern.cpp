#include "data/name_pattern.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace data {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// 8-4-4-4-12 hexadecimal digits, as Spark and others name their parts.
std::size_t uuid_length(std::string_view text) {
  constexpr std::size_t length = 36;
  if (text.size() < length) return 0;
  for (std::size_t n = 0; n < length; ++n) {
    const bool dash = n == 8 || n == 13 || n == 18 || n == 23;
    if (dash ? text[n] != '-' : !std::isxdigit(static_cast<unsigned char>(text[n]))) return 0;
  }
  return length;
}

std::size_t begin_of_extension(std::string_view name) {
  const auto dot = name.rfind('.');
  // ".2024" is no extension, but ".7z" and ".h5" are.
  if (dot == std::string_view::npos || dot == 0) return name.size();
  const auto extension = name.substr(dot + 1);
  return std::all_of(extension.begin(), extension.end(), is_digit) ? name.size() : dot;
}

struct Part {
  std::string text;
  bool numbered = false;
};

Part generalised_part(std::string_view name, bool is_file) {
  Part part;
  if (!is_file) {
    const auto equals = name.find('=');
    if (equals != std::string_view::npos && equals > 0)
      return {std::string(name.substr(0, equals)) + "=*", true};
  }
  const std::size_t stem = is_file ? begin_of_extension(name) : name.size();
  for (std::size_t at = 0; at < stem;) {
    std::size_t length = uuid_length(name.substr(at, stem - at));
    part.numbered = part.numbered || length > 0;
    if (length == 0) {
      while (at + length < stem && is_digit(name[at + length])) ++length;
      part.numbered = part.numbered || length >= 3;
    }
    if (length == 0) {
      part.text += name[at++];
      continue;
    }
    if (!part.text.ends_with('*')) part.text += '*';
    at += length;
  }
  part.text += name.substr(stem);
  return part;
}

std::vector<Part> parts_of(std::string_view path) {
  std::vector<Part> parts;
  for (;;) {
    const auto slash = path.find('/');
    const bool is_file = slash == std::string_view::npos;
    parts.push_back(generalised_part(path.substr(0, slash), is_file));
    if (is_file) return parts;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string generalised(std::string_view path) {
  std::string text;
  for (const Part& part : parts_of(path)) text += (text.empty() ? "" : "/") + part.text;
  return text;
}

bool is_numbered(std::string_view path) {
  const auto parts = parts_of(path);
  return std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.numbered; });
}

bool fits_pattern(std::string_view pattern, std::string_view path) {
  // On a mismatch the last '*' takes one character more.
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (n < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == path[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos && path[taken] != '/') {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string extension_of(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return "";
  std::string extension(name.substr(dot));
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

}  // namespace data
