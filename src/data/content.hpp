// What a file or folder holds, as one short text that changes when the content does.
#pragma once

#include <string>

#include "base/path.hpp"

namespace data {

// A file up to 16 MiB counts by its bytes; a larger one by its size and modification time, because
// reading tens of gigabytes to plan a run would cost more than it saves. A folder counts by the
// names and contents of everything below it. Throws not_found or permission naming the path.
std::string content_identity(const fs::path&);

}  // namespace data
