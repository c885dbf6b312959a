#include "cli/io_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <set>

#include "base/error.hpp"
#include "step/audit.hpp"

namespace cli {
namespace {

// Which binding a path of the audit's lies in, and where in it: the step sees outputs at
// data/NAME and inputs at data/INPUT_NAME. `data` lay in the step's folder, as the cloud's path or
// behind a link without blanks (step/folder.cpp).
std::optional<std::pair<std::string, std::string>> place_in(const std::string& path) {
  std::size_t begin = std::string::npos;
  for (const std::string_view data : {"/cap/data-capability/wd/", "/wd/"})
    if (begin == std::string::npos && path.find(data) != std::string::npos)
      begin = path.find(data) + data.size();
  if (begin == std::string::npos) return std::nullopt;
  const std::size_t end = std::min(path.find('/', begin), path.size());
  const std::string first = path.substr(begin, end - begin);
  const std::string session =
      first.starts_with("INPUT_") ? "inputs." + first.substr(6) : "outputs." + first;
  return std::pair(session, path.substr(std::min(end + 1, path.size())));
}

std::vector<meter::OpenedAt> opened_at(const fs::path& step, const meter::LedgerText& ledger) {
  std::vector<meter::OpenedAt> opened;
  for (const auto& record : step::read_audit(step / "audit.jsonl").records) {
    if (record.op != "open" || !record.place) continue;
    const auto place = place_in(record.path);
    if (!place || record.time_ns < ledger.origin_ns) continue;
    opened.push_back({place->first, place->second,
                      static_cast<meter::Nanos>(record.time_ns - ledger.origin_ns),
                      fmt::format("{}:{}", record.place->file, record.place->line)});
  }
  return opened;
}

std::vector<std::string> rules_of(const meter::LedgerText& ledger) {
  std::set<std::string> rules;
  for (const auto& note : ledger.notes)
    if (const auto* profile = note.mode == "mount" ? fuse::find_profile(note.profile) : nullptr)
      for (auto& rule : assumed_rules(*profile)) rules.insert(std::move(rule));
  return {rules.begin(), rules.end()};
}

}  // namespace

std::vector<std::string> assumed_rules(const fuse::Profile& profile) {
  std::vector<std::string> rules;
  for (const auto rule : profile.assumed)
    rules.push_back(fmt::format("assumed in mount profile {}: {}", profile.name, rule));
  return rules;
}

std::vector<IoRecord> read_io(const Project& project, const std::string& run_and_step) {
  const auto [name, wanted] = split_run(run_and_step.empty() ? "@last" : run_and_step);
  const auto run = history::read_run(project.layout, name);
  std::vector<IoRecord> records;
  for (const auto& step : run.steps) {
    if (!wanted.empty() && step.path != find_step(run, wanted).path) continue;
    const fs::path folder = project.layout.run(run.name) / "steps" / step.path;
    boost::system::error_code ignored;
    if (!fs::exists(folder / "io", ignored)) continue;
    IoRecord record;
    record.run = run.name;
    record.step = step.path;
    record.folder = folder;
    if (!step.snapshot.empty()) record.snapshot = project.layout.snapshots() / step.snapshot;
    if (!run.command.empty()) record.command = run.command.front();
    record.ledger = meter::read_ledger(folder / "io");
    record.opened = opened_at(folder, record.ledger);
    record.assumed = rules_of(record.ledger);
    records.push_back(std::move(record));
  }
  if (records.empty())
    throw base::Error(base::Code::not_found,
                      wanted.empty() ? fmt::format("run '{}' has no record of mounts", run.name)
                                     : fmt::format("step '{}' of run '{}' has no record of mounts",
                                                   wanted, run.name))
        .hint("run it again with --data-access mount");
  return records;
}

IoRecord read_one_io(const Project& project, const std::string& run_and_step) {
  auto records = read_io(project, run_and_step);
  if (records.size() == 1) return std::move(records.front());
  std::vector<std::string> names;
  for (const auto& record : records) names.push_back(record.run + "/" + record.step);
  throw base::Error(base::Code::usage,
                    fmt::format("run '{}' has {} steps with mounts; this is about one of them",
                                records.front().run, records.size()))
      .hint(fmt::format("name it: {}", fmt::join(names, ", ")));
}

std::map<std::string, fuse::Contents> contents_of(const meter::LedgerText& ledger) {
  std::map<std::string, fuse::Contents> all;
  for (const auto& note : ledger.notes) {
    boost::system::error_code failed;
    if (!note.name.starts_with("inputs.") || note.root.empty()) continue;
    if (!note.only.empty()) {
      const auto size = fs::file_size(fs::path(note.root) / note.only, failed);
      if (!failed) all[note.name].files.emplace_back(note.only, size);
      continue;
    }
    fs::recursive_directory_iterator entry(note.root, failed), end;
    if (failed) continue;
    fuse::Contents& contents = all[note.name];
    for (; !failed && entry != end; entry.increment(failed)) {
      boost::system::error_code gone;
      if (fs::is_directory(entry->path(), gone))
        ++contents.folders;
      else if (const auto size = fs::file_size(entry->path(), gone); !gone)
        contents.files.emplace_back(entry->path().lexically_relative(note.root).native(), size);
    }
  }
  return all;
}

}  // namespace cli
