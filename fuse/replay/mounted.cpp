// Names and folders; files are in mounted_files.cpp.
#include "fuse/replay/mounted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fuse/view/fetch_policy.hpp"

namespace fuse {
namespace {

using meter::Op;
using meter::Result;

constexpr std::uint64_t page_size = 5000;  // entries; source: List Blobs

}  // namespace

Mounted::Mounted(const Profile& profile, Names& names, Charges* charges, double missing_seconds)
    : profile_(profile),
      missing_seconds_(missing_seconds),
      names_(names),
      charges_(profile.is_local_disk ? nullptr : charges) {
  node(0).known = true;
  node(0).checked = 0;
}

// Source: Linux, fuse_dentry_revalidate: LOOKUP_EXCL and LOOKUP_RENAME_TARGET.
void Mounted::foresee_misses(const meter::Entry& entry, PathId path) {
  if (missing_seconds_ == 0) return;
  if (entry.op == Op::lookup && entry.result == Result::absent) {
    last_missed_[entry.task] = {entry.number, path};
    return;
  }
  const bool makes = entry.op == Op::mkdir || entry.op == Op::rename || entry.op == Op::mknod ||
                     entry.op == Op::symlink || entry.op == Op::link ||
                     (entry.op == Op::create && (entry.offset & 2) != 0);
  const auto last = last_missed_.find(entry.task);
  if (makes && last != last_missed_.end() && last->second.second == path)
    before_making_.insert(last->second.first);
}

void Mounted::foresee(const meter::Entry& entry) {
  if (!meter::is_request(entry.op)) foresee_misses(entry, names_.of(entry.name));
  if (entry.result != Result::ok || meter::is_request(entry.op) || entry.op == Op::rename) return;
  const PathId path = names_.of(entry.name);
  Node& it = node(path);
  if (entry.op == Op::readdir) {
    // The first of a folder's listings, less what the step had changed by then.
    const auto there = static_cast<std::int64_t>(entry.bytes) - 2 - it.made;
    if (!std::exchange(it.told, true) && there > 0)
      it.unseen = std::max(it.unseen, static_cast<std::uint64_t>(there));
    return;
  }
  const bool makes = entry.op == Op::create || entry.op == Op::mkdir;
  Node& folder = node(names_.folder(path));
  if (!it.met && !makes && path != 0) {
    it.foreseen = true;
    ++folder.foreseen_children;
    folder.unseen = std::max(folder.unseen, folder.foreseen_children);
  }
  if (path != 0 && entry.op != Op::opendir) it.met = true;
  if (makes) ++folder.made;
  if (entry.op == Op::unlink || entry.op == Op::rmdir) --folder.made;
}

void Mounted::take(const meter::Entry& entry) {
  now_ = static_cast<double>(entry.begin_ns) / 1e9;
  // As in meter::requests_of: a thread is one task, whichever bindings it goes through.
  task_ = entry.task != 0 ? entry.task : std::uint64_t{entry.session} << 32U;
  if (charges_) charges_->begin(task_);
  const PathId path = names_.of(entry.name);
  node(path);  // makes room for all names so far: no reference to a node may move from here on
  if (entry.op == Op::rename) return rename(entry);
  if (entry.result == Result::absent && entry.op == Op::lookup) return miss(entry, path);
  if (entry.result == Result::absent && (entry.op == Op::unlink || entry.op == Op::rmdir))
    return look_up(path, false);
  if (entry.result != Result::ok) return;
  switch (entry.op) {
    case Op::lookup:
      look_up(path, true);
      learn(path, entry.bytes);
      break;
    case Op::getattr:
      refresh(path, true);
      break;
    case Op::setattr:
      set_attributes(entry, path);
      break;
    case Op::mkdir:
      ask(Op::make_folder, path, 0);
      learn(path, 0);
      node(path).checked = node(path).listed = now_;
      break;
    case Op::unlink:
      remove(path);
      break;
    case Op::rmdir:
      remove_folder(path);
      break;
    case Op::create:
      create(entry, path);
      break;
    case Op::open:
      open(entry, path);
      break;
    case Op::read:
      read(entry);
      break;
    case Op::write:
      write(entry);
      break;
    case Op::flush:
      flush(entry, Occasion::close);
      break;
    case Op::fsync:
      flush(entry, Occasion::fsync);
      break;
    case Op::release:
      release(entry, path);
      break;
    case Op::opendir:
      // A listing that is believed is not asked for again.
      listings_[entry.handle] = {0, 0, !is_fresh(profile_, node(path).listed, now_)};
      break;
    case Op::readdir:
      read_folder(entry, path);
      break;
    case Op::releasedir:
      listings_.erase(entry.handle);
      break;
    default:
      break;
  }
}

Mounted::Node& Mounted::node(PathId path) {
  if (path >= nodes_.size()) nodes_.resize(std::max<std::size_t>(names_.count(), path + 1));
  return nodes_[path];
}

void Mounted::ask(Op op, PathId path, std::uint64_t amount) {
  if (charges_) charges_->ask(op, names_.text(path), amount, task_);
}

// ---- names

// By itself, or from its folder's listing.
bool Mounted::is_known(PathId path) {
  return node(path).known;
}

double Mounted::checked(PathId path) {
  const Node& it = node(path);
  const bool open = it.file != none && files_[it.file].handles > 0;
  return open ? it.checked : std::max(it.checked, node(names_.folder(path)).listed);
}

void Mounted::learn(PathId path, std::uint64_t size) {
  Node& it = node(path);
  if (it.file == none) it.size = size;
  it.missed = -1;
  if (it.known) return;
  it.known = true;
  it.since = now_;
  Node& folder = node(names_.folder(path));
  ++folder.children;
  if (std::exchange(it.foreseen, false) && folder.unseen > 0) --folder.unseen;
}

void Mounted::forget(PathId path) {
  Node& it = node(path);
  if (it.known) --node(names_.folder(path)).children;
  if (it.file != none && !files_[it.file].in_store) --node(names_.folder(path)).here_only;
  const std::uint64_t children = it.children, unseen = it.unseen;
  it = Node();
  it.children = children;
  it.unseen = unseen;
}

// The view is asked once in a while; it lets the kernel answer in between.
void Mounted::miss(const meter::Entry& entry, PathId path) {
  has_missed_ = true;
  const double missed = node(path).missed;
  if (missed >= 0 && now_ - missed < missing_seconds_ && !before_making_.contains(entry.number))
    return;
  look_up(path, false);
  node(path).missed = now_;
}

void Mounted::look_up(PathId path, bool is_there) {
  if (path == 0) return;
  const PathId folder = names_.folder(path);
  if (is_known(path)) return refresh(path, is_there);
  const double listed = node(folder).listed;
  if (is_there && listed >= 0) {
    learn(path, 0);
    node(path).checked = listed;
    return refresh(path, true);
  }
  if (is_fresh(profile_, listed, now_)) return;
  if (profile_.lists_to_look_up)
    list(folder);
  else
    ask(Op::head, path, 0);
  if (!is_there) return;
  learn(path, 0);
  node(path).checked = now_;
}

void Mounted::refresh(PathId path, bool is_there) {
  if (path == 0 || is_fresh(profile_, checked(path), now_)) return;
  Node& it = node(path);
  if (it.file != none && (files_[it.file].handles > 0 || !files_[it.file].in_store)) return;
  ask(Op::head, path, 0);
  if (!is_there) return forget(path);
  learn(path, it.size);
  node(path).checked = now_;
}

// Those that the step listed or came to use: the record knows no others.
std::uint64_t Mounted::entries_in_store(const Node& folder) {
  return folder.unseen + folder.children - std::min(folder.children, folder.here_only);
}

void Mounted::list(PathId folder) {
  ask(Op::list, folder, entries_in_store(node(folder)));
  node(folder).listed = now_;
}

void Mounted::read_folder(const meter::Entry& entry, PathId path) {
  Listing& listing = listings_[entry.handle];
  if (!listing.counts) return;
  // "." and ".." are nobody's objects, nor are files that were not sent yet.
  const bool first = listing.entries == 0;
  const std::uint64_t own = first ? 2 + node(path).here_only : 0;
  const std::uint64_t entries = entry.bytes - std::min(entry.bytes, own);
  if (first) {
    if (charges_) listing.request = charges_->count();
    ask(Op::list, path, 0);
    node(path).listed = now_;
  }
  for (std::uint64_t left = entries; left > 0;) {
    const std::uint64_t room = page_size - listing.entries % page_size;
    const std::uint64_t here = std::min(left, room);
    if (charges_) charges_->lengthen(listing.request, here);
    listing.entries += here;
    left -= here;
    if (left == 0 || here < room) continue;
    if (charges_) listing.request = charges_->count();
    ask(Op::list, path, 0);
  }
  listing.entries = std::max<std::uint64_t>(listing.entries, 1);
}

void Mounted::remove(PathId path) {
  look_up(path, true);
  const std::uint32_t file = node(path).file;
  if (file == none || files_[file].in_store) ask(Op::remove, path, 0);
  const bool here_only = file != none && !files_[file].in_store;
  if (file != none) {
    files_[file].removed = true;
    files_[file].in_store = false;
  }
  if (here_only) --node(names_.folder(path)).here_only;
  node(path).file = none;
  forget(path);
}

void Mounted::remove_folder(PathId path) {
  look_up(path, true);
  if (profile_.removes_full_folders) remove_below(path);
  ask(Op::remove_folder, path, 0);
  forget(path);
}

void Mounted::remove_below(PathId folder) {
  ask(Op::list, folder, entries_in_store(node(folder)));
  for (PathId path = 1, count = static_cast<PathId>(nodes_.size()); path < count; ++path) {
    const Node& it = nodes_[path];
    if (!it.known || names_.folder(path) != folder) continue;
    const std::uint32_t file = it.file;
    if (it.listed >= 0 || it.children > 0) {
      remove_below(path);
      ask(Op::remove_folder, path, 0);
    } else if (file == none || files_[file].in_store) {
      ask(Op::remove, path, 0);
    }
    forget(path);
    if (file == none) continue;
    files_[file].removed = true;
    files_[file].in_store = false;
  }
}

void Mounted::rename(const meter::Entry& entry) {
  const auto from = names_.of(static_cast<std::uint32_t>(entry.handle));
  const auto to = names_.of(entry.name);
  node(std::max(from, to));
  const bool done = entry.result == Result::ok;
  if (entry.result == Result::absent) return;
  const bool onto = is_known(to);
  look_up(to, onto);
  const bool refuses = onto && profile_.renames_onto_existing != Status::ok;
  if (!done && (refuses || !onto)) return;
  if (!done)
    doubts_.push_back(fmt::format(
        "renaming to '{}' failed when it was recorded and would not fail here", names_.text(to)));
  if (done && refuses)
    doubts_.push_back(fmt::format("renaming to '{}', which is there already, fails under {}",
                                  names_.text(to), profile_.name));
  look_up(from, true);
  const std::uint32_t file = node(from).file;
  const bool in_store = file == none || files_[file].in_store;
  const bool replaced_in_store = onto && (node(to).file == none || files_[node(to).file].in_store);
  if (!refuses && in_store)
    ask(Op::move, from, 1);
  else if (!refuses && replaced_in_store)
    ask(Op::remove, to, 0);
  if (node(to).file != none) files_[node(to).file].removed = true;
  forget(to);
  const Node moved = node(from);
  forget(from);
  learn(to, moved.size);
  node(to).checked = moved.checked;
  node(to).listed = moved.listed;
  node(to).file = moved.file;
  if (file != none) {
    files_[file].path = to;
    if (!in_store) ++node(names_.folder(to)).here_only;
  }
  // What lies in a renamed folder lies under new names too.
  const std::string below = std::string(names_.text(from)) + "/";
  for (PathId path = 1, count = static_cast<PathId>(nodes_.size()); path < count; ++path) {
    if (!nodes_[path].known || !names_.text(path).starts_with(below)) continue;
    const std::string name =
        fmt::format("{}/{}", names_.text(to), names_.text(path).substr(below.size()));
    const PathId renamed = names_.id(name);
    const Node old = nodes_[path];
    nodes_[path] = Node();
    node(renamed) = old;
    if (old.file != none) files_[old.file].path = renamed;
  }
}

std::vector<double> Mounted::known_since() const {
  std::vector<double> since;
  for (const Node& it : nodes_)
    if (it.since >= 0) since.push_back(it.since);
  return since;
}

}  // namespace fuse
