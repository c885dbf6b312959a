// A step with somebody beside it: a debugger, or a person in a shell.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compute/interpreter.hpp"
#include "harness/alone.hpp"
#include "harness/python_command.hpp"

namespace harness {

// What the step's interpreter says of itself.
struct Probe {
  compute::Interpreter interpreter;
  std::string debugpy;             // its version, "" where it is not installed
  std::vector<fs::path> editable;  // folders of packages that are installed as links to sources
};
// Starts it once, some 50 ms. Throws unavailable where there is none.
Probe probe(const Isolated&, const engine::Surroundings&);

// Something that is wrong with the script before it runs.
struct Problem {
  std::string file;  // where the user has it, as a message shows it; "" where it has no file
  int line = 0;      // 0: none
  std::string text;
};
// Compiles the script and what it imports of the step's own, resolves its imports and holds the
// command's arguments against its argparse where that can be seen; nothing of it is executed.
// Nothing for a command without a Python that can be seen.
std::vector<Problem> check(const Isolated&, const engine::Surroundings&);

struct Attending {
  enum class How { wait, pdb, pause_before, pause_after, pause_error, shell };
  How how = How::wait;
  int port = 0;           // of wait; 0: one that is free
  bool in_place = false;  // in the user's own folder
  fs::path here;          // where the user is: whose .vscode it is that gets an entry
};

// Which folder of the user's a folder of the running step is: for breakpoints, the specific first.
using PathMappings = std::vector<std::pair<fs::path, fs::path>>;

// What a step that is attended has told.
struct Ready {
  int port = 0;          // of wait
  fs::path launch_json;  // of wait: where an entry of this name is now
  std::string entry;
  std::string enter;  // of pause: the command that opens a shell in it
};

// Changes the isolated step so that it is attended, and watches it while it runs: a listener for
// harness::run. Its time-out does not count. What it needs lies in the bench's folder. Throws
// unavailable where debugpy or a terminal is missing, conflict for a port that is taken, and
// bad_input for a command in which no Python can be seen.
class Attendant final : public events::Sink {
 public:
  Attendant(Isolated&, const Attending&, const engine::Surroundings&,
            std::function<void(const Ready&)> tell);
  ~Attendant() override;

  // "python train.py", of several commands the one that is debugged; "" for a shell or a pause.
  const std::string& target() const;
  void on(const events::Stamped&) override;
  void tick(base::Time) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The helper's files by name.
std::map<std::string, std::string_view> debug_files();

}  // namespace harness
