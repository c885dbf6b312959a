// Literals against declarations, and a command's expressions against the component's.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <cmath>

#include "base/files.hpp"
#include "definition/reading.hpp"

namespace definition {
namespace {

using model::Component;

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& each : list) names.push_back(each.name);
  return names;
}

// "1.0" is an integer to the SDK, "abc" is not.
std::optional<double> number_in(const model::Literal& literal) {
  if (const auto* integer = std::get_if<std::int64_t>(&literal.value))
    return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&literal.value)) return *real;
  if (const auto* text = std::get_if<std::string>(&literal.value)) {
    char* end = nullptr;
    const double value = std::strtod(text->c_str(), &end);
    if (!text->empty() && *end == '\0') return value;
  }
  return std::nullopt;
}

// `python SCRIPT` or `bash SCRIPT` with a plain relative name: where the name starts and its
// length. Anything else may make or find its script in a way that is not seen here.
std::pair<std::size_t, std::size_t> script_in(std::string_view command) {
  constexpr std::string_view blanks = " \t\n";
  const auto word_end = [&](std::size_t from) {
    return std::min(command.find_first_of(blanks, from), command.size());
  };
  const auto program_at = std::min(command.find_first_not_of(blanks), command.size());
  const auto program = command.substr(program_at, word_end(program_at) - program_at);
  if (program != "python" && program != "python3" && program != "bash") return {0, 0};
  const auto at = command.find_first_not_of(" \t", program_at + program.size());
  if (at == std::string_view::npos || command[at] == '-' || command[at] == '/') return {0, 0};
  const auto name = command.substr(at, word_end(at) - at);
  const bool plain = std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '/' || c == '-';
  });
  if (!plain || (!name.ends_with(".py") && !name.ends_with(".sh"))) return {0, 0};
  return {at, name.size()};
}

std::vector<std::string> scripts_below(const fs::path& folder) {
  constexpr std::size_t most = 200;  // for a hint
  std::vector<std::string> names;
  boost::system::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end;
       !failed && entry != end && names.size() < most; entry.increment(failed)) {
    const auto name = entry->path().lexically_relative(folder).native();
    if (name.ends_with(".py") || name.ends_with(".sh")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

void check_script(const Component& component, const model::Template& command, Reading& reading) {
  boost::system::error_code failed;
  if (!component.code || !fs::is_directory(*component.code, failed)) return;
  const auto [at, length] = script_in(command.text);
  if (length == 0) return;
  const std::string name = command.text.substr(at, length);
  // What leaves the folder may lie beside it in the cloud.
  if (name.find("..") != std::string::npos) return;
  const auto kind = fs::status(*component.code / name, failed).type();
  if (kind != fs::file_not_found) return;
  const auto scripts = scripts_below(*component.code);
  reading.diagnostics.warning(
      command.place_of(at),
      fmt::format("there is no '{}' in {}", name, base::display_path(*component.code)),
      scripts.empty() ? "the command starts in the code folder"
                      : text::did_you_mean(name, scripts));
}

}  // namespace

void check_literal(const model::Literal& literal, const base::Place& place,
                   const std::string& subject, const model::InputDeclaration& declared,
                   Reading& reading) {
  using enum model::DataType;
  const auto wrong = [&](const char* wanted) {
    reading.diagnostics.error(
        place, fmt::format("{} must be {}, not '{}'", subject, wanted, literal.text));
  };
  if (declared.type == integer || declared.type == number) {
    const auto value = number_in(literal);
    if (!value) return wrong(declared.type == integer ? "an integer" : "a number");
    if (declared.type == integer && *value != std::trunc(*value)) return wrong("an integer");
    if (declared.min && *value < *declared.min)
      reading.diagnostics.error(place, fmt::format("{} is {}, below its min of {}", subject,
                                                   literal.text, *declared.min));
    if (declared.max && *value > *declared.max)
      reading.diagnostics.error(place, fmt::format("{} is {}, above its max of {}", subject,
                                                   literal.text, *declared.max));
  } else if (declared.type == boolean) {
    std::string word = literal.text;
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word != "true" && word != "false") wrong("true or false");
  } else if (model::is_data(declared.type) && !std::holds_alternative<std::string>(literal.value)) {
    reading.diagnostics.error(
        place, fmt::format("{} is a {}: only path input is supported now but get '{}'", subject,
                           to_string(declared.type), literal.text));
  }
  if (!declared.allowed.empty() && std::find(declared.allowed.begin(), declared.allowed.end(),
                                             literal.text) == declared.allowed.end())
    reading.diagnostics.error(place,
                              fmt::format("{}: Value '{}' passed is not in set ['{}']", subject,
                                          literal.text, fmt::join(declared.allowed, "', '")),
                              text::did_you_mean(literal.text, declared.allowed));
}

void check_values(const std::vector<model::Input>& inputs,
                  const std::vector<model::InputDeclaration>& declarations, const std::string& what,
                  const base::Place& place, Reading& reading) {
  for (const auto& declared : declarations) {
    const auto given = std::find_if(inputs.begin(), inputs.end(),
                                    [&](const auto& i) { return i.name == declared.name; });
    if (given != inputs.end() && given->broken) continue;
    if (given == inputs.end() || !given->source) {
      if (!declared.optional && !declared.default_value)
        reading.diagnostics.error(
            given == inputs.end() ? place : given->place,
            fmt::format("Required input '{}' for {} not provided.", declared.name, what));
      continue;
    }
    if (const auto* literal = std::get_if<model::Literal>(&*given->source))
      check_literal(*literal, given->place, fmt::format("input '{}'", declared.name), declared,
                    reading);
  }
}

void check_command(const Component& component, const model::Template& command, Reading& reading) {
  check_script(component, command, reading);
  for (const std::string_view old : {"{inputs.", "{outputs."})
    for (auto at = command.text.find(old); at != std::string::npos;
         at = command.text.find(old, at + 1))
      if (at == 0 || (command.text[at - 1] != '{' && command.text[at - 1] != '$'))
        reading.diagnostics.warning(
            command.place_of(at),
            fmt::format("'{}…}}' is the old form of an expression, taken as a text here", old),
            fmt::format("write ${{{}…}}}}", old));
  for (const auto& segment : command.segments) {
    const auto* reference = std::get_if<model::Reference>(&segment.value);
    if (!reference) continue;
    const auto complain = [&](const std::string& hint) {
      reading.diagnostics.error(
          command.place_of(reference->offset),
          fmt::format("Invalid data binding expression: {}", reference->to_string()), hint);
    };
    const bool input = reference->words[0] == "inputs";
    if ((!input && reference->words[0] != "outputs") || reference->words.size() < 2) {
      if (reference->words[0] != "search_space")
        complain("a command knows ${{inputs.NAME}} and ${{outputs.NAME}}");
      continue;
    }
    const auto* declared = input ? component.find_input(reference->words[1]) : nullptr;
    if (input && !declared)
      complain(component.inputs.empty()
                   ? "no input is declared"
                   : text::did_you_mean(reference->words[1], names_of(component.inputs)));
    if (!input && !component.find_output(reference->words[1]))
      complain(component.outputs.empty()
                   ? "no output is declared"
                   : text::did_you_mean(reference->words[1], names_of(component.outputs)));
    if (declared && declared->optional && !declared->default_value && segment.optional_block < 0)
      reading.diagnostics.error(
          command.place_of(reference->offset),
          fmt::format("the optional input '{}' stands outside $[[ ]]", declared->name),
          fmt::format("write $[[--{} ${{{{inputs.{}}}}}]]", declared->name, declared->name));
    if (declared && !declared->optional && segment.optional_block >= 0)
      reading.diagnostics.error(
          command.place_of(reference->offset),
          fmt::format("the required input '{}' stands inside $[[ ]]", declared->name),
          "only optional ones may stand there; a component declares one with optional: true");
  }
}

}  // namespace definition
