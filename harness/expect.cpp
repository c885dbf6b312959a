#include "harness/expect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cmath>
#include <regex>

#include "base/error.hpp"
#include "base/files.hpp"
#include "history/models.hpp"
#include "history/tracking.hpp"

namespace harness {
namespace {

using text::Node;

std::vector<const Node*> each_of(const Node* words) {
  std::vector<const Node*> all;
  if (!words) return all;
  if (words->is_scalar()) all.push_back(words);
  for (const auto& item : words->items) all.push_back(&item);
  return all;
}

bool has_line_like(const std::string& text, const std::string& pattern) {
  const std::regex sought(pattern);
  // Line by line: std::regex recurses, and logs are long.
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (std::regex_search(text.begin() + static_cast<std::ptrdiff_t>(begin),
                          text.begin() + static_cast<std::ptrdiff_t>(end), sought))
      return true;
    begin = end + 1;
  }
  return false;
}

std::string line_with(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  const auto begin = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
  return text::shown_line(
      std::string_view(text).substr(begin, std::min(text.find('\n', at), text.size()) - begin));
}

std::string how_it_failed(const Ran& ran) {
  const auto& failure = ran.ended.failure;
  if (!failure) return "exit code " + std::to_string(ran.ended.exit_code);
  std::string text = failure->summary;
  if (!failure->exception.empty()) text += ": " + failure->exception;
  if (!failure->place.empty()) text += " at " + failure->place;
  return text;
}

class Judge {
 public:
  Judge(const Case& test, const Ran& ran, const Judging& judging, const base::Cancel& stop)
      : test_(test), ran_(ran), judging_(judging), stop_(stop) {}

  std::vector<Finding> all() {
    if (!ended_as_expected()) return std::move(findings_);
    error();
    each("outputs", [&](const Node& rules) {
      judge_files(rules, "outputs", ran_.outputs, test_, ran_, judging_, stop_, findings_);
    });
    each("artifacts", [&](const Node& rules) {
      judge_files(rules, "artifacts", ran_.folder / "artifacts", test_, ran_, judging_, stop_,
                  findings_);
    });
    each("logs", [&](const Node& rules) {
      judge_text(rules, "log", base::read_file(ran_.log), findings_);
    });
    tracked();
    registered();
    each("io", [&](const Node& rules) { judge_io(rules, test_, ran_, findings_); });
    each("check", [&](const Node& rules) {
      judge_predicates(rules, "outputs", ran_.outputs, test_, ran_, judging_, stop_, findings_);
    });
    return std::move(findings_);
  }

 private:
  const Node* rule(std::string_view key) const {
    return test_.expect.is_map() ? test_.expect.find(key) : nullptr;
  }
  template <class F>
  void each(std::string_view key, F&& f) {
    if (const Node* rules = rule(key)) f(*rules);
  }
  void find(const base::Place& place, std::string what, std::string detail = "") {
    findings_.push_back({place, std::move(what), std::move(detail)});
  }

  // Of a step that failed otherwise than expected, nothing else is worth a word.
  bool ended_as_expected() {
    const Node* wanted = rule("exit");
    const Node* error = rule("error");
    const bool completed = ran_.status == model::Status::completed;
    if (wanted && wanted->as_integer() != ran_.ended.exit_code) {
      find(wanted->place,
           fmt::format("exit code {}, expected {}", ran_.ended.exit_code, wanted->scalar),
           completed ? "" : how_it_failed(ran_) + "\n");
      return false;
    }
    if (error && completed) {
      find(error->place, "the step succeeded, and was expected to fail");
      return false;
    }
    const bool failure_wanted = error || (wanted && wanted->as_integer() != 0);
    if (completed || failure_wanted) return true;
    find(test_.place, "the step failed: " + how_it_failed(ran_),
         ran_.ended.failure && !ran_.ended.failure->hint.empty() ? ran_.ended.failure->hint + "\n"
                                                                 : "");
    return false;
  }

  void error() {
    const Node* rules = rule("error");
    if (!rules || !ran_.ended.failure) return;
    const auto& failure = *ran_.ended.failure;
    const std::string type = failure.exception.substr(0, failure.exception.find(':'));
    const std::string said = how_it_failed(ran_) + "\n";
    if (const Node* wanted = rules->find("type");
        wanted && wanted->scalar != type && !type.ends_with("." + wanted->scalar))
      find(wanted->place,
           type.empty() ? fmt::format("no Python exception, expected {}", wanted->scalar)
                        : fmt::format("it failed with {}, expected {}", type, wanted->scalar),
           said);
    for (const Node* pattern : each_of(rules->find("text")))
      if (!has_line_like(failure.exception.empty() ? failure.summary : failure.exception,
                         pattern->scalar))
        find(pattern->place, fmt::format("its error does not match '{}'", pattern->scalar), said);
    if (const Node* wanted = rules->find("at");
        wanted && failure.place != wanted->scalar &&
        failure.place.substr(0, failure.place.rfind(':')) != wanted->scalar)
      find(wanted->place,
           fmt::format("it failed at {}, expected {}",
                       failure.place.empty() ? "no line of the script" : failure.place,
                       wanted->scalar),
           said);
  }

  void tracked() {
    const Node* metrics = rule("metrics");
    const Node* tags = rule("tags");
    if (!metrics && !tags) return;
    const fs::path file = history::tracking_path(ran_.records, ran_.run);
    boost::system::error_code missing;
    std::vector<history::Tracking::Latest> latest;
    model::Words words;
    if (fs::exists(file, missing)) {
      history::Tracking tracking(file);
      latest = tracking.latest(ran_.step_id);
      // A script's `run.parent` is the pipeline's run: alone, that is the test's own.
      for (const auto& id : {ran_.step_id, ran_.run})
        if (const auto run = tracking.find(id)) words.insert(run->tags.begin(), run->tags.end());
    }
    if (metrics)
      for (const auto& entry : metrics->entries) metric(entry, latest);
    if (tags)
      for (const auto& entry : tags->entries) tag(entry, words);
  }

  void metric(const text::Entry& entry, const std::vector<history::Tracking::Latest>& latest) {
    std::vector<std::string> names;
    for (const auto& metric : latest) {
      names.push_back(metric.point.name);
      if (metric.point.name != entry.key) continue;
      if (!metric.point.number)
        return find(entry.key_place,
                    fmt::format("metric {} is no number: {}", entry.key, metric.point.json));
      const std::string trouble = number_trouble(entry.value, *metric.point.number);
      if (!trouble.empty())
        find(entry.value.place,
             fmt::format("metric {} is {}, {}", entry.key, *metric.point.number, trouble));
      return;
    }
    find(entry.key_place, fmt::format("metric {} was not logged", entry.key),
         names.empty() ? "the step logged none\n" : text::did_you_mean(entry.key, names) + "\n");
  }

  void tag(const text::Entry& entry, const model::Words& words) {
    const auto found = words.find(entry.key);
    if (found == words.end()) {
      std::vector<std::string> names;
      for (const auto& word : words) names.push_back(word.first);
      find(entry.key_place, fmt::format("tag {} was not set", entry.key),
           names.empty() ? "the step set none\n" : text::did_you_mean(entry.key, names) + "\n");
    } else if (found->second != entry.value.scalar) {
      find(entry.value.place, fmt::format("tag {} is '{}', expected '{}'", entry.key, found->second,
                                          entry.value.scalar));
    }
  }

  void registered() {
    std::vector<std::string> names;
    for (const auto& asset : ran_.registered) names.push_back(asset.name);
    each("data", [&](const Node& rules) { all_there(rules, "data asset", names); });
    const Node* models = rule("models");
    if (!models) return;
    names.clear();
    // Records that lie apart list the workspace's models, too: only what lies among them is new.
    for (const auto& model : history::models(ran_.records, ""))
      if (model.path.native().starts_with(ran_.records.records().native() + "/"))
        names.push_back(model.name);
    all_there(*models, "model", names);
  }

  void all_there(const Node& rules, const char* kind, const std::vector<std::string>& names) {
    for (const Node* wanted : each_of(&rules))
      if (std::find(names.begin(), names.end(), wanted->scalar) == names.end())
        find(wanted->place, fmt::format("{} {} was not registered", kind, wanted->scalar),
             names.empty() ? "the step registered none\n"
                           : text::did_you_mean(wanted->scalar, names) + "\n");
  }

  const Case& test_;
  const Ran& ran_;
  const Judging& judging_;
  const base::Cancel& stop_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string number_trouble(const Node& rule, double actual, const data::Tolerance& around) {
  if (!rule.is_map()) {
    if (data::is_near(rule.as_real(), actual, around)) return "";
    return fmt::format("expected {}{}", rule.scalar, around.any() ? " or near it" : "");
  }
  data::Tolerance tolerance = around;
  if (const Node* within = rule.find("within")) tolerance.absolute = within->as_real();
  if (const Node* relative = rule.find("relative")) tolerance.relative = relative->as_real();
  for (const char* key : {"equals", "near"})
    if (const Node* wanted = rule.find(key)) {
      if (std::string_view(key) == "near" && !tolerance.any()) tolerance.relative = 1e-6;
      if (data::is_near(wanted->as_real(), actual, tolerance)) continue;
      return fmt::format("expected {}{}", wanted->scalar,
                         !tolerance.any() ? ""
                         : tolerance.absolute > 0
                             ? fmt::format(" within {}", tolerance.absolute)
                             : fmt::format(" within {} of it", tolerance.relative));
    }
  if (const Node* least = rule.find("at_least"); least && !(actual >= least->as_real()))
    return "expected at least " + least->scalar;
  if (const Node* most = rule.find("at_most"); most && !(actual <= most->as_real()))
    return "expected at most " + most->scalar;
  return "";
}

void judge_text(const Node& rules, const std::string& subject, const std::string& text,
                std::vector<Finding>& findings) {
  for (const Node* part : each_of(rules.find("contains")))
    if (text.find(part->scalar) == std::string::npos)
      findings.push_back(
          {part->place, fmt::format("{}: it does not contain '{}'", subject, part->scalar), ""});
  for (const Node* pattern : each_of(rules.find("matches")))
    if (!has_line_like(text, pattern->scalar))
      findings.push_back(
          {pattern->place, fmt::format("{}: no line matches '{}'", subject, pattern->scalar), ""});
  for (const Node* part : each_of(rules.find("absent")))
    if (text.find(part->scalar) != std::string::npos)
      findings.push_back({part->place,
                          fmt::format("{}: it contains '{}', and must not", subject, part->scalar),
                          line_with(text, part->scalar) + "\n"});
}

std::vector<Finding> judge(const Case& test, const Ran& ran, const Judging& judging,
                           const base::Cancel& stop) {
  return Judge(test, ran, judging, stop).all();
}

}  // namespace harness
