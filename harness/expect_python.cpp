#include <fmt/format.h>
#include <sys/wait.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "compute/interpreter.hpp"
#include "harness/command.hpp"
#include "harness/expect.hpp"

namespace harness {
namespace {

using text::Node;

// Calls FILE:FUNCTION with a pathlib.Path. It holds when it returns nothing or something true.
// Exit 3: it does not hold; 4: there is no such function; anything else: it raised.
constexpr const char* driver = R"(
import importlib.util, pathlib, sys, traceback
file, name, path = sys.argv[1:]
sys.path.insert(0, str(pathlib.Path(file).parent))
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location(pathlib.Path(file).stem, file)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
try:
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        print(", ".join(n for n, v in vars(module).items() if callable(v) and not n.startswith("_")))
        sys.exit(4)
    result = function(pathlib.Path(path))
except AssertionError as problem:
    line = traceback.extract_tb(problem.__traceback__)[-1]
    print(f"{pathlib.Path(line.filename).name}:{line.lineno}: {line.line}")
    if str(problem):
        print(problem)
    sys.exit(3)
except Exception as problem:
    kept = [line for line in traceback.extract_tb(problem.__traceback__) if line.filename != "<string>"]
    for line in kept:
        print(f"{pathlib.Path(line.filename).name}:{line.lineno}: {line.line}")
    print("".join(traceback.format_exception_only(type(problem), problem)), end="")
    sys.exit(5)
if result is not None and not result:
    print(f"it returned {result!r}")
    sys.exit(3)
)";

struct Predicate {
  fs::path file;
  std::string function;
};

Predicate predicate_of(const std::string& text, const fs::path& folder) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
    throw base::Error(base::Code::bad_definition, fmt::format("'{}' names no function", text))
        .hint("FILE.py:FUNCTION, called with the path; it holds unless it returns something false");
  Predicate predicate{fs::absolute(text.substr(0, colon), folder).lexically_normal(),
                      text.substr(colon + 1)};
  if (boost::system::error_code ignored; !fs::is_regular_file(predicate.file, ignored))
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no {}", base::display_path(predicate.file)));
  return predicate;
}

void judge_predicate(const Node& rule, const std::string& subject, const fs::path& path,
                     const Case& test, const Ran& ran, const Judging& judging,
                     const base::Cancel& stop, std::vector<Finding>& findings) {
  const auto& surroundings = judging.surroundings;
  const Predicate predicate = predicate_of(rule.scalar, test.file.parent_path());
  const auto interpreter =
      compute::find_interpreter(ran.environment, surroundings.settings.environments,
                                surroundings.shell, surroundings.layout.cache());
  auto environment = compute::clean_environment(surroundings.shell, judging.pass_env);
  for (const auto& variable : interpreter.activation) environment.push_back(variable);
  const auto end =
      run_command({interpreter.python.native(), "-c", driver, predicate.file.native(),
                   predicate.function, path.native()},
                  environment, test.file.parent_path(), ran.folder / "check.txt", stop);
  if (end.status == 0 || end.stopped) return;
  const int code = WIFEXITED(end.status) ? WEXITSTATUS(end.status) : -1;
  std::string what = fmt::format("{}: {} ", subject, rule.scalar);
  if (code == 3)
    what += "does not hold";
  else if (code == 4)
    what = fmt::format("{}: {} has no function '{}'", subject, base::display_path(predicate.file),
                       predicate.function);
  else
    what += code == 5 ? "raised" : how_it_ended(end.status);
  findings.push_back({rule.place, what, code == 4 ? "it has: " + end.output : end.output});
}

}  // namespace

void judge_predicates(const Node& rules, const std::string& subject, const fs::path& path,
                      const Case& test, const Ran& ran, const Judging& judging,
                      const base::Cancel& stop, std::vector<Finding>& findings) {
  std::vector<const Node*> all;
  if (rules.is_scalar()) all.push_back(&rules);
  for (const auto& item : rules.items) all.push_back(&item);
  for (const Node* rule : all) {
    try {
      judge_predicate(*rule, subject, path, test, ran, judging, stop, findings);
    } catch (const base::Error& error) {
      findings.push_back({rule->place, fmt::format("{}: {}", subject, error.message()),
                          error.hint().empty() ? "" : error.hint() + "\n"});
    }
  }
}

}  // namespace harness
