#include "harness/mock_dataset.hpp"

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "history/documents.hpp"

namespace harness {

using nlohmann::json;

// Source: src/step/python/azureml/data/abstract_dataset.py, _saved_id.
constexpr const char* kind = "dataset";
constexpr const char* prefix = "id.";

std::optional<std::string> dataset_definition(const engine::PlannedInput& input,
                                              const workspace::Layout& layout) {
  const auto* literal = std::get_if<model::Literal>(&input.source);
  constexpr std::size_t hexadecimal_sha256 = 64;
  if (!literal || literal->text.size() != hexadecimal_sha256 ||
      literal->text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return std::nullopt;
  const auto found = history::documents(layout, kind, prefix + literal->text);
  if (found.empty()) return std::nullopt;
  const auto content = json::parse(found.back().content, nullptr, false);
  if (!content.is_object() || !content.contains("definition")) return std::nullopt;
  return content["definition"].dump();
}

model::Literal dataset_of(const std::string& definition, const fs::path& data,
                          const workspace::Layout& layout) {
  json like = json::parse(definition);
  like["paths"] = json::array({{{"file", data.native()}}});
  const std::string id = "mock-" + base::hash_text(like.dump());
  history::put_document(layout, kind,
                        {prefix + id, "1", json{{"id", id}, {"definition", like}}.dump()});
  return {id, id};
}

}  // namespace harness
