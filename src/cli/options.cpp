#include "cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "text/diagnostic.hpp"

namespace cli {

struct Options::State {
  std::string verb;
  CLI::App app;
  explicit State(std::string name) : verb(std::move(name)) {
    app.set_help_flag();
    app.allow_extras();
  }
};

Options::Options(const std::string& verb) : state_(new State(verb)) {}
Options::~Options() = default;

void Options::flag(const std::string& names, bool& field) {
  state_->app.add_flag(names, field);
}
void Options::value(const std::string& names, std::string& field) {
  state_->app.add_option(names, field);
}
void Options::number(const std::string& names, int& field) {
  state_->app.add_option(names, field);
}

void Options::values(const std::string& names, std::vector<std::string>& field) {
  state_->app.add_option(names, field)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_size(1)
      ->allow_extra_args(false);  // or `--set a=1 FILE` would take FILE too
}

void Options::argument(const std::string& name, std::string& field, bool required) {
  state_->app.add_option(name, field)->required(required);
}

void Options::arguments(const std::string& name, std::vector<std::string>& field, bool required) {
  state_->app.add_option(name, field)->required(required);
}

void Options::parse(const std::vector<std::string>& words) {
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  const std::string help = fmt::format("see `amlocal {} --help`", state_->verb);
  try {
    state_->app.parse(reversed);
  } catch (const CLI::Error& problem) {
    throw base::Error(base::Code::usage,
                      fmt::format("amlocal {}: {}", state_->verb, problem.what()))
        .hint(help);
  }
  for (const CLI::Option* option : state_->app.get_options()) {
    const auto& given = option->results();
    if (option->get_items_expected_max() == 0 ||
        std::find(given.begin(), given.end(), "") == given.end())
      continue;
    const bool positional = option->get_lnames().empty() && option->get_snames().empty();
    // As the pages write it.
    std::string shown = option->get_name();
    if (positional)
      std::transform(shown.begin(), shown.end(), shown.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    throw base::Error(base::Code::usage,
                      fmt::format("amlocal {}: {} is empty", state_->verb, shown))
        .hint(fmt::format("a shell variable that is not set gives an empty word{}",
                          positional ? "" : "; without a value leave the option out"));
  }
  for (const auto& extra : state_->app.remaining()) {
    if (extra == "--") continue;  // CLI11 keeps it; what stood behind it went to the arguments
    if (extra.starts_with("-")) {
      const std::string name = extra.substr(0, extra.find('='));
      std::vector<std::string> known;
      for (const auto& row : rows()) known.insert(known.end(), row.names.begin(), row.names.end());
      const std::string near = text::nearest(name, known);
      throw base::Error(base::Code::usage,
                        fmt::format("amlocal {} has no option '{}'", state_->verb, name))
          .hint(near.empty() ? help : fmt::format("did you mean '{}'?", near));
    }
    throw base::Error(base::Code::usage,
                      fmt::format("amlocal {}: one word too many: '{}'", state_->verb, extra))
        .hint(help);
  }
}

std::vector<OptionRow> Options::rows() const {
  std::vector<OptionRow> rows;
  for (const CLI::Option* option : state_->app.get_options()) {
    OptionRow row;
    for (const auto& name : option->get_snames()) row.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) row.names.push_back("--" + name);
    row.takes_value = option->get_items_expected_max() > 0;
    if (!row.names.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace cli
