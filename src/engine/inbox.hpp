// Messages from worker threads to the one loop that owns the state.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace engine {

template <class Message>
class Inbox {
 public:
  Inbox()
      : event_(base::sys("make an event", "",
                         [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {}

  // From any thread.
  void post(Message message) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(event_.get(), &one, sizeof one);
  }

  // Everything posted since the last call; never waits.
  std::vector<Message> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(event_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(messages_, {});
  }

  // Readable while something is posted: for poll(2).
  int poll_fd() const { return event_.get(); }

 private:
  base::Fd event_;
  std::mutex mutex_;
  std::vector<Message> messages_;
};

}  // namespace engine
