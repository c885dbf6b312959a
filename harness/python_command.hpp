// The Pythons that a step's command starts, found in the shell's text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace harness {

struct PythonCommand {
  std::string program;  // as written: "python", "/opt/env/bin/python3"
  std::vector<std::string>
      words;           // behind its own options: script or -m MODULE or -c CODE, and ARGS
  std::size_t at = 0;  // the byte in the command at which these words begin
};

// In the order of the text, with quotes taken off; an expression ${{…}} is part of a word. Not
// found is what stands in a substitution `$(…)`, in a variable or in another script, and a Python
// that reads its program from stdin.
std::vector<PythonCommand> python_commands(const std::string& command);

// "train.py", "-m pkg.train", "-c …": what a user calls it.
std::string title(const PythonCommand&);

// A word as bash takes it literally.
std::string shell_quoted(const std::string&);

}  // namespace harness
