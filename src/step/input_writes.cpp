#include "step/input_writes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "step/estimate.hpp"

namespace step {

namespace {

const BoundInput* input_of(const Request& request, const std::string& binding) {
  for (const auto& input : request.inputs)
    if ("inputs." + input.name == binding) return &input;
  return nullptr;
}

// Whether writing to it is refused; copies are the step's own.
bool is_protected(const Request& request, const Bindings& bindings, const BoundInput& input) {
  if (!model::is_data(input.type) || !model::is_mount(input.mode)) return false;
  if (request.mounting.access == Mounting::Access::link) return !bindings.views.empty();
  return std::any_of(bindings.mounts.begin(), bindings.mounts.end(), [&](const auto& order) {
    return order.name == "inputs." + input.name && order.read_only;
  });
}

std::string often(std::size_t times) {
  return times == 1 ? "" : fmt::format(" {} times", times);
}

std::string written_text(const BoundInput& input, const fuse::Changed& change,
                         const std::vector<InputWrite>& writes) {
  const auto by = std::find_if(writes.begin(), writes.end(), [&](const InputWrite& write) {
    return write.binding == change.session;
  });
  return fmt::format(
      "wrote to its input '{}': '{}'{}{}. The mount of a {} takes that, in the cloud too, so '{}' "
      "is changed for every later reader{}; write to an output instead",
      input.name, change.path,
      change.requests > 1 ? fmt::format(" (the first of {} changes)", change.requests) : "",
      by == writes.end() ? "" : ", by " + by->line, class_of(*input.v1), input.source.native(),
      input.origin.empty() ? "" : fmt::format(" ({})", input.origin));
}

std::string refused_text(const Request& request, const BoundInput& input, const InputWrite& write) {
  std::string why = "an input is read-only, as in the cloud: write to an output";
  if (is_container(input.v1))
    why = fmt::format("{}, where the cloud's mount of a {} takes it: {}",
                      request.mounting.access == Mounting::Access::link
                          ? "without a mount the input is read-only here"
                          : fmt::format("under mount profile {} the input is read-only",
                                        request.mounting.profile),
                      class_of(*input.v1),
                      request.mounting.access == Mounting::Access::link
                          ? "run with --data-access mount, or write to an output"
                          : "leave --mount-profile out, or write to an output");
  return fmt::format("it finished although {} was refused{} to write to '{}' of input '{}'; {}",
                     write.line, often(write.times), write.path, input.name, why);
}

}  // namespace

std::vector<InputWrite> writes_to_inputs(const std::vector<AuditRecord>& records) {
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> attempts;
  for (const auto& record : records) {
    const auto place = is_change(record) ? in_binding(record.path) : std::nullopt;
    if (!place || !place->binding.starts_with("inputs.")) continue;
    const std::string line = record.place
                                 ? fmt::format("{}:{}", record.place->file, record.place->line)
                                 : "an unseen line";
    ++attempts[{line, place->binding, place->path}];
  }
  std::vector<InputWrite> writes;
  for (const auto& [attempt, times] : attempts)
    writes.push_back({std::get<1>(attempt), std::get<2>(attempt), std::get<0>(attempt), times});
  return writes;
}

std::vector<std::string> notices_of_writes(const Request& request, const Bindings& bindings,
                                           const std::vector<fuse::Changed>& changed,
                                           bool succeeded) {
  std::vector<std::string> notices;
  const auto writes = writes_to_inputs(read_changes(audit_path(request)));
  for (const auto& change : changed)
    if (const auto* input = input_of(request, change.session); input && input->v1)
      notices.push_back(written_text(*input, change, writes));
  if (!succeeded) return notices;  // its failure names the line
  constexpr std::size_t most = 3;
  std::size_t refused = 0;
  for (const auto& write : writes) {
    const auto* input = input_of(request, write.binding);
    if (!input || !is_protected(request, bindings, *input)) continue;
    if (++refused <= most) notices.push_back(refused_text(request, *input, write));
  }
  if (refused > most)
    notices.push_back(
        fmt::format("{} lines more were refused to write to inputs: "
                    "`amlocal io report` names them",
                    refused - most));
  return notices;
}

}  // namespace step
