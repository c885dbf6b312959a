#include "cli/stop.hpp"

#include <signal.h>

namespace cli {

void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int exit_status(model::Status status) {
  return status == model::Status::completed ? 0 : status == model::Status::canceled ? 130 : 1;
}

}  // namespace cli
