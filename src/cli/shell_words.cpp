#include "cli/shell_words.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace cli {

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "_-./=:@,+%";
  if (!text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
        return std::isalnum(c) || plain.find(static_cast<char>(c)) != std::string_view::npos;
      }))
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool any = false;
  for (std::size_t n = 0; n < command.size(); ++n) {
    const char c = command[n];
    if (c == '\'') {
      const std::size_t end = std::min(command.find('\'', n + 1), command.size());
      word += command.substr(n + 1, end - n - 1);
      n = end;
      any = true;
    } else if (c == '\\' && n + 1 < command.size()) {
      word += command[++n];
      any = true;
    } else if (c == ' ') {
      if (any) words.push_back(std::exchange(word, ""));
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

}  // namespace cli
