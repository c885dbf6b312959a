// Reads, validates and plans a pipeline of many steps in this process, several times:
//
//     plan_bench FILE ROUNDS
//
// prints a line a round: milliseconds, of these on a processor, steps.
#include <chrono>
#include <ctime>
#include <iostream>

#include "definition/definition.hpp"
#include "engine/plan.hpp"
#include "support/catalogue.hpp"

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: plan_bench FILE ROUNDS\n";
    return 2;
  }
  const int rounds = std::stoi(arguments[2]);
  for (int round = 0; round < rounds; ++round) {
    const auto began = std::chrono::steady_clock::now();
    const std::clock_t cpu_began = std::clock();
    text::Diagnostics diagnostics;
    const auto job =
        definition::load_job(fs::path(arguments[1]), {}, support::BareCatalogue(), diagnostics);
    if (!job || !diagnostics.ok()) {
      for (const auto& diagnostic : diagnostics.all()) std::cerr << text::render(diagnostic, false);
      return 1;
    }
    const engine::Plan plan = engine::make_plan(*job);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    const double cpu = 1000.0 * static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC;
    std::cout << took.count() << ' ' << cpu << ' ' << plan.steps.size() << '\n';
  }
  return 0;
}
