// A request to stop, which any thread can make and a poll loop can wait for.
#pragma once

#include <atomic>

#include "base/fd.hpp"

namespace base {

class Cancel {
 public:
  Cancel();
  // Asks once; further calls change nothing. Safe from any thread.
  void request();
  bool requested() const { return requested_.load(std::memory_order_acquire); }
  // Becomes readable, and stays so, once requested: for poll(2).
  int poll_fd() const { return event_.get(); }

 private:
  std::atomic<bool> requested_ = false;
  Fd event_;
};

}  // namespace base
