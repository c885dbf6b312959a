#include "fuse/view/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "base/error.hpp"

namespace fuse {
namespace {

// Sources: blobfuse2's file cache as measured against Azurite (2.5.6) and its page of limitations;
// dprep, the first generation of FileDataset.as_mount; rslex, the runtime of v2 jobs, of which the
// write path is documented only as "the entire file each time a file is appended to".
const std::array<Profile, 4>& profiles() {
  static const std::array<Profile, 4> all = [] {
    Profile blobfuse2;
    blobfuse2.name = "blobfuse2";
    blobfuse2.stands_for = "blobfuse2 with its file cache: v1 DataReference and PipelineData";
    blobfuse2.attribute_seconds = 120;
    blobfuse2.missing_seconds = 120;
    blobfuse2.file_seconds = 120;
    blobfuse2.uploads_at_fsync = true;
    blobfuse2.assumed = {"fsync uploads"};

    Profile dprep;
    dprep.name = "dprep";
    dprep.stands_for = "the first as_mount of datasets: OutputFileDatasetConfig, lists of files";
    dprep.dirty = Profile::Dirty::by_time;
    dprep.new_file_is_dirty = true;
    dprep.fetches_to_truncate = true;
    dprep.truncates_closed = Status::io;
    dprep.renames_onto_existing = Status::io;
    dprep.removes_full_folders = true;
    dprep.lists_to_look_up = true;
    dprep.changes_modes = true;
    dprep.locks = Status::not_implemented;
    dprep.symlinks = Status::read_only;
    dprep.links = Status::read_only;
    dprep.assumed = {"links fail as on a read-only file system", "no extended attributes"};

    Profile rslex;
    rslex.name = "rslex";
    rslex.stands_for = "the mount of v2 jobs";
    rslex.reads_blocks = true;
    rslex.block_size = 2U << 20U;
    rslex.read_ahead = 32;
    rslex.renames_onto_existing = Status::io;
    rslex.assumed = {"close uploads the whole object", "fsync uploads nothing",
                     "rename onto an existing file fails", "locks stay on this machine"};

    Profile ideal;
    ideal.name = "ideal";
    ideal.stands_for = "a local disk, written through";
    ideal.is_local_disk = true;
    ideal.attribute_seconds = 1;
    ideal.uploads_at_fsync = true;
    ideal.changes_modes = true;
    return std::array<Profile, 4>{blobfuse2, dprep, rslex, ideal};
  }();
  return all;
}

[[noreturn]] void refuse(const std::string& name, const std::string& value, const char* wanted) {
  throw base::Error(base::Code::bad_input, fmt::format("{}={} cannot be read", name, value))
      .hint(fmt::format("give it {}", wanted));
}

std::int64_t size_of(const std::string& name, const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  std::string unit(read.ptr, end);
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::int64_t scale = unit.empty() || unit == "B" ? 1
                             : unit == "KB"              ? 1 << 10
                             : unit == "MB"              ? 1 << 20
                             : unit == "GB"              ? 1 << 30
                                                         : 0;
  if (read.ec != std::errc() || scale == 0)
    refuse(name, text,
           name == "DATASET_MOUNT_CACHE_SIZE"
               ? "a size such as 512MB, or -40GB to leave so much free"
               : "a size such as 4MB: a number and B, KB, MB or GB, without a blank");
  return number * scale;
}

double number_of(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') refuse(name, text, "a number");
  return number;
}

bool truth_of(const std::string& name, std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  refuse(name, text, "true or false");
}

using Set = void (*)(Profile&, const std::string& name, const std::string& value);
struct Variable {
  std::string_view name;
  Set set;
};

constexpr auto positive = [](const std::string& name, const std::string& value) {
  const std::int64_t size = size_of(name, value);
  if (size < 0) refuse(name, value, "a size that is not negative");
  return static_cast<std::uint64_t>(size);
};

// Source: how-to-read-write-data-v2, the table of environment variables.
constexpr std::array<Variable, 10> variables_known{{
    {"DATASET_MOUNT_ATTRIBUTE_CACHE_TTL",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.attribute_seconds = number_of(n, v) / 1000;
     }},
    {"DATASET_RESERVED_FREE_DISK_SPACE",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.reserved_bytes = positive(n, v);
     }},
    {"DATASET_MOUNT_CACHE_SIZE",
     [](Profile& p, const std::string& n, const std::string& v) { p.cache_bytes = size_of(n, v); }},
    {"DATASET_MOUNT_FILE_CACHE_PRUNE_THRESHOLD",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.prune_threshold = number_of(n, v);
     }},
    {"DATASET_MOUNT_FILE_CACHE_PRUNE_TARGET",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.prune_target = number_of(n, v);
     }},
    {"DATASET_MOUNT_READ_BLOCK_SIZE",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.block_size = std::max<std::uint64_t>(4096, positive(n, v));
     }},
    {"DATASET_MOUNT_READ_BUFFER_BLOCK_COUNT",
     [](Profile& p, const std::string& n, const std::string& v) { p.read_ahead = positive(n, v); }},
    {"DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.reads_blocks = truth_of(n, v);
     }},
    {"DATASET_MOUNT_MEMORY_CACHE_SIZE",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.memory_cache = positive(n, v);
     }},
    {"DATASET_MOUNT_BLOCK_FILE_CACHE_ENABLED",
     [](Profile& p, const std::string& n, const std::string& v) {
       p.keeps_blocks_on_disk = truth_of(n, v);
     }},
}};

}  // namespace

const Profile* find_profile(std::string_view name) {
  const auto* const found = std::find_if(profiles().begin(), profiles().end(),
                                         [&](const Profile& p) { return p.name == name; });
  return found == profiles().end() ? nullptr : &*found;
}

std::vector<std::string_view> profile_names() {
  std::vector<std::string_view> names;
  for (const Profile& profile : profiles()) names.push_back(profile.name);
  return names;
}

Profile with_variables(Profile profile,
                       const std::vector<std::pair<std::string, std::string>>& variables) {
  for (const auto& [name, value] : variables)
    for (const Variable& known : variables_known)
      if (known.name == name) known.set(profile, name, value);
  return profile;
}

}  // namespace fuse
