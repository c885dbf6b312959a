#include "harness/runner.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <thread>

#include "base/error.hpp"
#include "engine/inbox.hpp"

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;

// A case that runs now.
struct Running {
  base::Cancel stop;
  std::atomic<bool> hung = false;
  Clock::time_point deadline;
  std::jthread thread;
};

class Runner {
 public:
  Runner(const std::vector<const Case*>& cases, int jobs, int interrupted,
         const std::function<const Judging&(const Case&)>& judging,
         const std::function<void(const Verdict&)>& tell)
      : cases_(cases), jobs_(jobs), interrupted_(interrupted), judging_(judging), tell_(tell) {}

  std::vector<Verdict> run() {
    verdicts_.resize(cases_.size());
    for (;;) {
      while (!stopped_ && next_ < cases_.size() &&
             running_.size() < static_cast<std::size_t>(jobs_))
        start(next_++);
      if (running_.empty()) break;
      wait();
    }
    for (; next_ < cases_.size(); ++next_) {
      verdicts_[next_].test = cases_[next_];
      verdicts_[next_].kind = Verdict::Kind::canceled;
    }
    return std::move(verdicts_);
  }

 private:
  void start(std::size_t n) {
    const Case& test = *cases_[n];
    const Judging& judging = judging_(test);
    auto running = std::make_unique<Running>();
    running->deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(test.timeout));
    Running* at = running.get();
    running->thread = std::jthread([this, n, at, &test, &judging] {
      Verdict verdict = run_case(test, judging, at->stop, [at] { return at->hung.load(); });
      inbox_.post({n, std::move(verdict)});
    });
    running_.emplace(n, std::move(running));
  }

  void wait() {
    pollfd watched[] = {{inbox_.poll_fd(), POLLIN, 0}, {stopped_ ? -1 : interrupted_, POLLIN, 0}};
    base::sys("wait for tests", "", [&] { return ::poll(watched, 2, until_next_deadline()); });
    if (watched[1].revents != 0) {
      stopped_ = true;
      for (auto& [n, running] : running_) running->stop.request();
    }
    for (auto& [n, running] : running_)
      if (Clock::now() >= running->deadline && !running->stop.requested()) {
        running->hung = true;
        running->stop.request();
      }
    for (auto& [n, verdict] : inbox_.take()) {
      running_.erase(n);  // joins a thread that has nothing left to do
      tell_(verdict);
      verdicts_[n] = std::move(verdict);
    }
  }

  int until_next_deadline() const {
    auto next = Clock::time_point::max();
    for (const auto& [n, running] : running_)
      if (!running->stop.requested()) next = std::min(next, running->deadline);
    if (next == Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
  }

  const std::vector<const Case*>& cases_;
  const int jobs_;
  const int interrupted_;
  const std::function<const Judging&(const Case&)>& judging_;
  const std::function<void(const Verdict&)>& tell_;
  std::vector<Verdict> verdicts_;
  std::size_t next_ = 0;
  bool stopped_ = false;
  engine::Inbox<std::pair<std::size_t, Verdict>> inbox_;
  std::map<std::size_t, std::unique_ptr<Running>> running_;
};

}  // namespace

std::vector<Verdict> run_cases(const std::vector<const Case*>& cases, int jobs, int interrupted,
                               const std::function<const Judging&(const Case&)>& judging,
                               const std::function<void(const Verdict&)>& tell) {
  return Runner(cases, jobs, interrupted, judging, tell).run();
}

void judge_durations(std::vector<Verdict>& verdicts) {
  for (auto& verdict : verdicts) {
    if (verdict.kind != Verdict::Kind::passed || !verdict.test->expect.is_map()) continue;
    const auto* rule = verdict.test->expect.find("duration");
    const auto* of = rule ? rule->find("of") : nullptr;
    const auto* most = rule ? rule->find("at_most") : nullptr;
    if (!of || !most) continue;
    const auto other = std::find_if(verdicts.begin(), verdicts.end(), [&](const Verdict& each) {
      return each.test->file == verdict.test->file && each.test->name == of->scalar;
    });
    std::string what;
    if (other == verdicts.end())
      what = fmt::format("duration: test '{}' did not run in this call", of->scalar);
    else if (other->kind != Verdict::Kind::passed)
      what = fmt::format("duration: '{}' did not pass", of->scalar);
    else if (verdict.step_seconds > other->step_seconds * most->as_real())
      what =
          fmt::format("duration: {:.2f} s, {:.2f} times the {:.2f} s of '{}', expected at most {}",
                      verdict.step_seconds, verdict.step_seconds / other->step_seconds,
                      other->step_seconds, of->scalar, most->scalar);
    if (what.empty()) continue;
    verdict.kind = Verdict::Kind::failed;
    verdict.findings.push_back({rule->place, std::move(what), ""});
  }
}

}  // namespace harness
