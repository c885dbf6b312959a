// What the files debug*.cpp share.
#pragma once

#include "harness/debug.hpp"

namespace harness {

// The helper that runs in the step's Python, in the cache. Throws os_error.
fs::path write_helper(const engine::Surroundings&);

compute::Interpreter interpreter_of(const Isolated&, const engine::Surroundings&);

// `work`: the step's current folder, as it sees it.
PathMappings path_mappings(const model::Component&, const std::vector<fs::path>& editable,
                           const fs::path& work, bool in_place);

// The entry of .vscode/launch.json, as JSON. Local paths below `root` are written with VS Code's
// variable.
std::string configuration(const std::string& name, int port, const PathMappings&,
                          const fs::path& root);

// The nearest .vscode from `here` up to the root of the workspace; else there.
fs::path launch_json(const fs::path& here, const fs::path& root);

// A script that opens a shell in the paused process `pid`: in its namespaces, with its variables,
// in `work`. When that shell ends, `go` is made.
std::string enter_script(int pid, const fs::path& work, const std::string& step,
                         const fs::path& go);

// The bash among this machine's processes that has the variable AMLOCAL_ATTENDED=token; 0: none.
int find_attended(const std::string& token);

// What an interactive bash reads first.
std::string shell_start(const std::string& step);

}  // namespace harness
