#include "meter/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.hpp"
#include "text/diagnostic.hpp"

namespace meter {
namespace {

using Steady = std::chrono::steady_clock;

struct Waited {
  Nanos slept = 0;
  Nanos queued = 0;
};

Waited& waited_here() {
  static thread_local Waited waited;
  return waited;
}

double since(Steady::time_point origin) {
  return std::chrono::duration<double, std::nano>(Steady::now() - origin).count();
}

class SleepingClock final : public Clock {
 public:
  explicit SleepingClock(double factor) : factor_(factor) {}
  Nanos now() const override { return static_cast<Nanos>(since(origin_) * factor_); }
  bool shared() const override { return true; }
  void stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  void wait(Nanos until) override {
    const auto real =
        std::chrono::duration<double, std::nano>(static_cast<double>(until) / factor_);
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, origin_ + std::chrono::ceil<Steady::duration>(real),
                        [&] { return stopped_; });
  }

  const Steady::time_point origin_ = Steady::now();
  const double factor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

class LedgerClock final : public Clock {
 public:
  Nanos now() const override { return static_cast<Nanos>(since(origin_)) + slept() + queued(); }
  bool shared() const override { return false; }

 private:
  void wait(Nanos) override {}

  const Steady::time_point origin_ = Steady::now();
};

}  // namespace

void Clock::sleep_until(Nanos when) {
  const Nanos from = now();
  if (when <= from) return;
  wait(when);
  waited_here().slept += when - from;
}

void Clock::sleep_for(Nanos time) {
  const Nanos until = now() + time;
  waited_here().slept += time;
  if (shared()) wait(until);  // else the thread's own time has moved by it already
}

void Clock::queue_until(Nanos when) {
  const Nanos from = now();
  if (when <= from) return;
  wait(when);
  waited_here().queued += when - from;
}

Nanos Clock::slept() {
  return waited_here().slept;
}

Nanos Clock::queued() {
  return waited_here().queued;
}

ClockChoice parse_clock(std::string_view text) {
  if (text == "real") return {};
  if (text == "ledger") return {ClockChoice::Kind::ledger, 1};
  if (text.starts_with("scale=")) {
    const auto factor = parse_number(text.substr(6));
    if (!factor || *factor < 1 || *factor > 1e6)
      throw base::Error(
          base::Code::usage,
          fmt::format("'{}' is no clock: the scale must be a number from 1 to 1000000", text))
          .hint("scale=10 lets ten cloud seconds pass in one");
    return {ClockChoice::Kind::scale, *factor};
  }
  throw base::Error(base::Code::usage, fmt::format("'{}' is no clock", text))
      .hint(text.starts_with("scale") ? "write scale=N, as in scale=10"
                                      : text::did_you_mean(text, {"real", "scale=N", "ledger"}));
}

std::unique_ptr<Clock> make_clock(const ClockChoice& choice) {
  if (choice.kind == ClockChoice::Kind::ledger) return std::make_unique<LedgerClock>();
  return std::make_unique<SleepingClock>(choice.factor);
}

}  // namespace meter
