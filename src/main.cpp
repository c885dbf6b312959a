// The program: wires the machine to the command line.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <iostream>

#include "cli/app.hpp"

namespace {

// A descriptor that was closed by the caller would be given to the next file that is opened: what
// is printed would end in a journal.
void fill_standard_descriptors() {
  int number = 0;
  while ((number = ::open("/dev/null", O_RDWR)) >= 0 && number <= STDERR_FILENO) {
  }
  if (number >= 0) ::close(number);
}

// Somebody who reads no further, as `head` does, has seen what he wanted.
bool reader_has_gone() {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const base::SystemClock clock;
  const base::Variables environment = base::current_environment();
  const bool terminal =
      ::isatty(STDOUT_FILENO) != 0 && base::variable(environment, "TERM") != "dumb";
  boost::system::error_code failed;
  cli::App app{std::cout,
               std::cerr,
               environment,
               clock,
               fs::current_path(failed),
               terminal,
               terminal && base::variable(environment, "NO_COLOR").empty(),
               [] {
                 winsize size{};
                 const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
                 return std::size_t{known && size.ws_col > 0 ? size.ws_col : 80U};
               },
               terminal && ::isatty(STDIN_FILENO) != 0 ? &std::cin : nullptr,
               &std::cin};
  const int status = cli::main(app, {argv + 1, argv + argc});
  if (std::cout.flush() || reader_has_gone()) return status;
  std::cerr << "amlocal: error: cannot write everything to the standard output\n"
               "  hint: what was to be shown is cut; free some space there and ask again\n";
  return status == 0 ? 1 : status;
}
