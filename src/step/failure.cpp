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
#include "base/files.hpp"
#include "step/bind.hpp"
#include "step/traceback.hpp"
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

std::string signal_text(int number, bool out_of_memory) {
  const char* name = ::sigabbrev_np(number);
  const std::string text = fmt::format("killed by SIG{}", name ? name : std::to_string(number));
  return number == SIGKILL && out_of_memory ? text + ": the machine ran out of memory" : text;
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

std::string failed_how(const Request& request, const Supervised& ended, int status,
                       events::Failure& failure) {
  if (!ended.error.empty()) {
    failure.kind = "launch";
    return ended.error;
  }
  if (ended.timed_out) {
    failure.kind = "timeout";
    return fmt::format("timed out after {} (limits.timeout)",
                       base::duration_text(*request.component->limits.timeout_seconds));
  }
  if (const int number = signal_of(status)) {
    failure.kind = "signal";
    if (number == SIGKILL && ended.out_of_memory)
      failure.hint = "give the step less data at once, or run fewer steps side by side: --jobs 1";
    return signal_text(number, ended.out_of_memory);
  }
  failure.kind = "exit_code";
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

// The last words of bash, and of Python before it runs a script.
void explain_launch(const Request& request, const Folder& folder,
                    const std::vector<std::string>& lines, events::Failure& failure) {
  static const std::regex no_script("can't open file '([^']+)'");
  static const std::regex no_command("bash: line [0-9]+: (.+): command not found");
  static const std::regex no_program("bash: line [0-9]+: (.+): No such file or directory");
  static const std::regex not_allowed("bash: line [0-9]+: (.+): Permission denied");
  if (const std::string script = match_in(lines, no_script); !script.empty()) {
    const fs::path relative = fs::path(script).lexically_relative(folder.seen(folder.work));
    failure.kind = "launch";
    failure.summary = fmt::format("script '{}' not found in the code folder",
                                  relative.empty() ? script : relative.native());
    const auto scripts = scripts_in(folder.work);
    failure.hint = scripts.empty() ? "there are no Python files in it"
                                   : text::did_you_mean(relative.native(), scripts);
  } else if (const std::string command = match_in(lines, no_command);
             !command.empty() && failure.summary == "exit code 127") {
    failure.summary += fmt::format(": command '{}' not found", command);
    failure.hint = fmt::format(
        "a step finds the programs of its environment ({}) and of the system; install "
        "it there, or see docs/environment.md for passing variables",
        request.runtime.bin.native());
  } else if (const std::string program = match_in(lines, no_program);
             !program.empty() && failure.summary == "exit code 127") {
    failure.summary += fmt::format(": there is no '{}' in the code folder", program);
  } else if (const std::string file = match_in(lines, not_allowed);
             !file.empty() && failure.summary == "exit code 126") {
    failure.summary += fmt::format(": '{}' may not be executed", file);
    failure.hint = fmt::format("chmod +x {0}, or call it by its interpreter: {1} {0}", file,
                               file.ends_with(".py") ? "python" : "bash");
  }
}

// What argparse says before exit code 2.
void explain_usage(const std::vector<std::string>& lines, events::Failure& failure) {
  static const std::regex refusal("^[^ ]+: error: (.+)$");
  const std::string usage = find_usage(lines);
  const std::string why = match_in(lines, refusal);
  if (usage.empty() || why.empty()) return;
  failure.summary += ": the script refused its arguments: " + why;
  failure.hint = usage;
}

// Which of the places that a step writes is full, as far as one can still see it.
std::string full_place(const Request& request) {
  constexpr std::uint64_t little = 1 << 20;
  std::vector<fs::path> places{request.folder};
  for (const auto& output : request.outputs)
    if (!output.destination.empty()) places.push_back(output.destination.parent_path());
  places.push_back(fs::temp_directory_path());
  for (const fs::path& place : places) {
    try {
      if (const auto left = base::free_space(place); left < little)
        return fmt::format("'{}' has {} left: ", place.native(), base::bytes_text(left));
    } catch (const base::Error&) {  // it was never made
    }
  }
  return "";
}

std::string space_hint(const Request& request) {
  return full_place(request) +
         "free some space (`amlocal runs gc` removes old runs), then run it again";
}

bool tells_of_no_space(const std::vector<std::string>& lines) {
  const std::size_t first = lines.size() - std::min(lines.size(), tail_lines);
  return std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end(),
                     [](const std::string& line) {
                       return line.find("No space left on device") != std::string::npos ||
                              line.find("Disk quota exceeded") != std::string::npos;
                     });
}

std::string names_in(const fs::path& folder) {
  std::vector<std::string> names;
  boost::system::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    names.push_back(entry.path().filename().native());
  std::sort(names.begin(), names.end());
  if (names.empty()) return "nothing";
  const std::size_t shown = std::min<std::size_t>(names.size(), 5);
  const std::string more = names.size() > shown ? ", …" : "";
  names.resize(shown);
  return fmt::format("{}{}", fmt::join(names, ", "), more);
}

// The first thing that users of v1 meet. Source: "Troubleshooting machine learning pipelines".
void explain_pipeline_data(const Request& request, const Folder& folder, const fs::path& missing,
                           events::Failure& failure) {
  for (const auto& output : request.outputs) {
    if (!output.v1 || output.v1->kind != model::V1Port::Kind::pipeline_data) continue;
    boost::system::error_code ignored;
    std::string place = output.destination.native();
    while (place.ends_with('/')) place.pop_back();
    const fs::path given = folder.seen(folder.data / output.name) / fs::path(place).filename();
    const fs::path below = missing.lexically_relative(given);
    if (below.empty() || *below.begin() == ".." || fs::exists(place, ignored)) continue;
    failure.hint = fmt::format(
        "PipelineData '{}' is a path that nobody has made: add os.makedirs(PATH, exist_ok=True) "
        "with the path the script was given{}",
        output.name, failure.place.empty() ? "" : ", before " + failure.place);
  }
}

void explain_exception(const Request& request, const Folder& folder, events::Failure& failure) {
  static const std::regex no_module("No module named '([^']+)'");
  static const std::regex read_only("^OSError: .*Read-only file system: '([^']+)'.*$");
  static const std::regex no_insights(
      "^ValueError: (Invalid connection string|Invalid instrumentation key|Instrumentation key "
      "cannot be none or empty).*$");
  static const std::regex no_file("^FileNotFoundError: .*'([^']+)'$");
  std::smatch match;
  if (std::regex_search(failure.exception, match, no_module)) {
    const std::string module = match[1];
    failure.hint = fmt::format("'{0}' is not installed in {1}; install it: {1} -m pip install {2}",
                               module, request.runtime.python.native(), package_of(module));
  } else if (failure.exception.find("No space left on device") != std::string::npos) {
    // A mount may be full where the disk is not: it keeps some of it free, and says so itself.
    if (last_refusal(folder).empty() || !full_place(request).empty())
      failure.hint = space_hint(request);
  } else if (std::regex_match(failure.exception, match, read_only)) {
    const fs::path written = match[1].str();
    for (const auto& input : request.inputs) {
      const fs::path below =
          written.lexically_relative(folder.seen(folder.data / ("INPUT_" + input.name)));
      if (model::is_data(input.type) && !below.empty() && *below.begin() != "..")
        failure.hint =
            is_container(input.v1)
                ? fmt::format(
                      "input '{}' is read-only in this run, but not in the cloud, where a "
                      "{} is mounted by blobfuse2: run with --data-access mount and no "
                      "other --mount-profile, or write to an output",
                      input.name, class_of(*input.v1))
                : fmt::format(
                      "input '{}' is read-only, as in the cloud: write to an output, or to "
                      "a copy of it",
                      input.name);
    }
  } else if (std::regex_match(failure.exception, no_insights)) {
    failure.hint =
        "call AzureLogHandler() without a connection string: the step has one in "
        "APPLICATIONINSIGHTS_CONNECTION_STRING; one of your own has the form "
        "InstrumentationKey=<a UUID in small letters>;IngestionEndpoint=https://…";
  } else if (std::regex_match(failure.exception, match, no_file)) {
    const fs::path missing = match[1].str();
    for (const auto& input : request.inputs) {
      const fs::path seen = folder.seen(folder.data / ("INPUT_" + input.name));
      const fs::path below = missing.lexically_relative(seen);
      if (!model::is_data(input.type) || below.empty() || *below.begin() == "..") continue;
      failure.hint = fmt::format(
          "there is no '{}' in input '{}'{}; it holds {}", below.native(), input.name,
          input.origin.empty() ? "" : ", which is " + input.origin, names_in(input.source));
    }
    explain_pipeline_data(request, folder, missing, failure);
  }
}

// What the step met as an error number, its mounts have said in words.
void explain_mount(const Folder& folder, events::Failure& failure) {
  if (const std::string refusal = last_refusal(folder); !refusal.empty() && failure.hint.empty())
    failure.hint = "the mount said last: " + refusal;
}

}  // namespace

std::string last_refusal(const Folder& folder) {
  const auto refusals = last_lines(mount_log_path(folder));
  if (refusals.empty()) return "";
  // "TIME outputs.model: text"
  const std::string& line = refusals.back();
  return line.substr(std::min(line.find(' ') + 1, line.size()));
}

events::Failure explain_failure(const Request& request, const Folder& folder,
                                const Supervised& ended, const base::Clock& clock) {
  events::Failure failure;
  // The first process that failed explains the others.
  const auto failed = std::find_if(ended.statuses.begin(), ended.statuses.end(),
                                   [](int status) { return status != 0; });
  const auto rank = failed == ended.statuses.end()
                        ? std::size_t{0}
                        : static_cast<std::size_t>(failed - ended.statuses.begin());
  const int status = failed == ended.statuses.end() ? 0 : *failed;
  const auto lines = last_lines(folder.logs[std::min(rank, folder.logs.size() - 1)]);
  failure.summary = failed_how(request, ended, status, failure);
  Traceback traceback;
  if (failure.kind == "exit_code") {
    traceback = find_traceback(lines, folder.seen(folder.work));
    // Python ends with 1 when nobody catches an exception. Another code after other output means
    // that the exception was caught, and told about in passing.
    if (WEXITSTATUS(status) != 1 && !traceback.is_last) traceback = {};
  }
  failure.exception = traceback.exception;
  failure.place = traceback.place;
  if (!failure.exception.empty())
    explain_exception(request, folder, failure);
  else if (failure.kind == "exit_code")
    explain_launch(request, folder, lines, failure);
  if (failure.summary == "exit code 2") explain_usage(lines, failure);
  explain_mount(folder, failure);
  // A full disk takes the log's last lines too.
  if (failure.hint.empty() && !full_place(request).empty()) failure.hint = space_hint(request);
  if (failure.hint.empty() && tells_of_no_space(lines)) failure.hint = space_hint(request);
  if (ended.statuses.size() > 1)
    failure.summary += fmt::format(" (process {} of {})", rank, ended.statuses.size());
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
  if (failure.hint.empty() && error.code() == base::Code::no_space)
    failure.hint = "free some space (`amlocal runs gc` removes old runs), then run it again";
  if (failure.hint.empty() && error.code() == base::Code::permission)
    failure.hint = kind == "output"
                       ? "make that place writable for you, or give the output another path"
                       : "see whose it is and who may read it: ls -ld PATH";
  failure.json = cloud_json(failure, "", clock);
  return failure;
}

}  // namespace step
