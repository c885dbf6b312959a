// model::parse_template and render: the segments are the text, and references are where they say.
#include "model/expression.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  std::vector<model::ExpressionProblem> problems;
  const model::Template parsed = model::parse_template(text, {}, problems);
  fuzz::require(parsed.text == text, "the text is kept");
  for (const auto& problem : problems)
    fuzz::require(problem.offset <= text.size() && !problem.what.empty(), "a problem has a place");
  for (const auto* reference : parsed.references()) {
    fuzz::require(text.compare(reference->offset, 3, "${{") == 0, "a reference is at its offset");
    fuzz::require(!reference->words.empty(), "a reference names something");
  }
  const auto given = model::render(parsed, [](const model::Reference&) { return "v"; });
  const auto none = model::render(
      parsed, [](const model::Reference&) -> std::optional<std::string> { return {}; });
  fuzz::require(none.size() <= given.size(), "what has no value adds nothing");
  if (parsed.references().empty() && problems.empty() && text.find("$[[") == std::string::npos)
    fuzz::require(given == text, "a text without references is itself");
  if (const auto* binding = parsed.as_binding())
    fuzz::require(given == "v" && !binding->to_string().empty(), "a binding is its value");
  return 0;
}
