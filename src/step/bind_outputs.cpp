#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "step/bind.hpp"

namespace step {
namespace {

using model::AccessMode;

fs::path without_slash(const fs::path& path) {
  std::string text = path.native();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

void lock_destination(const BoundOutput& output, const fs::path& destination, Bindings& bindings) {
  const fs::path locks = destination.parent_path() / ".locks";
  fs::create_directories(locks);
  auto lock = base::FileLock::try_take(locks / (destination.filename().native() + ".lock"));
  if (!lock)
    throw base::Error(base::Code::conflict, fmt::format("output '{}': another run is writing '{}'",
                                                        output.name, destination.native()))
        .hint("wait for it, or give the output another path");
  bindings.locks.push_back(std::move(*lock));
}

// A link to where the output lies: what the step writes is there at once.
std::string link_output(const BoundOutput& output, const fs::path& destination,
                        const Folder& folder) {
  const fs::path link = folder.data / output.name;
  if (model::is_file(output.type)) {
    fs::create_directories(destination.parent_path());
    fs::create_directory_symlink(destination.parent_path(), link);
    return (link / destination.filename()).native();
  }
  fs::create_directories(destination);
  fs::create_directory_symlink(destination, link);
  return link.native();
}

// A fresh local place, published after success.
std::string stage_output(const BoundOutput& output, const fs::path& destination,
                         const Folder& folder) {
  const fs::path place = folder.data / output.name;
  fs::create_directories(place);
  return model::is_file(output.type) ? (place / destination.filename()).native() : place.native();
}

// Puts the files of `from` beside those of `to`; a file of the same name is replaced by one rename.
void merge_folder(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const fs::path target = to / entry.path().filename();
    if (fs::is_directory(entry.symlink_status()) && fs::is_directory(target))
      merge_folder(entry.path(), target);
    else
      fs::rename(entry.path(), target);
  }
}

// One rename makes it visible. Where a folder is there already, its other files stay, as in a
// datastore.
void publish_upload(const fs::path& staged, const fs::path& destination) {
  fs::create_directories(destination.parent_path());
  const fs::path draft = destination.parent_path() / (".publishing-" + base::random_id(8));
  try {
    boost::system::error_code apart;
    fs::rename(staged, draft, apart);
    if (apart) base::copy_tree(staged, draft);
    if (fs::is_directory(destination)) {
      merge_folder(draft, destination);
      base::remove_tree(draft);
    } else {
      fs::rename(draft, destination);
    }
  } catch (const fs::filesystem_error& problem) {
    base::remove_tree(draft);
    throw base::os_error("write output to", destination.native(), problem.code().value());
  } catch (...) {
    base::remove_tree(draft);
    throw;
  }
}

}  // namespace

void bind_outputs(const Request& request, const Folder& folder, Bindings& bindings) {
  for (const auto& output : request.outputs) {
    if (output.mode == AccessMode::direct) {
      bindings.outputs[output.name] = output.uri;
      continue;
    }
    const fs::path destination = without_slash(output.destination);
    try {
      lock_destination(output, destination, bindings);
      bindings.outputs[output.name] = output.mode == AccessMode::upload
                                          ? stage_output(output, destination, folder)
                                          : link_output(output, destination, folder);
    } catch (const fs::filesystem_error& problem) {
      throw base::os_error(fmt::format("write output '{}' to", output.name), destination.native(),
                           problem.code().value());
    }
  }
}

Published publish(const Request& request, const Bindings& bindings, bool succeeded) {
  Published published;
  for (const auto& output : request.outputs) {
    const fs::path destination = without_slash(output.destination);
    boost::system::error_code ignored;
    if (output.mode == AccessMode::upload) {
      if (!succeeded) continue;
      const fs::path staged = bindings.outputs.at(output.name);
      if (fs::exists(staged, ignored)) publish_upload(staged, destination);
    }
    const bool there = fs::exists(destination, ignored);
    const auto size = base::measure_tree(destination);
    if (succeeded && output.mode != AccessMode::direct && size.files == 0)
      published.notices.push_back(fmt::format("output '{}' was not written", output.name));
    if (!there && output.mode != AccessMode::direct) continue;
    published.bytes_out += size.bytes;
    published.outputs.push_back({request.path, output.name, std::string(to_string(output.type)),
                                 std::string(to_string(output.mode)), output.uri,
                                 destination.native()});
  }
  return published;
}

}  // namespace step
