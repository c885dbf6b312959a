#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <optional>

#include "base/error.hpp"
#include "history/assets.hpp"
#include "history/index.hpp"
#include "history/journal.hpp"
#include "history/records.hpp"
#include "text/diagnostic.hpp"

namespace history {
namespace {

std::string delete_hint(const std::string& run) {
  return fmt::format("`amlocal runs delete {}` removes that run; the other runs are not touched",
                     run);
}

// The index, or nothing where it cannot be used here (a read-only disk, say): the journals answer
// too.
std::optional<Index> open_index(const workspace::Layout& layout) {
  try {
    return std::optional<Index>(std::in_place, layout);
  } catch (const base::Error& error) {
    if (error.code() == base::Code::newer_version) throw;
    return std::nullopt;
  }
}

template <class Act>
void try_index(std::optional<Index>& index, Act act) {
  if (!index) return;
  try {
    act(*index);
  } catch (const base::Error&) {
    index.reset();
  }
}

// Asked before the journal is read: a run that ends in between then counts by its last event, not
// as interrupted.
bool is_locked(const workspace::Layout& layout, const std::string& run) {
  return base::FileLock::held(lock_path(layout, run));
}

// One run for a list, from its row where that is as long as the journal is. Nothing when the run is
// being removed at this moment.
std::optional<RunRecord> listed(const workspace::Layout& layout, const std::string& name,
                                std::map<std::string, Indexed>& rows, std::optional<Index>& index) {
  try {
    const bool locked = is_locked(layout, name);
    const auto bytes = fs::file_size(journal_path(layout, name));
    auto row = rows.find(name);
    if (row == rows.end() || row->second.journal_bytes != bytes) {
      Folded folded = fold_journal(layout, name);
      row = rows.insert_or_assign(name, Indexed{std::move(folded.record), folded.journal_bytes})
                .first;
      try_index(index,
                [&](Index& open) { open.put(row->second.record, row->second.journal_bytes); });
    }
    RunRecord record = std::move(row->second.record);
    derive_status(record, locked);
    if (record.damaged_line > 0)
      record.notices.push_back(fmt::format("the run's journal is damaged at line {}; {}",
                                           record.damaged_line, delete_hint(name)));
    return record;
  } catch (const base::Error& error) {
    if (error.code() == base::Code::not_found) return std::nullopt;
    throw;
  } catch (const fs::filesystem_error&) {
    return std::nullopt;
  }
}

std::string resolve(const workspace::Layout& layout, const std::string& name) {
  const std::vector<std::string> names = run_names(layout);
  if (names.empty())
    throw base::Error(base::Code::not_found,
                      name == "@last"
                          ? std::string("there are no runs yet")
                          : fmt::format("no run is named '{}': there are no runs yet", name))
        .hint("`amlocal run FILE` makes one");
  if (name == "@last") return list_runs(layout).front().name;
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  std::vector<std::string> candidates;
  for (const auto& candidate : names)
    if (!name.empty() && candidate.starts_with(name)) candidates.push_back(candidate);
  if (candidates.size() == 1) return candidates.front();
  if (candidates.empty())
    throw base::Error(base::Code::not_found, fmt::format("no run is named '{}'", name))
        .hint(text::did_you_mean(name, names));
  std::string list;
  for (std::size_t n = 0; n < candidates.size() && n < 8; ++n)
    list += (n ? ", " : "") + candidates[n];
  if (candidates.size() > 8) list += fmt::format(" and {} more", candidates.size() - 8);
  throw base::Error(base::Code::bad_input,
                    fmt::format("'{}' is the beginning of {} runs' names", name, candidates.size()))
      .hint("write more of it: " + list);
}

}  // namespace

std::vector<RunRecord> list_runs(const workspace::Layout& layout) {
  std::vector<RunRecord> runs;
  const std::vector<std::string> names = run_names(layout);
  if (names.empty()) return runs;
  auto index = open_index(layout);
  std::map<std::string, Indexed> rows;
  try_index(index, [&](Index& open) { rows = open.runs(); });
  for (const auto& name : names)
    if (auto run = listed(layout, name, rows, index)) runs.push_back(std::move(*run));
  for (const auto& row : rows)
    if (!std::binary_search(names.begin(), names.end(), row.first))
      try_index(index, [&](Index& open) { open.remove(row.first); });
  std::stable_sort(runs.begin(), runs.end(),
                   [](const auto& a, const auto& b) { return a.started > b.started; });
  return runs;
}

RunRecord read_run(const workspace::Layout& layout, const std::string& name, Damage damage) {
  const std::string run = resolve(layout, name);
  const bool locked = is_locked(layout, run);
  Folded folded = fold_journal(layout, run);
  if (folded.record.damaged_line > 0 && damage == Damage::refuse)
    throw_damaged(journal_path(layout, run), folded.record.damaged_line, delete_hint(run));
  derive_status(folded.record, locked);
  return std::move(folded.record);
}

std::size_t rebuild_index(const workspace::Layout& layout) {
  boost::system::error_code ignored;
  if (!fs::exists(layout.hidden(), ignored)) return 0;
  const std::vector<std::string> names = run_names(layout);
  mend_assets(layout, names);
  Index index(layout);
  for (const auto& [name, row] : index.runs()) index.remove(name);
  for (const auto& name : names) {
    Folded folded = fold_journal(layout, name);
    index.put(folded.record, folded.journal_bytes);
  }
  return names.size();
}

}  // namespace history
