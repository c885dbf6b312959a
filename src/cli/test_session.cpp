#include "cli/test_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/colour.hpp"
#include "engine/machine.hpp"
#include "harness/affects.hpp"
#include "harness/report.hpp"

namespace cli {
namespace {

using harness::Case;
using harness::Verdict;

constexpr std::size_t most_lines = 60;  // of tests that pass; more are dots

bool is_on(const base::Variables& environment, const std::string& name) {
  const std::string value = base::variable(environment, name);
  return !value.empty() && value != "0" && value != "false";
}

std::string key_of(const Case& test) {
  return test.file.native() + "::" + test.name;
}

fs::path failed_file(const Project& project) {
  return project.layout.cache() / "failed-tests.json";
}

std::string indented(const std::string& text, std::string_view by) {
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines += fmt::format("{}{}\n", by, text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string place_of(const base::Place& place) {
  return !place.known()    ? ""
         : place.line == 0 ? place.source->path + ": "
                           : fmt::format("{}:{}: ", place.source->path, place.line);
}

}  // namespace

TestProject::TestProject(const fs::path& folder, harness::Snapshots& snapshots, App& app)
    : project(open_project(folder)),
      surroundings{project.layout, project.settings, project.catalogue, app.environment, app.clock},
      definitions(surroundings),
      judging{surroundings, snapshots, {}, {}, app.here, definitions} {
  // Once for all tests: it takes as long as some of them.
  workspace::ensure(project.layout);
  fs::create_directories(project.layout.cache());
  step::settle(judging.mounting, project.layout.hidden());
}

TestSession::TestSession(const TestArgs& args, App& app)
    : args_(args),
      app_(app),
      snapshots_(args.ci || is_on(app.environment, "CI") ? harness::Snapshots::Missing::refuse
                                                         : harness::Snapshots::Missing::write,
                 args.update) {}

void TestSession::read() {
  std::vector<fs::path> paths;
  for (const auto& path : args_.paths)
    paths.push_back(fs::absolute(path, app_.here).lexically_normal());
  if (paths.empty()) paths.push_back(app_.here);
  const auto found = harness::find_tests(paths);
  if (found.empty())
    throw base::Error(base::Code::usage,
                      fmt::format("there is no test: no file *{} below {}", harness::test_suffix,
                                  base::display_path(paths.front())))
        .hint("write one from a run: amlocal test new PIPELINE.yml#STEP --from-run @last");
  text::Diagnostics diagnostics;
  files_.clear();
  for (const auto& path : found) {
    try {
      files_.push_back(harness::read_tests(path, diagnostics));
    } catch (const base::Error& error) {
      if (!error.place().known()) throw;
      diagnostics.error(error.place(), error.message(), error.hint());
    }
  }
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all())
    app_.err << text::render(diagnostic, app_.colour);
  if (!diagnostics.ok())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} error{} in files of tests; no test was run",
                                  diagnostics.errors(), diagnostics.errors() == 1 ? "" : "s"))
        .hint("what may stand there: docs/step-tests.md");
}

std::vector<const Case*> TestSession::selected() {
  std::vector<const Case*> chosen;
  for (const auto& file : files_)
    for (const auto& test : file.cases)
      if (harness::is_selected(args_.expression, test)) chosen.push_back(&test);
  if (chosen.empty() && !args_.expression.empty())
    throw base::Error(base::Code::usage, fmt::format("-k '{}' chooses no test", args_.expression))
        .hint("words of 'FILE::NAME', such as those that pass without -k are shown with");
  if (args_.last_failed)
    std::erase_if(chosen, [&](const Case* test) {
      const auto failed = last_failed(project_of(*test).project);
      return std::find(failed.begin(), failed.end(), key_of(*test)) == failed.end();
    });
  if (!args_.changed_since.empty()) {
    std::map<fs::path, std::vector<fs::path>> changed;  // by the project's root
    harness::StepSources known_steps;
    std::erase_if(chosen, [&](const Case* test) {
      const auto& project = project_of(*test).project;
      const auto [known, isnew] = changed.try_emplace(project.layout.root);
      if (isnew)
        known->second =
            harness::changed_since(args_.changed_since, test->file.parent_path(), app_.environment);
      const auto sources = harness::sources_of(*test, project.catalogue, known_steps);
      return std::none_of(known->second.begin(), known->second.end(),
                          [&](const auto& path) { return harness::is_among(path, sources); });
    });
  }
  return chosen;
}

TestProject& TestSession::project_of(const Case& test) {
  const fs::path root = workspace::find(test.file.parent_path()).root;
  auto& known = projects_[root];
  if (!known) known = std::make_unique<TestProject>(test.file.parent_path(), snapshots_, app_);
  return *known;
}

int TestSession::run(const std::vector<const Case*>& cases) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  dots_ = cases.size() > most_lines;
  const int jobs = args_.jobs > 0 ? args_.jobs : engine::default_jobs();
  auto verdicts = harness::run_cases(
      cases, jobs, signals_.fd().get(),
      [this](const Case& test) -> const harness::Judging& { return project_of(test).judging; },
      [this](const Verdict& verdict) { draw(verdict); });
  if (signals_.take() > 0) interrupted_ = true;
  std::vector<Verdict::Kind> before;
  for (const auto& verdict : verdicts) before.push_back(verdict.kind);
  harness::judge_durations(verdicts);
  if (on_line_ > 0 && !args_.json) app_.out << "\n";
  on_line_ = 0;
  for (std::size_t n = 0; n < verdicts.size(); ++n)
    if (verdicts[n].kind != before[n]) draw(verdicts[n]);
  failed_.clear();
  for (const auto& verdict : verdicts)
    if (verdict.kind == Verdict::Kind::failed) failed_.push_back(verdict.test);
  remember_failed(verdicts);
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  if (!args_.json) tell_snapshots(cases);
  write_reports(verdicts, seconds);
  const auto tally = harness::tally_of(verdicts);
  return interrupted_ ? 130 : tally.failed > 0 ? 1 : 0;
}

std::vector<std::string> TestSession::last_failed(const Project& project) const {
  std::vector<std::string> keys;
  boost::system::error_code missing;
  if (!fs::exists(failed_file(project), missing)) return keys;
  const auto known = nlohmann::json::parse(base::read_file(failed_file(project)), nullptr, false);
  if (known.is_array())
    for (const auto& key : known)
      if (key.is_string()) keys.push_back(key);
  return keys;
}

// Those that did not run this time are as they were.
void TestSession::remember_failed(const std::vector<Verdict>& verdicts) {
  std::map<TestProject*, std::vector<const Verdict*>> by_project;
  for (const auto& verdict : verdicts)
    if (verdict.kind != Verdict::Kind::canceled)
      by_project[&project_of(*verdict.test)].push_back(&verdict);
  for (const auto& [project, ran] : by_project) {
    auto keys = last_failed(project->project);
    for (const auto* verdict : ran) {
      std::erase(keys, key_of(*verdict->test));
      if (verdict->kind == Verdict::Kind::failed) keys.push_back(key_of(*verdict->test));
    }
    base::write_file_atomically(failed_file(project->project), nlohmann::json(keys).dump());
  }
}

void TestSession::draw(const Verdict& verdict) {
  if (args_.json || args_.markdown || verdict.kind == Verdict::Kind::canceled) return;
  if (verdict.kind == Verdict::Kind::passed) {
    if (dots_)
      app_.out << "." << (++on_line_ % 80 == 0 ? "\n" : "");
    else
      app_.out << fmt::format("pass  {}  {:.2f} s\n", verdict.test->id(), verdict.seconds);
    if (on_line_ % 80 == 0) on_line_ = 0;
    app_.out.flush();
    return;
  }
  std::string text = on_line_ > 0 ? "\n" : "";
  on_line_ = 0;
  text += fmt::format("FAIL  {}  {:.2f} s\n", verdict.test->id(), verdict.seconds);
  for (const auto& finding : verdict.findings)
    text += fmt::format("  {}{}\n{}", place_of(finding.place), finding.what,
                        indented(finding.detail, "    "));
  if (!verdict.log_tail.empty()) text += "  last lines of its log:\n";
  for (const auto& line : verdict.log_tail) text += fmt::format("    {}\n", line);
  if (!verdict.folder.empty())
    text += fmt::format("  its folder: {}\n", base::display_path(verdict.folder));
  if (!verdict.debug.empty())
    text += fmt::format("  debug it: {}\n", harness::shell_line(verdict.debug));
  app_.out << text;
  app_.out.flush();
}

void TestSession::tell_snapshots(const std::vector<const Case*>& cases) {
  if (args_.markdown) return;
  for (const auto& path : snapshots_.written())
    app_.out << fmt::format("snapshot written: {}\n", base::display_path(path));
  if (interrupted_) return;
  for (const auto& file : files_) {
    const bool whole = std::all_of(file.cases.begin(), file.cases.end(), [&](const Case& test) {
      return std::find(cases.begin(), cases.end(), &test) != cases.end();
    });
    if (!whole || file.cases.empty()) continue;
    // Of a test that failed before it came to its snapshots, none was used.
    const fs::path folder = file.cases.front().snapshots().parent_path();
    std::vector<fs::path> obsolete = snapshots_.obsolete(folder);
    std::erase_if(obsolete, [&](const fs::path& path) {
      return std::any_of(failed_.begin(), failed_.end(), [&](const Case* test) {
        return harness::is_among(path, {test->snapshots()});
      });
    });
    for (const auto& path : obsolete) {
      if (snapshots_.updating()) fs::remove(path);
      app_.out << fmt::format("snapshot {}: {}\n",
                              snapshots_.updating() ? "removed" : "that no test uses",
                              base::display_path(path));
    }
    if (!snapshots_.updating() && !obsolete.empty())
      app_.out << "  remove them: amlocal test --snapshot-update\n";
    boost::system::error_code missing;
    if (snapshots_.updating() && fs::exists(folder, missing)) base::remove_empty_folders(folder);
  }
}

void TestSession::write_reports(const std::vector<Verdict>& verdicts, double seconds) {
  if (!args_.junit.empty())
    base::write_file_atomically(fs::absolute(args_.junit, app_.here),
                                harness::junit_xml(verdicts, seconds));
  // In the way of --json and --markdown it would be none of either.
  if (is_on(app_.environment, "GITHUB_ACTIONS"))
    (args_.json || args_.markdown ? app_.err : app_.out)
        << harness::github_annotations(verdicts, github_root());
  if (args_.json)
    app_.out << harness::report_json(verdicts, seconds);
  else if (args_.markdown)
    app_.out << harness::report_markdown(verdicts, seconds);
  else
    app_.out << harness::tally_text(harness::tally_of(verdicts), seconds) << "\n";
  app_.out.flush();
}

fs::path TestSession::github_root() const {
  const std::string root = base::variable(app_.environment, "GITHUB_WORKSPACE");
  return root.empty() ? app_.here : fs::path(root);
}

}  // namespace cli
