// VS Code's .vscode/launch.json, which people write by hand: JSON with comments and trailing
// commas.
#pragma once

#include <string>

namespace harness {

// The text with `entry` (a JSON object with that "name") in its "configurations": in the place of
// the one of that name, else behind the last. Every other byte stays. "" gives a whole file. Throws
// bad_input, with the line, where the text is no such file; `file` is for that message.
std::string merge_configuration(const std::string& text, const std::string& name,
                                const std::string& entry, const std::string& file);

}  // namespace harness
