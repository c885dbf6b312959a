#include <boost/filesystem/operations.hpp>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "step/shim.hpp"
#include "step/step.hpp"

namespace step {

// A folder named after its content is never changed: steps that run from an older amlocal keep
// theirs, and Python's compiled files stay good.
fs::path write_shim(const fs::path& cache) {
  const auto files = shim_files();
  base::Hasher hasher;
  for (const auto& [name, text] : files) hasher.add(name).add("\n").add(text);
  const fs::path folder = cache / ("shim-" + hasher.hex());
  const fs::path whole = folder / ".whole";
  boost::system::error_code ignored;
  if (fs::exists(whole, ignored)) return folder;
  for (const auto& [name, text] : files) base::write_file_atomically(folder / name, text);
  base::write_file_atomically(whole, "");
  return folder;
}

}  // namespace step
