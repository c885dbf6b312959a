// A recorded step under other access modes, mount profiles and cost profiles.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "base/error.hpp"
#include "cli/io_record.hpp"
#include "cli/shell_words.hpp"
#include "cli/table.hpp"
#include "cli/verb.hpp"
#include "fuse/server/transfer.hpp"
#include "meter/cost_profile.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

using fuse::Access;
using nlohmann::json;

struct Args {
  std::string run;
  std::vector<std::string> mode;
  std::vector<std::string> cost;
  std::vector<std::string> profile;
  bool rerun = false;
  bool json = false;
};

void declare(Options& options, Args& args) {
  options.argument("run", args.run);
  options.values("--mode", args.mode);
  options.values("--cost", args.cost);
  options.values("--mount-profile", args.profile);
  options.flag("--rerun", args.rerun);
  options.flag("--json", args.json);
}

// One line of the comparison: the same step, reached another way.
struct Scenario {
  std::string name;
  fuse::WhatIf what;
  std::vector<std::string> options;  // of `amlocal run`, to see it measured
  std::vector<std::string> doubts;   // what the record cannot tell of it
};

// One line of the table.
struct Row {
  std::string name;
  std::string cost;
  fuse::Sum least, expected, most;
  std::vector<std::string> doubts;
  bool measured = false;
  bool requests_without_end = false;  // there may be more than the most
  bool bytes_without_end = false;
};

Access access_of(const std::string& binding, const std::string& mode, const Access& recorded) {
  const bool input = binding.starts_with("inputs.");
  const std::vector<std::string> known = input ? std::vector<std::string>{"ro_mount", "download"}
                                               : std::vector<std::string>{"rw_mount", "upload"};
  if (std::find(known.begin(), known.end(), mode) == known.end())
    throw base::Error(base::Code::usage, fmt::format("{} can be compared as {} or {}, not as '{}'",
                                                     binding, known[0], known[1], mode))
        .hint(mode == "direct"
                  ? "in mode direct the step talks to the store itself: nothing is seen"
                  : text::did_you_mean(mode, known));
  Access access = recorded;
  access.kind = mode == "download" ? Access::Kind::download
                : mode == "upload" ? Access::Kind::upload
                                   : Access::Kind::mount;
  return access;
}

// The binding's key without the step in front: "train.outputs.logs" is "outputs.logs".
std::string binding_of(const std::string& key, const std::string& step) {
  if (key.starts_with(step + ".")) return key.substr(step.size() + 1);
  if (key.starts_with("inputs.") || key.starts_with("outputs.")) return key;
  return key;
}

class Scenarios {
 public:
  Scenarios(const IoRecord& record, const Args& args) : record_(record), args_(args) {
    contents_ = contents_of(record.ledger);
    for (std::size_t n = 1; n < record.ledger.sessions.size(); ++n) {
      const auto note = note_of(record.ledger, static_cast<std::uint16_t>(n));
      recorded_[note.name] = fuse::recorded_access(note);
    }
  }

  std::vector<Scenario> make() const {
    std::vector<Scenario> all;
    if (!args_.mode.empty()) all.push_back(modes());
    for (const auto& profile : args_.profile) all.push_back(mounted(profile));
    if (!all.empty()) return all;
    all.push_back(transferred());
    for (const auto profile : fuse::profile_names()) all.push_back(mounted(std::string(profile)));
    return all;
  }

  std::string recorded_name() const {
    std::vector<std::string> words;
    for (const auto& [name, access] : recorded_) {
      const std::string word(access.kind == Access::Kind::mount    ? access.profile.name
                             : access.kind == Access::Kind::upload ? "upload"
                                                                   : "download");
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    }
    return fmt::format("recorded ({})", fmt::join(words, ", "));
  }

 private:
  Scenario modes() const {
    Scenario made;
    made.what.contents = contents_;
    std::vector<std::string> names;
    for (const auto& word : args_.mode) {
      const auto [key, mode] = split_assignment("--mode", word);
      const std::string binding = binding_of(key, record_.step);
      const auto known = recorded_.find(binding);
      made.what.bindings[binding] =
          access_of(binding, mode, known == recorded_.end() ? Access() : known->second);
      names.push_back(fmt::format("{}={}", binding, mode));
      made.options.insert(made.options.end(),
                          {"--mode", fmt::format("{}.{}={}", record_.step, binding, mode)});
    }
    made.name = fmt::format("{}", fmt::join(names, ", "));
    return made;
  }

  Scenario mounted(const std::string& profile) const {
    check_mount_profile(profile);
    Scenario made;
    made.name = "mounted by " + profile;
    made.options = {"--mount-profile", profile};
    for (std::size_t n = 1; n < record_.ledger.sessions.size(); ++n) {
      auto note = note_of(record_.ledger, static_cast<std::uint16_t>(n));
      if (note.mode != "mount" && !note.full_trace) {
        made.doubts.push_back(
            fmt::format("what the step read and wrote of {}, which was {} {} (record it with "
                        "--trace full); it is counted as that",
                        note.name, note.mode == "upload" ? "an" : "a", note.mode));
        continue;
      }
      note.profile = profile;
      note.mode = "mount";
      made.what.bindings[note.name] = fuse::recorded_access(note);
    }
    return made;
  }

  // Everything downloaded before and uploaded afterwards.
  Scenario transferred() const {
    Scenario made;
    made.name = "download and upload";
    made.what.contents = contents_;
    for (const auto& [name, access] : recorded_) {
      if (access.kind != Access::Kind::mount) continue;
      const std::string mode = name.starts_with("inputs.") ? "download" : "upload";
      made.what.bindings[name] = access_of(name, mode, access);
      made.options.insert(made.options.end(),
                          {"--mode", fmt::format("{}.{}={}", record_.step, name, mode)});
    }
    return made;
  }

  const IoRecord& record_;
  const Args& args_;
  std::map<std::string, Access> recorded_;
  std::map<std::string, fuse::Contents> contents_;
};

// Runs the step again from the same inputs and gives its own record.
IoRecord run_again(const IoRecord& record, const Scenario& scenario, const std::string& cost,
                   const Project& project, App& app) {
  auto words = words_of(record.command);
  if (words.size() < 3)
    throw base::Error(base::Code::not_found,
                      fmt::format("the record of run '{}' has no command to repeat", record.run));
  words.erase(words.begin());  // "amlocal"
  // What is said once more must not be said twice.
  for (const char* once : {"--mount-profile", "--cost", "--clock", "--data-access", "--until"})
    for (auto at = std::find(words.begin(), words.end(), once); at + 1 < words.end();
         at = std::find(words.begin(), words.end(), once))
      words.erase(at, at + 2);
  const auto note = note_of(record.ledger, 1);
  const bool other = std::find(scenario.options.begin(), scenario.options.end(),
                               "--mount-profile") != scenario.options.end();
  words.insert(words.end(), scenario.options.begin(), scenario.options.end());
  if (!other && !note.profile.empty()) words.insert(words.end(), {"--mount-profile", note.profile});
  words.insert(words.end(), {"--only", record.step, "--cost", cost, "--data-access", "mount"});
  std::ostringstream told;
  App quiet{told, app.err, app.environment, app.clock, app.here};
  if (const int status = cli::main(quiet, words); status != 0)
    throw base::Error(base::Code::conflict,
                      fmt::format("the step did not come to a good end as {}", scenario.name))
        .hint("look at it: amlocal runs show");
  return read_one_io(project, "@last/" + record.step);
}

fuse::Sum recorded_sum(const meter::LedgerText& ledger, const meter::CostProfile& cost) {
  return fuse::sum_of(phases_of(ledger, {}), cost);
}

// One comparison, whole.
struct Comparison {
  std::vector<Row> rows;
  std::vector<std::string> notes;  // what is assumed

  void note(std::vector<std::string> more) {
    for (auto& text : more)
      if (std::find(notes.begin(), notes.end(), text) == notes.end())
        notes.push_back(std::move(text));
  }
  void note(const Scenario& scenario) {
    for (const auto& [name, access] : scenario.what.bindings) {
      if (access.kind == Access::Kind::mount)
        note(assumed_rules(access.profile));
      else
        note(std::vector{
            fmt::format("assumed of downloads and uploads: {} files at once, downloads in pieces "
                        "of {}",
                        fuse::transfer_threads, base::bytes_text(fuse::transfer_block))});
    }
  }
};

Row predicted(const std::string& name, const fuse::Prediction& prediction,
              const meter::CostProfile& cost) {
  Row row;
  row.name = name;
  row.cost = cost.name;
  row.least = least_of(prediction, cost);
  row.expected = sum_of(prediction, cost);
  row.most = most_of(prediction, cost);
  row.doubts = prediction.doubts;
  row.bytes_without_end = prediction.least.has_value();
  row.requests_without_end = row.bytes_without_end || prediction.heads_without_end;
  return row;
}

Comparison compare_all(const Args& args, const IoRecord& record, const Project& project, App& app) {
  const Scenarios scenarios(record, args);
  Comparison result;
  std::vector<Row>& rows = result.rows;
  result.note(record.assumed);
  std::vector<std::string> costs = args.cost;
  if (costs.empty()) costs.emplace_back(usual_cost);
  const auto wanted = scenarios.make();
  std::vector<fuse::Prediction> predictions;
  for (const auto& scenario : wanted) {
    predictions.push_back(fuse::replay(record.ledger, scenario.what));
    auto& doubts = predictions.back().doubts;
    doubts.insert(doubts.end(), scenario.doubts.begin(), scenario.doubts.end());
    result.note(scenario);
  }
  for (const auto& name : costs) {
    const auto cost = meter::load_cost_profile(name);
    const auto recorded = recorded_sum(record.ledger, cost);
    result.note(meter::assumed_in(cost));
    rows.push_back({scenarios.recorded_name(), cost.name, recorded, recorded, recorded, {}, true});
    for (std::size_t n = 0; n < wanted.size(); ++n) {
      rows.push_back(predicted(wanted[n].name, predictions[n], cost));
      if (!args.rerun) continue;
      const auto again = run_again(record, wanted[n], name, project, app);
      const auto measured = recorded_sum(again.ledger, cost);
      rows.push_back({fmt::format("  measured in {}", again.run),
                      cost.name,
                      measured,
                      measured,
                      measured,
                      {},
                      true});
    }
  }
  return result;
}

json to_json(const fuse::Sum& sum) {
  return {{"requests", sum.requests}, {"bytes_sent", sum.sent}, {"bytes_fetched", sum.fetched},
          {"seconds", sum.seconds},   {"elapsed", sum.elapsed}, {"dollars", sum.dollars}};
}

void show_json(const IoRecord& record, const Comparison& comparison, App& app) {
  json scenarios = json::array();
  for (const auto& row : comparison.rows)
    scenarios.push_back({{"name", row.name.substr(row.name.find_first_not_of(' '))},
                         {"cost_profile", row.cost},
                         {"measured", row.measured},
                         {"least", to_json(row.least)},
                         {"expected", to_json(row.expected)},
                         {"most", to_json(row.most)},
                         {"requests_without_end", row.requests_without_end},
                         {"bytes_without_end", row.bytes_without_end},
                         {"needs_rerun", !row.doubts.empty()},
                         {"doubts", row.doubts}});
  const json whole = {{"run", record.run},
                      {"step", record.step},
                      {"scenarios", std::move(scenarios)},
                      {"notes", comparison.notes}};
  app.out << whole.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

// "73", "73 to 80", "73 or more"
template <class Text>
std::string range(const Row& row, bool without_end, Text text) {
  const std::string least = text(row.least), most = text(row.most);
  if (without_end) return least + " or more";
  return least == most ? least : least + " to " + most;
}

void show(const Args& args, const IoRecord& record, const Comparison& comparison, App& app) {
  const std::vector<Row>& rows = comparison.rows;
  const bool many = args.cost.size() > 1;
  std::vector<std::vector<std::string>> table{
      {"as", "requests", "sent", "fetched", "of requests", "elapsed", "price", ""}};
  std::vector<std::string> doubts;
  for (const auto& row : rows) {
    const std::pair ends{row.requests_without_end, row.bytes_without_end};
    table.push_back(
        {many ? row.name + ", " + row.cost : row.name,
         range(row, ends.first, [](const auto& sum) { return std::to_string(sum.requests); }),
         range(row, ends.second, [](const auto& sum) { return base::bytes_text(sum.sent); }),
         range(row, ends.second, [](const auto& sum) { return base::bytes_text(sum.fetched); }),
         range(row, ends.first, [](const auto& sum) { return meter::seconds_text(sum.seconds); }),
         range(row, ends.first, [](const auto& sum) { return meter::seconds_text(sum.elapsed); }),
         range(row, ends.first, [](const auto& sum) { return meter::dollars_text(sum.dollars); }),
         row.doubts.empty() ? "" : "needs --rerun"});
    for (const auto& doubt : row.doubts)
      if (std::find(doubts.begin(), doubts.end(), doubt) == doubts.end()) doubts.push_back(doubt);
  }
  app.out << fmt::format("step {} of run {}, under {}\n", record.step, record.run, rows[0].cost)
          << format_table(table);
  if (!doubts.empty()) app.out << "\n";
  for (const auto& doubt : doubts) app.out << "not known from the record: " << doubt << "\n";
  if (!comparison.notes.empty()) app.out << "\n";
  for (const auto& note : comparison.notes) app.out << note << "\n";
}

int compare(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const IoRecord record = read_one_io(project, args.run);
  const auto comparison = compare_all(args, record, project, app);
  if (args.json)
    show_json(record, comparison, app);
  else
    show(args, record, comparison, app);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_io_compare() {
  return {make_verb<Args>("io compare", "io_compare", declare, compare, Words::runs)};
}

}  // namespace cli
