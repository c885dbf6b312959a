// What the fuzz targets share. A target is LLVMFuzzerTestOneInput: under libFuzzer it gets invented
// inputs, under replay.cpp the files of its corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return std::string(reinterpret_cast<const char*>(data), size);
}

// Ends the process, which libFuzzer counts as a find. assert() would go with NDEBUG.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

// Runs `act`, which may throw an Error of the code `refused` only; any other exception ends the
// process. Gives whether it was refused.
template <class Act>
bool refused(base::Code code, Act act) {
  try {
    act();
    return false;
  } catch (const base::Error& error) {
    if (error.code() != code) {
      std::fprintf(stderr, "code %s: %s\n", std::string(to_string(error.code())).c_str(),
                   error.what());
      std::abort();
    }
    require(!error.message().empty(), "an error says what is wrong");
    return true;
  }
}

}  // namespace fuzz
