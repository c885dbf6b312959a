// What a job needs of this machine: environments and code.
#include <set>

#include "definition/definition.hpp"

namespace definition {
namespace {

template <class F>
void for_each_leaf(const model::Component& pipeline, const F& f) {
  for (const auto& step : pipeline.steps) {
    if (step.component->kind == model::Component::Kind::pipeline)
      for_each_leaf(*step.component, f);
    else
      f(step, *step.component);
  }
}

}  // namespace

std::vector<NeededEnvironment> needed_environments(const model::Job& job) {
  std::vector<NeededEnvironment> needed;
  std::set<std::string> seen;
  for_each_leaf(*job.pipeline, [&](const model::Step& step, const model::Component& component) {
    const auto& environment = component.environment;
    if (component.kind != model::Component::Kind::command) return;
    if (seen.insert(environment ? environment->name : "").second)
      needed.push_back(
          {environment ? environment->name : "", environment ? environment->place : step.place});
  });
  return needed;
}

std::vector<NeededCode> needed_code(const model::Job& job) {
  std::vector<NeededCode> needed;
  std::set<std::pair<fs::path, std::vector<fs::path>>> seen;
  for_each_leaf(*job.pipeline, [&](const model::Step&, const model::Component& component) {
    if (component.code && seen.emplace(*component.code, component.additional_includes).second)
      needed.push_back({*component.code, component.additional_includes, component.code_place});
  });
  return needed;
}

}  // namespace definition
