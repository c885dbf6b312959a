#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/error.hpp"
#include "cli/app.hpp"
#include "cli/verb.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

// The words of `az ml` and of habit, and what they are called here.
std::vector<std::string> without_aliases(std::vector<std::string> words) {
  if (words.empty()) return words;
  if (words[0] == "logs") words.insert(words.begin(), "runs");
  if (words[0] == "job" || words[0] == "jobs") words[0] = "runs";
  if (words.size() < 2) return words;
  if (words[1] == "ls") words[1] = "list";
  if (words[1] == "rm") words[1] = "delete";
  if (words[1] == "add") words[1] = "create";
  if (words[0] == "runs" && words[1] == "download") words[1] = "outputs";
  if (words[0] == "runs" && words[1] == "stream") {
    words[1] = "logs";
    words.push_back("--follow");
  }
  return words;
}

bool asks_for_help(const std::vector<std::string>& words) {
  // What stands after `--` belongs to somebody else.
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, [](const auto& w) { return w == "--help" || w == "-h"; });
}

int dispatch(App& app, const std::vector<std::string>& given) {
  if (given.empty() || given[0] == "--help" || given[0] == "-h" || given[0] == "help") {
    app.out << page("help");
    return given.empty() ? 2 : 0;
  }
  if (given[0] == "--version") {
    app.out << "amlocal " << AMLOCAL_VERSION << "\n";
    return 0;
  }
  const auto words = without_aliases(given);
  const auto verbs = all_verbs();
  const Verb* found = nullptr;
  std::size_t length = 0;
  std::vector<std::string> names;
  std::vector<std::string> below;  // "list", "show" … of a first word that needs a second
  for (const Verb& verb : verbs) {
    const auto space = verb.words.find(' ');
    names.push_back(verb.words.substr(0, space));
    if (space == std::string::npos) {
      if (verb.words == words[0]) found = &verb, length = 1;
      continue;
    }
    if (verb.words.substr(0, space) != words[0]) continue;
    if (words.size() > 1 && asks_for_help({words[1]})) {
      app.out << page(verb.page);
      return 0;
    }
    below.push_back(verb.words.substr(space + 1));
    if (words.size() > 1 && words[1] == below.back()) found = &verb, length = 2;
  }
  if (!found && !below.empty())
    throw base::Error(base::Code::usage,
                      words.size() > 1 ? fmt::format("'amlocal {}' has no '{}'", words[0], words[1])
                                       : fmt::format("'amlocal {}' needs one more word", words[0]))
        .hint(text::did_you_mean(words.size() > 1 ? words[1] : "", below));
  if (!found)
    throw base::Error(base::Code::usage, fmt::format("there is no command '{}'", words[0]))
        .hint(text::did_you_mean(words[0], names));
  const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(length),
                                      words.end());
  if (asks_for_help(rest)) {
    app.out << page(found->page);
    return 0;
  }
  return found->run(app, rest);
}

}  // namespace

std::vector<Verb> all_verbs() {
  std::vector<Verb> all;
  for (auto group :
       {verbs_of_run, verbs_of_validate, verbs_of_runs, verbs_of_data, verbs_of_datastore,
        verbs_of_component, verbs_of_env, verbs_of_init, verbs_of_doctor})
    for (auto& verb : group()) all.push_back(std::move(verb));
  return all;
}

int main(App& app, const std::vector<std::string>& words) {
  try {
    const int status = dispatch(app, words);
    app.out.flush();
    return status;
  } catch (const base::Error& error) {
    app.out.flush();
    app.err << text::render(error, app.colour);
    return base::exit_status(error.code());
  } catch (const std::exception& problem) {
    app.out.flush();
    app.err << "amlocal: internal error: " << problem.what() << "\n";
    return 1;
  }
}

}  // namespace cli
