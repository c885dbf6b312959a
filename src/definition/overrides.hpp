// `--set` and `--mode`, applied to a document before the model is built from it.
#pragma once

#include "definition/definition.hpp"
#include "text/document.hpp"

namespace definition {

// Throws usage: a key that names nothing (did you mean), or several things (the candidates).
// Relative paths given by --set start from `here`.
void apply_overrides(text::Node& root, const Overrides&, const fs::path& here);

}  // namespace definition
