#include "fuse/kernel/mount.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem/operations.hpp>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "fuse/kernel/device.hpp"
#include "fuse/kernel/ops.hpp"

namespace fuse {
namespace {

struct Arguments {
  fuse_args value = FUSE_ARGS_INIT(0, nullptr);
  Arguments() { fuse_opt_add_arg(&value, "amlocal"); }
  ~Arguments() { fuse_opt_free_args(&value); }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  void add(const std::string& option) {
    fuse_opt_add_arg(&value, "-o");
    fuse_opt_add_arg(&value, option.c_str());
  }
};

constexpr int waking_signal = SIGUSR1;

void let_signal_wake() {
  struct sigaction waking {};
  waking.sa_handler = [](int) {};  // without SA_RESTART: what waits goes on
  ::sigaction(waking_signal, &waking, nullptr);
}

void check_point(const fs::path& point) {
  struct stat own {};
  struct stat above {};
  if (::lstat(point.c_str(), &own) != 0) {
    if (errno == ENOTCONN)
      throw base::Error(base::Code::conflict,
                        fmt::format("'{}' holds a mount whose server has died", point.native()))
          .hint(fmt::format("amlocal umount {}", point.native()));
    const int why = errno;
    base::Error error = base::os_error("mount on", point.native(), why);
    if (why == ENOENT) error.hint(fmt::format("make it first: mkdir {}", point.native()));
    throw error;
  }
  if (!S_ISDIR(own.st_mode))
    throw base::Error(base::Code::bad_input,
                      fmt::format("the mount point '{}' is no folder", point.native()))
        .hint("give an empty folder");
  if (::stat(point.parent_path().c_str(), &above) == 0 && above.st_dev != own.st_dev)
    throw base::Error(base::Code::conflict,
                      fmt::format("something is already mounted on '{}'", point.native()))
        .hint(fmt::format("amlocal umount {}, or choose another folder", point.native()));
  boost::system::error_code ignored;
  if (!fs::is_empty(point, ignored))
    throw base::Error(base::Code::conflict,
                      fmt::format("the mount point '{}' is not empty", point.native()))
        .hint("a mount would hide what is in it; choose an empty folder");
}

base::Error refused(const fs::path& point) {
  base::Error error(base::Code::unavailable, fmt::format("cannot mount on '{}'", point.native()));
  if (::access("/dev/fuse", F_OK) != 0)
    error.hint(
        "there is no /dev/fuse: in a container, start it with --device /dev/fuse --cap-add "
        "SYS_ADMIN");
  else if (::access("/dev/fuse", R_OK | W_OK) != 0)
    error.hint("you may not open /dev/fuse: install fuse3, or ask for access to it");
  else
    error.hint("install fuse3 (apt install fuse3)");
  return error;
}

}  // namespace

struct Mount::State {
  Connection connection;
  fs::path point;
  fuse_session* session = nullptr;
  std::thread server;
  bool read_only = false;
  std::atomic<bool> ended = false;

  explicit State(FileSystem& view) : connection{view, view.traits()} {}

  // Pages of maps first: the view can only send what the kernel has given it. A child of its own
  // waits for the mount: whoever serves it must not, as a fault may kill it at any request.
  void write_back() const {
    const char* const path = point.c_str();
    const pid_t child = ::fork();
    if (child == 0) {
      ::close_range(0, ~0U, 0);  // the device above all: a mount ends with its last descriptor
      const int fd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (fd >= 0) ::syncfs(fd);
      ::_exit(0);
    }
    while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  ~State() {
    if (session == nullptr) return;
    fuse_session_exit(session);
    unmount();
    end_loop();
    fuse_session_destroy(session);
  }

  // Lazily: a step may keep a file open there, or stand in it.
  void unmount() const {
    if (::umount2(point.c_str(), MNT_DETACH) != 0) fuse_session_unmount(session);
  }

  // The kernel hangs up only when nobody stands in the mount any more: that must not be waited for.
  // libfuse's loop looks at fuse_session_exit() when a signal interrupts its sem_wait; one that
  // comes just before that is lost, so it is sent again.
  void end_loop() {
    while (server.joinable() && !ended) {
      ::pthread_kill(server.native_handle(), waking_signal);
      ::poll(nullptr, 0, 1);
    }
    if (server.joinable()) server.join();
  }

  void serve() {
    fuse_loop_config* config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, 1);
    fuse_loop_cfg_set_idle_threads(config, 8);
    fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    ended = true;
    connection.enter(Connection::Phase::ended);
  }
};

Mount::Mount(std::unique_ptr<State> state) : state_(std::move(state)) {}
Mount::Mount(Mount&&) noexcept = default;
Mount::~Mount() = default;

Mount Mount::start(FileSystem& view, const MountOptions& options) {
  // libfuse looks up a last "." only after the mount is there, and that waits for this process.
  const fs::path point = base::folder_path(options.point);
  check_point(point);
  // libfuse would say it to the terminal, too.
  if (::access("/dev/fuse", R_OK | W_OK) != 0) throw refused(point);
  Arguments arguments;
  arguments.add("fsname=" + options.name);
  arguments.add("subtype=amlocal");
  arguments.add("default_permissions");
  if (options.read_only) arguments.add("ro");
  if (options.for_others) arguments.add("allow_other");
  if (options.ends_with_process) arguments.add("auto_unmount");
  auto state = std::make_unique<State>(view);
  state->point = point;
  state->read_only = options.read_only;
  const fuse_lowlevel_ops ops = operations(view.traits());
  state->session = fuse_session_new(&arguments.value, &ops, sizeof ops, &state->connection);
  if (state->session == nullptr) throw refused(point);
  if (fuse_session_mount(state->session, point.c_str()) != 0) {
    fuse_session_destroy(std::exchange(state->session, nullptr));
    throw refused(point);
  }
  speak_for(state->session);
  let_signal_wake();
  state->server = std::thread([s = state.get()] { s->serve(); });
  return Mount(std::move(state));
}

void Mount::wait_ready() const {
  // Not by a look at the mount: killed while it waits for its own answer, this process would never
  // end.
  state_->connection.phase.wait(Connection::Phase::starting);
  if (state_->connection.phase == Connection::Phase::ended)
    throw base::Error(base::Code::unavailable,
                      fmt::format("the kernel gave up the mount on '{}'", state_->point.native()))
        .hint("see `dmesg`, then try again");
}

std::vector<FileSystem::Unsent> Mount::finish(bool send) {
  if (!state_->read_only) state_->write_back();
  auto unsent = send ? state_->connection.view.send_all() : state_->connection.view.unsent();
  state_.reset();
  return unsent;
}

bool Mount::ended() const {
  return !state_ || state_->ended;
}

}  // namespace fuse
