// What the verbs `step run|debug|shell` share: the step's words, the step itself, and how it is
// drawn.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/mounting_options.hpp"
#include "cli/options.hpp"
#include "cli/project.hpp"
#include "cli/verb.hpp"
#include "events/sink.hpp"
#include "harness/alone.hpp"

namespace cli {

struct StepArgs {
  std::string file;
  std::vector<std::string> in;
  std::vector<std::string> set;
  std::vector<std::string> mode;
  std::vector<std::string> env;
  std::string bench;
  std::string to;
  bool keep = false;
  std::vector<std::string> pass_env;
  MountingOptions mounting;
  std::string sdk = "shim";
  std::string at;  // a run
  bool check = false;
  std::vector<std::string> arguments;  // of a definition in Python
};

// All but --bench, --keep, --at and --check, which some have.
void declare_step(Options&, StepArgs&);

// A step's file and the project that it lies in.
struct Bound {
  // Throws usage for a wrong --sdk and for words that only a definition in Python takes.
  Bound(const StepArgs&, App&);
  Bound(const Bound&) = delete;

  // Draws the definition's problems; throws bad_definition where one is an error.
  harness::Isolated isolate(const StepArgs&, App&) const;

  FileAndStep named;
  Project project;
  engine::Surroundings surroundings;
};

// `step debug` and `step shell`.
std::vector<Verb> verbs_of_step_debug();

// For --check: throws bad_input, when they are drawn, where the script has problems; and whether
// each declared output holds something, when those that hold nothing are drawn.
void check_before(const harness::Isolated&, const engine::Surroundings&, App&);
bool check_after(const harness::Isolated&, App&);

// "train alone: clean from …" and "outputs (model): …".
void show_beginning(const harness::Isolated&, App&);
void show_outputs(const harness::Isolated&, App&);

// Draws a step that runs alone: no run to speak of, and nothing to resume.
class Alone final : public events::Sink {
 public:
  explicit Alone(App& app) : app_(app) {}
  void on(const events::Stamped&) override;

 private:
  void draw(const events::StepEnded&);

  App& app_;
  std::string log_;
};

}  // namespace cli
