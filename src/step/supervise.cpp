#include "step/supervise.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.hpp"

namespace step {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int control_number = 3;   // the supervisor's descriptor of the control socket
constexpr int first_namespace = 4;  // and of namespaces to join

std::vector<std::string> command_line(const Launch& launch) {
  std::vector<std::string> words{
      supervisor_program().native(), "--control", std::to_string(control_number),      "--cwd",
      launch.cwd.native(),           "--grace",   std::to_string(launch.grace_seconds)};
  for (const auto& [from, to] : launch.read_only)
    words.insert(words.end(), {"--view", from.native(), to.native()});
  if (!launch.root.first.empty())
    words.insert(words.end(), {"--root", launch.root.first.native(), launch.root.second.native()});
  for (std::size_t n = 0; n < launch.join.size(); ++n)
    words.insert(words.end(), {"--join", std::to_string(first_namespace + static_cast<int>(n))});
  for (const auto& process : launch.processes) {
    words.insert(words.end(), {"--process", process.log.native()});
    for (const auto& [name, value] : process.own)
      words.emplace_back(name).append("=").append(value);
  }
  words.emplace_back("--");
  words.insert(words.end(), launch.argv.begin(), launch.argv.end());
  return words;
}

// The supervisor may have ended already: that is seen when reading, not here.
void send_order(const base::Fd& control, char order) {
  while (::send(control.get(), &order, 1, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

// One talk with a supervisor, from the first line to the end of the socket.
class Talk {
 public:
  Talk(const Launch& launch, const base::Cancel& cancel, const base::Fd& control)
      : launch_(launch), cancel_(cancel), control_(control) {
    result_.statuses.assign(launch.processes.size(), 127 << 8);
    if (launch.timeout_seconds) deadline_ = after(*launch.timeout_seconds);
  }

  Supervised hold() {
    while (step()) {
    }
    if (!done_ && result_.error.empty()) result_.error = "the supervisor of the command was killed";
    return std::move(result_);
  }

 private:
  // A far point rather than an overflow where the number is huge.
  static Clock::time_point after(double seconds) {
    const double bounded = std::clamp(seconds, 0.0, 1e9);
    return Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(bounded));
  }

  int patience() const {
    if (!deadline_) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000));
  }

  // Waits for the next thing to happen; false when the supervisor has hung up.
  bool step() {
    pollfd polls[2] = {{control_.get(), POLLIN, 0},
                       {stopping_ || done_ ? -1 : cancel_.poll_fd(), POLLIN, 0}};
    base::sys("wait for", "the supervisor", [&] { return ::poll(polls, 2, patience()); });
    if (polls[0].revents != 0 && !read_some()) return false;
    if (polls[1].revents != 0 && !done_) {
      result_.canceled = true;
      stop();
    } else if (deadline_ && Clock::now() >= *deadline_ && !done_) {
      pass_deadline();
    }
    return true;
  }

  void stop() {
    send_order(control_, 'T');
    stopping_ = true;
    deadline_ = after(launch_.grace_seconds);
  }

  void pass_deadline() {
    if (stopping_) {
      send_order(control_, 'K');
      deadline_.reset();
      return;
    }
    result_.timed_out = true;
    stop();
  }

  bool read_some() {
    char buffer[4096];
    const auto n = ::read(control_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) return false;
    text_.append(buffer, static_cast<std::size_t>(n));
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      take(text_.substr(0, end));
      text_.erase(0, end + 1);
    }
    return true;
  }

  void take(const std::string& line) {
    const auto space = std::min(line.find(' '), line.size());
    const std::string word = line.substr(0, space);
    const std::string rest = line.substr(std::min(space + 1, line.size()));
    if (word == "error" && result_.error.empty()) result_.error = rest;
    if (word == "left") result_.left.push_back(rest);
    if (word == "ended") take_end(rest);
    if (word == "done") take_done(rest);
  }

  void take_end(const std::string& rest) {
    std::istringstream words(rest);
    std::size_t rank = 0;
    int status = 0;
    if (words >> rank >> status && rank < result_.statuses.size()) result_.statuses[rank] = status;
  }

  void take_done(const std::string& rest) {
    std::istringstream words(rest);
    double microseconds = 0;
    std::uint64_t kilobytes = 0;
    words >> microseconds >> kilobytes;
    result_.cpu_seconds = microseconds / 1e6;
    result_.peak_bytes = kilobytes * 1024;
    done_ = true;
    deadline_.reset();
  }

  const Launch& launch_;
  const base::Cancel& cancel_;
  const base::Fd& control_;
  std::optional<Clock::time_point> deadline_;  // of the timeout, then of the grace
  bool stopping_ = false;
  bool done_ = false;
  std::string text_;
  Supervised result_;
};

// How many processes the kernel has killed for want of memory since it started, in whichever group.
long memory_kills() {
  std::ifstream file("/proc/vmstat");
  std::string word;
  long count = 0;
  while (file >> word >> count)
    if (word == "oom_kill") return count;
  return 0;
}

// execve(2) refuses a string of 128 KiB or more, and all of them together beyond a limit; its
// "Argument list too long" does not say which.
void refuse_too_long(const Launch& launch) {
  constexpr std::size_t longest = 128 << 10;
  const auto refuse = [](const std::string& what, std::size_t size, std::size_t limit) {
    throw base::Error(base::Code::bad_input,
                      fmt::format("{} {} bytes long, and this system allows {}", what, size, limit))
        .hint("put long values into a file and pass its path");
  };
  std::size_t sum = 0;
  for (const auto& word : launch.argv) {
    if (word.size() >= longest) refuse("the command is", word.size(), longest - 1);
    sum += word.size() + 1 + sizeof(char*);
  }
  for (const auto& [name, value] : launch.environment) {
    const std::size_t size = name.size() + 1 + value.size();
    if (size >= longest) refuse(fmt::format("variable {} is", name), size, longest - 1);
    sum += size + 1 + sizeof(char*);
  }
  const long limit = ::sysconf(_SC_ARG_MAX);
  // Room for what bash and Python add to it.
  if (limit > 0 && sum + (16 << 10) > static_cast<std::size_t>(limit))
    refuse("command and variables are together", sum, static_cast<std::size_t>(limit) - (16 << 10));
}

bool is_program(const fs::path& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Supervised supervise(const Launch& launch, const base::Cancel& cancel) {
  refuse_too_long(launch);
  const long killed_before = memory_kills();
  auto [ours, theirs] = base::make_socket_pair();
  std::vector<std::pair<int, int>> descriptors{{theirs.get(), control_number}};
  for (std::size_t n = 0; n < launch.join.size(); ++n)
    descriptors.emplace_back(launch.join[n].get(), first_namespace + static_cast<int>(n));
  auto child = base::Child::spawn({.argv = command_line(launch),
                                   .environment = launch.environment,
                                   .descriptors = descriptors,
                                   .own_group = true});
  theirs.reset();
  try {
    Supervised result = Talk(launch, cancel, ours).hold();
    child.wait();
    const bool any_failed = std::any_of(result.statuses.begin(), result.statuses.end(),
                                        [](int status) { return status != 0; });
    result.out_of_memory = any_failed && memory_kills() > killed_before;
    return result;
  } catch (...) {
    ours.reset();  // the supervisor kills everything, then ends
    child.wait();
    throw;
  }
}

bool can_make_views() {
  static const bool can =
      base::run_captured({supervisor_program().native(), "--probe"}, base::current_environment())
          .out.starts_with("namespaces");
  return can;
}

bool can_show_root() {
  static const bool can = can_make_views() && ::access("/mnt", R_OK | X_OK) == 0;
  return can;
}

fs::path supervisor_program() {
  const char* named = std::getenv("AMLOCAL_SUPERVISOR");
  if (named != nullptr && *named != '\0' && is_program(named)) return named;
  const fs::path folder = base::own_folder();
  for (const fs::path& candidate :
       {folder / "amlocal-supervisor", folder / "../libexec/amlocal/amlocal-supervisor"})
    if (is_program(candidate)) return candidate;
  throw base::Error(base::Code::unavailable, "the supervisor 'amlocal-supervisor' is missing")
      .hint("install amlocal again");
}

}  // namespace step
