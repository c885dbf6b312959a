// Downloads and uploads of whole folders, as requests: what they cost and which of them fail. The
// bytes themselves go another way (copies and renames on this machine).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/path.hpp"
#include "fuse/view/file_system.hpp"
#include "store/object_store.hpp"

namespace fuse {

// Requests go side by side in so many threads. Assumed: the runtime takes four a core
// (RSLEX_DOWNLOADER_THREADS, how-to-read-write-data-v2), and a usual node has four.
constexpr std::size_t transfer_threads = 16;
// What one GET of a download asks for. Assumed: how-to-read-write-data-v2 tells of 1 to 4 MB.
constexpr std::uint64_t transfer_block = 4U << 20U;

// Lists all that is there and gets it; `only` one object where it is not "". `session` is the
// ledger's number of the binding. Throws what the store throws.
void download(store::ObjectStore&, const std::string& only, std::uint16_t session);

// Puts each file below `folder`. Gives the files that the store did not take.
std::vector<FileSystem::Unsent> upload(store::ObjectStore&, const fs::path& folder,
                                       std::uint16_t session);

}  // namespace fuse
