#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/mocks_here.hpp"
#include "cli/project.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "harness/mock_drift.hpp"
#include "harness/mock_record.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;

struct Args {
  std::string output;
  std::string name;
  std::vector<std::string> names;
  std::string sample;
  bool replace = false;
  std::string run;
  std::string pipeline;
  bool json = false;
};

void declare_record(Options& options, Args& args) {
  options.argument("output", args.output);
  options.argument("name", args.name);
  options.value("--sample", args.sample);
  options.flag("--replace", args.replace);
}

std::uint64_t rows_of(const std::string& word) {
  if (word.empty()) return 0;
  const bool digits = word.size() <= 12 && std::all_of(word.begin(), word.end(),
                                                       [](char c) { return c >= '0' && c <= '9'; });
  const std::uint64_t rows = digits ? std::stoull(word) : 0;
  if (rows > 0) return rows;
  throw base::Error(base::Code::usage,
                    fmt::format("--sample takes a number of rows from 1 on, not '{}'", word))
      .hint("amlocal mock record @last/prepare.clean clean --sample 1000");
}

std::string files_text(std::uint64_t files, std::uint64_t bytes) {
  return fmt::format("{} file{}, {}", files, files == 1 ? "" : "s", base::bytes_text(bytes));
}

int record(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  const RunAndStep from = split_run(args.output);
  if (from.step.empty())
    throw base::Error(base::Code::usage, fmt::format("'{}' names no output of a run", args.output))
        .hint("RUN/STEP.OUTPUT: amlocal mock record @last/prepare.clean clean");
  harness::RecordOrder order;
  order.run = from.run;
  const auto dot = from.step.rfind('.');
  order.step = from.step.substr(0, dot);
  if (dot != std::string::npos) order.output = from.step.substr(dot + 1);
  order.name = args.name;
  order.sample = rows_of(args.sample);
  order.replace = args.replace;
  const auto recorded = harness::record_mock(order, surroundings);
  app.out << fmt::format("mock '{}' is {} ({})\n", args.name, base::display_path(recorded.file),
                         files_text(recorded.files, recorded.bytes));
  for (const auto& line : recorded.cut) app.out << fmt::format("  {}\n", line);
  for (const auto& notice : recorded.notices) app.out << fmt::format("note: {}\n", notice);
  app.out << fmt::format("commit it with its data: {}\n", base::display_path(recorded.data));
  return 0;
}

void declare_list(Options& options, Args& args) {
  options.value("--pipeline", args.pipeline);
  options.flag("--json", args.json);
}

// Of a file that cannot be read its name and why.
struct Read {
  fs::path file;
  std::optional<harness::Mock> mock;
  std::string why;
};

std::vector<Read> read_all(const std::vector<fs::path>& files) {
  std::vector<Read> all;
  for (const auto& file : files) {
    Read read{file, {}, ""};
    try {
      read.mock = harness::read_mock_file(file);
    } catch (const base::Error& error) {
      if (error.code() != base::Code::bad_definition) throw;
      read.why = error.place().to_string() + ": " + error.message();
    }
    all.push_back(std::move(read));
  }
  return all;
}

json json_of(const Read& read) {
  json mock{{"name", harness::mock_name(read.file)}, {"file", read.file.native()}};
  if (!read.mock) {
    mock["error"] = read.why;
    return mock;
  }
  mock["kind"] = harness::kind_of(*read.mock);
  mock["for"] = read.mock->stands_for;
  if (!read.mock->description.empty()) mock["description"] = read.mock->description;
  if (const auto* recording = std::get_if<harness::Recording>(&read.mock->source)) {
    json about{{"data", recording->data.native()}, {"hash", recording->hash}};
    const auto add = [&](const char* key, const std::string& value) {
      if (!value.empty()) about[key] = value;
    };
    add("run", recording->run);
    add("output", recording->output);
    add("recorded", recording->recorded);
    add("fingerprint", recording->fingerprint);
    if (recording->sample > 0) about["sample"] = recording->sample;
    if (!recording->cut.empty()) about["cut"] = recording->cut;
    if (recording->shape) about["shape"] = data::to_json(*recording->shape);
    mock["recording"] = std::move(about);
  }
  return mock;
}

void print_json(const std::vector<Read>& mocks, App& app) {
  json all = json::array();
  for (const auto& read : mocks) all.push_back(json_of(read));
  app.out << json{{"mocks", std::move(all)}}.dump() << "\n";
}

int list(const Args& args, App& app) {
  const MocksHere here = mocks_here(args.pipeline, app);
  const auto mocks = read_all(here.files);
  if (args.json) {
    print_json(mocks, app);
    return 0;
  }
  if (mocks.empty()) {
    app.out << fmt::format(
        "no mocks in {}; record one with: amlocal mock record @last/STEP.OUTPUT "
        "NAME\n",
        base::display_path(here.folder / "mocks"));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "FOR", "ABOUT"}};
  for (const auto& read : mocks)
    rows.push_back({harness::mock_name(read.file),
                    read.mock ? std::string(harness::kind_of(*read.mock)) : "?",
                    read.mock ? fmt::format("{}", fmt::join(read.mock->stands_for, ", ")) : "",
                    read.mock ? read.mock->description : read.why});
  app.out << format_table(rows);
  return 0;
}

void declare_named(Options& options, Args& args) {
  options.argument("name", args.name);
  options.value("--pipeline", args.pipeline);
}

void declare_show(Options& options, Args& args) {
  declare_named(options, args);
  options.flag("--json", args.json);
}

void show_recording(const harness::Recording& recording, App& app) {
  app.out << fmt::format("data: {}\nhash: {}\n", base::display_path(recording.data),
                         recording.hash);
  if (!recording.run.empty())
    app.out << fmt::format("from: {} of run {}, recorded {}\n", recording.output, recording.run,
                           recording.recorded);
  if (!recording.fingerprint.empty())
    app.out << fmt::format("fingerprint: {}\n", recording.fingerprint);
  for (const auto& line : recording.cut) app.out << fmt::format("cut: {}\n", line);
  if (!recording.shape) return;
  for (const auto& group : recording.shape->groups) {
    std::string line = fmt::format("{}: {}, {}", group.pattern, to_string(group.format),
                                   files_text(group.files, group.bytes));
    if (group.table) line += fmt::format(", {} rows", group.table->rows);
    app.out << line << "\n";
    if (!group.table) continue;
    for (const auto& column : group.table->columns)
      app.out << fmt::format("  {}  {}\n", column.name, column.dtype());
  }
}

int show(const Args& args, App& app) {
  const MocksHere here = mocks_here(args.pipeline, app);
  const auto mocks = read_all({here.named(args.name)});
  if (args.json) {
    print_json(mocks, app);
    return 0;
  }
  const Read& read = mocks.front();
  if (!read.mock) throw base::Error(base::Code::bad_definition, read.why);
  app.out << fmt::format("name: {}\nfile: {}\nkind: {}\n", args.name, base::display_path(read.file),
                         harness::kind_of(*read.mock));
  if (!read.mock->stands_for.empty())
    app.out << fmt::format("for: {}\n", fmt::join(read.mock->stands_for, ", "));
  if (!read.mock->description.empty()) app.out << read.mock->description << "\n";
  if (const auto* recording = std::get_if<harness::Recording>(&read.mock->source))
    show_recording(*recording, app);
  return 0;
}

int remove(const Args& args, App& app) {
  const MocksHere here = mocks_here(args.pipeline, app);
  const fs::path file = here.named(args.name);
  harness::delete_mock(file);
  app.out << fmt::format("deleted {}\n", base::display_path(file));
  return 0;
}

void declare_check(Options& options, Args& args) {
  options.arguments("names", args.names, false);
  options.value("--run", args.run);
  options.value("--pipeline", args.pipeline);
  options.flag("--json", args.json);
}

void print_json(const std::vector<harness::MockCheck>& checks, App& app) {
  json all = json::array();
  for (const auto& check : checks) {
    json mock{
        {"name", check.name}, {"file", check.file.native()}, {"state", to_string(check.state)}};
    if (!check.output.empty()) mock["output"] = check.output;
    if (!check.run.empty()) mock["run"] = check.run;
    json lines = json::array();
    for (const auto& line : check.lines)
      lines.push_back({{"breaks", line.severity == data::Severity::breaks}, {"text", line.text}});
    mock["differences"] = std::move(lines);
    if (!check.why.empty()) mock["why"] = check.why;
    if (!check.next.empty()) mock["next"] = check.next;
    all.push_back(std::move(mock));
  }
  app.out << json{{"mocks", std::move(all)}}.dump() << "\n";
}

void print(const std::vector<harness::MockCheck>& checks, App& app) {
  std::size_t name_width = 0;
  for (const auto& check : checks) name_width = std::max(name_width, check.name.size());
  for (const auto& check : checks) {
    const std::string against =
        check.run.empty() ? check.why : fmt::format("{} of {}", check.output, check.run);
    app.out << fmt::format("{:<{}}  {:<9}  {}\n", check.name, name_width, to_string(check.state),
                           against);
    for (const auto& line : check.lines)
      app.out << fmt::format(
          "  {}{}\n", line.severity == data::Severity::breaks ? "" : "worth knowing: ", line.text);
    if (!check.run.empty() && !check.why.empty()) app.out << fmt::format("  {}\n", check.why);
    if (!check.next.empty()) app.out << fmt::format("  next: {}\n", check.next);
  }
}

int check(const Args& args, App& app) {
  const MocksHere here = mocks_here(args.pipeline, app);
  const Project project = open_project(here.folder);
  const engine::Surroundings surroundings{project.layout, project.settings, project.catalogue,
                                          app.environment, app.clock};
  std::vector<fs::path> files;
  for (const auto& name : args.names) files.push_back(here.named(name));
  const auto checks = harness::check_mocks(here.folder, args.names.empty() ? here.files : files,
                                           args.run, surroundings);
  const auto bad = std::count_if(checks.begin(), checks.end(), [](const auto& each) {
    return each.state == harness::MockCheck::State::breaks ||
           each.state == harness::MockCheck::State::broken;
  });
  if (args.json) {
    print_json(checks, app);
  } else {
    print(checks, app);
    if (checks.empty())
      app.out << fmt::format("no mocks in {}\n", base::display_path(here.folder / "mocks"));
    else
      app.out << fmt::format("{} of {} mocks hold\n", checks.size() - static_cast<std::size_t>(bad),
                             checks.size());
  }
  return bad > 0 ? 1 : 0;
}

}  // namespace

MocksHere mocks_here(const std::string& pipeline, const App& app) {
  MocksHere here;
  if (pipeline.empty())
    here.folder = app.here.filename() == "mocks" ? app.here.parent_path() : app.here;
  else
    here.folder = split_file(pipeline, app.here).file.parent_path();
  here.files = harness::mock_files_beside(here.folder / "pipeline.yml");
  return here;
}

fs::path MocksHere::named(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& file : files) {
    names.push_back(harness::mock_name(file));
    if (names.back() == name) return file;
  }
  throw base::Error(base::Code::not_found, fmt::format("there is no mock '{}' in {}", name,
                                                       base::display_path(folder / "mocks")))
      .hint(names.empty() ? "mocks lie beside their pipeline: --pipeline FILE, or go to its folder"
                          : text::did_you_mean(name, names));
}

std::vector<Verb> verbs_of_mock() {
  return {make_verb<Args>("mock record", "mock", declare_record, record, Words::steps),
          make_verb<Args>("mock list", "mock", declare_list, list),
          make_verb<Args>("mock show", "mock", declare_show, show, Words::mocks),
          make_verb<Args>("mock check", "mock", declare_check, check, Words::mocks),
          make_verb<Args>("mock delete", "mock", declare_named, remove, Words::mocks)};
}

}  // namespace cli
