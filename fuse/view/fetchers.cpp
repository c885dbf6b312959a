#include "fuse/view/fetchers.hpp"

namespace fuse {
namespace {

constexpr std::size_t longest_queue = 1024;

}  // namespace

Fetchers::~Fetchers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Fetchers::post(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (jobs_.size() == longest_queue) jobs_.pop_front();
  jobs_.push_back(std::move(job));
  if (idle_ == 0 && threads_.size() < most_) threads_.emplace_back([this] { work(); });
  wake_.notify_one();
}

void Fetchers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    --idle_;
    if (ending_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace fuse
