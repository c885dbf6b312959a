#include "harness/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace harness {

CommandEnd run_command(std::vector<std::string> argv, const base::Variables& environment,
                       const fs::path& folder, const fs::path& output, const base::Cancel& stop) {
  // posix_spawn cannot change the folder everywhere; env can.
  argv.insert(argv.begin(), {"env", "-C", folder.native()});
  const base::Fd nothing = base::open_file("/dev/null", O_RDONLY);
  const base::Fd out = base::open_file(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  CommandEnd end;
  {
    auto child = base::Child::spawn(
        {argv, environment, {{nothing.get(), 0}, {out.get(), 1}, {out.get(), 2}}, true});
    const base::Fd ended(static_cast<int>(
        base::sys("watch", argv.at(3), [&] { return ::syscall(SYS_pidfd_open, child.pid(), 0); })));
    pollfd watched[] = {{ended.get(), POLLIN, 0}, {stop.poll_fd(), POLLIN, 0}};
    base::sys("wait for", argv.at(3), [&] { return ::poll(watched, 2, -1); });
    end.stopped = watched[0].revents == 0;
    // What it left behind in its group goes, too.
    ::kill(-child.pid(), SIGKILL);
    end.status = child.wait();
  }
  end.output = base::read_file(output);
  return end;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status))
                             : fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace harness
