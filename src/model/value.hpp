// What an input may be given: a literal, a path, or a binding to something else.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "model/types.hpp"

namespace model {

// A literal as the script will see it. `text` is what replaces `${{inputs.x}}`: numbers as written,
// booleans "True" or "False".
struct Literal {
  std::variant<std::string, std::int64_t, double, bool> value;
  std::string text;
};

// What a literal is: string, integer, number or boolean.
DataType type_of(const Literal&);

// Where data lies, as the definition says it. Local paths are absolute.
struct DataPath {
  enum class Kind { local, url, asset };
  Kind kind = Kind::local;
  // An absolute local path; a URI (azureml://datastores/…, https://…, wasbs://…); or
  // "name:version", "name@latest", "name" of a registered data asset.
  std::string text;
};

// `${{parent.inputs.x}}`: an input of the enclosing pipeline.
struct ParentInput {
  std::string input;
};
// `${{parent.jobs.S.outputs.y}}`: makes the edge from S to this step.
struct StepOutput {
  std::string step;
  std::string output;
};
// `${{parent.jobs.S.inputs.y}}`: the same value as that input of S.
struct StepInput {
  std::string step;
  std::string input;
};

using InputSource = std::variant<Literal, DataPath, ParentInput, StepOutput, StepInput>;

}  // namespace model
