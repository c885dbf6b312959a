#include "cli/io_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <set>

#include "base/error.hpp"
#include "meter/cost_profile.hpp"
#include "step/audit.hpp"
#include "step/estimate.hpp"
#include "step/input_writes.hpp"

namespace cli {
namespace {

// Of a run that could not mount.
meter::LedgerText estimated(const fs::path& folder, const history::StepRecord& step) {
  const auto final_size = [&](const step::InBinding& place) -> std::optional<std::uint64_t> {
    for (const auto& output : step.outputs) {
      if ("outputs." + output.output != place.binding) continue;
      boost::system::error_code failed;
      const fs::path root = output.path;
      const fs::path file = fs::is_directory(root, failed) ? root / place.path : root;
      const auto size = fs::file_size(file, failed);
      if (!failed) return size;
    }
    return std::nullopt;
  };
  return step::estimate(step::read_audit(folder / "audit.jsonl").records, final_size);
}

std::vector<std::string> refused_writes(const std::vector<step::AuditRecord>& records,
                                        const meter::LedgerText& ledger) {
  std::set<std::string> read_only;
  for (const auto& note : ledger.notes)
    if (note.mode == "mount" && note.read_only) read_only.insert(note.name);
  std::vector<std::string> texts;
  for (const auto& write : step::writes_to_inputs(records))
    if (read_only.contains(write.binding))
      texts.push_back(
          fmt::format("refused: {} tried to write to {}:{} {}: inputs are mounted read-only; write "
                      "to an output",
                      write.line, write.binding, write.path,
                      write.times == 1 ? "once" : fmt::format("{} times", write.times)));
  return texts;
}

std::vector<meter::OpenedAt> opened_at(const std::vector<step::AuditRecord>& records,
                                       const meter::LedgerText& ledger) {
  std::vector<meter::OpenedAt> opened;
  for (const auto& record : records) {
    if (record.op != "open" || !record.place) continue;
    const auto place = step::in_binding(record.path);
    if (!place || record.time_ns < ledger.origin_ns) continue;
    opened.push_back({place->binding, place->path,
                      static_cast<meter::Nanos>(record.time_ns - ledger.origin_ns),
                      fmt::format("{}:{}", record.place->file, record.place->line)});
  }
  return opened;
}

// A rule about an operation that nobody carried out changed nothing.
bool matters(const std::string& rule, const meter::LedgerText& ledger) {
  constexpr std::array<std::pair<std::string_view, meter::Op>, 3> about{
      {{": rename ", meter::Op::rename},
       {": fsync ", meter::Op::fsync},
       {": locks ", meter::Op::lock}}};
  for (const auto& [word, op] : about)
    if (rule.find(word) != std::string::npos)
      return std::any_of(ledger.entries.begin(), ledger.entries.end(),
                         [wanted = op](const auto& entry) { return entry.op == wanted; });
  return true;
}

std::vector<std::string> rules_of(const meter::LedgerText& ledger) {
  std::set<std::string> rules;
  for (const auto& note : ledger.notes)
    if (const auto* profile = note.mode == "mount" ? fuse::find_profile(note.profile) : nullptr)
      for (auto& rule : assumed_rules(*profile))
        if (matters(rule, ledger)) rules.insert(std::move(rule));
  return {rules.begin(), rules.end()};
}

// What the requests were charged under while they were recorded, so that a fault's share is known;
// nothing where the user's own profile is there no more.
std::optional<meter::CostProfile> recorded_under(const IoRecord& record) {
  const std::string name = note_of(record.ledger, 1).cost;
  try {
    if (!name.empty()) return meter::load_cost_profile(name);
  } catch (const base::Error&) {
  }
  return std::nullopt;
}

}  // namespace

meter::Report report_of(const IoRecord& record, const meter::CostProfile& profile) {
  meter::ReportOptions options;
  options.opened = record.opened;
  options.assumed = record.refused;
  options.assumed.insert(options.assumed.end(), record.assumed.begin(), record.assumed.end());
  const auto charged = recorded_under(record);
  if (charged) options.recorded_under = &*charged;
  options.estimated = record.estimated;
  options.full_trace = note_of(record.ledger, 1).full_trace;
  return meter::make_report(record.ledger, profile, options);
}

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
    const bool mounted = fs::exists(folder / "io", ignored);
    if (!mounted && !fs::exists(folder / "audit.jsonl", ignored)) continue;
    IoRecord record;
    record.run = run.name;
    record.step = step.path;
    record.folder = folder;
    if (!step.snapshot.empty()) record.snapshot = project.layout.snapshots() / step.snapshot;
    if (!run.command.empty()) record.command = run.command.front();
    record.estimated = !mounted;
    record.ledger = mounted ? meter::read_ledger(folder / "io") : estimated(folder, step);
    const auto seen = step::read_audit(folder / "audit.jsonl").records;
    record.opened = opened_at(seen, record.ledger);
    record.refused = refused_writes(seen, record.ledger);
    record.assumed = rules_of(record.ledger);
    if (!mounted)
      record.assumed.insert(
          record.assumed.begin(),
          "estimated: this run had no mounts; from the sizes that files had when a Python opened "
          "them. Not in it: what a shell, a database or other native code did, bytes changed in "
          "place, refusals of the cloud's mount (measure it with --data-access mount)");
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
      if (failed) continue;
      all[note.name].files.emplace_back(note.only, size);
      all[note.name].one_file = true;
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
