#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/exception.hpp>
#include <ostream>

#include "base/error.hpp"
#include "cli/app.hpp"
#include "cli/verb.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

bool is_group(const std::string& word) {
  for (const char* group :
       {"runs", "data", "datastore", "component", "env", "io", "model", "secret"})
    if (word == group) return true;
  return false;
}

// az names things by an option where a plain word stands here: `job show -n RUN`, `-f FILE`.
void drop_option(std::vector<std::string>& words, const std::string& one, const std::string& two) {
  std::erase_if(words, [&](const auto& word) { return word == one || word == two; });
}

bool asks_for_help(const std::vector<std::string>& words) {
  // What stands after `--` belongs to somebody else.
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, [](const auto& w) { return w == "--help" || w == "-h"; });
}

[[noreturn]] void refuse_unknown_verb(const std::vector<Verb>& verbs,
                                      const std::vector<std::string>& words) {
  std::vector<std::string> names;
  std::vector<std::string> below;  // "list", "show" … of a first word that needs a second
  for (const Verb& verb : verbs) {
    if (verb.hidden) continue;
    const auto space = verb.words.find(' ');
    const std::string first = verb.words.substr(0, space);
    if (std::find(names.begin(), names.end(), first) == names.end()) names.push_back(first);
    if (space != std::string::npos && first == words[0])
      below.push_back(verb.words.substr(space + 1));
  }
  if (below.empty())
    throw base::Error(base::Code::usage, fmt::format("there is no command '{}'", words[0]))
        .hint(text::did_you_mean(words[0], names));
  throw base::Error(base::Code::usage,
                    words.size() > 1 ? fmt::format("'amlocal {}' has no '{}'", words[0], words[1])
                                     : fmt::format("'amlocal {}' needs one more word", words[0]))
      .hint(text::did_you_mean(words.size() > 1 ? words[1] : "", below));
}

// The page of `amlocal runs --help`: that of any of its verbs.
const Verb* first_of_group(const std::vector<Verb>& verbs, const std::string& group) {
  for (const Verb& verb : verbs)
    if (verb.words.starts_with(group + " ")) return &verb;
  return nullptr;
}

// Without it no relative path means anything.
void refuse_lost_folder(const App& app) {
  if (app.here.empty())
    throw base::Error(base::Code::not_found, "the current folder is gone or cannot be read")
        .hint("change to a folder that exists, then run it again");
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
  const auto [found, length] = find_verb(verbs, words);
  if (!found && words.size() > 1 && asks_for_help({words[1]}))
    if (const Verb* verb = first_of_group(verbs, words[0])) {
      app.out << page(verb->page);
      return 0;
    }
  if (!found) refuse_unknown_verb(verbs, words);
  const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(length),
                                      words.end());
  if (!found->hidden && asks_for_help(rest)) {
    app.out << page(found->page);
    return 0;
  }
  refuse_lost_folder(app);
  return found->run(app, rest);
}

}  // namespace

std::vector<std::string> without_aliases(std::vector<std::string> words) {
  if (words.empty()) return words;
  if (words[0] == "logs") words.insert(words.begin(), "runs");
  const bool job = words[0] == "job" || words[0] == "jobs";
  if (job) words[0] = "runs";
  if (words.size() < 2) return words;
  if (job && (words[1] == "create" || words[1] == "validate")) {
    words.erase(words.begin());
    if (words[0] == "create") words[0] = "run";
    drop_option(words, "-f", "--file");
    return words;
  }
  if (job) drop_option(words, "-n", "--name");
  if (words.size() < 2 || !is_group(words[0])) return words;
  if (words[1] == "ls") words[1] = "list";
  if (words[1] == "rm") words[1] = "delete";
  if (words[1] == "add") words[1] = "create";
  if (words[0] == "model" && words[1] == "create") words[1] = "register";
  if (words[0] == "runs" && words[1] == "download") words[1] = "outputs";
  if (words[0] == "runs" && words[1] == "stream") {
    words[1] = "logs";
    words.insert(words.begin() + 2, "--follow");
  }
  return words;
}

FoundVerb find_verb(const std::vector<Verb>& verbs, const std::vector<std::string>& words) {
  for (const Verb& verb : verbs) {
    if (!words.empty() && verb.words == words[0]) return {&verb, 1};
    if (words.size() > 1 && verb.words == words[0] + " " + words[1]) return {&verb, 2};
  }
  return {};
}

std::vector<Verb> all_verbs() {
  std::vector<Verb> all;
  for (auto group :
       {verbs_of_run,        verbs_of_step,       verbs_of_mock,      verbs_of_test_new,
        verbs_of_test,       verbs_of_promote,    verbs_of_validate,  verbs_of_export,
        verbs_of_runs,       verbs_of_resubmit,   verbs_of_logs,      verbs_of_metrics,
        verbs_of_data,       verbs_of_model,      verbs_of_secret,    verbs_of_datastore,
        verbs_of_component,  verbs_of_env,        verbs_of_init,      verbs_of_mount,
        verbs_of_io_report,  verbs_of_io_compare, verbs_of_io_advise, verbs_of_doctor,
        verbs_of_completion, verbs_of_gateway,    verbs_of_step_ask})
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
  } catch (const fs::filesystem_error& problem) {
    app.out.flush();
    app.err << text::render(base::os_error("use", problem.path1().native(), problem.code().value()),
                            app.colour);
    return 1;
  } catch (const std::exception& problem) {
    app.out.flush();
    app.err << "amlocal: internal error: " << problem.what() << "\n";
    return 1;
  }
}

}  // namespace cli
