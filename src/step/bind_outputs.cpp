#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/names.hpp"
#include "step/bind.hpp"
#include "step/plain_upload.hpp"

namespace step {
namespace {

using model::AccessMode;

fs::path without_slash(const fs::path& path) {
  std::string text = path.native();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

// A PipelineData's place is the script's to make, as a file or as a folder.
// Source: "Troubleshooting machine learning pipelines", the first tip.
bool is_made_by_script(const BoundOutput& output) {
  return output.v1 && output.v1->kind == model::V1Port::Kind::pipeline_data;
}
// Whether the step is given a name in a folder, and not the folder itself.
bool is_named(const BoundOutput& output) {
  return model::is_file(output.type) || is_made_by_script(output);
}

base::Error conflict(const BoundOutput& output, const fs::path& destination,
                     const fs::path& lock_file) {
  std::string holder;
  try {
    holder = base::read_file(lock_file);
  } catch (const base::Error&) {  // given up at this moment
  }
  return base::Error(base::Code::conflict,
                     fmt::format("output '{}': {} is writing '{}'", output.name,
                                 holder.empty() ? "another run" : holder, destination.native()))
      .hint("wait until it has ended, or give the output another path");
}

// Cleaning up after a crash holds it for a moment; a step does so for long.
std::optional<base::FileLock> try_for_a_moment(const fs::path& file) {
  for (int tries = 0; tries < 20; ++tries) {
    if (auto lock = base::FileLock::try_take(file)) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return std::nullopt;
}

// The lock lies with amlocal's own records, never beside the user's data, and says who holds it.
void lock_destination(const Request& request, const BoundOutput& output,
                      const fs::path& destination, Bindings& bindings) {
  const std::string place = fs::weakly_canonical(destination).native();
  const auto [other, is_new] = bindings.writers.emplace(place, output.name);
  if (!is_new)
    throw base::Error(base::Code::conflict, fmt::format("outputs '{}' and '{}' both go to '{}'",
                                                        other->second, output.name, place))
        .hint("give one of them another path");
  fs::create_directories(request.locks);
  const fs::path file = request.locks / (base::hash_text(place) + ".lock");
  auto lock = try_for_a_moment(file);
  if (!lock) throw conflict(output, destination, file);
  lock->remove_at_end(file);
  base::write_all(base::open_file(file, O_WRONLY | O_TRUNC),
                  fmt::format("step '{}' of run {}", request.path, request.identity.run),
                  file.native());
  bindings.locks.push_back(std::move(*lock));
}

// The operating system's refusals, told as what they mean for this output.
template <class Act>
void while_writing(const BoundOutput& output, const fs::path& destination, Act act) {
  const std::string doing = fmt::format("write output '{}' to", output.name);
  try {
    act();
  } catch (const fs::filesystem_error& problem) {
    throw base::os_error(doing, destination.native(), problem.code().value());
  } catch (const base::Error& error) {
    if (error.code() == base::Code::permission)
      throw base::os_error(doing, destination.native(), EACCES);
    if (error.code() != base::Code::no_space) throw;
    throw base::os_error(doing, destination.native(), ENOSPC);
  }
}

// Looked at before the step runs for hours.
void refuse_unwritable(const BoundOutput& output, const fs::path& destination) {
  boost::system::error_code ignored;
  // What is put together beside its place needs the folder around it.
  fs::path place = output.mode == AccessMode::upload ? destination.parent_path() : destination;
  while (place.has_parent_path() && !fs::exists(place, ignored)) place = place.parent_path();
  if (::access(place.c_str(), W_OK) != 0) throw base::os_error("write to", place.native());
}

// A link to where the output lies: what the step writes is there at once.
std::string link_output(const BoundOutput& output, const fs::path& destination,
                        const Folder& folder) {
  const fs::path link = folder.data / output.name;
  if (is_named(output)) {
    fs::create_directories(destination.parent_path());
    fs::create_directory_symlink(destination.parent_path(), link);
    return (link / destination.filename()).native();
  }
  fs::create_directories(destination);
  fs::create_directory_symlink(destination, link);
  return link.native();
}

// A real mount of the place the output goes to.
std::string mount_output(const Request& request, const Folder& folder, const BoundOutput& output,
                         const fs::path& destination, Bindings& bindings) {
  const bool named = is_named(output);
  const fs::path point = folder.data / output.name;
  bindings.mounts.push_back(mount_order(request, folder, "outputs." + output.name, point,
                                        named ? destination.parent_path() : destination,
                                        output.v1));
  return named ? (point / destination.filename()).native() : point.native();
}

// A fresh local place, published after success.
std::string stage_output(const Request& request, const BoundOutput& output,
                         const fs::path& destination, const Folder& folder, Bindings& bindings) {
  const fs::path place = folder.data / output.name;
  fs::path made = place;
  if (request.mounting.access == Mounting::Access::mount) {
    bindings.mounts.push_back(transfer_order(request, folder, "outputs." + output.name,
                                             fuse::SessionOrder::Kind::upload, place, output.v1));
    made = bindings.mounts.back().local;
  } else {
    fs::create_directories(place);
  }
  const bool named = is_named(output);
  if (named) made /= destination.filename();
  bindings.places[output.name] = made;
  return (named ? place / destination.filename() : place).native();
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

bool is_there(const fs::path& path) {
  boost::system::error_code ignored;
  return fs::symlink_status(path, ignored).type() > fs::file_not_found;
}

// An output that is complete beside its destination, under a hidden name.
class Draft {
 public:
  Draft(const fs::path& made, fs::path destination) : destination_(std::move(destination)) {
    for (fs::path up = destination_.parent_path(); !is_there(up); up = up.parent_path())
      folders_.push_back(up);
    fs::create_directories(destination_.parent_path());
    path_ = destination_.parent_path() / (".publishing-" + base::random_id(8));
    try {
      boost::system::error_code apart;
      fs::rename(made, path_, apart);
      if (apart) base::copy_tree(made, path_);
    } catch (...) {
      remove();
      throw;
    }
  }
  Draft(Draft&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        destination_(std::move(other.destination_)),
        folders_(std::move(other.folders_)) {}
  Draft& operator=(Draft&&) = delete;
  ~Draft() { remove(); }

  // One rename makes it visible. Where a folder is there already, its other files stay, as in a
  // datastore.
  void show() {
    if (fs::is_directory(destination_) && fs::is_directory(path_))
      merge_folder(path_, destination_);
    else
      fs::rename(path_, destination_), path_.clear();
  }

 private:
  void remove() noexcept {
    if (path_.empty()) return;
    try {
      base::remove_tree(path_);
    } catch (const std::exception&) {
      // It is hidden and its name says what it was.
    }
    // What was made for it alone; what holds anything by now stays.
    for (const fs::path& folder : folders_) ::rmdir(folder.c_str());
  }
  fs::path path_;
  fs::path destination_;
  std::vector<fs::path> folders_;  // made for it, innermost first
};

// What the step made that is not yet where it belongs: an upload, or what it put in the place of
// the link that leads to its output.
std::optional<fs::path> to_publish(const BoundOutput& output, const fs::path& place, bool uploads) {
  if (output.mode == AccessMode::direct || !is_there(place)) return std::nullopt;
  if (output.mode == AccessMode::upload) return uploads ? std::optional(place) : std::nullopt;
  const bool named = is_named(output);
  const fs::path destination = without_slash(output.destination);
  boost::system::error_code ignored;
  const bool linked = fs::equivalent(named ? place.parent_path() : place,
                                     named ? destination.parent_path() : destination, ignored);
  return linked ? std::nullopt : std::optional(place);
}

void refuse_wrong_kind(const BoundOutput& output, const fs::path& made) {
  const bool folder = fs::is_directory(made);
  if (folder != model::is_file(output.type) || is_made_by_script(output)) return;
  throw base::Error(base::Code::bad_input,
                    fmt::format("output '{}' has type {}, but the step left a {} in its place",
                                output.name, to_string(output.type), folder ? "folder" : "file"))
      .hint(folder ? "write a file at the given path, or make the output a uri_folder"
                   : "write into the given folder, or make the output a uri_file");
}

// The files below `folder`, as paths relative to it.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry)
    if (!fs::is_directory(entry->symlink_status()))
      files.push_back(entry->path().lexically_relative(folder));
  return files;
}

// as_upload(source_globs=…): only files that one of them matches are uploaded.
void keep_globbed(const fs::path& made, const std::vector<std::string>& globs) {
  if (globs.empty() || !fs::is_directory(made)) return;
  for (const auto& file : files_below(made)) {
    const bool wanted = std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
      const int within_folder = glob.find("**") == std::string::npos ? FNM_PATHNAME : 0;
      return ::fnmatch(glob.c_str(), file.c_str(), within_folder) == 0;
    });
    if (!wanted) fs::remove(made / file);
  }
}

// as_upload() without overwrite=True.
void refuse_overwriting(const BoundOutput& output, const fs::path& made,
                        const fs::path& destination) {
  const auto refuse = [&](const fs::path& file) {
    if (!is_there(file)) return;
    throw base::Error(base::Code::exists,
                      fmt::format("output '{}': '{}' is there already", output.name, file.native()))
        .hint(
            "as_upload(overwrite=True) replaces it; {run-id} in the destination keeps runs apart");
  };
  if (!fs::is_directory(made)) return refuse(destination);
  for (const auto& file : files_below(made)) refuse(destination / file);
}

std::string title_of(const BoundOutput& output) {
  return fmt::format("output '{}'", output.name);
}

Views views_of(const Bindings& bindings) {
  Views views{bindings.views, bindings.root, bindings.seen_root};
  for (const auto& order : bindings.mounts)
    if (order.kind == fuse::SessionOrder::Kind::mount)
      views.inputs.emplace_back(order.root, order.point);
  return views;
}

// What was written straight to its place must not lead into folders that go with the step.
void settle_written(const Request& request, const BoundOutput& output, const Bindings& bindings,
                    std::vector<std::string>& notices) {
  const fs::path destination = without_slash(output.destination);
  if (!is_there(destination)) return;
  while_writing(output, destination, [&] {
    // The place of a folder may be a link of the user's own: it was there before.
    for (auto& text : settle_links(is_named(output) && !fs::is_directory(destination)
                                       ? destination
                                       : fs::weakly_canonical(destination),
                                   request.folder, views_of(bindings), title_of(output)))
      notices.push_back(std::move(text));
  });
}

// First everything is complete beside its destination, then it is shown: a disk that fills up in
// between leaves nothing half-published.
void publish_together(const Request& request, const Bindings& bindings, bool uploads,
                      std::vector<std::string>& notices) {
  std::vector<Draft> drafts;
  for (const auto& output : request.outputs) {
    const fs::path destination = without_slash(output.destination);
    if (is_mounted(bindings, output)) continue;  // it is there already
    const auto made = to_publish(output, bindings.places.at(output.name), uploads);
    if (!made) continue;
    while_writing(output, destination, [&] {
      for (auto& text : make_plain(*made, views_of(bindings), title_of(output)))
        notices.push_back(std::move(text));
      refuse_wrong_kind(output, *made);
      if (output.v1 && output.mode == AccessMode::upload) {
        keep_globbed(*made, output.v1->source_globs);
        if (!output.v1->overwrite) refuse_overwriting(output, *made, destination);
      }
      drafts.emplace_back(*made, destination);
    });
  }
  for (auto& draft : drafts) draft.show();
}

}  // namespace

void bind_outputs(const Request& request, const Folder& folder, Bindings& bindings) {
  for (const auto& output : request.outputs) {
    if (output.mode == AccessMode::direct) {
      bindings.outputs[output.name] = output.uri;
      bindings.places[output.name] = "";
      continue;
    }
    const fs::path destination = without_slash(output.destination);
    while_writing(output, destination, [&] {
      refuse_unwritable(output, destination);
      lock_destination(request, output, destination, bindings);
      const fs::path place = output.mode == AccessMode::upload
                                 ? stage_output(request, output, destination, folder, bindings)
                             : request.mounting.access == Mounting::Access::mount
                                 ? mount_output(request, folder, output, destination, bindings)
                                 : link_output(output, destination, folder);
      bindings.places.emplace(output.name, place);
      bindings.outputs[output.name] =
          seen_on_compute(folder, title_of(output), place, output.v1, bindings).native();
    });
  }
}

Published publish(const Request& request, const Bindings& bindings, Publishing how) {
  Published published;
  publish_together(request, bindings, how.uploads, published.notices);
  for (const auto& output : request.outputs) {
    const fs::path destination = without_slash(output.destination);
    boost::system::error_code ignored;
    if (output.mode == AccessMode::upload && !how.uploads) {
      const fs::path& place = bindings.places.at(output.name);
      if (is_there(place))
        published.ends.push_back({output.name, false, base::measure_tree(place).files});
      continue;
    }
    if (output.mode != AccessMode::direct && output.mode != AccessMode::upload &&
        !is_mounted(bindings, output))
      settle_written(request, output, bindings, published.notices);
    const bool there = fs::exists(destination, ignored);
    const auto size = base::measure_tree(destination);
    if (how.succeeded && output.mode != AccessMode::direct && size.files == 0)
      published.notices.push_back(fmt::format("output '{}' was not written", output.name));
    if (!there && output.mode != AccessMode::direct) continue;
    published.ends.push_back({output.name, true, size.files});
    published.bytes_out += size.bytes;
    published.outputs.push_back({request.path, output.name, std::string(to_string(output.type)),
                                 std::string(to_string(output.mode)), output.uri,
                                 destination.native()});
  }
  return published;
}

}  // namespace step
