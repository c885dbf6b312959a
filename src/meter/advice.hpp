// From what a step did to what would help: a table of rules, each a pure predicate over the facts.
//
// A rule only says what might help; whether it does, and what it saves, is for a what-if to tell
// (fuse/replay), which this room does not know.
#pragma once

#include <string>
#include <vector>

#include "meter/io_facts.hpp"

namespace meter {

// One way out, as a user would go it and as a what-if can try it.
struct Remedy {
  enum class Kind { upload, download, blocks, whole_files, no_read_ahead } kind;
  std::string fix;
};

struct Advice {
  std::string rule;  // "append-in-loop"
  std::string session;
  std::string path;  // "" where it is about the whole binding
  std::string line;
  std::string cause;
  std::string fix;               // where nothing is to be tried
  std::vector<Remedy> remedies;  // else; the one that saves most is the advice
};

// In the order of the rules. Pure.
std::vector<Advice> advise(const IoFacts&);
// Their names.
std::vector<std::string> advice_rules();

}  // namespace meter
