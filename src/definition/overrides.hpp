// `--set` and `--mode`, applied to a document before the model is built from it.
#pragma once

#include <functional>

#include "definition/definition.hpp"
#include "text/document.hpp"

namespace definition {

// The names that a step's component declares under `section` ("inputs", "outputs"); none for an
// inline step.
using Declared =
    std::function<std::vector<std::string>(const text::Node& step, std::string_view section)>;

// A key that stands nowhere may be one that a step's component declares: then it is added there.
// `step` is the name of the one step of a document without jobs. A changed value's place is the
// option itself. Throws usage: a key that names nothing (did you
// mean), or several things (the candidates). Relative paths given by --set start from `here`.
void apply_overrides(text::Node& root, const Overrides&, const fs::path& here,
                     const std::string& step, const Declared&);

// A `--mode` whose key begins with a path, "middle/train.outputs.logs": of a step in a nested
// pipeline.
bool is_of_nested_step(const Assignment&);
// Notes these in the job that was read. A key that names nothing throws usage; a mode that does not
// fit is a diagnostic.
struct Reading;
void read_nested_modes(model::Job&, const Overrides&, Reading&);

}  // namespace definition
