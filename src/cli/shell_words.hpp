// Commands as text: what amlocal prints to be pasted, and reads again from its own records.
#pragma once

#include <string>
#include <vector>

namespace cli {

// The word as it must be typed so that the shell hands over just this.
std::string shell_word(const std::string& text);

// The words of a command that was put together with shell_word: blanks divide, '…' holds together,
// \' is a '.
std::vector<std::string> words_of(const std::string& command);

}  // namespace cli
