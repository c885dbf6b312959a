#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "data/shape.hpp"
#include "harness/expect.hpp"

namespace harness {
namespace {

using text::Node;

data::Comparing comparing_of(const Node& rules) {
  data::Comparing comparing;
  if (const Node* within = rules.find("within")) comparing.tolerance.absolute = within->as_real();
  if (const Node* relative = rules.find("relative"))
    comparing.tolerance.relative = relative->as_real();
  if (const Node* any_order = rules.find("any_order")) comparing.any_order = any_order->as_bool();
  const auto words = [&](const char* key, std::vector<std::string>& all) {
    const Node* node = rules.find(key);
    if (!node) return;
    if (node->is_scalar()) all.push_back(node->scalar);
    for (const auto& item : node->items) all.push_back(item.scalar);
  };
  words("keys", comparing.keys);
  words("ignore", comparing.ignoring);
  return comparing;
}

// What lies in a folder, to say what there is in the place of what is not.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  boost::system::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed), end;
  for (; !failed && entry != end && names.size() < 1000; entry.increment(failed))
    names.push_back(entry->path().lexically_relative(folder).native());
  std::sort(names.begin(), names.end());
  return names;
}

class Judged {
 public:
  Judged(const std::string& subject, fs::path root, const Case& test, const Ran& ran,
         const Judging& judging, const base::Cancel& stop, std::vector<Finding>& findings)
      : subject_(subject),
        root_(std::move(root)),
        test_(test),
        ran_(ran),
        judging_(judging),
        stop_(stop),
        findings_(findings) {}

  void judge(const text::Entry& entry) {
    entry_ = &entry;
    path_ = (root_ / entry.key).lexically_normal();
    name_ = fmt::format("{} {}", subject_, entry.key);
    const Node& rules = entry.value;
    const Node* exists = rules.is_map() ? rules.find("exists") : nullptr;
    const bool wanted = rules.is_map() ? !exists || exists->as_bool() : rules.scalar == "exists";
    boost::system::error_code ignored;
    const bool there = fs::exists(path_, ignored);
    if (there && !wanted) return find(entry.key_place, "it is there, and must not be");
    if (!there && wanted) return is_not_there();
    if (!there || !rules.is_map()) return;
    for (const auto& rule : rules.entries) {
      try {
        hold(rule, rules);
      } catch (const base::Error& error) {
        find(rule.key_place, error.message(), error.hint().empty() ? "" : error.hint() + "\n");
      }
    }
  }

 private:
  void find(const base::Place& place, const std::string& what, std::string detail = "") {
    findings_.push_back({place, fmt::format("{}: {}", name_, what), std::move(detail)});
  }

  void is_not_there() {
    const auto names = names_in(root_);
    find(entry_->key_place, "it is not there",
         names.empty() ? "" : text::did_you_mean(entry_->key, names) + "\n");
  }

  void hold(const text::Entry& rule, const Node& rules) {
    const Node& value = rule.value;
    if (rule.key == "files") {
      const double files = static_cast<double>(base::measure_tree(path_).files);
      if (const auto trouble = number_trouble(value, files); !trouble.empty())
        find(value.place, fmt::format("{} files, {}", files, trouble));
    } else if (rule.key == "equals") {
      const fs::path wanted = fs::absolute(value.scalar, test_.file.parent_path());
      const auto difference = data::difference(wanted, path_, comparing_of(rules));
      if (!difference.empty())
        find(value.place, fmt::format("it differs from {}", value.scalar), difference);
    } else if (rule.key == "snapshot" && value.as_bool()) {
      snapshot(value, rules);
    } else if (rule.key == "columns") {
      columns(value);
    } else if (rule.key == "rows") {
      rows(value);
    } else if (rule.key == "json") {
      judge_json(value, name_, path_, comparing_of(rules).tolerance, findings_);
    } else if (rule.key == "text") {
      text_is(value);
    } else if (rule.key == "contains") {
      judge_text(rules, name_, base::read_file(path_), findings_);
    } else if ((rule.key == "matches" || rule.key == "absent") && !rules.find("contains")) {
      if (rule.key == "matches" || !rules.find("matches"))
        judge_text(rules, name_, base::read_file(path_), findings_);
    } else if (rule.key == "check") {
      judge_predicates(value, name_, path_, test_, ran_, judging_, stop_, findings_);
    }
  }

  void snapshot(const Node& value, const Node& rules) {
    const fs::path kept = test_.snapshots() / (subject_ == "outputs" ? "" : subject_) / entry_->key;
    const auto difference = judging_.snapshots.compare(kept, path_, comparing_of(rules));
    if (!difference.empty())
      find(value.place, fmt::format("it differs from its snapshot {}", base::display_path(kept)),
           difference + "if that is meant: amlocal test --snapshot-update\n");
  }

  void text_is(const Node& value) {
    std::string text = base::read_file(path_);
    std::string wanted = value.scalar;
    for (std::string* each : {&text, &wanted})
      while (each->ends_with('\n')) each->pop_back();
    if (text != wanted)
      find(value.place, "its text is another",
           fmt::format("  expected: {}\n  came:     {}\n", text::shown_line(wanted),
                       text::shown_line(text)));
  }

  std::vector<data::Table> tables(const base::Place& place) {
    std::vector<data::Table> tables;
    for (const auto& group : data::observe(path_).groups) {
      if (!group.faults.empty()) find(place, group.faults.front());
      if (group.table) tables.push_back(*group.table);
    }
    if (tables.empty()) find(place, "there is no table in it");
    return tables;
  }

  void rows(const Node& value) {
    std::uint64_t rows = 0;
    const auto all = tables(value.place);
    for (const auto& table : all) rows += table.rows;
    const auto trouble = number_trouble(value, static_cast<double>(rows));
    if (!all.empty() && !trouble.empty())
      find(value.place, fmt::format("{} rows, {}", rows, trouble));
  }

  void columns(const Node& value) {
    for (const auto& table : tables(value.place)) {
      if (value.is_map())
        types(value, table);
      else
        names(value, table);
    }
  }

  void names(const Node& value, const data::Table& table) {
    std::vector<std::string> came, wanted;
    for (const auto& column : table.columns) came.push_back(column.name);
    if (value.is_scalar()) wanted.push_back(value.scalar);
    for (const auto& item : value.items) wanted.push_back(item.scalar);
    if (came == wanted) return;
    std::string detail;
    for (const auto& name : wanted)
      if (std::find(came.begin(), came.end(), name) == came.end())
        detail += fmt::format("  - {}\n", name);
    for (const auto& name : came)
      if (std::find(wanted.begin(), wanted.end(), name) == wanted.end())
        detail += fmt::format("  + {}\n", name);
    if (detail.empty())
      detail = fmt::format("  they stand in another order: {}\n", fmt::join(came, ", "));
    find(value.place, fmt::format("{} columns, expected {}", came.size(), wanted.size()), detail);
  }

  // Those named must be there and of that type; others may be there.
  void types(const Node& value, const data::Table& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) names.push_back(column.name);
    for (const auto& wanted : value.entries) {
      const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                       [&](const auto& each) { return each.name == wanted.key; });
      if (column == table.columns.end())
        find(wanted.key_place, fmt::format("there is no column {}", wanted.key),
             text::did_you_mean(wanted.key, names) + "\n");
      else if (column->dtype() != wanted.value.scalar)
        find(wanted.value.place, fmt::format("column {} is {}, expected {}", wanted.key,
                                             column->dtype(), wanted.value.scalar));
    }
  }

  const std::string& subject_;
  const fs::path root_;
  const Case& test_;
  const Ran& ran_;
  const Judging& judging_;
  const base::Cancel& stop_;
  std::vector<Finding>& findings_;
  const text::Entry* entry_ = nullptr;
  fs::path path_;
  std::string name_;
};

}  // namespace

void judge_files(const Node& rules, const std::string& subject, const fs::path& root,
                 const Case& test, const Ran& ran, const Judging& judging, const base::Cancel& stop,
                 std::vector<Finding>& findings) {
  Judged files(subject, root, test, ran, judging, stop, findings);
  for (const auto& entry : rules.entries) files.judge(entry);
}

}  // namespace harness
