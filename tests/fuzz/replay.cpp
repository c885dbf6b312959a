// Runs a fuzz target over the files and folders that are named: the corpus as a plain test.
#include <boost/filesystem/operations.hpp>
#include <iostream>

#include "base/files.hpp"
#include "fuzz/fuzz.hpp"

namespace {

int replay(const fs::path& file) {
  const std::string input = base::read_file(file);
  // The name first: an input that ends the process is the last one printed.
  std::cout << file.native() << std::endl;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  int cases = 0;
  for (int i = 1; i < count; ++i) {
    const fs::path path(arguments[i]);
    if (!fs::is_directory(path)) {
      cases += replay(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path)) cases += replay(entry.path());
  }
  std::cout << "cases: " << cases << " passed, 0 failed\n";
  return cases > 0 ? 0 : 1;
}
