#include "step/audit.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/fstream.hpp>
#include <boost/filesystem/operations.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"

namespace step {
namespace {

constexpr int known_version = 1;
constexpr char begin_of_record = '\x1e';  // RFC 7464: a torn record does not spoil the next

std::string from_hex(const std::string& text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw std::invalid_argument("not a hexadecimal digit");
  };
  if (text.size() % 2 != 0) throw std::invalid_argument("half a byte");
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += 2)
    bytes += static_cast<char>(digit(text[at]) * 16 + digit(text[at + 1]));
  return bytes;
}

std::string path_in(const nlohmann::json& json, const std::string& name) {
  if (const auto hex = json.find(name + "_hex"); hex != json.end())
    return from_hex(hex->get<std::string>());
  return json.at(name).get<std::string>();
}

AuditRecord record_from(const nlohmann::json& json) {
  AuditRecord record;
  record.time_ns = json.at("t");
  record.pid = json.at("pid");
  record.task = json.at("task");
  record.op = json.at("op");
  record.path = path_in(json, "path");
  if (json.contains("to") || json.contains("to_hex")) record.to = path_in(json, "to");
  record.flags = json.value("flags", 0);
  record.mode = json.value("mode", "");
  if (const auto size = json.find("size"); size != json.end())
    record.size = size->get<std::uint64_t>();
  if (const auto file = json.find("file"); file != json.end())
    record.place = AuditPlace{*file, json.at("line")};
  record.via = json.value("via", "");
  record.cut = json.value("cut", false);
  return record;
}

// One record's text, without its first byte. False where it is damaged.
bool read_record(std::string_view text, const fs::path& file, std::vector<AuditRecord>& records) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (const int version = json.at("v"); version > known_version)
      throw base::Error(base::Code::newer_version,
                        fmt::format("'{}' has records of format {}; this amlocal reads up to {}",
                                    base::display_path(file), version, known_version))
          .hint("read it with the amlocal that made the run, or a newer one");
    records.push_back(record_from(json));
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

AuditText read_audit(const fs::path& file) {
  AuditText result;
  boost::system::error_code ignored;
  if (!fs::exists(file, ignored)) return result;
  const std::string content = base::read_file(file);
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::size_t next = rest.find(begin_of_record, 1);
    const bool last = next == std::string_view::npos;
    std::string_view text = rest.substr(0, next);
    rest.remove_prefix(text.size());
    if (text.front() != begin_of_record) {
      ++result.damaged;
      continue;
    }
    const bool whole = text.ends_with('\n');
    text.remove_prefix(1);
    if (!whole && last) break;  // its writer was killed, or is at it
    if (!whole || !read_record(text, file, result.records)) ++result.damaged;
  }
  return result;
}

namespace {

bool changes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

// What follows the key; no quoted path can hold that: its quotes are escaped.
std::string_view after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + key.size());
}

// Without reading it as JSON: nearly every record of a training loop is an open to read.
bool may_change(std::string_view text) {
  const std::string_view op = after(text, R"("op":")");
  if (op.starts_with("os.listdir") || op.starts_with("os.scandir")) return false;
  if (!op.starts_with("open\"")) return true;
  const std::string_view number = after(op, R"("flags":)");
  int flags = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), flags);
  return read.ec != std::errc() || changes(flags);
}

}  // namespace

bool is_change(const AuditRecord& record) {
  if (record.op == "open") return changes(record.flags);
  const auto names = {"os.mkdir", "os.rmdir",   "os.remove", "os.rename",
                      "os.link",  "os.symlink", "os.chmod",  "os.truncate"};
  return std::find(names.begin(), names.end(), record.op) != names.end();
}

std::vector<AuditRecord> read_changes(const fs::path& file) {
  std::vector<AuditRecord> records;
  fs::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() != begin_of_record || !may_change(line)) continue;
    read_record(std::string_view(line).substr(1), file, records);
    if (!records.empty() && !is_change(records.back())) records.pop_back();
  }
  return records;
}

}  // namespace step
