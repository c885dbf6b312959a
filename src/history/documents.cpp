#include "history/documents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"

namespace history {
namespace {

constexpr std::string_view suffix = ".json";

fs::path folder_of(const workspace::Layout& layout) {
  return layout.records() / "documents";
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  boost::system::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored))
    names.push_back(entry->path().filename().native());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> versions_in(const fs::path& folder) {
  std::vector<std::string> versions;
  for (const auto& name : names_in(folder))
    if (name.ends_with(suffix) && !name.starts_with("."))
      versions.push_back(name_of_file(name.substr(0, name.size() - suffix.size())));
  std::sort(versions.begin(), versions.end(), older_version);
  return versions;
}

Document read(const fs::path& folder, const std::string& version) {
  return {name_of_file(folder.filename().native()), version,
          base::read_file(folder / (file_name_of(version) + std::string(suffix)))};
}

base::FileLock lock(const workspace::Layout& layout) {
  workspace::ensure(layout);
  boost::system::error_code failed;
  fs::create_directories(folder_of(layout), failed);
  if (failed) throw base::os_error("create", folder_of(layout).native(), failed.value());
  return base::FileLock::wait(folder_of(layout) / ".lock");
}

}  // namespace

std::string file_name_of(const std::string& name) {
  std::string text;
  for (const char letter : name) {
    const auto c = static_cast<unsigned char>(letter);
    const bool plain = std::isalnum(c) || c == '_' || c == '-' || (c == '.' && !text.empty());
    text += plain ? std::string(1, letter) : fmt::format("%{:02X}", c);
  }
  if (text.empty()) throw base::Error(base::Code::bad_input, "a name must not be empty");
  if (text.size() > 240)
    throw base::Error(base::Code::bad_input, fmt::format("the name '{}' is too long", name))
        .hint("use at most 240 letters and digits");
  return text;
}

std::string name_of_file(const std::string& file_name) {
  std::string text;
  for (std::size_t n = 0; n < file_name.size(); ++n) {
    unsigned value = 0;
    if (file_name[n] == '%' && n + 2 < file_name.size() &&
        std::from_chars(&file_name[n + 1], &file_name[n + 1] + 2, value, 16).ec == std::errc()) {
      text += static_cast<char>(value);
      n += 2;
    } else {
      text += file_name[n];
    }
  }
  return text;
}

std::string version_after(const std::vector<std::string>& versions) {
  std::uint64_t highest = 0;
  for (const auto& version : versions)
    if (const auto number = number_of(version)) highest = std::max(highest, *number);
  return std::to_string(highest + 1);
}

bool older_version(const std::string& a, const std::string& b) {
  const auto first = number_of(a), second = number_of(b);
  if (first && second) return *first < *second;
  if (first || second) return first.has_value();
  return a < b;
}

std::vector<Document> documents(const workspace::Layout& layout, const std::string& kind,
                                const std::string& name) {
  const fs::path folder = folder_of(layout) / file_name_of(kind);
  std::vector<Document> found;
  if (!layout.apart.empty()) found = documents({layout.root}, kind, name);
  if (!name.empty()) {
    const fs::path own = folder / file_name_of(name);
    for (const auto& version : versions_in(own)) found.push_back(read(own, version));
    return found;
  }
  for (const auto& entry : names_in(folder)) {
    const auto versions = versions_in(folder / entry);
    if (!versions.empty()) found.push_back(read(folder / entry, versions.back()));
  }
  return found;
}

std::string put_document(const workspace::Layout& layout, const std::string& kind,
                         const Document& document) {
  const fs::path folder = folder_of(layout) / file_name_of(kind) / file_name_of(document.name);
  const auto held = lock(layout);
  const std::string version =
      document.version.empty() ? version_after(versions_in(folder)) : document.version;
  base::write_file_atomically(folder / (file_name_of(version) + std::string(suffix)),
                              document.content);
  return version;
}

void remove_document(const workspace::Layout& layout, const std::string& kind,
                     const std::string& name, const std::string& version) {
  const fs::path folder = folder_of(layout) / file_name_of(kind) / file_name_of(name);
  const fs::path target =
      version.empty() ? folder : folder / (file_name_of(version) + std::string(suffix));
  boost::system::error_code ignored;
  if (!fs::exists(target, ignored))
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no {} '{}'{}", kind, name,
                                  version.empty() ? "" : " in version " + version));
  const auto held = lock(layout);
  base::remove_tree(target);
}

}  // namespace history
