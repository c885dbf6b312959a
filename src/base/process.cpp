#include "base/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem/operations.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/error.hpp"

namespace base {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Child Child::spawn(const Spawn& spawn) {
  std::vector<std::string> argv = spawn.argv;
  std::vector<std::string> environment;
  for (const auto& [name, value] : spawn.environment)
    environment.emplace_back(name).append("=").append(value);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Every descriptor of ours is close-on-exec, so only the wanted ones pass. They are first moved
  // out of the way of each other's targets.
  int highest = 2;
  for (const auto& [ours, theirs] : spawn.descriptors) highest = std::max({highest, ours, theirs});
  int parked = highest + 1;
  for (const auto& [ours, theirs] : spawn.descriptors)
    posix_spawn_file_actions_adddup2(&actions, ours, parked++);
  parked = highest + 1;
  for (const auto& [ours, theirs] : spawn.descriptors) {
    posix_spawn_file_actions_adddup2(&actions, parked, theirs);
    posix_spawn_file_actions_addclose(&actions, parked++);
  }

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (spawn.own_group) {
    posix_spawnattr_setpgroup(&attributes, 0);
    flags |= POSIX_SPAWN_SETPGROUP;
  }
  posix_spawnattr_setflags(&attributes, flags);

  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv[0].c_str(), &actions, &attributes,
                                    pointers(argv).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw os_error("start", spawn.argv[0], failed);
  return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

int Child::wait() {
  int status = 0;
  sys("wait for", "a child", [&] { return ::waitpid(pid_, &status, 0); });
  pid_ = -1;
  return status;
}

void Child::kill(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

int Child::release() {
  return std::exchange(pid_, -1);
}

Captured run_captured(const std::vector<std::string>& argv, const Variables& environment) {
  const Fd nothing = open_file("/dev/null", O_RDONLY);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Child child =
      Child::spawn({.argv = argv,
                    .environment = environment,
                    .descriptors = {{nothing.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}},
                    .own_group = false});
  out.write.reset();
  err.write.reset();
  Captured captured;
  std::array<pollfd, 2> polls{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  const std::array<std::string*, 2> texts{&captured.out, &captured.err};
  while (polls[0].fd >= 0 || polls[1].fd >= 0) {
    sys("wait for", argv[0], [&] { return ::poll(polls.data(), polls.size(), -1); });
    for (std::size_t n = 0; n < polls.size(); ++n) {
      if (polls[n].fd < 0 || polls[n].revents == 0) continue;
      char buffer[4096];
      const auto got = ::read(polls[n].fd, buffer, sizeof buffer);
      if (got > 0) texts[n]->append(buffer, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) polls[n].fd = -1;
    }
  }
  captured.status = child.wait();
  return captured;
}

bool is_ended_by_signal(int task) {
  // Source: proc(5), stat: after the name in parentheses, whose bytes may be any, come fields 3 and
  // on. The ninth holds PF_EXITING (0x4, linux/sched.h), the 52nd is what waitpid will tell.
  if (task <= 0) return false;
  std::ifstream file(fmt::format("/proc/{}/stat", task));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream words(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
  constexpr std::size_t flags = 9 - 3;
  constexpr std::size_t exit_code = 52 - 3;
  constexpr unsigned long is_exiting = 0x4;
  return fields.size() > exit_code && (std::stoul(fields[flags]) & is_exiting) != 0 &&
         WIFSIGNALED(std::stoi(fields[exit_code]));
}

Variables current_environment() {
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos)
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string variable(const Variables& variables, const std::string& name) {
  const auto found = std::find_if(variables.begin(), variables.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == variables.end() ? "" : found->second;
}

fs::path find_program(const std::string& name, const std::string& search_path) {
  if (name.find('/') != std::string::npos)
    return ::access(name.c_str(), X_OK) == 0 ? fs::absolute(name) : fs::path();
  std::size_t begin = 0;
  while (begin <= search_path.size()) {
    const std::size_t end = std::min(search_path.find(':', begin), search_path.size());
    fs::path candidate = fs::path(search_path.substr(begin, end - begin)) / name;
    struct stat status {};
    if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
    begin = end + 1;
  }
  return {};
}

fs::path own_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace base
