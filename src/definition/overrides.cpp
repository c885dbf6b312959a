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

text::Node& find_key(text::Node& root, const std::string& option, const std::string& key,
                     const char* section) {
  std::vector<Candidate> all;
  gather(root, "", 0, all);
  for (const auto& candidate : all)
    if (candidate.path == key) return *candidate.node;
  std::vector<Candidate> found;
  std::copy_if(all.begin(), all.end(), std::back_inserter(found),
               [&](const auto& c) { return ends_with_key(c.path, key); });
  // A short key means an input before anything else of that name.
  if (key.find('.') == std::string::npos) {
    std::vector<Candidate> inputs;
    std::copy_if(found.begin(), found.end(), std::back_inserter(inputs), [&](const auto& c) {
      return ends_with_key(c.path, std::string(section) + "." + key);
    });
    if (!inputs.empty()) found = std::move(inputs);
  }
  if (found.empty()) {
    std::vector<std::string> names;
    for (const auto& candidate : all) names.push_back(candidate.path);
    throw base::Error(base::Code::usage,
                      fmt::format("{} {}: the definition has no such key", option, key))
        .hint(text::did_you_mean(key, names, 8));
  }
  const auto least = std::min_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
                       return a.depth < b.depth;
                     })->depth;
  std::erase_if(found, [&](const auto& c) { return c.depth > least; });
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (const auto& candidate : found) names.push_back(candidate.path);
    throw base::Error(base::Code::usage,
                      fmt::format("{} {}: several keys have that name", option, key))
        .hint(fmt::format("one of: {}", fmt::join(names, ", ")));
  }
  return *found[0].node;
}

// The section of inputs or outputs that a key such as "jobs.train.inputs.rate" points into, when
// the key itself is not written there but its step is: the component declares the rest.
text::Node* find_absent(text::Node& root, const std::string& key, const char* section) {
  std::vector<std::string> words(1);
  for (const char c : key) {
    if (c == '.')
      words.emplace_back();
    else
      words.back() += c;
  }
  if (words.size() == 3) words.insert(words.begin(), "jobs");
  if (words.size() != 4 || words[0] != "jobs" || words[2] != section) return nullptr;
  auto* jobs = root.find("jobs");
  auto* step = jobs ? jobs->find(words[1]) : nullptr;
  if (!step || !step->is_map()) return nullptr;
  auto* values = step->find(section);
  if (!values) {
    step->entries.push_back({section, step->place, {text::Kind::map, "", step->place, {}, {}}});
    values = &step->entries.back().value;
  }
  if (!values->is_map() || values->find(words[3]))
    return values->is_map() ? values->find(words[3]) : nullptr;
  values->entries.push_back({words[3], step->place, {text::Kind::null, "", step->place, {}, {}}});
  return &values->entries.back().value;
}

void set_value(text::Node& node, const std::string& value, const fs::path& here) {
  const base::Place place = node.place;
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

void set_mode(text::Node& node, const std::string& mode) {
  if (!node.is_map()) {
    const base::Place place = node.place;
    text::Node map{text::Kind::map, "", place, {}, {}};
    // What was bound stays bound, and has a mode beside it.
    if (node.is_scalar()) map.entries.push_back({"path", place, node});
    node = std::move(map);
  }
  if (auto* old = node.find("mode")) {
    old->scalar = mode;
    return;
  }
  node.entries.push_back({"mode", node.place, {text::Kind::string, mode, node.place, {}, {}}});
}

bool has_word(const std::string& key, const std::string& word) {
  return key.starts_with(word + ".") || key.find("." + word + ".") != std::string::npos;
}

}  // namespace

void apply_overrides(text::Node& root, const Overrides& overrides, const fs::path& here) {
  for (const auto& [key, value] : overrides.set) {
    text::Node* absent = find_absent(root, key, "inputs");
    set_value(absent ? *absent : find_key(root, "--set", key, "inputs"), value, here);
  }
  for (const auto& [key, value] : overrides.mode) {
    const char* section = has_word(key, "inputs") ? "inputs" : "outputs";
    text::Node* absent = find_absent(root, key, section);
    set_mode(absent ? *absent : find_key(root, "--mode", key, section), value);
  }
}

}  // namespace definition
