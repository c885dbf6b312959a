#include "step/failure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.hpp"
#include "text/diagnostic.hpp"

namespace step {
namespace {

using nlohmann::json;

constexpr off_t looked_at = 64 << 10;
constexpr std::size_t tail_lines = 20;

std::vector<std::string> last_lines(const fs::path& log) {
  std::vector<std::string> lines;
  const int number = ::open(log.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) return lines;
  const base::Fd fd(number);
  struct stat status {};
  ::fstat(fd.get(), &status);
  const off_t begin = std::max<off_t>(0, status.st_size - looked_at);
  std::string text(static_cast<std::size_t>(status.st_size - begin), '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), begin);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (begin > 0 && !lines.empty()) lines.erase(lines.begin());  // cut in its middle
  return lines;
}

struct Traceback {
  std::string exception;  // "KeyError: 'fare'"
  std::string place;      // "train.py:88"
  std::string stack;
};

// The last Python traceback of the log. The place is the innermost frame in the step's own code.
Traceback find_traceback(const std::vector<std::string>& lines, const fs::path& work) {
  static const std::regex frame("^  File \"([^\"]+)\", line ([0-9]+).*");
  Traceback found;
  const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const auto& line) {
    return line.starts_with("Traceback (most recent call last)");
  });
  // An error of syntax in the script itself has no such heading: it begins with its file.
  auto begin = last == lines.rend() ? lines.end() : last.base() - 1;
  static const std::regex syntax("^(SyntaxError|IndentationError|TabError): .*");
  if (begin == lines.end() && std::any_of(lines.begin(), lines.end(), [](const auto& line) {
        return std::regex_match(line, syntax);
      }))
    begin = std::find_if(lines.begin(), lines.end(),
                         [](const auto& line) { return std::regex_match(line, frame); });
  for (auto line = begin; line != lines.end(); ++line) {
    found.stack += *line + "\n";
    std::smatch match;
    if (std::regex_match(*line, match, frame)) {
      const fs::path file = fs::absolute(match[1].str(), work).lexically_normal();
      const fs::path own = file.lexically_relative(work);
      if (!own.empty() && *own.begin() != "..")
        found.place = fmt::format("{}:{}", own.native(), match[2].str());
    } else if (line != begin && !line->empty() && (*line)[0] != ' ') {
      found.exception = *line;
      break;
    }
  }
  return found;
}

std::string match_in(const std::vector<std::string>& lines, const std::regex& pattern) {
  std::smatch match;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (std::regex_search(*line, match, pattern)) return match[1].str();
  return "";
}

std::vector<std::string> scripts_in(const fs::path& work) {
  std::vector<std::string> scripts;
  boost::system::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(work, ignored))
    if (entry.path().extension() == ".py")
      scripts.push_back(entry.path().lexically_relative(work).native());
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

std::string signal_text(int number) {
  const char* name = ::sigabbrev_np(number);
  const std::string text = fmt::format("killed by SIG{}", name ? name : std::to_string(number));
  return number == SIGKILL ? text + " (the machine may have run out of memory)" : text;
}

// A shell reports a child's signal as 128 + its number.
int signal_of(int status) {
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  const int code = WEXITSTATUS(status);
  return code > 128 && code < 128 + 32 && ::sigabbrev_np(code - 128) ? code - 128 : 0;
}

// Source: sdk-v1 reference, 4.5.
std::string cloud_json(const events::Failure& failure, const std::string& stack,
                       const base::Clock& clock) {
  const bool python = !failure.exception.empty();
  const std::string type =
      python ? failure.exception.substr(0, failure.exception.find(':')) : "ExecutionFailed";
  const std::string message = python ? "User program failed with " + failure.exception
                                     : "Execution failed with error: " + failure.summary;
  const json body = {{"error",
                      {{"code", python ? "UserError" : "ExecutionFailed"},
                       {"severity", nullptr},
                       {"message", message},
                       {"messageFormat", nullptr},
                       {"messageParameters", json::object()},
                       {"referenceCode", nullptr},
                       {"detailsUri", nullptr},
                       {"target", nullptr},
                       {"details", json::array()},
                       {"innerError", nullptr},
                       {"debugInfo",
                        {{"type", type},
                         {"message", message},
                         {"stackTrace", stack},
                         {"innerException", nullptr},
                         {"data", nullptr},
                         {"errorResponse", nullptr}}}}},
                     {"time", base::to_iso(clock.now())}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

events::Failure explain_failure(const Request& request, const Folder& folder,
                                const Supervised& ended, const base::Clock& clock) {
  static const std::regex no_script("can't open file '([^']+)'");
  static const std::regex no_module("No module named '([^']+)'");
  events::Failure failure;
  // The first process that failed explains the others.
  std::size_t rank = 0;
  for (std::size_t n = 0; n < ended.statuses.size(); ++n)
    if (ended.statuses[n] != 0) {
      rank = n;
      break;
    }
  const int status = ended.statuses.empty() ? 0 : ended.statuses[rank];
  const auto lines = last_lines(folder.logs[std::min(rank, folder.logs.size() - 1)]);
  const Traceback traceback = find_traceback(lines, folder.work);
  failure.exception = traceback.exception;
  failure.place = traceback.place;
  if (!ended.error.empty()) {
    failure.kind = "launch";
    failure.summary = ended.error;
  } else if (ended.timed_out) {
    failure.kind = "timeout";
    failure.summary = fmt::format("timed out after {} (limits.timeout)",
                                  base::duration_text(*request.component->limits.timeout_seconds));
  } else if (const int number = signal_of(status)) {
    failure.kind = "signal";
    failure.summary = signal_text(number);
  } else {
    failure.kind = "exit_code";
    failure.summary = fmt::format("exit code {}", WEXITSTATUS(status));
  }
  if (ended.statuses.size() > 1)
    failure.summary += fmt::format(" (process {} of {})", rank, ended.statuses.size());
  if (const std::string script = match_in(lines, no_script);
      !script.empty() && traceback.exception.empty()) {
    const fs::path relative = fs::path(script).lexically_relative(folder.work);
    failure.kind = "launch";
    failure.summary = fmt::format("script '{}' not found in the code folder",
                                  relative.empty() ? script : relative.native());
    failure.hint = text::did_you_mean(relative.native(), scripts_in(folder.work));
  } else if (const std::string module = match_in(lines, no_module);
             !module.empty() && traceback.exception.starts_with("ModuleNotFoundError")) {
    failure.hint = fmt::format("'{}' is not installed in {}; install it: {} -m pip install {}",
                               module, request.runtime.python.native(),
                               request.runtime.python.native(), module.substr(0, module.find('.')));
  }
  failure.log_tail.assign(
      lines.end() - static_cast<std::ptrdiff_t>(std::min(lines.size(), tail_lines)), lines.end());
  failure.json = cloud_json(failure, traceback.stack, clock);
  return failure;
}

events::Failure explain_refusal(const std::string& kind, const base::Error& error,
                                const base::Clock& clock) {
  events::Failure failure;
  failure.kind = kind;
  failure.summary = error.message();
  failure.hint = error.hint();
  failure.json = cloud_json(failure, "", clock);
  return failure;
}

}  // namespace step
