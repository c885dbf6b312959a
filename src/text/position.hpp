// From a place in a scalar's value back to the place in the file.
#pragma once

#include <string_view>

#include "text/document.hpp"

namespace text {

// Where byte `offset` of a scalar's value is written, when the scalar starts at `start`: inside
// plain, quoted, literal and folded scalars, past escapes, folds and indents. `offset` may be the
// value's size (just behind it). A value that is not what the file says there, such as one given by
// --set, stands at `start`.
base::Place place_in_scalar(const base::Place& start, std::string_view value, std::size_t offset);
// The same of a node as it was parsed, at a cost that does not grow with the file.
base::Place place_in_scalar(const Node&, std::size_t offset);

}  // namespace text
