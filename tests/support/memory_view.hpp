// A view of a store in memory, driven as the kernel would.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fuse/view/object_view.hpp"
#include "store/memory_store.hpp"
#include "support/counting_store.hpp"
#include "support/scratch.hpp"

namespace support {

struct MemoryView {
  Scratch scratch;
  store::MemoryStore memory;
  CountingStore store{memory};
  std::vector<std::string> log;
  std::unique_ptr<fuse::FileSystem> view;
  fuse::Caller caller{1, ::getuid(), ::getgid(), 022};

  explicit MemoryView(std::string_view profile,
                      const std::function<void(fuse::Profile&)>& change = {},
                      fuse::ObjectViewOptions options = {}) {
    options.profile = *fuse::find_profile(profile);
    if (change) change(options.profile);
    options.cache = scratch.path("cache");
    options.unsent = scratch.path("unsent");
    options.log = [this](const std::string& text) { log.push_back(text); };
    view = fuse::make_object_view(store, std::move(options));
  }

  // An open file as a script has it.
  struct File {
    fuse::NodeId node = 0;
    std::uint64_t handle = 0;
  };
  fuse::Reply<File> open(const std::string& name, int flags) {
    const auto found = view->lookup(caller, fuse::root_node, name);
    if (found) {
      const auto opened = view->open(caller, found.value.node, flags);
      if (!opened) return opened.status;
      return File{found.value.node, opened.value.handle};
    }
    if ((flags & O_CREAT) == 0) return found.status;
    const auto created = view->create(caller, fuse::root_node, name, 0644, flags);
    if (!created) return created.status;
    return File{created.value.first.node, created.value.second.handle};
  }
  std::uint64_t size(const File& file) {
    return static_cast<std::uint64_t>(
        view->attributes(caller, file.node, file.handle).value.attributes.st_size);
  }
  fuse::Status write(const File& file, std::uint64_t offset, const std::string& bytes) {
    return view->write(caller, file.node, file.handle, static_cast<off_t>(offset), bytes).status;
  }
  std::string read(const File& file, off_t offset = 0, std::size_t size = 1 << 20) {
    const auto bytes = view->read(caller, file.node, file.handle, offset, size);
    REQUIRE(bytes);
    if (const auto* memory_bytes = std::get_if<std::vector<char>>(&bytes.value))
      return {memory_bytes->begin(), memory_bytes->end()};
    const auto& piece = std::get<fuse::FilePiece>(bytes.value);
    std::string text(piece.size, '\0');
    text.resize(static_cast<std::size_t>(
        ::pread(piece.descriptor, text.data(), text.size(), piece.offset)));
    return text;
  }
  fuse::Status close(const File& file) {
    const fuse::Status status = view->flush(caller, file.node, file.handle);
    view->release(caller, file.node, file.handle);
    return status;
  }
  void append(const std::string& name, const std::string& bytes) {
    const auto file = open(name, O_WRONLY | O_CREAT | O_APPEND);
    REQUIRE(file);
    REQUIRE(write(file.value, size(file.value), bytes) == fuse::Status::ok);
    REQUIRE(close(file.value) == fuse::Status::ok);
  }
};

}  // namespace support
