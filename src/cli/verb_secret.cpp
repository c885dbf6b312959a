// The value of a secret is never a word of the command line: other users see those.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <istream>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "workspace/secrets.hpp"

namespace cli {
namespace {

struct Args {
  std::vector<std::string> words;
  std::string name;
  std::string file;
  std::string variable;
};

// What is typed is not shown, until this goes.
class NoEcho {
 public:
  NoEcho() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~NoEcho() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

// Without the end of line that editors and `echo` put behind it.
std::string trimmed(std::string value) {
  while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
  return value;
}

std::string ask(const std::string& name, App& app) {
  std::string value;
  // First, or what is pasted at the sight of the question is shown, or thrown away.
  const NoEcho silent;
  app.err << fmt::format("value of {} (not shown): ", name) << std::flush;
  std::getline(*app.answers, value);
  app.err << "\n";
  return value;
}

std::string value_of(const Args& args, App& app) {
  if (!args.file.empty() && !args.variable.empty())
    throw base::Error(base::Code::usage, "--from-file and --from-env at once")
        .hint("give the one that has the value");
  if (!args.file.empty()) return trimmed(base::read_file(fs::absolute(args.file, app.here)));
  if (!args.variable.empty()) {
    for (const auto& [name, value] : app.environment)
      if (name == args.variable) return value;
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no variable '{}' in the environment", args.variable))
        .hint(fmt::format("export {}=… first, or pipe the value in", args.variable));
  }
  if (app.answers) return ask(args.name, app);
  std::string value;
  if (app.input) value.assign(std::istreambuf_iterator<char>(*app.input), {});
  return trimmed(std::move(value));
}

void declare_set(Options& options, Args& args) {
  options.arguments("name", args.words);
  options.value("--from-file", args.file);
  options.value("--from-env", args.variable);
}

int set(const Args& given, App& app) {
  Args args = given;
  args.name = args.words.front();
  // Not shown either: a CI job keeps what is printed.
  if (args.words.size() > 1)
    throw base::Error(base::Code::usage, "a secret's value does not belong on the command line")
        .hint(fmt::format("your shell's history has it now; amlocal secret set {} asks for it",
                          args.name));
  const auto layout = open_project(app.here).layout;
  const std::string value = value_of(args, app);
  if (value.empty())
    throw base::Error(base::Code::bad_input, fmt::format("secret '{}' has no value", args.name))
        .hint(fmt::format("printf %s \"$VALUE\" | amlocal secret set {}", args.name));
  workspace::set_secret(layout, app.environment, args.name, value);
  app.out << fmt::format("kept {}; a step reads it with run.get_secret(\"{}\")\n", args.name,
                         args.name);
  return 0;
}

void declare_list(Options&, Args&) {}

int list(const Args&, App& app) {
  const auto names = workspace::secret_names(open_project(app.here).layout, app.environment);
  for (const auto& name : names) app.out << name << "\n";
  if (names.empty()) app.out << "no secrets yet; keep one with: amlocal secret set NAME\n";
  return 0;
}

void declare_delete(Options& options, Args& args) {
  options.argument("name", args.name);
}

int remove(const Args& args, App& app) {
  const auto layout = open_project(app.here).layout;
  if (!workspace::remove_secret(layout, app.environment, args.name)) {
    const std::string variable = workspace::secret_variable(args.name);
    if (!base::variable(app.environment, variable).empty())
      throw base::Error(base::Code::not_found,
                        fmt::format("secret '{}' is not kept: it comes from the variable {}",
                                    args.name, variable))
          .hint(fmt::format("unset {}", variable));
    throw base::Error(base::Code::not_found, fmt::format("there is no secret '{}'", args.name))
        .hint("amlocal secret list shows the names");
  }
  app.out << fmt::format("deleted {}\n", args.name);
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_secret() {
  return {make_verb<Args>("secret set", "secret", declare_set, set),
          make_verb<Args>("secret list", "secret", declare_list, list),
          make_verb<Args>("secret delete", "secret", declare_delete, remove)};
}

}  // namespace cli
