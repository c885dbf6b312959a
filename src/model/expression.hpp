// `${{ … }}` and `$[[ … ]]`: text with references in it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/place.hpp"

namespace model {

// What one `${{ … }}` names: its dotted words. "parent.jobs.prep.outputs.data" has five.
struct Reference {
  std::vector<std::string> words;
  std::size_t offset = 0;  // of "${{" in the template's text

  std::string to_string() const;  // "parent.jobs.prep.outputs.data"
  bool starts_with(std::initializer_list<std::string_view> head) const;
};

struct Segment {
  std::variant<std::string, Reference> value;
  int optional_block = -1;  // which `$[[ … ]]` it stands in, or -1
};

// A text with references, as written in `command`, `program_arguments`, an output's `path` or an
// environment variable.
struct Template {
  std::string text;   // as written
  base::Place place;  // of its first character in the file
  std::vector<Segment> segments;

  // The one reference, when the whole text is exactly one expression (a binding).
  const Reference* as_binding() const;
  // Where byte `offset` of `text` stands in the file.
  base::Place place_of(std::size_t offset) const;
  std::vector<const Reference*> references() const;
};

struct ExpressionProblem {
  std::size_t offset = 0;
  std::string what;  // "'${{' is never closed", …
};

// Splits `text`; problems (unclosed `${{` or `$[[`, empty expression, a blank inside a name) are
// appended and the faulty part is kept as plain text.
// Source: the SDK's pattern `\$\{\{\s*(\S*?)\s*\}\}`, azure-ai-ml _utils/utils.py.
Template parse_template(std::string text, base::Place, std::vector<ExpressionProblem>& problems);

// The text with each reference replaced by what `value` gives for it. A `$[[ … ]]` block is dropped
// whole when `value` gives nothing for any reference in it; outside a block nothing means "".
std::string render(const Template&,
                   const std::function<std::optional<std::string>(const Reference&)>& value);

}  // namespace model
