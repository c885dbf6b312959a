#include "base/cancel.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "base/error.hpp"

namespace base {

Cancel::Cancel()
    : event_(sys("make an event", "", [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {}

void Cancel::request() {
  if (requested_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(event_.get(), &one, sizeof one);
}

}  // namespace base
