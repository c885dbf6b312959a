// The optimiser behind a bayesian sweep: optuna, where the step's own interpreter has it, in a
// process of its own that is asked and told.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sampling.hpp"
#include "step/step.hpp"

namespace engine {

class Optimiser {
 public:
  // Starts it with the interpreter. Throws unavailable where that has no optuna, saying what to
  // install. `seed` where the sweep has none.
  Optimiser(const model::Sweep&, const step::Runtime&, const base::Variables& environment,
            std::uint64_t seed);
  ~Optimiser();

  // "optuna 4.1.0"
  const std::string& name() const;
  // The values of the trial of that number. Throws unavailable when the process has gone.
  TrialValues ask(std::size_t trial);
  // What came of it: the best value of the primary metric, or nothing. Throws as `ask` does.
  void tell(std::size_t trial, std::optional<double> value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The script that is the process, by its name.
std::map<std::string, std::string_view> optimiser_files();

}  // namespace engine
