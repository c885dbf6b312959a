#include "model/reference.hpp"

#include <doctest/doctest.h>

namespace {

std::string read(const std::string& text) {
  const auto reference = model::parse_asset_reference(text);
  if (!reference) return "none";
  return reference->collection + " " + reference->short_form() +
         (reference->registry.empty() ? "" : " of " + reference->registry);
}

}  // namespace

TEST_CASE("every form of an asset's name is read") {
  CHECK(read("azureml:iris") == " iris");
  CHECK(read("azureml:iris:3") == " iris:3");
  CHECK(read("azureml:iris@latest") == " iris@latest");
  CHECK(read("azureml:/subscriptions/s/resourceGroups/g/providers/"
             "Microsoft.MachineLearningServices/workspaces/w/data/iris/versions/3") ==
        "data iris:3");
  CHECK(read("azureml://registries/r/data/iris/versions/3") == "data iris:3 of r");
  CHECK(read("azureml://registries/r/components/c/labels/latest") == "components c@latest of r");
  CHECK(read("azureml://locations/l/workspaces/id/data/iris/versions/3") == "data iris:3");
}

TEST_CASE("what names no asset is left alone") {
  for (const char* text :
       {"iris", "./iris", "azureml:", "azureml://datastores/d/paths/p",
        "azureml://jobs/j/outputs/o", "azureml:https://example.org/x",
        "azureml:/subscriptions/s/data/iris",
        "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/versions/1"}) {
    CAPTURE(text);
    CHECK(read(text) == "none");
  }
}
