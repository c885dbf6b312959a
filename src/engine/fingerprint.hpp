// What a step's result depends on, kept as a structure so that two can be compared and the
// difference named.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "workspace/snapshot.hpp"

namespace engine {

// Each part is a map from a name a user would recognise ("train.py", "raw", "model") to what it
// holds. Source: how-to-debug-pipeline-reuse-issues (which parts count); the step's own name, its
// display name, description and tags do not.
struct Fingerprint {
  std::map<std::string, std::string> code;  // file → content hash and whether it is executable
  std::string command;
  std::map<std::string, std::string> environment;  // reference, definition, interpreter
  std::map<std::string, std::string> inputs;       // name → type, mode and identity
  std::map<std::string, std::string> outputs;      // name → type, mode and path
  std::map<std::string, std::string> settings;     // distribution, variables, limits …

  bool operator==(const Fingerprint&) const = default;
};

std::string to_json(const Fingerprint&);
// Throws corrupt when the text is no fingerprint.
Fingerprint fingerprint_from_json(const std::string&);

// Every difference, one a line, in a user's words: "code: train.py changed", "input 'rate': 0.1,
// was 0.2". Empty when they are equal.
std::vector<std::string> differences(const Fingerprint& now, const Fingerprint& before);

// `identities`: what each input is made of, by its name: the literal's text, a content hash, or the
// URI of an upstream output. `snapshot` is null for a step without code.
Fingerprint make_fingerprint(const PlannedStep&, const workspace::Snapshot* snapshot,
                             const std::string& python_version, const fs::path& python,
                             const std::map<std::string, std::string>& identities);

}  // namespace engine
