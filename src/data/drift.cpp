#include "data/drift.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/drift_parts.hpp"
#include "data/name_pattern.hpp"

namespace data {
namespace {

using What = Difference::What;

std::string shown_format(const Group& group) {
  const std::string extension = extension_of(group.pattern);
  if (group.format != Format::delimited) return std::string(to_string(group.format));
  return extension == ".csv" ? "CSV" : extension == ".tsv" ? "TSV" : "delimited text";
}

std::string shown_files(std::uint64_t count) {
  return count == 1 ? "1 file" : fmt::format("{} files", count);
}

void compare_classes(const Group& mock, const Group& real, Found& found) {
  std::vector<std::string> names;
  for (const auto& [name, _] : real.classes)
    if (!mock.classes.count(name)) names.push_back("+" + name);
  for (const auto& [name, _] : mock.classes)
    if (!real.classes.count(name)) names.push_back("-" + name);
  if (names.empty()) return;
  found.breaks(
      What::classes,
      fmt::format("{} has {} folders of images, {} wrote {} ({})", found.sides().mock,
                  mock.classes.size(), found.sides().real, real.classes.size(), shown_list(names)),
      names);
}

// "a", "b" of a group where only the other one could be read.
bool is_looked_at(const Group& group) {
  switch (group.format) {
    case Format::delimited:
    case Format::parquet:
      return group.table.has_value();
    case Format::json:
    case Format::json_lines:
      return group.json.has_value();
    default:
      return true;
  }
}

void compare_formats(const Group& mock, const Group& real, Found& found) {
  if (real.format == Format::empty)
    found.breaks(What::format,
                 fmt::format("{} wrote nothing into it ({} has {})", found.sides().real,
                             found.sides().mock, shown_format(mock)));
  else if (mock.format == Format::empty)
    found.breaks(What::format, fmt::format("{} is empty, {} wrote {}", found.sides().mock,
                                           found.sides().real, shown_format(real)));
  else
    found.breaks(What::format,
                 fmt::format("{} is {}, {} wrote {}", found.sides().mock, shown_format(mock),
                             found.sides().real, shown_format(real)));
}

void compare_faults(const Group& real, Found& found) {
  std::string text = real.faults.front();
  // Of a file that is the whole pattern, the line begins with its name already.
  if (text.starts_with(real.pattern + ": ")) text.erase(0, real.pattern.size() + 2);
  if (real.faults.size() > 1) text += fmt::format(" (and {} more)", real.faults.size() - 1);
  found.breaks(What::fault, std::move(text));
}

void compare_groups(const Group& mock, const Group& real, Found& found) {
  if (mock.format != real.format) compare_formats(mock, real, found);
  if (!real.faults.empty() && mock.faults.empty()) compare_faults(real, found);
  if (mock.table && real.table) {
    compare_tables(*mock.table, *real.table, found);
    compare_counts("rows", mock.table->rows, mock.table->exact, real.table->rows, real.table->exact,
                   found);
  }
  // What is behind bad JSON is not known: no key is missing there.
  if (mock.json && real.json && mock.format == real.format && real.faults.empty()) {
    const bool records = real.format == Format::json_lines ||
                         (real.json->kinds[JsonShape::array] > 0 && !real.json->items.empty());
    compare_json(*mock.json, *real.json, records, found);
    if (records)
      compare_counts("records", mock.records, mock.exact, real.records, real.exact, found);
  }
  compare_classes(mock, real, found);
  if (mock.files != real.files && (mock.files == 1 || real.files == 1))
    found.worth_knowing(What::rows, fmt::format("{} has {}, {} wrote {}", found.sides().mock,
                                                shown_files(mock.files), found.sides().real,
                                                shown_files(real.files)));
  else
    compare_counts("files", mock.files, true, real.files, true, found);
  for (const Group* group : {&mock, &real})
    if (mock.format == real.format && !is_looked_at(*group))
      found.worth_knowing(
          What::not_compared,
          fmt::format("not compared: {}",
                      group->faults.empty()
                          ? group->notes.empty() ? "it was not looked at" : group->notes.front()
                          : group->faults.front()));
}

std::string folder_and_extension(const std::string& pattern) {
  const auto slash = pattern.rfind('/');
  return (slash == std::string::npos ? "" : pattern.substr(0, slash + 1)) + "*" +
         extension_of(pattern);
}

// Which group of the real data each of the mock's stands for.
class Pairing {
 public:
  Pairing(const std::vector<Group>& mocks, const std::vector<Group>& reals)
      : mocks_(mocks), reals_(reals), real_of_(mocks.size()), taken_(reals.size()) {
    for (const Group& group : mocks) mock_kinds_.push_back(folder_and_extension(group.pattern));
    for (const Group& group : reals) real_kinds_.push_back(folder_and_extension(group.pattern));
    pair([&](std::size_t m, std::size_t r) { return mocks[m].pattern == reals[r].pattern; });
    pair([&](std::size_t m, std::size_t r) {
      return fits_pattern(mocks[m].pattern, reals[r].pattern) ||
             fits_pattern(reals[r].pattern, mocks[m].pattern);
    });
    pair([&](std::size_t m, std::size_t r) {
      return mock_kinds_[m] == real_kinds_[r] && is_only_one_left(m, r);
    });
  }
  const Group* real_of(std::size_t mock) const {
    return real_of_[mock] ? &reals_[*real_of_[mock]] : nullptr;
  }
  bool is_extra(std::size_t real) const { return !taken_[real]; }

 private:
  template <class Same>
  void pair(Same same) {
    for (std::size_t m = 0; m < mocks_.size(); ++m)
      for (std::size_t r = 0; r < reals_.size() && !real_of_[m]; ++r)
        if (!taken_[r] && same(m, r)) {
          real_of_[m] = r;
          taken_[r] = true;
        }
  }
  // Whether no other group of their folder and extension is without a partner.
  bool is_only_one_left(std::size_t mock, std::size_t real) const {
    for (std::size_t m = 0; m < mocks_.size(); ++m)
      if (m != mock && !real_of_[m] && mock_kinds_[m] == mock_kinds_[mock]) return false;
    for (std::size_t r = 0; r < reals_.size(); ++r)
      if (r != real && !taken_[r] && real_kinds_[r] == real_kinds_[real]) return false;
    return true;
  }

  const std::vector<Group>& mocks_;
  const std::vector<Group>& reals_;
  std::vector<std::string> mock_kinds_;  // folder and extension
  std::vector<std::string> real_kinds_;
  std::vector<std::optional<std::size_t>> real_of_;
  std::vector<bool> taken_;
};

void add(std::vector<Difference>& to, const Found& found) {
  to.insert(to.end(), found.all().begin(), found.all().end());
}

void compare_folders(const Shape& mock, const Shape& real, const Sides& sides,
                     std::vector<Difference>& differences) {
  const Pairing pairing(mock.groups, real.groups);
  for (std::size_t n = 0; n < mock.groups.size(); ++n) {
    const Group& group = mock.groups[n];
    const Group* const other = pairing.real_of(n);
    Found found(other ? other->pattern : group.pattern, sides);
    if (!other) {
      // A marker such as _SUCCESS holds nothing that could be missed.
      const auto text =
          fmt::format("{} has {}, {} wrote none", sides.mock, shown_files(group.files), sides.real);
      if (group.format == Format::empty)
        found.worth_knowing(What::missing, text);
      else
        found.breaks(What::missing, text);
    } else {
      if (!fits_pattern(group.pattern, other->pattern) &&
          !fits_pattern(other->pattern, group.pattern))
        found.breaks(What::missing, fmt::format("{} has {} instead", sides.mock, group.pattern));
      compare_groups(group, *other, found);
    }
    add(differences, found);
  }
  for (std::size_t n = 0; n < real.groups.size(); ++n) {
    if (!pairing.is_extra(n)) continue;
    const Group& group = real.groups[n];
    const std::string kind = folder_and_extension(group.pattern);
    // A script that takes all files of a kind takes this one, too.
    const bool in_the_way = std::any_of(
        mock.groups.begin(), mock.groups.end(),
        [&](const Group& other) { return folder_and_extension(other.pattern) == kind; });
    Found found(group.pattern, sides);
    const auto text =
        fmt::format("{} wrote {}, {} has none", sides.real, shown_files(group.files), sides.mock);
    if (in_the_way)
      found.breaks(What::extra, text);
    else
      found.worth_knowing(What::extra, text);
    add(differences, found);
  }
}

std::vector<Difference> inferred(const Shape& mock, const Shape& real, const Sides& sides) {
  std::vector<Difference> differences;
  Found whole("", sides);
  if (mock.folder != real.folder)
    whole.breaks(What::format, fmt::format("{} is a {}, {} wrote a {}", sides.mock,
                                           mock.folder ? "folder" : "file", sides.real,
                                           real.folder ? "folder" : "file"));
  else if (mock.folder && real.groups.empty() && !mock.groups.empty())
    whole.breaks(What::missing, fmt::format("{} wrote no file", sides.real));
  compare_models(mock, real, whole);
  add(differences, whole);
  if (whole.all().size() == 1 && whole.all().front().kind == What::missing) return differences;
  if (mock.groups.size() == 1 && real.groups.size() == 1 && !(mock.folder && real.folder)) {
    // A script is given a file's path, and seldom looks at its name.
    Found found(real.groups.front().pattern, sides);
    compare_groups(mock.groups.front(), real.groups.front(), found);
    add(differences, found);
  } else if (mock.folder == real.folder) {
    compare_folders(mock, real, sides, differences);
  }
  return differences;
}

}  // namespace

void Found::breaks(What kind, std::string what, std::vector<std::string> names) {
  all_.push_back({Severity::breaks, kind, where_, std::move(what), std::move(names)});
}

void Found::worth_knowing(What kind, std::string what, std::vector<std::string> names) {
  all_.push_back({Severity::worth_knowing, kind, where_, std::move(what), std::move(names)});
}

std::string shown_list(const std::vector<std::string>& words) {
  constexpr std::size_t most = 8;
  if (words.size() <= most) return fmt::format("{}", fmt::join(words, ", "));
  return fmt::format("{} and {} more", fmt::join(words.begin(), words.begin() + most, ", "),
                     words.size() - most);
}

void compare_counts(std::string_view what, std::uint64_t mock, bool mock_exact, std::uint64_t real,
                    bool real_exact, Found& found) {
  const auto least = [](bool exact) { return exact ? "" : "at least "; };
  if (mock > 0 && real == 0 && real_exact)
    return found.breaks(What::rows, fmt::format("{} wrote no {} ({} has {}{})", found.sides().real,
                                                what, found.sides().mock, least(mock_exact), mock));
  const auto text =
      fmt::format("{}: {}{} → {}{}", what, least(mock_exact), mock, least(real_exact), real);
  // A mock is small on purpose: how much smaller is worth a word, and no more.
  if ((real_exact && mock / 10 >= std::max<std::uint64_t>(real, 1)) ||
      (mock_exact && real / 10 >= std::max<std::uint64_t>(mock, 1)))
    found.worth_knowing(What::rows, text);
}

std::vector<Difference> compare(const Shape& mock, const Shape& real, const Promise& promise,
                                const Sides& sides) {
  std::vector<Difference> differences = inferred(mock, real, sides);
  if (!promise.empty()) {
    for (Difference& each : differences) each.severity = Severity::worth_knowing;
    for (const auto& [shape, whose] :
         {std::pair(&mock, sides.mock), std::pair(&real, sides.real)}) {
      const auto broken = broken_promises(*shape, promise, whose);
      differences.insert(differences.end(), broken.begin(), broken.end());
    }
  }
  std::stable_sort(differences.begin(), differences.end(),
                   [](const Difference& a, const Difference& b) {
                     return std::pair(a.where, a.severity != Severity::breaks) <
                            std::pair(b.where, b.severity != Severity::breaks);
                   });
  return differences;
}

bool any_breaks(const std::vector<Difference>& differences) {
  return std::any_of(differences.begin(), differences.end(),
                     [](const Difference& each) { return each.severity == Severity::breaks; });
}

std::vector<DriftLine> drift_lines(const std::vector<Difference>& differences) {
  std::vector<DriftLine> lines;
  for (const Severity severity : {Severity::breaks, Severity::worth_knowing}) {
    const Difference* last = nullptr;
    for (const Difference& each : differences) {
      if (each.severity != severity) continue;
      if (last && last->where == each.where)
        lines.back().text += "; " + each.what;
      else
        lines.push_back({severity, each.where.empty() ? each.what : each.where + ": " + each.what});
      last = &each;
    }
  }
  return lines;
}

}  // namespace data
