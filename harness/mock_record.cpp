#include "harness/mock_record.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/process.hpp"
#include "definition/definition.hpp"
#include "harness/mock_content.hpp"
#include "harness/sample.hpp"
#include "history/history.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

struct Origin {
  history::RunRecord run;
  std::string fingerprint;
  events::OutputPublished output;
};

Origin origin_of(const RecordOrder& order, const engine::Surroundings& surroundings) {
  Origin origin;
  origin.run = history::read_run(surroundings.layout, order.run);
  std::vector<std::string> made, names;
  std::vector<const events::OutputPublished*> fit;
  for (const auto& step : origin.run.steps)
    for (const auto& output : step.outputs) {
      made.push_back(step.path + "." + output.output);
      if (step.path != order.step || (!order.output.empty() && output.output != order.output))
        continue;
      fit.push_back(&output);
      names.push_back(made.back());
      origin.fingerprint = base::hash_text(step.fingerprint);
    }
  const std::string wanted = order.output.empty() ? order.step : order.step + "." + order.output;
  if (fit.empty())
    throw base::Error(base::Code::not_found,
                      fmt::format("run {} has no output '{}'", origin.run.name, wanted))
        .hint(made.empty() ? "it made none" : text::did_you_mean(wanted, made));
  if (fit.size() > 1)
    throw base::Error(base::Code::usage,
                      fmt::format("step '{}' has {} outputs: which?", order.step, fit.size()))
        .hint(fmt::format("name one of them: {}", fmt::join(names, ", ")));
  origin.output = *fit.front();
  return origin;
}

// Of a definition in Python the script, beside which its author would look.
fs::path pipeline_of(const history::RunRecord& run, const engine::Surroundings& surroundings) {
  text::Diagnostics ignored;
  boost::system::error_code failed;
  if (!fs::exists(run.definition, failed))
    throw base::Error(base::Code::not_found,
                      fmt::format("the pipeline of run {} is gone: there is no {}", run.name,
                                  base::display_path(run.definition)))
        .hint("a mock lies beside its pipeline; run it again where it is now");
  const auto job = definition::load_steps(run.definition, {}, surroundings.catalogue, ignored);
  return job && !job->script.empty() ? job->script : fs::path(run.definition);
}

void check_name(const std::string& name) {
  const bool good = !name.empty() && name.front() != '.' && name.front() != '-' &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) || c == '_' || c == '-' || c == '.';
                    });
  if (good) return;
  throw base::Error(base::Code::usage, fmt::format("'{}' is no name for a mock", name))
      .hint("letters, digits, '_', '-' and '.'");
}

// The recordings that the mocks in `folder` hold; of a file that cannot be read nothing is known.
std::optional<std::set<fs::path>> held_in(const fs::path& folder) {
  std::set<fs::path> held;
  for (const auto& file : mock_files_beside(folder)) {
    try {
      const Mock mock = read_mock_file(file);
      if (const auto* recording = std::get_if<Recording>(&mock.source))
        held.insert(recording->data);
    } catch (const base::Error&) {
      return std::nullopt;
    }
  }
  return held;
}

// `data` lies in a folder of its own below mocks/data where amlocal has put it there.
void remove_unheld(const fs::path& mocks, const fs::path& data) {
  const fs::path below = data.lexically_relative(mocks / "data");
  if (below.empty() || *below.begin() == ".." || *below.begin() == ".") return;
  const auto held = held_in(mocks);  // its parent is where the pipeline lies
  if (!held) return;
  const fs::path place = mocks / "data" / *below.begin();
  for (const auto& other : *held)
    if (other == place || other.parent_path() == place) return;
  base::remove_tree(place);
}

// Puts the data under the name of its content.
fs::path keep_data(const fs::path& from, const fs::path& place, Recorded& recorded,
                   std::uint64_t sample, std::string& hash) {
  boost::system::error_code ignored;
  if (!fs::exists(from, ignored))
    throw base::Error(base::Code::not_found,
                      fmt::format("its data is gone: there is no {}", base::display_path(from)))
        .hint("run the step again");
  fs::create_directories(place);
  const base::TempDir draft(place, ".new-");
  const bool folder = fs::is_directory(from, ignored);
  const fs::path copy = folder ? draft.path() / "data" : draft.path() / from.filename();
  recorded.cut = copy_sample(from, copy, sample);
  const auto size = base::measure_tree(copy);
  if (size.files == 0)
    throw base::Error(base::Code::bad_input, "it is an empty folder: git would not keep it")
        .hint("write a mock without files by hand: files: {}");
  recorded.files = size.files;
  recorded.bytes = size.bytes;
  hash = data_hash(copy);
  const fs::path kept = place / hash;
  // What lies there may have been changed by hand.
  const fs::path inside = folder ? kept : kept / from.filename();
  if (fs::exists(inside, ignored) && data_hash(inside) == hash) return inside;
  base::remove_tree(kept);
  fs::rename(folder ? copy : draft.path(), kept);
  return inside;
}

std::string yaml_text(const std::string& text) {
  return nlohmann::json(text).dump();
}

std::string block_of(const Recording& recording, const fs::path& mocks) {
  std::string text = "recording:\n";
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {}: {}\n", key, value);
  };
  add("data", yaml_text(recording.data.lexically_relative(mocks).native()));
  add("hash", yaml_text(recording.hash));
  add("run", yaml_text(recording.run));
  add("output", yaml_text(recording.output));
  add("recorded", yaml_text(recording.recorded));
  add("fingerprint", yaml_text(recording.fingerprint));
  if (recording.sample > 0) add("sample", std::to_string(recording.sample));
  if (!recording.cut.empty()) text += "  cut:\n";
  for (const auto& line : recording.cut) text += fmt::format("    - {}\n", yaml_text(line));
  if (recording.shape) {
    // JSON is YAML as well, as long as its lines are indented.
    std::string shape = data::to_json(*recording.shape).dump(2);
    for (auto at = shape.find('\n'); at != std::string::npos; at = shape.find('\n', at + 1))
      shape.insert(at + 1, "    ");
    text += "  shape:\n    " + shape + "\n";
  }
  return text;
}

// The file's text with another recording; what else it says stays as it is.
std::string with_block(const fs::path& file, const std::string& block) {
  const auto source = text::read_source(file);
  const auto root = text::parse_yaml(source);
  std::string before, after;
  unsigned line = 0, from = 0, to = 0;
  for (std::size_t n = 0; n < root.entries.size(); ++n) {
    if (root.entries[n].key != "recording") continue;
    from = root.entries[n].key_place.line;
    if (n + 1 < root.entries.size()) to = root.entries[n + 1].key_place.line;
  }
  for (std::size_t at = 0; at < source->content.size();) {
    const auto end = std::min(source->content.find('\n', at), source->content.size() - 1);
    ++line;
    if (from == 0 || line < from) before.append(source->content, at, end + 1 - at);
    if (to > 0 && line >= to) after.append(source->content, at, end + 1 - at);
    at = end + 1;
  }
  if (!before.empty() && !before.ends_with('\n')) before += '\n';
  return before + block + after;
}

// A rule of git's that would keep the recording from everybody else.
std::vector<std::string> told_by_git(const fs::path& data) {
  boost::system::error_code none;
  const auto environment = base::current_environment();
  if (base::find_program("git", base::variable(environment, "PATH")).empty()) return {};
  fs::path file = data;  // a rule may name files, whatever folder they lie in
  for (fs::recursive_directory_iterator entry(data, none), end; !none && entry != end; ++entry)
    if (fs::is_regular_file(entry->path())) file = entry->path();
  const auto ignored = base::run_captured(
      {"git", "-C", data.parent_path().native(), "check-ignore", "-v", file.native()}, environment);
  if (!WIFEXITED(ignored.status) || WEXITSTATUS(ignored.status) != 0) return {};
  const std::string rule = ignored.out.substr(0, ignored.out.find('\t'));
  return {
      fmt::format("git leaves {} out ({}): a colleague would not have it; git add --force, or an "
                  "exception in .gitignore",
                  base::display_path(file), text::shown_line(rule))};
}

}  // namespace

Recorded record_mock(const RecordOrder& order, const engine::Surroundings& surroundings) {
  check_name(order.name);
  const Origin origin = origin_of(order, surroundings);
  const fs::path mocks = pipeline_of(origin.run, surroundings).parent_path() / "mocks";
  Recorded recorded;
  recorded.file = mocks / (order.name + ".mock.yml");
  boost::system::error_code ignored;
  std::optional<Mock> old;
  if (fs::exists(recorded.file, ignored)) {
    if (!order.replace)
      throw base::Error(base::Code::exists,
                        fmt::format("there is a mock '{}' already: {}", order.name,
                                    base::display_path(recorded.file)))
          .hint("another name, or --replace");
    old = read_mock_file(recorded.file);
    if (!std::holds_alternative<Recording>(old->source))
      throw base::Error(base::Code::exists, fmt::format("mock '{}' is no recording: it has '{}'",
                                                        order.name, kind_of(*old)))
          .hint("record under another name, or delete it first");
  }
  Recording recording;
  recording.output = origin.output.step + "." + origin.output.output;
  base::while_doing(
      [&] { return fmt::format("recording {} of {}", recording.output, origin.run.name); },
      [&] {
        recording.data =
            keep_data(origin.output.path, mocks / "data", recorded, order.sample, recording.hash);
        recording.shape = data::observe(origin.output.path);
      });
  recording.run = origin.run.name;
  recording.recorded = base::to_iso(surroundings.clock.now());
  recording.fingerprint = origin.fingerprint;
  if (!recorded.cut.empty()) recording.sample = order.sample;
  recording.cut = recorded.cut;
  recorded.data = recording.data;
  // Line ends that git would change make it another recording.
  if (!fs::exists(mocks / "data/.gitattributes", ignored))
    base::write_file_atomically(mocks / "data/.gitattributes", "* -text\n");
  const std::string block = block_of(recording, mocks);
  base::write_file_atomically(
      recorded.file, old ? with_block(recorded.file, block)
                         : fmt::format("# What a run made of {}. `amlocal mock record … "
                                       "--replace` writes the recording anew.\n"
                                       "for: {}\n{}",
                                       recording.output, yaml_text(recording.output), block));
  if (old && std::get<Recording>(old->source).data != recording.data)
    remove_unheld(mocks, std::get<Recording>(old->source).data);
  recorded.notices = told_by_git(recorded.data);
  return recorded;
}

void delete_mock(const fs::path& file) {
  std::optional<fs::path> data;
  try {
    const Mock mock = read_mock_file(file);
    if (const auto* recording = std::get_if<Recording>(&mock.source)) data = recording->data;
  } catch (const base::Error& error) {
    if (error.code() != base::Code::bad_definition) throw;  // what cannot be read may go, too
  }
  fs::remove(file);
  if (data) remove_unheld(file.parent_path(), *data);
}

}  // namespace harness
