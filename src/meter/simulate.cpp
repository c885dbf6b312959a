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

Nanos extra_of(const Entry& entry, const CostProfile& profile) {
  const Cost cost = entry.result == Result::failed
                        ? cost_of_refusal(profile, entry.op)
                        : cost_of(profile, entry.op, entry.bytes, entry.draw);
  const auto charge = static_cast<Nanos>(std::llround(entry.charge * 1e9));
  const Nanos own = alone(profile, cost);
  return charge > own ? charge - own : 0;
}

namespace {

// A thread waits for its requests whichever binding they go through; who has no number is told
// apart by the binding.
std::uint64_t task_of(const Entry& entry) {
  return entry.task != 0 ? entry.task : std::uint64_t{entry.session} << 32U;
}

// Whose operations asked for something. An operation's entry comes after those of its requests, as
// it ends after them.
using Askers = std::unordered_map<std::uint64_t, std::uint64_t>;  // operation → task

Askers askers_in(const LedgerText& text) {
  Askers askers;
  for (const Entry& entry : text.entries)
    if (is_request(entry.op) && entry.cause != 0) askers.try_emplace(entry.cause, 0);
  for (const Entry& entry : text.entries) {
    if (is_request(entry.op)) continue;
    if (const auto found = askers.find(entry.number); found != askers.end())
      found->second = task_of(entry);
  }
  return askers;
}

// Requests of a record, one after the other; what a request waits for is in the same list.
class Gatherer {
 public:
  Gatherer(const FromLedger& options, const Askers& askers) : options_(options), askers_(askers) {}

  void take(const Entry& entry) {
    if (!is_request(entry.op) || entry.result == Result::refused) return;
    const std::uint64_t task = task_of(entry);
    Request request;
    request.op = entry.op;
    request.failed = entry.result == Result::failed;
    request.draw = entry.draw;
    request.amount = entry.bytes;
    request.task = task;
    if (const auto asker = askers_.find(entry.cause);
        asker != askers_.end() && asker->second != 0 && asker->second != task)
      request.after = last_before(asker->second, entry.cause);
    if (options_.recorded_under) request.extra = extra_of(entry, *options_.recorded_under);
    if (options_.pauses) {
      const auto before = free_since_.find(task);
      if (before != free_since_.end() && entry.begin_ns > before->second)
        request.pause = entry.begin_ns - before->second;
      free_since_[task] = entry.end_ns;
    }
    requests_.push_back(request);
    asked_[task].emplace_back(entry.number, requests_.size());
  }

  std::vector<Request> requests() { return std::move(requests_); }

 private:
  // The task's last request before that operation: 1 + its index, 0 for none.
  std::uint64_t last_before(std::uint64_t task, std::uint64_t operation) const {
    const auto known = asked_.find(task);
    if (known == asked_.end()) return 0;
    const auto& asked = known->second;
    const auto later =
        std::upper_bound(asked.begin(), asked.end(), operation,
                         [](std::uint64_t number, const auto& one) { return number < one.first; });
    return later == asked.begin() ? 0 : std::prev(later)->second;
  }

  const FromLedger& options_;
  const Askers& askers_;
  std::vector<Request> requests_;
  // By task, of each of its requests the number, and 1 + its index.
  std::unordered_map<std::uint64_t, std::vector<std::pair<std::uint64_t, std::uint64_t>>> asked_;
  std::unordered_map<std::uint64_t, Nanos> free_since_;  // task → end of its last request
};

// Batches of requests, told apart by a number of each; in the order in which they begin.
class Batches {
 public:
  Batches(const FromLedger& options, const Askers& askers) : options_(options), askers_(askers) {}

  void take(const Entry& entry, std::uint64_t batch) {
    if (known_.empty() || last_ != batch) {
      last_ = batch;
      known_.emplace_back(options_, askers_);
    }
    known_.back().take(entry);
  }
  std::vector<std::vector<Request>> requests() {
    std::vector<std::vector<Request>> all;
    for (auto& batch : known_) all.push_back(batch.requests());
    return all;
  }

 private:
  const FromLedger& options_;
  const Askers& askers_;
  std::vector<Gatherer> known_;
  std::uint64_t last_ = 0;
};

}  // namespace

std::vector<Request> requests_of(const LedgerText& text, const FromLedger& options) {
  const Askers askers = askers_in(text);
  Gatherer all(options, askers);
  for (const Entry& entry : text.entries) all.take(entry);
  return all.requests();
}

Phases phases_of(const LedgerText& text, const FromLedger& options) {
  enum class Kind { mount, download, upload };
  std::vector<Kind> kinds;
  for (std::size_t n = 0; n < text.sessions.size(); ++n) {
    const std::string mode = note_of(text, static_cast<std::uint16_t>(n)).mode;
    kinds.push_back(mode == "download" ? Kind::download
                    : mode == "upload" ? Kind::upload
                                       : Kind::mount);
  }
  const Askers askers = askers_in(text);
  Batches before(options, askers), after(options, askers);
  Gatherer during(options, askers);
  for (const Entry& entry : text.entries) {
    const Kind kind = entry.session < kinds.size() ? kinds[entry.session] : Kind::mount;
    const std::uint64_t binding = std::uint64_t{entry.session} << 1U;
    if (!is_request(entry.op))
      during.take(entry);
    else if (kind == Kind::download)
      // Files are fetched side by side, when their listing is there.
      before.take(entry, binding + (entry.op == Op::list || entry.op == Op::head ? 0 : 1));
    else if (kind == Kind::upload || (entry.task == 0 && entry.cause == 0 && entry.handle == 0))
      after.take(entry, binding);
    else
      during.take(entry);
  }
  return {before.requests(), during.requests(), after.requests()};
}

Simulation simulate(const Phases& phases, const CostProfile& profile) {
  Simulation all;
  const auto add = [&](const std::vector<Request>& batch) {
    Simulation one = simulate(std::span(batch), profile);
    for (Timed& timed : one.requests) {
      timed.begin += all.end;
      timed.end += all.end;
      all.requests.push_back(timed);
    }
    all.end += one.end;
    all.busy += one.busy;
    all.cost = all.cost + one.cost;
    all.refusals += one.refusals;
  };
  for (const auto& batch : phases.before) add(batch);
  add(phases.during);
  for (const auto& batch : phases.after) add(batch);
  all.dollars = dollars(profile, all.cost);
  return all;
}

}  // namespace meter
