#include "cli/mounting_options.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "cli/project.hpp"
#include "meter/clock.hpp"
#include "meter/cost_profile.hpp"
#include "meter/fault.hpp"
#include "text/diagnostic.hpp"

namespace cli {
namespace {

step::Mounting::Access access_of(const MountingOptions& args) {
  using Access = step::Mounting::Access;
  if (args.data_access == "link") return Access::link;
  if (args.data_access == "mount") return Access::mount;
  if (args.data_access != "auto")
    throw base::Error(
        base::Code::usage,
        fmt::format("--data-access takes auto, mount or link, not '{}'", args.data_access))
        .hint(text::did_you_mean(args.data_access, {"auto", "mount", "link"}));
  // What tells of mounts is not to be lost on a machine that cannot mount.
  const bool about_mounts = !args.profile.empty() || !args.cost.empty() || !args.clock.empty() ||
                            !args.faults.empty() || args.trace != "off";
  return about_mounts ? Access::mount : Access::automatic;
}

}  // namespace

void declare(Options& options, MountingOptions& args) {
  options.value("--data-access", args.data_access);
  options.value("--mount-profile", args.profile);
  options.value("--cost", args.cost);
  options.value("--clock", args.clock);
  options.value("--trace", args.trace);
  options.values("--fault", args.faults);
}

std::vector<std::string> words_of(const MountingOptions& args) {
  std::vector<std::string> words;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  if (args.data_access != "auto") add("--data-access", args.data_access);
  add("--mount-profile", args.profile);
  add("--cost", args.cost);
  add("--clock", args.clock);
  if (args.trace != "off") add("--trace", args.trace);
  return words;
}

step::Mounting mounting_of(const MountingOptions& args, const workspace::Settings& settings) {
  step::Mounting mounting;
  mounting.access = access_of(args);
  for (const auto& [option, given] :
       {std::pair("--mount-profile", !args.profile.empty()),
        std::pair("--cost", !args.cost.empty()), std::pair("--clock", !args.clock.empty()),
        std::pair("--fault", !args.faults.empty()), std::pair("--trace", args.trace != "off")})
    if (given && mounting.access == step::Mounting::Access::link)
      throw base::Error(
          base::Code::usage,
          fmt::format("{} tells of mounts, and with --data-access link a run has none", option))
          .hint("leave out --data-access link");
  if (!args.profile.empty()) mounting.profile = args.profile;
  if (mounting.profile != "auto") check_mount_profile(mounting.profile);
  if (!args.cost.empty()) mounting.cost = args.cost;
  meter::load_cost_profile(mounting.cost);
  if (!args.clock.empty()) mounting.clock = args.clock;
  meter::parse_clock(mounting.clock);
  if (args.trace != "off" && args.trace != "full")
    throw base::Error(base::Code::usage,
                      fmt::format("--trace takes full or off, not '{}'", args.trace))
        .hint(text::did_you_mean(args.trace, {"full", "off"}));
  mounting.see_everything = args.trace == "full";
  for (const auto& fault : args.faults) mounting.faults.push_back(meter::parse_fault(fault).text);
  if (mounting.access != step::Mounting::Access::link)
    for (const auto& [fault, place] : settings.faults)
      mounting.faults.push_back(meter::parse_fault(fault, place).text);
  return mounting;
}

}  // namespace cli
