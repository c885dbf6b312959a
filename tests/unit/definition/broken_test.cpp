// Every folder of fixtures/broken: the exact text of what is wrong, and a twin without errors.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cstdlib>

#include "base/files.hpp"
#include "definition/definition.hpp"
#include "support/catalogue.hpp"

namespace {

std::string validate(const fs::path& file) {
  text::Diagnostics diagnostics;
  definition::validate_file(file, support::BareCatalogue(), diagnostics);
  diagnostics.sort();
  std::string text;
  for (const auto& diagnostic : diagnostics.all()) text += text::render(diagnostic, false);
  return text;
}

// A path is shown from the current folder where it lies below it: the texts hold neither form.
std::string without_folder(std::string text, const fs::path& folder) {
  for (const std::string& name : {folder.native(), base::display_path(folder)})
    for (const auto& [old, now] :
         {std::pair(name + "/", std::string()), std::pair(name, std::string("FOLDER"))})
      for (auto at = text.find(old); at != std::string::npos; at = text.find(old))
        text.replace(at, old.size(), now);
  return text;
}

}  // namespace

TEST_CASE("each broken definition is refused with file, line, column and key; its twin is valid") {
  const fs::path root = fs::path(BROKEN_FIXTURES);
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (!fs::is_directory(entry.path())) continue;
    ++cases;
    const fs::path folder = entry.path();
    const std::string name = folder.filename().native();
    CAPTURE(name);
    const std::string said = without_folder(validate(folder / "pipeline.yml"), folder);
    const fs::path expected = folder / "errors.txt";
    if (std::getenv("AMLOCAL_ACCEPT") != nullptr && std::getenv("CI") == nullptr) {
      base::write_file_atomically(expected, said);
      FAIL_CHECK("accepted");
      continue;
    }
    REQUIRE(fs::exists(expected));
    CHECK(said == base::read_file(expected));
    CHECK(said.find(": error: ") != std::string::npos);
    CHECK(validate(folder / "fixed.yml").find(": error: ") == std::string::npos);
  }
  CHECK(cases >= 40);
}
