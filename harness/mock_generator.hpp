// Runs a mock's generator.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/mock.hpp"

namespace harness {

// The program that calls a function, by its file's name.
std::map<std::string, std::string_view> generator_files();

// What the data depends on: the generator's bytes, what it uses, the interpreter. Throws not_found
// with the place where a file is missing.
std::string identity_of(const Generated&, const fs::path& folder, const Workshop&);

// Lets it put its data into `target`, a folder that is there. `name`: of the file that a returned
// value becomes. `file`: AMLOCAL_MOCK_OUTPUT is target/name, not target. Throws step_failed with
// the last lines that it wrote.
void generate(const Generated&, const fs::path& folder, const fs::path& target,
              const std::string& name, bool file, const Workshop&);

}  // namespace harness
