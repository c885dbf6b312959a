#include "harness/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace harness {
namespace {

std::string_view word_of(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::passed:
      return "passed";
    case Verdict::Kind::failed:
      return "failed";
    case Verdict::Kind::canceled:
      return "canceled";
  }
  return "";
}

// XML 1.0 has no way to write most control characters.
std::string xml_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\n':
        escaped += "&#10;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
    }
  }
  return escaped;
}

// `%0A` is a line's end in GitHub's commands, and these must be written so in a property.
std::string github_text(const std::string& text, bool property) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%')
      escaped += "%25";
    else if (c == '\n')
      escaped += "%0A";
    else if (c == '\r')
      escaped += "%0D";
    else if (property && c == ':')
      escaped += "%3A";
    else if (property && c == ',')
      escaped += "%2C";
    else
      escaped += c;
  }
  return escaped;
}

std::string place_text(const base::Place& place) {
  return !place.known()    ? ""
         : place.line == 0 ? place.source->path
                           : fmt::format("{}:{}", place.source->path, place.line);
}

std::string details(const Verdict& verdict) {
  std::string text;
  for (const auto& finding : verdict.findings)
    text += fmt::format("{}: {}\n{}", place_text(finding.place), finding.what, finding.detail);
  if (!verdict.log_tail.empty()) text += "\nlast lines of its log:\n";
  for (const auto& line : verdict.log_tail) text += line + "\n";
  if (!verdict.debug.empty()) text += "\ndebug it: " + shell_line(verdict.debug) + "\n";
  return text;
}

std::map<std::string, std::vector<const Verdict*>> by_file(const std::vector<Verdict>& verdicts) {
  std::map<std::string, std::vector<const Verdict*>> files;
  for (const auto& verdict : verdicts)
    files[base::display_path(verdict.test->file)].push_back(&verdict);
  return files;
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '|' || c == '\n') c = c == '|' ? '/' : ' ';
  return text;
}

}  // namespace

Tally tally_of(const std::vector<Verdict>& verdicts) {
  Tally tally;
  for (const auto& verdict : verdicts)
    ++(verdict.kind == Verdict::Kind::passed   ? tally.passed
       : verdict.kind == Verdict::Kind::failed ? tally.failed
                                               : tally.canceled);
  return tally;
}

std::string tally_text(const Tally& tally, double seconds) {
  return fmt::format("{} passed, {} failed{} in {:.1f} s", tally.passed, tally.failed,
                     tally.canceled > 0 ? fmt::format(", {} not run", tally.canceled) : "",
                     seconds);
}

std::string junit_xml(const std::vector<Verdict>& verdicts, double seconds) {
  const Tally all = tally_of(verdicts);
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"amlocal\" tests=\"{}\" "
      "failures=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
      verdicts.size(), all.failed, all.canceled, seconds);
  for (const auto& [file, tests] : by_file(verdicts)) {
    std::size_t failed = 0, skipped = 0;
    double sum = 0;
    for (const auto* test : tests) {
      failed += test->kind == Verdict::Kind::failed;
      skipped += test->kind == Verdict::Kind::canceled;
      sum += test->seconds;
    }
    xml += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
        xml_text(file), tests.size(), failed, skipped, sum);
    for (const auto* test : tests) {
      xml += fmt::format(
          "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.3f}\"",
          xml_text(file), xml_text(test->test->name), xml_text(file), test->test->place.line,
          test->seconds);
      if (test->kind == Verdict::Kind::passed)
        xml += "/>\n";
      else if (test->kind == Verdict::Kind::canceled)
        xml += "><skipped message=\"not run\"/></testcase>\n";
      else
        xml += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                           xml_text(test->findings.front().what), xml_text(details(*test)));
    }
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

std::string report_json(const std::vector<Verdict>& verdicts, double seconds) {
  using Json = nlohmann::ordered_json;
  const Tally tally = tally_of(verdicts);
  Json report{{"passed", tally.passed},
              {"failed", tally.failed},
              {"not_run", tally.canceled},
              {"seconds", seconds},
              {"tests", Json::array()}};
  for (const auto& verdict : verdicts) {
    Json test{{"file", verdict.test->file.native()}, {"line", verdict.test->place.line},
              {"name", verdict.test->name},          {"result", word_of(verdict.kind)},
              {"seconds", verdict.seconds},          {"step_seconds", verdict.step_seconds}};
    for (const auto& finding : verdict.findings)
      test["findings"].push_back({{"place", place_text(finding.place)},
                                  {"what", finding.what},
                                  {"detail", finding.detail}});
    if (verdict.kind == Verdict::Kind::failed) {
      test["log_tail"] = verdict.log_tail;
      test["log"] = verdict.log.native();
      test["folder"] = verdict.folder.native();
      test["debug"] = shell_line(verdict.debug);
    }
    report["tests"].push_back(std::move(test));
  }
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string report_markdown(const std::vector<Verdict>& verdicts, double seconds) {
  const Tally tally = tally_of(verdicts);
  std::string text = fmt::format("### Step tests: {}\n\n| | test | seconds |\n|---|---|---|\n",
                                 tally_text(tally, seconds));
  for (const auto& verdict : verdicts)
    text += fmt::format("| {} | {} | {:.1f} |\n",
                        verdict.kind == Verdict::Kind::passed ? "✓" : word_of(verdict.kind),
                        one_line(verdict.test->id()), verdict.seconds);
  for (const auto& verdict : verdicts)
    if (verdict.kind == Verdict::Kind::failed)
      text += fmt::format("\n<details><summary>{}</summary>\n\n````\n{}````\n</details>\n",
                          xml_text(one_line(verdict.test->id())), details(verdict));
  return text;
}

std::string github_annotations(const std::vector<Verdict>& verdicts, const fs::path& root) {
  std::string text;
  for (const auto& verdict : verdicts)
    for (const auto& finding : verdict.findings) {
      const base::Place& place = finding.place.known() ? finding.place : verdict.test->place;
      fs::path file = fs::absolute(place.source->path);
      if (const auto below = file.lexically_relative(root); !below.empty()) file = below;
      text +=
          fmt::format("::error file={},line={},title={}::{}\n", github_text(file.native(), true),
                      std::max(place.line, 1U), github_text(verdict.test->name, true),
                      github_text(finding.what + "\n" + finding.detail, false));
    }
  return text;
}

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./:=@%+,#") == std::string::npos;
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace harness
