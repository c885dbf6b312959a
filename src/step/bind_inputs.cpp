#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/private_copy.hpp"
#include "step/bind.hpp"
#include "step/supervise.hpp"

namespace step {
namespace {

using model::AccessMode;

bool shares_blocks(const fs::path& source, const fs::path& folder) {
  struct stat one {};
  struct stat other {};
  return ::stat(source.c_str(), &one) == 0 && ::stat(folder.c_str(), &other) == 0 &&
         one.st_dev == other.st_dev && base::can_reflink(folder);
}

// Some room stays free, so that the step and amlocal's own records can still write.
void refuse_without_room(const BoundInput& input, std::uint64_t size, const fs::path& folder) {
  struct statvfs status {};
  base::sys("look at", folder.native(), [&] { return ::statvfs(folder.c_str(), &status); });
  const std::uint64_t total = static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize;
  const std::uint64_t free = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  const std::uint64_t kept = std::min<std::uint64_t>(total / 20, 1'000'000'000);
  if (size + kept <= free || shares_blocks(input.source, folder)) return;
  throw base::Error(base::Code::no_space,
                    fmt::format("input '{}' needs {} for its copy; {} are free in '{}', of which "
                                "{} must stay free",
                                input.name, base::bytes_text(size), base::bytes_text(free),
                                folder.native(), base::bytes_text(kept)))
      .hint(fmt::format("free some space (`amlocal runs gc` removes old runs), or give input '{}' "
                        "mode ro_mount, which copies nothing",
                        input.name));
}

// A private copy that the step may change.
fs::path copy_input(const BoundInput& input, const fs::path& target, Bindings& bindings) {
  const auto size = base::measure_tree(fs::canonical(input.source));
  refuse_without_room(input, size.bytes, target.parent_path());
  base::while_doing([&] { return fmt::format("copying input '{}'", input.name); },
                    [&] { base::private_copy(input.source, target); });
  bindings.bytes_in += size.bytes;
  return target;
}

// A view keeps the step from changing what lies in it, not what its links lead to.
void tell_links_out(const BoundInput& input, const fs::path& source, Bindings& bindings) {
  constexpr std::size_t looked_at = 10'000;  // a look at more would cost what a view saves
  boost::system::error_code failed;
  std::size_t seen = 0;
  for (fs::recursive_directory_iterator entry(source, failed), end;
       !failed && entry != end && seen < looked_at; entry.increment(failed), ++seen) {
    if (!fs::is_symlink(entry->symlink_status())) continue;
    const fs::path target = fs::weakly_canonical(entry->path(), failed);
    const fs::path inside = target.lexically_relative(source);
    if (failed || (!inside.empty() && *inside.begin() != "..")) continue;
    bindings.notices.push_back(fmt::format(
        "input '{}': its link '{}' leads to '{}', which a read-only view does not protect; mode "
        "download copies it",
        input.name, entry->path().lexically_relative(source).native(), target.native()));
    return;
  }
}

// The mount point that a read-only view covers.
fs::path view_input(const BoundInput& input, const fs::path& target, Bindings& bindings) {
  boost::system::error_code ignored;
  if (fs::is_directory(input.source, ignored))
    fs::create_directories(target);
  else
    base::open_file(target, O_WRONLY | O_CREAT);
  bindings.views.emplace_back(fs::canonical(input.source), target);
  if (fs::is_directory(target, ignored))
    tell_links_out(input, bindings.views.back().first, bindings);
  return target;
}

// A real mount of the folder, or of the one file in its folder; of all of that folder where it can
// be written, as a script may put files beside it.
fs::path mount_input(const Request& request, const Folder& folder, const BoundInput& input,
                     Bindings& bindings) {
  const fs::path source = fs::canonical(input.source);
  const bool is_folder = fs::is_directory(source);
  const fs::path point = folder.data / ("INPUT_" + input.name);
  auto order = mount_order(request, folder, "inputs." + input.name, point,
                           is_folder ? source : source.parent_path(), input.v1);
  // What was fetched from a web address is amlocal's own copy, for all runs.
  order.read_only =
      order.profile != "blobfuse2" || !is_container(input.v1) || input.uri.starts_with("http");
  if (!is_folder && order.read_only) order.only = source.filename().native();
  bindings.mounts.push_back(std::move(order));
  return is_folder ? point : point / source.filename();
}

// A private copy, and the order for the requests that a download of it is.
fs::path download_input(const Request& request, const Folder& folder, const BoundInput& input,
                        Bindings& bindings) {
  const fs::path source = fs::canonical(input.source);
  const bool is_folder = fs::is_directory(source);
  const fs::path point = folder.data / ("INPUT_" + input.name);
  auto order = transfer_order(request, folder, "inputs." + input.name,
                              fuse::SessionOrder::Kind::download, point, input.v1);
  order.root = is_folder ? source : source.parent_path();
  if (!is_folder) order.only = source.filename().native();
  if (is_folder) fs::remove(order.local);  // the copy becomes it
  copy_input(input, is_folder ? order.local : order.local / order.only, bindings);
  const fs::path seen = is_folder ? point : point / order.only;
  bindings.mounts.push_back(std::move(order));
  return seen;
}

void refuse_unreadable(const BoundInput& input) {
  boost::system::error_code ignored;
  if (!fs::exists(input.source, ignored))
    throw base::Error(
        base::Code::not_found,
        input.origin.empty()
            ? fmt::format("input '{}': there is nothing at '{}'", input.name, input.source.native())
            : fmt::format("input '{}': there is nothing at '{}'; {} was not written", input.name,
                          input.source.native(), input.origin))
        .hint(input.origin.empty()
                  ? "see whether the path is right"
                  : "see what the command of that step does with the output's path");
  if (::access(input.source.c_str(), R_OK) != 0)
    throw base::os_error(fmt::format("read input '{}' at", input.name), input.source.native());
}

}  // namespace

void bind_inputs(const Request& request, const Folder& folder, Bindings& bindings) {
  for (const auto& input : request.inputs) {
    if (!model::is_data(input.type)) {
      bindings.inputs[input.name] = input.literal;
      continue;
    }
    if (input.mode == AccessMode::direct) {
      bindings.inputs[input.name] = input.uri;
      continue;
    }
    refuse_unreadable(input);
    const auto give = [&](const fs::path& place) {
      bindings.inputs[input.name] =
          seen_on_compute(folder, fmt::format("input '{}'", input.name), place, input.v1, bindings)
              .native();
    };
    const bool mounted = model::is_mount(input.mode);
    if (mounted && request.mounting.access == Mounting::Access::mount) {
      give(mount_input(request, folder, input, bindings));
      continue;
    }
    if (!mounted && request.mounting.access == Mounting::Access::mount) {
      give(download_input(request, folder, input, bindings));
      continue;
    }
    // A file keeps its name below the input's own folder, as scripts look at suffixes.
    fs::path target = folder.data / ("INPUT_" + input.name);
    boost::system::error_code ignored;
    if (!fs::is_directory(input.source, ignored)) {
      fs::create_directories(target);
      target /= input.source.filename();
    }
    if (mounted && can_make_views()) {
      give(view_input(input, target, bindings));
    } else {
      if (mounted)
        bindings.notices.push_back(fmt::format(
            "input '{}' is a copy: this machine allows no read-only views", input.name));
      give(copy_input(input, target, bindings));
    }
  }
}

}  // namespace step
