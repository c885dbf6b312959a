// Every folder of fixtures/broken: a faulty pipeline.yml, the exact text that is said about it, and
// the repaired twin, about which no error is said.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <vector>

#include "base/files.hpp"
#include "definition/definition.hpp"

namespace {

// A workspace that has the default datastore and nothing else.
class Bare final : public model::Catalogue {
 public:
  std::optional<model::DataAsset> data_asset(const std::string&, const std::string&) const override {
    return std::nullopt;
  }
  std::vector<std::string> data_asset_names() const override { return {}; }
  std::optional<fs::path> datastore(const std::string& name) const override {
    if (name == "workspaceblobstore") return fs::path("/datastore");
    return std::nullopt;
  }
  std::vector<std::string> datastore_names() const override { return {"workspaceblobstore"}; }
  std::optional<fs::path> component(const std::string&) const override { return std::nullopt; }
};

std::string said(const fs::path& file, std::size_t& errors) {
  text::Diagnostics diagnostics;
  definition::load_job(file, {}, Bare(), diagnostics);
  diagnostics.sort();
  errors = diagnostics.errors();
  std::string all;
  for (const auto& one : diagnostics.all()) all += text::render(one, false);
  // The one thing that differs between machines.
  const std::string here = fs::current_path().native();
  for (std::size_t at = 0; (at = all.find(here, at)) != std::string::npos;)
    all.replace(at, here.size(), "$CASE");
  return all;
}

}  // namespace

TEST_CASE("each broken definition says exactly what is wrong, and its twin is well") {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(fs::path(AMLOCAL_SOURCE) / "fixtures/broken"))
    cases.push_back(entry.path());
  std::sort(cases.begin(), cases.end());
  CHECK(cases.size() >= 25);
  for (const fs::path& folder : cases) {
    CAPTURE(folder.filename().native());
    fs::current_path(folder);
    std::size_t errors = 0;
    CHECK(said(folder / "pipeline.yml", errors) == base::read_file(folder / "errors.txt"));
    CHECK(errors > 0);
    const std::string about_twin = said(folder / "fixed.yml", errors);
    CAPTURE(about_twin);
    CHECK(errors == 0);
  }
}
