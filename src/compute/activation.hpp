// What activating an environment would set, without a shell that was activated.
#pragma once

#include <string>

#include "base/path.hpp"
#include "base/process.hpp"

namespace compute {

// VIRTUAL_ENV for a venv. For a conda environment CONDA_PREFIX, CONDA_DEFAULT_ENV, CONDA_SHLVL, the
// variables of `conda env config vars`, and what its etc/conda/activate.d/*.sh export; these run
// once, in a bash with the clean environment of `shell`, and the difference is kept in
// `cache_folder` until one of those files changes. PATH and PS1 are never part of it. Nothing for
// any other interpreter. `prefix` is the environment's folder, absolute.
// Throws unavailable, naming the script, when the scripts cannot be run to their end.
base::Variables activation_of(const fs::path& prefix, const base::Variables& shell,
                              const fs::path& cache_folder);

}  // namespace compute
