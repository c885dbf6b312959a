#include "engine/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "data/content.hpp"
#include "store/url.hpp"

namespace engine {
namespace {

// Several steps share code, data and interpreters: each is looked at once.
class Preparation {
 public:
  explicit Preparation(const Surroundings& surroundings) : surroundings_(surroundings) {}

  PreparedStep step(const PlannedStep& planned) {
    PreparedStep prepared;
    collect(planned, [&] { prepared.interpreter = interpreter(*planned.component); });
    if (planned.component->code)
      collect(planned, [&] { prepared.snapshot = snapshot(*planned.component); });
    for (const auto& input : planned.inputs) collect(planned, [&] { bind(input, prepared); });
    return prepared;
  }

  void fetch(const PlannedStep& planned, PreparedStep& prepared, const Remote& remote) {
    for (const auto& input : planned.inputs) {
      const auto found = prepared.located.find(input.name);
      if (found == prepared.located.end() || !found->second.path.empty()) continue;
      if (input.mode == model::AccessMode::direct) continue;  // the step opens the address itself
      collect(planned, [&] {
        auto& fetched = fetched_[found->second.uri];
        if (fetched.path.empty()) fetched = fetch_input(input, found->second, remote, notices);
        found->second = fetched;
        identify(input, found->second, prepared);
      });
    }
  }

  void refuse_what_is_missing() const {
    if (missing_.empty()) return;
    if (missing_.size() == 1) throw missing_.front();
    std::string list;
    for (const auto& error : missing_) {
      list += fmt::format("\n  {}", error.message());
      if (!error.hint().empty()) list += fmt::format("\n    {}", error.hint());
    }
    throw base::Error(base::Code::not_found,
                      fmt::format("{} things are missing:{}", missing_.size(), list));
  }

  std::vector<std::string> notices;

 private:
  template <class F>
  void collect(const PlannedStep& planned, F&& f) {
    try {
      f();
    } catch (base::Error& error) {
      if (error.code() == base::Code::canceled) throw;
      // Two steps that miss the same thing say so once.
      const bool known = std::any_of(missing_.begin(), missing_.end(), [&](const auto& other) {
        return other.message() == error.message();
      });
      if (!known) missing_.push_back(error.frame(fmt::format("preparing step '{}'", planned.path)));
    }
  }

  const compute::Interpreter& interpreter(const model::Component& component) {
    const std::string name = component.environment ? component.environment->name : "";
    const auto known = interpreters_.find(name);
    if (known != interpreters_.end()) return known->second;
    auto found = compute::find_interpreter(name, surroundings_.settings.environments,
                                           surroundings_.shell, surroundings_.layout.cache());
    const std::string notice =
        fmt::format("Python {} ({}): {}", found.version, found.python.native(), found.why);
    if (std::find(notices.begin(), notices.end(), notice) == notices.end())
      notices.push_back(notice);
    return interpreters_.emplace(name, std::move(found)).first->second;
  }

  std::shared_ptr<const workspace::Snapshot> snapshot(const model::Component& component) {
    std::string key = component.code->native();
    for (const auto& include : component.additional_includes) key += "\n" + include.native();
    auto& known = snapshots_[key];
    if (!known) {
      known = std::make_shared<workspace::Snapshot>(workspace::take_snapshot(
          surroundings_.layout, *component.code, component.additional_includes));
    }
    return known;
  }

  void bind(const PlannedInput& input, PreparedStep& prepared) {
    if (const auto* literal = std::get_if<model::Literal>(&input.source)) {
      prepared.identities[input.name] = literal->text;
    } else if (const auto* path = std::get_if<model::DataPath>(&input.source)) {
      const Located located = locate_input(*path, surroundings_.catalogue);
      identify(input, located, prepared);
      prepared.located.emplace(input.name, located);
    }
  }

  void identify(const PlannedInput& input, const Located& located, PreparedStep& prepared) {
    // An address's query may hold a signature: it must not get into a record, and a new signature
    // for the same bytes changes nothing.
    if (located.path.empty()) {
      prepared.identities[input.name] =
          store::shown(located.uri) +
          (input.mode == model::AccessMode::direct ? "" : " not fetched yet");
      return;
    }
    auto& identity = contents_[located.path.native()];
    if (identity.empty()) identity = data::content_identity(located.path);
    prepared.identities[input.name] =
        (is_remote(located.uri) ? store::shown(located.uri) : located.uri) + " " + identity;
  }

  const Surroundings& surroundings_;
  std::map<std::string, compute::Interpreter> interpreters_;
  std::map<std::string, std::shared_ptr<const workspace::Snapshot>> snapshots_;
  std::map<std::string, std::string> contents_;
  std::map<std::string, Located> fetched_;
  std::vector<base::Error> missing_;
};

}  // namespace

Prepared prepare(const Plan& plan, const std::vector<bool>& wanted,
                 const Surroundings& surroundings, const Remote& remote) {
  refuse_types_not_run(plan, wanted);
  Preparation preparation(surroundings);
  Prepared prepared;
  prepared.steps.resize(plan.steps.size());
  for (std::size_t n = 0; n < plan.steps.size(); ++n)
    if (wanted[n]) prepared.steps[n] = preparation.step(plan.steps[n]);
  preparation.refuse_what_is_missing();
  for (std::size_t n = 0; n < plan.steps.size(); ++n)
    if (wanted[n]) preparation.fetch(plan.steps[n], prepared.steps[n], remote);
  preparation.refuse_what_is_missing();
  prepared.notices = std::move(preparation.notices);
  return prepared;
}

}  // namespace engine
