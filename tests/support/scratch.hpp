// A folder for one test, and the error that a call throws.
#pragma once

#include <doctest/doctest.h>

#include <boost/filesystem/operations.hpp>
#include <string>

#include "base/error.hpp"
#include "base/files.hpp"
#include "workspace/workspace.hpp"

namespace support {

struct Scratch {
  base::TempDir folder{fs::canonical(fs::temp_directory_path()), "amlocal-test-"};
  workspace::Layout layout{folder.path()};
  fs::path path(const std::string& name) const { return folder.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    base::write_file_atomically(path(name), text);
  }
};

// The Error that `act` throws; the test fails where it throws none.
template <class Act>
base::Error error_of(Act act) {
  try {
    act();
  } catch (const base::Error& error) {
    return error;
  }
  FAIL("no Error was thrown");
  return base::Error(base::Code::internal, "");
}

}  // namespace support
