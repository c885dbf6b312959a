// Threads that fetch blocks beside the one that is waited for.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fuse {

class Fetchers {
 public:
  explicit Fetchers(std::size_t threads) : most_(threads) {}
  Fetchers(const Fetchers&) = delete;
  Fetchers& operator=(const Fetchers&) = delete;
  // What has not begun is given up.
  ~Fetchers();

  // Runs `job` on one of the threads, which start when first needed. A long queue drops its oldest
  // jobs: they were guesses.
  void post(std::function<void()> job);

 private:
  void work();

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fuse
