#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "step/bind.hpp"
#include "step/supervise.hpp"

namespace step {
namespace {

using model::AccessMode;

// A private copy that the step may change. Refused before it would fill the disk.
fs::path copy_input(const BoundInput& input, const fs::path& target, Bindings& bindings) {
  const auto size = base::measure_tree(input.source);
  const auto free = base::free_space(target.parent_path());
  if (size.bytes > free && !base::can_reflink(target.parent_path()))
    throw base::Error(base::Code::no_space,
                      fmt::format("input '{}' needs {} and {} are free in {}", input.name,
                                  base::bytes_text(size.bytes), base::bytes_text(free),
                                  target.parent_path().native()))
        .hint("free some space (`amlocal runs gc` removes old runs), or use mode ro_mount");
  base::copy_tree(input.source, target);
  bindings.bytes_in += size.bytes;
  return target;
}

// The mount point that a read-only view covers.
fs::path view_input(const BoundInput& input, const fs::path& target, Bindings& bindings) {
  boost::system::error_code ignored;
  if (fs::is_directory(input.source, ignored))
    fs::create_directories(target);
  else
    base::open_file(target, O_WRONLY | O_CREAT);
  bindings.views.emplace_back(fs::canonical(input.source), target);
  return target;
}

void refuse_unreadable(const BoundInput& input) {
  boost::system::error_code ignored;
  if (!fs::exists(input.source, ignored))
    throw base::Error(base::Code::not_found, fmt::format("input '{}': there is nothing at '{}'",
                                                         input.name, input.source.native()))
        .hint("see whether the step before wrote this output, or whether the path is right");
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
    // A file keeps its name below the input's own folder, as scripts look at suffixes.
    fs::path target = folder.data / ("INPUT_" + input.name);
    boost::system::error_code ignored;
    if (!fs::is_directory(input.source, ignored)) {
      fs::create_directories(target);
      target /= input.source.filename();
    }
    const bool mounted = input.mode == AccessMode::ro_mount || input.mode == AccessMode::eval_mount;
    if (mounted && can_make_views()) {
      bindings.inputs[input.name] = view_input(input, target, bindings).native();
    } else {
      if (mounted)
        bindings.notices.push_back(fmt::format(
            "input '{}' is a copy: this machine allows no read-only views", input.name));
      bindings.inputs[input.name] = copy_input(input, target, bindings).native();
    }
  }
}

}  // namespace step
