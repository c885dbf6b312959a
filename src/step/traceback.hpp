// What a log tells of a program's end: Python's tracebacks and the usual last words.
#pragma once

#include <string>
#include <vector>

#include "base/path.hpp"

namespace step {

struct Traceback {
  std::string exception;  // "KeyError: 'fare'"; "" when the log has none
  std::string place;      // "train.py:88": the innermost frame in the step's own code, or ""
  std::string stack;      // as it stands in the log, with what it was chained to
  bool is_last = false;   // nothing was printed after it
};

// The last uncaught-looking exception of the log: of a chain the one that was raised last, of a
// group the group with its first member, of a worker process the frame in the worker. `work` is the
// folder with the step's own code, absolute.
Traceback find_traceback(const std::vector<std::string>& lines, const fs::path& work);

// The lines that argparse prints before its error, as one line; "" where there are none.
std::string find_usage(const std::vector<std::string>& lines);

// The name to give pip for a module that is imported by another name: "cv2" → "opencv-python".
std::string package_of(const std::string& module);

}  // namespace step
