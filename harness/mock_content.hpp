// The bytes of mocks: how they are written, and how they are told apart.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/path.hpp"
#include "harness/mock.hpp"
#include "text/document.hpp"

namespace harness {

// RFC 4648, blanks and line ends left out; nothing where it is none.
std::optional<std::string> decode_base64(std::string_view);

// ".csv" of csv and so on.
std::string_view extension_of(const Content&);

// \n, \t, \r and \\ of a text typed on one line.
std::string unescaped(std::string_view);

// A document's value as YAML 1.1 types it.
nlohmann::ordered_json json_of(const text::Node&);

// `text` with {n} and {n:05} as that number. `found`: whether there was one.
std::string numbered(std::string_view text, std::uint64_t n, bool* found = nullptr);

// Whether it can be a file's path below a folder: relative, within, of one spelling.
bool is_path_below(std::string_view name);

// A hash of names and bytes of all files at or below `root`, whatever their modes and times, links
// followed. Throws not_found, permission or io naming the path.
std::string data_hash(const fs::path& root);
// Whether what lies there stands for data that git-lfs has not fetched.
bool is_lfs_pointer(const fs::path& root);

}  // namespace harness
