// text::parse_yaml: any text is a tree whose places lie in the text, or bad_definition with a
// place.
#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "text/diagnostic.hpp"
#include "text/document.hpp"

namespace {

void check(const text::Node& node, std::size_t lines) {
  fuzz::require(node.place.line <= lines, "a value's line is one of the text's");
  if (node.kind == text::Kind::integer) (void)node.as_integer();
  if (node.kind == text::Kind::integer || node.kind == text::Kind::real) (void)node.as_real();
  if (node.kind == text::Kind::boolean) (void)node.as_bool();
  for (const auto& item : node.items) check(item, lines);
  for (const auto& entry : node.entries) {
    fuzz::require(entry.key_place.line <= lines, "a key's line is one of the text's");
    fuzz::require(node.find(entry.key) != nullptr, "a key that stands there is found");
    (void)entry.key_place.line_text();
    check(entry.value, lines);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto source =
      std::make_shared<base::SourceText>(base::SourceText{"p.yml", fuzz::text_of(data, size)});
  // YAML ends a line with \r too, and the end of the text is a place of its own.
  const auto lines = static_cast<std::size_t>(std::ranges::count_if(
                         source->content, [](char c) { return c == '\n' || c == '\r'; })) +
                     2;
  try {
    check(text::parse_yaml(source), lines);
  } catch (const base::Error& error) {
    fuzz::require(error.code() == base::Code::bad_definition, "only bad_definition is thrown");
    fuzz::require(error.place().known(), "what is wrong has a place");
    fuzz::require(!text::render(error, false).empty(), "it can be drawn");
  }
  return 0;
}
