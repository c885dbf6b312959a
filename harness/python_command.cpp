#include "harness/python_command.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace harness {
namespace {

struct Word {
  std::string text;  // without its quotes
  std::size_t at = 0;
  bool quoted = false;
};
using Words = std::vector<Word>;

// The simple commands of a line of shell.
class Splitter {
 public:
  explicit Splitter(const std::string& text) : text_(text) {}

  std::vector<Words> commands() {
    while (at_ < text_.size()) step();
    end_command();
    return std::move(commands_);
  }

 private:
  bool is(const char* what) const {
    return text_.compare(at_, std::string(what).size(), what) == 0;
  }

  void step() {
    const char c = text_[at_];
    if (c == '\\' && at_ + 1 < text_.size()) {
      if (text_[at_ + 1] != '\n') begin().text += text_[at_ + 1];
      at_ += 2;
    } else if (c == '\'' || c == '"') {
      take_quoted(c);
    } else if (is("${{")) {
      take_until("}}");
    } else if (is("$(") || is("`")) {
      take_substitution();
    } else if (c == '#' && !open_) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '<' || c == '>') {
      take_redirection();
    } else if (c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')') {
      end_command();
      ++at_;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      end_word();
      ++at_;
    } else {
      begin().text += c;
      ++at_;
    }
  }

  Word& begin() {
    if (!open_) {
      words_.push_back({"", at_, false});
      open_ = true;
    }
    return words_.back();
  }

  void end_word() {
    if (open_ && redirected_) words_.pop_back();
    if (open_) redirected_ = false;
    open_ = false;
  }

  void end_command() {
    end_word();
    redirected_ = false;
    if (!words_.empty()) commands_.push_back(std::exchange(words_, {}));
  }

  void take_quoted(char quote) {
    Word& word = begin();
    word.quoted = true;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word.text += text_[at_];
    }
    ++at_;
  }

  void take_until(const char* end) {
    const auto found = text_.find(end, at_);
    const auto past = found == std::string::npos ? text_.size() : found + std::string(end).size();
    begin().text += text_.substr(at_, past - at_);
    at_ = past;
  }

  void take_substitution() {
    const bool tick = text_[at_] == '`';
    Word& word = begin();
    int depth = 0;
    do {
      const char c = text_[at_];
      if (tick ? c == '`' : c == '(') ++depth;
      if (!tick && c == ')') --depth;
      word.text += c;
      ++at_;
    } while (at_ < text_.size() && (tick ? depth < 2 : (depth > 0 || text_[at_ - 1] == '$')));
  }

  // `2>&1`, `> log`, `<< END`: the operator and the word behind it belong to no argument.
  void take_redirection() {
    const bool number = open_ && std::all_of(words_.back().text.begin(), words_.back().text.end(),
                                             [](unsigned char c) { return std::isdigit(c); });
    if (number) {
      words_.pop_back();
      open_ = false;
    }
    end_word();
    while (at_ < text_.size() && (text_[at_] == '<' || text_[at_] == '>' || text_[at_] == '&'))
      ++at_;
    redirected_ = true;
  }

  const std::string& text_;
  std::size_t at_ = 0;
  bool open_ = false;
  bool redirected_ = false;
  Words words_;
  std::vector<Words> commands_;
};

bool is_python(const Word& word) {
  const std::string name = word.text.substr(word.text.rfind('/') + 1);
  return name.starts_with("python") &&
         std::all_of(name.begin() + 6, name.end(),
                     [](unsigned char c) { return std::isdigit(c) || c == '.'; });
}

// What may stand before the program's name: variables, and programs that start another.
bool is_before(const Word& word) {
  static constexpr std::array passing = {"env",  "time", "exec",     "nohup",  "nice",   "command",
                                         "then", "else", "do",       "if",     "while",  "timeout",
                                         "!",    "{",    "xvfb-run", "stdbuf", "ionice", "taskset"};
  const std::string& text = word.text;
  if (std::find(passing.begin(), passing.end(), text) != passing.end()) return true;
  if (text.starts_with("-") || std::isdigit(static_cast<unsigned char>(text[0]))) return true;
  const auto equals = text.find('=');
  return equals != std::string::npos && equals > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

// How many words of Python's own options stand at `n`; they end at the script, -m or -c.
std::size_t options_at(const Words& words, std::size_t n) {
  const std::size_t from = n;
  while (n < words.size()) {
    const std::string& text = words[n].text;
    if (!text.starts_with("-") || text == "-" || text.starts_with("-m") || text.starts_with("-c"))
      break;
    n += text == "-X" || text == "-W" || text == "--check-hash-based-pycs" ? 2 : 1;
  }
  return n - from;
}

}  // namespace

std::vector<PythonCommand> python_commands(const std::string& command) {
  std::vector<PythonCommand> found;
  for (const auto& words : Splitter(command).commands()) {
    std::size_t n = 0;
    while (n < words.size() && !is_python(words[n]) && !words[n].text.empty() &&
           is_before(words[n]))
      ++n;
    if (n >= words.size() || !is_python(words[n])) continue;
    const std::size_t first = n + 1 + options_at(words, n + 1);
    if (first >= words.size() || words[first].text == "-") continue;
    PythonCommand one{words[n].text, {}, words[first].at};
    for (std::size_t w = first; w < words.size(); ++w) one.words.push_back(words[w].text);
    // -mpkg is -m pkg. In the command it stays as it is; the helper is told the two words.
    if (const std::string glued = one.words.front(); glued.size() > 2 && glued.starts_with("-m")) {
      one.words.front() = "-m";
      one.words.insert(one.words.begin() + 1, glued.substr(2));
    }
    found.push_back(std::move(one));
  }
  return found;
}

std::string title(const PythonCommand& command) {
  if (command.words.front() == "-m" && command.words.size() > 1) return "-m " + command.words[1];
  return command.words.front() == "-c" ? "-c …" : command.words.front();
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace harness
