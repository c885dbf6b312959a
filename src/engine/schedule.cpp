#include "engine/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace engine {

Schedule::Schedule(const Plan& plan, Rules rules)
    : plan_(plan),
      rules_(rules),
      consumers_(plan.steps.size()),
      open_inputs_(plan.steps.size(), 0),
      states_(plan.steps.size(), State::waiting),
      reasons_(plan.steps.size()) {
  for (std::size_t n = 0; n < plan.steps.size(); ++n) {
    for (const auto& input : plan.steps[n].inputs)
      if (const auto* from = std::get_if<Upstream>(&input.source)) {
        consumers_[from->step].push_back({n, input.optional});
        ++open_inputs_[n];
      }
    for (const std::size_t first : plan.steps[n].after) {
      consumers_[first].push_back({n, false});
      ++open_inputs_[n];
    }
    if (open_inputs_[n] == 0) ready_.insert(n);
  }
}

void Schedule::settle(std::size_t step) {
  resolve(step, State::done);
}

std::optional<std::size_t> Schedule::start_next() {
  if (canceled_ || stopped() || running_ >= rules_.jobs) return std::nullopt;
  const auto next = std::find_if(ready_.begin(), ready_.end(), [&](std::size_t n) {
    return !(gpu_running_ && plan_.steps[n].gpu);
  });
  if (next == ready_.end()) return std::nullopt;
  const std::size_t step = *next;
  ready_.erase(next);
  states_[step] = State::running;
  ++running_;
  gpu_running_ = gpu_running_ || plan_.steps[step].gpu;
  return step;
}

void Schedule::end(std::size_t step, Ending ending) {
  leave(step);
  failed_ = failed_ || ending == Ending::failed;
  resolve(step, ending == Ending::completed ? State::done : State::unfinished);
  stop_where_asked();
}

void Schedule::refuse(std::size_t step, std::string why) {
  if (states_[step] == State::running) leave(step);
  failed_ = true;
  refused_[step] = std::move(why);
  resolve(step, State::unfinished);
  stop_where_asked();
}

void Schedule::leave(std::size_t step) {
  --running_;
  if (plan_.steps[step].gpu) gpu_running_ = false;
}

void Schedule::stop_where_asked() {
  if (!stopped()) return;
  for (const std::size_t n : waiting()) {
    states_[n] = State::unfinished;
    reasons_[n] = "the run stopped at the first failure";
    hopeless_.insert(n);
  }
}

void Schedule::resolve(std::size_t step, State state) {
  std::vector<std::pair<std::size_t, State>> todo{{step, state}};
  while (!todo.empty()) {
    const auto [done, its_state] = todo.back();
    todo.pop_back();
    states_[done] = its_state;
    ready_.erase(done);
    const auto refused = refused_.find(done);
    for (const Edge& edge : consumers_[done]) {
      if (--open_inputs_[edge.consumer] == 0 && states_[edge.consumer] == State::waiting)
        ready_.insert(edge.consumer);
      // What a canceled run leaves was not skipped: it is canceled too.
      const bool optional = edge.optional && refused == refused_.end();
      if (its_state != State::unfinished || optional || canceled_ ||
          states_[edge.consumer] != State::waiting)
        continue;
      states_[edge.consumer] = State::unfinished;
      reasons_[edge.consumer] = refused != refused_.end() ? refused->second
                                                          : fmt::format("step '{}' did not finish",
                                                                        plan_.steps[done].path);
      hopeless_.insert(edge.consumer);
      todo.emplace_back(edge.consumer, State::unfinished);
    }
  }
}

std::vector<Schedule::Hopeless> Schedule::take_hopeless() {
  std::vector<Hopeless> taken;
  for (const std::size_t n : hopeless_) taken.push_back({n, reasons_[n]});
  hopeless_.clear();
  return taken;
}

std::vector<std::size_t> Schedule::waiting() const {
  std::vector<std::size_t> steps;
  for (std::size_t n = 0; n < states_.size(); ++n)
    if (states_[n] == State::waiting) steps.push_back(n);
  return steps;
}

model::Status Schedule::status() const {
  return canceled_ ? model::Status::canceled
         : failed_ ? model::Status::failed
                   : model::Status::completed;
}

}  // namespace engine
