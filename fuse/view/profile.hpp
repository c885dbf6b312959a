// Which generation of the cloud's mount is emulated, as data: docs/semantics.md numbers the rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "fuse/view/status.hpp"

namespace fuse {

struct Profile {
  std::string_view name;
  std::string_view stands_for;  // for people: "blobfuse2 with its file cache"

  // On a local folder it works on the folder itself: there are no copies and no requests.
  bool is_local_disk = false;

  // ---- when a change travels to the store. An upload always sends the whole object.
  bool uploads_at_close = true;  // each close(2) of each descriptor, those of forked children too
  bool uploads_at_fsync = false;
  // Which closes have something to send.
  enum class Dirty {
    since_upload,  // what this handle wrote since it last uploaded
    for_ever,      // a handle that ever wrote uploads at each of its closes
    by_time,       // the local copy's modification time is another than at the last upload
  } dirty = Dirty::since_upload;
  bool new_file_is_dirty = true;  // a created file is uploaded even when nothing was written

  // ---- opening for writing
  bool fetches_to_write = true;      // the whole object comes first, so that an append costs a GET
  bool fetches_to_truncate = false;  // even with O_TRUNC
  Status truncates_closed = Status::ok;  // truncate(2) on a file that was never opened

  // ---- names
  Status renames_onto_existing = Status::ok;  // or how it fails
  bool refuses_names_in_use = false;          // EBUSY for removing or renaming an open file
  bool removes_full_folders = false;          // rmdir does not look whether anything is in it

  // ---- reading
  bool reads_blocks = false;             // else the whole object is fetched when it is opened
  std::uint64_t block_size = 4U << 20U;  // bytes of one request
  std::uint64_t read_ahead = 0;          // blocks asked for beyond the one that is read
  bool keeps_blocks_on_disk = true;      // else only `memory_cache` bytes of blocks are kept
  std::uint64_t memory_cache = 128U << 20U;

  // ---- what is remembered, in seconds; nothing: for ever
  std::optional<double> attribute_seconds;
  double missing_seconds = 0;     // that there is no such name
  bool lists_to_look_up = false;  // a name is looked for in its folder's listing, not asked for
  std::optional<double> file_seconds;  // a closed local copy is used again without asking

  // ---- the local disk
  std::optional<std::int64_t>
      cache_bytes;  // at most; negative: leave so much free; nothing: no limit
  std::uint64_t reserved_bytes = 150'000'000;
  double prune_threshold = 1.0;
  double prune_target = 0.7;

  // ---- what is not there
  mode_t file_mode = 0777;
  mode_t folder_mode = 0777;
  Status locks = Status::ok;                // ok: the kernel keeps them on its own
  Status attributes = Status::unsupported;  // extended ones
  Status symlinks = Status::unsupported;
  Status links = Status::unsupported;
  Status nodes = Status::not_implemented;  // mknod
  Status allocation = Status::unsupported;
  bool changes_modes =
      false;  // chmod, chown and utimens show; else they succeed and change nothing

  // Rules of this profile that nobody has verified: reports say "assumed".
  std::vector<std::string_view> assumed;
};

// "blobfuse2", "dprep", "rslex", "ideal"; null for another name.
const Profile* find_profile(std::string_view name);
std::vector<std::string_view> profile_names();

// The profile as the variables of the step change it: DATASET_MOUNT_CACHE_SIZE and the others of
// how-to-read-write-data-v2, "Data-loading performance". Throws bad_input naming the variable when
// its value cannot be read.
Profile with_variables(Profile, const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace fuse
