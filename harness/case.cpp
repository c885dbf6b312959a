#include "harness/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "compute/interpreter.hpp"
#include "harness/command.hpp"
#include "harness/expect.hpp"
#include "model/expression.hpp"

namespace harness {
namespace {

constexpr std::size_t tail_lines = 20;

// Hears what the run tells.
class Listener final : public events::Sink {
 public:
  explicit Listener(Ran& ran) : ran_(ran) {}
  void on(const events::Stamped& stamped) override {
    if (const auto* run = std::get_if<events::RunStarted>(&stamped.event)) {
      ran_.run = run->run;
    } else if (const auto* notice = std::get_if<events::Notice>(&stamped.event)) {
      ran_.notices.push_back(notice->text);
    } else if (const auto* started = std::get_if<events::StepStarted>(&stamped.event)) {
      ran_.step_id = started->id;
      ran_.log = started->log;
      if (!started->snapshot.empty()) ran_.snapshot = ran_.records.snapshots() / started->snapshot;
    } else if (const auto* published = std::get_if<events::OutputPublished>(&stamped.event)) {
      ran_.published.push_back(*published);
    } else if (const auto* ended = std::get_if<events::StepEnded>(&stamped.event)) {
      ran_.ended = *ended;
    } else if (const auto* asset = std::get_if<events::AssetRegistered>(&stamped.event)) {
      ran_.registered.push_back(*asset);
    }
  }

 private:
  Ran& ran_;
};

std::string place_folder(std::string text, const fs::path& folder) {
  const std::string mark = "{folder}";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
    text.replace(at, mark.size(), folder.native());
  return text;
}

// A step like it, with variables of the test's; what the component says of the same name is
// replaced.
void set_variables(engine::PlannedStep& step, const Words& variables) {
  if (variables.empty()) return;
  auto component = std::make_shared<model::Component>(*step.component);
  for (const auto& [name, value] : variables) {
    std::erase_if(component->environment_variables,
                  [&, &key = name](const auto& known) { return known.first == key; });
    model::Template text;
    text.text = value;
    text.segments.push_back({value});
    component->environment_variables.emplace_back(name, std::move(text));
  }
  step.component = std::move(component);
}

std::string key_of(const Case& test) {
  return fmt::format("test-{}-{}", test.slug, base::hash_text(test.id()).substr(0, 8));
}

std::vector<std::string> last_lines(const fs::path& log) {
  std::vector<std::string> lines;
  boost::system::error_code missing;
  if (log.empty() || !fs::exists(log, missing)) return lines;
  const std::string text = base::read_file(log);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text::shown_line(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
    if (lines.size() > tail_lines) lines.erase(lines.begin());
  }
  return lines;
}

// What an Error says, and what to do about it.
Finding finding_of(const base::Error& error, const Case& test) {
  Finding finding{error.place().known() ? error.place() : test.place, error.message(), ""};
  if (const auto cut = finding.what.find('\n'); cut != std::string::npos) {
    finding.detail = finding.what.substr(cut + 1) + "\n";
    finding.what.resize(cut);
  }
  if (!error.hint().empty()) finding.detail += error.hint() + "\n";
  return finding;
}

class CaseRun {
 public:
  CaseRun(const Case& test, const Judging& judging, const base::Cancel& stop)
      : test_(test), judging_(judging), stop_(stop) {
    verdict_.test = &test;
  }

  Verdict run(const std::function<bool()>& hung) {
    const auto began = std::chrono::steady_clock::now();
    try {
      auto bench = std::make_unique<Bench>(judging_.surroundings.layout, key_of(test_));
      verdict_.folder = bench->folder();
      ran_.records = bench->layout();
      set_up();
      const auto isolated = isolate(std::move(bench));
      if (isolated && !stop_.requested()) {
        Listener listener(ran_);
        ran_.status = harness::run(*isolated, judging_.surroundings, {&listener});
        ran_.folder = ran_.records.run(ran_.run) / "steps" / ran_.step;
        if (!stop_.requested()) verdict_.findings = judge(test_, ran_, judging_, stop_);
      }
    } catch (const base::Error& error) {
      if (!stop_.requested()) verdict_.findings.push_back(finding_of(error, test_));
    } catch (const std::exception& problem) {
      verdict_.findings.push_back({test_.place, problem.what(), ""});
    }
    tear_down();
    if (stop_.requested()) give_up(hung());
    verdict_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return finish();
  }

 private:
  base::Variables variables() const {
    auto variables = compute::clean_environment(judging_.surroundings.shell, judging_.pass_env);
    std::erase_if(variables, [](const auto& each) { return each.first == "PATH"; });
    variables.emplace_back("PATH", base::variable(judging_.surroundings.shell, "PATH"));
    variables.emplace_back("AMLOCAL_TEST_FOLDER", verdict_.folder.native());
    for (const auto& [name, value] : test_.environment) variables.emplace_back(name, value);
    return variables;
  }

  CommandEnd command(const std::string& text, const char* name, const base::Cancel& stop) const {
    return run_command({"bash", "-e", "-c", text}, variables(), test_.file.parent_path(),
                       verdict_.folder / (std::string(name) + ".txt"), stop);
  }

  void set_up() const {
    if (test_.before.empty()) return;
    const auto end = command(test_.before, "before", stop_);
    if (end.status != 0 && !end.stopped)
      throw base::Error(base::Code::step_failed, fmt::format("its set-up failed: {}\n{}",
                                                             how_it_ended(end.status), end.output));
  }

  // Also when the test was stopped: what its set-up made must go. But not forever.
  void tear_down() {
    if (test_.after.empty() || verdict_.folder.empty()) return;
    try {
      const auto end =
          command("exec timeout -k 1 30 bash -e -c " + quoted(test_.after), "after", {});
      if (end.status != 0)
        verdict_.findings.push_back(
            {test_.place, fmt::format("its tear-down failed: {}", how_it_ended(end.status)),
             end.output});
    } catch (const base::Error& error) {
      verdict_.findings.push_back(finding_of(error, test_));
    }
  }

  static std::string quoted(const std::string& text) {
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + "'";
  }

  Order order(std::unique_ptr<Bench> bench) const {
    Order order;
    order.step = test_.step;
    order.file = judging_.definitions.job_of(test_.definition, order.step);
    order.here = test_.file.parent_path();
    order.set = test_.set;
    order.mode = test_.modes;
    for (const auto& [input, node] : test_.inputs) {
      if (node.is_map())
        order.mocks.emplace_back(input, read_mock(node, order.here));
      else
        order.in.emplace_back(input, place_folder(node.scalar, bench->folder()));
    }
    for (auto& [key, value] : order.set) value = place_folder(value, bench->folder());
    order.bench = std::move(bench);
    order.options.stop = &stop_;
    order.options.pass_env = judging_.pass_env;
    order.options.mounting = judging_.mounting;
    if (!test_.cost.empty()) order.options.mounting.cost = test_.cost;
    if (!test_.clock.empty()) order.options.mounting.clock = test_.clock;
    if (test_.data_access == "link")
      order.options.mounting.access = step::Mounting::Access::link;
    else if (test_.data_access == "mount")
      order.options.mounting.access = step::Mounting::Access::mount;
    for (const auto& fault : test_.faults) order.options.mounting.faults.push_back(fault);
    return order;
  }

  std::optional<Isolated> isolate(std::unique_ptr<Bench> bench) {
    text::Diagnostics diagnostics;
    auto isolated = harness::isolate(order(std::move(bench)), judging_.surroundings, diagnostics);
    for (const auto& diagnostic : diagnostics.all())
      if (!isolated && diagnostic.severity == text::Severity::error)
        verdict_.findings.push_back({diagnostic.place, diagnostic.what,
                                     diagnostic.hint.empty() ? "" : diagnostic.hint + "\n"});
    if (!isolated) return isolated;
    set_variables(isolated->plan.steps.front(), test_.environment);
    ran_.step = isolated->step().path;
    ran_.outputs = isolated->outputs;
    ran_.supplies = isolated->supplies;
    for (const auto& input : isolated->step().inputs)
      if (model::is_data(input.type)) ran_.bindings.push_back("inputs." + input.name);
    for (const auto& output : isolated->step().outputs)
      ran_.bindings.push_back("outputs." + output.name);
    if (const auto& environment = isolated->step().component->environment)
      ran_.environment = environment->name;
    return isolated;
  }

  void give_up(bool hung) {
    verdict_.findings.clear();
    if (hung)
      verdict_.findings.push_back(
          {test_.place, fmt::format("it did not end within {} s and was killed", test_.timeout),
           "'timeout:' of the test gives it longer\n"});
    else
      verdict_.kind = Verdict::Kind::canceled;
  }

  Verdict finish() {
    verdict_.step_seconds = ran_.ended.seconds;
    if (verdict_.kind == Verdict::Kind::canceled || verdict_.findings.empty()) {
      if (verdict_.findings.empty() && verdict_.kind != Verdict::Kind::canceled)
        verdict_.kind = Verdict::Kind::passed;
      base::remove_tree(verdict_.folder);
      return std::move(verdict_);
    }
    if (ran_.log.empty() && test_.before.empty()) {
      base::remove_tree(verdict_.folder);  // it never came to anything
      verdict_.folder.clear();
    }
    verdict_.log = ran_.log;
    verdict_.log_tail = last_lines(ran_.log);
    if (!ran_.step.empty()) verdict_.debug = debug_command();
    return std::move(verdict_);
  }

  std::string shown(const fs::path& path) const {
    const auto below = path.lexically_relative(judging_.here);
    return below.empty() || below.begin()->native() == ".." ? path.native() : below.native();
  }

  std::vector<std::string> debug_command() const {
    std::vector<std::string> words = {"amlocal", "step", "debug", shown(test_.definition)};
    const std::string& step = ran_.step.empty() ? test_.step : ran_.step;
    if (!step.empty()) words.back() += "#" + step;
    for (const auto& supply : ran_.supplies) {
      if (supply.from == "the pipeline" || supply.from == "--set") continue;
      const auto* data = std::get_if<model::DataPath>(&supply.given);
      const std::string text = !data ? std::get<model::Literal>(supply.given).text
                               : data->kind == model::DataPath::Kind::local ? shown(data->text)
                                                                            : data->text;
      words.insert(words.end(), {"--in", supply.input + "=" + text});
    }
    for (const auto& [key, value] : test_.set)
      words.insert(words.end(), {"--set", key + "=" + value});
    for (const auto& [key, mode] : test_.modes)
      words.insert(words.end(), {"--mode", key + "=" + mode});
    for (const auto& fault : test_.faults) words.insert(words.end(), {"--fault", fault});
    return words;
  }

  const Case& test_;
  const Judging& judging_;
  const base::Cancel& stop_;
  Ran ran_;
  Verdict verdict_;
};

}  // namespace

Verdict run_case(const Case& test, const Judging& judging, const base::Cancel& stop,
                 const std::function<bool()>& hung) {
  return CaseRun(test, judging, stop).run(hung);
}

}  // namespace harness
