#include "definition/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "text/diagnostic.hpp"

namespace definition {
namespace {

struct Candidate {
  std::string path;  // "jobs.train.inputs.rate"
  text::Node* node;
  std::size_t depth;
};

// Every key of the document but those bound to another one: setting these would cut the binding.
void gather(text::Node& node, const std::string& prefix, std::size_t depth,
            std::vector<Candidate>& candidates) {
  for (auto& entry : node.entries) {
    const std::string path = prefix.empty() ? entry.key : prefix + "." + entry.key;
    if (entry.value.scalar.find("${{") == std::string::npos)
      candidates.push_back({path, &entry.value, depth});
    gather(entry.value, path, depth + 1, candidates);
  }
}

bool ends_with_key(const std::string& path, const std::string& key) {
  return path == key || (path.size() > key.size() && path.ends_with(key) &&
                         path[path.size() - key.size() - 1] == '.');
}

std::vector<std::string> words_of(const std::string& key) {
  std::vector<std::string> words(1);
  for (const char c : key) {
    if (c == '.')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

// One `--set` or `--mode`, while its key is looked for.
class Target {
 public:
  Target(text::Node& root, std::string option, const Assignment& assignment, const char* section,
         std::string step, const Declared& declared)
      : root_(root),
        option_(std::move(option)),
        key_(assignment.key),
        section_(section),
        step_(std::move(step)),
        declared_(declared),
        place_{std::make_shared<base::SourceText>(
                   base::SourceText{fmt::format("{} {}={}", option_, key_, assignment.value), ""}),
               0, 0} {}

  const base::Place& place() const { return place_; }

  text::Node& find() {
    const auto words = words_of(key_);
    // A job without steps is one step; who names it as one of a pipeline's means it.
    if (!root_.find("jobs") && words.size() == 3 && words[1] == section_) {
      if (words[0] != step_) refuse_step(words);
      key_ = words[1] + "." + words[2];
    }
    if (auto* node = find_in_step(words_of(key_))) return *node;
    std::vector<Candidate> all;
    gather(root_, "", 0, all);
    for (const auto& candidate : all)
      if (candidate.path == key_) return *candidate.node;
    const auto found = shallowest(all);
    if (found.size() == 1) return *found[0].node;
    if (found.size() > 1) refuse_ambiguous(found);
    return find_declared(all);
  }

 private:
  // What the key may mean: of a short key an input before anything else of that name, and of those
  // that are left the ones nearest to the top.
  std::vector<Candidate> shallowest(const std::vector<Candidate>& all) const {
    std::vector<Candidate> found;
    std::copy_if(all.begin(), all.end(), std::back_inserter(found),
                 [&](const auto& c) { return ends_with_key(c.path, key_); });
    if (key_.find('.') == std::string::npos) {
      std::vector<Candidate> inputs;
      std::copy_if(found.begin(), found.end(), std::back_inserter(inputs), [&](const auto& c) {
        return ends_with_key(c.path, fmt::format("{}.{}", section_, key_));
      });
      if (!inputs.empty()) found = std::move(inputs);
    }
    std::size_t least = std::string::npos;
    for (const auto& candidate : found) least = std::min(least, candidate.depth);
    std::erase_if(found, [&](const auto& c) { return c.depth > least; });
    return found;
  }

  // "jobs.train.inputs.rate" and "train.inputs.rate" name a key of a step, written there or not.
  text::Node* find_in_step(std::vector<std::string> words) {
    if (words.size() == 3) words.insert(words.begin(), "jobs");
    if (words.size() != 4 || words[0] != "jobs" || words[2] != section_) return nullptr;
    auto* jobs = root_.find("jobs");
    auto* step = jobs ? jobs->find(words[1]) : nullptr;
    if (!step || !step->is_map()) return nullptr;
    auto* values = step->find(section_);
    if (!values || values->is_null()) {
      text::Node map{text::Kind::map, "", place_, {}, {}};
      if (values)
        *values = std::move(map);
      else
        step->entries.push_back({std::string(section_), place_, std::move(map)});
      values = step->find(section_);
    }
    if (!values->is_map()) return nullptr;
    if (auto* value = values->find(words[3])) return value;
    values->entries.push_back({words[3], place_, {text::Kind::null, "", place_, {}, {}}});
    return &values->entries.back().value;
  }

  // A short key that only components declare.
  text::Node& find_declared(const std::vector<Candidate>& all) {
    std::vector<Candidate> found;
    std::vector<std::string> names;
    for (const auto& candidate : all) names.push_back(candidate.path);
    if (auto* jobs = root_.find("jobs"); jobs && jobs->is_map())
      for (const auto& step : jobs->entries)
        for (const auto& name : declared_(step.value, section_)) {
          // What is written there was looked at already, or is bound and stays so.
          const auto* written = step.value.find(section_);
          if (written && written->find(name)) continue;
          names.push_back(fmt::format("jobs.{}.{}.{}", step.key, section_, name));
          if (ends_with_key(names.back(), key_)) found.push_back({names.back(), nullptr, 0});
        }
    if (found.size() > 1) refuse_ambiguous(found);
    if (found.size() == 1)
      if (auto* node = find_in_step(words_of(found[0].path))) return *node;
    throw base::Error(base::Code::usage,
                      fmt::format("{} {}: the definition has no such key", option_, key_))
        .hint(nearest_by_last_word(names));
  }

  // A short key is compared with what the long ones end in.
  std::string nearest_by_last_word(const std::vector<std::string>& names) const {
    if (key_.find('.') == std::string::npos) {
      std::vector<std::string> last;
      for (const auto& name : names) last.push_back(name.substr(name.rfind('.') + 1));
      const std::string near = text::nearest(key_, last);
      const auto found = std::find(last.begin(), last.end(), near);
      if (!near.empty())
        return fmt::format("did you mean '{}'?",
                           names[static_cast<std::size_t>(found - last.begin())]);
    }
    return text::did_you_mean(key_, names, 8);
  }

  [[noreturn]] void refuse_step(const std::vector<std::string>& words) const {
    throw base::Error(base::Code::usage,
                      fmt::format("{} {}: there is no step '{}'; the job is one step, '{}'",
                                  option_, key_, words[0], step_))
        .hint(fmt::format("did you mean '{}.{}.{}'?", step_, words[1], words[2]));
  }

  [[noreturn]] void refuse_ambiguous(const std::vector<Candidate>& found) const {
    std::vector<std::string> names;
    for (const auto& candidate : found) names.push_back(candidate.path);
    throw base::Error(base::Code::usage,
                      fmt::format("{} {}: several keys have that name", option_, key_))
        .hint(fmt::format("one of: {}", fmt::join(names, ", ")));
  }

  text::Node& root_;
  std::string option_;
  std::string key_;
  std::string_view section_;
  std::string step_;
  const Declared& declared_;
  base::Place place_;
};

// Whether the mapping is one input or output, which a bare value can stand for.
bool is_data_object(const text::Node& map) {
  static constexpr std::string_view own[] = {"type",      "path", "mode",    "description",
                                             "datastore", "name", "version", "default",
                                             "optional",  "value"};
  return std::all_of(map.entries.begin(), map.entries.end(), [](const text::Entry& entry) {
    return std::find(std::begin(own), std::end(own), entry.key) != std::end(own);
  });
}

void set_value(text::Node& node, const std::string& key, const std::string& value,
               const base::Place& place, const fs::path& here) {
  if (node.is_sequence() || (node.is_map() && !is_data_object(node)))
    throw base::Error(base::Code::usage,
                      fmt::format("--set {}: that key holds no single value", key))
        .hint(node.is_map() && !node.entries.empty()
                  ? fmt::format("name one of its keys, such as {}.{}", key, node.entries[0].key)
                  : "name the key of a value");
  if (node.is_map()) {
    text::Node* path = node.find("path");
    if (!path) {
      node.entries.push_back({"path", place, {}});
      path = &node.entries.back().value;
    }
    *path = text::parse_scalar(value);
    path->kind = text::Kind::string;
    path->place = place;
    if (value.find("://") == std::string::npos && !value.starts_with("azureml:"))
      path->scalar = fs::absolute(value, here).lexically_normal().native();
    return;
  }
  node = text::parse_scalar(value);
  node.place = place;
}

void set_mode(text::Node& node, const std::string& mode, const base::Place& option) {
  if (!node.is_map()) {
    const base::Place place = node.place;
    text::Node map{text::Kind::map, "", place, {}, {}};
    // What was bound stays bound, and has a mode beside it.
    if (node.is_scalar()) map.entries.push_back({"path", place, node});
    node = std::move(map);
  }
  if (auto* old = node.find("mode")) {
    *old = {text::Kind::string, mode, option, {}, {}};
    return;
  }
  node.entries.push_back({"mode", option, {text::Kind::string, mode, option, {}, {}}});
}

bool has_word(const std::string& key, const std::string& word) {
  return key.starts_with(word + ".") || key.find("." + word + ".") != std::string::npos;
}

}  // namespace

void apply_overrides(text::Node& root, const Overrides& overrides, const fs::path& here,
                     const std::string& step, const Declared& declared) {
  for (const auto& assignment : overrides.set) {
    Target target(root, "--set", assignment, "inputs", step, declared);
    set_value(target.find(), assignment.key, assignment.value, target.place(), here);
  }
  for (const auto& assignment : overrides.mode) {
    if (is_of_nested_step(assignment)) continue;
    const char* section = has_word(assignment.key, "inputs") ? "inputs" : "outputs";
    Target target(root, "--mode", assignment, section, step, declared);
    set_mode(target.find(), assignment.value, target.place());
  }
}

}  // namespace definition
