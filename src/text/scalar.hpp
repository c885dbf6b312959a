// The type of a plain scalar. Internal to the room.
#pragma once

#include <string_view>

#include "text/document.hpp"

namespace text {

Kind kind_of_plain(std::string_view);

}  // namespace text
