#include "harness/mock_content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <fstream>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace harness {
namespace {

// Every regular file at or below `root`, by its path from there ("" of a file), sorted.
std::vector<std::pair<std::string, fs::path>> files_of(const fs::path& root) {
  std::vector<std::pair<std::string, fs::path>> files;
  boost::system::error_code failed;
  if (!fs::is_directory(root, failed)) return {{"", root}};
  for (fs::recursive_directory_iterator
           entry(root, fs::directory_options::follow_directory_symlink, failed),
       end;
       !failed && entry != end; entry.increment(failed))
    if (fs::is_regular_file(entry->path()))
      files.emplace_back(entry->path().lexically_relative(root).native(), entry->path());
  if (failed) throw base::os_error("read", root.native(), failed.value());
  std::sort(files.begin(), files.end());
  return files;
}

constexpr int no_digit = -1;

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : no_digit;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int have = 0, digits = 0, padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int digit = digit_of(c);
    if (digit == no_digit || padding > 0) return std::nullopt;
    ++digits;
    bits = bits << 6 | static_cast<unsigned>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes.push_back(static_cast<char>(bits >> have & 0xff));
  }
  if (padding > 2 || digits % 4 == 1 || (padding > 0 && (digits + padding) % 4 != 0))
    return std::nullopt;
  return bytes;
}

std::string_view extension_of(const Content& content) {
  return content.kind == "csv"    ? ".csv"
         : content.kind == "json" ? ".json"
         : content.kind == "text" ? ".txt"
                                  : ".bin";
}

std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '\\' || n + 1 == text.size()) {
      plain.push_back(text[n]);
      continue;
    }
    const char next = text[++n];
    if (next == 'n' || next == 't' || next == 'r')
      plain.push_back(next == 'n' ? '\n' : next == 't' ? '\t' : '\r');
    else if (next == '\\')
      plain.push_back('\\');
    else
      plain.append({'\\', next});
  }
  return plain;
}

nlohmann::ordered_json json_of(const text::Node& node) {
  using text::Kind;
  nlohmann::ordered_json json;
  switch (node.kind) {
    case Kind::null:
      break;
    case Kind::boolean:
      json = node.as_bool();
      break;
    case Kind::integer:
      json = node.as_integer();
      break;
    case Kind::real:
      json = node.as_real();
      break;
    case Kind::string:
      json = node.scalar;
      break;
    case Kind::sequence:
      json = nlohmann::ordered_json::array();
      for (const auto& item : node.items) json.push_back(json_of(item));
      break;
    case Kind::map:
      json = nlohmann::ordered_json::object();
      for (const auto& entry : node.entries) json[entry.key] = json_of(entry.value);
      break;
  }
  return json;
}

std::string numbered(std::string_view text, std::uint64_t n, bool* found) {
  std::string made;
  if (found) *found = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = text.find("{n", at);
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return made.append(text.substr(at));
    const std::string_view width = text.substr(open + 2, close - open - 2);
    const bool plain = width.empty();
    const bool padded =
        width.size() >= 2 && width.size() <= 3 && width[0] == ':' &&
        std::all_of(width.begin() + 1, width.end(), [](char c) { return c >= '0' && c <= '9'; });
    made.append(text.substr(at, open - at));
    if (!plain && !padded) {
      made.append(text.substr(open, 2));
      at = open + 2;
      continue;
    }
    made += plain ? std::to_string(n)
                  : fmt::format("{:0{}}", n, std::stoi(std::string(width.substr(1))));
    if (found) *found = true;
    at = close + 1;
  }
  return made;
}

bool is_path_below(std::string_view name) {
  const fs::path path{std::string(name)};
  if (name.empty() || name.find('\0') != std::string_view::npos || path.is_absolute() ||
      name.back() == '/')
    return false;
  return std::none_of(path.begin(), path.end(), [](const fs::path& part) {
    return part == ".." || part == "." || part.empty();
  });
}

std::string data_hash(const fs::path& root) {
  base::Hasher hasher;
  for (const auto& [name, path] : files_of(root))
    hasher.add(fmt::format("{} {} {}\n", name.size(), name, base::hash_file(path)));
  return hasher.hex();
}

bool is_lfs_pointer(const fs::path& root) {
  // Source: the git-lfs specification, "The Pointer": the first line, and fewer than 1024 bytes.
  constexpr std::string_view first = "version https://git-lfs.github.com/spec/";
  for (const auto& [name, path] : files_of(root)) {
    std::array<char, 64> head{};
    std::ifstream file(path.native(), std::ios::binary);
    file.read(head.data(), first.size());
    if (std::string_view(head.data(), static_cast<std::size_t>(file.gcount())) == first)
      return true;
  }
  return false;
}

}  // namespace harness
