#include "step/traceback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <regex>

namespace step {
namespace {

using Line = std::vector<std::string>::const_iterator;

bool begins_traceback(const std::string& line) {
  return line.ends_with("Traceback (most recent call last):");
}

bool begins_group(const std::string& line) {
  return line.ends_with("Exception Group Traceback (most recent call last):");
}

// A group's lines stand behind a margin: "  | ", deeper ones behind more.
std::string without_margin(const std::string& line) {
  const auto bar = line.find_first_not_of(' ');
  if (bar == std::string::npos || (line[bar] != '|' && line[bar] != '+')) return line;
  return line.substr(std::min(bar + 2, line.size()));
}

bool joins_chain(const std::string& line) {
  return line.starts_with("During handling of the above exception, another exception occurred") ||
         line.starts_with("The above exception was the direct cause of the following exception");
}

// One traceback, from its heading (or from the first frame of a syntax error) to its exception.
Line read_one(Line begin, Line end, const fs::path& work, Traceback& found) {
  static const std::regex frame("^  File \"([^\"]+)\", line ([0-9]+).*");
  const bool group = begins_group(*begin);
  for (auto at = begin; at != end; ++at) {
    const std::string line = group && at != begin ? without_margin(*at) : *at;
    std::smatch match;
    if (std::regex_match(line, match, frame)) {
      if (match[1].str().starts_with("<")) continue;  // code that stands in no file
      const fs::path file = fs::absolute(match[1].str(), work).lexically_normal();
      const fs::path own = file.lexically_relative(work);
      if (!own.empty() && *own.begin() != "..")
        found.place = fmt::format("{}:{}", own.native(), match[2].str());
    } else if (at != begin && !line.empty() && line[0] != ' ' && !begins_traceback(line)) {
      found.exception = line;
      return at + 1;
    }
  }
  return end;
}

// The first member of a group, on the line after its number.
std::string first_member(Line begin, Line end) {
  static const std::regex number("^ *\\+-\\+?-+ 1 -+$|^ *\\+-+ 1 -+$");
  static const std::regex exception("^ *\\| ([A-Za-z_][\\w.]*(: .*)?)$");
  const auto heading = std::find_if(
      begin, end, [](const std::string& line) { return std::regex_match(line, number); });
  std::smatch match;
  for (auto at = heading; at != end; ++at)
    if (std::regex_match(*at, match, exception) && !begins_traceback(*at)) return match[1];
  return "";
}

// The last heading; an error of syntax in the script itself has none and begins with its file.
Line last_heading(const std::vector<std::string>& lines) {
  const auto last = std::find_if(lines.rbegin(), lines.rend(), begins_traceback);
  if (last != lines.rend()) return last.base() - 1;
  static const std::regex syntax("^(SyntaxError|IndentationError|TabError): .*");
  const auto error = std::find_if(lines.begin(), lines.end(),
                                  [](const auto& line) { return std::regex_match(line, syntax); });
  if (error == lines.end()) return lines.end();
  return std::find_if(lines.begin(), error,
                      [](const auto& line) { return line.starts_with("  File \""); });
}

// Where the chain begins that ends with this traceback.
Line chain_begin(Line first, Line heading) {
  auto begin = heading;
  while (begin != first) {
    auto above = begin - 1;
    while (above != first && above->empty()) --above;
    if (!joins_chain(*above)) break;
    auto earlier = above;
    while (earlier != first && !begins_traceback(*earlier)) --earlier;
    if (!begins_traceback(*earlier)) break;
    begin = earlier;
  }
  return begin;
}

// A pool raises its worker's exception anew in the parent; the worker's own frames come first.
bool is_of_worker(Line begin, Line first) {
  for (auto at = begin; at != first && begin - at < 3; --at)
    if ((at - 1)->find("RemoteTraceback:") != std::string::npos) return true;
  return false;
}

}  // namespace

Traceback find_traceback(const std::vector<std::string>& lines, const fs::path& work) {
  Traceback found;
  const auto heading = last_heading(lines);
  if (heading == lines.end()) return found;
  auto after = read_one(heading, lines.end(), work, found);
  if (begins_group(*heading)) {
    const std::string member = first_member(after, lines.end());
    if (!member.empty()) found.exception += "; the first: " + member;
    while (after != lines.end() && after->starts_with("  ")) ++after;
  }
  const auto begin = chain_begin(lines.begin(), heading);
  if (begin != heading && is_of_worker(begin, lines.begin())) {
    Traceback worker;
    read_one(begin, heading, work, worker);
    if (!worker.place.empty()) found.place = worker.place;
  }
  for (auto at = begin; at != after; ++at) found.stack += *at + "\n";
  found.is_last =
      std::all_of(after, lines.end(), [](const std::string& line) { return line.empty(); });
  return found;
}

std::string find_usage(const std::vector<std::string>& lines) {
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const auto& line) { return line.starts_with("usage: "); });
  if (last == lines.rend()) return "";
  std::string usage = *last;
  for (auto at = last.base(); at != lines.end() && at->starts_with(" "); ++at)
    usage += " " + at->substr(at->find_first_not_of(' '));
  return usage;
}

std::string package_of(const std::string& module) {
  static const std::map<std::string, std::string> names = {{"Crypto", "pycryptodome"},
                                                           {"PIL", "Pillow"},
                                                           {"attr", "attrs"},
                                                           {"azureml.core", "azureml-core"},
                                                           {"bs4", "beautifulsoup4"},
                                                           {"cv2", "opencv-python"},
                                                           {"dateutil", "python-dateutil"},
                                                           {"dotenv", "python-dotenv"},
                                                           {"skimage", "scikit-image"},
                                                           {"sklearn", "scikit-learn"},
                                                           {"yaml", "PyYAML"},
                                                           {"azure.ai.ml", "azure-ai-ml"},
                                                           {"azure.identity", "azure-identity"},
                                                           {"google.protobuf", "protobuf"}};
  // The longest name of which the module is a part: "azureml.core.run" is in azureml-core.
  for (std::string name = module;; name.erase(name.rfind('.'))) {
    if (const auto found = names.find(name); found != names.end()) return found->second;
    if (name.find('.') == std::string::npos) return name;
  }
}

}  // namespace step
