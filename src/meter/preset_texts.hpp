// The presets' JSON, compiled in from presets/*.json.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace meter {

// Name and text, in the order to be listed.
std::span<const std::pair<std::string_view, std::string_view>> preset_texts();

}  // namespace meter
