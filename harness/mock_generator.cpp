#include "harness/mock_generator.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "data/content.hpp"
#include "text/diagnostic.hpp"

namespace harness {
namespace {

base::Variables environment_of(const compute::Interpreter& python, const Workshop& workshop) {
  base::Variables variables = workshop.environment;
  for (const auto& [name, value] : python.activation) {
    std::erase_if(variables, [&, &key = name](const auto& each) { return each.first == key; });
    variables.emplace_back(name, value);
  }
  const std::string path = base::variable(variables, "PATH");
  std::erase_if(variables, [](const auto& each) { return each.first == "PATH"; });
  variables.emplace_back("PATH", python.bin.native() + (path.empty() ? "" : ":") + path);
  return variables;
}

std::string last_lines(const std::string& text) {
  constexpr std::size_t most = 12;
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::string shown;
  for (std::size_t n = lines.size() > most ? lines.size() - most : 0; n < lines.size(); ++n)
    shown += "\n  " + text::shown_line(lines[n]);
  return shown;
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string quoted(const std::string& word) {
  std::string text = word;
  replace_all(text, "'", "'\\''");
  return "'" + text + "'";
}

std::string shown(const Generated& made) {
  return made.command.empty() ? base::display_path(made.file) + ":" + made.function
                              : "command '" + text::shown_line(made.command, 60) + "'";
}

// The words of a command that are files: what it most likely is made of.
std::vector<fs::path> files_in(const std::string& command, const fs::path& folder) {
  std::vector<fs::path> files;
  std::istringstream words(command);
  boost::system::error_code ignored;
  for (std::string word; words >> word;)
    if (const fs::path file = fs::absolute(word, folder); fs::is_regular_file(file, ignored))
      files.push_back(file);
  return files;
}

std::vector<fs::path> files_of(const Generated& made, const fs::path& folder) {
  std::vector<fs::path> files = made.uses;
  if (made.command.empty())
    files.push_back(made.file);
  else
    for (auto& file : files_in(made.command, folder)) files.push_back(std::move(file));
  return files;
}

// `sh` goes there first: a child is spawned with the folder of its parent.
std::vector<std::string> in_folder(const fs::path& folder, const std::string& command) {
  return {"/bin/sh", "-c", fmt::format("cd {} && {}", quoted(folder.native()), command)};
}

}  // namespace

std::vector<fs::path> made_from(const Mock& mock) {
  if (const auto* at = std::get_if<AtPath>(&mock.source)) return {at->path};
  if (const auto* recording = std::get_if<Recording>(&mock.source)) return {recording->data};
  const auto* made = std::get_if<Generated>(&mock.source);
  return made ? files_of(*made, mock.folder) : std::vector<fs::path>{};
}

std::string identity_of(const Generated& made, const fs::path& folder, const Workshop& workshop) {
  base::Hasher hasher;
  const auto files = files_of(made, folder);
  boost::system::error_code ignored;
  for (const auto& file : files) {
    if (!fs::exists(file, ignored))
      throw base::Error(base::Code::not_found,
                        fmt::format("there is no {}", base::display_path(file)))
          .at(made.place)
          .hint("paths in a mock start at the folder of its file");
    hasher.add(data::content_identity(file)).add("\n");
  }
  const auto python = workshop.interpreter();
  hasher.add(made.function).add("\n").add(made.arguments).add("\n").add(made.command);
  return hasher.add(python.python.native()).add(python.version).hex();
}

void generate(const Generated& made, const fs::path& folder, const fs::path& target,
              const std::string& name, bool file, const Workshop& workshop) {
  const auto python = workshop.interpreter();
  base::Variables environment = environment_of(python, workshop);
  const fs::path output = file ? target / name : target;
  environment.emplace_back("AMLOCAL_MOCK_OUTPUT", output.native());
  environment.emplace_back("PYTHONDONTWRITEBYTECODE", "1");  // the folder is the user's
  std::vector<std::string> words;
  if (made.command.empty()) {
    std::string call = quoted(python.python.native()) + " -c " +
                       quoted(std::string(generator_files().at("mock_generator.py")));
    for (const auto& word :
         {made.file.native(), made.function, target.native(), name, made.arguments})
      call += " " + quoted(word);
    words = in_folder(folder, call);
  } else {
    std::string command = made.command;
    replace_all(command, "{output}", quoted(output.native()));
    words = in_folder(folder, command);
  }
  const auto ended = base::run_captured(words, environment);
  if (WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 0) return;
  const std::string how = WIFEXITED(ended.status)
                              ? fmt::format("exit status {}", WEXITSTATUS(ended.status))
                              : fmt::format("signal {}", WTERMSIG(ended.status));
  throw base::Error(base::Code::step_failed,
                    fmt::format("{} made no data: {}{}", shown(made), how,
                                last_lines(ended.err.empty() ? ended.out : ended.err)))
      .at(made.place);
}

}  // namespace harness
