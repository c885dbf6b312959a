// What the pytest plugin asks: verbs for programs, in no list.
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "data/difference.hpp"
#include "definition/definition.hpp"
#include "harness/bench.hpp"
#include "harness/suite.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using nlohmann::json;

void refuse_errors(const fs::path& file, text::Diagnostics& diagnostics, App& app) {
  if (diagnostics.ok()) return;
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) app.err << text::render(diagnostic, app.colour);
  throw base::Error(base::Code::bad_definition,
                    fmt::format("{} has errors", base::display_path(file)))
      .hint("mend what is named above");
}

struct PortsArgs {
  std::string file;
};

void declare_ports(Options& options, PortsArgs& args) {
  options.argument("file", args.file);
}

// {"step": "train", "inputs": {"rows": "uri_folder", "rate": "number"}, "outputs": {…}}
int ports(const PortsArgs& args, App& app) {
  const FileAndStep named = split_file(args.file, app.here);
  const Project project = open_project(named.file.parent_path());
  text::Diagnostics diagnostics;
  const auto job = definition::load_steps(named.file, {}, project.catalogue, diagnostics);
  refuse_errors(named.file, diagnostics, app);
  const auto plan = engine::make_plan(*job);
  const auto& step = plan.steps[harness::find_step(plan, named.step)];
  json object = {{"step", step.path}, {"inputs", json::object()}, {"outputs", json::object()}};
  for (const auto& input : step.component->inputs)
    object["inputs"][input.name] = to_string(input.type);
  // An inline step declares nothing: the type is that of what is bound.
  for (const auto& input : step.inputs) object["inputs"][input.name] = to_string(input.type);
  for (const auto& output : step.outputs) object["outputs"][output.name] = to_string(output.type);
  app.out << object.dump() << "\n";
  return 0;
}

struct DifferenceArgs {
  std::string expected;
  std::string actual;
  std::string relative;
  std::string absolute;
  std::vector<std::string> keys;
  std::vector<std::string> ignoring;
  bool any_order = false;
};

void declare_difference(Options& options, DifferenceArgs& args) {
  options.argument("expected", args.expected);
  options.argument("actual", args.actual);
  options.value("--relative", args.relative);
  options.value("--absolute", args.absolute);
  options.values("--key", args.keys);
  options.values("--ignoring", args.ignoring);
  options.flag("--any-order", args.any_order);
}

double number_of(const char* option, const std::string& text) {
  if (text.empty()) return 0;
  std::size_t used = 0;
  double number = -1;
  try {
    number = std::stod(text, &used);
  } catch (const std::exception&) {
  }
  if (used != text.size() || !(number >= 0))
    throw base::Error(base::Code::usage,
                      fmt::format("{} takes a number from 0, not '{}'", option, text));
  return number;
}

// Like diff(1): 0 equal, 1 different, 2 trouble.
int difference(const DifferenceArgs& args, App& app) {
  data::Comparing comparing;
  comparing.tolerance = {number_of("--relative", args.relative),
                         number_of("--absolute", args.absolute)};
  comparing.any_order = args.any_order;
  comparing.keys = args.keys;
  comparing.ignoring = args.ignoring;
  try {
    const std::string text = data::difference(fs::absolute(args.expected, app.here),
                                              fs::absolute(args.actual, app.here), comparing);
    app.out << text;
    return text.empty() ? 0 : 1;
  } catch (const base::Error& error) {
    app.err << text::render(error, app.colour);
    return 2;
  }
}

struct CasesArgs {
  std::string file;
};

void declare_cases(Options& options, CasesArgs& args) {
  options.argument("file", args.file);
}

// [{"name": "a clean table", "line": 3}]: the cases of a file of step tests, in its order.
int cases(const CasesArgs& args, App& app) {
  const auto files = harness::find_tests({fs::absolute(args.file, app.here).lexically_normal()});
  json list = json::array();
  for (const auto& file : files) {
    text::Diagnostics diagnostics;
    const auto tests = harness::read_tests(file, diagnostics);
    refuse_errors(file, diagnostics, app);
    for (const auto& test : tests.cases)
      list.push_back({{"name", test.name}, {"line", test.place.line}});
  }
  app.out << list.dump() << "\n";
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_step_ask() {
  std::vector<Verb> verbs{
      make_verb<PortsArgs>("step ports", "step", declare_ports, ports, Words::files),
      make_verb<CasesArgs>("step cases", "step", declare_cases, cases, Words::files),
      make_verb<DifferenceArgs>("step difference", "step", declare_difference, difference,
                                Words::files)};
  for (auto& verb : verbs) verb.hidden = true;
  return verbs;
}

}  // namespace cli
