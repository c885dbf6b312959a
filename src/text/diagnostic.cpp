#include "text/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace text {
namespace {

constexpr std::string_view red = "\033[1;31m";
constexpr std::string_view yellow = "\033[1;33m";
constexpr std::string_view plain = "\033[0m";

std::string painted(std::string_view text, std::string_view paint, bool colour) {
  return colour ? fmt::format("{}{}{}", paint, text, plain) : std::string(text);
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// The first boundary between characters at or after `at`.
std::size_t boundary(std::string_view text, std::size_t at) {
  while (at < text.size() && continues_character(text[at])) ++at;
  return std::min(at, text.size());
}

// The line and a caret below the column; tabs are kept so that the caret stays below. Of a long
// line only what surrounds the column is shown.
std::string excerpt(const base::Place& place, std::string_view paint, bool colour) {
  constexpr std::size_t longest = 300;
  constexpr std::size_t around = 100;
  std::string line = place.line_text();
  if (line.empty()) return "";
  std::size_t caret = std::min<std::size_t>(std::max(place.column, 1U) - 1, line.size());
  if (line.size() > longest) {
    const std::size_t end = boundary(line, caret + around);
    if (end < line.size()) line.replace(end, std::string::npos, "...");
    if (caret > around) {
      const std::size_t begin = boundary(line, caret - around);
      line.replace(0, begin, "...");
      caret = caret - begin + 3;
    }
  }
  std::replace_if(line.begin(), line.end(), is_control, '?');
  std::string blanks;
  for (std::size_t n = 0; n < caret; ++n)
    if (!continues_character(line[n])) blanks += line[n] == '\t' ? '\t' : ' ';
  return fmt::format("    {}\n    {}{}\n", line, blanks, painted("^", paint, colour));
}

// A message may quote a name of the file's that is megabytes long.
std::string cut(const std::string& text) {
  constexpr std::size_t longest = 2000;
  if (text.size() <= longest) return text;
  return text.substr(0, boundary(text, longest)) + "...";
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change =
          diagonal + (std::tolower(a[i - 1]) == std::tolower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

}  // namespace

void Diagnostics::error(const base::Place& place, std::string what, std::string hint) {
  add({Severity::error, place, std::move(what), std::move(hint)});
}

void Diagnostics::warning(const base::Place& place, std::string what, std::string hint) {
  add({Severity::warning, place, std::move(what), std::move(hint)});
}

void Diagnostics::add(Diagnostic diagnostic) {
  const auto key = fmt::format("{}\n{}", diagnostic.place.to_string(), diagnostic.what);
  if (known_.insert(key).second) all_.push_back(std::move(diagnostic));
}

std::size_t Diagnostics::errors() const {
  return static_cast<std::size_t>(std::count_if(
      all_.begin(), all_.end(), [](const auto& d) { return d.severity == Severity::error; }));
}

std::size_t Diagnostics::warnings() const {
  return all_.size() - errors();
}

void Diagnostics::sort() {
  std::vector<std::string> files;
  const auto file_number = [&](const Diagnostic& d) {
    const std::string path = d.place.source ? d.place.source->path : "";
    const auto found = std::find(files.begin(), files.end(), path);
    if (found != files.end()) return found - files.begin();
    files.push_back(path);
    return static_cast<std::ptrdiff_t>(files.size()) - 1;
  };
  for (const auto& diagnostic : all_) file_number(diagnostic);
  std::stable_sort(all_.begin(), all_.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(file_number(a), a.place.line, a.place.column) <
           std::tuple(file_number(b), b.place.line, b.place.column);
  });
}

std::string render(const Diagnostic& diagnostic, bool colour) {
  const bool error = diagnostic.severity == Severity::error;
  const auto paint = error ? red : yellow;
  std::string text = diagnostic.place.to_string();
  if (!text.empty()) text += ": ";
  text += painted(error ? "error" : "warning", paint, colour) + ": " + cut(diagnostic.what);
  if (!diagnostic.hint.empty()) text += fmt::format(" ({})", cut(diagnostic.hint));
  return text + "\n" + excerpt(diagnostic.place, paint, colour);
}

std::string render(const base::Error& error, bool colour) {
  std::string text = error.place().known() ? error.place().to_string() : "amlocal";
  text += ": " + painted("error", red, colour) + ": " + cut(error.message()) + "\n";
  text += excerpt(error.place(), red, colour);
  for (const auto& frame : error.frames()) text += fmt::format("  while {}\n", frame);
  if (!error.hint().empty()) text += fmt::format("  hint: {}\n", error.hint());
  return text;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = word.size() / 3 + 2;  // further away than this was not meant
  for (const auto& candidate : candidates) {
    const std::size_t d = distance(word, candidate);
    if (d < least && d < std::max(word.size(), candidate.size())) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::size_t most) {
  const std::string near = nearest(word, candidates);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  if (candidates.empty()) return "there is none";
  const std::size_t shown = std::min(most, candidates.size());
  std::string list = fmt::format(
      "one of: {}",
      fmt::join(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (candidates.size() > shown) list += fmt::format(", and {} more", candidates.size() - shown);
  return list;
}

std::string shown_line(std::string_view line, std::size_t most) {
  std::string shown;
  for (std::size_t n = 0; n < line.size(); ++n) {
    if (shown.size() >= most && !continues_character(line[n])) return shown + "...";
    if (line[n] == '\033' && line.substr(n + 1).starts_with('[')) {
      // Parameters and intermediates up to the final byte, ECMA-48 section 5.4.
      n += 2;
      while (n < line.size() && line[n] >= 0x20 && line[n] < 0x40) ++n;
    } else {
      shown += is_control(line[n]) ? '?' : line[n];
    }
  }
  return shown;
}

}  // namespace text
