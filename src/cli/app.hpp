// What every verb is given instead of globals, so that the whole program can be called in a test.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "workspace/workspace.hpp"

namespace cli {

struct App {
  std::ostream& out;
  std::ostream& err;
  base::Variables environment;
  const base::Clock& clock;
  fs::path here;          // the current folder
  bool terminal = false;  // `out` is a terminal: lines may be updated in place
  bool colour = false;    // a terminal, and NO_COLOR is not set
  // The terminal's width at this moment: a window may be resized.
  std::function<std::size_t()> columns = [] { return std::size_t{80}; };
  std::istream* answers = nullptr;  // who can be asked; null where nobody sits there
  std::istream* input = nullptr;    // what is piped in, for the verbs that read it
};

// Runs one command line (without the program's name) and returns the exit status. Every Error is
// drawn here, on `err`; nothing is thrown.
int main(App& app, const std::vector<std::string>& words);

}  // namespace cli
