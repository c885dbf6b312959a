#include "harness/draft_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "data/shape.hpp"

namespace harness {
namespace {

constexpr std::size_t most_files = 12;  // of an output that are named one by one

// A plain scalar where YAML reads it as this text again, else in quotes, which JSON and YAML share.
std::string yaml_text(const std::string& text) {
  const bool plain = !text.empty() &&
                     text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_-./#") == std::string::npos &&
                     text.find('#') == std::string::npos && text.front() != '-';
  const auto kind = plain ? text::parse_scalar(text).kind : text::Kind::null;
  return kind == text::Kind::string ? text : nlohmann::json(text).dump();
}

// The same for a value: numbers and truths stay what they are.
std::string yaml_value(const std::string& text) {
  const auto kind = text::parse_scalar(text).kind;
  return kind == text::Kind::string || kind == text::Kind::null ? yaml_text(text) : text;
}

std::string mapping(const char* key, const Words& words, bool values) {
  if (words.empty()) return "";
  std::string text = fmt::format("{}:\n", key);
  for (const auto& [name, value] : words)
    text +=
        fmt::format("  {}: {}\n", yaml_text(name), values ? yaml_value(value) : yaml_text(value));
  return text;
}

// One line for a file: what kind of table it is, or only that it is there.
std::string expectation_of(const fs::path& file) {
  const auto shape = data::observe(file);
  if (shape.groups.size() != 1 || !shape.groups.front().table) return "exists";
  const auto& table = *shape.groups.front().table;
  std::string columns;
  for (const auto& column : table.columns)
    columns += fmt::format("{}{}: {}", columns.empty() ? "" : ", ", yaml_text(column.name),
                           yaml_text(column.dtype()));
  if (table.columns.empty() || !table.exact) return "exists";
  return fmt::format("{{rows: {}, columns: {{{}}}}}", table.rows, columns);
}

std::string outputs_of(const history::StepRecord& step) {
  std::string text;
  for (const auto& output : step.outputs) {
    boost::system::error_code failed;
    if (!fs::is_directory(output.path, failed)) {
      if (fs::exists(output.path, failed))
        text +=
            fmt::format("        {}: {}\n", yaml_text(output.output), expectation_of(output.path));
      continue;
    }
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator entry(output.path, failed), end; !failed && entry != end;
         entry.increment(failed))
      if (fs::is_regular_file(entry->path(), failed)) files.push_back(entry->path());
    std::sort(files.begin(), files.end());
    if (files.size() > most_files || files.empty()) {
      text += fmt::format("        {}: {{files: {}}}\n", yaml_text(output.output), files.size());
      continue;
    }
    for (const auto& file : files)
      text += fmt::format(
          "        {}: {}\n",
          yaml_text(output.output + "/" + file.lexically_relative(output.path).native()),
          expectation_of(file));
  }
  return text.empty() ? "" : "      outputs:\n" + text;
}

std::string error_of(const history::StepRecord& step) {
  if (!step.ended || !step.ended->failure) return "";
  const auto& failure = *step.ended->failure;
  std::string words;
  if (!failure.exception.empty())
    words = "type: " + yaml_text(failure.exception.substr(0, failure.exception.find(':')));
  if (!failure.place.empty())
    words +=
        fmt::format("{}at: {}", words.empty() ? "" : ", ", nlohmann::json(failure.place).dump());
  if (words.empty()) return fmt::format("      exit: {}\n", step.ended->exit_code);
  return fmt::format("      error: {{{}}}\n", words);
}

}  // namespace

std::string draft_test(const Draft& draft) {
  const bool completed =
      draft.step->status == model::Status::completed || draft.step->status == model::Status::reused;
  std::string text = fmt::format(
      "# Written from run {}. What else may stand here: docs/step-tests.md\npipeline: {}\n",
      draft.run, nlohmann::json(draft.definition).dump());
  text += mapping("inputs", draft.inputs, false) + mapping("set", draft.set, true);
  text += fmt::format("cases:\n  as in {}:\n    expect:\n", draft.run);
  std::string expected = completed ? outputs_of(*draft.step) : error_of(*draft.step);
  if (completed && !draft.metrics.empty()) {
    expected += "      metrics:\n";
    for (const auto& [name, value] : draft.metrics)
      expected += fmt::format("        {}: {{near: {}, relative: 0.1}}\n", yaml_text(name), value);
  }
  return text + (expected.empty() ? "      exit: 0\n" : expected);
}

}  // namespace harness
