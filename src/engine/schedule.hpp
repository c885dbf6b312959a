// Which step may start next, and which never will: the state of a run's steps, without the running.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/plan.hpp"

namespace engine {

class Schedule {
 public:
  struct Rules {
    int jobs = 1;  // steps side by side
    bool continue_on_step_failure = true;
  };
  Schedule(const Plan&, Rules);

  // The step needs no running: an earlier run finished it, or nobody asked for it.
  void settle(std::size_t step);

  // The first step, in the plan's order, that may start now; it counts as running from here on.
  // Steps that use a GPU start only when no other such step runs.
  std::optional<std::size_t> start_next();

  // A running step has ended.
  enum class Ending { completed, failed, canceled };
  void end(std::size_t step, Ending);

  // What a step made, now or in the run that stands for it, may not be used: nothing that needs it
  // starts, and the run has failed. `why` becomes the reason of what is given up.
  void refuse(std::size_t step, std::string why);

  // The user stops the run: nothing starts any more.
  void cancel() { canceled_ = true; }

  // Whether a failure has stopped the run (continue_on_step_failure is false): running steps are to
  // be canceled. Source: reference-yaml-job-pipeline, settings.continue_on_step_failure.
  bool stopped() const { return failed_ && !rules_.continue_on_step_failure; }
  int running() const { return running_; }

  // Steps that will not run, each reported once, in the plan's order. A step whose required input
  // comes from one that did not finish is skipped; one whose optional input does runs without it.
  // Source: how-to-manage-inputs-outputs-pipeline, optional inputs.
  struct Hopeless {
    std::size_t step;
    std::string reason;
  };
  std::vector<Hopeless> take_hopeless();

  // Steps that have neither run nor been given up: what a canceled run leaves.
  std::vector<std::size_t> waiting() const;
  // Failed when a step failed, whatever became of the others; Canceled when the user stopped it.
  model::Status status() const;

 private:
  enum class State { waiting, running, done, unfinished };

  void resolve(std::size_t step, State);
  void leave(std::size_t step);
  void stop_where_asked();

  const Plan& plan_;
  Rules rules_;
  struct Edge {
    std::size_t consumer;
    bool optional;
  };
  std::vector<std::vector<Edge>> consumers_;
  std::vector<std::size_t> open_inputs_;  // how many inputs still wait for their step
  std::vector<State> states_;
  std::set<std::size_t> ready_;
  std::set<std::size_t> hopeless_;
  std::vector<std::string> reasons_;
  std::map<std::size_t, std::string> refused_;
  int running_ = 0;
  bool gpu_running_ = false;
  bool failed_ = false;
  bool canceled_ = false;
};

}  // namespace engine
