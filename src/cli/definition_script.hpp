// A definition in Python: a script or a notebook that submits what it makes.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"
#include "harness/definition.hpp"

namespace cli {

using harness::is_script;

// Runs it with the project's default interpreter until its end and returns its exit status. What it
// submits runs through this program, with `options` (words of `amlocal run`). `more`: variables
// that the script gets besides. Throws not_found, and unavailable where there is no interpreter.
int run_script(const fs::path& file, const std::vector<std::string>& arguments,
               const std::vector<std::string>& options, bool real_sdk, App& app,
               base::Variables more = {});

}  // namespace cli
