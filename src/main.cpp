// The program: wires the machine to the command line.
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>
#include <iostream>

#include "cli/app.hpp"

int main(int argc, char** argv) {
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
               terminal && ::isatty(STDIN_FILENO) != 0 ? &std::cin : nullptr};
  return cli::main(app, {argv + 1, argv + argc});
}
