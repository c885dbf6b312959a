#include "meter/io_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

namespace meter {
namespace {

class Facts {
 public:
  Facts(const LedgerText& text, const CostProfile& profile) : text_(text), profile_(profile) {
    sessions_.resize(text.sessions.size());
    first_.resize(text.sessions.size());
    last_.resize(text.sessions.size());
    for (std::size_t n = 0; n < sessions_.size(); ++n)
      sessions_[n].note = note_of(text, static_cast<std::uint16_t>(n));
  }

  void take(const Entry& entry) {
    if (entry.session == 0 || entry.session >= sessions_.size()) return;
    FileFacts& file = file_of(entry.session, entry.name);
    if (is_request(entry.op)) return take_request(entry, file);
    if (first_[entry.session] == 0) first_[entry.session] = entry.begin_ns;
    last_[entry.session] = entry.end_ns;
    if (entry.op == Op::rename && there_.contains(&file))
      ++(entry.result == Result::ok ? file.renames_onto : file.failed_renames_onto);
    if (entry.result == Result::ok) take_operation(entry, file);
  }

  IoFacts finish(const Report& report) {
    IoFacts facts;
    for (std::size_t n = 1; n < sessions_.size(); ++n) {
      sessions_[n].span = seconds(last_[n] - first_[n]);
      facts.sessions.push_back(sessions_[n]);
    }
    for (auto& [key, file] : files_) {
      bool dearest = true;
      std::uint64_t jumps = 0;
      for (const auto& line : report.lines) {
        if (line.session != file.session || line.path != file.path) continue;
        if (dearest) file.line = line.line;
        dearest = false;
        if (line.jumps > jumps) file.jumping = line.line;
        jumps = std::max(jumps, line.jumps);
      }
      facts.files.push_back(file);
    }
    std::stable_sort(facts.files.begin(), facts.files.end(),
                     [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
    return facts;
  }

 private:
  struct Open {
    std::uint64_t since = 0;
    std::uint64_t next = 0;  // where a sequential read goes on
    bool wrote = false;
  };

  FileFacts& file_of(std::uint16_t session, std::uint32_t name) {
    const std::string path = name < text_.names.size() ? text_.names[name] : "";
    FileFacts& file = files_[{session, path}];
    if (file.session.empty()) {
      file.session = sessions_[session].note.name;
      file.path = path;
    }
    return file;
  }

  void take_operation(const Entry& entry, FileFacts& file) {
    SessionFacts& session = sessions_[entry.session];
    switch (entry.op) {
      case Op::create:
      case Op::open:
        ++file.opens;
        file.writing_opens += entry.for_writing;
        there_.insert(&file);
        open_[entry.handle] = {entry.begin_ns, 0, false};
        if (entry.op == Op::create) ++session.changes;
        break;
      case Op::lookup:
        there_.insert(&file);
        break;
      case Op::read: {
        Open& open = open_[entry.handle];
        ++file.reads;
        file.read += entry.bytes;
        file.jumps += entry.offset != open.next;
        open.next = entry.offset + entry.bytes;
        break;
      }
      case Op::write:
        ++file.writes;
        file.written += entry.bytes;
        open_[entry.handle].wrote = true;
        ++session.changes;
        break;
      case Op::release:
        if (const auto open = open_.find(entry.handle); open != open_.end()) {
          if (open->second.wrote)
            file.longest_held =
                std::max(file.longest_held, seconds(entry.end_ns - open->second.since));
          open_.erase(open);
        }
        break;
      case Op::rename:
        there_.insert(&file);
        there_.erase(&file_of(entry.session, static_cast<std::uint32_t>(entry.handle)));
        ++session.changes;
        break;
      case Op::unlink:
        there_.erase(&file);
        break;
      case Op::mkdir:
        ++session.changes;
        break;
      default:
        break;
    }
  }

  void take_request(const Entry& entry, FileFacts& file) {
    SessionFacts& session = sessions_[entry.session];
    const bool content = entry.result == Result::ok || entry.result == Result::absent;
    const Cost cost = content ? cost_of(profile_, entry.op, entry.bytes, entry.draw)
                              : cost_of_refusal(profile_, entry.op);
    const double time = seconds(alone(profile_, cost));
    file.seconds += time;
    session.seconds += time;
    file.sent += cost.up;
    file.fetched += cost.down;
    file.puts += entry.op == Op::put;
    file.gets += entry.op == Op::get;
    if (entry.op == Op::put) ++session.changes;
    if (entry.op != Op::list) return;
    ++session.lists;
    session.list_seconds += time;
  }

  const LedgerText& text_;
  const CostProfile& profile_;
  std::vector<SessionFacts> sessions_;
  std::vector<std::uint64_t> first_, last_;
  std::map<std::pair<std::uint16_t, std::string>, FileFacts> files_;
  std::unordered_set<const FileFacts*> there_;
  std::unordered_map<std::uint64_t, Open> open_;
};

}  // namespace

IoFacts facts_of(const LedgerText& text, const Report& report, const CostProfile& profile) {
  Facts facts(text, profile);
  for (const Entry& entry : text.entries) facts.take(entry);
  return facts.finish(report);
}

std::vector<Discarded> discarded_modes(const std::string& file, const std::string& python) {
  static const std::regex alone(
      R"(^\s*([A-Za-z_][\w.\[\]'"]*\.as_(?:upload|mount)\(.*\))\s*;?\s*(?:#.*)?$)");
  std::vector<Discarded> found;
  std::istringstream lines(python);
  int number = 0, depth = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::smatch match;
    // Within brackets it is an argument.
    if (depth == 0 && std::regex_match(line, match, alone))
      found.push_back({fmt::format("{}:{}", file, number), match[1]});
    for (const char c : line.substr(0, line.find('#'))) {
      if (c == '(' || c == '[' || c == '{') ++depth;
      if (c == ')' || c == ']' || c == '}') depth = std::max(0, depth - 1);
    }
  }
  return found;
}

}  // namespace meter
