// What doctor asks of the machine. Each answers in a line, or throws with the fix as its hint.
#pragma once

#include <optional>
#include <string>

#include "base/path.hpp"

namespace cli {

// "ext4; locks; copies share blocks". Throws unavailable where the file system cannot lock.
std::string examine_file_system(const fs::path& folder);

// Free space of the folder's disk. Throws no_space below 100 MB.
std::string examine_disk(const fs::path& folder);

// Whether steps can be kept apart: the supervisor's own probe. Throws unavailable.
std::string examine_isolation();

// Whether /dev/fuse can be opened. Throws unavailable.
std::string examine_fuse();

// Why a project at this place is slow under the Windows Subsystem for Linux; nothing elsewhere.
// `kernel`: what /proc/version says.
std::optional<std::string> windows_disk(const fs::path& folder, const std::string& kernel);

}  // namespace cli
