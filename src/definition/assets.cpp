#include <fmt/format.h>

#include "definition/definition.hpp"

namespace definition {
namespace {

class Search {
 public:
  explicit Search(const model::Catalogue& catalogue) : catalogue_(catalogue) {}

  void inputs(const std::vector<model::Input>& inputs) {
    for (const auto& input : inputs)
      if (const auto* path = input.source ? std::get_if<model::DataPath>(&*input.source) : nullptr)
        look(*path, input.place);
  }

  void outputs(const std::vector<model::Output>& outputs) {
    for (const auto& output : outputs)
      if (output.path && output.path->text.find("datastores/${{") == std::string::npos)
        look({model::DataPath::Kind::url, output.path->text}, output.path->place);
  }

  void steps(const model::Component& pipeline) {
    outputs(pipeline.pipeline_outputs);
    for (const auto& step : pipeline.steps) {
      inputs(step.inputs);
      outputs(step.outputs);
      if (step.component->kind == model::Component::Kind::pipeline) steps(*step.component);
    }
  }

  std::vector<Missing> found;

 private:
  void look(const model::DataPath& path, const base::Place& place) {
    if (path.kind == model::DataPath::Kind::asset) {
      const auto cut = path.text.find_first_of(":@");
      const std::string name = path.text.substr(0, cut);
      std::string version = cut == std::string::npos ? "" : path.text.substr(cut + 1);
      if (catalogue_.data_asset(name, version)) return;
      if (version.empty() || version == "latest") version = "1";
      found.push_back(
          {fmt::format("data asset 'azureml:{}'", path.text),
           fmt::format("`amlocal data create --name {} --version {} --path PATH` registers it",
                       name, version),
           place});
    } else if (path.kind == model::DataPath::Kind::url && path.text.starts_with("azureml://")) {
      const auto at = path.text.find("datastores/");
      if (at == std::string::npos) {
        found.push_back({fmt::format("local copy of '{}'", path.text),
                         "download it, then `amlocal data create --name NAME --version 1 --path "
                         "PATH` and write azureml:NAME:1 here",
                         place});
        return;
      }
      const std::string name = path.text.substr(at + 11, path.text.find('/', at + 11) - at - 11);
      if (catalogue_.datastore(name)) return;
      found.push_back(
          {fmt::format("datastore '{}'", name),
           fmt::format("`amlocal datastore create {} --dir PATH` gives it a folder", name), place});
    }
  }

  const model::Catalogue& catalogue_;
};

}  // namespace

std::vector<Missing> missing_assets(const model::Job& job, const model::Catalogue& catalogue) {
  Search search(catalogue);
  search.inputs(job.inputs);
  search.steps(*job.pipeline);
  return std::move(search.found);
}

}  // namespace definition
