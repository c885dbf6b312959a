#include "fuse/view/recorded.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <type_traits>
#include <unordered_map>

namespace fuse {
namespace {

using meter::Op;

meter::Result result_of(Status status) {
  switch (status) {
    case Status::ok:
      return meter::Result::ok;
    case Status::absent:
      return meter::Result::absent;
    case Status::io:
    case Status::no_space:
    case Status::disconnected:
      return meter::Result::failed;
    default:
      return meter::Result::refused;
  }
}

class Recorded final : public FileSystem {
 public:
  Recorded(std::unique_ptr<FileSystem> inner, meter::Ledger& ledger, std::uint16_t session,
           std::optional<Struck> struck)
      : inner_(std::move(inner)), ledger_(ledger), session_(session), struck_(std::move(struck)) {}

  Reply<Found> lookup(const Caller& caller, NodeId folder, const std::string& name) override {
    return note(Op::lookup, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry& entry) {
                  auto found = inner_->lookup(caller, folder, name);
                  if (found) entry.name = name_of(found.value.node);
                  return sized(entry, std::move(found));
                });
  }
  void forget(NodeId node, std::uint64_t lookups) override { inner_->forget(node, lookups); }
  Reply<Found> attributes(const Caller& caller, NodeId node, std::uint64_t handle) override {
    return note(Op::getattr, caller, node, handle, [&](meter::Entry& entry) {
      return sized(entry, inner_->attributes(caller, node, handle));
    });
  }
  Reply<Found> set_attributes(const Caller& caller, NodeId node, std::uint64_t handle,
                              const Changes& changes) override {
    return note(Op::setattr, caller, node, handle, [&](meter::Entry& entry) {
      // A new size is what matters to a store.
      entry.truncating = changes.size.has_value();
      entry.for_writing = changes.modified.has_value();
      if (changes.size) entry.offset = static_cast<std::uint64_t>(*changes.size);
      return inner_->set_attributes(caller, node, handle, changes);
    });
  }

  Reply<Found> make_folder(const Caller& caller, NodeId folder, const std::string& name,
                           mode_t mode) override {
    return note(Op::mkdir, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry& entry) {
                  return named(entry, inner_->make_folder(caller, folder, name, mode));
                });
  }
  Reply<Found> make_node(const Caller& caller, NodeId folder, const std::string& name, mode_t mode,
                         dev_t device) override {
    return note(Op::mknod, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry& entry) {
                  return named(entry, inner_->make_node(caller, folder, name, mode, device));
                });
  }
  Reply<Found> make_symlink(const Caller& caller, NodeId folder, const std::string& name,
                            const std::string& target) override {
    return note(Op::symlink, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry& entry) {
                  return named(entry, inner_->make_symlink(caller, folder, name, target));
                });
  }
  Reply<Found> make_link(const Caller& caller, NodeId node, NodeId folder,
                         const std::string& name) override {
    return note(Op::link, caller, node, 0,
                [&](meter::Entry&) { return inner_->make_link(caller, node, folder, name); });
  }
  Reply<std::string> read_symlink(const Caller& caller, NodeId node) override {
    return note(Op::readlink, caller, node, 0,
                [&](meter::Entry&) { return inner_->read_symlink(caller, node); });
  }
  Status remove(const Caller& caller, NodeId folder, const std::string& name) override {
    return note(Op::unlink, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry&) { return inner_->remove(caller, folder, name); });
  }
  Status remove_folder(const Caller& caller, NodeId folder, const std::string& name) override {
    return note(Op::rmdir, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry&) { return inner_->remove_folder(caller, folder, name); });
  }
  // `name` is the new one, `handle` the number of the old one's name: it has no handle.
  Status rename(const Caller& caller, NodeId folder, const std::string& name, NodeId new_folder,
                const std::string& new_name, unsigned flags) override {
    return note(
        Op::rename, caller, folder, 0, {.child = name, .bytes = 0}, [&](meter::Entry& entry) {
          entry.handle = child_name(folder, name);
          entry.name = child_name(new_folder, new_name);
          const Status status = inner_->rename(caller, folder, name, new_folder, new_name, flags);
          // Every name below a renamed folder is another now.
          if (status == Status::ok) forget_names();
          return status;
        });
  }

  Reply<Opened> open(const Caller& caller, NodeId node, int flags) override {
    return note(Op::open, caller, node, 0, [&](meter::Entry& entry) {
      describe(entry, flags);
      auto opened = inner_->open(caller, node, flags);
      if (!opened) return opened;
      entry.handle = opened.value.handle;
      // A what-if must know what another profile would fetch. Of an open file it is known here.
      sized(entry, inner_->attributes(caller, node, entry.handle));
      return opened;
    });
  }
  Reply<std::pair<Found, Opened>> create(const Caller& caller, NodeId folder,
                                         const std::string& name, mode_t mode, int flags) override {
    return note(Op::create, caller, folder, 0, {.child = name, .bytes = 0},
                [&](meter::Entry& entry) {
                  describe(entry, flags);
                  auto created = inner_->create(caller, folder, name, mode, flags);
                  if (created) {
                    entry.handle = created.value.second.handle;
                    entry.name = name_of(created.value.first.node);
                  }
                  return created;
                });
  }
  Reply<Bytes> read(const Caller& caller, NodeId node, std::uint64_t handle, off_t offset,
                    std::size_t size) override {
    return note(Op::read, caller, node, handle, {.child = {}, .bytes = size},
                [&](meter::Entry& entry) {
                  entry.offset = static_cast<std::uint64_t>(offset);
                  auto bytes = inner_->read(caller, node, handle, offset, size);
                  if (const auto* memory = std::get_if<std::vector<char>>(&bytes.value))
                    entry.bytes = memory->size();
                  else
                    entry.bytes = std::get<FilePiece>(bytes.value).size;
                  return bytes;
                });
  }
  Reply<std::size_t> write(const Caller& caller, NodeId node, std::uint64_t handle, off_t offset,
                           std::span<const char> bytes) override {
    return note(Op::write, caller, node, handle, {.child = {}, .bytes = bytes.size()},
                [&](meter::Entry& entry) {
                  entry.offset = static_cast<std::uint64_t>(offset);
                  auto written = inner_->write(caller, node, handle, offset, bytes);
                  entry.bytes = written.value;
                  return written;
                });
  }
  Status flush(const Caller& caller, NodeId node, std::uint64_t handle) override {
    return note(Op::flush, caller, node, handle,
                [&](meter::Entry&) { return inner_->flush(caller, node, handle); });
  }
  Status sync(const Caller& caller, NodeId node, std::uint64_t handle) override {
    return note(Op::fsync, caller, node, handle,
                [&](meter::Entry&) { return inner_->sync(caller, node, handle); });
  }
  void release(const Caller& caller, NodeId node, std::uint64_t handle) override {
    note(Op::release, caller, node, handle, [&](meter::Entry&) {
      inner_->release(caller, node, handle);
      return Status::ok;
    });
  }
  Status allocate(const Caller& caller, NodeId node, std::uint64_t handle, int mode, off_t offset,
                  off_t size) override {
    return note(Op::allocate, caller, node, handle, [&](meter::Entry&) {
      return inner_->allocate(caller, node, handle, mode, offset, size);
    });
  }
  Reply<off_t> seek(const Caller& caller, NodeId node, std::uint64_t handle, off_t offset,
                    int whence) override {
    return note(Op::seek, caller, node, handle,
                [&](meter::Entry&) { return inner_->seek(caller, node, handle, offset, whence); });
  }

  Reply<std::uint64_t> open_folder(const Caller& caller, NodeId node) override {
    return note(Op::opendir, caller, node, 0, [&](meter::Entry& entry) {
      auto opened = inner_->open_folder(caller, node);
      entry.handle = opened.value;
      return opened;
    });
  }
  Status read_folder(const Caller& caller, NodeId node, std::uint64_t handle, off_t offset,
                     bool plus, const std::function<bool(const FolderEntry&)>& take) override {
    return note(Op::readdir, caller, node, handle, [&](meter::Entry& entry) {
      return inner_->read_folder(caller, node, handle, offset, plus, [&](const FolderEntry& one) {
        const bool taken = take(one);
        if (taken) ++entry.bytes;
        return taken;
      });
    });
  }
  void release_folder(const Caller& caller, NodeId node, std::uint64_t handle) override {
    note(Op::releasedir, caller, node, handle, [&](meter::Entry&) {
      inner_->release_folder(caller, node, handle);
      return Status::ok;
    });
  }

  Reply<struct statvfs> space(const Caller& caller) override {
    return note(Op::statfs, caller, root_node, 0,
                [&](meter::Entry&) { return inner_->space(caller); });
  }
  Status set_attribute(const Caller& caller, NodeId node, const std::string& name,
                       std::span<const char> value, int flags) override {
    return note(Op::xattr, caller, node, 0, [&](meter::Entry&) {
      return inner_->set_attribute(caller, node, name, value, flags);
    });
  }
  Reply<std::string> get_attribute(const Caller& caller, NodeId node,
                                   const std::string& name) override {
    return note(Op::xattr, caller, node, 0,
                [&](meter::Entry&) { return inner_->get_attribute(caller, node, name); });
  }
  Reply<std::string> list_attributes(const Caller& caller, NodeId node) override {
    return note(Op::xattr, caller, node, 0,
                [&](meter::Entry&) { return inner_->list_attributes(caller, node); });
  }
  Status remove_attribute(const Caller& caller, NodeId node, const std::string& name) override {
    return note(Op::xattr, caller, node, 0,
                [&](meter::Entry&) { return inner_->remove_attribute(caller, node, name); });
  }
  // A close is worth a line, whatever it does.
  Traits traits() const override {
    Traits traits = inner_->traits();
    traits.hears_closes = true;
    return traits;
  }
  Status lock(const Caller& caller, NodeId node) override {
    return note(Op::lock, caller, node, 0,
                [&](meter::Entry&) { return inner_->lock(caller, node); });
  }
  std::string path_of(NodeId node) override { return inner_->path_of(node); }
  std::vector<Unsent> send_all() override {
    // At the unmount: no operation's doing, but this binding's.
    meter::current() = {};
    meter::current().session = session_;
    auto unsent = inner_->send_all();
    meter::current() = {};
    return unsent;
  }
  std::vector<Unsent> unsent() override { return inner_->unsent(); }

 private:
  static Status status_of(Status status) { return status; }
  template <class T>
  static Status status_of(const Reply<T>& reply) {
    return reply.status;
  }

  static void describe(meter::Entry& entry, int flags) {
    entry.for_writing = (flags & O_ACCMODE) != O_RDONLY;
    entry.truncating = (flags & O_TRUNC) != 0;
    entry.offset = ((flags & O_ACCMODE) == O_RDWR ? 1 : 0) + ((flags & O_EXCL) != 0 ? 2 : 0);
  }

  static Reply<Found> sized(meter::Entry& entry, Reply<Found> found) {
    if (found) entry.bytes = static_cast<std::uint64_t>(found.value.attributes.st_size);
    return found;
  }

  Reply<Found> named(meter::Entry& entry, Reply<Found> found) {
    if (found) entry.name = name_of(found.value.node);
    return found;
  }

  // What an operation is about, beyond its node.
  struct About {
    std::string_view child;   // the name in the folder `node` that it is really about
    std::uint64_t bytes = 0;  // asked for
  };

  // Carries out `act`, which may say more of the entry, and appends it; a fault strikes instead.
  template <class Act>
  std::invoke_result_t<Act, meter::Entry&> note(Op op, const Caller& caller, NodeId node,
                                                std::uint64_t handle, const About& about, Act act) {
    meter::Entry entry;
    entry.op = op;
    entry.number = ledger_.begin();
    entry.task = static_cast<std::uint32_t>(caller.task) & 0x3fffffffU;
    entry.handle = handle;
    entry.session = session_;
    entry.name = about.child.empty() ? name_of(node) : child_name(node, about.child);
    entry.begin_ns = ledger_.now();
    meter::current() = {entry.number, handle, entry.task, entry.name, session_};
    const Status struck = struck_ ? strike(op, node, about) : Status::ok;
    std::invoke_result_t<Act, meter::Entry&> outcome(struck);
    if (struck == Status::ok) outcome = act(entry);
    meter::current() = {};
    entry.end_ns = ledger_.now();
    entry.result = result_of(status_of(outcome));
    ledger_.append(entry);
    return outcome;
  }

  template <class Act>
  std::invoke_result_t<Act, meter::Entry&> note(Op op, const Caller& caller, NodeId node,
                                                std::uint64_t handle, Act act) {
    return note(op, caller, node, handle, About(), act);
  }

  // ok where nothing strikes, or only delays.
  Status strike(Op op, NodeId node, const About& about) {
    std::string path = inner_->path_of(node);
    if (!about.child.empty()) path = joined(path, about.child);
    const meter::Fault* fault =
        struck_->faults.hit({struck_->where, op, path, about.bytes, struck_->clock.now()});
    if (fault == nullptr) return Status::ok;
    if (!fault->only_delays())
      struck_->log(
          fmt::format("fault '{}' struck {} of '{}'", fault->text, meter::to_string(op), path));
    switch (fault->how) {
      case meter::Fault::How::errno_:
        return status_of_errno(fault->number);
      case meter::Fault::How::delay:
        struck_->clock.sleep_for(fault->delay);
        return Status::ok;
      case meter::Fault::How::disconnect:
        // As when the mount's process dies: "transport endpoint is not connected".
        ::kill(::getpid(), SIGKILL);
        return Status::disconnected;
      case meter::Fault::How::http:  // of stores only; the parser
      case meter::Fault::How::slow:  // refuses them at a mount
      case meter::Fault::How::throttle:
        return Status::ok;
    }
    return Status::ok;
  }

  std::uint32_t name_of(NodeId node) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = names_.find(node); known != names_.end()) return known->second;
    }
    const std::uint32_t number = ledger_.name(inner_->path_of(node));
    const std::lock_guard lock(mutex_);
    return names_.emplace(node, number).first->second;
  }

  static std::string joined(const std::string& above, std::string_view name) {
    return above.empty() ? std::string(name) : fmt::format("{}/{}", above, name);
  }

  std::uint32_t child_name(NodeId folder, std::string_view name) {
    constexpr std::size_t most_remembered = 4096;  // names that are asked for need not be there
    std::string path = joined(inner_->path_of(folder), name);
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = children_.find(path); known != children_.end()) return known->second;
    }
    const std::uint32_t number = ledger_.name(path);
    const std::lock_guard lock(mutex_);
    if (children_.size() >= most_remembered) children_.clear();
    return children_.emplace(std::move(path), number).first->second;
  }

  void forget_names() {
    const std::lock_guard lock(mutex_);
    names_.clear();
  }

  std::unique_ptr<FileSystem> inner_;
  meter::Ledger& ledger_;
  std::uint16_t session_;
  std::mutex mutex_;
  std::unordered_map<NodeId, std::uint32_t> names_;
  std::unordered_map<std::string, std::uint32_t> children_;  // by path
  std::optional<Struck> struck_;
};

}  // namespace

std::unique_ptr<FileSystem> make_recorded(std::unique_ptr<FileSystem> inner, meter::Ledger& ledger,
                                          std::uint16_t session, std::optional<Struck> struck) {
  return std::make_unique<Recorded>(std::move(inner), ledger, session, std::move(struck));
}

}  // namespace fuse
