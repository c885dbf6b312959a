// Which Python stands for an environment on this machine.
#pragma once

#include <map>
#include <string>

#include "base/path.hpp"
#include "base/process.hpp"

namespace compute {

struct Interpreter {
  fs::path python;      // absolute, the real program behind any pyenv shim
  fs::path bin;         // its folder: first on the step's PATH
  std::string version;  // "3.11.2"
  base::Variables
      activation;  // CONDA_PREFIX, VIRTUAL_ENV as the environment's activation would set them
  // "amlocal.yml says so", "amlocal was started from it", "the active venv", "python3 on PATH"
  std::string why;
};

// The interpreter for the environment named `name` ("" for an inline one): `environments[name]`,
// else `environments["default"]`, else AMLOCAL_PYTHON of `shell` (the Python of a definition that
// started amlocal, or of the virtual environment it was called from by path), else the active
// virtual or conda environment, else python3 on PATH. Asking a Python what it is costs 10 to 100
// ms, so the answer is kept in `cache_folder` (where the folder around it exists), keyed by path
// and modification time. Throws unavailable, naming the environment and the command that mends it,
// when there is none or it does not run.
Interpreter find_interpreter(const std::string& name,
                             const std::map<std::string, std::string>& environments,
                             const base::Variables& shell, const fs::path& cache_folder);

// What of the user's shell a step may see: HOME, locale, proxies, CA bundles, CUDA, and the names
// in `pass`. Source: docs/environment.md.
base::Variables clean_environment(const base::Variables& shell,
                                  const std::vector<std::string>& pass);

}  // namespace compute
