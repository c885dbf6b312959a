// Cost profiles as JSON: the presets, which are compiled in, and files of the user's own.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "meter/cost_profile.hpp"
#include "meter/preset_texts.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace meter {
namespace {

using text::Node;

[[noreturn]] void refuse(const base::Place& place, std::string what, std::string hint = "") {
  throw base::Error(base::Code::bad_input, std::move(what)).at(place).hint(std::move(hint));
}

// One key of a map and how its value is read.
struct Key {
  std::string_view name;
  std::function<void(const Node&)> read;
};

void read_keys(const Node& map, const std::string& where, const std::vector<Key>& keys) {
  if (!map.is_map()) refuse(map.place, fmt::format("{} must be a map", where));
  std::vector<std::string> seen;
  for (const auto& entry : map.entries) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const Key& known) { return known.name == entry.key; });
    if (key == keys.end()) {
      std::vector<std::string> names;
      names.reserve(keys.size());
      for (const Key& known : keys) names.emplace_back(known.name);
      refuse(entry.key_place, fmt::format("unknown key '{}' in {}", entry.key, where),
             text::did_you_mean(entry.key, names));
    }
    if (std::find(seen.begin(), seen.end(), entry.key) != seen.end())
      refuse(entry.key_place, fmt::format("the key '{}' stands twice in {}", entry.key, where));
    seen.push_back(entry.key);
    key->read(entry.value);
  }
}

bool is_number(const Node& node) {
  return node.kind == text::Kind::integer || node.kind == text::Kind::real;
}

double number(const Node& node, std::string_view key) {
  if (!is_number(node)) refuse(node.place, fmt::format("'{}' must be a number", key));
  const double value = node.as_real();
  if (!(value >= 0)) refuse(node.place, fmt::format("'{}' must not be negative", key));
  return value;
}

std::uint64_t count(const Node& node, std::string_view key, std::uint64_t least) {
  if (node.kind != text::Kind::integer || node.as_integer() < 0 ||
      static_cast<std::uint64_t>(node.as_integer()) < least)
    refuse(node.place, fmt::format("'{}' must be a whole number, at least {}", key, least));
  return static_cast<std::uint64_t>(node.as_integer());
}

// A quantity with its unit; `parse` is one of units.hpp.
template <class Parse>
auto quantity(const Node& node, std::string_view key, std::string_view kind, std::string_view units,
              std::string_view example, Parse parse) {
  if (!node.is_scalar()) refuse(node.place, fmt::format("'{}' must be a {}", key, kind));
  const auto value = parse(std::string_view(node.scalar));
  if (value) return *value;
  if (node.scalar.starts_with('-'))
    refuse(node.place, fmt::format("'{}' must not be negative", key));
  if (parse_number(node.scalar))
    refuse(node.place, fmt::format("'{}' has no unit", key),
           fmt::format("write \"{}\"; units: {}", example, units));
  refuse(node.place, fmt::format("'{}' is no {}", node.scalar, kind),
         fmt::format("write it as in \"{}\"; units: {}", example, units));
}

Key time_key(std::string_view name, Nanos& into) {
  return {name, [name, &into](const Node& node) {
            into = quantity(node, name, "time", duration_units, "13 ms", parse_duration);
          }};
}

Key size_key(std::string_view name, std::uint64_t& into) {
  return {name, [name, &into](const Node& node) {
            into = quantity(node, name, "size", byte_units, "16 MiB", parse_bytes);
          }};
}

Key speed_key(std::string_view name, double& into) {
  return {name, [name, &into](const Node& node) {
            into = quantity(node, name, "bandwidth", bandwidth_units, "60 MiB/s", parse_bandwidth);
          }};
}

Key number_key(std::string_view name, double& into) {
  return {name, [name, &into](const Node& node) { into = number(node, name); }};
}

Key count_key(std::string_view name, std::uint64_t& into, std::uint64_t least) {
  return {name, [name, least, &into](const Node& node) { into = count(node, name, least); }};
}

Key map_key(std::string_view name, std::vector<Key> keys) {
  return {name, [name, keys = std::move(keys)](const Node& node) {
            read_keys(node, fmt::format("'{}'", name), keys);
          }};
}

// One of two words.
Key choice_key(std::string_view name, std::string_view no, std::string_view yes,
               std::function<void(bool)> set) {
  return {name, [name, no, yes, set = std::move(set)](const Node& node) {
            if (node.scalar != no && node.scalar != yes)
              refuse(node.place, fmt::format("'{}' cannot be '{}'", name, node.scalar),
                     text::did_you_mean(node.scalar, {std::string(no), std::string(yes)}));
            set(node.scalar == yes);
          }};
}

Key words_key(std::string_view name, std::vector<std::string>& into) {
  return {name, [name, &into](const Node& node) {
            if (!node.is_sequence()) refuse(node.place, fmt::format("'{}' must be a list", name));
            into.clear();
            for (const Node& item : node.items) into.push_back(item.scalar);
          }};
}

std::vector<Key> keys_of(CostProfile& p) {
  const auto ignore = [](const Node&) {};
  return {
      {"base", ignore},     // read first, see read_profile
      {"$schema", ignore},  // for the user's editor
      {"about", [&p](const Node& node) { p.about = node.scalar; }},
      map_key("latency",
              {time_key("list_page", p.latency.list_page),
               time_key("list_entry", p.latency.list_entry), time_key("head", p.latency.head),
               time_key("get", p.latency.get), time_key("put", p.latency.put),
               time_key("remove", p.latency.remove), time_key("move", p.latency.move)}),
      map_key("bandwidth", {speed_key("stream_up", p.bandwidth.stream_up),
                            speed_key("stream_down", p.bandwidth.stream_down),
                            speed_key("all_up", p.bandwidth.all_up),
                            speed_key("all_down", p.bandwidth.all_down)}),
      map_key("requests", {number_key("per_second", p.requests_per_second),
                           choice_key("over_limit", "refuse", "wait",
                                      [&p](bool wait) {
                                        p.over_limit = wait ? CostProfile::OverLimit::wait
                                                            : CostProfile::OverLimit::refuse;
                                      }),
                           time_key("retry_after", p.retry_after)}),
      map_key("put", {size_key("single", p.put_single), size_key("block", p.put_block),
                      count_key("parallel", p.put_parallel, 1)}),
      map_key("list", {count_key("page", p.list_page, 1)}),
      choice_key("rename", "move", "copy", [&p](bool copies) { p.move_copies = copies; }),
      size_key("billing_chunk", p.billed_chunk),
      map_key("jitter", {{"spread",
                          [&p](const Node& node) {
                            p.jitter = number(node, "spread");
                            if (p.jitter > 1)
                              refuse(node.place, "'spread' must not be more than 1",
                                     "0.2 lets latencies vary by 20 % each way");
                          }},
                         count_key("seed", p.jitter_seed, 0)}),
      map_key("retry", {count_key("retries", p.retry.retries, 0), time_key("first", p.retry.first),
                        time_key("longest", p.retry.longest)}),
      map_key("price", {number_key("write", p.prices.write), number_key("list", p.prices.list),
                        number_key("read", p.prices.read), number_key("other", p.prices.other),
                        number_key("remove", p.prices.remove), number_key("gb_up", p.prices.gb_up),
                        number_key("gb_down", p.prices.gb_down)}),
      words_key("sources", p.sources),
  };
}

CostProfile read_profile(const Node& root, const std::string& name) {
  if (!root.is_map()) refuse(root.place, "a cost profile must be a map");
  CostProfile profile;
  if (const Node* base = root.find("base")) {
    const auto names = preset_names();
    if (std::find(names.begin(), names.end(), base->scalar) == names.end())
      refuse(base->place, fmt::format("there is no cost profile '{}' to start from", base->scalar),
             text::did_you_mean(base->scalar, names));
    profile = preset(base->scalar);
    profile.sources.clear();
  }
  profile.name = name;
  read_keys(root, "a cost profile", keys_of(profile));
  return profile;
}

bool is_file_name(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".json");
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& [name, json] : preset_texts()) names.emplace_back(name);
  return names;
}

CostProfile preset(const std::string& name) {
  for (const auto& [known, json] : preset_texts())
    if (known == name)
      return read_profile(text::parse_yaml(std::make_shared<base::SourceText>(
                              base::SourceText{fmt::format("{}.json", name), std::string(json)})),
                          name);
  throw base::Error(base::Code::not_found, fmt::format("there is no cost profile '{}'", name))
      .hint(text::did_you_mean(name, preset_names()) +
            " (a file of your own: write its path, ending in .json)");
}

CostProfile load_cost_profile(const std::string& name_or_file) {
  if (!is_file_name(name_or_file)) return preset(name_or_file);
  return read_profile(text::parse_yaml(text::read_source(name_or_file)),
                      fs::path(name_or_file).stem().native());
}

}  // namespace meter
