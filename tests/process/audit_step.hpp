// A step of one Python whose audit hook is at work.
#pragma once

#include <fmt/format.h>
#include <sys/wait.h>

#include "step/audit.hpp"
#include "step/audit_setup.hpp"
#include "support/scratch.hpp"

namespace support {

// The Pythons of this machine that the hook is for. Each test runs in every one of them.
inline std::vector<std::string> pythons() {
  std::vector<std::string> found = {"/usr/bin/python3"};
  const auto environment = base::current_environment();
  std::string root = base::variable(environment, "PYENV_ROOT");
  if (root.empty()) root = base::variable(environment, "HOME") + "/.pyenv";
  for (const std::string version : {"3.8.", "3.11.", "3.13."}) {
    std::string python;
    boost::system::error_code ignored;
    for (fs::directory_iterator at(fs::path(root) / "versions", ignored), end; at != end; ++at)
      if (at->path().filename().native().starts_with(version))
        python = (at->path() / "bin/python3").native();
    if (!python.empty()) found.push_back(python);
  }
  return found;
}

// A step's folder: work/ with the scripts, data/ watched, other/ not.
struct Step {
  Scratch scratch;
  step::Audit audit;
  base::Variables variables = {{"PATH", "/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
  std::string python;
  std::string out;

  explicit Step(const std::string& which) : python(which) {
    for (const char* name : {"work", "data", "other"}) fs::create_directories(scratch.path(name));
    audit = {
        scratch.path("hook"), scratch.path("record"), scratch.path("work"), {scratch.path("data")}};
    step::write_audit_hook(audit.hook);
    variables.emplace_back("DATA", scratch.path("data").native());
    variables.emplace_back("OTHER", scratch.path("other").native());
  }

  // Runs python in work/ and reads the record. The script must end well.
  step::AuditText run(const std::string& arguments) {
    const auto ended = base::run_captured(
        {"/bin/bash", "-c",
         fmt::format("cd '{}' && exec {} {}", audit.work.native(), python, arguments)},
        step::with_audit(variables, audit));
    INFO(python, "\n", ended.out, ended.err);
    REQUIRE(WIFEXITED(ended.status));
    REQUIRE(WEXITSTATUS(ended.status) == 0);
    out = ended.out;
    return step::read_audit(audit.record);
  }
  step::AuditText run_script(const std::string& text) {
    scratch.write("work/train.py", text);
    return run("train.py");
  }
  std::string data(const std::string& name) const { return (scratch.path("data") / name).native(); }
};

}  // namespace support
