#include "step/stage_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

namespace step {
namespace {

base::Fd open_log(const fs::path& path) {
  fs::create_directories(path.parent_path());
  return base::open_file(path, O_WRONLY | O_CREAT | O_APPEND);
}

}  // namespace

StageLog::StageLog(const fs::path& step_folder, const std::string& stage, const std::string& name,
                   const base::Clock& clock)
    : path_(step_folder / "system_logs" / stage / (name + ".log")),
      fd_(open_log(path_)),
      clock_(&clock) {}

void StageLog::say(std::string_view text) {
  base::write_all(fd_, fmt::format("{} {}\n", base::to_iso(clock_->now()), text), path_.native());
}

}  // namespace step
