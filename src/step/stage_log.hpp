// What amlocal itself did for a step, beside what the step printed: system_logs/, by the names of
// the cloud's stages. Source: v2-yaml reference, section 10.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace step {

// One append-only file with a time on each line. A line is in the file when the call returns, so
// that a killed amlocal loses none.
class StageLog {
 public:
  // system_logs/STAGE/NAME.log in the step's folder. Throws os_error.
  StageLog(const fs::path& step_folder, const std::string& stage, const std::string& name,
           const base::Clock&);
  void say(std::string_view text);

 private:
  fs::path path_;
  base::Fd fd_;
  const base::Clock* clock_;
};

}  // namespace step
