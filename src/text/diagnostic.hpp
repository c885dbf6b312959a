// What amlocal has to say about a user's files, gathered first and drawn once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"

namespace text {

enum class Severity { warning, error };

struct Diagnostic {
  Severity severity = Severity::error;
  base::Place place;
  std::string what;  // "unknown key 'comand' (Unknown field.)"
  std::string hint;  // what to do: "did you mean 'command'?"
};

// Gathers diagnostics in the order they are found; the same one twice is kept once.
class Diagnostics {
 public:
  void error(const base::Place&, std::string what, std::string hint = "");
  void warning(const base::Place&, std::string what, std::string hint = "");
  const std::vector<Diagnostic>& all() const { return all_; }
  std::size_t errors() const;
  std::size_t warnings() const;
  bool ok() const { return errors() == 0; }
  // Sorted by file (in order of first appearance), line and column.
  void sort();

 private:
  void add(Diagnostic);
  std::vector<Diagnostic> all_;
  std::unordered_set<std::string> known_;
};

// `file:line:col: error: what (hint)`, then the line and a caret below the column. With colour,
// the severity and the caret are coloured. Ends with a newline.
std::string render(const Diagnostic&, bool colour);

// An Error in the same shape: `amlocal: error: what`, place, line and caret, its frames, then
// `  hint: …` lines. Ends with a newline.
std::string render(const base::Error&, bool colour);

// The candidate nearest to `word` by edit distance, or "" when none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean 'x'?" or, with no near one, "one of: a, b, c" (at most `most` of them).
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::size_t most = 12);

// A foreign line as it may be shown on a terminal: without escape sequences, each other control
// character as '?', tabs kept; cut with "..." where it is longer than `most` bytes.
std::string shown_line(std::string_view line, std::size_t most = 400);

}  // namespace text
