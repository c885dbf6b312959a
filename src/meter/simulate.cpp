#include "meter/simulate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/error.hpp"

namespace meter {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

// A moment of one task: its next request comes, or begins to move its bytes. At one moment, tasks
// go in the order of their numbers.
struct Moment {
  Nanos time;
  std::uint64_t task;
  std::size_t request;
  bool arrives;

  bool operator>(const Moment& other) const {
    return time != other.time ? time > other.time : task > other.task;
  }
};

class Simulator {
 public:
  Simulator(std::span<const Request> requests, const CostProfile& profile)
      : requests_(requests), profile_(profile), account_(profile) {}

  Simulation run() {
    link();
    result_.requests.resize(requests_.size());
    ended_.resize(requests_.size());
    first_waiting_.assign(requests_.size(), none);
    next_waiting_.assign(requests_.size(), none);
    for (const std::size_t first : first_of_task_) come_to(first, 0);
    while (!moments_.empty()) {
      const Moment now = moments_.top();
      moments_.pop();
      if (now.arrives)
        arrive(now);
      else
        transfer(now.request, now.time);
    }
    result_.dollars = dollars(profile_, result_.cost);
    return std::move(result_);
  }

 private:
  // Each request's successor in its task.
  void link() {
    next_in_task_.assign(requests_.size(), none);
    std::unordered_map<std::uint64_t, std::size_t> last;
    for (std::size_t n = 0; n < requests_.size(); ++n) {
      if (requests_[n].after > n)
        throw base::Error(base::Code::internal, "a simulated request waits for a later one");
      const auto [known, is_first] = last.try_emplace(requests_[n].task, n);
      if (is_first)
        first_of_task_.push_back(n);
      else
        next_in_task_[std::exchange(known->second, n)] = n;
    }
  }

  // The task is free at `free_at`, and this request is its next.
  void come_to(std::size_t n, Nanos free_at) {
    const Request& request = requests_[n];
    if (request.after != 0 && !ended_[request.after - 1]) {
      // Begun, perhaps, but its end is not known yet: that request calls this one.
      result_.requests[n].begin = free_at;
      next_waiting_[n] = std::exchange(first_waiting_[request.after - 1], n);
      return;
    }
    const Nanos earliest = request.after == 0 ? 0 : result_.requests[request.after - 1].end;
    const Nanos begin = std::max(free_at, earliest) + request.pause;
    result_.requests[n].begin = begin;
    moments_.push({begin, request.task, n, true});
  }

  void arrive(const Moment& now) {
    const Request& request = requests_[now.request];
    const auto start = account_.admit(now.time);
    if (!start) return refuse(now);
    if (*start + request.extra > now.time)
      moments_.push({*start + request.extra, request.task, now.request, false});
    else
      transfer(now.request, now.time);
  }

  void refuse(const Moment& now) {
    const Request& request = requests_[now.request];
    Timed& timed = result_.requests[now.request];
    const Nanos answered = now.time + cost_of_refusal(profile_, request.op).latency;
    ++result_.refusals;
    if (timed.refusals == profile_.retry.retries) {
      timed.gave_up = true;
      return end(now.request, answered);
    }
    const Nanos pause = pause_before_retry(profile_, timed.refusals++, profile_.retry_after);
    moments_.push({answered + pause, request.task, now.request, true});
  }

  void transfer(std::size_t n, Nanos time) {
    const Request& request = requests_[n];
    const Cost cost = request.failed ? cost_of_refusal(profile_, request.op)
                                     : cost_of(profile_, request.op, request.amount, request.draw);
    result_.cost = result_.cost + cost;
    result_.busy += request.extra + alone(profile_, cost);
    end(n, account_.finish(time, cost));
  }

  void end(std::size_t n, Nanos time) {
    result_.requests[n].end = time;
    result_.end = std::max(result_.end, time);
    ended_[n] = true;
    if (next_in_task_[n] != none) come_to(next_in_task_[n], time);
    for (std::size_t waiting = first_waiting_[n]; waiting != none;) {
      const std::size_t next = next_waiting_[waiting];
      come_to(waiting, result_.requests[waiting].begin);
      waiting = next;
    }
  }

  std::span<const Request> requests_;
  const CostProfile& profile_;
  Account account_;
  Simulation result_;
  std::vector<std::size_t> first_of_task_;
  std::vector<std::size_t> next_in_task_;
  std::vector<bool> ended_;
  // The requests that wait for one: a list through the second vector.
  std::vector<std::size_t> first_waiting_;
  std::vector<std::size_t> next_waiting_;
  std::priority_queue<Moment, std::vector<Moment>, std::greater<>> moments_;
};

}  // namespace

Simulation simulate(std::span<const Request> requests, const CostProfile& profile) {
  return Simulator(requests, profile).run();
}

std::vector<Request> requests_of(const LedgerText& text, const FromLedger& options) {
  std::vector<Request> requests;
  std::unordered_map<std::uint64_t, std::uint64_t> last_of_task;  // 1 + index
  std::unordered_map<std::uint64_t, Nanos> free_since;  // task → end of its last request
  struct Cause {
    std::uint64_t task;
    std::uint64_t after;
  };
  std::unordered_map<std::uint64_t, Cause> operations;
  for (const Entry& entry : text.entries) {
    // A thread waits for its requests whichever binding they go through; who has no number is
    // told apart by the binding.
    const std::uint64_t task = entry.task != 0 ? entry.task : std::uint64_t{entry.session} << 32U;
    if (!is_request(entry.op)) {
      const auto last = last_of_task.find(task);
      operations[entry.number] = {task, last == last_of_task.end() ? 0 : last->second};
      continue;
    }
    if (entry.result == Result::refused) continue;
    Request request;
    request.op = entry.op;
    request.failed = entry.result == Result::failed;
    request.draw = entry.draw;
    request.amount = entry.bytes;
    request.task = task;
    if (const auto cause = operations.find(entry.cause);
        cause != operations.end() && cause->second.task != task)
      request.after = cause->second.after;
    if (options.recorded_under) {
      const Cost cost = request.failed
                            ? cost_of_refusal(*options.recorded_under, entry.op)
                            : cost_of(*options.recorded_under, entry.op, entry.bytes, entry.draw);
      const auto charge = static_cast<Nanos>(std::llround(entry.charge * 1e9));
      const Nanos own = alone(*options.recorded_under, cost);
      request.extra = charge > own ? charge - own : 0;
    }
    if (options.pauses) {
      const auto before = free_since.find(task);
      if (before != free_since.end() && entry.begin_ns > before->second)
        request.pause = entry.begin_ns - before->second;
      free_since[task] = entry.end_ns;
    }
    requests.push_back(request);
    last_of_task[task] = requests.size();
  }
  return requests;
}

}  // namespace meter
