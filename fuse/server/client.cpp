#include "fuse/server/client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.hpp"

namespace fuse {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int control_number = 3;
// A mount that is not ready by then never will be.
constexpr std::chrono::seconds start_patience{30};

base::Error error_from(const std::string& text) {
  const json j = json::parse(text, nullptr, false);
  if (!j.is_object()) return {base::Code::unavailable, "the mount process failed"};
  base::Code code = base::Code::unavailable;
  for (int n = 0; n <= static_cast<int>(base::Code::internal); ++n)
    if (base::to_string(static_cast<base::Code>(n)) == j.value("code", ""))
      code = static_cast<base::Code>(n);
  base::Error error(code, j.value("what", "the mount process failed"));
  error.hint(j.value("hint", ""));
  for (const auto& frame : j.value("frames", std::vector<std::string>())) error.frame(frame);
  return error;
}

base::Error died() {
  return base::Error(base::Code::unavailable, "the process that serves the step's mounts has died")
      .hint("what was closed before is in the store; run the step again");
}

}  // namespace

struct MountProcess::State {
  std::optional<base::Child> child;
  base::Fd control;
  std::string text;
  bool own_namespace = false;
  std::vector<fs::path> points;  // mounted for all to see, to be unmounted should the process die

  ~State() {
    child.reset();
    for (const auto& point : points) unmount_left_over(point);
  }

  // The next line before the deadline; nothing when the process hung up.
  std::optional<std::string> read_line(Clock::time_point deadline) {
    for (;;) {
      if (const auto end = text.find('\n'); end != std::string::npos) {
        std::string line = text.substr(0, end);
        text.erase(0, end + 1);
        return line;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0)
        throw base::Error(base::Code::io, "the mount process does not answer")
            .hint("a store or a disk may hang; see `dmesg`, then run the step again");
      pollfd polls{control.get(), POLLIN, 0};
      base::sys("wait for", "the mount process",
                [&] { return ::poll(&polls, 1, static_cast<int>(left)); });
      if (polls.revents == 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(control.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return std::nullopt;
      text.append(buffer, static_cast<std::size_t>(n));
    }
  }

  void say(const std::string& line) const {
    const std::string bytes = line + "\n";
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t n =
          ::send(control.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;  // seen when reading
      done += static_cast<std::size_t>(n);
    }
  }
};

MountProcess::MountProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
MountProcess::MountProcess(MountProcess&&) noexcept = default;
MountProcess::~MountProcess() = default;

MountProcess MountProcess::spawn() {
  auto [ours, theirs] = base::make_socket_pair();
  auto child = base::Child::spawn(
      {.argv = {mount_program().native(), "--control", std::to_string(control_number)},
       .environment = base::current_environment(),
       .descriptors = {{theirs.get(), control_number}},
       .own_group = true});
  theirs.reset();
  auto state = std::make_unique<State>();
  state->child.emplace(std::move(child));
  state->control = std::move(ours);
  return MountProcess(std::move(state));
}

void MountProcess::mount(const Order& order) {
  state_->say(to_json(order));
  const auto answer = state_->read_line(Clock::now() + start_patience);
  if (!answer) throw died();
  if (answer->starts_with("error ")) throw error_from(answer->substr(6));
  state_->own_namespace = *answer == "ready alone";
  if (!state_->own_namespace)
    for (const auto& session : order.sessions) state_->points.push_back(session.point);
}

MountProcess MountProcess::start(const Order& order) {
  MountProcess process = spawn();
  process.mount(order);
  return process;
}

int MountProcess::pid() const {
  return state_->child->pid();
}

std::vector<base::Fd> MountProcess::namespaces() const {
  std::vector<base::Fd> namespaces;
  if (!state_->own_namespace) return namespaces;
  // Root keeps its own user namespace.
  std::vector<const char*> kinds{"mnt"};
  if (::geteuid() != 0) kinds.insert(kinds.begin(), "user");
  for (const char* kind : kinds)
    namespaces.push_back(base::open_file(fmt::format("/proc/{}/ns/{}", pid(), kind), O_RDONLY));
  return namespaces;
}

Finished MountProcess::finish(std::chrono::milliseconds patience, bool send) {
  const auto deadline = Clock::now() + patience;
  state_->say(send ? "finish" : "abandon");
  const auto line = state_->read_line(deadline);
  if (!line) throw died();
  if (line->starts_with("error ")) throw error_from(line->substr(6));
  if (!line->starts_with("finished ")) throw died();
  Finished finished = finished_from_json(line->substr(9));
  state_->points.clear();
  return finished;
}

int MountProcess::let_go() {
  state_->points.clear();
  return state_->child->release();
}

fs::path mount_program() {
  const auto is_program = [](const fs::path& path) { return ::access(path.c_str(), X_OK) == 0; };
  const char* named = std::getenv("AMLOCAL_MOUNT");
  if (named != nullptr && *named != '\0' && is_program(named)) return named;
  const fs::path folder = base::own_folder();
  for (const fs::path& candidate :
       {folder / "amlocal-mount", folder / "../libexec/amlocal/amlocal-mount"})
    if (is_program(candidate)) return candidate;
  throw base::Error(base::Code::unavailable, "the program 'amlocal-mount' is missing")
      .hint("install amlocal again");
}

std::vector<fs::path> mounts_below(const fs::path& folder) {
  // Source: proc(5), mountinfo: the fifth word is the mount point, blanks in it as \040.
  std::vector<fs::path> points;
  std::istringstream lines(base::read_file("/proc/self/mountinfo"));
  const std::string below = folder.native() + "/";
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    for (int n = 0; n < 5; ++n) words >> word;
    std::string point;
    for (std::size_t at = 0; at < word.size(); ++at) {
      if (word[at] == '\\' && at + 3 < word.size()) {
        point += static_cast<char>(std::stoi(word.substr(at + 1, 3), nullptr, 8));
        at += 3;
      } else {
        point += word[at];
      }
    }
    if (point.starts_with(below)) points.emplace_back(point);
  }
  std::reverse(points.begin(), points.end());
  return points;
}

void unmount_left_over(const fs::path& point) {
  if (::umount2(point.c_str(), MNT_DETACH) == 0) return;
  try {
    base::run_captured({"fusermount3", "-u", "-z", point.native()}, base::current_environment());
  } catch (const base::Error&) {
    // Without the program there was no such mount.
  }
}

const std::optional<base::Error>& why_not_mount(const fs::path& scratch) {
  static const std::optional<base::Error> reason = [&]() -> std::optional<base::Error> {
    try {
      const base::TempDir folder(scratch, "probe-");
      for (const char* name : {"root", "point"}) fs::create_directories(folder.path() / name);
      Order order;
      order.own_namespace = true;
      SessionOrder session;
      session.name = "probe";
      session.point = folder.path() / "point";
      session.root = folder.path() / "root";
      session.profile = "ideal";
      order.sessions.push_back(std::move(session));
      MountProcess::start(order).finish(std::chrono::seconds(5));
      return std::nullopt;
    } catch (const base::Error& error) {
      return error;
    }
  }();
  return reason;
}

}  // namespace fuse
