// A sleeping clock without sleep: tasks run one at a time, and time jumps to whoever is next.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "meter/clock.hpp"

namespace support {

class FakeTime final : public meter::Clock {
 public:
  using Nanos = meter::Nanos;

  Nanos now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  bool shared() const override { return true; }

  // Runs every task in a thread of its own, one at a time; at one moment in their order. Returns
  // the time when the last one ended. Outside of it the clock jumps at once.
  Nanos run(const std::vector<std::function<void()>>& tasks) {
    for (std::size_t n = 0; n < tasks.size(); ++n) asleep_.emplace(now_, n);
    running_ = true;
    next();
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < tasks.size(); ++n)
      threads.emplace_back([&, n] {
        me() = n;
        await(n);
        tasks[n]();
        const std::lock_guard lock(mutex_);
        next();
      });
    for (auto& thread : threads) thread.join();
    running_ = false;
    return now_;
  }

 private:
  static std::size_t& me() {
    static thread_local std::size_t number = 0;
    return number;
  }

  void wait(Nanos until) override {
    {
      const std::lock_guard lock(mutex_);
      if (!running_) {
        now_ = until;
        return;
      }
      asleep_.emplace(until, me());
      next();
    }
    await(me());
  }

  void next() {
    if (asleep_.empty()) return;
    now_ = asleep_.begin()->first;
    turn_ = asleep_.begin()->second;
    asleep_.erase(asleep_.begin());
    changed_.notify_all();
  }

  void await(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == n; });
    turn_ = static_cast<std::size_t>(-1);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::pair<Nanos, std::size_t>> asleep_;
  Nanos now_ = 0;
  std::size_t turn_ = static_cast<std::size_t>(-1);
  bool running_ = false;
};

}  // namespace support
